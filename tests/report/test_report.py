"""The page: it holds what it is about, needs nothing from outside, and says what to do next."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import Rectangles, small_dsod, write_voc

from dsod_lite import __main__, predict
from dsod_lite.commands import learn as learn_command
from dsod_lite.datasets import arrange_folder
from dsod_lite.report.advice import advice
from dsod_lite.report.report import Judged, Learned, write_report

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core
COSTS = dict.fromkeys(("class", "place", "both", "duplicate", "background", "missed"), 0.0)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    model, pictures = small_dsod(), Rectangles(4)
    names = ("<b>red</b>", "blue")
    pictures.classes = names  # type: ignore[assignment]
    pictures.sizes = [(64, 64)] * 4  # type: ignore[attr-defined]
    pictures.names[0] = "</script><script>alert(1)</script>"
    pictures.names[1] = "\udcff"  # of a file whose name is no text
    found = predict(model, pictures, progress=False)
    learned = Learned(
        title="A detector of <b>red</b>", model=model, classes=names, train_set=Rectangles(4, augment=True),
        history=[{"epoch": 1, "loss": 2.0, "val_ap50": 0.1}], threshold=0.3, judged=Judged("test", pictures, *found),
        minutes=1.0, command="detect PICTURES", defects=["a.xml: <object>"], priors=["class  objects"],
    )  # fmt: skip
    said = write_report(learned, folder / "report.html")
    (folder / "said.json").write_text(json.dumps(said))
    return folder / "report.html"


def test_the_page_needs_nothing_from_outside(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(text) < 8e6
    assert re.findall(r"""(?:src|href)=["'](?!data:)[^"']+""", text) == []
    assert "import(" not in text
    assert not re.search(r"@import|url\((?!data:)", text)
    assert text.count("alert(1)</script>") == 0  # a name runs nothing
    assert "&lt;b&gt;red&lt;/b&gt;" in text


def test_the_page_has_its_numbers(page: Path) -> None:
    said = json.loads((page.parent / "said.json").read_text())
    assert said["split"] == "test"
    assert 0 <= said["interval"][0] <= said["AP50"] <= said["interval"][1] <= 1
    text = page.read_text(encoding="utf-8")
    assert f"{said['AP50']:.2f}" in text
    for heading in ("What to do next", "Try it", "Precision and recall", "Missed objects", "Labels to look at again"):
        assert f"<h2>{heading}</h2>" in text


def test_the_explorers_answer_in_the_page(page: Path, browser: Any) -> None:
    tab = browser.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(page.as_uri())
    tab.wait_for_selector(".explorer >> nth=2")
    tab.wait_for_function("document.querySelector('#live .explorer-facts').textContent.includes('One picture')")
    assert errors == []
    tab.close()


def said(**changes: Any) -> dict[str, Any]:
    return {"AP50": 0.6, "interval": [0.55, 0.65], "pictures": 100, "costs": COSTS} | changes


def test_advice_is_about_what_is_wrong() -> None:
    many, few = range(1000), range(50)
    rising = [{"val_ap50": value} for value in (0.1, 0.2, 0.3, 0.4, 0.5)]
    flat = [{"val_ap50": 0.5}] * 5
    assert "twice the minutes" in " ".join(advice(said(), rising, many, 0))
    assert "stopped rising" in " ".join(advice(said(), flat, many, 0))
    assert "50 pictures" in " ".join(advice(said(), flat, few, 0))
    assert "the 7 labels" in advice(said(), flat, many, 7)[0]
    assert "larger" in " ".join(advice(said(costs=COSTS | {"missed": 0.2}), flat, many, 0))
    assert "anywhere between 0.20 and 0.80" in " ".join(advice(said(interval=[0.2, 0.8]), flat, many, 0))
    assert advice(said(AP50=0.95), flat, few, 0) == [advice(said(AP50=0.95), flat, few, 0)[0]]
    assert advice(said(interval=[None, None], AP50=float("nan")), [], many, 0) == []


@pytest.mark.parametrize("start", [[], ["--start-from", "random"]])
def test_one_line_from_labels_to_a_page(
    start: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With labels in YOLO's format, not divided; from the drawn shapes' weights, or a small detector's random ones."""
    voc = write_voc(tmp_path / "voc", train=Rectangles(15))
    arrange_folder([voc], tmp_path / "yolo", val=0, test=0, format="yolo")
    small = lambda num_classes, image_size: small_dsod(num_classes=num_classes, image_size=image_size)  # noqa: E731
    if start:
        monkeypatch.setitem(learn_command.train.named.MODELS, "dsod_tiny", small)
    monkeypatch.setattr(sys, "argv", ["dsod_lite/__main__.py", "learn", str(tmp_path / "yolo"), "--minutes", "0.01",
                                      "--output", str(tmp_path / "run"), "--device", "cpu", *start])  # fmt: skip
    torch.manual_seed(0)
    assert __main__.main() == 0
    out = capsys.readouterr().out
    assert "15 pictures with labels (yolo)" in out
    assert ("shapes_tiny.pt; at random: network.head.logits" in out) == (not start)
    assert "report.html" in out
    assert (tmp_path / "run/report.html").stat().st_size > 50_000
    numbers = json.loads((tmp_path / "run/report.json").read_text())
    assert (numbers["split"], numbers["pictures"]) == ("test", 3)
    assert __main__.main() == 2  # a run is not written over
    assert "holds a run already" in capsys.readouterr().err


@pytest.mark.parametrize(("count", "said"), [(3, "3 pictures, 2 of them copies of another:"), (1, "1 picture:")])
def test_pictures_that_leave_none_to_judge_by_are_refused_before_training(
    count: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = Rectangles(count)
    pictures.items = pictures.items[:1] * count
    root = write_voc(tmp_path / "voc", train=pictures)
    monkeypatch.setattr(sys, "argv", ["dsod_lite/__main__.py", "learn", str(root), "--output", str(tmp_path / "run")])
    for _ in range(2):  # nothing is left behind that would be in the way
        assert __main__.main() == 2
        assert f"{said} that leaves none to judge the detector by" in capsys.readouterr().err
