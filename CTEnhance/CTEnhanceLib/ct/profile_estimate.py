"""How wide the slice profile is, estimated from the thick slices.

A small network looks at patches across bone edges (`profile_patches`) and gives the standard deviation of the profile
in units of the interval. The idea that a scan's own in-plane detail shows what its slice axis lost is that of ESPRESO
(Han et al., Magn. Reson. Imaging 98:155, 2023).

Box, triangle and Gaussian of one standard deviation cannot be told apart at whole-slice distances; `docs/profile.md`
has the figures, the limits, and how the numbers in profile_estimate.npz were made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU
from CTEnhanceLib.ct.profile import SliceProfile, profile_of_deviation
from CTEnhanceLib.ct.profile_patches import SLICES, clipped, measured_patches

SHAPE = "gaussian"
"""The shape that costs least where it is not known: one that is a little too wide costs little."""
WIDER = 1.045
"""How much wider than estimated the profile is assumed: one that is too narrow costs most (docs/profile.md)."""
SURE = 0.25
"""Relative uncertainty above which an estimate is not used: then the interval says as much."""

_UNCERTAINTY_PER_SPREAD = 0.95

_WEIGHTS = Path(__file__).with_name("profile_estimate.npz")

_PATCHES = 4800
_LEAST_PATCHES = 150
_MOST_SLICES = 64


@dataclass(frozen=True)
class ProfileEstimate:
    """What the slices say of their profile.

    Attributes:
        deviation: Standard deviation of the profile, mm.
        uncertainty: Relative uncertainty of the width, one standard deviation (0.1: 10 %).
        patches: Places at bone edges that were looked at.
    """

    deviation: float
    uncertainty: float
    patches: int

    @property
    def sure(self) -> bool:
        """Whether it may be used."""
        return self.uncertainty <= SURE

    @property
    def profile(self) -> SliceProfile:
        """The profile to assume where the shape is not known."""
        return profile_of_deviation(SHAPE, WIDER * self.deviation)

    def of_shape(self, shape: str) -> SliceProfile:
        """Give the profile to assume where its shape ("box", "triangle" or "gaussian") is known."""
        return profile_of_deviation(shape, self.deviation)


def estimate_profile(slices: np.ndarray, interval: float, pixel_spacing: tuple[float, float]) -> ProfileEstimate | None:
    """Estimate the width of the slice profile from thick slices alone.

    The answer depends on the arguments only. It takes less than a second for 60 slices of 512 x 512.

    Args:
        slices: (n, rows, columns), HU, along the slice axis.
        interval: Distance of the slices, mm.
        pixel_spacing: Distance of rows, of columns, mm.

    Returns:
        The estimate, or None where the slices hold too few edges of bone to say anything.
    """
    if len(slices) < SLICES + 1:
        return None
    looked_at = clipped(_most_bone(slices))
    rng = np.random.default_rng(0)
    crossing = measured_patches(looked_at, interval, pixel_spacing, _PATCHES, rng)
    if len(crossing) < _LEAST_PATCHES:
        return None
    said, spread = answer(crossing, _weights())
    return ProfileEstimate(math.exp(said) * interval, _UNCERTAINTY_PER_SPREAD * spread, len(crossing))


def _most_bone(slices: np.ndarray) -> np.ndarray:
    """Give the run of at most `_MOST_SLICES` slices with the most bone."""
    if len(slices) <= _MOST_SLICES:
        return slices
    bone = np.array([np.count_nonzero(one[::4, ::4] > BONE_ABOVE_HU) for one in slices])
    total = np.concatenate([[0], np.cumsum(bone)])
    first = int(np.argmax(total[_MOST_SLICES:] - total[:-_MOST_SLICES]))
    return slices[first : first + _MOST_SLICES]


@lru_cache(maxsize=1)
def _weights() -> dict[str, np.ndarray]:
    with np.load(_WEIGHTS, allow_pickle=False) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


def answer(patches: np.ndarray, weights: dict[str, np.ndarray]) -> tuple[float, float]:
    """Give what the network says of patches together.

    Args:
        patches: (N, FEATURES), from `profile_patches`.
        weights: The numbers of profile_estimate.npz.

    Returns:
        The logarithm of standard deviation / interval, and how widely its answer is spread.
    """
    each = _relu(patches @ weights["a_weight"].T + weights["a_bias"])
    each = _relu(each @ weights["b_weight"].T + weights["b_bias"])
    together = _relu(weights["c_weight"] @ each.mean(axis=0) + weights["c_bias"])
    scores = weights["d_weight"] @ together + weights["d_bias"]
    share = np.exp(scores - scores.max())
    share /= share.sum()
    mean = float(share @ weights["logarithms"])
    return mean, math.sqrt(float(share @ (weights["logarithms"] - mean) ** 2))


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0, out=x)
