"""export: a trained network for engines other than PyTorch."""

import argparse
from pathlib import Path

from ..deploy.onnx import export_onnx
from ..weights.checkpoint import load_model

HELP = "write a trained network as ONNX"
EPILOG = """The file takes pictures as the network does (S×S, normalised) and gives offsets and logits; its metadata say
how to normalise, where the priors are and what the classes are called. Needs: pip install onnx onnxscript"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--checkpoint", required=True, metavar="RUN", help="a run's folder, or its checkpoint.pt")
    add("onnx", metavar="OUT.onnx", help="the file to write")


def run(args: argparse.Namespace) -> int:
    model, classes = load_model(args.checkpoint)
    export_onnx(model, args.onnx, classes)
    print(f"{args.onnx}: {Path(args.onnx).stat().st_size / 1e6:.1f} MB, classes {', '.join(classes)}")
    return 0
