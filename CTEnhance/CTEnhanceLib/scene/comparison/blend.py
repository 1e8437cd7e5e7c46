"""Two volumes in one slice view: reveal cursor, checkerboard, flicker.

Each works on a view whose background and foreground are the two volumes; scrolling, crosshair and markups go on
working. Reveal and checkerboard draw the two layers that Slicer has resliced anyway, so moving the cursor costs no
reslicing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

import slicer
import vtk

from CTEnhanceLib.scene.comparison.views.view_host import SliceView, ViewHost

FLICKER_MILLISECONDS = 700
CHECKERBOARD_DIVISIONS = 6


@dataclass(frozen=True)
class BlendedName:
    """How one of two volumes is named where they meet.

    Attributes:
        word: What the volume is.
        color: RGB in 0..1.
    """

    word: str
    color: tuple[float, float, float]


class LayerMix:
    """Draws a mix of a slice view's two layers over the view's own picture, with a border and both names.

    Args:
        view: A view with background and foreground.
        algorithm: A VTK image filter with two inputs: first the foreground, then the background.
        names: Of foreground and background.
    """

    def __init__(
        self, view: SliceView, algorithm: vtk.vtkImageAlgorithm, names: tuple[BlendedName, BlendedName]
    ) -> None:
        self._view = view
        # Slicer would blend the foreground in by itself; here it is only there to be resliced.
        view.composite.SetForegroundOpacity(0.0)
        self._algorithm = algorithm
        layers = (view.logic.GetForegroundLayer(), view.logic.GetBackgroundLayer())
        for port, layer in enumerate(layers):
            algorithm.SetInputConnection(port, layer.GetImageDataConnection())
        mapper = vtk.vtkImageMapper()
        mapper.SetInputConnection(algorithm.GetOutputPort())
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        picture = vtk.vtkActor2D()
        picture.SetMapper(mapper)
        picture.GetProperty().SetDisplayLocationToBackground()
        self._lines = vtk.vtkPolyData()
        line_mapper = vtk.vtkPolyDataMapper2D()
        line_mapper.SetInputData(self._lines)
        border = vtk.vtkActor2D()
        border.SetMapper(line_mapper)
        border.GetProperty().SetColor(1.0, 1.0, 1.0)
        border.GetProperty().SetOpacity(0.7)
        self._words = [_word(name) for name in names]
        self._actors = [picture, border, *self._words]
        for actor in self._actors:
            actor.PickableOff()
            view.renderer.AddViewProp(actor)

    def follow_size(self) -> None:
        """Set border and names, and the mix itself, for the size that the view has now."""
        # Slicer was seen to show the first result, of layers not yet resliced, until the filter was changed.
        self._algorithm.Modified()

    def remove(self) -> None:
        """Take the mix out of the view; to be called while the foreground is still there."""
        for actor in self._actors:
            self._view.renderer.RemoveViewProp(actor)
        self._algorithm.RemoveAllInputs()

    def _draw_lines(self, lines: Sequence[tuple[float, float, float, float]]) -> None:
        points, cells = vtk.vtkPoints(), vtk.vtkCellArray()
        for x, y, to_x, to_y in lines:
            ends = [points.InsertNextPoint(x, y, 0.0), points.InsertNextPoint(to_x, to_y, 0.0)]
            cells.InsertNextCell(2, ends)
        self._lines.SetPoints(points)
        self._lines.SetLines(cells)


class Reveal(LayerMix):
    """Foreground left of the mouse, background right of it.

    Args:
        view: A view with background and foreground.
        names: Of foreground and background.
    """

    def __init__(self, view: SliceView, names: tuple[BlendedName, BlendedName]) -> None:
        self._wipe = vtk.vtkImageRectilinearWipe()
        self._wipe.SetWipeToHorizontal()
        super().__init__(view, self._wipe, names)
        self._followed = False
        self._words[0].GetTextProperty().SetJustificationToRight()
        self.follow_size()
        # Before Slicer's own style, which keeps the moves that it can use.
        self._tag = view.interactor.AddObserver(vtk.vtkCommand.MouseMoveEvent, self._follow, 1.0)

    def _move(self, x: int, y: int) -> None:
        """Put the cursor somewhere, pixels from the lower left."""
        self._wipe.SetPosition(int(x), int(y))
        rows = self._view.node.GetDimensions()[1]
        self._draw_lines([(x, 0, x, rows)])
        for word, side in zip(self._words, (-6, 6)):
            word.SetPosition(x + side, 0.12 * rows)

    def follow_size(self) -> None:
        """Stand in the middle as long as the mouse has not been there."""
        super().follow_size()
        if not self._followed:
            columns, rows, _ = self._view.node.GetDimensions()
            self._move(columns // 2, rows // 2)

    def remove(self) -> None:
        """Take the mix out of the view; to be called while the foreground is still there."""
        self._view.interactor.RemoveObserver(self._tag)
        super().remove()

    def _follow(self, *_: object) -> None:
        self._followed = True
        self._move(*self._view.interactor.GetEventPosition())
        self._view.render()


class Checkerboard(LayerMix):
    """Squares of foreground and background in turn.

    Args:
        view: A view with background and foreground.
        names: Of foreground and background.
        divisions: Number of squares across and down.
    """

    def __init__(
        self,
        view: SliceView,
        names: tuple[BlendedName, BlendedName],
        divisions: int = CHECKERBOARD_DIVISIONS,
    ) -> None:
        board = vtk.vtkImageCheckerboard()
        board.SetNumberOfDivisions(divisions, divisions, 1)
        self._divisions = divisions
        super().__init__(view, board, names)
        self.follow_size()

    def follow_size(self) -> None:
        """Set lines and names for the size that the view has now."""
        super().follow_size()
        columns, rows, _ = self._view.node.GetDimensions()
        width, height = columns // self._divisions, rows // self._divisions
        inner = range(1, self._divisions)
        self._draw_lines(
            [
                *((width * index, 0, width * index, rows) for index in inner),
                *((0, height * index, columns, height * index) for index in inner),
            ]
        )
        for index, word in enumerate(self._words):  # the two squares of the second row, away from other writing
            word.SetPosition(width * index + 4, height + 4)


class Flicker:
    """Foreground and background in turn, in all given views at once.

    Args:
        view_host: Gives the clock.
        views: Views with background and foreground.
    """

    def __init__(self, view_host: ViewHost, views: Sequence[SliceView]) -> None:
        self._views = list(views)
        self._stop: Callable[[], None] = view_host.every(FLICKER_MILLISECONDS, self._step)
        for view in self._views:
            view.composite.SetForegroundOpacity(0.0)

    def _step(self) -> None:
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


def _word(name: BlendedName) -> vtk.vtkTextActor:
    actor = vtk.vtkTextActor()
    actor.SetInput(name.word)
    actor.SetTextScaleModeToNone()
    style = actor.GetTextProperty()
    style.SetFontFamilyToArial()
    style.SetFontSize(13)
    style.SetBold(True)
    style.SetColor(*name.color)
    style.SetBackgroundColor(0, 0, 0)
    style.SetBackgroundOpacity(0.5)
    return actor
