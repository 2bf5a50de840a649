"""How far a run is, and when it ends: by its epochs, or by the clock."""

import time

from ..support.errors import SettingError
from ..support.processes import world_size
from .optimizer import learning_rate_at
from .recipe import TrainConfig
from .run import RunState

CLOCK_STEPS = 2000
"""As so many steps a run by minutes counts on the learning-rate schedule, however many it makes: its share of the time.
So the usual 100 steps of warm-up are a twentieth of it."""
LOOKS = 25
"""A run by minutes judges the validation pictures at most so often; they would else be most of a run with few."""


class Pace:
    """A run's place in its length. Follows the clock where the config has minutes, and a busy machine does no harm."""

    def __init__(self, config: TrainConfig, state: RunState, steps: int) -> None:
        """
        Args:
            config: how the run is trained.
            state: the run's; what changes in it is seen here.
            steps: of an epoch.
        """
        if config.minutes is not None and world_size() > 1:
            raise SettingError("minutes: several processes have several clocks; give epochs")
        self.config, self.state, self.steps = config, state, steps
        # A run of an older version has measured its epochs at the start, and keeps them.
        self.seconds = None if state.epochs or config.minutes is None else 60 * config.minutes
        self.reserve = 0.0
        """Seconds that the last look at the validation pictures took: the one at the end will need them."""
        self.looked = state.seconds
        self.since = time.perf_counter()

    @property
    def elapsed(self) -> float:
        """Seconds of training, those before a kill included."""
        return self.state.seconds + time.perf_counter() - self.since

    def tick(self) -> None:
        """Adds the time since the last tick to the seconds of training."""
        now = time.perf_counter()
        self.state.seconds, self.since = self.state.seconds + now - self.since, now

    @property
    def share(self) -> float:
        """Of a run by minutes, how much of the time to train has passed; 1: all of it."""
        assert self.seconds is not None
        return min(1.0, self.elapsed / max(self.seconds - self.reserve, 1e-9))

    def place(self) -> tuple[float, int]:
        """The step, and how many there are, on the learning-rate schedule."""
        if self.seconds is not None:
            return CLOCK_STEPS * self.share, CLOCK_STEPS
        return self.state.epoch * self.steps + self.state.step, self.state.epochs * self.steps

    def rate(self, skipped: int = 0) -> float:
        """The learning rate of the next step. Those that mixed precision has left out do not count."""
        at, total = self.place()
        return learning_rate_at(at - skipped if self.seconds is None else at, total, self.config)

    @property
    def time_is_up(self) -> bool:
        """Whether a run by minutes has no time for another step."""
        return self.seconds is not None and self.share >= 1

    def is_last(self, number: int) -> bool:
        """Whether the epoch `number`, from 1 on, whose steps have just been made, is the run's last."""
        return self.time_is_up if self.seconds is not None else number == self.state.epochs

    def is_judged(self, number: int) -> bool:
        """Whether the validation pictures are judged after this epoch; after the last one they are in any case."""
        due = self.seconds is None or self.elapsed - self.looked >= self.seconds / LOOKS
        return due and number % self.config.evaluate_every == 0

    def judging_took(self, seconds: float) -> None:
        """Notes a look at the validation pictures that has just ended."""
        self.reserve, self.looked = seconds, self.elapsed

    def has_stalled(self, ap50: float) -> bool:
        """Whether this look at the validation pictures is the last of `config.patience` without a better AP50."""
        looks = [*(entry["val_ap50"] for entry in self.state.history if "val_ap50" in entry), ap50]
        patience = self.config.patience
        return patience is not None and len(looks) > patience and max(looks[-patience:]) <= max(looks[:-patience])
