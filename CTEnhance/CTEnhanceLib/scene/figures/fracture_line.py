"""Gap width and step-off at a line across a fracture, for any volume at the same place.

The line begins on one fragment and ends on the other. The gap is the dark stretch on it; the step-off is how much
further the bone's surface reaches on one side of the gap than on the other, at right angles to the line in the plane
it was drawn in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.ct.intensity import COMPACT_BONE_ABOVE_HU

Sampler = Callable[[np.ndarray], np.ndarray]
"""HU at world points (points, 3): (points,), NaN outside."""

STEP = 0.1
"""Distance of the samples, mm."""
REACH = 8.0
"""How far from the line its bone's surface is looked for, mm."""
SHALLOWEST_HU = 100.0


@dataclass(frozen=True)
class LineFigures:
    """What a line says of a fracture in one volume; NaN where it has no gap, or no surface.

    Attributes:
        gap: Width of the dark stretch half-way between its floor and its lower side, mm.
        step: Difference of the bone's surface on both sides, mm.
    """

    gap: float
    step: float


def line_figures(sample: Sampler, start: np.ndarray, end: np.ndarray, normal: np.ndarray) -> LineFigures:
    """Measure a volume at a line.

    Args:
        sample: Reads the volume.
        start: One end of the line, on bone, world mm, shape (3,).
        end: The other end, on the other side of the gap, shape (3,).
        normal: Of the plane the line was drawn in, shape (3,).
    """
    length = float(np.linalg.norm(end - start))
    if length < 3 * STEP:
        return LineFigures(float("nan"), float("nan"))
    distances = np.linspace(0.0, length, max(4, round(length / STEP) + 1))
    direction = (end - start) / length
    values = sample(start + distances[:, None] * direction)
    across = np.cross(normal, direction)
    across /= max(float(np.linalg.norm(across)), 1e-9)
    heights = [_surface(sample, point, across) for point in (start, end)]
    return LineFigures(gap_width(distances, values), float(abs(heights[0] - heights[1])))


def gap_width(distances: np.ndarray, values: np.ndarray) -> float:
    """Width of the darkest stretch of a profile between two brighter sides, at half its depth.

    Args:
        distances: Places of the samples, ascending, mm, (samples,).
        values: HU, (samples,); NaN where the line leaves the volume.

    Returns:
        The width; NaN where nothing on the line is darker than both sides by `SHALLOWEST_HU`.
    """
    finite = np.isfinite(values)
    distances, values = distances[finite], values[finite]
    if len(values) < 3:
        return float("nan")
    before = np.maximum.accumulate(values)
    after = np.maximum.accumulate(values[::-1])[::-1]
    depth = np.minimum(before, after) - values
    floor = int(np.argmax(depth))
    if depth[floor] < SHALLOWEST_HU:
        return float("nan")
    level = values[floor] + depth[floor] / 2
    first = floor - int(np.argmax(values[floor::-1] >= level))
    last = floor + int(np.argmax(values[floor:] >= level))
    left = _crossing(distances[first : first + 2], values[first : first + 2], level)
    right = _crossing(distances[last - 1 : last + 1], values[last - 1 : last + 1], level)
    return float(right - left)


def _crossing(distances: np.ndarray, values: np.ndarray, level: float) -> float:
    share = (level - values[0]) / (values[1] - values[0]) if values[1] != values[0] else 0.0
    return float(distances[0] + share * (distances[1] - distances[0]))


def _surface(sample: Sampler, point: np.ndarray, across: np.ndarray) -> float:
    """Signed distance from a point to the nearest surface of bone, along `across`, mm; NaN where there is none."""
    distances = np.linspace(-REACH, REACH, 2 * round(REACH / STEP) + 1)
    values = sample(point + distances[:, None] * across)
    above = np.nan_to_num(values, nan=-1024.0) > COMPACT_BONE_ABOVE_HU
    changes = np.flatnonzero(above[1:] != above[:-1])
    if not len(changes):
        return float("nan")
    places = [_crossing(distances[i : i + 2], values[i : i + 2], COMPACT_BONE_ABOVE_HU) for i in changes]
    return float(min(places, key=abs))
