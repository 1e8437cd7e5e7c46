"""The stack over a whole volume: batches of thick slices in, thin slices out."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.intensity import STORED_MAX, to_stored
from CTEnhanceLib.enhancement.body_window import BodyWindows, Window, part_of
from CTEnhanceLib.enhancement.device import choose_precision
from CTEnhanceLib.enhancement.options import Watch
from CTEnhanceLib.enhancement.plan import Plan
from CTEnhanceLib.enhancement.slice_map import context_indices
from CTEnhanceLib.enhancement.stream import Blending
from CTEnhanceLib.errors import DeviceError, is_out_of_memory
from CTEnhanceLib.model.prediction import Prediction

if TYPE_CHECKING:
    import torch

    from CTEnhanceLib.model.stack import Stack
    from CTEnhanceLib.model.transfer import Arrival

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Flight:
    """A batch that a device computes or has computed.

    Attributes:
        chosen: Its predictions.
        around: The thick slices seen around each of its thick slices.
        window: What of the slices was looked at.
        arrival: Its thin slices, in the order of `chosen`; None where there is nothing to predict.
    """

    chosen: Sequence[Prediction]
    around: Mapping[int, Sequence[int]]
    window: Window
    arrival: Arrival | None


@dataclass
class Runner:
    """Runs a stack in batches; a smaller batch and then the CPU follow when GPU memory runs out.

    Attributes:
        stack: The stack.
        device: Where it runs; becomes the CPU when the GPU's memory is too small even for one slice.
        precision: Of the inner layers on that device; the CPU's best after a retreat to it.
        batch: Thick slices at a time.
        notes: What had to be changed on the way, one sentence each.
        others: Further devices, which take batches in turn with the first one.
    """

    stack: Stack
    device: torch.device
    precision: str
    batch: int
    notes: list[str]
    others: Sequence[torch.device] = ()

    def run(self, plan: Plan, blending: Blending, watch: Watch) -> None:
        """Predict all thin slices.

        While a GPU computes one batch the next one is prepared and sent, and the one before is fetched and blended.

        Args:
            plan: What is to be predicted from what.
            blending: Takes the predictions; it is not done before it has all of them.
            watch: Told after each batch, and asked whether to go on.

        Raises:
            CancelledError: The run was cancelled.
            DeviceError: Memory ran out on the CPU as well.
        """
        thick = plan.volume.slices
        windows = BodyWindows(thick, self.stack.spec.crop_margin_px, self.stack.multiple)
        lanes = self._lanes()
        condition, count = scan_condition(plan), len(thick)
        from_thick: dict[int, list[Prediction]] = {}
        for prediction in plan.predictions:
            from_thick.setdefault(prediction.thick, []).append(prediction)
        order = slice_order(plan)
        flying: deque[_Flight] = deque()
        start = turn = 0
        while start < count:
            watch.stop_if_cancelled()
            members = order[start : start + self.batch]
            chosen = [p for index in members for p in from_thick.get(index, ())]
            around = {i: context_indices(i, self.stack.spec.context, count) for i in members}
            window = windows.around(sorted({i for row in around.values() for i in row}))
            if window is None:
                for prediction in chosen:
                    blending.skip(prediction)
                start += len(members)
                continue
            try:
                lane = lanes[turn % len(lanes)]
                flying.append(self._launch(lane, plan, chosen, around, window, blending, condition))
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                while flying:
                    self._land(flying.popleft(), windows, blending, watch)
                if self._retreat(error):
                    lanes = self._lanes()
                continue
            start, turn = start + len(members), turn + 1
            while len(flying) > self._at_once(lanes):
                self._land(flying.popleft(), windows, blending, watch)
        while flying:
            self._land(flying.popleft(), windows, blending, watch)

    def _lanes(self) -> list[Stack]:
        """Give one stack for each device, in its place."""
        self.stack.place(self.device, self.precision)
        lanes = [self.stack]
        for device in self.others:
            lanes.append(self.stack.replica())
            lanes[-1].place(device, self.precision)
        return lanes

    def _at_once(self, lanes: Sequence[Stack]) -> int:
        """Give how many batches may fly while the next is prepared: a lone CPU has no time to gain by it."""
        return 0 if len(lanes) == 1 and self.device.type == "cpu" else len(lanes)

    def _land(self, flight: _Flight, windows: BodyWindows, blending: Blending, watch: Watch) -> None:
        from CTEnhanceLib.model.arrays import array_of

        own = {index: windows.around(row) for index, row in flight.around.items()}
        if flight.arrival is not None:
            outputs = array_of(flight.arrival.wait()) * np.float32(STORED_MAX)
            for prediction, output in zip(flight.chosen, outputs):
                blending.add(prediction, *part_of(output, flight.window, own[prediction.thick]))
        watch.progress("enhance", blending.finished, blending.total)

    def _launch(
        self,
        lane: Stack,
        plan: Plan,
        chosen: Sequence[Prediction],
        around: Mapping[int, Sequence[int]],
        window: Window,
        blending: Blending,
        condition: tuple[float, ...],
    ) -> _Flight:
        from CTEnhanceLib.model.arrays import tensor_of
        from CTEnhanceLib.model.transfer import Arrival

        if not chosen:
            return _Flight(chosen, around, window, None)
        thick = plan.volume.slices
        seen = {i for row in around.values() for i in row}
        stored = {i: to_stored(thick[i][window.rows, window.columns]) for i in seen}
        context = tensor_of(np.stack([np.stack([stored[i] for i in row]) for row in around.values()]))
        bases = np.empty((0, *context.shape[-2:]), "f4")
        if self._needs_base:
            bases = np.stack([blending.base(p.thin, window) for p in chosen])
        place = {index: number for number, index in enumerate(around)}
        in_batch = [replace(p, thick=place[p.thick]) for p in chosen]
        output = lane.launch(context, in_batch, tensor_of(bases), condition, plan.volume.geometry.interval)
        return _Flight(chosen, around, window, Arrival(output))

    @property
    def _needs_base(self) -> bool:
        return self.stack.spec.base == "interpolated"

    def _retreat(self, error: Exception) -> bool:
        """Take a smaller batch, or the CPU; tell whether the device is another one now."""
        import torch

        if self.device.type == "cpu":
            raise DeviceError("Memory ran out on the CPU; close other programs or crop the volume.") from error
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        moved = False
        if self.batch > 1:
            self.batch //= 2
            self.notes.append(f"Memory of {self.device} ran out: going on with {self.batch} thick slices at a time.")
        else:
            self.notes.append(f"Memory of {self.device} ran out at one slice: going on with the CPU.")
            self.device, self.others = torch.device("cpu"), ()
            self.precision = choose_precision("auto", self.device)
            moved = True
        logger.warning(self.notes[-1])
        return moved


def slice_order(plan: Plan) -> list[int]:
    """Give the thick slices in the order in which they are looked at: from the place that is wanted first outwards."""
    positions, wanted = plan.volume.geometry.positions, plan.options.first
    if wanted is None:
        return list(range(len(positions)))
    away = np.abs(positions - plan.thin[min(max(wanted, 0), len(plan.thin) - 1)])
    return [int(index) for index in np.argsort(away, kind="stable")]


def scan_condition(plan: Plan) -> tuple[float, float, float]:
    """Give what the networks are told of the scan, from `context_unet.describe_scan`."""
    from CTEnhanceLib.model.context_unet import describe_scan

    geometry = plan.volume.geometry
    pixel_spacing = float(np.prod(geometry.pixel_spacing)) ** 0.5
    return describe_scan(geometry.interval, plan.options.spacing, pixel_spacing, plan.volume.acquisition.profile)
