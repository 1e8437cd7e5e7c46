"""Scalar fields on a fixed grid in millimetres, so that the object does not depend on the voxels asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import numpy as np
from scipy import ndimage

Point = tuple[float, float, float]
Function = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

STEP = 0.5  # mm; a signed distance interpolated linearly on it is right to 0.01 mm on carpal curvatures


@dataclass(frozen=True)
class Field:
    """Values (nx, ny, nz) on a grid of ``STEP`` mm whose first node lies at ``low``."""

    values: np.ndarray
    low: np.ndarray

    @property
    def high(self) -> np.ndarray:
        """Position of the last node, mm."""
        return self.low + STEP * (np.array(self.values.shape) - 1)

    def at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Linear interpolation at points in mm; the edge value is repeated outside.

        Args:
            x: mm, any shape.
            y: mm, of a shape that broadcasts with x.
            z: mm, likewise.
        """
        nodes = [(c - low) / np.float32(STEP) for c, low in zip((x, y, z), self.low.astype(np.float32))]
        return ndimage.map_coordinates(self.values, nodes, order=1, mode="nearest", output=np.float32)

    def cut(self, values: np.ndarray, margin: float = 3.0) -> Field:
        """Other signed distances on the same grid, kept only where they are less than ``margin`` mm.

        Args:
            values: mm, the shape of the grid.
            margin: mm.
        """
        near = np.argwhere(values < margin)
        first, last = near.min(axis=0), near.max(axis=0) + 1
        window = tuple(slice(a, b) for a, b in zip(first, last))
        return Field(np.ascontiguousarray(values[window]), self.low + STEP * first)

    def above(self, z: float) -> Field:
        """The part from the first node at or above ``z`` mm on."""
        first = max(0, int(np.ceil((z - self.low[2]) / STEP)))
        return Field(self.values[..., first:], self.low + STEP * np.array([0, 0, first]))


def axes(low: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Node coordinates of a grid as three broadcastable arrays (nx, 1, 1), (1, ny, 1), (1, 1, nz).

    Args:
        low: Corner of the grid, mm, shape (3,).
        shape: Nodes along x, y, z.
    """
    x, y, z = (np.float32(a) + np.float32(STEP) * np.arange(n, dtype=np.float32) for a, n in zip(low, shape))
    return x[:, None, None], y[None, :, None], z[None, None, :]


def sampled_on_grid(function: Function, low: Point, high: Point) -> Field:
    """Evaluate an implicit solid on its grid and turn it into a signed distance near its surface.

    Args:
        function: negative inside; any gradient, ``f(x, y, z)`` with broadcastable arrays in mm.
        low: corner of the box in mm, a multiple of ``STEP``.
        high: the opposite corner in mm.

    Returns:
        The field f / |grad f|: a signed distance to first order, rounded over half a millimetre.
    """
    start = np.round(np.array(low) / STEP) * STEP
    shape = tuple(int(n) for n in np.round((np.array(high) - start) / STEP) + 1)
    values = np.broadcast_to(function(*axes(start, shape)), shape).astype(np.float32)
    slope = np.sqrt(sum(g**2 for g in np.gradient(values, STEP)))
    distance = values / np.maximum(slope, 0.4)
    return Field(ndimage.gaussian_filter(distance, 0.7).astype(np.float32), start)


class Noise:
    """Smooth, periodic Gaussian noise of unit deviation, defined in millimetres."""

    def __init__(self, rng: np.random.Generator, grain: float, nodes: int = 80) -> None:
        """``grain``: correlation length in mm (deviation of the Gaussian that smoothed white noise)."""
        self.step = grain / 1.5
        white = rng.standard_normal((nodes, nodes, nodes), dtype=np.float32)
        smooth = ndimage.gaussian_filter(white, 1.5, mode="wrap")
        self.values = smooth / smooth.std()

    def at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Noise at points in mm (broadcastable arrays).

        Args:
            x: mm, any shape.
            y: mm, of a shape that broadcasts with x.
            z: mm, likewise.
        """
        nodes = np.broadcast_arrays(*(np.asarray(c, dtype=np.float32) / np.float32(self.step) for c in (x, y, z)))
        return ndimage.map_coordinates(self.values, nodes, order=1, mode="grid-wrap", output=np.float32)
