"""The detector that learns in the page: its steps are PyTorch's, and the page does what its buttons say."""

import base64
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from browsing import STICKING_OUT, Browser, Page, expect, require, served, violations, watch
from explorers_page import compute
from PIL import Image, ImageDraw
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from book.experiments.taught_in_page import RECORDS, SEEDS
from dsod_lite import DSOD, datasets, dsod_tiny, evaluate_voc, load_model, save_model
from dsod_lite.deploy.training_state import training_state
from dsod_lite.deploy.training_step import export_training
from dsod_lite.training.optimizer import parameter_groups
from dsod_lite.weights.start import SHAPES

ROOT = Path(__file__).parents[2]
PAGE = "teach_a_detector"
BIG = re.compile(r"onnxruntime\.|\.onnx\b|worker")
STEPS, BATCH = 20, 8


@pytest.fixture(scope="module")
def extension() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "book" / "_ext")
        import live_detector
        import teach_detector

        needed = [*live_detector.LOADED.values(), *teach_detector.GRAPHS.values()]
        missing = [str(path.relative_to(ROOT)) for path in needed if not path.is_file()]
        require(not missing, f"no {', '.join(missing)}: make book")
        yield teach_detector
        del sys.modules["live_detector"], sys.modules["teach_detector"]


@pytest.fixture(scope="module")
def site(extension: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of three pages, with the theme of the whole one."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name, head in ((PAGE, ""), ("live_detector", "---\norphan: true\n---\n")):
        text = (ROOT / "book" / "foundations" / f"{name}.md").read_text(encoding="utf-8")
        (source / f"{name}.md").write_text(head + text, encoding="utf-8")
    (source / "other.md").write_text("---\norphan: true\n---\n# Other\n", encoding="utf-8")
    settings = {
        "extensions": ["myst_parser", "teach_detector"],
        "myst_enable_extensions": ["dollarmath"],
        "html_theme": "sphinx_book_theme",
        "html_context": {"default_mode": "auto"},
        "root_doc": PAGE,
        "suppress_warnings": ["myst.xref_missing", "myst.directive_unknown"],
    }
    with docutils_namespace():  # another test's book leaves nothing behind, nor does this one
        Sphinx(source, None, built, source / ".doctrees", "html", settings, status=None, warningiserror=True).build()
    return built


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


# ---- the same numbers ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def functions(browser: Browser, extension: Any, address: str) -> Iterator[Page]:
    """A page in which the worker's functions can be called, without its loop; the engine is `window.engine`."""
    page = browser.new_page()
    page.goto(f"{address}_static/live/")
    page.add_script_tag(content=extension.addresses(extension.LOADED))
    for path in extension.WORKER[:-1]:
        page.add_script_tag(content=path.read_text(encoding="utf-8"))
    page.evaluate("""async () => {
      const { Memory } = WebAssembly;
      window.memories = []; // of WebAssembly
      WebAssembly.Memory = function (size) {
        memories.push(new Memory(size));
        return memories.at(-1);
      };
      WebAssembly.Memory.prototype = Memory.prototype;
      window.engine = await loadEngine(location.href, () => {});
      window.toText = (bytes) => { // base64
        let text = "";
        for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
        return btoa(text);
      };
    }""")
    yield page
    page.close()


# Steps on batches that are served as files, from states in files, named in `starts`: { step: name }. The losses, and
# the weights as base64 of float32, from before each other start and from the end.
TRAIN = """async ([steps, rate, starts]) => {
  const file = async (name) => new Uint8Array(await (await fetch(`/${name}`)).arrayBuffer());
  const numbers = async (name) => new Float32Array((await file(name)).buffer);
  const trainer = await openTrainer(engine, await file("run.onnx"), await file("_static/live/network.onnx"));
  const truth = await (await fetch("/truth.json")).json();
  const pictures = await numbers("pictures.bin");
  const each = pictures.length / steps;
  const losses = [];
  const weights = [];
  for (let i = 0; i < steps; i++) {
    if (starts[i]) {
      const state = { done: i };
      for (const name of ["weights", "memory", "statistics"]) state[name] = await numbers(`${starts[i]}.${name}`);
      trainer.load(state);
    }
    losses.push((await trainer.step(pictures.slice(i * each, (i + 1) * each), truth[i], rate)).loss);
    if (i === steps - 1 || starts[i + 1]) weights.push(toText(new Uint8Array(trainer.state().weights.buffer)));
  }
  return [losses, weights];
}"""


@pytest.mark.parametrize(
    ("kind", "rate", "start"), [("SGD", 1e-3, "trained"), ("AdamW", 1e-5, "trained"), ("SGD", 1e-3, "random")]
)
def test_twenty_steps_in_the_browser_are_pytorchs(
    functions: Page, site: Path, kind: str, rate: float, start: str
) -> None:
    """A run of the book's goes on in the browser. From random weights rounding grows too fast for that, in PyTorch as
    well: there each of the twenty begins where PyTorch is."""
    model, _ = load_model(SHAPES)
    if start == "random":
        torch.manual_seed(0)
        model = DSOD(model.config)
    model.train()
    options: dict[str, Any] = {"momentum": 0.9} if kind == "SGD" else {}
    optimizer = getattr(torch.optim, kind)(parameter_groups(model, 5e-4), lr=rate, **options)
    export_training(model, optimizer, site / "run.onnx", BATCH, with_state=False)

    pictures = datasets.VOCDataset(ROOT / "data" / "shapes", "train")
    batches = [[pictures[BATCH * step + i] for i in range(BATCH)] for step in range(STEPS)]
    normal = [model.normalize([image for image, _ in batch]) for batch in batches]
    (site / "pictures.bin").write_bytes(torch.cat(normal).numpy().tobytes())
    truth = [
        [
            [{"box": b, "label": c} for b, c in zip((t["boxes"] / 128).tolist(), t["labels"].tolist(), strict=True)]
            for _, t in batch
        ]
        for batch in batches
    ]
    (site / "truth.json").write_text(json.dumps(truth), encoding="utf-8")

    losses, weights = [], []
    starts = range(STEPS) if start == "random" else range(1)
    for step, batch in enumerate(batches):
        state = training_state(model, optimizer)
        if step in starts:
            for name in ("weights", "memory", "statistics"):
                (site / f"{step}.{name}").write_bytes(state[name].numpy().tobytes())
        optimizer.zero_grad()
        loss = torch.stack(list(model(*map(list, zip(*batch, strict=True))).values())).sum()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        if step + 1 in starts or step + 1 == STEPS:
            weights.append(training_state(model, optimizer)["weights"].numpy())
    found, texts = functions.evaluate(TRAIN, [STEPS, rate, {step: str(step) for step in starts}])
    assert found == pytest.approx(losses, rel=1e-3)
    for text, expected in zip(texts, weights, strict=True):
        np.testing.assert_allclose(np.frombuffer(base64.b64decode(text), np.float32), expected, rtol=0, atol=1e-4)


def test_ap50_is_the_packages(functions: Page) -> None:
    generator = torch.Generator().manual_seed(0)

    def boxes(count: int) -> torch.Tensor:
        corner, size = torch.rand(2, count, 2, generator=generator) * 0.5
        return torch.cat([corner, corner + size + 0.05], dim=1)

    truth = [{"boxes": boxes(3), "labels": torch.tensor([1, 2, 2])} for _ in range(12)]
    found = [
        {
            "boxes": torch.cat([t["boxes"] + 0.03 * torch.randn(3, 4, generator=generator), boxes(4)]),
            "labels": torch.tensor([1, 2, 2, 1, 2, 1, 2]),
            "scores": torch.rand(7, generator=generator),
        }
        for t in truth
    ]
    expected = evaluate_voc(found, truth, num_classes=3, method="all-point").mean_ap

    def things(items: list[dict[str, torch.Tensor]]) -> list[list[dict[str, Any]]]:
        names = {"boxes": "box", "labels": "label", "scores": "score"}
        return [
            [
                dict(zip((names[k] for k in d), row, strict=True))
                for row in zip(*(v.tolist() for v in d.values()), strict=True)
            ]
            for d in items
        ]

    areas = compute(functions, "([found, truth]) => ap50s(found, truth)", [things(found), things(truth)])
    assert 0.1 < expected < 0.9
    assert list(areas) == ["1", "2"]
    assert sum(areas.values()) / 2 == pytest.approx(expected, abs=1e-6)


def test_steps_leave_nothing_in_memory(functions: Page) -> None:
    """Each makes 8 MB of new weights, memory and gradients."""
    functions.evaluate("""async () => {
      const bytes = (name) => fetchBytes(name, () => {});
      const trainer = await openTrainer(engine, await bytes("training.onnx"), await bytes("network.onnx"));
      trainer.begin(randomNumbers(1));
      const pictures = new Float32Array(trainer.batch * 3 * trainer.size ** 2);
      const truth = Array(trainer.batch).fill([{ box: [0.2, 0.2, 0.5, 0.5], label: 1 }]);
      window.train = async (count) => {
        for (let i = 0; i < count; i++) await trainer.step(pictures, truth, 0.001);
        await trainer.look(pictures.subarray(0, 3 * trainer.size ** 2));
        return memories.map((memory) => memory.buffer.byteLength);
      };
    }""")
    browser = functions.context.new_cdp_session(functions)

    def heap() -> float:
        browser.send("HeapProfiler.collectGarbage")
        usage = browser.send("Runtime.getHeapUsage")
        return usage["usedSize"] + usage["backingStorageSize"]

    engine, before = functions.evaluate("train(4)"), heap()
    assert len(engine) >= 1
    assert functions.evaluate("train(12)") == engine
    assert heap() - before < 8e6


def test_boxes_are_as_large_as_what_is_painted(functions: Page) -> None:
    """On forty scenes the painted pixels of every lone thing reach from its box's left to its right, top to bottom."""
    differences = functions.evaluate("""() => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 200, height: 200 });
      const random = randomNumbers(1);
      const worst = [];
      for (let i = 0; i < 40; i++) {
        const scene = randomScene(random);
        for (const thing of scene.things) {
          paintScene(canvas, { ground: [0, 0, 0], things: [{ ...thing, colour: [255, 255, 255] }] });
          const { data } = canvas.getContext("2d").getImageData(0, 0, 200, 200);
          const lit = [...Array(200 * 200).keys()].filter(k => data[4 * k] > 127);
          const [xs, ys] = [lit.map(k => k % 200), lit.map(k => Math.floor(k / 200))];
          const seen = [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
          worst.push(Math.max(...seen.map((v, j) => Math.abs(v - 200 * thing.box[j]))));
        }
      }
      return worst;
    }""")
    assert len(differences) > 40
    assert max(differences) < 4  # pixels of 200: the tip of a triangle is thinner than one


def test_boxes_of_a_picture_are_where_its_things_are_painted(functions: Page) -> None:
    """Mirrored or not; what is pasted in beside them is what the boxes held, and lies where its own box says."""
    worst = functions.evaluate("""() => {
      const photo = new OffscreenCanvas(200, 200);
      const context = photo.getContext("2d");
      context.fillRect(0, 0, 200, 200);
      context.fillStyle = "#fff";
      context.fillRect(20, 60, 50, 30);
      const whole = { image: photo.transferToImageBitmap(), boxes: [[0.1, 0.3, 0.35, 0.45]] };
      const stamps = cutOuts([whole]);
      const canvas = new OffscreenCanvas(100, 100);
      const random = randomNumbers(1);
      const seen = new Set();
      let worst = 0;
      for (let i = 0; i < 60; i++) {
        const scene = photoScene(random, whole, stamps);
        paintScene(canvas, { ...scene, things: scene.things.filter(({ kind }) => !kind) });
        const { data } = canvas.getContext("2d").getImageData(0, 0, 100, 100);
        const boxes = scene.things.filter(({ label }) => label === 4).map(({ box }) => box.map((v) => 100 * v));
        for (let y = 0; y < 100; y++) for (let x = 0; x < 100; x++) {
          const [u, v] = [x + 0.5, y + 0.5];
          const inside = ([x1, y1, x2, y2], by) => u > x1 - by && u < x2 + by && v > y1 - by && v < y2 + by;
          const lit = data[4 * (100 * y + x)] > 127;
          if (lit ? !boxes.some((box) => inside(box, 1)) : boxes.some((box) => inside(box, -1))) worst += 1;
        }
        seen.add(`${scene.mirrored} ${boxes.length > 1}`);
      }
      return [worst, seen.size];
    }""")
    assert worst == [0, 4]


def test_learned_weights_go_to_python_and_back(functions: Page, site: Path) -> None:
    saved = functions.evaluate("""async () => {
      const bytes = await fetchBytes("training.onnx", () => {});
      const about = Object.fromEntries(Object.entries(onnxMetadata(bytes)).map(([k, v]) => [k, JSON.parse(v)]));
      const weights = firstWeights(about.parameters, randomNumbers(3));
      const state = { weights, statistics: firstStatistics(about.statistics) };
      window.about = about;
      window.state = state;
      return toText(safetensors(about, state, ["circle", "rectangle", "triangle", "face"]));
    }""")
    (site / "page.safetensors").write_bytes(base64.b64decode(saved))
    model, classes = load_model(site / "page.safetensors")
    assert classes == ("circle", "rectangle", "triangle", "face")
    picture = torch.rand(1, 3, 96, 96)  # JavaScript writes a mean of 123.0 as 123
    torch.testing.assert_close(model.normalize(picture), dsod_tiny(5, 96).normalize(picture))
    fresh = DSOD(model.config).state_dict()
    for name, value in model.state_dict().items():  # drawn as PyTorch draws them
        if value.is_floating_point() and value.numel() > 400:
            assert float(value.std()) == pytest.approx(float(fresh[name].std()), rel=0.2, abs=1e-6), name
    save_model(site / "back.safetensors", model, classes)
    same = functions.evaluate("""async () => {
      const back = readSafetensors(about, await fetchBytes("/back.safetensors", () => {}));
      return ["weights", "statistics"].every(name => back[name].every((v, i) => v === state[name][i]));
    }""")
    assert same


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["cat", "dog", "cow", "hen"], "its classes are cat, dog, cow, hen; here they are circle, rectangle"),
        ([], "its classes are without names"),
        (["circle", "rectangle", "triangle"], "its classes are circle, rectangle, triangle; here"),
    ],
)
def test_a_file_of_other_classes_is_refused(functions: Page, classes: list[str], message: str) -> None:
    """The page would call a cat a circle."""
    assert message in functions.evaluate(REFUSED, [classes, "F32"])


