"""What a method shows of a gap or a step at a known place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.evaluation.fractures.places import SHOULDER_MM, Place, sample, surface_positions

_STEP_MM = 0.25


@dataclass(frozen=True)
class GapReading:
    """A gap as it is shown.

    Attributes:
        contrast: Bone beside it minus its middle, HU, mean over the lines.
        width: Full width at half of its own depth, mm; NaN where it has none.
        floor: The middle, HU.
    """

    contrast: float
    width: float
    floor: float


def read_gap(slices: np.ndarray, spacing: tuple[float, float, float], place: Place) -> GapReading:
    """Read a place along the normal of the gap.

    Args:
        slices: Thin slices, HU, (n, rows, columns).
        spacing: mm along the three axes.
        place: Where the gap is, or would be.
    """
    depths = np.arange(-SHOULDER_MM, SHOULDER_MM + _STEP_MM / 2, _STEP_MM)
    points = (place.centre + place.lines)[:, None] + place.normal * depths[:, None]
    profile = sample(slices, spacing, points).mean(axis=0)
    middle = len(depths) // 2
    shoulder = (profile[0] + profile[-1]) / 2
    floor = float(profile[middle])
    return GapReading(float(shoulder) - floor, _half_width(profile, middle, (shoulder + floor) / 2), floor)


def _half_width(profile: np.ndarray, middle: int, half: float) -> float:
    if profile[middle] >= half:
        return float("nan")
    width = 0.0
    for side in (profile[middle:], profile[middle::-1]):
        above = np.flatnonzero(side >= half)
        if not len(above):
            return float("nan")
        outer = int(above[0])
        rise = float(side[outer] - side[outer - 1])
        width += outer - 1 + float(half - side[outer - 1]) / rise
    return width * _STEP_MM


def read_step(slices: np.ndarray, spacing: tuple[float, float, float], place: Place) -> float:
    """Give the step of the surface at a place, mm: the further side minus the other; NaN where a side is not found.

    Args:
        slices: Thin slices, HU, (n, rows, columns).
        spacing: mm along the three axes.
        place: Where the step is, or would be.
    """
    positions = surface_positions(slices, spacing, place)
    if np.isfinite(positions).sum(axis=1).min() < 5:
        return float("nan")
    lower, upper = np.nanmedian(positions, axis=1)
    return float(upper - lower)
