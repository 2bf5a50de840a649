"""Figures that answer back: in a notebook, and in the built page, where no Python runs behind them."""

from .architecture import ArchitectureExplorer
from .average_precision import AveragePrecisionExplorer
from .explorer import Explorer
from .live import LiveExplorer
from .matching import MatchingExplorer
from .predictions import PredictionExplorer
from .priors import PriorExplorer

__all__ = [
    "ArchitectureExplorer",
    "AveragePrecisionExplorer",
    "Explorer",
    "LiveExplorer",
    "MatchingExplorer",
    "PredictionExplorer",
    "PriorExplorer",
]
