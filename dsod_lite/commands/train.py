"""train: a named model on a folder of pictures."""

import argparse
import warnings
from dataclasses import replace
from typing import Any, get_args, get_type_hints

import torch

from ..datasets import DataError, open_split, usual_splits
from ..datasets.annotations import REMEDY
from ..datasets.augmentation.mixed import Mixed
from ..datasets.augmentation.transforms import AUGMENTATIONS
from ..datasets.files import UNDIVIDED
from ..datasets.folders import has_split
from ..datasets.in_memory import SPARE, InMemory, fits_in_memory
from ..datasets.labelled import LabelledDataset
from ..datasets.objects import objects_of
from ..detector import presets as named
from ..detector.model import DSOD
from ..detector.priors import COCO300_PRIORS
from ..support.batches import worker_count
from ..support.errors import SettingError, settings
from ..support.processes import join, pick_device, rank
from ..training.choice import TRIED, chosen_size, fitting_batch, seconds_for_a_picture
from ..training.loop import train
from ..training.recipe import RECIPES, TrainConfig
from ..weights.checkpoint import checkpoint_path, load_checkpoint, load_model
from ..weights.start import start_from
from .layout import LAYOUT
from .priors import report

HELP = "train a detector from scratch on a folder of pictures"
EPILOG = f"""{LAYOUT}

The run's folder gets checkpoint.pt and run.json after every epoch, and a sheet of detections in samples/ whenever they
are judged; with TensorBoard installed, `tensorboard --logdir RUN` shows the curves. Ctrl-C and SIGTERM end a run after
its step, which is kept. One that was stopped or killed goes on with --resume and comes to the same numbers. The seed
fixes a run by --epochs; one by --minutes follows the clock, whatever else the machine does. best.pt is the detector of
the epoch that was best on the validation pictures: an honest choice if these are val, and none if they are test.

examples:
  python -m dsod_lite train --data data/shapes --minutes 5 --output runs/first
  python -m dsod_lite train --data my_pictures --epochs 60 --seed 1 --output runs/mine
  python -m dsod_lite train --recipe voc0712 --data downloads/voc/VOCdevkit --output runs/voc
  python -m dsod_lite train --model dsod300 --precision half --data my_pictures --minutes 120 --output runs/large
  python -m dsod_lite train --start-from runs/voc --data my_pictures --minutes 30 --output runs/tuned
  torchrun --nproc-per-node 8 -m dsod_lite train --recipe coco --data downloads/coco --output runs/coco --resume"""

