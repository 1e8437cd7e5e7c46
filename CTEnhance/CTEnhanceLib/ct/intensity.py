"""The 12-bit intensity scale between Hounsfield units and the network (thesis, Fig. 3)."""

from __future__ import annotations

import numpy as np

HU_MIN = -1024
HU_MAX = 3071
STORED_MAX = 4095

PADDING_BELOW = -1500
"""What lies below is padding and says nothing of the scan: scanners pad with -2000, -3024, -32768."""

BONE_ABOVE_HU = 200.0
"""What counts as bone wherever bone is meant: checks, regions of figures, training, framing."""

COMPACT_BONE_ABOVE_HU = 300.0
"""What counts as compact bone: its surface lies here unless told otherwise. Above BONE_ABOVE_HU it may be marrow."""

BODY_ABOVE_HU = -300.0
"""What counts as body: more than air, clothes and table."""


def to_stored(hu: np.ndarray) -> np.ndarray:
    """Give the stored 12-bit value clip(HU + 1024, 0, 4095).

    Args:
        hu: Hounsfield units, any shape, any real type.

    Returns:
        float32 array of the same shape in [0, 4095].
    """
    return np.clip(np.asarray(hu, dtype=np.float32) - HU_MIN, 0, STORED_MAX)


def to_hu(stored: np.ndarray) -> np.ndarray:
    """Give Hounsfield units for stored values (float32, not rounded, not clipped)."""
    return np.asarray(stored, dtype=np.float32) + HU_MIN


def outside_scale(hu: np.ndarray) -> np.ndarray:
    """Mark the voxels (bool, same shape) whose HU the 12-bit scale cannot hold: metal, padding."""
    return (hu < HU_MIN) | (hu > HU_MAX)
