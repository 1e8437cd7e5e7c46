"""One thin volume out of several measured series.

    minimise over x:  sum_i sum_v w_i(v) ((A_i x - y_i)(v))^2  +  lambda |x - x_0|^2

x_0 is what the stack gives from the main series, w_i one over the variance of the noise of series i. The solution stays
at x_0 where nothing was measured, and no seam shows where a series ends. lambda is set by discrepancy: it is one over
the variance of the error of x_0 with which x_0 misses the further series by as much as it does. Conjugate gradients;
an error that varied over the volume would make them slow and was no better.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU
from CTEnhanceLib.enhancement.fusion.measurement import MeasurementOperator
from CTEnhanceLib.enhancement.options import Watch

if TYPE_CHECKING:
    import torch

MOST_ITERATIONS = 20
# the iteration ends when the gradient has fallen to this part of what it was
TOLERANCE = 3e-3
# the start is never believed more than this: two thirds of what it says was not measured at all
_LEAST_ERROR_HU = 5.0
_RAMP_VOXELS = 5
_LEAST_SHARE = 0.05


@dataclass(frozen=True)
class Term:
    """One series in the sum.

    Attributes:
        operator: What it measures of the thin volume.
        slices: float32 canonical slice array, HU, on the device.
        weight: One over the variance of a voxel, HU^-2, 0 where it does not count; on the device.
    """

    operator: MeasurementOperator
    slices: torch.Tensor
    weight: torch.Tensor

    def residual(self, x: torch.Tensor) -> torch.Tensor:
        """Measured minus predicted, HU.

        Args:
            x: Thin slices, HU, shape (slices, rows, columns).
        """
        return self.slices - self.operator.apply(x)

    def noisier(self, deviation: float) -> Term:
        """Give the same series with more noise, HU."""
        return replace(self, weight=self.weight / (1 + deviation**2 * self.weight))

    def left(self, x: torch.Tensor) -> tuple[float, float]:
        """Give the residual as a multiple of the expected deviation, and in HU where the series counts most.

        Args:
            x: Thin slices, HU, shape (slices, rows, columns).
        """
        weighted = self.weight * self.residual(x).square()
        total, counted = float(weighted.double().sum()), int((self.weight > 0).sum())
        return (total / max(counted, 1)) ** 0.5, (total / max(float(self.weight.double().sum()), 1e-12)) ** 0.5

    def rmse(self, x: torch.Tensor) -> float:
        """Root mean square of the residual over the voxels that count, HU.

        Args:
            x: Thin slices, HU, shape (slices, rows, columns).
        """
        counts = self.weight > 0
        return float(self.residual(x)[counts].double().square().mean().sqrt()) if bool(counts.any()) else 0.0


def expected_error(start: torch.Tensor, further: list[Term]) -> float:
    """Give the error to be expected of the start in the body, HU: what the further series say of it.

    Args:
        start: Thin slices, HU, shape (slices, rows, columns).
        further: The further series.
    """
    seen = expected = 0.0
    for term in further:
        counts = (term.weight > 0) & (term.slices > BODY_ABOVE_HU)
        excess = term.residual(start)[counts].square() - 1 / term.weight[counts]
        seen += float(excess.double().sum())
        # a slab averages over voxels whose errors are taken as independent
        expected += term.operator.sum_of_squares() * int(counts.sum())
    return float(np.sqrt(max(seen / max(expected, 1.0), _LEAST_ERROR_HU**2)))


def solve(start: torch.Tensor, terms: list[Term], error: float, watch: Watch) -> torch.Tensor:
    """Minimise the sum; deterministic.

    Args:
        start: x_0, float32 (n_thin, rows, columns), HU.
        terms: The series, the main one among them.
        error: Expected error of the start, HU: lambda is one over its square.
        watch: Told of each iteration, asked whether to stop.

    Returns:
        The thin volume, float32.
    """
    import torch

    strength = error**-2
    gradient = torch.zeros_like(start)
    for term in terms:
        gradient += term.operator.transpose(term.weight * term.residual(start))
    result, direction = start.clone(), gradient.clone()
    size = first = _dot(gradient, gradient)
    for iteration in range(MOST_ITERATIONS):
        watch.stop_if_cancelled()
        if size <= TOLERANCE**2 * first:
            break
        image = direction * strength
        for term in terms:
            image += term.operator.transpose(term.weight * term.operator.apply(direction))
        step = size / _dot(direction, image)
        result.add_(direction, alpha=step)
        gradient.add_(image, alpha=-step)
        before, size = size, _dot(gradient, gradient)
        direction.mul_(size / before).add_(gradient)
        watch.progress("fuse", iteration + 1, MOST_ITERATIONS)
    watch.progress("fuse", MOST_ITERATIONS, MOST_ITERATIONS)
    return result


def voxel_weights(
    operator: MeasurementOperator, slices: torch.Tensor, noise: float, misfit: float, is_main: bool
) -> torch.Tensor:
    """Give one over the variance of each voxel of a series.

    Args:
        operator: What it measures; a voxel that reaches out of the thin volume does not count, and those near the
            border count less, so that no seam shows.
        slices: Its canonical slice array, HU, float32, shape (slices, rows, columns).
        noise: Standard deviation of its noise, HU.
        misfit: What disagrees with the main series at edges, mm: counts as noise in proportion to the slope there.
        is_main: Whether it is the main series, whose voxels all count in full.
    """
    import torch

    variance = torch.full_like(slices, noise**2)
    if misfit > 0:
        for axis, spacing in zip((1, 2), operator.spacing[1:]):
            variance += (torch.gradient(slices, dim=axis)[0] * (misfit / spacing)) ** 2
    if is_main:
        return 1 / variance
    covered = operator.covered(slices.device).float()
    ramp = torch.nn.functional.avg_pool3d(covered[None], _RAMP_VOXELS, 1, _RAMP_VOXELS // 2, count_include_pad=False)[0]
    return covered * (2 * ramp - 1).clamp(min=_LEAST_SHARE) / variance


def faded(weight: torch.Tensor, nearness: torch.Tensor, error: float) -> torch.Tensor:
    """Let the weight of a series go over to that of the start where the series ends inside the thin volume.

    Args:
        weight: From `voxel_weights`, 1/HU^2, shape (slices, rows, columns).
        nearness: From `ends.nearness_to_ends`, 0 to 1: 0 at such an end, 1 far from it.
        error: Expected error of the start, HU.
    """
    # by powers: the two differ by factors of thousands
    excess = (weight * error**2).clamp(min=1.0)
    return weight * excess ** (nearness - 1)


def _dot(a: torch.Tensor, b: torch.Tensor) -> float:
    # slice by slice, so that the double-precision copy is small
    return sum(float((p * q).double().sum()) for p, q in zip(a, b))