DEFAULTS = TrainConfig(minutes=5)
CHOICES = {name: get_args(hint) for name, hint in get_type_hints(TrainConfig).items()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", choices=named.MODELS,
        help="default: dsod_tiny, with a recipe dsod300, with --start-from the checkpoint's")  # fmt: skip
    add("--start-from", metavar="CHECKPOINT", help="begin with its weights, or its run's, where layers fit; "
        "the classes may be others, whose layer then begins at random")  # fmt: skip
    add("--data", required=True, metavar="FOLDER", help="pictures and annotations, see below")
    add("--split", help="list to train on; default: trainval if the folder has it, else train")
    add("--validation", "--held-out", metavar="SPLIT",
        help="validation list, to judge on; default: test beside trainval, else val")  # fmt: skip
    add("--recipe", choices=RECIPES, help="the authors' settings, or the short ones for one GPU; what else is given "
        "here takes the place of its part of them")  # fmt: skip
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int, help="passes over the pictures")
    length.add_argument("--minutes", type=float, help="or until this time is up; default: 5")
    add("--image-size", type=int, metavar="S", help="side of dsod_tiny's input; default: as the objects ask for, and "
        "the minutes have time for")  # fmt: skip
    add("--batch-size", type=int, help=f"pictures of a step; default: {DEFAULTS.batch_size}, "
        "or all where there are fewer")  # fmt: skip
    add("--norm-batch-size", type=int, metavar="N",
        help="pictures that BatchNorm and the loss see at once; default: the whole batch")  # fmt: skip
    add("--pass-size", type=int, metavar="N",
        help="pictures in memory at once; default: as many as have room. The numbers do not depend on it")  # fmt: skip
    add("--optimizer", choices=CHOICES["optimizer"],
        help="adamw learns faster in minutes, sgd is the paper's; default: adamw")  # fmt: skip
    add("--weight-decay", type=float, metavar="WD", help=f"default: {DEFAULTS.weight_decay}")
    add("--learning-rate", type=float, metavar="LR", help=f"the schedule's highest; default: {DEFAULTS.learning_rate}")
    add("--weight-average", type=float, metavar="A",
        help="judge and keep an exponential moving average (EMA) of the weights, with decay A, say 0.999")  # fmt: skip
    add("--augmentation", choices=AUGMENTATIONS,
        help="data augmentation; light (default): crops, mirror, colours; upless: also upside down, for microscopes "
             "and satellites; ssd (default with a recipe): the paper's, for long runs")  # fmt: skip
    add("--copy-paste", type=float, default=0.0, metavar="SHARE",
        help="of the pictures, from 0 to 1, into which an object of another one is pasted; default: 0")  # fmt: skip
    add("--mosaic", type=float, default=0.0, metavar="SHARE",
        help="of the pictures, from 0 to 1, that are made of four; default: 0")  # fmt: skip
    add("--evaluate-every", type=int, metavar="N",
        help=f"epochs between validations; default: {DEFAULTS.evaluate_every}")  # fmt: skip
    add("--patience", type=int, metavar="N", help="stop early, after N validations without a better AP50")
    add("--checkpoint-every", type=int, metavar="N",
        help=f"steps between checkpoints within an epoch; default: {DEFAULTS.checkpoint_every}")  # fmt: skip
    add("--skip-at-most", type=int, metavar="N",
        help="unreadable pictures that an epoch puts up with; default: one in a thousand")  # fmt: skip
    add("--seed", type=int, default=0, help="of the random numbers; default: 0")
    add("--workers", type=int, metavar="N",
        help="processes that load pictures; default: 1 on a CPU, up to 8 beside a GPU")  # fmt: skip
    add("--device", default="auto", help="cpu, cuda, …; default: a GPU where there is one")
    add("--precision", choices=CHOICES["precision"],
        help="mixed precision, for GPUs: half takes the kind that the GPU is fast in; default: float32")  # fmt: skip
    add("--compile", action="store_true", default=None, help="let torch.compile write the network's kernels")
    add("--save-memory", action="store_true", default=None,
        help="gradient checkpointing: the same numbers, a third less memory, dense layers computed twice")  # fmt: skip
    add("--resume", action="store_true", help="go on with the run in --output, if there is one")
    add("--output", required=True, metavar="RUN", help="the run's folder; several hosts have to share it")


def run(args: argparse.Namespace) -> int:
    config = config_from(args)
    join(config.device)
    usual, usual_validation = usual_splits(args.data)
    split = args.split or usual
    other = usual_validation if split == usual else "val" if has_split(args.data, "val") else None
    validation = args.validation or other
    train_set = open_split(args.data, split, with_objects=True)
    if not train_set.classes:
        raise DataError(f"{args.data}: {split}: no picture has an object, so there is nothing to learn to find")
    if split == UNDIVIDED and validation is None:
        warnings.warn(
            f"{args.data}: is not divided: all of it is trained on, and nothing judges it; {REMEDY}", stacklevel=1
        )
    val_set = open_split(args.data, validation, train_set.classes) if validation is not None else None
    for name in ("patience", "evaluate_every"):
        if val_set is None and getattr(args, name) is not None:
            raise SettingError(f"--{name.replace('_', '-')}: {args.data} has no validation pictures; leave it out")

    augmentation = args.augmentation or ("ssd" if args.recipe else "light")
    if args.batch_size is None and not args.recipe:
        config = replace(config, batch_size=fitting_batch(len(train_set)))
    model, name = make_model(args, train_set, config, augmentation)
    seen = in_memory(train_set, model.config.image_size, config)
    seen.transform = AUGMENTATIONS[augmentation](model.config.image_size)

    if rank() == 0:
        judged = f"judged on {validation} ({len(val_set)})" if val_set is not None else "with no validation pictures"
        print(f"{name} at {model.config.image_size}×{model.config.image_size}: {', '.join(train_set.classes)}")
        print(f"training on {split} ({len(train_set)} pictures), {judged}; everything goes to {args.output}")
        boxes, labels = objects_of(train_set)
        print(*report(boxes, labels, train_set.classes, model.priors, model.config.image_size, name == "dsod_tiny"),
              sep="\n")  # fmt: skip
    shown = Mixed(seen, args.copy_paste, args.mosaic) if args.copy_paste or args.mosaic else seen
    train(model, shown, val_set, config, args.output, args.resume)
    return 0


