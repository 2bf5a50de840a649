"""The page: it holds what it is about, needs nothing from outside, and says what to do next."""

import argparse
import itertools
import json
import os
import re
import signal
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import Rectangles, small_dsod, write_voc

from dsod_lite import __main__, dsod_tiny, predict
from dsod_lite.commands import learn as learn_command
from dsod_lite.datasets import arrange_folder
from dsod_lite.report.advice import advice
from dsod_lite.report.report import AT_MOST, Judged, Learned, curve, seen, write_report
from dsod_lite.support.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core
COSTS = dict.fromkeys(("class", "place", "both", "duplicate", "background", "missed"), 0.0)
NOTHING = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64), "scores": torch.zeros(0)}


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


def learned(pictures: Any, found: list[dict[str, Any]], **fields: Any) -> Learned:
    judged = Judged("test", pictures, found, [pictures[i][1] for i in range(len(pictures))])
    return Learned(
        title="A detector", model=small_dsod(), classes=("red", "blue"), train_set=Rectangles(4), threshold=0.3,
        history=[{"epoch": 1, "loss": 2.0, "val_ap50": 0.1}], judged=judged, minutes=1.0, command="detect", **fields,
    )  # fmt: skip


def test_difficult_objects_count_nowhere_on_the_page(tmp_path: Path) -> None:
    """The first object of each picture is found; of the others, which are difficult, one is found twice."""
    pictures = Rectangles(4)
    found = []
    for _, target in pictures.items:
        target["difficult"] = torch.arange(len(target["labels"])) > 0
        found.append({key: target[key][:1] for key in ("boxes", "labels")} | {"scores": torch.tensor([0.9])})
    twice = {key: torch.cat([found[1][key], *[pictures.items[1][1][key][1:]] * 2]) for key in ("boxes", "labels")}
    found[1] = twice | {"scores": torch.tensor([0.9, 0.8, 0.7])}
    said = write_report(learned(pictures, found), tmp_path / "report.html")
    assert (said["AP50"], said["precision"], said["recall"]) == (1.0, 1.0, 1.0)
    assert set(said["costs"].values()) == {0.0}
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    for heading in ("The worst false alarms", "Missed objects"):
        assert re.search(f"<h2>{heading}</h2>(<p>[^<]*</p>)?<p>None.</p>", text), heading


def test_one_picture_without_an_object_is_judged_in_words(tmp_path: Path) -> None:
    pictures = Rectangles(1)
    pictures.items[0][1].update(boxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.int64))
    assert write_report(learned(pictures, [NOTHING]), tmp_path / "report.html")["interval"] == [None, None]
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "nan" not in re.sub(r"<script.*?</script>|<table.*?</table>|<style.*?</style>", "", text, flags=re.DOTALL)
    assert "On 1 picture (test) by which the best epoch was chosen" in text  # there is no other list
    assert "No picture has an object." in text


def test_with_many_classes_the_page_stays_small_and_says_what_it_lacks(tmp_path: Path) -> None:
    pictures, sizes = Rectangles(2), {}
    for count in (2, 200):
        names = tuple(f"species {i}" for i in range(count))
        page_of = learned(pictures, [NOTHING] * 2)
        page_of.classes, page_of.model = names, dsod_tiny(num_classes=count + 1)
        write_report(page_of, tmp_path / "report.html")
        sizes[count] = (tmp_path / "report.html").stat().st_size
        text = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert ("with 200 classes it is too large for a page" in text) == (count == 200)
        assert 'id="curve"' in text
        assert 'id="answers"' in text
        assert ('id="live"' in text) == (count == 2)
    assert max(sizes.values()) < 8e6


class Counted(Rectangles):
    """Knows how many of its pictures are held by others at most."""

    most, held = 0, 0

    def __getitem__(self, index: int) -> Any:
        image, target = super().__getitem__(index)
        image = image.clone()
        weakref.finalize(image, self.gone)
        self.held += 1
        self.most = max(self.most, self.held)
        return image, target

    def gone(self) -> None:
        self.held -= 1


def test_the_curve_is_drawn_from_pictures_one_by_one_and_says_if_these_are_not_all() -> None:
    """A telephone's have 144 MB each as floats."""
    pictures = Counted(AT_MOST + 3)
    said = curve(learned(pictures, [NOTHING] * len(pictures)))
    assert said[0].startswith("<p>The first 60 of the 63 pictures; ")
    assert pictures.most <= 2
    assert len(curve(learned(Rectangles(3), [NOTHING] * 3))) == 1


def test_a_broken_picture_that_training_put_up_with_ends_no_page() -> None:
    class Broken(Rectangles):
        def __getitem__(self, index: int) -> Any:
            if index == 0:
                raise DataError("0.jpg: cannot be read as a picture")
            return super().__getitem__(index)

    page_of = learned(Rectangles(1), [])
    page_of.train_set = Broken(4)
    assert seen(page_of).count("<figure>") == 3


