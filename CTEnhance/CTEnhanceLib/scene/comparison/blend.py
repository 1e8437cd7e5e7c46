"""Two volumes in one slice view: reveal cursor, checkerboard, flicker.

Each works on a view whose background and foreground are the two volumes; scrolling, crosshair and markups go on
working. Reveal and checkerboard draw the two layers that Slicer has resliced anyway, so moving the cursor costs no
reslicing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

import slicer
import vtk

from CTEnhanceLib.scene.comparison.view_host import SliceView, Stage

BACKGROUND, FOREGROUND = 0, 1
FLICKER_MILLISECONDS = 700
CHECKERBOARD_DIVISIONS = 6


class LayerMix:
    """Draws a mix of a slice view's two layers over the view's own picture.

    Args:
        view: A view with background and foreground.
        algorithm: A VTK image filter with two inputs: first the foreground, then the background.
    """

    def __init__(self, view: SliceView, algorithm: vtk.vtkImageAlgorithm) -> None:
        self._view = view
        # Slicer would blend the foreground in by itself; here it is only there to be resliced.
        view.composite.SetForegroundOpacity(0.0)
        self._algorithm = algorithm
        algorithm.SetInputConnection(0, view.logic.GetNthLayerImageDataConnection(FOREGROUND))
        algorithm.SetInputConnection(1, view.logic.GetNthLayerImageDataConnection(BACKGROUND))
        mapper = vtk.vtkImageMapper()
        mapper.SetInputConnection(algorithm.GetOutputPort())
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        self._actor = vtk.vtkActor2D()
        self._actor.SetMapper(mapper)
        self._actor.GetProperty().SetDisplayLocationToBackground()
        self._actor.PickableOff()
        view.renderer.AddViewProp(self._actor)

    def remove(self) -> None:
        """Take the mix out of the view; to be called while the foreground is still there."""
        self._view.renderer.RemoveViewProp(self._actor)
        self._algorithm.RemoveAllInputs()


class Reveal(LayerMix):
    """Foreground left of the mouse, background right of it.

    Args:
        view: A view with background and foreground.
    """

    def __init__(self, view: SliceView) -> None:
        self._wipe = vtk.vtkImageRectilinearWipe()
        self._wipe.SetWipeToHorizontal()
        super().__init__(view, self._wipe)
        columns, rows, _ = view.node.GetDimensions()
        self.move(columns // 2, rows // 2)
        # Before Slicer's own style, which keeps the moves that it can use.
        self._tag = view.interactor.AddObserver(vtk.vtkCommand.MouseMoveEvent, self._follow, 1.0)

    @property
    def position(self) -> tuple[int, int]:
        """Where the cursor stands, pixels from the lower left."""
        return tuple(self._wipe.GetPosition())

    def move(self, x: int, y: int) -> None:
        """Put the cursor somewhere, pixels from the lower left."""
        self._wipe.SetPosition(int(x), int(y))

    def remove(self) -> None:
        """Take the mix out of the view; to be called while the foreground is still there."""
        self._view.interactor.RemoveObserver(self._tag)
        super().remove()

    def _follow(self, *_: object) -> None:
        self.move(*self._view.interactor.GetEventPosition())
        self._view.render()


class Checkerboard(LayerMix):
    """Squares of foreground and background in turn.

    Args:
        view: A view with background and foreground.
        divisions: Number of squares across and down.
    """

    def __init__(self, view: SliceView, divisions: int = CHECKERBOARD_DIVISIONS) -> None:
        board = vtk.vtkImageCheckerboard()
        board.SetNumberOfDivisions(divisions, divisions, 1)
        super().__init__(view, board)


class Flicker:
    """Foreground and background in turn, in all given views at once.

    Args:
        stage: Gives the clock.
        views: Views with background and foreground.
    """

    def __init__(self, stage: Stage, views: Sequence[SliceView]) -> None:
        self._views = list(views)
        self._stop: Callable[[], None] = stage.every(FLICKER_MILLISECONDS, self.step)
        for view in self._views:
            view.composite.SetForegroundOpacity(0.0)

    def step(self) -> None:
        """Show the other one."""
        for view in self._views:
            view.composite.SetForegroundOpacity(0.0 if shows_foreground(view.composite) else 1.0)

    def remove(self) -> None:
        """Stand still, on the background."""
        self._stop()
        for view in self._views:
            view.composite.SetForegroundOpacity(0.0)


def shows_foreground(composite: slicer.vtkMRMLSliceCompositeNode) -> bool:
    """Whether a flickering view shows its foreground now."""
    return bool(composite.GetForegroundOpacity() > 0.5)