def in_memory(train_set: LabelledDataset, size: int, config: TrainConfig) -> LabelledDataset | InMemory:
    """The pictures, kept in memory for an input of so many pixels, where there is room for them."""
    processes = max(1, worker_count(config.workers, pick_device(config.device)))
    return InMemory(train_set, SPARE * size) if fits_in_memory(train_set, SPARE * size, processes) else train_set


def make_model(
    args: argparse.Namespace, train_set: LabelledDataset, config: TrainConfig, augmentation: str
) -> tuple[DSOD, str]:
    """The model to train, with the weights that it begins with, and what to call it."""
    if args.start_from is None or args.model is not None:
        name = args.model or ("dsod300" if args.recipe else "dsod_tiny")
        settings_of_model = model_settings(args, name, train_set, config, augmentation)
        torch.manual_seed(args.seed)  # the initial weights
        with settings():
            model = named.MODELS[name](**settings_of_model)
    elif args.image_size is not None:
        raise SettingError("--image-size: with --start-from it is the checkpoint's; for another, give --model too")
    else:
        theirs, _ = load_model(args.start_from)
        torch.manual_seed(args.seed)
        name, model = theirs.config.name, DSOD(replace(theirs.config, num_classes=len(train_set.classes) + 1))
    if args.start_from is not None:
        left = start_from(model, args.start_from, train_set.classes)
        parts = dict.fromkeys(".".join(layer.split(".")[:3]) for layer in left)
        if rank() == 0:
            print(f"weights from {args.start_from}; at random: {', '.join(parts) or 'none'}")
    return model, name


def config_from(args: argparse.Namespace) -> TrainConfig:
    """The recipe's settings, or the defaults, with what was given in their place."""
    given = {
        name: getattr(args, name) for name in TrainConfig.__dataclass_fields__ if getattr(args, name, None) is not None
    }
    if args.minutes is not None:
        given["epochs"] = None
    elif args.epochs is not None:
        given["minutes"] = None
    return replace(RECIPES[args.recipe] if args.recipe else DEFAULTS, **given)


def model_settings(
    args: argparse.Namespace, name: str, train_set: LabelledDataset, config: TrainConfig, augmentation: str
) -> dict[str, Any]:
    """What the named model is given beside its name."""
    settings: dict[str, Any] = {"num_classes": len(train_set.classes) + 1}
    if args.recipe == "coco" and name.startswith("dsod300"):
        settings["priors"] = COCO300_PRIORS
    if args.image_size is not None:
        if name != "dsod_tiny":
            raise SettingError(f"--image-size: {name} has a size of its own; only dsod_tiny takes any")
        if args.image_size < 1:
            raise SettingError(f"--image-size is {args.image_size}; it has to be above 0")
        settings["image_size"] = args.image_size
    elif name == "dsod_tiny":
        settings["image_size"] = begun_size(args) or usual_size(train_set, config, augmentation)
    return settings


def begun_size(args: argparse.Namespace) -> int | None:
    """The input of the run that is gone on with: the machine may be quicker or slower now, the run is what it is."""
    if not args.resume or not checkpoint_path(args.output).is_file():
        return None
    is_dsod = load_checkpoint(args.output)["config"] is not None
    return load_model(args.output)[0].config.image_size if is_dsod else None


def usual_size(train_set: LabelledDataset, config: TrainConfig, augmentation: str) -> int:
    """The input for these pictures, and for the minutes, where the run has any."""
    boxes, labels = objects_of(train_set)
    if config.minutes is None or len(train_set) < max(2, config.batch_size):
        return chosen_size(boxes, labels, train_set.sizes)
    seen = in_memory(train_set, TRIED, config)
    seen.transform = AUGMENTATIONS[augmentation](TRIED)
    picture = seconds_for_a_picture(seen, config)
    return chosen_size(boxes, labels, train_set.sizes, picture, 60 * config.minutes)
