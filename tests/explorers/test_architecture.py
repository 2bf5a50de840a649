"""The architecture explorer: its numbers are the network's, and it answers to mouse, keyboard and finger."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from browsing import Browser, Locator, Page, expect, watch
from explorers_page import assert_sound, explorers_page, opened, press
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from dsod_lite import DSOD, DSODConfig, dsod512, dsod_tiny
from dsod_lite.detector.network import Network
from dsod_lite.explorers import ArchitectureExplorer
from dsod_lite.explorers.stages import Stage, measure

# The authors' own net definition: channels, height, width, and learnable parameters.
DSOD300 = {
    "stem": ([128, 75, 75], 112_832),
    "block1": ([416, 75, 75], 788_640),
    "transition1": ([416, 38, 38], 173_888),
    "block2": ([800, 38, 38], 1_572_992),
    "transition2": ([800, 38, 38], 641_600),
    "pool": ([800, 19, 19], 0),
    "block3": ([1184, 19, 19], 2_168_960),
    "transition3": ([1184, 19, 19], 1_404_224),
    "block4": ([1568, 19, 19], 2_764_928),
    "map1": ([800, 38, 38], 0),
    "map2": ([512, 19, 19], 404_544 + 206_400),
    "map3": ([512, 10, 10], 854_528),
    "map4": ([256, 5, 5], 280_832),
    "map5": ([256, 3, 3], 214_272),
    "map6": ([256, 2, 2], 214_272),
}
HEAD = 2_912_892

CONFIGS = {
    "dsod300": DSODConfig(),
    "plain": DSODConfig(prediction="plain"),
    "seven maps": dsod512().config,
    "three blocks": DSODConfig(transition_without_pooling=False),
    "DenseNet's stem": DSODConfig(stem="densenet"),
    "tiny": dsod_tiny().config,
}
each_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())


def parameters(stage: Stage) -> int:
    return sum(part.parameters for part in stage.parts)


def test_dsod300_is_the_authors() -> None:
    stages = measure(DSODConfig())
    found = {s.name: (s.shape, parameters(s)) for s in stages if s.kind != "head"}
    assert found == DSOD300
    assert sum(parameters(s) for s in stages if s.kind == "head") == HEAD
    assert sum(map(parameters, stages)) == 14_715_804


@each_config
def test_parameters_and_multiply_adds_are_the_networks(config: DSODConfig) -> None:
    """PyTorch's own counter counts a multiplication and an addition apart."""
    with torch.device("meta"):
        network, picture = Network(config).eval(), torch.zeros(1, 3, config.image_size, config.image_size)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(picture)
    parts = [part for stage in measure(config) for part in stage.parts]
    assert sum(part.parameters for part in parts) == sum(p.numel() for p in network.parameters())
    assert 2 * sum(part.multiply_adds for part in parts) == counter.get_total_flops()


@pytest.mark.parametrize("prediction", ["dense", "plain"])
@pytest.mark.parametrize("blocks", [3, 4])
def test_shapes_and_what_feeds_what_are_the_networks(prediction: str, blocks: int) -> None:
    config = dsod_tiny(4, 64, prediction=prediction, transition_without_pooling=blocks == 4).config
    stages, network = measure(config), Network(config).eval()
    given: dict[str, Tensor] = {"picture": torch.zeros(1, 3, 64, 64)}
    taken: dict[str, set[int]] = {}  # which tensors each stage reads

    def listen(name: str, module: nn.Module) -> None:
        module.register_forward_hook(lambda _, inputs, output: given.setdefault(name, output))
        module.register_forward_pre_hook(lambda _, inputs: taken.setdefault(name, set()).add(id(inputs[0])))

    for stage in stages:
        if stage.kind not in ("map", "head"):
            listen(stage.name, network.get_submodule(stage.name))
    maps = network.prediction
    for name in ("transition", "learn", "reuse"):
        modules = getattr(maps, name, [])
        for i, module in enumerate([modules] if name == "transition" else modules):
            listen(f"map{i + 2 + (name == 'learn')}", module)
    for i, module in enumerate(network.head.norm, start=1):
        listen(f"head{i}", module)
    with torch.no_grad():
        outputs = network.maps(given["picture"])
        network.head(outputs)
    given |= {f"map{i}": x for i, x in enumerate(outputs, start=1)}

    for stage in stages:
        if stage.kind != "head":  # it has no tensor of its own: offsets and logits leave it apart
            assert stage.shape == list(given[stage.name].shape[1:])
        if stage.name != "map1":  # computes nothing
            assert {id(given[name]) for name in stage.inputs} == taken[stage.name]
    assert given["map1"] is given["transition2"]


def test_a_model_or_its_config() -> None:
    model = dsod_tiny()
    assert ArchitectureExplorer(model).stages == ArchitectureExplorer(model.config).stages
    assert ArchitectureExplorer(DSOD(CONFIGS["tiny"])).prediction == "dense"
    assert ArchitectureExplorer(DSODConfig(prediction="plain")).prediction == "plain"


@pytest.mark.parametrize("prediction", ["dense", "plain"])
def test_the_still_has_a_bar_for_each_stage(prediction: str) -> None:
    explorer = ArchitectureExplorer(CONFIGS["three blocks"], prediction=prediction)
    bars = [bar for ax in explorer.still().axes for bar in ax.patches]
    assert len(bars) == len(explorer.stages[prediction])