def test_a_file_of_other_numbers_is_refused(functions: Page) -> None:
    said = functions.evaluate(REFUSED, [["circle", "rectangle", "triangle", "face"], "F16"])
    assert said.endswith(" is F16, not F32")


# What is said of a file with these classes, whose numbers are said to be of that kind.
REFUSED = """async ([classes, kind]) => {
  const bytes = await fetchBytes("training.onnx", () => {});
  const about = Object.fromEntries(Object.entries(onnxMetadata(bytes)).map(([k, v]) => [k, JSON.parse(v)]));
  const weights = firstWeights(about.parameters, randomNumbers(3));
  const file = safetensors(about, { weights, statistics: firstStatistics(about.statistics) }, classes);
  const place = new TextDecoder().decode(file.subarray(8, 4008)).indexOf('"F32"');
  file.set(new TextEncoder().encode(`"${kind}"`), 8 + place);
  try {
    readSafetensors(about, file);
    return "nothing";
  } catch (error) {
    return error.message;
  }
}"""


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
        self.page.goto(f"{home}{PAGE}.html?seed=1")
        self.element = self.page.locator("#train-in-page")
        expect(self.element).to_have_attribute("data-state", "idle")

    def press(self, action: str) -> None:
        """By the keyboard."""
        self.page.locator(f"[data-action={action}]").focus()
        self.page.keyboard.press("Enter")

    def reaches(self, state: str) -> None:
        expect(self.element).to_have_attribute("data-state", state, timeout=120_000)

    def has_done(self, steps: int) -> None:
        self.page.wait_for_function(
            "(n) => Number(document.getElementById('train-in-page').dataset.step) >= n", arg=steps, timeout=120_000
        )

    def trained(self, steps: int) -> None:
        """Loads it, and stops after so many steps or one more."""
        self.press("start")
        self.has_done(steps)
        self.press("pause")
        self.reaches("paused")

    def one_step(self) -> None:
        before = self.steps()
        self.press("step")
        expect(self.element).to_have_attribute("data-step", str(before + 1), timeout=60_000)

    def says(self, text: str) -> None:
        expect(self.page.locator("[role=status]").first).to_contain_text(text, timeout=60_000)

    def steps(self) -> int:
        return int(self.element.get_attribute("data-step") or 0)

    def close(self) -> None:
        self.context.close()
        assert not self.problems


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_it_learns_stops_and_goes_on(browser: Browser, address: str, width: int, scheme: Any, tmp_path: Path) -> None:
    visit = Visit(browser, address, width, color_scheme=scheme, has_touch=width < 400)
    page = visit.page
    page.wait_for_load_state("networkidle")
    if width < 400:  # a phone
        visit.says("battery: here it learns from four pictures a step")
    assert not [url for url in visit.requests if BIG.search(url)]
    visit.trained(3)
    addresses = [url for url in visit.requests if BIG.search(url) and not url.startswith("blob:")]
    assert "teach_worker.js" in "".join(addresses)
    assert [url for url in addresses if not re.search(r"\?v=[0-9a-f]{8}$", url)] == []
    visit.one_step()
    assert float(visit.element.get_attribute("data-loss") or "nan") > 0
    assert float(visit.element.get_attribute("data-seconds") or 0) > 0
    loaded = [url.rsplit("/", 1)[1].partition("?")[0] for url in visit.requests if "/training" in url]
    assert loaded == ["training_small.onnx" if width < 400 else "training.onnx"]
    expect(page.locator(".teach-positive")).not_to_have_count(0)  # it is drawn with the next frame
    expect(page.locator(".teach-negative")).not_to_have_count(0)
    expect(page.locator(".explorer-bars tbody th").first).to_have_text("stem")
    visit.problems += page.evaluate(STICKING_OUT)
    found = violations(page, "main .explorer", {"preload": False})
    visit.problems += [json.dumps([v["help"], [n["html"] for n in v["nodes"]]]) for v in found]

    if width > 400:
        for name in ("onnx", "safetensors"):
            with page.expect_download() as download:
                visit.press(f"save-{name}")
            download.value.save_as(tmp_path / f"detector.{name}")
        assert load_model(tmp_path / "detector.safetensors")[0].config.image_size == 96
        page.locator("input[accept='.safetensors']").set_input_files(tmp_path / "detector.safetensors")
        expect(page.locator("[role=status]").first).to_contain_text("Opened", timeout=60_000)
        page.locator("input[accept='.safetensors']").set_input_files(tmp_path / "detector.onnx")
        expect(page.locator("[role=status]").first).to_contain_text("no safetensors file", timeout=60_000)
        page.get_by_role("button", name="Ready made").click()
        visit.press("teach")
        visit.reaches("training")
        page.get_by_role("slider").fill("0.5")
        visit.has_done(1)
        visit.press("pause")
    visit.close()


