"""What the views show, set again until Slicer has finished setting them up.

Slicer sizes views and moves their slices once more after a script has set them: the offset slider of a view reports
through a queued signal, and new views get their size in a later event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import vtk

from CTEnhanceLib.scene.comparison.views.view_host import SliceView, ViewHost, VolumeView

AGAIN_AFTER_MS = (0, 50, 200, 600)
_TAKES_OVER = (
    *(f"{button}ButtonPressEvent" for button in ("Left", "Middle", "Right")),
    "MouseWheelForwardEvent",
    "MouseWheelBackwardEvent",
    "KeyPressEvent",
)


class SteadyFrames:
    """Holds what was set for a moment, or until the user takes over with mouse or keyboard.

    Args:
        view_host: Where the views stand.
    """

    def __init__(self, view_host: ViewHost) -> None:
        self._view_host = view_host
        self._set: Callable[[], None] | None = None
        self._turn = 0
        self._observed: list[tuple[vtk.vtkObject, int]] = []

    def hold(self, views: Sequence[SliceView | VolumeView], set_frames: Callable[[], None]) -> None:
        """Set frames now and again a little later.

        Args:
            views: Views in which the user may take over.
            set_frames: Sets the frames and asks for new pictures.
        """
        self.release()
        self._turn += 1
        self._set = set_frames
        set_frames()
        for view in views:
            for event in _TAKES_OVER:
                self._observed.append((view.interactor, view.interactor.AddObserver(event, self.release, 10.0)))
        for wait in AGAIN_AFTER_MS:
            self._view_host.later(partial(self._again, self._turn, wait == AGAIN_AFTER_MS[-1]), wait)

    def release(self, *_: object) -> None:
        """Hold nothing any more."""
        self._set = None
        for thing, tag in self._observed:
            thing.RemoveObserver(tag)
        self._observed.clear()

    def _again(self, turn: int, is_last: bool) -> None:
        if self._set is None or turn != self._turn:
            return
        self._set()
        if is_last:
            self.release()
