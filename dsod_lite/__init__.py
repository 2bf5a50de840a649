"""dsod_lite: DSOD, the detector that learns from scratch, in a package small enough to read."""

from . import caffe, datasets
from .checkpoint import CheckpointError, load_model, save_model
from .coco_metrics import evaluate_coco
from .config import DSODConfig
from .epoch import NonFiniteLoss
from .evaluation import evaluate_voc
from .model import DSOD
from .named import dsod300, dsod300_lite, dsod300_plain, dsod300_smallest, dsod512, dsod_tiny
from .predict import predict
from .priors import PriorConfig
from .recipe import TrainConfig
from .training import train

__all__ = [
    "DSOD",
    "CheckpointError",
    "DSODConfig",
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
    "train",
]