def painted(folder: Path, count: int) -> list[tuple[Path, list[float]]]:
    """Pictures of a yellow disc, of some sizes, and where it is in each: corners in fractions."""
    numbers = np.random.default_rng(0)
    made = []
    for i in range(count):
        picture = Image.new("RGB", (320, 240), tuple(numbers.integers(40, 200, 3).tolist()))
        x, y, side = (int(v) for v in (numbers.integers(10, 200), numbers.integers(10, 120), numbers.integers(60, 110)))
        ImageDraw.Draw(picture).ellipse((x, y, x + side, y + side), fill=(240, 200, 60))
        picture.save(folder / f"{i}.png")
        made.append((folder / f"{i}.png", [x / 320, y / 240, (x + side) / 320, (y + side) / 240]))
    return made


def test_pictures_with_boxes_teach_a_class(browser: Browser, address: str, tmp_path: Path) -> None:
    visit = Visit(browser, address, 1280)
    page = visit.page
    # A camera that shows a black picture. Chromium has none here.
    page.evaluate("""navigator.mediaDevices.getUserMedia = async () => {
      const canvas = document.createElement("canvas");
      setInterval(() => canvas.getContext("2d").fillRect(0, 0, 9, 9), 50);
      return canvas.captureStream();
    }""")
    visit.press("start")
    visit.reaches("training")
    visit.press("pause")
    visit.reaches("paused")
    pictures = painted(tmp_path, 5)
    frame, words = page.locator(".teach-photo"), page.locator(".teach-column [role=status]")
    learn = page.locator("[data-action=teach-photos]")
    page.locator("input[multiple]").set_input_files([path for path, _ in pictures])
    expect(words).to_contain_text("Picture 5 of 5, kept apart to judge by.")
    for _, (x1, y1, x2, y2) in pictures:
        expect(learn).to_be_disabled()
        page.get_by_role("button", name="Next picture").click()
        frame.scroll_into_view_if_needed()
        place = frame.bounding_box()
        assert place
        page.mouse.move(place["x"] + x2 * place["width"], place["y"] + y2 * place["height"])
        page.mouse.down()
        page.mouse.move(place["x"] + x1 * place["width"], place["y"] + y1 * place["height"], steps=2)
        page.mouse.up()
    expect(words).to_contain_text("With boxes: 4 to learn from, 1 to judge by.")
    box = page.locator(".teach-box")
    shown = [round(100 * v) for v in pictures[-1][1]]
    said = [int(v) for v in re.findall(r"\d+", box.get_attribute("aria-label") or "")]
    assert said == pytest.approx(shown, abs=1)
    visit.problems += page.evaluate(STICKING_OUT)

    # By the keyboard: one box more, moved, resized and removed; and a picture from the camera, removed too.
    page.get_by_role("button", name="Box", exact=True).focus()
    page.keyboard.press("Enter")
    box.last.focus()
    for key in ("ArrowLeft", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(box.last).to_have_attribute("aria-label", "Box from 34,35 to 64,67")
    page.keyboard.press("Delete")
    expect(box).to_have_count(1)
    page.get_by_role("button", name="Camera").click()
    page.get_by_role("button", name="Take a picture").click()
    expect(words).to_contain_text("Picture 6 of 6.")
    page.get_by_role("button", name="Camera off").click()
    page.get_by_role("button", name="Remove picture").click()
    expect(words).to_contain_text("Picture 5 of 5, kept apart")

    page.get_by_label("What it is called").fill("disc")
    learn.click()
    visit.has_done(2)
    visit.press("pause")
    visit.reaches("paused")
    with visit.context.expect_page() as opened:
        visit.press("save-live")
    live = opened.value
    live.get_by_role("button", name="Load the detector that you have taught").click()
    expect(live.locator("[role=status]").first).to_contain_text("rectangle, triangle, disc", timeout=60_000)
    visit.close()


@pytest.fixture
def own_pictures(browser: Browser, extension: Any) -> Iterator[Page]:
    """The reader's class alone, on a bare page. `file(name)` gives a blank picture, `choose(files)` takes some."""
    page = browser.new_page(viewport={"width": 900, "height": 1400})
    page.set_content("<!DOCTYPE html><html lang=en><main class=explorer></main>")
    page.add_style_tag(content="\n".join(path.read_text(encoding="utf-8") for path in extension.STYLES))
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in extension.SCRIPTS[:-1])
    page.add_script_tag(content=f"const SIDE = 100;\n{scripts}")
    page.evaluate("""() => {
      readerClass(document.querySelector("main"), () => {});
      window.file = async (name) => {
        const canvas = new OffscreenCanvas(60, 40);
        canvas.getContext("2d"); // transparent
        return new File([await canvas.convertToBlob()], name);
      };
      window.choose = (files) => {
        const chosen = new DataTransfer();
        for (const one of files) chosen.items.add(one);
        const input = document.querySelector("input[multiple]");
        input.files = chosen.files;
        input.dispatchEvent(new Event("change"));
      };
    }""")
    yield page
    page.close()


