"""export: a trained network, or its training step, for engines other than PyTorch."""

import argparse
from pathlib import Path

from ..deploy.onnx import export_detector, export_onnx
from ..support.errors import SettingError, one_line
from ..training.optimizer import make_optimizer
from ..training.recipe import TrainConfig
from ..weights.checkpoint import CheckpointError, checkpoint_path, load_checkpoint, load_model

HELP = "write a trained network, or its training step, as ONNX"
EPILOG = """The file takes pictures as the network does (S×S, normalised) and gives offsets and logits; its metadata say
how to normalise, where the priors are and what the classes are called. With --whole it takes a picture as bytes, S×S,
and gives boxes, labels and scores: the rest of a script for ONNX Runtime is

  session = onnxruntime.InferenceSession("detector.onnx")
  size = session.get_inputs()[0].shape[1]
  image = PIL.ImageOps.exif_transpose(PIL.Image.open("photograph.jpg")).convert("RGB")  # as its camera was held
  small = image.resize((size, size), PIL.Image.Resampling.BILINEAR)
  boxes, labels, scores = session.run(None, {"picture": numpy.asarray(small)[None]})
  boxes *= numpy.array(2 * image.size, numpy.float32)  # from fractions to pixels: x1, y1, x2, y2

Needs: pip install onnx onnxscript

With --training B it holds a whole step of training instead: loss, gradients and the run's optimizer, for batches of B.
Any ONNX Runtime goes on with the run that way: it runs the file, and hands what comes back as new_weights, new_memory
and new_statistics to the next step. dsod_lite.deploy.training_step says what goes in and what comes out."""
OBJECTS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--checkpoint", required=True, metavar="RUN", help="a run's folder, or its checkpoint.pt")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--whole", action="store_true", help="with decoding and non-maximum suppression inside")
    either.add_argument("--training", type=int, metavar="B", help="the training step, for batches of B pictures")
    add("--objects", type=int, metavar="M",
        help=f"with --training: the most objects that a picture may have; default: {OBJECTS}")  # fmt: skip
    add("onnx", metavar="OUT.onnx", help="the file to write")


def run(args: argparse.Namespace) -> int:
    if args.objects is not None and args.training is None:
        raise SettingError("--objects: is for --training; leave it out")
    model, classes = load_model(args.checkpoint)
    if args.training is None:
        (export_detector if args.whole else export_onnx)(model, args.onnx, classes)
    else:
        from ..deploy.training_step import export_training  # torch's tracing takes a while to import

        objects = OBJECTS if args.objects is None else args.objects
        for name, number in (("training", args.training), ("objects", objects)):
            if number < 1:
                raise SettingError(f"{name} is {number}; it is 1 or more")
        state = load_checkpoint(args.checkpoint)
        if "optimizer" not in state:
            raise SettingError(f"{checkpoint_path(args.checkpoint)}: has no optimizer; --training needs a run's folder")
        try:
            optimizer = make_optimizer(model, TrainConfig(**state["train"]))
            optimizer.load_state_dict(state["optimizer"])
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, OverflowError) as error:
            raise CheckpointError(f"{checkpoint_path(args.checkpoint)}: train, optimizer: {one_line(error)}") from None
        print("writing the backward pass down: up to a minute", flush=True)
        export_training(model, optimizer, args.onnx, args.training, objects, classes)
    print(f"{args.onnx}: {Path(args.onnx).stat().st_size / 1e6:.1f} MB, classes {', '.join(classes)}")
    return 0
