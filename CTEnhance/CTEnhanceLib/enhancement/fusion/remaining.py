"""What the uncertainty of the main series' picture becomes where further series measured.

    u^2 = (u_0 * product over i of (1 - (1 - r_i) m_i))^2 + c * sum over i of m_i^2 s_i^2

u_0 is the uncertainty of the start. m_i is how much further series i says of a voxel, 0 to 1: the part of the
variance of the start, averaged over a slab, that remains beside the variance s_i^2 of a voxel of the series. r_i is
what a noise-free series leaves: 1 minus the part of the variance of the start that its slabs and pixels capture, where
errors of the start are correlated like exp(-d^2 / (2 l^2)). l = 0.45 mm is no theory, but was seen on simulated studies
of one head (Testing/benchmarks/fusion.py --uncertainty). c is the share of its noise that a series brings in beside two
others: of three series with slabs of three thin slices, 19 of 27 parts of the frequencies are measured, and noise of
the variance s^2 in each makes 1.7 s^2 in all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from CTEnhanceLib.enhancement.fusion.solution import Term
from CTEnhanceLib.model.arrays import array_of

CORRELATED_MM = 0.45
MOST_TAKEN = 0.7
NOISE_SHARE = 0.57
# a voxel that a series hardly touches is not measured by it
_LEAST_REACH = 0.5


def lower_uncertainty(uncertainty: np.ndarray, further: Sequence[Term], error: float) -> None:
    """Change the uncertainty of the start into that of the fused volume, in place.

    Args:
        uncertainty: float32, shape (slices, rows, columns) of the thin volume, HU.
        further: The further series that are used.
        error: Expected error of the start, HU.
    """
    brought = np.zeros_like(uncertainty)
    for term in further:
        squares = term.operator.sum_of_squares()
        excess = error**2 * squares * term.weight
        share = excess / (1 + excess)
        reach = term.operator.transpose(excess.new_ones(excess.shape))
        reach.clamp_(min=_LEAST_REACH * float(reach[reach > 0].mean()))
        said = (term.operator.transpose(share) / reach).clamp_(0, 1)
        taken = min(term.operator.captured(CORRELATED_MM), MOST_TAKEN)
        uncertainty *= array_of(1 - taken * said)
        noise = share**2 / term.weight.clamp(min=error**-2 * 1e-3)
        brought += NOISE_SHARE * array_of(term.operator.transpose(noise).div_(reach))
    np.sqrt(uncertainty**2 + brought, out=uncertainty)
