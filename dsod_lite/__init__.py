"""dsod_lite: DSOD, the detector that learns from scratch. What the book builds is `detector`; the rest hangs on it."""

import os

# Before torch is there: threads that wait shall sleep. They would keep a core busy that another program could use, and
# wait for one another as soon as there is such a program.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from . import datasets
from .deploy.finder import Detector
from .detector.config import DSODConfig
from .detector.model import DSOD
from .detector.presets import dsod300, dsod300_lite, dsod300_plain, dsod300_smallest, dsod512, dsod_tiny
from .detector.priors import PriorConfig
from .evaluation.coco import evaluate_coco
from .evaluation.predict import predict
from .evaluation.voc import evaluate_voc
from .support.errors import NonFiniteLoss
from .training.loop import train
from .training.recipe import TrainConfig
from .weights import caffe
from .weights.checkpoint import CheckpointError, load_model, save_model
from .weights.start import start_from

__all__ = [
    "DSOD",
    "CheckpointError",
    "DSODConfig",
    "Detector",
    "NonFiniteLoss",
    "PriorConfig",
    "TrainConfig",
    "caffe",
    "datasets",
    "dsod300",
    "dsod300_lite",
    "dsod300_plain",
    "dsod300_smallest",
    "dsod512",
    "dsod_tiny",
    "evaluate_coco",
    "evaluate_voc",
    "load_model",
    "predict",
    "save_model",
    "start_from",
    "train",
]
