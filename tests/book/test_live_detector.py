"""The detector that runs in the page: its answers are PyTorch's, and the page loads it only when asked."""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from browsing import STICKING_OUT, Browser, Locator, Page, expect, require, served, violations, watch
from explorers_page import compute
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace
from torch import Tensor
from torchvision.ops import box_iou
from torchvision.transforms.v2.functional import to_pil_image

from dsod_lite import DSOD, DSODConfig, datasets, load_model
from dsod_lite.weights.start import SHAPES

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data" / "shapes"
EXTENSIONS = ROOT / "book" / "_ext"
BIG = re.compile(r"onnxruntime\.|\.onnx\b")


@pytest.fixture(scope="module")
def extension() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXTENSIONS)
        import live_detector

        missing = [str(path.relative_to(ROOT)) for path in live_detector.LOADED.values() if not path.is_file()]
        require(not missing, f"no {', '.join(missing)}: make book")
        yield live_detector
        del sys.modules["live_detector"]


@pytest.fixture(scope="module")
def site(extension: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of two pages, with the theme of the whole one: live_detector.html and other.html."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    page = ROOT / "book" / "foundations" / "live_detector.md"
    (source / "live_detector.md").write_text(page.read_text(encoding="utf-8"), encoding="utf-8")
    (source / "other.md").write_text("---\norphan: true\n---\n# Other\n", encoding="utf-8")
    settings = {
        "extensions": ["myst_parser", "live_detector"],
        "html_theme": "sphinx_book_theme",
        "html_context": {"default_mode": "auto"},
        "root_doc": "live_detector",
        "suppress_warnings": ["myst.xref_missing"],
    }
    with docutils_namespace():  # another test's book leaves nothing behind, nor does this one
        Sphinx(source, None, built, source / ".doctrees", "html", settings, status=None, warningiserror=True).build()
    return built


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


@pytest.fixture(scope="module")
def model() -> DSOD:
    return load_model(SHAPES)[0]


# ---- the same answers ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def functions(browser: Browser, extension: Any, site: Path, address: str) -> Iterator[Page]:
    """A page in which the script's functions can be called, with the detector in `window.detector`."""
    page = browser.new_page()
    page.goto(f"{address}_static/live/")
    page.add_script_tag(content=extension.addresses(extension.LOADED))
    for path in extension.SCRIPTS[:-1]:
        page.add_script_tag(content=path.read_text(encoding="utf-8"))
    page.evaluate("""async () => {
      const nothing = () => {};
      const engine = await loadEngine(location.href, nothing);
      window.detector = await openDetector(engine, await fetchBytes("detector.onnx", nothing));
    }""")
    yield page
    page.close()


# What is found on a picture in a data URL, and the milliseconds of ten looks at it.
FOUND = """async url => {
  const size = detector.config.image_size;
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const picture = await createImageBitmap(await (await fetch(url)).blob());
  canvas.getContext("2d").drawImage(picture, 0, 0, size, size);
  const found = await findObjects(detector, canvas);
  const times = [];
  for (let i = 0; i < 10; i++) {
    const start = performance.now();
    await findObjects(detector, canvas);
    times.push(performance.now() - start);
  }
  return { found, times };
}"""


def test_boxes_and_scores_are_pytorchs(
    functions: Page, model: DSOD, site: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On ten test pictures, down to a score of 0.1: boxes within a pixel, scores within 0.01. Prints how fast it is."""
    test_set = datasets.VOCDataset(DATA, "test")
    names = (DATA / "ImageSets/Main/test.txt").read_text(encoding="utf-8").split()
    compared, times = 0, []
    for i in range(10):
        with torch.no_grad():
            ours = model([test_set[i][0]])[0]
        (site / "picture.jpg").write_bytes((DATA / "JPEGImages" / f"{names[i]}.jpg").read_bytes())
        answer = functions.evaluate(FOUND, f"{address}picture.jpg?{i}")
        times += answer["times"]
        theirs = {
            "boxes": 128 * torch.tensor([d["box"] for d in answer["found"]]).reshape(-1, 4),
            "labels": torch.tensor([d["label"] for d in answer["found"]]),
            "scores": torch.tensor([d["score"] for d in answer["found"]]),
        }
        for one, other in ((ours, theirs), (theirs, ours)):
            for box, label, score in zip(*one.values(), strict=True):
                if score > 0.1:
                    same = (other["boxes"] - box).abs().amax(dim=1) < 1
                    same &= (other["labels"] == label) & ((other["scores"] - score).abs() < 0.01)
                    assert same.any(), (i, box, label, score)
                    compared += 1
    assert compared > 40
    with capsys.disabled():
        middle = sorted(times)[len(times) // 2]
        print(f"\nlive detector: {middle:.0f} ms a picture, {1000 / middle:.0f} a second", end="")


@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_the_input_is_normalised_as_the_model_does_it(functions: Page, order: Any) -> None:
    config = DSODConfig(image_size=24, channel_order=order, mean=(104.0, 117.5, 123.0), std=3.0)
    pixels = torch.randint(256, (3, 24, 24), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    found = compute(
        functions,
        """([pixels, config]) => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 24, height: 24 });
          canvas.getContext("2d").putImageData(new ImageData(Uint8ClampedArray.from(pixels), 24, 24), 0, 0);
          return Array.from(toInput(canvas, config));
        }""",
        [
            torch.cat([pixels, torch.full((1, 24, 24), 255)]).permute(1, 2, 0).flatten().tolist(),
            {"image_size": 24, "channel_order": order, "mean": config.mean, "std": config.std},
        ],
    )
    expected = DSOD(config).normalize(pixels[None] / 255)
    torch.testing.assert_close(torch.tensor(found).reshape(1, 3, 24, 24), expected, atol=1e-4, rtol=0)


def test_priors_and_classes_come_from_the_files_metadata(functions: Page, model: DSOD) -> None:
    found = functions.evaluate("[Array.from(detector.priors), detector.classes, detector.config.image_size]")
    assert torch.equal(torch.tensor(found[0]).reshape(-1, 4), model.priors)
    assert found[1:] == [["circle", "cross", "rectangle", "ring", "star", "triangle"], 128]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xd8\xff\xe0 a JPEG", "this is no ONNX file"),
        (b"\x08\x0a\x3a\x7f cut off", "this is no ONNX file: it ends in the middle"),
        (b"\x08\x0a\x12\x07pytorch", 'the file\'s metadata have no "config"'),  # ONNX, but not from `export`
    ],
)
def test_another_file_is_refused_with_a_reason(functions: Page, content: bytes, message: str) -> None:
    said = functions.evaluate(
        "bytes => openDetector(detector.engine, Uint8Array.from(bytes)).catch(error => error.message)", list(content)
    )
    assert message in said


def test_shapes_are_as_large_as_they_say(functions: Page) -> None:
    """Every shape reaches about its size from its middle, and nothing beyond."""
    sides = functions.evaluate("""() => Object.fromEntries(Object.keys(OUTLINES).map(kind => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 100, height: 100 });
      const ground = Object.assign(document.createElement("canvas"), { width: 100, height: 100 });
      paintShapes(canvas, ground, [{ kind, x: 50, y: 50, size: 30, turn: 0, colour: "white" }]);
      const alpha = canvas.getContext("2d").getImageData(0, 0, 100, 100).data.filter((_, i) => i % 4 === 3);
      const columns = [...alpha.keys()].filter(i => alpha[i] > 127).map(i => i % 100);
      return [kind, [Math.min(...columns), Math.max(...columns) + 1]];
    }))""")
    assert set(sides) == set(datasets.ShapesDataset.classes)
    for left, right in sides.values():
        assert 20 <= left <= 23
        assert 77 <= right <= 80


def test_what_comes_from_npm_is_pinned_and_names_no_registry() -> None:
    folder = ROOT / "book" / "frontend"
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    locked = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("integrity" in package and "resolved" not in package for path, package in locked.items() if path)


# ---- the page --------------------------------------------------------------------------------------------------------


class Visit:
    """The page in a browser of its own. What goes wrong is in `problems`, what was asked for in `requests`."""

    def __init__(self, browser: Browser, home: str, width: int = 1280, **settings: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 1400}, **settings)
        self.page = self.context.new_page()
        self.problems: list[object] = []
        self.requests: list[str] = []
        watch(self.page, home, self.problems.append, self.problems.append)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(f"{home}live_detector.html")
        self.page.wait_for_selector(".live-target")

    def load(self) -> None:
        self.page.get_by_role("button", name="Load the detector").click()
        expect(self.page.locator("[role=status]")).to_contain_text("Now looking", timeout=120_000)

    def shape(self, name: str) -> Locator:
        return self.page.locator(".live-target").and_(self.page.get_by_role("button", name=re.compile(f" {name} at ")))

    def boxes(self) -> dict[str, Tensor]:
        """The box that is drawn for each class, in units of the picture: 0 to 100. One of each class at most."""
        self.page.evaluate("() => new Promise(requestAnimationFrame)")
        found = {}
        for box in self.page.locator(".live-boxes > g").all():
            path = box.locator(".live-box").get_attribute("d") or ""
            name = (box.locator("text").text_content() or "").split()[0]
            found[name] = torch.tensor([float(n) for n in re.findall(r"[\d.]+", path)[:4]])
        return found

    def settled(self) -> None:
        """Waits until the last change has been looked at."""
        self.page.wait_for_timeout(50)
        self.page.wait_for_function(
            """() => {
              const text = document.querySelector(".explorer-facts").textContent;
              const same = text === window.before;
              window.before = text;
              return same;
            }""",
            polling=400,
        )

    def close(self) -> None:
        self.context.close()
        assert not self.problems


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    visit = Visit(browser, address)
    yield visit
    visit.close()


def test_only_this_page_has_the_script(site: Path) -> None:
    assert "live_detector.js" in (site / "live_detector.html").read_text(encoding="utf-8")
    assert "live/" not in (site / "other.html").read_text(encoding="utf-8")


def test_addresses_change_with_what_is_there(extension: Any, site: Path, visit: Visit, tmp_path: Path) -> None:
    """No script of today meets another day's files in a cache."""
    assert re.search(r'src="_static/live/live_detector\.js\?v=[0-9a-f]{8}"', (site / "live_detector.html").read_text())
    visit.load()
    for name in extension.LOADED:
        digest = hashlib.sha256((site / "_static/live" / name).read_bytes()).hexdigest()[:8]
        assert [url for url in visit.requests if url.endswith(f"/live/{name}?v={digest}")], name
    seen = set()
    for text in ("one", "other"):
        (tmp_path / "a.onnx").write_text(text)
        seen.add(extension.addresses({"a.onnx": tmp_path / "a.onnx"}))
    assert len(seen) == 2


