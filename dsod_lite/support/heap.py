"""Free memory that the C library keeps, given back to the system."""

import ctypes
import sys


def trim_heap() -> None:
    """Gives back the pages of the heap that nothing uses, where the C library is glibc; elsewhere it does nothing.

    What is kept of each picture lies in the gap that the picture left. The next one finds no gap that is large enough,
    and the heap grows by nearly a picture each time: 2,400 of 640×480 pixels took 2.2 GB, though a hundredth was used.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
