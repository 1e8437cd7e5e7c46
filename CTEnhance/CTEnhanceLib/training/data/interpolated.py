"""A warning of data that were not measured: interpolated slices teach and test nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from CTEnhanceLib.ct.interpolated_slices.runs import find_interpolated, longest_measured
from CTEnhanceLib.ct.interpolated_slices.sentence import sentence


def data_warnings(path: str, slices: np.ndarray, first: int) -> list[str]:
    """Give one line that names the file, its interpolated slices and which `slices` leave them out; none without them.

    Args:
        path: The file, as the configuration names it.
        slices: Those of its slices that are used, (n, rows, columns), HU.
        first: Index of the first of them in the file.
    """
    found = find_interpolated(slices)
    if not found:
        return []
    begin, end = (first + index for index in longest_measured(found, len(slices)))
    runs = [replace(run, first=run.first + first, last=run.last + first) for run in found]
    left = (
        "no measured slices are left beside them" if begin == end else f"or leave them out: slices = [{begin}, {end}]"
    )
    return [f"Warning: {path}: {sentence(runs).rstrip('.')}, {left}."]