def test_nothing_big_is_loaded_before_the_button_is_pressed(visit: Visit) -> None:
    visit.page.wait_for_load_state("networkidle")
    assert not [url for url in visit.requests if BIG.search(url)]
    progress = visit.page.get_by_label("Loaded")
    assert progress.is_hidden()
    visit.page.evaluate("""() => {
      const bar = document.querySelector("progress");
      window.shares = [];
      new MutationObserver(() => shares.push(bar.value)).observe(bar, { attributes: true });
    }""")
    visit.load()
    assert len([url for url in visit.requests if BIG.search(url)]) == 3
    shares = visit.page.evaluate("shares")
    assert shares == sorted(shares)
    assert len(set(shares)) > 5
    assert shares[-1] == 1
    assert progress.is_hidden()


def test_a_keyboard_stays_when_the_button_goes(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Load the detector").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # a second press loads nothing more
    expect(page.locator("[role=status]")).to_contain_text("Now looking", timeout=120_000)
    expect(page.get_by_label("Score threshold")).to_be_focused()
    assert len([url for url in visit.requests if BIG.search(url)]) == 3


def test_a_look_that_fails_is_said_and_the_next_is_tried(visit: Visit) -> None:
    visit.load()
    visit.settled()
    visit.page.evaluate("""() => {
      const prototype = CanvasRenderingContext2D.prototype;
      const { getImageData } = prototype;
      window.mend = () => Object.assign(prototype, { getImageData });
      prototype.getImageData = () => { throw new Error("out of memory"); };
    }""")
    visit.shape("star").focus()
    visit.page.keyboard.press("ArrowLeft")
    status = visit.page.locator("[role=status]")
    expect(status).to_have_text("This look failed: out of memory. The next change is looked at again.")
    assert visit.boxes() == {}
    visit.page.evaluate("mend()")
    visit.page.keyboard.press("ArrowLeft")
    expect(status).to_contain_text("Now looking")
    visit.settled()
    assert "star" in visit.boxes()


def test_a_transparent_picture_is_on_white(visit: Visit, tmp_path: Path) -> None:
    """As the package reads it, and not on the shapes that were there before."""
    Image.new("RGBA", (300, 200)).save(tmp_path / "blank.png")
    visit.page.locator("input[type=file]").first.set_input_files(tmp_path / "blank.png")
    expect(visit.page.get_by_role("button", name="Back to the shapes")).to_be_visible()
    visit.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    seen = """canvas => [...new Set(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)]"""
    assert visit.page.locator(".live-canvas").evaluate(seen) == [255]


def test_the_detector_follows_what_is_done_to_the_shapes(visit: Visit) -> None:
    visit.load()
    page = visit.page
    visit.settled()
    before = visit.boxes()
    assert set(before) == {"star", "ring", "rectangle", "triangle"}

    place = visit.shape("star").bounding_box()
    assert place
    scale = (page.locator(".live-canvas").bounding_box() or place)["width"] / 100
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 10 * scale, y + 20 * scale, steps=5)
    page.mouse.up()
    visit.settled()
    assert float(box_iou(visit.boxes()["star"][None], before["star"][None] + torch.tensor([10, 20, 10, 20]))) > 0.8

    visit.shape("triangle").focus()
    page.keyboard.press("Delete")
    visit.settled()
    assert set(visit.boxes()) == {"star", "ring", "rectangle"}
    page.get_by_label("Score threshold").fill("0.95")
    assert len(visit.boxes()) < 4
    assert "star" in page.locator("dl").inner_text()
    for name in ("star", "ring", "rectangle"):
        visit.shape(name).focus()
        page.get_by_role("button", name="Remove").click()
    visit.settled()
    assert visit.boxes() == {}
    assert "nothing" in page.locator("dl").inner_text()
    page.get_by_role("button", name="circle", exact=True).click()
    page.get_by_role("button", name="orange").click()
    page.get_by_role("slider", name="Size").fill("30")
    page.get_by_label("Score threshold").fill("0.3")
    visit.settled()
    assert "circle" in visit.boxes()

    page.get_by_label("Let the shapes drift").check()
    page.wait_for_timeout(300)
    circle = page.locator(".live-target")
    expect(circle).not_to_have_attribute("aria-label", circle.get_attribute("aria-label") or "")


