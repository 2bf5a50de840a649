"""`detect` on videos: drawn frame by frame, with their seconds, as a player shows them."""

import importlib.util
import json
import signal
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from tiny import Rectangles, same, small_dsod
from torchvision.transforms.v2 import functional as transforms

from dsod_lite import Detector, __main__, save_model
from dsod_lite.deploy.video import Frame, read_frames, video_writer
from dsod_lite.support.errors import DataError


def call(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr("sys.argv", ["dsod_lite/__main__.py", *map(str, words)])
    return __main__.main()


def clip(path: Path, seconds: list[float], size: int = 64) -> list[torch.Tensor]:
    """Writes a video of rectangles; returns its frames as they were before the encoder."""
    items = Rectangles(len(seconds), size).items
    pictures = [transforms.to_dtype(image, torch.uint8, scale=True) for image, _ in items]
    with video_writer(path) as video:
        for time, picture in zip(seconds, pictures, strict=True):
            video.write(Frame(time, picture))
    return pictures


@pytest.fixture
def run(tmp_path: Path) -> Path:
    save_model(tmp_path / "own.pt", small_dsod(), ["red", "blue"], 0.02)
    return tmp_path / "own.pt"


def test_each_frame_is_drawn_and_listed(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [0.0, 0.1, 0.2, 0.5, 0.6]  # of a telephone, which takes longer in the dark
    clip(tmp_path / "walk.MP4", times)
    out = tmp_path / "out"
    assert call(monkeypatch, "detect", tmp_path / "walk.MP4", "--checkpoint", run, "--output", out) == 0
    assert "5 frames → " in capsys.readouterr().out
    found = json.loads((out / "detections.json").read_text())["walk.mp4"]
    assert (found["width"], found["height"]) == (64, 64)
    assert [frame["seconds"] for frame in found["frames"]] == times
    ours = list(read_frames(tmp_path / "walk.MP4"))
    detector = Detector(run)
    for frame, listed in zip(ours, found["frames"], strict=True):
        assert [one["class"] for one in listed["objects"]] == [one.name for one in detector.find(frame.picture)]
    assert any(frame["objects"] for frame in found["frames"])
    drawn = list(read_frames(out / "walk.mp4"))
    assert [round(frame.time, 3) for frame in drawn] == times
    assert drawn[0].picture.shape == (3, 512, 512)  # small pictures are drawn larger
    assert list(out.glob("*.part")) == []


def test_a_video_that_is_stopped_is_kept_as_far_as_it_came(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip(tmp_path / "walk.mp4", [0.0, 0.1, 0.2, 0.3, 0.4])
    looks, look = [], Detector.detections

    def stopped_at_the_third(self: Detector, picture: torch.Tensor) -> Any:
        looks.append(picture)
        if len(looks) == 3:
            signal.raise_signal(signal.SIGTERM)
        return look(self, picture)

    monkeypatch.setattr(Detector, "detections", stopped_at_the_third)
    out = tmp_path / "out"
    assert call(monkeypatch, "detect", tmp_path / "walk.mp4", "--checkpoint", run, "--output", out) == 143
    assert len(json.loads((out / "detections.json").read_text())["walk.mp4"]["frames"]) == 3
    assert len(list(read_frames(out / "walk.mp4"))) == 3


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    pictures = clip(tmp_path / "a.mp4", [0.0, 0.04, 0.08], size=63)  # an odd side
    for frame, picture in zip(read_frames(tmp_path / "a.mp4"), pictures, strict=True):
        assert frame.picture.dtype == torch.uint8
        there = frame.picture[:, :63, :63].float()
        assert (there - picture.float()).abs().mean() < 16  # the encoder's loss; of another frame it is 40


@pytest.mark.parametrize("far", [1e5, 1e15])
def test_a_frame_that_says_it_comes_in_days_is_written_all_the_same(far: float, tmp_path: Path) -> None:
    clip(tmp_path / "a.mp4", [0.0, 0.04, far])
    assert len(list(read_frames(tmp_path / "a.mp4"))) == 3


def test_seconds_are_those_from_the_first_frame_on(tmp_path: Path) -> None:
    """A camera's MPEG may begin hours after zero; no player waits for hours then."""
    clip(tmp_path / "a.mp4", [0.0, 0.04, 0.08])
    with av.open(str(tmp_path / "a.mp4")) as source, av.open(str(tmp_path / "a.mkv"), "w") as later:
        stream = later.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.pts, packet.dts = (value + int(7200 / packet.time_base) for value in (packet.pts, packet.dts))
                packet.stream = stream
                later.mux(packet)
    with av.open(str(tmp_path / "a.mkv")) as later:
        assert next(later.decode(video=0)).time > 7000
    assert [round(frame.time, 2) for frame in read_frames(tmp_path / "a.mkv")] == [0.0, 0.04, 0.08]


def test_a_telephone_that_was_held_upright(tmp_path: Path) -> None:
    """It stores lying frames, and by how much they are to be turned against the clock."""
    lying = np.zeros((64, 96, 3), np.uint8)
    lying[:, :32] = 255  # white on the left, so below after a quarter turn against the clock
    with av.open(str(tmp_path / "up.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.set_display_rotation(90)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(lying, format="rgb24")))
        container.mux(stream.encode(None))
    (frame,) = read_frames(tmp_path / "up.mp4")
    assert frame.picture.shape == (3, 96, 64)
    assert frame.picture[:, 70:].min() > 200
    assert frame.picture[:, :58].max() < 50


def test_a_video_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "whole.mkv"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        noise = np.random.default_rng(0).integers(0, 255, (8, 64, 64, 3), np.uint8)
        for picture in noise:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    whole = (tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "half.mkv").write_bytes(whole[: len(whole) // 2])
    read = list(read_frames(tmp_path / "half.mkv"))
    assert 0 < len(read) < 8
    first = next(iter(read_frames(tmp_path / "whole.mkv")))
    assert same(read[0].picture, first.picture)


@pytest.mark.parametrize("content", [b"no video at all", b""])
def test_what_is_no_video_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.mp4: cannot be read as a video"):
        list(read_frames(tmp_path / "broken.mp4"))


def test_a_broken_video_is_left_out(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video at all")
    clip(tmp_path / "sound.mp4", [0.0, 0.1])
    both = (tmp_path / "broken.mp4", tmp_path / "sound.mp4")
    assert call(monkeypatch, "detect", *both, "--checkpoint", run, "--output", tmp_path / "out") == 1
    assert "left out: " in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["detections.json", "sound.mp4"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--output", "{tmp}/out", "--format", "yolo"], "clip.mp4 is a video, which has no labels"),
        (["--output", "{tmp}"], "clip.mp4 would be painted over"),
    ],
)
def test_what_does_not_go_with_a_video(
    words: list[str], said: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    clip(tmp_path / "clip.mp4", [0.0])
    before = (tmp_path / "clip.mp4").read_bytes()
    given = [word.format(tmp=tmp_path) for word in words]
    assert call(monkeypatch, "detect", tmp_path / "clip.mp4", "--checkpoint", run, *given) == 2
    assert said in capsys.readouterr().err
    assert (tmp_path / "clip.mp4").read_bytes() == before


def test_without_pyav_it_says_what_to_install(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"")
    find = importlib.util.find_spec

    def without(name: str, *rest: Any) -> Any:
        return None if name == "av" else find(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    assert call(monkeypatch, "detect", tmp_path / "clip.mp4", "--checkpoint", run, "--output", tmp_path / "out") == 2
    assert "videos need PyAV: pip install av" in capsys.readouterr().err
