"""How to train: the settings, and the recipes, which are settings by name."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from ..detector.config import wrong_choice
from ..support.errors import SettingError


@dataclass(frozen=True)
class TrainConfig:
    """How to train. Give `epochs`; or `minutes`, and schedule and end follow the clock.

    A seed fixes a run by epochs on one machine's CPU with as many threads. One by minutes depends on what else the
    machine does; its record says how many epochs they became.
    """

    epochs: int | None = None
    minutes: float | None = None
    batch_size: int = 16
    """Pictures of one step."""
    norm_batch_size: int | None = None
    """Pictures that BatchNorm and the loss see at once, a micro-batch; None: the whole batch. The loss is then the mean
    of theirs, as with gradient accumulation, each weighing as many pictures as it has (128 = 10 · 12 + 8)."""
    pass_size: int | None = None
    """Pictures that go through the network at once, in memory; None: the whole batch, or on a GPU as many portions as
    its memory has room for. The numbers do not depend on it."""
    norm_average: float | None = None
    """The decay of the moving average of BatchNorm's statistics, with Caffe's correction for their start, in the place
    of torch's momentum. The authors' is 0.999."""
    optimizer: Literal["adamw", "sgd"] = "adamw"
    """"adamw" learns faster in runs of minutes; "sgd", with momentum, is the authors'."""
    learning_rate: float = 0.01
    momentum: float = 0.9
    """sgd's; adamw has its usual two."""
    weight_decay: float = 0.02
    warmup_steps: int = 100
    """The learning-rate schedule: over so many steps the rate climbs from 0, then follows half a cosine down to 0 …
    (A run by minutes counts as 2,000 steps here, whatever it makes of them: 100 are a twentieth of the time.)"""
    drops: tuple[float, ...] = ()
    """… or, with drops, stays where it is, but for a division by 10 after each of these shares of all steps."""
    seed: int = 0
    evaluate_every: int = 5
    """Epochs from one look at the validation pictures to the next; the last epoch is always judged. A run by minutes
    looks at most 25 times."""
    patience: int | None = None
    """Early stopping: the run ends after so many looks in a row that brought no better AP50; None: it never does."""
    workers: int | None = None
    """Processes that load and augment pictures; 0: the training process does it itself. None: one on a CPU (0 where
    processes are not forked, as on Windows), beside a GPU one for each core, at most 8."""
    device: str = "auto"
    """"auto" is a GPU where there is one."""
    save_memory: bool = False
    """Gradient checkpointing: a dense layer's inner results are computed twice, not kept. Same numbers, less memory."""
    precision: Literal["float32", "half", "bfloat16", "float16"] = "float32"
    """Mixed precision, for GPUs: convolutions in "bfloat16" (Ampere, that is A100, RTX 30…, or later) or "float16",
    whose loss is scaled, so that small gradients are not lost; "half" is the one that the GPU is fast in, and a run may
    go on with the other. Weights, statistics and loss stay in float32."""
    compile: bool = False
    """Let torch.compile write the network's kernels: minutes at the start, faster steps after it."""
    weight_average: float | None = None
    """The decay of an exponential moving average (EMA) of the weights, 0.999 for instance, which is then what is
    judged, kept and left in the model; None: no average. It forgets faster during the first steps."""
    checkpoint_every: int = 200
    """Steps from one checkpoint to the next within an epoch. There is one after each epoch too."""
    skip_at_most: int | None = None
    """Unreadable pictures that an epoch puts up with: another takes the place of each, with a warning. None: one in a
    thousand, so that among a few hundred the first one stops the run."""

    def __post_init__(self) -> None:
        """Raises SettingError, naming the field."""
        if said := wrong_choice(self):
            raise SettingError(said)
        if (self.epochs is None) == (self.minutes is None):
            raise SettingError("epochs, minutes: give one of the two")
        counts = ("epochs", "minutes", "batch_size", "pass_size", "evaluate_every", "patience", "checkpoint_every")
        for name in (*counts, "learning_rate"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise SettingError(f"{name} is {value}; it has to be above 0")
        for name in ("momentum", "weight_decay", "warmup_steps", "workers", "skip_at_most"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise SettingError(f"{name} is {value}; it has to be 0 or more")
        for name in ("norm_average", "weight_average"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise SettingError(f"{name} is {value}; it has to be in [0, 1)")
        if list(self.drops) != sorted(self.drops) or not all(0 < share < 1 for share in self.drops):
            raise SettingError(f"drops is {self.drops}; it has to be rising shares of the run, between 0 and 1")
        portion = self.norm_batch_size
        if portion is not None and not 1 <= portion <= self.batch_size:
            raise SettingError(f"norm_batch_size is {portion}; it is 1 to batch_size, which is {self.batch_size}")
        if self.compile and self.norm_average is not None:
            raise SettingError("compile: norm_average changes in every step, which compiled code cannot follow")
        if self.compile and self.save_memory:
            raise SettingError("compile: what save_memory computes twice cannot be compiled; leave one of them out")
        if not 0 <= self.seed < 2**32:
            raise SettingError(f"seed is {self.seed}; it has to be in [0, 2**32)")


AUTHORS = TrainConfig(
    epochs=775,
    batch_size=128,
    norm_batch_size=4,
    norm_average=0.999,
    optimizer="sgd",
    learning_rate=0.1,
    momentum=0.9,
    weight_decay=5e-4,
    warmup_steps=0,
    drops=(0.2, 0.4, 0.6, 0.8),
    evaluate_every=25,
)
"""The authors' recipe for VOC: 100,000 steps of 128 pictures, which BatchNorm sees four at a time.

Source: github.com/szq0214/DSOD, DSOD300_pascal.py. There 8 cards see 4 pictures each, 4 times a step."""

RECIPES: dict[str, TrainConfig] = {
    "voc0712": AUTHORS,  # 16,551 pictures: 129 steps an epoch
    "voc0712plus": replace(AUTHORS, epochs=599),  # 07++12, 21,503 pictures: 167 steps an epoch
    # COCO trainval 2014: 320,000 steps, of which 80, 140, 200 and 260 thousand have passed when the rate drops.
    "coco": replace(AUTHORS, epochs=333, drops=(80 / 320, 140 / 320, 200 / 320, 260 / 320)),
    "voc0712_short": TrainConfig(
        epochs=60,  # of 517 steps: a thirteenth of the authors' pictures
        batch_size=32,
        optimizer="sgd",
        learning_rate=0.03,
        weight_decay=5e-4,
        warmup_steps=1000,
        precision="half",
        weight_average=0.9995,
        evaluate_every=10,
    ),
}
"""Recipes by name. The first three are the authors', each of about as many steps as theirs; a shorter one keeps the
proportions: `dataclasses.replace(RECIPES["coco"], epochs=12)`.

"voc0712_short" is ours, for one session of a free GPU of Colab's: warm-up, half a cosine over its 31,020 steps, mixed
precision, EMA, and BatchNorm over the whole batch. Nobody has run it to its end yet."""
