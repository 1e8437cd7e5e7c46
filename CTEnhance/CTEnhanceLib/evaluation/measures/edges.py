"""Edge width along the slice axis: how many mm does the step from soft tissue into cortex take?

PSNR rewards blur; the 10-90 % width of cortical edges does not. Edges are found in the reference, and every volume is
measured at the same places against the same plateaus, so that a displaced or half-lost edge counts as a wide one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU

SMALLEST_STEP_HU = 400.0
MOST_EDGES = 100_000


@dataclass(frozen=True)
class Edges:
    """Edges of the reference along the slice axis.

    Attributes:
        windows: indices of the profiles, (n_edges, window): the slice index of each sample, soft side first.
        rows, cols: in-plane place of each edge, (n_edges,).
        low, high: plateau levels of the reference in HU, (n_edges,).
        spacing: mm between slices.
    """

    windows: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    low: np.ndarray
    high: np.ndarray
    spacing: float

    def __len__(self) -> int:
        return len(self.rows)


def find_edges(reference: np.ndarray, bone: np.ndarray, spacing: float, interval: float) -> Edges:
    """Find the cortical edges that run across the slice axis.

    An edge is a slice-to-slice step inside the dilated bone that is the steepest within one thick interval to both
    sides and joins two plateaus (the two outermost samples one interval away) at least 400 HU apart, the lower one
    below the bone threshold.

    Args:
        reference: true slices in HU, (n_slices, rows, cols).
        bone: dilated bone mask, same shape.
        spacing: mm between thin slices.
        interval: mm between thick slices.
    """
    reach = max(2, round(interval / spacing)) + 1
    starts, rows, cols, signs = _steepest_steps(reference, bone, reach)
    if len(rows) > MOST_EDGES:
        keep = np.linspace(0, len(rows) - 1, MOST_EDGES).astype(int)
        starts, rows, cols, signs = starts[keep], rows[keep], cols[keep], signs[keep]
    forward = np.arange(2 * reach)
    windows = starts[:, None] + np.where(signs[:, None] > 0, forward, forward[::-1])
    profiles = reference[windows, rows[:, None], cols[:, None]]
    low, high = profiles[:, :2].mean(1), profiles[:, -2:].mean(1)
    good = (high - low >= SMALLEST_STEP_HU) & (low < BONE_ABOVE_HU)
    return Edges(windows[good], rows[good], cols[good], low[good], high[good], spacing)


def _steepest_steps(
    reference: np.ndarray, bone: np.ndarray, reach: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """First slice of the window, row, column and sign of each step that is the steepest of its window."""
    from scipy import ndimage

    step = np.diff(reference.astype(np.float32), axis=0)
    size = np.abs(step)
    steepest = size >= ndimage.maximum_filter1d(size, 2 * reach - 1, axis=0)
    steepest &= bone[1:] | bone[:-1]
    steepest &= size >= SMALLEST_STEP_HU / (2 * reach)
    lower, rows, cols = np.nonzero(steepest)
    inside = (lower + 1 >= reach) & (lower + reach < len(reference))
    lower, rows, cols = lower[inside], rows[inside], cols[inside]
    return lower - reach + 1, rows, cols, np.sign(step[lower, rows, cols])


def edge_width(volume: np.ndarray, edges: Edges) -> float | None:
    """Median 10-90 % width in mm of a volume at the edges of the reference; None where there are none.

    Each profile is scaled by the reference's plateaus; the width is the distance between the last sample below 10 %
    and the first above 90 %, interpolated linearly. A profile that never gets there counts with the whole window.

    Args:
        volume: Slices in HU, (n_slices, rows, cols), on the grid of the reference the edges were found in.
        edges: what `find_edges` returned.
    """
    if not len(edges):
        return None
    profiles = volume[edges.windows, edges.rows[:, None], edges.cols[:, None]].astype(np.float64)
    scaled = (profiles - edges.low[:, None]) / (edges.high - edges.low)[:, None]
    width = np.maximum(_first_crossing(scaled, 0.9) - _last_crossing(scaled, 0.1), 0.0)
    lost = (scaled.max(1) < 0.9) | (scaled.min(1) > 0.1)
    width[lost] = scaled.shape[1] - 1
    return float(np.median(width)) * edges.spacing


def _first_crossing(profiles: np.ndarray, level: float) -> np.ndarray:
    """Place (in samples) where each profile first rises to `level`; the last sample where it never does."""
    above = profiles >= level
    index = np.where(above.any(1), above.argmax(1), profiles.shape[1] - 1)
    lower = np.maximum(index - 1, 0)
    row = np.arange(len(profiles))
    before, after = profiles[row, lower], profiles[row, index]
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = np.where(after > before, (level - before) / (after - before), 1.0)
    return lower + np.clip(fraction, 0.0, 1.0) * (index - lower)


def _last_crossing(profiles: np.ndarray, level: float) -> np.ndarray:
    """Place (in samples) where each profile last leaves `level` upwards; the first sample where it never does."""
    mirrored = _first_crossing(1.0 - profiles[:, ::-1], 1.0 - level)
    return profiles.shape[1] - 1 - mirrored
