"""Thin slices on their way from the interpolation to finished voxels, each as soon as what it needs is there.

Only the slices that others still wait for are held, so that memory does not grow with the length of the volume. What
comes out depends on the slices that go in and not on the order in which they come: sums run in a fixed order.
"""

from __future__ import annotations

from typing import Callable

import numpy as np

from CTEnhanceLib.ct.bands import Held, Waiting
from CTEnhanceLib.ct.intensity import HU_MAX, HU_MIN, outside_scale, to_hu, to_stored
from CTEnhanceLib.enhancement.body_window import Window
from CTEnhanceLib.enhancement.plan import Plan
from CTEnhanceLib.model.prediction import Prediction

Take = Callable[[int, np.ndarray], None]


class Blending:
    """Blends predictions into thin slices that start as interpolated ones.

    Args:
        plan: What is computed from what.
        done: Called as done(index, slice, interpolated slice), both float32 HU, with every thin slice that has all its
            predictions.

    Attributes:
        finished: How many slices have them.
        total: How many there will be.
    """

    def __init__(self, plan: Plan, done: Callable[[int, np.ndarray, np.ndarray], None]) -> None:
        self._plan, self._done = plan, done
        self._remaining = np.bincount([p.thin for p in plan.predictions], minlength=len(plan.thin))
        self._interpolated: dict[int, np.ndarray] = {}
        self._changes: dict[int, list[tuple[int, Window, np.ndarray]]] = {}
        self.finished, self.total = 0, len(plan.thin)

    def base(self, index: int, window: Window) -> np.ndarray:
        """Give the interpolated slice (rows, columns of the window) as stored values."""
        return to_stored(self._before(index)[window.rows, window.columns])

    def add(self, prediction: Prediction, stored: np.ndarray, window: Window | None) -> None:
        """Blend in one predicted slice.

        Args:
            prediction: What was predicted.
            stored: 12-bit values, (rows, columns) of the window.
            window: Where they lie in the slice; None: there is only air.
        """
        if window is not None:
            change = to_hu(stored) - self._before(prediction.thin)[window.rows, window.columns]
            change *= np.float32(prediction.weight)
            self._changes.setdefault(prediction.thin, []).append((prediction.thick, window, change))
        self.skip(prediction)

    def skip(self, prediction: Prediction) -> None:
        """Leave the share of one prediction to the interpolated slice: there is only air."""
        index = prediction.thin
        self._remaining[index] -= 1
        if self._remaining[index] == 0:
            interpolated = self._before(index)
            blended = interpolated.copy()
            for _, window, change in sorted(self._changes.pop(index, []), key=lambda one: one[0]):
                blended[window.rows, window.columns] += change
            del self._interpolated[index]
            self.finished += 1
            self._done(index, blended, interpolated)

    def _before(self, index: int) -> np.ndarray:
        """Give the slice as it is interpolated, before anything is blended in."""
        if index not in self._interpolated:
            thick = self._plan.volume.slices
            self._interpolated[index] = self._plan.interpolation.combine(index, lambda column: thick[column])
        return self._interpolated[index]


class Matching:
    """Makes thin slices agree with the measured ones, and measures how well they do.

    Voxels outside the 12-bit scale take their interpolated value first. Then follow the steps of the back-projection
    (`ct.consistency`), and rounding to whole HU.

    Args:
        plan: What is computed from what.
        done: Called as done(index, slice), float32 of whole HU, with every finished thin slice.

    Attributes:
        clipped: Interpolated voxels "above" and "below" the 12-bit scale.
    """

    def __init__(self, plan: Plan, done: Take) -> None:
        self._plan, self._done = plan, done
        count = len(plan.thickening)
        self._to_residual, self._to_correction = Waiting(plan.thickening), Waiting(plan.correction)
        self._to_check = Waiting(plan.thickening)
        self._predicted, self._cubic, self._final, self._residuals = Held(), Held(), Held(), Held()
        self._corrections = Held()
        self._covered: list[list[int]] = [[] for _ in range(count)]
        for thin, thick in enumerate(plan.covering):
            self._covered[thick].append(thin)
        self._is_final = np.zeros(len(plan.thin), dtype=bool)
        self._sums = dict.fromkeys(("before", "after", "cubic"), 0.0)
        self.clipped = {"above": 0, "below": 0}

    @property
    def rmse(self) -> dict[str, float]:
        """Consistency with the measured slices, HU RMSE: "before", "after" and of the "cubic" interpolation."""
        size = self._plan.volume.slices.size
        return {name: float(np.sqrt(total / size)) for name, total in self._sums.items()}

    @property
    def held(self) -> int:
        """How many slices are held now."""
        parts = (self._predicted, self._cubic, self._final, self._residuals, self._corrections)
        return sum(len(part) for part in parts)

    def take(self, index: int, predicted: np.ndarray, cubic: np.ndarray) -> None:
        """Take a predicted thin slice and the interpolated one at its place.

        Args:
            index: Which thin slice.
            predicted: (rows, columns), float32 HU; changed in place where the scale cannot hold the voxel.
            cubic: (rows, columns), float32 HU.
        """
        outside = outside_scale(cubic)
        if outside.any():
            predicted[outside] = cubic[outside]
            self.clipped["above"] += int(np.count_nonzero(cubic > HU_MAX))
            self.clipped["below"] += int(np.count_nonzero(cubic < HU_MIN))
        uses = self._to_residual.uses[index]
        self._cubic.keep(index, cubic, uses)
        # once more for the slice itself
        self._predicted.keep(index, predicted, uses + 1)
        for thick in self._to_residual.arrived(index):
            self._take_residual(thick)
        covering = int(self._plan.covering[index])
        if not self._plan.options.consistency:
            self._finish(index, predicted)
        elif covering in self._corrections and not self._is_final[index]:
            self._correct(covering, index)

    def _take_residual(self, thick: int) -> None:
        plan = self._plan
        residual = self._residual(thick, self._predicted, "before")
        self._residual(thick, self._cubic, "cubic")
        inputs = plan.thickening.inputs(thick)
        self._cubic.used(inputs)
        self._predicted.used(inputs)
        if not plan.options.consistency:
            return
        self._residuals.keep(thick, residual, self._to_correction.uses[thick])
        for row in self._to_correction.arrived(thick):
            correction = plan.correction.combine(row, self._residuals.__getitem__)
            self._residuals.used(plan.correction.inputs(row))
            self._corrections.keep(row, correction, len(self._covered[row]))
            for index in self._covered[row]:
                if index in self._predicted:
                    self._correct(row, index)

    def _correct(self, thick: int, index: int) -> None:
        corrected = self._predicted[index] + self._corrections[thick]
        self._corrections.used([thick])
        self._finish(index, corrected)

    def _finish(self, index: int, values: np.ndarray) -> None:
        final = np.rint(values)
        self._is_final[index] = True
        self._predicted.used([index])
        self._final.keep(index, final, self._to_check.uses[index])
        for thick in self._to_check.arrived(index):
            self._residual(thick, self._final, "after")
            self._final.used(self._plan.thickening.inputs(thick))
        self._done(index, final)

    def _residual(self, thick: int, thin: Held, name: str) -> np.ndarray:
        measured, thickening = self._plan.volume.slices[thick], self._plan.thickening
        residual = thickening.combine(thick, thin.__getitem__)
        np.subtract(measured, residual, out=residual)
        flat = residual.reshape(-1)
        self._sums[name] += float(np.dot(flat, flat))
        return residual