def test_the_keyboard_does_all_of_it(visit: Visit) -> None:
    page = visit.page
    ring = visit.shape("ring")
    ring.focus()
    expect(ring).to_have_attribute("aria-pressed", "true")
    for key, label in (
        ("ArrowRight", "white ring at 71, 27, size 13"),
        ("ArrowUp", "white ring at 71, 26, size 13"),
        ("Shift+ArrowUp", "white ring at 71, 26, size 14"),
        ("Shift+ArrowLeft", "white ring at 71, 26, size 13"),
    ):
        page.keyboard.press(key)
        expect(ring).to_have_attribute("aria-label", label)
    purple = page.get_by_role("button", name="purple", exact=True)
    purple.focus()
    page.keyboard.press("Enter")
    expect(ring).to_have_attribute("aria-label", "purple ring at 71, 26, size 13")
    expect(purple).to_have_attribute("aria-pressed", "true")
    page.get_by_role("slider", name="Size").focus()
    page.keyboard.press("End")
    expect(ring).to_have_attribute("aria-label", "purple ring at 71, 26, size 40")
    page.get_by_role("button", name="cross", exact=True).focus()
    page.keyboard.press("Enter")
    expect(visit.shape("cross")).to_have_attribute("aria-pressed", "true")
    visit.shape("cross").focus()
    page.keyboard.press("Backspace")
    expect(page.locator(".live-target")).to_have_count(4)


