"""The part of each slice that holds the body: generators need not compute the air around it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU


@dataclass(frozen=True)
class Window:
    """The in-plane part of the slices that generators compute; the rest is air."""

    rows: slice
    columns: slice


class BodyWindows:
    """Where the body lies in each thick slice.

    Args:
        thick: Canonical slice array (slices, rows, columns), HU.
        margin: Pixels around the body that generators must see, or None: nothing may be cropped.
        multiple: Windows begin at multiples of this, so that strided layers see the same grid.
    """

    def __init__(self, thick: np.ndarray, margin: int | None, multiple: int) -> None:
        self._size, self._margin, self._multiple = thick.shape[1:], margin, multiple
        self._spans = None if margin is None else [_spans(one > BODY_ABOVE_HU) for one in thick]

    def around(self, indices: Iterable[int]) -> Window | None:
        """Give the window that holds the body in all of these thick slices, None where there is only air."""
        if self._spans is None or self._margin is None:
            return Window(slice(0, self._size[0]), slice(0, self._size[1]))
        bodies = [spans for spans in (self._spans[i] for i in indices) if spans is not None]
        if not bodies:
            return None
        found = []
        for axis, size in enumerate(self._size):
            low = min(spans[axis][0] for spans in bodies) - self._margin
            high = max(spans[axis][1] for spans in bodies) + self._margin
            found.append(slice(max(low, 0) // self._multiple * self._multiple, min(high, size)))
        return Window(*found)


def _spans(body: np.ndarray) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Give first and last-but-one row and column of a mask, None where it is empty."""
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    if not len(rows):
        return None
    return (int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1)


def part_of(slices: np.ndarray, window: Window, smaller: Window | None) -> tuple[np.ndarray, Window | None]:
    """Cut the part that a smaller window holds out of a slice (rows and columns of `window`).

    What a slice shows must not depend on the others in its batch, whose windows may be larger.

    Args:
        slices: (n, rows, columns) or (rows, columns) of `window`, HU or stored values.
        window: Where the slices lie in the whole slice.
        smaller: The part wanted, in pixels of the whole slice; None: there is only air.
    """
    if smaller is None:
        return slices, None
    rows = slice(smaller.rows.start - window.rows.start, smaller.rows.stop - window.rows.start)
    columns = slice(smaller.columns.start - window.columns.start, smaller.columns.stop - window.columns.start)
    return slices[rows, columns], smaller
