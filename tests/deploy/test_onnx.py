"""The network in other forms: compiled, as an exported program, and as ONNX in an engine that is not PyTorch."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from networks import difference, lived_in
from PIL import Image, ImageOps
from tiny import Rectangles, quick

from dsod_lite import DSOD, dsod300, dsod_tiny, train
from dsod_lite.__main__ import build_parser
from dsod_lite.commands import COMMANDS
from dsod_lite.deploy.onnx import export_detector, export_onnx
from dsod_lite.support.errors import MissingPackage
from dsod_lite.weights.checkpoint import config_from_dict

exports = pytest.mark.skipif(torch.__version__.startswith("2.6."), reason="export needs torch 2.7")


def batch_for(model: DSOD, pictures: int = 1) -> torch.Tensor:
    side = model.config.image_size
    return torch.randn(pictures, 3, side, side, generator=torch.Generator().manual_seed(1))


def run_onnx(path: Path, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answers: list[Any] = session.run(["offsets", "logits"], {"pictures": batch.numpy()})
    return tuple(map(torch.from_numpy, answers))


def test_compiled() -> None:
    model = lived_in(dsod_tiny(4, 64, block_layers=(1, 1, 1, 1)))  # each layer more is compiled for seconds
    batch = batch_for(model)
    with torch.no_grad():
        assert difference(torch.compile(model.network)(batch), model.network(batch)) < 1e-4


def test_exported_program() -> None:
    model = lived_in(dsod300())
    batch = batch_for(model)
    program = torch.export.export(model.network, (batch,))
    with torch.no_grad():
        assert difference(program.module()(batch), model.network(batch)) < 1e-4


@exports
@pytest.mark.parametrize("make", [dsod300, lambda: dsod_tiny(4, 64)], ids=["dsod300", "dsod_tiny"])
def test_onnx_runtime_gives_the_networks_answers(make: Any, tmp_path: Path) -> None:
    model = lived_in(make())
    path = tmp_path / "model.onnx"
    export_onnx(model, path)
    for pictures in (1, 3) if model.config.image_size < 100 else (1,):  # exported once, for batches of any size
        batch = batch_for(model, pictures)
        with torch.no_grad():
            assert difference(run_onnx(path, batch), model.network(batch)) < 1e-4


@exports
def test_the_command_writes_what_a_reader_of_the_file_needs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, data = dsod_tiny(3, 64), Rectangles(8)
    train(model, data, None, quick(epochs=1), tmp_path / "run")
    words = ["export", "--checkpoint", str(tmp_path / "run"), str(tmp_path / "out.onnx")]
    args = build_parser().parse_args(words)
    assert COMMANDS[args.command].run(args) == 0
    assert str(Path(torch.__file__).parent).encode() not in (tmp_path / "out.onnx").read_bytes()  # no traces of here
    session = onnxruntime.InferenceSession(tmp_path / "out.onnx", providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    config = json.loads(about["config"])
    tuples: Any = lambda v: tuple(map(tuples, v)) if isinstance(v, list) else v  # noqa: E731  # JSON has lists only
    config = {key: tuples(value) for key, value in config.items()}
    config["priors"] = {key: tuples(value) for key, value in config["priors"].items()}
    assert config_from_dict(config) == model.config
    assert json.loads(about["classes"]) == list(data.classes)
    batch = batch_for(model)
    with torch.no_grad():
        assert difference(run_onnx(tmp_path / "out.onnx", batch), model.eval().network(batch)) < 1e-4


@exports
def test_the_whole_detector_in_ten_lines(tmp_path: Path) -> None:
    """What the help of `export` says, against the detector itself."""
    torch.manual_seed(0)
    model = lived_in(dsod_tiny(3, 64, channel_order="BGR", detections_per_image=9)).eval()
    export_detector(model, tmp_path / "detector.onnx", ("a", "b"))
    generator = np.random.default_rng(0)
    coarse = Image.fromarray(generator.integers(0, 255, (6, 9, 3), dtype=np.uint8)).resize((90, 60))
    coarse.save(tmp_path / "photograph.png")

    session = onnxruntime.InferenceSession(tmp_path / "detector.onnx", providers=["CPUExecutionProvider"])
    size = session.get_inputs()[0].shape[1]
    image = ImageOps.exif_transpose(Image.open(tmp_path / "photograph.png")).convert("RGB")
    small = image.resize((size, size), Image.Resampling.BILINEAR)
    boxes, labels, scores = session.run(None, {"picture": np.asarray(small)[None]})
    boxes *= np.array(2 * image.size, np.float32)

    pixels = torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 255
    with torch.no_grad():
        found = model([pixels])[0]
    kept = found["scores"] > 0.0501
    assert kept.sum() == len(scores) == 9  # of both classes together
    count = int(kept.sum())
    scale = torch.tensor([90 / 64, 60 / 64] * 2)
    torch.testing.assert_close(torch.from_numpy(scores[:count]), found["scores"][kept], atol=1e-4, rtol=0)
    torch.testing.assert_close(torch.from_numpy(boxes[:count]), found["boxes"][kept] * scale, atol=0.05, rtol=0)
    assert labels[:count].tolist() == found["labels"][kept].tolist()
    blank = session.run(None, {"picture": np.zeros((1, 64, 64, 3), np.uint8)})
    assert len({len(part) for part in blank}) == 1


def test_an_exporter_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "__version__", "2.6.0+cu124")
    with pytest.raises(MissingPackage, match=r"export needs torch 2\.7 or newer; this is 2\.6\.0"):
        export_detector(dsod_tiny(2), tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()