def test_fingers_move_and_scale_shapes(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, width=390, has_touch=True, is_mobile=True)
    touch = visit.context.new_cdp_session(visit.page)

    def swipe(x: float, y: float, dx: float, dy: float) -> None:
        for kind, share in (("touchStart", 0.0), *(("touchMove", i / 5) for i in range(1, 6)), ("touchEnd", None)):
            points = [] if share is None else [{"x": x + share * dx, "y": y + share * dy}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def middle(locator: Locator) -> tuple[float, float]:
        box = locator.bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    canvas = visit.page.locator(".live-canvas")
    canvas.scroll_into_view_if_needed()
    unit = (canvas.bounding_box() or {"width": 0})["width"] / 100
    swipe(*middle(visit.shape("star")), 6 * unit, 9 * unit)
    expect(visit.shape("star")).to_have_attribute("aria-label", re.compile("at 35, 41, size 17"))
    swipe(*middle(visit.page.locator(".explorer-dot")), 10 * unit, 10 * unit)
    label = visit.shape("star").get_attribute("aria-label") or ""
    assert 26 <= int(label.split()[-1]) <= 33
    visit.close()


def test_a_picture_or_a_model_of_the_readers_own(visit: Visit, model: DSOD, tmp_path: Path, extension: Any) -> None:
    visit.load()
    page = visit.page
    pictures, models = page.locator("input[type=file]").all()
    image = datasets.VOCDataset(DATA, "test")[0][0]
    wide = torch.nn.functional.interpolate(image[None], (200, 300), mode="bilinear")[0]
    to_pil_image(wide).save(tmp_path / "wide.png")
    pictures.set_input_files(tmp_path / "wide.png")
    visit.settled()
    with torch.no_grad():
        found = model([wide])[0]
    sure = found["scores"] > 0.5
    page.get_by_label("Score threshold").fill("0.5")
    drawn = [text.split()[0] for text in page.locator(".live-boxes text").all_text_contents()]
    classes = datasets.ShapesDataset.classes
    assert sorted(drawn) == sorted(classes[label - 1] for label in found["labels"][sure].tolist())
    assert page.locator(".explorer-stage").get_attribute("viewBox") == f"0 0 100 {100 * 200 / 300}"
    expect(visit.shape("star")).to_be_hidden()

    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    pictures.set_input_files(tmp_path / "notes.txt")
    expect(page.locator("[role=status]")).to_have_text("notes.txt is no picture that this browser reads.")
    models.set_input_files(tmp_path / "wide.png")
    expect(page.locator("[role=status]")).to_contain_text("wide.png: this is no ONNX file")
    models.set_input_files(extension.LOADED["detector.onnx"])
    expect(page.locator("[role=status]")).to_contain_text("Now looking: detector.onnx")
    page.get_by_role("button", name="Back to the shapes").click()
    expect(visit.shape("star")).to_be_visible()


def test_from_a_folder_it_says_how_to_serve_it(browser: Browser, site: Path) -> None:
    visit = Visit(browser, f"{site.as_uri()}/")
    expect(visit.page.locator("[role=status]")).to_contain_text("python -m http.server")
    assert visit.page.get_by_role("button", name="Load the detector").count() == 0
    visit.shape("ring").focus()
    visit.page.keyboard.press("ArrowLeft")
    expect(visit.shape("ring")).to_have_attribute("aria-label", "white ring at 69, 27, size 13")
    assert not [url for url in visit.requests if BIG.search(url)]
    visit.close()


@pytest.mark.parametrize(("scheme", "width", "loaded"), [("light", 390, True), ("dark", 1280, False)])
def test_the_page_is_sound(browser: Browser, address: str, scheme: Any, width: int, loaded: bool) -> None:
    visit = Visit(browser, address, width, color_scheme=scheme)
    if loaded:
        visit.load()
    visit.problems += visit.page.evaluate(STICKING_OUT)
    found = violations(visit.page, "main .explorer", {"preload": False})
    visit.problems += [json.dumps([v["help"], [n["html"] for n in v["nodes"]]]) for v in found]
    visit.close()