def test_no_box_is_left_without_a_size(own_pictures: Page) -> None:
    """By a click, by two fingers at once, or by a finger that the system takes over."""
    own_pictures.evaluate("file('a.png').then((one) => choose([one]))")
    words = own_pictures.locator("[role=status]")
    expect(words).to_contain_text("Picture 1 of 1.")
    frame = own_pictures.locator(".teach-photo").bounding_box()
    assert frame
    touch = own_pictures.context.new_cdp_session(own_pictures)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": frame["x"] + x, "y": frame["y"] + y, "id": i} for i, (x, y) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    own_pictures.mouse.click(frame["x"] + 200, frame["y"] + 200)
    fingers("touchStart", (100, 100), (160, 200))
    fingers("touchEnd")
    fingers("touchStart", (50, 60))
    fingers("touchCancel")
    expect(own_pictures.locator(".teach-box")).to_have_count(0)
    fingers("touchStart", (50, 60))
    fingers("touchMove", (90, 120))
    fingers("touchMove", (150, 160))
    fingers("touchEnd")
    expect(own_pictures.locator(".teach-box")).to_have_count(1)
    expect(words).to_contain_text("1 to learn from")


def test_a_box_too_many_is_refused_in_words(own_pictures: Page) -> None:
    own_pictures.evaluate("file('a.png').then((one) => choose([one]))")
    boxes = own_pictures.locator(".teach-box")
    for count in (1, 2, 3, 4, 5, 6, 6):
        own_pictures.get_by_role("button", name="Box", exact=True).click()
        expect(boxes).to_have_count(count)
    expect(own_pictures.locator("[role=status]")).to_have_text("A picture takes 6 boxes, and no more.")


