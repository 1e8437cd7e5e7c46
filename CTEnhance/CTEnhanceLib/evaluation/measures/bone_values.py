"""What happens to the HU of bone: bias and histogram shift.

Published networks shift the histogram of bone while their PSNR rises; density measurements and the threshold of a bone
surface then err, so both are reported beside the PSNR.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class BoneValues:
    """Shift of the bone HU against the reference.

    Attributes:
        bias: mean of candidate - reference in bone, HU.
        wasserstein: first Wasserstein distance of both HU distributions, HU: how far the histogram has to be moved.
        quantile_shifts: candidate quantile - reference quantile, HU, by probability.
    """

    bias: float
    wasserstein: float
    quantile_shifts: dict[float, float]


def bone_values(candidate: np.ndarray, reference: np.ndarray, bone: np.ndarray) -> BoneValues | None:
    """Bias and histogram shift in bone; None where there is no bone.

    Args:
        candidate: slices under test in HU, (n_slices, rows, cols).
        reference: true slices in HU, same shape.
        bone: boolean mask, same shape.
    """
    if not bone.any():
        return None
    ours = np.sort(candidate[bone].astype(np.float64))
    truth = np.sort(reference[bone].astype(np.float64))
    shifts = np.quantile(ours, QUANTILES) - np.quantile(truth, QUANTILES)
    return BoneValues(
        bias=float(ours.mean() - truth.mean()),
        # between two samples of one size the distance is the mean gap of their order statistics
        wasserstein=float(np.abs(ours - truth).mean()),
        quantile_shifts=dict(zip(QUANTILES, shifts.tolist())),
    )
