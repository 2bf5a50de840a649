"""What the labels cost: trained by each of two labellings, judged by both; 1,265 steps. See PLAN.md."""

from ..parts.labels import MEASURE, VARIANTS, run

__all__ = ["EPOCHS", "MEASURE", "SEEDS", "VARIANTS", "run"]

EPOCHS = 115
SEEDS = 5
