"""Interactive figures: in a notebook, and in the built page, where no Python runs behind them."""

from .architecture import ArchitectureExplorer
from .augmentation import AugmentationExplorer
from .average_precision import AveragePrecisionExplorer
from .explorer import Explorer
from .live import LiveExplorer
from .loss import LossExplorer
from .matching import MatchingExplorer
from .overlap import OverlapExplorer
from .paths import PathsExplorer
from .pipeline import PipelineExplorer
from .predictions import PredictionExplorer
from .priors import PriorExplorer

__all__ = [
    "ArchitectureExplorer",
    "AugmentationExplorer",
    "AveragePrecisionExplorer",
    "Explorer",
    "LiveExplorer",
    "LossExplorer",
    "MatchingExplorer",
    "OverlapExplorer",
    "PathsExplorer",
    "PipelineExplorer",
    "PredictionExplorer",
    "PriorExplorer",
]
