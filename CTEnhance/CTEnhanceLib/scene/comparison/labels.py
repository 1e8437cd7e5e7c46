"""The writing in a view: what it shows, what that volume is, how it is drawn, and that it is for research.

All of it stands at the top: the DataProbe writes into the lower corners of slice views, and overwrites their corner
annotations on every scroll, so these are actors of our own in the view's lowest renderer. A small view has room for
one line that can be read. Each label sets itself out anew before a picture is drawn, so it follows any size.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Callable

import slicer
import vtk

from CTEnhanceLib.scene.comparison.blend import shows_foreground
from CTEnhanceLib.scene.comparison.bone import BoneRendering
from CTEnhanceLib.scene.comparison.settings import Settings
from CTEnhanceLib.scene.comparison.views.layouts import VIEWS, Side
from CTEnhanceLib.scene.comparison.views.view_host import SliceView, VolumeView
from CTEnhanceLib.scene.comparison.volumes import Volumes
from CTEnhanceLib.scene.provenance import COLORS, RESEARCH_NOTE, Kind, assumed_slices, describe, kind_of, slice_axis
from CTEnhanceLib.version import RESEARCH_ONLY

Color = tuple[float, float, float]
_NOTE: Color = (0.85, 0.85, 0.85)
_WHITE: Color = (1.0, 1.0, 1.0)
SMALL_WIDTH, SMALL_HEIGHT = 480, 480
"""Below, a view has one line: more of them would lie over the bone."""
LONGEST_LINE = 34
"""Characters of a badge that can still be read in a small view; of a longer one its first word stays."""
SHORT_NOTE = RESEARCH_ONLY.rpartition(", ")[2]
"""What the research note shrinks to where there is one line; measured slices do not carry it."""

_SURFACE_COLOURS = {
    "surface": "distance from the left one, red outside",
    "uncertainty": "its uncertainty in HU, yellow where it is large",
}


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

    def lines(self, width: int, height: int) -> tuple[str, str]:
        """What is written in a view of so many pixels: the badge line, and the smaller lines below it."""
        if width < SMALL_WIDTH or height < SMALL_HEIGHT:
            warned = self.badge.startswith(("MEASURED ·", "REFERENCE ·")) or not self.badge
            said = self.badge if len(self.badge) <= LONGEST_LINE else self.badge.partition(" · ")[0]
            return (said if warned else f"{said} · {SHORT_NOTE}"), ""
        return self.badge, "\n".join(part for part in (self.name, self.note) if part)


class LabelTexts:
    """Writes the labels; asked before every picture, so that none tells of a volume that is gone.

    Args:
        volumes: What is compared.
        settings: What is shown and how.
        bone: Renders the volumes in the 3D views.
    """

    def __init__(self, volumes: Volumes, settings: Settings, bone: BoneRendering) -> None:
        self._volumes, self._settings, self._bone = volumes, settings, bone
        self._axis = slice_axis(volumes.measured)
        self.assumed = assumed_slices(volumes.measured, volumes.computed)

    def of_slice(self, view: SliceView) -> LabelText:
        """Label of a slice view."""
        note = f"{self.assumed.text}\n{RESEARCH_NOTE}"
        scene, composite = view.node.GetScene(), view.composite
        background = scene.GetNodeByID(composite.GetBackgroundVolumeID() or "") if scene is not None else None
        if background is None:
            return LabelText("", "", RESEARCH_NOTE, _WHITE)
        foreground = scene.GetNodeByID(composite.GetForegroundVolumeID() or "")
        blend = self._settings.blend if side_of(view) is Side.COMPUTED else "none"
        if self._kind(background) is Kind.REFERENCE:
            note = "measured thin slices"
        if foreground is None:
            return self._text(background, note)
        if blend in ("reveal", "checkerboard"):
            both = " / ".join(self._kind(node).value.upper() for node in (foreground, background))
            where = "left / right of the mouse" if blend == "reveal" else "in turn"
            return LabelText(both, where, note, _WHITE)
        if blend == "flicker":
            return self._text(foreground if shows_foreground(composite) else background, note)
        if composite.GetForegroundOpacity() > 0:
            over = describe(foreground, self._axis, self._kind(foreground))
            below = self._kind(background)
            return LabelText(below.value.upper(), f"{background.GetName()} · {over}", note, COLORS[below])
        return self._text(background, note)

    def of_volume(self, view: VolumeView) -> LabelText:
        """Label of a 3D view."""
        if self._settings.bone_as != "rendering":
            drawn = f"surface at {self._settings.surface_hu:g} HU"
            if side_of(view) is Side.COMPUTED:
                drawn += f", colour: {_SURFACE_COLOURS[self._settings.bone_as]}"
        else:
            lit = "lit" if self._bone.shading else "unlit"
            drawn = f"{self._bone.preset} {self._bone.shift:+g} HU, {lit}, same on both sides"
        return self._text(self._volumes.of(side_of(view)), f"{drawn}\n{RESEARCH_NOTE}")

    def _text(self, volume: slicer.vtkMRMLVolumeNode, note: str) -> LabelText:
        kind = self._kind(volume)
        return LabelText(describe(volume, self._axis, kind), volume.GetName(), note, COLORS[kind])

    def _kind(self, volume: slicer.vtkMRMLVolumeNode) -> Kind:
        """A reference was measured too, but stands here for the truth."""
        return Kind.REFERENCE if volume is self._volumes.reference else kind_of(volume)


def side_of(view: SliceView | VolumeView) -> Side:
    """Which side of the comparison a view belongs to."""
    return VIEWS[view.tag].side


class ViewLabels:
    """The labels of the views on show; they stay while what is shown changes, as Slicer may draw at any moment."""

    def __init__(self) -> None:
        self._texts: LabelTexts | None = None
        self._labels: dict[str, ViewLabel] = {}

    @property
    def shown(self) -> dict[str, LabelText]:
        """What each label says now, by the view's tag."""
        return {tag: label.shown for tag, label in self._labels.items()}

    def write(self, texts: LabelTexts) -> None:
        """Take over what labels say from now on."""
        self._texts = texts

    def follow(self, slice_views: Sequence[SliceView], volume_views: Sequence[VolumeView]) -> None:
        """Label the views on show, and no others."""
        views: list[SliceView | VolumeView] = [*slice_views, *volume_views]
        for tag in set(self._labels) - {view.tag for view in views}:
            self._labels.pop(tag).remove()
        for view in views:
            if view.tag not in self._labels:
                self._labels[view.tag] = ViewLabel(view.renderer, partial(self._text, view))

    def bring_to_front(self) -> None:
        """Draw the labels over what was put on the views after them: borders of blends, say."""
        for label in self._labels.values():
            label.bring_to_front()

    def remove(self) -> None:
        """Take all labels away."""
        self.follow((), ())

    def _text(self, view: SliceView | VolumeView) -> LabelText:
        if self._texts is None:
            return LabelText("", "", RESEARCH_NOTE, _WHITE)
        return self._texts.of_slice(view) if isinstance(view, SliceView) else self._texts.of_volume(view)


