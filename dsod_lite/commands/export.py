"""export: a trained network for engines other than PyTorch."""

import argparse
from pathlib import Path

from ..deploy.onnx import export_detector, export_onnx
from ..weights.checkpoint import load_model

HELP = "write a trained network as ONNX"
EPILOG = """The file takes pictures as the network does (S×S, normalised) and gives offsets and logits; its metadata say
how to normalise, where the priors are and what the classes are called. With --whole it takes a picture as bytes, S×S,
and gives boxes, labels and scores: the rest of a script for ONNX Runtime is

  session = onnxruntime.InferenceSession("detector.onnx")
  size = session.get_inputs()[0].shape[1]
  image = PIL.Image.open("photograph.jpg").convert("RGB")
  small = image.resize((size, size), PIL.Image.Resampling.BILINEAR)
  boxes, labels, scores = session.run(None, {"picture": numpy.asarray(small)[None]})
  boxes *= numpy.array(2 * image.size, numpy.float32)  # from fractions to pixels: x1, y1, x2, y2

Needs: pip install onnx onnxscript"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--checkpoint", required=True, metavar="RUN", help="a run's folder, or its checkpoint.pt")
    add("--whole", action="store_true", help="with decoding and non-maximum suppression inside")
    add("onnx", metavar="OUT.onnx", help="the file to write")


def run(args: argparse.Namespace) -> int:
    model, classes = load_model(args.checkpoint)
    (export_detector if args.whole else export_onnx)(model, args.onnx, classes)
    print(f"{args.onnx}: {Path(args.onnx).stat().st_size / 1e6:.1f} MB, classes {', '.join(classes)}")
    return 0
