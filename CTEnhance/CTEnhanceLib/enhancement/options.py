"""What a run is asked for, and how it is watched and ended."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Callable

import numpy as np

from CTEnhanceLib.ct.acquisition import StatedSlices
from CTEnhanceLib.errors import CancelledError, UsageError

Progress = Callable[[str, int, int], None]
Cancel = Callable[[], bool]
Preview = Callable[[int, np.ndarray], None]


@dataclass(frozen=True)
class Options:
    """What a run is asked for; see `CTEnhanceLib.enhance` for the meaning of each.

    Attributes:
        spacing: Interval of the thin slices, mm.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps"; several separated by commas.
        precision: "auto", "fp32", "fp16" or "bf16", of the inner layers.
        stated: What the user states about the thick slices.
        consistency: Whether to back-project onto the measured slices.
        uncertainty: Whether to give the uncertainty of every voxel; None: where the model has one.
        detail: Mix of the accurate (0) and the crisp (1) weights; None for the default of the model.
        first: Index of the thin slice that is wanted first; None: from one end to the other.

    Raises:
        UsageError: The spacing is not positive.
    """

    spacing: float = 1.0
    device: str = "auto"
    precision: str = "auto"
    stated: StatedSlices = field(default_factory=StatedSlices)
    consistency: bool = True
    uncertainty: bool | None = None
    detail: float | None = None
    first: int | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.spacing) and self.spacing > 0):
            raise UsageError(f"The thin spacing must be a positive number of mm, not {self.spacing:g}.")


class Watch:
    """Tells of the progress of a run, asks whether to end it, and knows how long it has taken.

    Args:
        progress: Called as progress(stage, done, total).
        cancel: Asked between batches; True ends the run.
        preview: Called as preview(index, slice) with every predicted thin slice, int16 HU (rows, columns), before it
            is made consistent.
    """

    def __init__(
        self, progress: Progress | None = None, cancel: Cancel | None = None, preview: Preview | None = None
    ) -> None:
        self._progress, self._cancel, self._started = progress, cancel, time.perf_counter()
        self._preview = preview

    def show(self, index: int, values: np.ndarray) -> None:
        """Show a predicted thin slice (rows, columns), HU, to whoever wants to see it."""
        if self._preview is not None:
            self._preview(index, whole_hu(values))

    def progress(self, stage: str, done: int, total: int) -> None:
        """Tell that `done` of `total` steps of a stage are done.

        Args:
            stage: What is being done.
            done: Steps done.
            total: Steps in all.
        """
        if self._progress is not None:
            self._progress(stage, done, total)

    def stop_if_cancelled(self) -> None:
        """End the run where `cancel` says so.

        Raises:
            CancelledError: It does.
        """
        if self._cancel is not None and self._cancel():
            raise CancelledError

    @property
    def seconds(self) -> float:
        """Time since the run began."""
        return time.perf_counter() - self._started


def whole_hu(values: np.ndarray) -> np.ndarray:
    """Give HU, an array of any shape, as int16: rounded, cut to what that holds."""
    limits = np.iinfo(np.int16)
    return np.clip(np.rint(values), limits.min, limits.max).astype(np.int16)