# ---- in the browser -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """light.html and dark.html."""
    folder = tmp_path_factory.mktemp("pages")
    explorer = ArchitectureExplorer(DSODConfig())
    for theme in ("light", "dark"):
        (folder / f"{theme}.html").write_text(explorers_page([explorer], theme), encoding="utf-8")
    return folder


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    """A phone's screen with fingers; whatever goes wrong fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    problems: list[object] = []
    watch(page, folder.as_uri(), problems.append, problems.append)
    page.goto(f"{folder.as_uri()}/light.html")
    yield page
    context.close()
    assert not problems


def stage(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=re.compile(f"^{name}:"))


def facts(page: Page, title: str) -> dict[str, str]:
    """What the explorer says of the stage with this title, once that is the chosen one."""
    expect(page.locator(".explorer-title")).to_have_text(title)
    expect(page.locator("[aria-checked=true]")).to_have_count(1)
    return {row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in page.locator("dl > div").all()}


def rows(page: Page) -> list[list[str]]:
    return [row.locator("td").all_inner_texts() for row in page.locator(".explorer-parts tbody tr").all()]


@pytest.mark.parametrize(
    ("theme", "width", "over_http"), [("light", 390, True), ("dark", 1280, False), ("dark", 320, True)]
)
def test_pages_are_sound(browser: Browser, folder: Path, theme: str, width: int, over_http: bool) -> None:
    with opened(browser, folder / f"{theme}.html", width, over_http=over_http) as page:
        assert page.get_by_role("radio").count() == len(DSOD300) + 6
        assert_sound(page)


def test_labels_do_not_overlap(page: Page) -> None:
    measure = "all => all.map(e => [+e.getAttribute('x'), +e.getAttribute('y'), e.getComputedTextLength()])"
    page.locator(".explorer-label", has_text="3").first.wait_for()  # the page may still be drawing
    labels = [label for label in page.locator(".explorer-label").evaluate_all(measure) if label[2]]
    assert len(labels) > 30
    for i, (x, y, width) in enumerate(labels):
        assert all(abs(x - x2) >= (width + width2) / 2 + 1 or abs(y - y2) > 12 for x2, y2, width2 in labels[:i])


def test_a_tap_shows_what_a_stage_is(page: Page) -> None:
    stage(page, "Dense block 3").tap()
    assert facts(page, "Dense block 3") == {
        "Fed by": "Pooling of transition 2",
        "Gives": "1,184 × 19 × 19",
        "Parameters": "2,168,960 (14.7 %)",
        "Multiply-adds": "776 million (5.1 %)",
    }
    layers = rows(page)
    assert [row[1:3] for row in layers] == [[f"{800 + 48 * i:,}", f"{848 + 48 * i:,}"] for i in range(8)]
    assert sum(int(row[3].replace(",", "")) for row in layers) == 2_168_960
    page.locator(".explorer-piece").nth(1).tap()  # in the strip of shares
    assert facts(page, "Dense block 1")["Multiply-adds"] == "4.41 billion (29.2 %)"


def test_lines_show_what_feeds_a_stage_and_what_it_feeds(page: Page) -> None:
    for title, feeding, fed in (
        ("Map 2", 2, 2),  # block 4 and map 1; map 3 and a head
        ("Transition 2, before its pooling", 1, 2),  # the pooling and map 1
        ("Head of map 6", 1, 0),
    ):
        stage(page, title).click()
        assert facts(page, title)
        assert page.locator(".explorer-feeding").count() == feeding
        assert page.locator(".explorer-fed").count() == fed
    stage(page, "Map 2").click()
    assert facts(page, "Map 2")["Fed by"] == "Dense block 4; Map 1"


def test_the_switch_redraws(page: Page) -> None:
    drawn = page.locator(".explorer-stage").inner_html()
    expect(page.get_by_text("Parameters: 14,715,804")).to_be_visible()
    page.get_by_role("button", name="plain").tap()
    expect(page.get_by_text("Parameters: 18,005,596")).to_be_visible()
    assert facts(page, "Map 2")["Fed by"] == "Dense block 4"
    assert [row[0] for row in rows(page)] == ["learned, 1×1"]
    assert page.get_by_role("button", name="plain").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="dense").tap()
    expect(page.get_by_text("Parameters: 14,715,804")).to_be_visible()
    assert page.locator(".explorer-stage").inner_html() == drawn


def test_the_keyboard_goes_from_stage_to_stage(page: Page) -> None:
    while page.evaluate("document.activeElement.getAttribute('role')") != "radio":
        press(page, "Tab")
    for key, title in (
        ("ArrowRight", "Map 3"),
        ("ArrowUp", "Map 2"),
        ("Home", "Stem"),
        ("ArrowLeft", "Head of map 6"),  # round the corner
        ("ArrowDown", "Stem"),
        ("End", "Head of map 6"),
    ):
        press(page, key)
        assert facts(page, title)
        assert page.evaluate("document.activeElement.getAttribute('aria-checked')") == "true"
    press(page, "Tab")
    press(page, "Tab")
    press(page, "Enter")
    expect(page.get_by_text("Parameters: 18,005,596")).to_be_visible()
