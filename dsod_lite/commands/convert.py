"""convert: the authors' released weights into a checkpoint."""

import argparse
from pathlib import Path

from ..datasets import CLASSES
from ..detector import presets as named
from ..detector.priors import COCO300_PRIORS, VOC300_PRIORS
from ..weights.caffe import load_caffemodel
from ..weights.checkpoint import save_model

PRIORS = {"voc": VOC300_PRIORS, "coco": COCO300_PRIORS}

HELP = "turn a .caffemodel that DSOD's authors released into a checkpoint"
EPILOG = """The README of github.com/szq0214/DSOD links the files. A file says nothing of its priors: where its
deploy.prototxt begins with a min_size of 21 they are COCO's, with 30 they are VOC's. Needs: pip install protobuf

example, and how to come to the paper's 77.7 with it:
  python -m dsod_lite convert DSOD300_VOC0712.caffemodel dsod300.pt
  python -m dsod_lite evaluate --checkpoint dsod300.pt --data VOCdevkit/VOC2007 --split test"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("caffemodel", metavar="MODEL.caffemodel")
    add("checkpoint", metavar="OUT.pt", help="the file to write; must not exist yet")
    models = [name for name in named.MODELS if name.startswith("dsod300")]
    add("--model", choices=models, default="dsod300", help="the network that the file is of; default: dsod300")
    add("--classes", choices=CLASSES, default="voc", help="what it was trained to find; default: voc, 20 classes")
    add("--priors", choices=PRIORS, help="default: those of --classes")


def run(args: argparse.Namespace) -> int:
    path = Path(args.checkpoint)
    if path.exists():
        raise FileExistsError(f"{path}: exists already")
    classes = CLASSES[args.classes]
    priors = PRIORS[args.priors or args.classes]
    model = load_caffemodel(args.caffemodel, named.MODELS[args.model](len(classes) + 1, priors=priors).config)
    save_model(path, model, classes)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{args.caffemodel}: every layer has its place in {args.model}, {parameters:,} parameters → {path}")
    return 0
