"""How well each slice is predicted by every second, third, fourth or fifth slice around it.

An interpolated slice is a weighted sum of measured ones, whatever the kernel. A least-squares fit of its voxels to the
nearest measured slices leaves little more than what rounding added. The fit of a measured slice leaves its noise and
its detail.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU, HU_MAX, PADDING_BELOW

PERIODS = (2, 3, 4, 5)
ROUNDING = 1 / 12
"""Variance of what rounding to whole HU adds, HU2."""
LEAST_STEP_HU = 1.0
"""Difference of neighbouring slices (root of mean square) below which nothing can be told of them."""

_KNOTS = 6  # a cubic B-spline reaches further than the four slices that Catmull-Rom uses
_REACH = _KNOTS * max(PERIODS)
_VOXELS = 4096
_LOOKED_AT = 1 << 16
_BLOCK = 64
_AIR_HU = -1000


@dataclass(frozen=True)
class Residuals:
    """What is left of each slice when it is predicted by the nearest of every `period`-th slice.

    Attributes:
        period: Distance of the slices that predict, in slices.
        squared: Mean squared residual, HU2, shape (n, period): slice, first of the slices that predict. NaN where that
            slice is itself among them, or lies outside of them.
        steps: Mean squared difference to the less different of the two slices next to it among these, HU2, likewise.
    """

    period: int
    squared: np.ndarray
    steps: np.ndarray

    def between(self, first: int) -> np.ndarray:
        """Give the slices between each two neighbours of those that predict, indices, shape (periods, period - 1).

        Args:
            first: First of the slices that predict.
        """
        periods = (len(self.squared) - 1 - first) // self.period
        return first + np.arange(periods)[:, None] * self.period + np.arange(1, self.period)

    def relative(self, first: int) -> np.ndarray:
        """Give root of residual over step of the slices `between`, shape (periods,): 0 = predicted entirely.

        Infinite where the slices hardly differ, so that nothing can be told.

        Args:
            first: First of the slices that predict.
        """
        between = self.between(first)
        steps = self.steps[between, first].mean(axis=1)
        squared = np.where(steps >= LEAST_STEP_HU**2, self.squared[between, first].mean(axis=1), np.inf)
        return np.sqrt(squared / np.maximum(steps, LEAST_STEP_HU**2))


def residuals(slices: np.ndarray) -> list[Residuals]:
    """Give the residuals for each of `PERIODS`, on a fixed sample of the pixels that show the body.

    Args:
        slices: (n, rows, columns), HU, along the slice axis, any real type.
    """
    values = _sample(slices)
    if not values.size:
        return []
    products = _products(values)
    return [_residuals(products, period, values.shape[1]) for period in PERIODS if len(values) > 2 * period]


def _sample(slices: np.ndarray) -> np.ndarray:
    """Give the values above air, float32 (n, pixels), at some pixels that lie in the body in some slice.

    Pixels with metal are left out: values cut off at the end of the scale after the interpolation are no sum of others.
    """
    stride = int(np.ceil(np.sqrt(slices[0].size / _LOOKED_AT)))
    highest = slices[:: max(1, len(slices) // 32), ::stride, ::stride].max(axis=0)
    rows, columns = np.nonzero(highest > BODY_ABOVE_HU)
    if len(rows) > _VOXELS:
        chosen = np.linspace(0, len(rows) - 1, _VOXELS).astype(int)
        rows, columns = rows[chosen], columns[chosen]
    values = slices[:, rows * stride, columns * stride].astype(np.float32)
    values = values[:, values.max(axis=0) < HU_MAX]
    return np.where(values >= PADDING_BELOW, values, _AIR_HU) - _AIR_HU


def _products(values: np.ndarray) -> np.ndarray:
    """Give the sums of products of slices at most `_REACH` apart, float64 (n, 2 _REACH + 1)."""
    count = len(values)
    products = np.zeros((count, 2 * _REACH + 1))
    for begin in range(0, count, _BLOCK):
        end = min(begin + _BLOCK, count)
        low, high = max(0, begin - _REACH), min(count, end + _REACH)
        found = values[begin:end].astype(np.float64) @ values[low:high].astype(np.float64).T
        for k in range(begin, end):
            near = np.arange(max(low, k - _REACH), min(high, k + _REACH + 1))
            products[k, near - k + _REACH] = found[k - begin, near - low]
    return products


def _residuals(products: np.ndarray, period: int, pixels: int) -> Residuals:
    count = len(products)
    squared, steps = np.full((2, count, period), np.nan)
    for first in range(period):
        knots = np.arange(first, count, period)
        predicted = np.setdiff1d(np.arange(first + 1, knots[-1]), knots)
        taps = min(_KNOTS, len(knots))
        begin = np.clip((predicted - first) // period + 1 - taps // 2, 0, len(knots) - taps)
        near = knots[begin[:, None] + np.arange(taps)]

        def product(one: np.ndarray, other: np.ndarray) -> np.ndarray:
            return products[one, other - one + _REACH]

        matrix = product(near[:, :, None], near[:, None, :])
        right = product(predicted[:, None], near)
        own = product(predicted, predicted)
        # the rounding of the predicting slices keeps slices that are alike from making the matrix singular
        weights = np.linalg.solve(matrix + pixels * ROUNDING * np.eye(taps), right[:, :, None])
        fit = (matrix @ weights)[:, :, 0]
        left = own + ((fit - 2 * right) * weights[:, :, 0]).sum(axis=1)
        squared[predicted, first] = np.maximum(left, 0) / pixels
        below = first + (predicted - first) // period * period
        differences = [own - 2 * product(predicted, knot) + product(knot, knot) for knot in (below, below + period)]
        steps[predicted, first] = np.maximum(np.minimum(*differences), 0) / pixels
    return Residuals(period, squared, steps)