def said(**changes: Any) -> dict[str, Any]:
    return {"AP50": 0.6, "interval": [0.55, 0.65], "pictures": 100, "costs": COSTS} | changes


def test_advice_is_about_what_is_wrong() -> None:
    many, few = range(1000), range(50)
    rising = [{"val_ap50": value} for value in (0.1, 0.2, 0.3, 0.4, 0.5)]
    flat = [{"val_ap50": 0.5}] * 5
    assert "twice the minutes" in " ".join(advice(said(), rising, many, 0))
    assert "stopped rising" in " ".join(advice(said(), flat, many, 0))
    assert "50 pictures" in " ".join(advice(said(), flat, few, 0))
    assert "Look at the label that" in advice(said(), flat, many, 1)[0]
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
                                      "--output", str(tmp_path / "my run"), "--device", "cpu", *start])  # fmt: skip
    torch.manual_seed(0)
    with monkeypatch.context() as patch:  # stopped while it judges; the same call goes on
        patch.setattr(learn_command, "judge", lambda *_: os.kill(os.getpid(), signal.SIGINT))
        assert __main__.main() == 130
    assert "the same call goes on from there" in capsys.readouterr().err
    begun = (tmp_path / "my run/best.pt").stat().st_mtime_ns
    assert __main__.main() == 0
    assert (tmp_path / "my run/best.pt").stat().st_mtime_ns == begun
    out = capsys.readouterr().out
    assert "15 pictures with labels (yolo)" in out
    assert ("shapes_tiny.pt; at random: network.head.logits" in out) == (not start)
    assert "report.html" in out
    text = (tmp_path / "my run/report.html").read_text(encoding="utf-8")
    assert f"--checkpoint &#x27;{(tmp_path / 'my run/best.pt').as_posix()}&#x27; --output" in text  # for a shell
    assert len(text) > 50_000
    numbers = json.loads((tmp_path / "my run/report.json").read_text())
    assert (numbers["split"], numbers["pictures"]) == ("test", 3)
    assert __main__.main() == 2  # a run is not written over
    assert "holds a run already" in capsys.readouterr().err


def test_a_setting_that_cannot_be_leaves_nothing_in_the_next_calls_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor in that of one with other pictures."""
    roots = [write_voc(tmp_path / f"voc{seed}", train=Rectangles(8 + seed)) for seed in range(2)]
    wrong = ((["--minutes", "0"], "minutes is 0.0"), (["--start-from", "no.pt"], "no such checkpoint"))
    for root, (words, said) in itertools.product(roots, wrong):
        monkeypatch.setattr(sys, "argv", ["dsod_lite/__main__.py", "learn", str(root), "--output",
                                          str(tmp_path / "run"), "--device", "cpu", *words])  # fmt: skip
        assert __main__.main() == 2
        assert said in capsys.readouterr().err


def test_a_call_that_was_killed_goes_on_with_its_own_pictures_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed before its first checkpoint it begins anew; after it, pictures and labels must be the same."""
    root, run = write_voc(tmp_path / "voc", train=Rectangles(8)), tmp_path / "run"

    def learn(folder: Path, checkpoint: bool) -> str:
        """How it ends before or after its first checkpoint, and what it then says."""

        def killed(_: Any) -> None:
            if checkpoint:
                (run / "checkpoint.pt").write_bytes(b"")
            raise DataError("killed")

        monkeypatch.setattr(learn_command.train, "run", killed)
        monkeypatch.setattr(sys, "argv", ["dsod_lite/__main__.py", "learn", str(folder), "--output", str(run)])
        assert __main__.main() == 2
        return capsys.readouterr().err

    assert "killed" in learn(root, checkpoint=False)
    (run / "pictures/JPEGImages").rename(run / "pictures/moved")
    assert "killed" in learn(root, checkpoint=True)
    assert (run / "pictures/JPEGImages").is_dir()  # they were divided anew
    moved = root.rename(tmp_path / "elsewhere")
    assert "killed" in learn(moved, checkpoint=True)
    label = next((moved / "Annotations").iterdir())
    label.write_text(label.read_text().replace("<xmin>", "<xmin>1"))
    assert "holds a run on other pictures or labels; name another" in learn(moved, checkpoint=True)
    (run / "checkpoint.pt").unlink()
    (run / "pictures.sha256").unlink()
    assert "holds a run on other pictures" in learn(moved, checkpoint=True)  # nobody's but the user's
    assert (run / "pictures/JPEGImages").is_dir()


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


@pytest.mark.parametrize(("augmentation", "mosaic"), [("light", 0.5), ("upless", 0.0)])
def test_under_a_microscope_no_picture_is_made_of_four(augmentation: str, mosaic: float, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    learn_command.add_arguments(parser)
    args = parser.parse_args(["cells", "--augmentation", augmentation])
    asked = learn_command.train_arguments(args, "cells", ["train", "val"], tmp_path)
    assert (asked.augmentation, asked.copy_paste, asked.mosaic) == (augmentation, 0.5, mosaic)
