"""How a process that computes keeps the memory it frees.

A layer of the network frees some megabytes that the next one asks for again. glibc gives such blocks back to the
system, which hands out empty pages for the next layer: a tenth of the processor time of a run
(`Testing/benchmarks/memory.py`). A process of our own keeps them; the program that imports the library decides for
itself.
"""

from __future__ import annotations

import ctypes
import sys

# parameters of mallopt(3)
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
# the largest that glibc takes
_LARGEST_IN_HEAP = 32 * 2**20
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let this process keep freed blocks of up to 32 MiB for its next ones; tell whether its C library can."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False  # another C library than glibc
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_IN_HEAP) and mallopt(_TRIM_THRESHOLD, _NEVER))
