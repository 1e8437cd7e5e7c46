"""Matrices along the slice axis whose rows are short: what makes a slice lies near it, however long the volume is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

NEGLIGIBLE = 1e-7
"""Weights below this are left out: times the 4096 HU of the scale they are less than a thousandth of one HU."""

_BLOCK_PIXELS = 1 << 14


@dataclass(frozen=True)
class Bands:
    """A matrix (rows, columns) of which each row is kept from its first to its last weight.

    Attributes:
        first: Column of the first weight of each row, shape (rows,).
        weights: float64 weights of each row, from `first` on; none is empty.
        columns: Number of columns.
    """

    first: np.ndarray
    weights: tuple[np.ndarray, ...]
    columns: int

    @staticmethod
    def of(starts: Sequence[int] | np.ndarray, rows: Sequence[np.ndarray], columns: int) -> Bands:
        """Make the matrix of rows that begin at `starts`; negligible weights at both ends of a row are dropped.

        Args:
            starts: Column of the first entry of each row, shape (rows,), without a unit.
            rows: Weights of each row, without a unit.
            columns: Number of columns.
        """
        first, kept = [], []
        for start, row in zip(starts, rows):
            used = np.flatnonzero(np.abs(row) > NEGLIGIBLE)
            low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
            first.append(int(start) + low)
            kept.append(np.asarray(row[low:high], dtype=np.float64))
        return Bands(np.asarray(first, dtype=int), tuple(kept), columns)

    def __len__(self) -> int:
        return len(self.weights)

    def inputs(self, row: int) -> range:
        """Give the columns that a row has weights for."""
        return range(int(self.first[row]), int(self.first[row]) + len(self.weights[row]))

    def dense(self) -> np.ndarray:
        """Give the whole matrix, float64 (rows, columns)."""
        whole = np.zeros((len(self), self.columns))
        for number, (first, row) in enumerate(zip(self.first, self.weights)):
            whole[number, first : first + len(row)] = row
        return whole

    def combine(self, row: int, slice_at: Callable[[int], np.ndarray]) -> np.ndarray:
        """Give one slice made of others.

        The sum runs from the first to the last weight, element by element: what comes out depends on nothing but the
        slices that go in.

        Args:
            row: Which row of the matrix.
            slice_at: Gives the slice (rows, columns) of a column of the matrix; any real type.

        Returns:
            float32 (rows, columns).
        """
        weights = self.weights[row].astype(np.float32)
        sources = [slice_at(column).reshape(-1) for column in self.inputs(row)]
        total = np.empty(sources[0].shape, dtype=np.float32)
        part = np.empty(min(_BLOCK_PIXELS, len(total)), dtype=np.float32)
        # block by block, so that the sum stays in the cache of the processor
        for begin in range(0, len(total), _BLOCK_PIXELS):
            here = total[begin : begin + _BLOCK_PIXELS]
            np.multiply(sources[0][begin : begin + _BLOCK_PIXELS], weights[0], out=here)
            for weight, source in zip(weights[1:], sources[1:]):
                product = np.multiply(source[begin : begin + _BLOCK_PIXELS], weight, out=part[: len(here)])
                here += product
        return total.reshape(slice_at(int(self.first[row])).shape)


class Waiting:
    """Which rows of a matrix can be made, as its columns come in any order.

    Args:
        bands: The matrix.

    Attributes:
        uses: How many rows need each column.
    """

    def __init__(self, bands: Bands) -> None:
        self._missing = [len(weights) for weights in bands.weights]
        self._users: list[list[int]] = [[] for _ in range(bands.columns)]
        for row in range(len(bands)):
            for column in bands.inputs(row):
                self._users[column].append(row)
        self.uses = [len(rows) for rows in self._users]

    def arrived(self, column: int) -> list[int]:
        """Tell that a column is there; give the rows that can be made now."""
        ready = []
        for row in self._users[column]:
            self._missing[row] -= 1
            if self._missing[row] == 0:
                ready.append(row)
        return ready


class Held:
    """Slices that are kept until they have been used as often as they are needed."""

    def __init__(self) -> None:
        self._slices: dict[int, np.ndarray] = {}
        self._left: dict[int, int] = {}

    def __getitem__(self, index: int) -> np.ndarray:
        return self._slices[index]

    def __contains__(self, index: int) -> bool:
        return index in self._slices

    def __len__(self) -> int:
        return len(self._slices)

    def keep(self, index: int, one: np.ndarray, uses: int) -> None:
        """Keep a slice for a number of uses.

        Args:
            index: Which slice.
            one: (rows, columns), HU.
            uses: How often it is needed; 0: it is not kept.
        """
        if uses > 0:
            self._slices[index], self._left[index] = one, uses

    def used(self, indices: Iterable[int]) -> None:
        """Count one use of each; what is needed no more is let go."""
        for index in indices:
            self._left[index] -= 1
            if self._left[index] == 0:
                del self._slices[index], self._left[index]
