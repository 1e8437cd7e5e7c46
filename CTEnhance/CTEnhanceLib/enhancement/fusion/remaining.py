"""What further series leave of the uncertainty that the picture of the main series has.

    uncertainty of the fused volume = uncertainty of the start * product over further series of (1 - (1 - r) m_i)

m_i is how much series i says of a voxel, 0 to 1: the part of the variance of the start, averaged over a slab, that
remains beside the noise of the series. r is what one noise-free series leaves. It is no theory: r is calibrated on
simulated studies (Testing/benchmarks/fusion.py --uncertainty).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from CTEnhanceLib.enhancement.fusion.solution import Term

if TYPE_CHECKING:
    import torch

LEFT_BY_ONE = 0.6
# a voxel that a series hardly touches is not measured by it
_LEAST_REACH = 0.5


def remaining(further: Sequence[Term], error: float) -> torch.Tensor:
    """Give the part of the uncertainty of the start that is left.

    Args:
        further: The further series that are used, at least one.
        error: Expected error of the start, HU.

    Returns:
        float32 like the thin volume, 0 to 1.
    """
    import torch

    left = torch.ones(further[0].operator.target_size, device=further[0].weight.device)
    for term in further:
        excess = error**2 * term.operator.sum_of_squares() * term.weight
        said = term.operator.transpose(excess / (1 + excess))
        reach = term.operator.transpose(excess.new_ones(excess.shape))
        reach.clamp_(min=_LEAST_REACH * float(reach[reach > 0].mean()))
        left *= 1 - (1 - LEFT_BY_ONE) * (said / reach).clamp(0, 1)
    return left