def test_of_many_files_those_that_are_pictures_are_taken(own_pictures: Page) -> None:
    """And let go: a phone's picture takes 200 MB. On white where they are transparent, as the package reads them."""
    own_pictures.evaluate("""async () => {
      window.taken = [];
      const create = createImageBitmap;
      window.createImageBitmap = async (...given) => {
        taken.push(await create(...given));
        return taken.at(-1);
      };
      choose([await file("a.png"), new File(["none"], "b.heic"), await file("c.png")]);
    }""")
    words = own_pictures.locator("[role=status]")
    expect(words).to_have_text("No pictures that this browser reads: b.heic.")
    assert own_pictures.evaluate("taken.map(({ width }) => width)") == [0, 0]  # closed
    assert own_pictures.evaluate("""() => {
      const { data } = document.querySelector(".teach-photo canvas").getContext("2d").getImageData(5, 5, 1, 1);
      return Array.from(data);
    }""") == [255, 255, 255, 255]


def test_what_cannot_be_pressed_yet_looks_so(own_pictures: Page) -> None:
    shown = "button => getComputedStyle(button).opacity"
    learn = own_pictures.get_by_role("button", name="Learn it")
    assert learn.evaluate(shown) == "0.5"
    own_pictures.get_by_role("button", name="Ready made").click()
    assert learn.evaluate(shown) == "1"


