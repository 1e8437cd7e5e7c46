"""The stack over a whole volume: batches of thick slices in, thin slices out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.intensity import to_hu, to_stored
from CTEnhanceLib.enhancement.body_window import BodyWindows, Window, part_of
from CTEnhanceLib.enhancement.device import choose_precision
from CTEnhanceLib.enhancement.options import Watch
from CTEnhanceLib.enhancement.plan import Plan
from CTEnhanceLib.enhancement.slice_map import context_indices
from CTEnhanceLib.errors import DeviceError, is_out_of_memory
from CTEnhanceLib.model.prediction import Prediction

if TYPE_CHECKING:
    import torch

    from CTEnhanceLib.model.stack import Stack

logger = logging.getLogger(__name__)


class Accumulator:
    """Blends predictions into thin slices that start as interpolated ones.

    Args:
        thin: float32 (n_thin, rows, columns), HU, interpolated; changed in place inside the windows.
        predictions: All predictions to come.
    """

    def __init__(self, thin: np.ndarray, predictions: Sequence[Prediction]) -> None:
        self._thin = thin
        self._remaining = np.bincount([p.thin for p in predictions], minlength=len(thin))
        self._interpolated: dict[int, np.ndarray] = {}
        self.finished = 0

    def base(self, index: int, window: Window) -> np.ndarray:
        """Give the interpolated slice (rows, columns of the window) as stored values."""
        return to_stored(self._before(index)[window.rows, window.columns])

    def add(self, prediction: Prediction, stored: np.ndarray, window: Window | None) -> None:
        """Blend in one predicted slice (stored values, rows and columns of the window; None: there is only air).

        Args:
            prediction: What was predicted.
            stored: 12-bit values, (rows, columns) of the window.
            window: Where they lie in the slice; None: there is only air.
        """
        if window is None:
            self.skip(prediction)
            return
        place = (prediction.thin, window.rows, window.columns)
        change = to_hu(stored) - self._before(prediction.thin)[window.rows, window.columns]
        self._thin[place] += prediction.weight * change
        self.skip(prediction)

    def skip(self, prediction: Prediction) -> None:
        """Leave the share of one prediction to the interpolated slice: there is only air."""
        index = prediction.thin
        self._remaining[index] -= 1
        if self._remaining[index] == 0:
            self._interpolated.pop(index, None)
            self.finished += 1

    def _before(self, index: int) -> np.ndarray:
        """Give the slice as it was interpolated, before anything was blended in."""
        if index not in self._interpolated:
            self._interpolated[index] = self._thin[index].copy()
        return self._interpolated[index]


@dataclass
class Runner:
    """Runs a stack in batches; a smaller batch and then the CPU follow when GPU memory runs out.

    Attributes:
        stack: The stack.
        device: Where it runs; becomes the CPU when the GPU's memory is too small even for one slice.
        precision: Of the inner layers on that device; the CPU's best after a retreat to it.
        batch: Thick slices at a time.
        notes: What had to be changed on the way, one sentence each.
    """

    stack: Stack
    device: torch.device
    precision: str
    batch: int
    notes: list[str]

    def run(self, plan: Plan, thin: np.ndarray, watch: Watch) -> None:
        """Predict all thin slices.

        Args:
            plan: What is to be predicted from what.
            thin: float32 (n_thin, rows, columns), HU, interpolated; each slice is replaced by its prediction.
            watch: Told after each batch, and asked whether to go on.

        Raises:
            CancelledError: The run was cancelled.
            DeviceError: Memory ran out on the CPU as well.
        """
        thick = plan.volume.slices
        windows = BodyWindows(thick, self.stack.spec.crop_margin_px, self.stack.multiple)
        accumulator = Accumulator(thin, plan.predictions)
        self.stack.place(self.device, self.precision)
        total = len({p.thin for p in plan.predictions})
        condition = scan_condition(plan)
        start, count = 0, len(thick)
        while start < count:
            watch.stop_if_cancelled()
            members = range(start, min(start + self.batch, count))
            chosen = [p for p in plan.predictions if p.thick in members]
            around = [context_indices(i, self.stack.spec.context, count) for i in members]
            window = windows.around(sorted({i for row in around for i in row}))
            if window is None:
                for prediction in chosen:
                    accumulator.skip(prediction)
                start = members.stop
                continue
            try:
                outputs = self._predict(plan, chosen, around, window, accumulator, condition)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._retreat(error)
                continue
            own = [windows.around(row) for row in around]
            for prediction, output in zip(chosen, outputs):
                accumulator.add(prediction, *part_of(output, window, own[prediction.thick - start]))
            start = members.stop
            watch.progress("enhance", accumulator.finished, total)

    def _predict(
        self,
        plan: Plan,
        chosen: Sequence[Prediction],
        around: Sequence[Sequence[int]],
        window: Window,
        accumulator: Accumulator,
        condition: tuple[float, ...],
    ) -> np.ndarray:
        from CTEnhanceLib.model.arrays import array_of, tensor_of

        if not chosen:
            return np.empty(0)
        thick, middle = plan.volume.slices, self.stack.spec.context // 2
        stored = {i: to_stored(thick[i][window.rows, window.columns]) for i in {i for row in around for i in row}}
        context = tensor_of(np.stack([np.stack([stored[i] for i in row]) for row in around]))
        bases = np.empty((0, *context.shape[-2:]), "f4")
        if self._needs_base:
            bases = np.stack([accumulator.base(p.thin, window) for p in chosen])
        in_batch = [replace(p, thick=p.thick - around[0][middle]) for p in chosen]
        interval = plan.volume.geometry.interval
        return array_of(self.stack.predict(context, in_batch, tensor_of(bases), condition, interval))

    @property
    def _needs_base(self) -> bool:
        return self.stack.spec.base == "interpolated"

    def _retreat(self, error: Exception) -> None:
        import torch

        if self.device.type == "cpu":
            raise DeviceError("Memory ran out on the CPU; close other programs or crop the volume.") from error
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.batch > 1:
            self.batch //= 2
            self.notes.append(f"Memory of {self.device} ran out: going on with {self.batch} thick slices at a time.")
        else:
            self.notes.append(f"Memory of {self.device} ran out at one slice: going on with the CPU.")
            self.device = torch.device("cpu")
            self.precision = choose_precision("auto", self.device)
            self.stack.place(self.device, self.precision)
        logger.warning(self.notes[-1])


def scan_condition(plan: Plan) -> tuple[float, float, float]:
    """Give what the networks are told of the scan, from `context_unet.describe_scan`."""
    from CTEnhanceLib.model.context_unet import describe_scan

    geometry = plan.volume.geometry
    pixel_spacing = float(np.prod(geometry.pixel_spacing)) ** 0.5
    return describe_scan(geometry.interval, plan.options.spacing, pixel_spacing, plan.volume.acquisition.profile)
