"""Everything that makes Slicer's bare views a comparison, put on and taken off as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import slicer

from .blend import Checkerboard, Flicker, Reveal, shows_foreground
from .bone import BoneRendering
from .kinds import COLORS, RESEARCH_NOTE, assumed_slices, describe, kind_of, slice_axis
from .labels import LabelText, ViewLabel
from .layouts import VIEWS, Side
from .linking import SharedWindow, link_cameras, link_slices
from .maps import ConfidenceOverlay, DifferenceMap
from .settings import Settings
from .slice_bar import SliceBar
from .stage import SliceView, Stage, VolumeView

_WHITE = (1.0, 1.0, 1.0)


class Removable(Protocol):
    """Something that was added to views."""

    def remove(self) -> None:
        """Take it away again."""


@dataclass
class Volumes:
    """What is compared.

    Attributes:
        measured: The thick-slice volume.
        computed: The volume computed from it.
        left: What stands on the left: the measured volume, or an interpolation of it.
        reference: A true thin-slice volume, or None.
        confidence: Disagreement of the generators, or None.
    """

    measured: slicer.vtkMRMLScalarVolumeNode
    computed: slicer.vtkMRMLScalarVolumeNode
    left: slicer.vtkMRMLScalarVolumeNode
    reference: slicer.vtkMRMLScalarVolumeNode | None = None
    confidence: slicer.vtkMRMLScalarVolumeNode | None = None

    def of(self, side: Side) -> slicer.vtkMRMLScalarVolumeNode:
        """The volume a side shows before anything is laid over it."""
        if side is Side.MEASURED:
            return self.left
        return self.computed if side is Side.COMPUTED or self.reference is None else self.reference


class Dressing:
    """Volumes, links, labels, bars, blends and renderings of the views on show.

    Args:
        stage: Where the views stand.
        volumes: What is compared.
        settings: What is shown and how.
        slice_views: The slice views on show.
        volume_views: The 3D views on show.
        bone: Renders the volumes in the 3D views.
        difference: The difference map, where the settings ask for one.
    """

    def __init__(
        self,
        stage: Stage,
        volumes: Volumes,
        settings: Settings,
        slice_views: Sequence[SliceView],
        volume_views: Sequence[VolumeView],
        bone: BoneRendering,
        difference: DifferenceMap | None,
    ) -> None:
        self._scene, self._volumes, self._settings, self._bone = stage.scene, volumes, settings, bone
        self._parts: list[Removable] = []
        self._reveals: dict[str, Reveal] = {}
        self._overlays: list[Removable] = []
        link_slices(slice_views)
        link_cameras(volume_views)
        self._fill_slices(slice_views)
        self._share_window()
        self._blend(stage, slice_views, difference)
        self._render_bone(volume_views)
        self._label(slice_views, volume_views)

    @property
    def labels(self) -> dict[str, LabelText]:
        """What the label of each view says now, by the view's tag."""
        return {tag: label.shown for tag, label in self._labels.items()}

    def reveal(self, tag: str) -> Reveal | None:
        """The reveal cursor of a view, where there is one."""
        return self._reveals.get(tag)

    def remove(self) -> None:
        """Take everything off; the volumes stay in the views' backgrounds."""
        for part in reversed(self._parts):
            part.remove()
        self._parts.clear()
        self._bone.hide()

    def _fill_slices(self, views: Sequence[SliceView]) -> None:
        for volume in (self._volumes.left, self._volumes.computed):
            # Voxels as voxels: Slicer's interpolation of the picture would pass for content on either side.
            volume.GetDisplayNode().SetInterpolate(False)
        for view in views:
            view.composite.SetForegroundVolumeID(None)
            view.composite.SetForegroundOpacity(0.0)
            view.composite.SetBackgroundVolumeID(self._volumes.of(_side(view)).GetID())

    def _share_window(self) -> None:
        volumes = self._volumes
        shown = (volumes.measured, volumes.left, volumes.computed, volumes.reference)
        displays = {node.GetDisplayNodeID(): node.GetDisplayNode() for node in shown if node is not None}
        self._parts.append(SharedWindow(list(displays.values())))

    def _blend(self, stage: Stage, views: Sequence[SliceView], difference: DifferenceMap | None) -> None:
        settings = self._settings
        computed = [view for view in views if _side(view) is Side.COMPUTED]
        third = [view for view in views if _side(view) is Side.THIRD]
        maps = (computed if settings.blend == "difference" else []) + (third if settings.third == "difference" else [])
        if difference is not None and maps:
            difference.show(maps)
            self._parts.append(_Hiding(difference))
        confidence = computed if settings.blend == "confidence" else []
        confidence = confidence + (third if settings.third == "confidence" else [])
        if self._volumes.confidence is not None and confidence:
            for view in confidence:
                view.composite.SetBackgroundVolumeID(self._volumes.computed.GetID())
            self._parts.append(ConfidenceOverlay(self._volumes.confidence, confidence, settings.confidence_hu))
        if settings.blend in ("reveal", "checkerboard", "flicker"):
            self._mix(stage, computed)

    def _mix(self, stage: Stage, views: Sequence[SliceView]) -> None:
        for view in views:
            view.composite.SetForegroundVolumeID(self._volumes.left.GetID())
        if self._settings.blend == "flicker":
            self.flicker = Flicker(stage, views)
            self._parts.append(self.flicker)
        elif self._settings.blend == "checkerboard":
            self._parts += [Checkerboard(view) for view in views]
        else:
            self._reveals = {view.tag: Reveal(view) for view in views}
            self._parts += self._reveals.values()

    def _render_bone(self, views: Sequence[VolumeView]) -> None:
        for side in (Side.MEASURED, Side.COMPUTED):
            own = [view for view in views if _side(view) is side]
            if own:
                self._bone.show(self._volumes.of(side), own)
        for view in views:
            _plain_background(view.node)

    def _label(self, slice_views: Sequence[SliceView], volume_views: Sequence[VolumeView]) -> None:
        assumed = assumed_slices(self._volumes.measured, self._volumes.computed)
        self._slice_note = f"{assumed.text}\n{RESEARCH_NOTE}"
        self._labels: dict[str, ViewLabel] = {}
        for view in slice_views:
            self._parts.append(SliceBar(view, self._volumes.measured, assumed.thickness))
            self._labels[view.tag] = ViewLabel(view.renderer, lambda view=view: self._slice_label(view))  # type: ignore[misc]
        for other in volume_views:
            self._labels[other.tag] = ViewLabel(other.renderer, lambda view=other: self._volume_label(view))  # type: ignore[misc]
        self._parts += self._labels.values()

    def _slice_label(self, view: SliceView) -> LabelText:
        """What the view shows at this moment, whoever put it there."""
        composite = view.composite
        background = self._scene.GetNodeByID(composite.GetBackgroundVolumeID() or "")
        foreground = self._scene.GetNodeByID(composite.GetForegroundVolumeID() or "")
        if background is None:
            return LabelText("", "", RESEARCH_NOTE, _WHITE)
        blend = self._settings.blend if _side(view) is Side.COMPUTED else "none"
        if foreground is not None and blend in ("reveal", "checkerboard"):
            parts = [kind_of(node).value.upper() for node in (foreground, background)]
            where = "left / right of the mouse" if blend == "reveal" else "in turn"
            return LabelText(" / ".join(parts), where, self._slice_note, _WHITE)
        if foreground is not None and blend == "flicker" and shows_foreground(composite):
            return self._text(foreground, self._slice_note)
        if foreground is not None and composite.GetForegroundOpacity() > 0 and blend != "flicker":
            over = describe(foreground, slice_axis(self._volumes.measured))
            return LabelText(
                kind_of(background).value.upper(),
                f"{background.GetName()} · {over}",
                self._slice_note,
                COLORS[kind_of(background)],
            )
        return self._text(background, self._slice_note)

    def _volume_label(self, view: VolumeView) -> LabelText:
        lit = "lit" if self._bone.shading else "unlit"
        settings = f"{self._bone.preset} {self._bone.shift:+g} HU, {lit}, same on both sides"
        return self._text(self._volumes.of(_side(view)), f"{settings}\n{RESEARCH_NOTE}")

    def _text(self, volume: slicer.vtkMRMLVolumeNode, note: str) -> LabelText:
        badge = describe(volume, slice_axis(self._volumes.measured))
        return LabelText(badge, volume.GetName(), note, COLORS[kind_of(volume)])


@dataclass
class _Hiding:
    """Hides a map with its legend but keeps its voxels, which are dear to make."""

    map: DifferenceMap

    def remove(self) -> None:
        self.map.hide()


def _side(view: SliceView | VolumeView) -> Side:
    return VIEWS[view.tag].side


def _plain_background(node: slicer.vtkMRMLViewNode) -> None:
    modified = node.StartModify()
    node.SetBackgroundColor(0.05, 0.06, 0.08)
    node.SetBackgroundColor2(0.17, 0.19, 0.23)
    node.SetBoxVisible(False)
    node.SetAxisLabelsVisible(False)
    node.EndModify(modified)
