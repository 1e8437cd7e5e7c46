"""Gaps across the slice axis: is a thin dark layer between bone, such as a fracture or a joint space, still there?

Thick slices fill gaps narrower than themselves, and a fracture that was averaged away is the costliest error of all.
Gaps are found in the reference, and every volume is measured at the same places against the same levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SMALLEST_DEPTH_HU = 200.0
SHOULDER_ABOVE_HU = 400.0
MOST_GAPS = 100_000


@dataclass(frozen=True)
class Gaps:
    """Gaps of the reference along the slice axis.

    Attributes:
        centres: slice index of the darkest sample, (n_gaps,).
        rows, cols: in-plane place, (n_gaps,).
        before, after: slice index of the brightest sample on each side, (n_gaps,).
        depth: mean of both sides minus the centre, in the reference, HU, (n_gaps,).
        half: level half-way between centre and the lower side, HU, (n_gaps,).
        reach: how many slices to each side were looked at.
        spacing: mm between slices.
    """

    centres: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    before: np.ndarray
    after: np.ndarray
    depth: np.ndarray
    half: np.ndarray
    reach: int
    spacing: float

    def __len__(self) -> int:
        return len(self.centres)


@dataclass(frozen=True)
class GapFigures:
    """How gaps come out: contrast over the reference's (1: kept, 0: filled), median width at half depth in mm."""

    contrast: float
    width: float


def find_gaps(reference: np.ndarray, bone: np.ndarray, spacing: float, interval: float) -> Gaps:
    """Find the gaps between bone that are narrower than two thick intervals across the slice axis.

    A gap is the darkest sample within one thick interval to both sides, with samples above 400 HU on both sides there
    that exceed it by 200 HU or more.

    Args:
        reference: true slices in HU, (n_slices, rows, cols).
        bone: dilated bone mask, same shape.
        spacing: mm between thin slices.
        interval: mm between thick slices.
    """
    from scipy import ndimage

    reach = max(2, round(interval / spacing))
    darkest = reference <= ndimage.minimum_filter1d(reference, 2 * reach + 1, axis=0)
    darkest &= bone
    darkest[:reach] = darkest[len(reference) - reach :] = False
    centres, rows, cols = np.nonzero(darkest)
    steps = np.arange(1, reach + 1)
    sides = [reference[centres[:, None] + sign * steps, rows[:, None], cols[:, None]] for sign in (-1, 1)]
    lower = np.minimum(sides[0].max(1), sides[1].max(1))
    floor = reference[centres, rows, cols]
    keep = np.flatnonzero((lower > SHOULDER_ABOVE_HU) & (lower - floor >= SMALLEST_DEPTH_HU))
    if len(keep) > MOST_GAPS:
        keep = keep[np.linspace(0, len(keep) - 1, MOST_GAPS).astype(int)]
    depth = (sides[0].max(1) + sides[1].max(1)) / 2 - floor
    return Gaps(
        centres[keep],
        rows[keep],
        cols[keep],
        (centres - 1 - sides[0].argmax(1))[keep],
        (centres + 1 + sides[1].argmax(1))[keep],
        depth[keep],
        ((lower + floor) / 2)[keep],
        reach,
        spacing,
    )


def gap_figures(volume: np.ndarray, gaps: Gaps) -> GapFigures | None:
    """Contrast and width of a volume at the gaps of the reference; None where there are none.

    The contrast is that of all gaps together. A gap that is not below its half level at its centre has width 0; one
    that does not end within the reach has its whole reach.

    Args:
        volume: Slices in HU, (n_slices, rows, cols), on the grid of the reference the gaps were found in.
        gaps: what `find_gaps` returned.
    """
    if not len(gaps):
        return None
    before, centre, after = (
        volume[index, gaps.rows, gaps.cols].astype(np.float64) for index in (gaps.before, gaps.centres, gaps.after)
    )
    contrast = ((before + after) / 2 - centre).sum() / gaps.depth.sum()
    width = sum(_half_width(volume, gaps, sign) for sign in (-1, 1))
    return GapFigures(float(contrast), float(np.median(width)) * gaps.spacing)


def _half_width(volume: np.ndarray, gaps: Gaps, sign: int) -> np.ndarray:
    """Samples from each centre to where the profile first rises to the half level, (n_gaps,)."""
    steps = np.arange(gaps.reach + 1)
    profile = volume[gaps.centres[:, None] + sign * steps, gaps.rows[:, None], gaps.cols[:, None]].astype(np.float64)
    above = profile >= gaps.half[:, None]
    index = np.where(above.any(1), above.argmax(1), gaps.reach)
    gap = np.arange(len(gaps))
    inside, outside = profile[gap, np.maximum(index - 1, 0)], profile[gap, index]
    rising = outside > inside
    fraction = np.divide(gaps.half - inside, outside - inside, out=np.ones(len(gaps)), where=rising)
    return np.where(index == 0, 0.0, index - 1 + np.clip(fraction, 0.0, 1.0))
