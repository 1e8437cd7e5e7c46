"""The last check of a computed volume: one that does not agree with the measured slices is not given out.

A network with one bad weight, a fault of a driver or of memory gives numbers, too. Nothing here judges quality; each
check is one that every honest result passes with room to spare.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.enhancement.plan import Plan
from CTEnhanceLib.errors import FidelityError

if TYPE_CHECKING:
    import SimpleITK as sitk

# HU that no computed slice reaches: the thin slices of a metal edge overshoot by a few thousand
POSSIBLE_HU = (-60000.0, 60000.0)
# HU RMSE against the measured slices after back-projection: usual are 1 to 10
CONSISTENCY_LIMIT = 50.0
CONSISTENCY_FACTOR = 2.0
_GRID_MM = 1e-3


@dataclass(frozen=True)
class Clipped:
    """Voxels that int16 does not hold and that were set to its ends.

    Attributes:
        above: How many lay above 32767 HU.
        below: How many lay below -32768 HU.
    """

    above: int = 0
    below: int = 0

    def sentences(self) -> list[str]:
        """Give a warning for the user, none where nothing was clipped."""
        if not self.above + self.below:
            return []
        return [
            f"{self.above} voxels above 32767 HU and {self.below} below -32768 HU were set to these ends of the range "
            "that the output can hold."
        ]


class ValueCheck:
    """Checks computed slices before they are rounded to int16, one by one.

    Args:
        plan: What was computed from what.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan, self._above, self._below = plan, 0, 0
        self._varied: dict[int, bool] = {}

    @property
    def clipped(self) -> Clipped:
        """How many voxels of the slices looked at are clipped."""
        return Clipped(self._above, self._below)

    def look(self, index: int, part: np.ndarray) -> None:
        """Check a thin slice (rows, columns), float32 HU.

        Raises:
            FidelityError: A voxel is no number or lies where no CT does, or the slice is empty though the measured
                slices around it are not.
        """
        limits = np.iinfo(np.int16)
        lowest, highest = float(part.min()), float(part.max())
        if not (np.isfinite(lowest) and np.isfinite(highest)):
            count = int(np.count_nonzero(~np.isfinite(part)))
            raise FidelityError(
                f"{count} voxels of thin slice {index + 1} came out as no number, so nothing was written; install the "
                "model again, or choose --device cpu --precision fp32."
            )
        if lowest < POSSIBLE_HU[0] or highest > POSSIBLE_HU[1]:
            raise FidelityError(
                f"Thin slice {index + 1} came out with values from {lowest:.6g} to {highest:.6g} HU, so nothing was "
                "written; install the model again, or choose --device cpu --precision fp32."
            )
        if lowest == highest and all(self._is_varied(near) for near in _around(self._plan, index)):
            raise FidelityError(
                f"Thin slice {index + 1} came out with the one value {lowest:g} HU though the measured slices around "
                "it are not empty, so nothing was written; install the model again, or choose --device cpu."
            )
        if highest > limits.max or lowest < limits.min:
            self._above += int(np.count_nonzero(part > limits.max))
            self._below += int(np.count_nonzero(part < limits.min))

    def _is_varied(self, thick: int) -> bool:
        if thick not in self._varied:
            measured = self._plan.volume.slices[thick]
            self._varied[thick] = bool(measured.min() != measured.max())
        return self._varied[thick]


def check_consistency(plan: Plan, rmse: dict[str, float]) -> None:
    """Check that the thin slices give back the measured ones.

    Args:
        plan: What was computed from what.
        rmse: HU RMSE "before", "after" and of "cubic".

    Raises:
        FidelityError: They do not, after back-projection.
    """
    if not all(np.isfinite(value) for value in rmse.values()):
        raise FidelityError(
            "The consistency with the measured slices came out as no number, so nothing was written; install the model "
            "again."
        )
    limit = max(CONSISTENCY_LIMIT, CONSISTENCY_FACTOR * rmse["cubic"])
    if plan.options.consistency and rmse["after"] > limit:
        raise FidelityError(
            f"The computed slices contradict the measured ones by {rmse['after']:.0f} HU (limit {limit:.0f}), so "
            "nothing was written; choose another model, or check thickness and slice profile."
        )


def check_grid(plan: Plan, volume: sitk.Image) -> None:
    """Check that a volume lies where the plan has it.

    Args:
        plan: What was computed from what.
        volume: The thin-slice volume.

    Raises:
        FidelityError: It does not.
    """
    image, axis = plan.volume.image, plan.volume.geometry.axis
    size, spacing = list(image.GetSize()), list(image.GetSpacing())
    size[axis], spacing[axis] = len(plan.thin), plan.options.spacing
    same = (
        list(volume.GetSize()) == size
        and np.allclose(volume.GetSpacing(), spacing, rtol=1e-6)
        and np.allclose(volume.GetDirection(), image.GetDirection(), atol=1e-6)
    )
    # the middle of both along the slice axis, whichever end slices are counted from
    middles = [_middle(one, axis) for one in (image, volume)]
    off = float(np.abs(np.subtract(*middles)).max())
    if not same or off > plan.options.spacing / 4 + _GRID_MM:
        raise FidelityError(
            f"The computed volume does not lie on the grid that was planned ({off:.3g} mm off), so nothing was "
            "written; please report it."
        )


def check_report(report: dict[str, Any]) -> None:
    """Check that a report is JSON: no NaN and nothing infinite in it.

    Raises:
        FidelityError: It is not.
    """
    try:
        json.dumps(report, allow_nan=False)
    except ValueError as error:
        raise FidelityError(
            "A figure of the report came out as no number, so nothing was written; please report it."
        ) from error


def _around(plan: Plan, index: int) -> list[int]:
    """Give the measured slices on both sides of a thin one."""
    thick = plan.volume.geometry.positions
    after = int(np.searchsorted(thick, plan.thin[index]))
    return sorted({max(after - 1, 0), min(after, len(thick) - 1)})


def _middle(image: sitk.Image, axis: int) -> np.ndarray:
    index = [0.0, 0.0, 0.0]
    index[axis] = (image.GetSize()[axis] - 1) / 2
    return np.array(image.TransformContinuousIndexToPhysicalPoint(index))