def test_the_pen_that_is_chosen_is_shown(own_pictures: Page) -> None:
    pens = own_pictures.get_by_role("group", name="Pen").get_by_role("button")
    pressed = own_pictures.get_by_role("button", pressed=True)
    expect(pressed).to_have_accessible_name("black")
    own_pictures.emulate_media(forced_colors="active")  # here a browser would paint all of them alike
    colours = pens.evaluate_all("all => all.map(pen => getComputedStyle(pen).backgroundColor)")
    assert len(set(colours)) == len(colours) == 5
    pad = own_pictures.locator(".teach-pad")
    assert "gradient" in pad.evaluate("pad => getComputedStyle(pad).backgroundImage")  # a black pen shows on it
    own_pictures.get_by_role("button", name="red").click()
    expect(pressed).to_have_accessible_name("red")


def test_a_second_press_asks_for_no_second_camera(own_pictures: Page) -> None:
    own_pictures.evaluate("""() => {
      window.streams = [];
      Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia: async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        const canvas = document.createElement("canvas");
        setInterval(() => canvas.getContext("2d").fillRect(0, 0, 9, 9), 50);
        streams.push(canvas.captureStream());
        return streams.at(-1);
      } } });
      document.querySelector("main").replaceChildren();
      readerClass(document.querySelector("main"), () => {}); // it asks at the beginning whether there is one
    }""")
    own_pictures.get_by_role("button", name="Camera", exact=True).dblclick()
    own_pictures.get_by_role("button", name="Take a picture").wait_for()
    own_pictures.get_by_role("button", name="Camera off").click()
    own_pictures.wait_for_timeout(300)
    assert own_pictures.evaluate("streams.map((stream) => stream.getTracks()[0].readyState)") == ["ended"]
    expect(own_pictures.locator("video")).to_have_count(0)
    expect(own_pictures.get_by_role("button", name="Camera", exact=True)).to_be_focused()


