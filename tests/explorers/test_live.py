"""The detector in the page: its numbers are PyTorch's, and it looks at the reader's own pictures."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
import torch
from browsing import Browser, Page, expect
from explorers_page import assert_sound, compute, explorers_page, functions_page, opened
from tiny import Rectangles, small_dsod
from torch import nn
from torchvision.utils import save_image

from dsod_lite import DSOD
from dsod_lite.datasets.images import read_image
from dsod_lite.explorers import LiveExplorer
from dsod_lite.explorers.floats import from_text, to_text
from dsod_lite.explorers.graph import graph_of

ANSWER = """({ graph, weights, picture, size }) => {
  const data = floats(picture);
  const found = runNetwork(graph, floats(weights), { data, channels: 3, height: size, width: size });
  return found.map((values) => Array.from(values));
}"""


def learned(**fields: Any) -> DSOD:
    """A detector whose BatchNorms are not the identity, and which is sure of things."""
    model = small_dsod(**fields)
    with torch.no_grad():
        for norm in model.modules():
            if isinstance(norm, nn.BatchNorm2d):
                assert norm.running_mean is not None
                assert norm.running_var is not None
                norm.running_mean.normal_(0, 0.3)
                norm.running_var.uniform_(0.5, 2)
                norm.weight.uniform_(0.5, 2)
                norm.bias.normal_(0, 0.5)
    return model.eval()


@pytest.fixture(scope="module")
def functions(browser: Browser) -> Iterator[Page]:
    page = functions_page(browser, "floats", "network")
    yield page
    page.close()


@pytest.mark.parametrize(
    "fields",
    [{}, {"image_size": 72}, {"image_size": 192}, {"num_classes": 4}, {"prediction": "plain"}],
    ids=["as it is", "odd maps", "six maps", "an odd number of logits", "plain"],
)
def test_the_network_is_pytorchs(functions: Page, fields: dict[str, Any]) -> None:
    model = learned(**fields)
    size = model.config.image_size
    picture = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = [answer.flatten() for answer in model.network(picture)]
    graph, weights = graph_of(model.network)
    argument = {"graph": graph, "weights": to_text(weights), "picture": to_text(picture), "size": size}
    answers = [torch.tensor(values) for values in compute(functions, ANSWER, argument)]
    for ours, theirs in zip(answers, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_it_holds_every_parameter_once(functions: Page) -> None:
    model = learned()
    explorer = LiveExplorer.from_model(model, ("red", "blue"))
    weights = from_text(explorer.weights, 1)
    convolutions = sum(m.weight.numel() for m in model.network.modules() if isinstance(m, nn.Conv2d))
    assert convolutions <= len(weights) < 1.2 * convolutions
    assert json.loads(explorer.config)["image_size"] == 64
    plt.close(explorer.still())
    with pytest.raises(ValueError, match="classes: 1 names, but the model has 2"):
        LiveExplorer.from_model(model, ("red",))


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    model, (image, _) = learned(), Rectangles(1)[0]
    explorer = LiveExplorer.from_model(model, ("red", "blue"), image, threshold=0.05)
    (tmp_path / "page.html").write_text(explorers_page([explorer]), encoding="utf-8")
    with opened(browser, tmp_path / "page.html") as page:
        yield page


def live(page: Page) -> dict[str, str]:
    """What it says of the picture that it has looked at."""
    expect(page.locator(".explorer-facts")).to_contain_text("One picture")
    rows = page.locator(".explorer-facts > div").all()
    return {row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in rows}


def test_it_looks_at_a_picture_of_the_readers(page: Page, tmp_path: Path) -> None:
    live(page)
    assert_sound(page)
    image, _ = Rectangles(1, seed=5)[0]
    save_image(image, tmp_path / "mine.png")
    found = learned()([(image * 255).round() / 255])[0]
    shown = found["scores"] >= 0.05
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.png")
    expect(page.locator("p[role=status]")).to_have_text("mine.png")
    names = ("red", "blue")
    expected = sorted(
        f"{names[label - 1]} {score:.2f}"
        for label, score in zip(found["labels"][shown].tolist(), found["scores"][shown].tolist(), strict=True)
    )
    assert expected
    expect(page.locator(".live-boxes text")).to_have_count(len(expected))
    assert sorted(page.locator(".live-boxes text").all_text_contents()) == expected


def test_a_look_that_fails_is_said_and_the_next_is_tried(page: Page, tmp_path: Path) -> None:
    live(page)
    save_image(Rectangles(1, seed=5)[0][0], tmp_path / "mine.png")
    page.evaluate("""() => {
      const prototype = CanvasRenderingContext2D.prototype;
      const { getImageData } = prototype;
      window.mend = () => Object.assign(prototype, { getImageData });
      prototype.getImageData = () => { throw new Error("out of memory"); };
    }""")
    for said in ("This look failed: out of memory. The next picture is looked at again.", "mine.png"):
        page.locator("input[type=file]").set_input_files(tmp_path / "mine.png")
        expect(page.locator("p[role=status]")).to_have_text(said)
        page.evaluate("mend()")
    live(page)


def test_the_threshold_decides_what_is_shown(page: Page) -> None:
    live(page)
    before = page.locator(".live-boxes text").count()
    page.get_by_label("Score threshold").fill("0.95")
    expect(page.locator(".live-boxes text")).to_have_count(0)
    assert before > 0
    assert live(page)["Found"] == "nothing"
    assert live(page)["Surest"] != "–"


def test_what_is_no_picture_is_said(page: Page, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    page.locator("input[type=file]").set_input_files(tmp_path / "notes.txt")
    expect(page.locator("p[role=status]")).to_have_text("notes.txt is nothing that this browser shows.")


def test_without_a_camera_it_says_so(page: Page) -> None:
    page.get_by_role("button", name="Camera").click()
    expect(page.locator("p[role=status]")).to_contain_text("There is no camera to be had")
    expect(page.get_by_role("button", name="Camera", exact=True)).to_be_visible()


def test_what_is_transparent_is_white(page: Page, tmp_path: Path) -> None:
    """As the package reads it, and not what was looked at before."""
    live(page)
    image, _ = Rectangles(1, seed=5)[0]
    alpha = torch.ones(1, *image.shape[1:])
    alpha[:, :, : image.shape[2] // 2] = 0
    save_image(torch.cat([image, alpha]), tmp_path / "half.png")
    page.locator("input[type=file]").set_input_files(tmp_path / "half.png")
    expect(page.locator("p[role=status]")).to_have_text("half.png")
    live(page)
    shown = page.locator("canvas").evaluate("""canvas => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return [canvas.height, canvas.width, Array.from(data)];
    }""")
    pixels = torch.tensor(shown[2], dtype=torch.uint8).reshape(shown[0], shown[1], 4)[..., :3]
    assert torch.equal(pixels.permute(2, 0, 1), read_image(tmp_path / "half.png"))


# A camera that shows a black picture, a moment after it was asked for. Chromium has none here.
SLOW_CAMERA = """() => {
  window.streams = [];
  navigator.mediaDevices.getUserMedia = async () => {
    await new Promise(resolve => setTimeout(resolve, 200));
    const canvas = document.createElement("canvas");
    setInterval(() => canvas.getContext("2d").fillRect(0, 0, 9, 9), 50);
    streams.push(canvas.captureStream());
    return streams.at(-1);
  };
  window.live = () => streams.flatMap(stream => stream.getTracks()).filter(track => track.readyState === "live").length;
}"""


def test_one_camera_is_on_and_goes_off(page: Page) -> None:
    """However often it is pressed while the browser asks, and when a picture is chosen meanwhile."""
    page.evaluate(SLOW_CAMERA)
    page.get_by_role("button", name="Camera").dblclick()
    page.get_by_role("button", name="Stop the camera").wait_for()
    page.wait_for_function("streams.length === 2")
    assert page.evaluate("live()") == 1
    page.get_by_role("button", name="Stop the camera").click()
    assert page.evaluate("live()") == 0
    page.get_by_role("button", name="Camera").click()
    page.locator("input[type=file]").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"none"})
    page.wait_for_function("streams.length === 3")
    assert page.evaluate("live()") == 0
    expect(page.locator("p[role=status]")).to_contain_text("a.txt")
