"""The stack over a whole volume: batches of thick slices in, thin slices out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU, to_hu, to_stored
from CTEnhanceLib.enhancement.device import choose_precision
from CTEnhanceLib.enhancement.options import Watch
from CTEnhanceLib.enhancement.plan import Plan
from CTEnhanceLib.enhancement.slice_map import context_indices
from CTEnhanceLib.errors import DeviceError
from CTEnhanceLib.model.prediction import Prediction

if TYPE_CHECKING:
    import torch

    from CTEnhanceLib.model.stack import Stack

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Window:
    """The in-plane part of the slices that generators look at; the rest is air."""

    rows: slice
    columns: slice


def body_window(thick: np.ndarray, margin: int | None, multiple: int) -> Window:
    """Find the part of the slices that holds the body, with a margin.

    Args:
        thick: Canonical slice array, HU.
        margin: Pixels around the body that generators must see, or None: nothing may be cropped.
        multiple: The window begins at multiples of this, so that strided layers see the same grid.

    Returns:
        The window; all of the slice where nothing is to be gained.
    """
    rows, columns = thick.shape[1:]
    if margin is None:
        return Window(slice(0, rows), slice(0, columns))
    body = np.zeros((rows, columns), dtype=bool)
    for one in thick:
        body |= one > BODY_ABOVE_HU
    spans = []
    for size, seen in ((rows, body.any(axis=1)), (columns, body.any(axis=0))):
        inside = np.flatnonzero(seen)
        low, high = (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, size)
        spans.append(slice(max(low - margin, 0) // multiple * multiple, min(high + margin, size)))
    return Window(*spans)


class Accumulator:
    """Blends predictions into thin slices that start as interpolated ones.

    Args:
        thin: float32 (n_thin, rows, columns), HU, interpolated; changed in place inside the window.
        predictions: All predictions to come.
        window: Where they lie in a slice.
    """

    def __init__(self, thin: np.ndarray, predictions: Sequence[Prediction], window: Window) -> None:
        self.window = window
        self._thin, self._window = thin, (window.rows, window.columns)
        self._remaining = np.bincount([p.thin for p in predictions], minlength=len(thin))
        self._bases: dict[int, np.ndarray] = {}
        self.finished = 0

    def base(self, index: int) -> np.ndarray:
        """Give the interpolated slice (rows, columns of the window) as stored values."""
        if index not in self._bases:
            self._bases[index] = to_stored(self._thin[index][self._window])
            self._thin[index][self._window] = 0
        return self._bases[index]

    def add(self, prediction: Prediction, stored: np.ndarray) -> None:
        """Blend in one predicted slice (stored values, rows and columns of the window)."""
        index = prediction.thin
        self.base(index)
        self._thin[index][self._window] += prediction.weight * to_hu(stored)
        self._remaining[index] -= 1
        if self._remaining[index] == 0:
            del self._bases[index]
            self.finished += 1


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
        window = body_window(thick, self.stack.spec.crop_margin_px, self.stack.multiple)
        accumulator = Accumulator(thin, plan.predictions, window)
        self.stack.place(self.device, self.precision)
        total = len({p.thin for p in plan.predictions})
        condition = scan_condition(plan)
        start, count = 0, len(thick)
        while start < count:
            watch.stop_if_cancelled()
            members = range(start, min(start + self.batch, count))
            chosen = [p for p in plan.predictions if p.thick in members]
            try:
                outputs = self._predict(plan, chosen, members, accumulator, condition)
            except (RuntimeError, MemoryError) as error:
                if not _is_out_of_memory(error):
                    raise
                self._retreat(error)
                continue
            for prediction, output in zip(chosen, outputs):
                accumulator.add(prediction, output)
            start = members.stop
            watch.progress("enhance", accumulator.finished, total)

    def _predict(
        self,
        plan: Plan,
        chosen: Sequence[Prediction],
        members: range,
        accumulator: Accumulator,
        condition: tuple[float, ...],
    ) -> np.ndarray:
        import torch

        if not chosen:
            return np.empty(0)
        thick, window = plan.volume.slices, accumulator.window
        around = [context_indices(i, self.stack.spec.context, len(thick)) for i in members]
        stored = {i: to_stored(thick[i][window.rows, window.columns]) for i in {i for row in around for i in row}}
        context = torch.from_numpy(np.stack([np.stack([stored[i] for i in row]) for row in around]))
        shape = (0, *context.shape[-2:])
        bases = np.stack([accumulator.base(p.thin) for p in chosen]) if self._needs_base else np.empty(shape, "f4")
        in_batch = [replace(p, thick=p.thick - members.start) for p in chosen]
        interval = plan.volume.geometry.interval
        return self.stack.predict(context, in_batch, torch.from_numpy(bases), condition, interval).numpy()

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


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "out of memory" in str(error) or "can't allocate memory" in str(error)
