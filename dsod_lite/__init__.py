"""dsod_lite: DSOD, the detector that learns from scratch, in a package small enough to read."""

from .config import DSODConfig
from .model import DSOD, dsod300

__all__ = ["DSOD", "DSODConfig", "dsod300"]
