"""What the label of each view says: which volume it shows at this moment, what that volume is, and how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import slicer

from CTEnhanceLib.scene.comparison.blend import shows_foreground
from CTEnhanceLib.scene.comparison.bone import BoneRendering
from CTEnhanceLib.scene.comparison.labels import LabelText
from CTEnhanceLib.scene.comparison.layouts import VIEWS, Side
from CTEnhanceLib.scene.comparison.settings import Settings
from CTEnhanceLib.scene.comparison.view_host import SliceView, VolumeView
from CTEnhanceLib.scene.provenance import COLORS, RESEARCH_NOTE, Kind, assumed_slices, describe, kind_of, slice_axis

_WHITE = (1.0, 1.0, 1.0)


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


class Captions:
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
        if self._settings.bone_as == "surface":
            drawn = f"surface at {self._settings.surface_hu:g} HU"
            if side_of(view) is Side.COMPUTED:
                drawn += ", colour: distance from the left one, red outside"
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
