"""The writing in a view: what is shown, under which name, and that it is for research.

Own actors in the view's lowest renderer: Slicer's DataProbe overwrites the corner annotations of slice views on
every scroll. Each label sets itself out anew before a picture is drawn, so it follows any change of size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import vtk

Color = tuple[float, float, float]
_NAME: Color = (0.92, 0.92, 0.92)
_NOTE: Color = (0.80, 0.80, 0.80)


@dataclass(frozen=True)
class LabelText:
    """What a label says; a bar would end a column of VTK's text.

    Attributes:
        badge: What the volume is, in capitals.
        name: The volume's name.
        note: The lines at the bottom.
        color: Colour of the badge, RGB in 0..1.
    """

    badge: str
    name: str
    note: str
    color: Color


class ViewLabel:
    """Badge and name at the top of a view, notes at its bottom.

    Args:
        renderer: The view's lowest renderer.
        text: Asked before every picture, so that a label never tells of a volume that is gone.
    """

    def __init__(self, renderer: vtk.vtkRenderer, text: Callable[[], LabelText]) -> None:
        self._renderer = renderer
        self._text = text
        self._badge = _text_actor(bold=True)
        self._name = _text_actor(bold=False)
        self._note = _text_actor(bold=False)
        self._note.GetTextProperty().SetVerticalJustificationToBottom()
        for actor in self._actors:
            renderer.AddViewProp(actor)
        self._tag = renderer.AddObserver(vtk.vtkCommand.StartEvent, self._set_out)

    @property
    def shown(self) -> LabelText:
        """What the label says now."""
        return self._text()

    def remove(self) -> None:
        """Take the label out of the view."""
        self._renderer.RemoveObserver(self._tag)
        for actor in self._actors:
            self._renderer.RemoveViewProp(actor)

    @property
    def _actors(self) -> tuple[vtk.vtkTextActor, ...]:
        return (self._badge, self._name, self._note)

    def _set_out(self, *_: object) -> None:
        width, height = self._renderer.GetSize()
        size = font_size(width, height)
        text = self._text()
        middle = width / 2
        self._write(self._badge, text.badge, size, text.color, (middle, height - 0.5 * size))
        self._write(self._name, text.name, round(0.8 * size), _NAME, (middle, height - 2.1 * size))
        self._write(self._note, text.note, round(0.72 * size), _NOTE, (middle, 0.4 * size))

    def _write(self, actor: vtk.vtkTextActor, text: str, size: int, color: Color, place: tuple[float, float]) -> None:
        actor.SetInput(f" {text} " if text else "")
        actor.SetVisibility(bool(text))
        actor.GetTextProperty().SetFontSize(size)
        actor.GetTextProperty().SetColor(*color)
        actor.SetPosition(*place)
        box = [0.0] * 4
        actor.GetBoundingBox(self._renderer, box)
        room = 0.94 * self._renderer.GetSize()[0]
        if text and box[1] - box[0] > room:
            # A label that is cut off may lose the very word that matters.
            actor.GetTextProperty().SetFontSize(max(6, int(size * room / (box[1] - box[0]))))


def font_size(width: int, height: int) -> int:
    """Font size in pixels that is readable in a view of this size and does not fill it."""
    return int(min(22, max(10, min(width / 26, height / 24))))


def _text_actor(*, bold: bool) -> vtk.vtkTextActor:
    actor = vtk.vtkTextActor()
    actor.SetTextScaleModeToNone()
    actor.PickableOff()
    style = actor.GetTextProperty()
    style.SetFontFamilyToArial()
    style.SetBold(bold)
    style.SetJustificationToCentered()
    style.SetVerticalJustificationToTop()
    style.SetBackgroundColor(0, 0, 0)
    style.SetBackgroundOpacity(0.65)
    style.SetLineSpacing(1.25)
    return actor
