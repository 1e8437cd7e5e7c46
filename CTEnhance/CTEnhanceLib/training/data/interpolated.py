"""A warning of data that were not measured: interpolated slices teach and test nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from CTEnhanceLib.ct.interpolated_slices.runs import InterpolatedRun, find_interpolated
from CTEnhanceLib.ct.interpolated_slices.sentence import sentence


def data_warnings(path: str, slices: np.ndarray, first: int) -> list[str]:
    """Give one line that names the file, its interpolated slices and which `slices` leave them out; none without them.

    Args:
        path: The file, as the configuration names it.
        slices: Those of its slices that are used, (n, rows, columns), HU.
        first: Index of the first of them in the file.
    """
    runs = [replace(run, first=run.first + first, last=run.last + first) for run in find_interpolated(slices)]
    if not runs:
        return []
    begin, end = _longest_measured(runs, first, first + len(slices))
    left = (
        "no measured slices are left beside them" if begin >= end else f"or leave them out: slices = [{begin}, {end}]"
    )
    return [f"Warning: {path}: {sentence(runs).rstrip('.')}, {left}."]


def _longest_measured(runs: Sequence[InterpolatedRun], begin: int, end: int) -> tuple[int, int]:
    starts = [begin, *(run.last + 1 for run in runs)]
    stops = [*(run.first for run in runs), end]
    return max(zip(starts, stops), key=lambda span: span[1] - span[0])