def test_what_is_kept_of_an_earlier_run_says_nothing_of_the_next(own_pictures: Page) -> None:
    """A phone writes for some time, and a reader starts again meanwhile."""
    assert own_pictures.evaluate("""async () => {
      let written = null;
      window.keepTaught = () => new Promise((resolve) => { written = resolve; });
      window.open = () => window;
      const kept = keptFiles(document.querySelector("main"), { send() {}, say() {} });
      const first = kept.saved({ format: "live", bytes: [], step: 300 });
      kept.forget();
      written();
      await first;
      const next = kept.unsaved(5);
      const second = kept.saved({ format: "live", bytes: [], step: 5 });
      written();
      await second;
      return [next, kept.unsaved(5), kept.unsaved(6)];
    }""") == [True, False, True]


def live_objects(page: Page) -> dict[str, int]:
    """How many nodes, listeners and bitmaps the page keeps, after a collection."""
    browser = page.context.new_cdp_session(page)
    browser.send("HeapProfiler.collectGarbage")
    bitmap = browser.send("Runtime.evaluate", {"expression": "ImageBitmap.prototype"})["result"]["objectId"]
    found = browser.send("Runtime.queryObjects", {"prototypeObjectId": bitmap})["objects"]["objectId"]
    length = {"objectId": found, "functionDeclaration": "function () { return this.length; }", "returnByValue": True}
    counts = {"bitmaps": browser.send("Runtime.callFunctionOn", length)["result"]["value"]}
    browser.send("Runtime.releaseObject", {"objectId": found})
    browser.send("HeapProfiler.collectGarbage")
    counts |= browser.send("Memory.getDOMCounters")
    return counts


def test_the_page_keeps_nothing_of_its_pictures(browser: Browser, address: str) -> None:
    visit = Visit(browser, address)
    visit.trained(6)

    def look(pictures: int) -> dict[str, int]:
        for _ in range(pictures):
            visit.press("next")
        visit.one_step()  # it comes after them
        return live_objects(visit.page)

    before = look(8)
    after = look(40)
    assert after["bitmaps"] <= 2
    assert after["jsEventListeners"] == before["jsEventListeners"]
    assert after["nodes"] < before["nodes"] + 100  # boxes and names of a dozen detections, more or fewer
    visit.close()


def record(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "data" / "runs" / f"{name}.json").read_text(encoding="utf-8"))