class ViewLabel:
    """What a view shows, at its top.

    Args:
        renderer: The view's lowest renderer.
        text: Asked before every picture, so that a label never tells of a volume that is gone.
    """

    def __init__(self, renderer: vtk.vtkRenderer, text: Callable[[], LabelText]) -> None:
        self._renderer = renderer
        self._text = text
        self._badge = _text_actor(bold=True)
        self._below = _text_actor(bold=False)
        for actor in self._actors:
            renderer.AddViewProp(actor)
        self._tag = renderer.AddObserver(vtk.vtkCommand.StartEvent, self._set_out)

    @property
    def shown(self) -> LabelText:
        """What the label says now."""
        return self._text()

    def bring_to_front(self) -> None:
        """Draw it last."""
        for actor in self._actors:
            self._renderer.RemoveViewProp(actor)
            self._renderer.AddViewProp(actor)

    def remove(self) -> None:
        """Take the label out of the view."""
        self._renderer.RemoveObserver(self._tag)
        for actor in self._actors:
            self._renderer.RemoveViewProp(actor)

    @property
    def _actors(self) -> tuple[vtk.vtkTextActor, ...]:
        return (self._badge, self._below)

    def _set_out(self, *_: object) -> None:
        width, height = self._renderer.GetSize()
        size = font_size(width, height)
        text = self._text()
        badge, below = text.lines(width, height)
        self._write(self._badge, badge, size, text.color, (width / 2, height - 4))
        self._write(self._below, below, max(SMALLEST_FONT, round(0.7 * size)), _NOTE, (width / 2, height - 1.7 * size))

    def _write(self, actor: vtk.vtkTextActor, text: str, size: int, color: Color, place: tuple[float, float]) -> None:
        actor.SetVisibility(bool(text))
        actor.GetTextProperty().SetFontSize(size)
        actor.GetTextProperty().SetColor(*color)
        actor.SetPosition(*place)
        lines = text.split("\n")
        share = self._share_of_view(actor, lines) if text else 0.0
        if share > _ROOM and actor is self._badge:
            # A label that is cut off may lose the very word that matters.
            actor.GetTextProperty().SetFontSize(max(6, int(size * _ROOM / share)))
        elif share > _ROOM:
            longest = int(max(map(len, lines)) * _ROOM / share)
            self._share_of_view(actor, [part for line in lines for part in textwrap.wrap(line, longest)])

    def _share_of_view(self, actor: vtk.vtkTextActor, lines: Sequence[str]) -> float:
        """Let an actor write some lines; give how much of the view's width they take."""
        actor.SetInput("\n".join(f" {line} " for line in lines))
        box = [0.0] * 4
        actor.GetBoundingBox(self._renderer, box)
        return (box[1] - box[0]) / max(self._renderer.GetSize()[0], 1)


_ROOM = 0.97
"""How much of a view's width a line may take."""
SMALLEST_FONT = 12
"""Pixels; what is smaller is not read."""


def font_size(width: int, height: int) -> int:
    """Font size in pixels that is readable in a view of this size and does not fill it."""
    return int(min(22, max(14, min(width / 26, height / 24))))


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
