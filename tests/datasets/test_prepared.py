"""The prepared copy of a folder: smaller pictures, the same objects, whole or not there at all."""

import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from folders import add, xml
from PIL import Image

from dsod_lite import __main__
from dsod_lite.datasets import DataError, VOCDataset, check_folder, prepare_folder, read_image
from dsod_lite.datasets.folder_tools.prepared import prepare_picture

ORIENTATION = 0x0112


def folder(root: Path, **pictures: Image.Image) -> Path:
    """A folder in VOC's layout with pictures of any size, an object in each, and a list `train`."""
    for name, picture in pictures.items():
        add(root, name, [])
        picture.save(root / "JPEGImages" / f"{name}.jpg", quality=95, exif=picture.getexif())
        upright = Image.open(root / "JPEGImages" / f"{name}.jpg")
        turned = upright.getexif().get(ORIENTATION, 1) > 4
        size = (upright.height, upright.width) if turned else upright.size
        box = (size[0] // 4, size[1] // 4, size[0] // 2, size[1])
        (root / "Annotations" / f"{name}.xml").write_text(xml([("cat", *box, 1)], size))
    (root / "ImageSets/Main/train.txt").write_text("".join(f"{name}\n" for name in pictures))
    return root


def ramp(width: int, height: int) -> Image.Image:
    """Red grows from left to right, green from top to bottom."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)
    pixels[..., 1] = np.linspace(0, 255, height)[:, None]
    return Image.fromarray(pixels)


def test_large_pictures_shrink_with_their_boxes_and_small_ones_are_copied(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", large=ramp(900, 600), tall=ramp(200, 500), small=ramp(120, 90))
    done = prepare_folder(source, tmp_path / "out", size=100)
    assert done[:2] == (3, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # sizes in the annotations agree, no box reaches out
        dataset = VOCDataset(tmp_path / "out")
    assert dataset.sizes == [(150, 100), (100, 250), (120, 90)]
    boxes = torch.stack([dataset[i][1]["boxes"][0] for i in range(3)])
    expected = [[37.5, 25, 75, 100], [25, 62.5, 50, 250], [30, 22, 60, 90]]
    torch.testing.assert_close(boxes, torch.tensor(expected))
    assert all(dataset[i][1]["difficult"].all() for i in range(3))
    assert check_folder(tmp_path / "out") == []
    for name in ("JPEGImages/small.jpg", "Annotations/small.xml", "ImageSets/Main/train.txt"):
        assert (tmp_path / "out" / name).read_bytes() == (source / name).read_bytes()


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("size", [40, 100, 290])  # decoded at a quarter, at a half, as a whole
def test_a_shrunk_photograph_shows_the_same_upright(tmp_path: Path, orientation: int, size: int) -> None:
    picture = ramp(400, 300)
    picture.getexif()[ORIENTATION] = orientation
    source = folder(tmp_path / "in", photo=picture)
    prepare_folder(source, tmp_path / "out", size=size)
    before, after = (read_image(tmp_path / side / "JPEGImages/photo.jpg").float() for side in ("in", "out"))
    assert min(after.shape[1:]) == size
    resized = torch.nn.functional.interpolate(before[None], after.shape[1:], mode="bilinear", antialias=True)[0]
    assert (after - resized).abs().mean() < 2
    assert not Image.open(tmp_path / "out/JPEGImages/photo.jpg").getexif().get(ORIENTATION)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK"])
def test_pictures_of_every_kind_become_rgb(tmp_path: Path, mode: str) -> None:
    suffix = ".jpg" if mode in ("L", "CMYK") else ".png"
    path = tmp_path / f"picture{suffix}"
    ramp(300, 200).convert(mode).save(path)
    (tmp_path / "out").mkdir()
    written = prepare_picture(path, tmp_path / "out", 64)
    assert written.name == "picture.jpg"
    with Image.open(written) as image:
        assert (image.mode, image.size) == ("RGB", (96, 64))


def test_all_else_in_an_annotation_is_kept(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", a=ramp(400, 200))
    text = (
        "<annotation><filename>a.jpg</filename><size><width>400</width><height>200</height></size>"
        "<object><name>person</name><pose>Left</pose><bndbox><xmin>40</xmin><ymin>20</ymin><xmax>80</xmax>"
        "<ymax>60</ymax></bndbox><part><name>head</name><bndbox><xmin>50</xmin><ymin>20</ymin><xmax>60</xmax>"
        "<ymax>30</ymax></bndbox></part></object></annotation>"
    )
    (source / "Annotations/a.xml").write_text(text)
    prepare_folder(source, tmp_path / "out", size=50)
    halves = {"400": "100", "200": "50"} | {str(n): f"{n / 4:.2f}" for n in (20, 30, 40, 50, 60, 80)}
    expected = text
    for old, new in halves.items():
        expected = expected.replace(f">{old}<", f">@{new}<")
    assert (tmp_path / "out/Annotations/a.xml").read_text() == expected.replace("@", "")


def test_what_cannot_be_prepared_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", a=ramp(300, 200), b=ramp(300, 200))
    whole = (source / "JPEGImages/b.jpg").read_bytes()

    def refused(match: str) -> None:
        with pytest.raises(DataError, match=match):
            prepare_folder(source, tmp_path / "out", size=64)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]

    (source / "JPEGImages/b.jpg").write_bytes(whole[:50])
    refused(r"b\.jpg: cannot be read as a picture")
    (source / "JPEGImages/b.jpg").unlink()
    refused(r"b\.jpg: there is no such picture")
    (source / "JPEGImages/b.jpg").write_bytes(whole)
    (source / "Annotations/b.xml").write_text("<annotation><object></object></annotation>")
    refused(r"b\.xml: object 0: name: is missing")
    for path in (source / "Annotations").iterdir():
        path.unlink()
    for path in (source / "ImageSets/Main").iterdir():
        path.unlink()
    refused("in: 2 pictures, and no labels that are known")


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", a=ramp(300, 200))
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="out: is there already"):
        prepare_folder(source, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(ValueError, match="size is 3"):
        prepare_folder(source, tmp_path / "other", size=3)


KILLED = """
import os, signal, sys
from dsod_lite.datasets.folder_tools import prepared

def write(picture, *rest, write_scaled=prepared.write_scaled):
    if picture.name == "b":
        os.kill(os.getpid(), signal.SIGKILL)
    write_scaled(picture, *rest)

prepared.write_scaled = write
prepared.prepare_folder(sys.argv[1], sys.argv[2], size=64)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_halfway_it_leaves_no_folder_that_looks_whole(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", a=ramp(300, 200), b=ramp(300, 200), c=ramp(300, 200))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", KILLED, str(source), str(tmp_path / "out")]
    assert subprocess.run(command, env=environment).returncode == -signal.SIGKILL
    assert list(tmp_path.glob("out.part-*/Annotations/a.xml"))  # it was at work
    assert not (tmp_path / "out").exists()
    assert prepare_folder(source, tmp_path / "out", size=64).shrunk == 3  # and it can be done again


def test_the_command_says_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = folder(tmp_path / "in", a=ramp(300, 200), b=ramp(60, 40))
    words = ["prepare", str(source), "--to", str(tmp_path / "out"), "--size", "64"]
    monkeypatch.setattr(sys, "argv", ["dsod_lite/__main__.py", *words])
    assert __main__.main() == 0
    assert f"{tmp_path / 'out'}: 2 pictures, 1 of them shrunk; " in capsys.readouterr().out
    assert __main__.main() == 2
    assert "is there already" in capsys.readouterr().err