def test_in_the_recorded_run_memory_stays() -> None:
    rows = record("page_memory")["rows"]
    assert [row["step"] // 100 for row in rows] == list(range(1, len(rows) + 1))
    assert {row["engine"] for row in rows} == {rows[0]["engine"]}
    steps = rows[-1]["step"] - rows[0]["step"]
    assert rows[-1]["page_collected"] - rows[0]["page_collected"] < 0.001 * steps  # megabytes: the points of the curves
    for what in ("process", "process_collected"):  # it moves up and down, by tens of megabytes
        assert max(row[what] for row in rows) - rows[0][what] < 0.1 * steps


# What threads are begun with, in the worker.
COUNT_THREADS = """
self.begun = 0;
const One = Worker;
self.Worker = function (...given) {
  begun += 1;
  return new One(...given);
};
"""


def test_threads_for_those_who_ask(browser: Browser, site: Path) -> None:
    """Below a path, as a project's pages are: this page alone gets the headers, its losses stay what they were."""
    require((os.cpu_count() or 1) > 1, "one core: no threads to choose")
    script = COUNT_THREADS + (site / "_static" / "live" / "teach_worker.js").read_text(encoding="utf-8")
    losses: dict[bool, dict[int, float]] = {}
    with served(site.parent) as server:
        visit = Visit(browser, f"{server}{site.name}/")
        page = visit.page
        page.on("console", lambda m: visit.problems.append(m.text) if m.type == "warning" else None)
        page.on("dialog", lambda dialog: dialog.accept())  # that what was learned is not saved
        own = {"body": script, "content_type": "text/javascript"}
        page.route(re.compile("/teach_worker.js"), lambda route: route.fulfill(**own))
        for isolated in (False, True):
            assert page.evaluate("crossOriginIsolated") is isolated
            visit.trained(1)
            losses[isolated] = {}
            while visit.steps() < 6:
                visit.one_step()
                losses[isolated][visit.steps()] = float(visit.element.get_attribute("data-loss") or "nan")
            threads = page.evaluate("Math.min(4, navigator.hardwareConcurrency)") if isolated else 1
            assert page.workers[0].evaluate("begun") == threads - 1
            expect(page.locator(".explorer-facts")).to_contain_text(re.compile(rf"threads\s*\d+, {threads}(?!\d)"))
            page.goto(f"{server}{site.name}/{PAGE}.html?seed=1")
            with page.expect_navigation():
                visit.press("threads")
            visit.reaches("idle")
        assert not page.evaluate("crossOriginIsolated")
        with page.expect_navigation():
            visit.press("threads")
        page.goto(f"{server}{site.name}/other.html")
        assert not page.evaluate("crossOriginIsolated")
        assert page.evaluate("navigator.serviceWorker.controller") is None
        visit.close()
    both = losses[False].keys() & losses[True].keys()
    assert len(both) > 1
    for step in both:
        assert losses[True][step] == pytest.approx(losses[False][step], rel=1e-3)


def test_what_did_not_load_is_loaded_at_the_next_press(browser: Browser, address: str) -> None:
    visit = Visit(browser, address)
    visit.context.set_offline(True)
    visit.press("start")
    visit.reaches("failed")
    visit.says("It did not load")
    visit.problems.clear()
    visit.context.set_offline(False)
    expect(visit.page.locator("[data-action=start]")).to_have_text("Try again")
    visit.press("start")
    visit.page.keyboard.press("Enter")  # a second press begins nothing more
    visit.has_done(1)
    assert len(visit.page.workers) == 1
    visit.close()


def test_a_keyboard_stays_among_the_buttons(browser: Browser, address: str) -> None:
    """Enter starts, pauses, and goes on, without a Tab in between."""
    visit = Visit(browser, address)
    visit.press("start")
    visit.has_done(1)
    visit.page.keyboard.press("Enter")
    visit.reaches("paused")
    visit.page.keyboard.press("Enter")
    visit.reaches("training")
    visit.close()


def test_it_asks_before_what_is_not_saved_is_lost(browser: Browser, address: str) -> None:
    visit = Visit(browser, address)
    page = visit.page
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()  # stay

    page.on("dialog", answer)
    visit.trained(1)
    with page.expect_event("dialog"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]
    visit.press("save-live")
    visit.says("keeps it there")
    page.bring_to_front()  # what is said beside the buttons changes with the next frame, and a tab behind has none
    expect(page.locator(".teach-files")).to_contain_text("Nothing is unsaved")
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]
    visit.close()


def test_what_a_browser_keeps_not_is_said(browser: Browser, address: str) -> None:
    visit = Visit(browser, address)
    page = visit.page
    page.evaluate("() => { caches.open = () => Promise.reject(new Error('the quota is used up')); }")
    visit.trained(1)
    visit.press("save-live")
    visit.says("keeps nothing for this page (the quota is used up)")
    expect(page.locator(".teach-files")).to_contain_text("Not saved yet")
    visit.close()


def test_webgpu_is_left_out_while_its_losses_are_others() -> None:
    losses = record("page_webgpu")
    assert losses["webgpu"]["classes"] != pytest.approx(losses["wasm"]["classes"], rel=1e-3)


@pytest.mark.parametrize("where", list(RECORDS))
def test_in_the_recorded_runs_it_was_good_within_two_minutes(where: str) -> None:
    name, kinds = RECORDS[where]
    found = record(name)
    for kind in kinds:
        good, runs = found[kind]["good"], found[kind]["runs"]
        assert [run["seed"] for run in runs] == list(SEEDS[kind])
        for run in runs:
            assert run["state"] == "done"
            assert min(row["processor_seconds"] for row in run["judged"] if row["ap50"] >= good) < 120


def test_the_files_it_saves_open_in_the_live_detector(functions: Page) -> None:
    classes = functions.evaluate("""async () => {
      const network = await fetchBytes("network.onnx", () => {});
      const own = withWeights(network, state, { classes: ["circle", "rectangle", "triangle", "face"] });
      const detector = await openDetector(engine, own);
      return detector.classes;
    }""")
    assert classes == ["circle", "rectangle", "triangle", "face"]


def test_from_a_folder_it_says_how_to_serve_it(browser: Browser, site: Path) -> None:
    visit = Visit(browser, f"{site.as_uri()}/")
    expect(visit.page.locator("[role=status]").first).to_contain_text("python -m http.server")
    assert visit.page.locator("[data-action=start], [data-action=threads]").count() == 0
    visit.close()


def test_only_this_page_has_the_script(site: Path) -> None:
    assert "teach.js" in (site / f"{PAGE}.html").read_text(encoding="utf-8")
    assert "live/" not in (site / "other.html").read_text(encoding="utf-8")
