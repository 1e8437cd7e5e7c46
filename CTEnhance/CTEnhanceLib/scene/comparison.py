"""Measured and computed side by side: what a script or the panel talks to.

comparison = Comparison(measured, computed)
comparison.show("fracture")
comparison.bone.set_shift(200)
comparison.leave()
"""

from __future__ import annotations

from collections.abc import Sequence

import slicer

from CTEnhanceLib.errors import UsageError

from .bone import BoneRendering
from .derived import interpolated_node
from .framing import BODY_ABOVE_HU, BONE_ABOVE_HU, DIRECTIONS, box_above, frame_cameras, frame_slices, jump
from .kinds import COLORS, RESEARCH_NOTE, assumed_slices, describe, kind_of, slice_axis
from .labels import LabelText, ViewLabel
from .layouts import LAYOUTS, Side
from .linking import SharedWindow, link_cameras, link_slices
from .own_views import remove_own_views
from .slice_bar import SliceBar
from .stage import SliceView, Stage, VolumeView, desktop_stage

AS_MEASURED = "measured"


class Comparison:
    """Linked views of a measured and a computed volume; leaving it takes everything away that it made.

    Args:
        measured: The thick-slice volume.
        computed: The volume computed from it.
        stage: Where views stand; None takes the running Slicer.
        reference: A true thin-slice volume, when there is one.
    """

    def __init__(
        self,
        measured: slicer.vtkMRMLScalarVolumeNode,
        computed: slicer.vtkMRMLScalarVolumeNode,
        *,
        stage: Stage | None = None,
        reference: slicer.vtkMRMLScalarVolumeNode | None = None,
    ) -> None:
        if measured is computed:
            raise UsageError(f"'{measured.GetName()}' cannot be compared with itself: choose two volumes.")
        self.stage = stage or desktop_stage()
        self.measured, self.computed, self.reference = measured, computed, reference
        self.bone = BoneRendering(self.stage)
        self._left = measured
        self._left_kind = AS_MEASURED
        self._derived: list[slicer.vtkMRMLScalarVolumeNode] = []
        self._decorations: list[ViewLabel | SliceBar | SharedWindow] = []
        self._layout_before = self.stage.layout()
        self._interpolate_before = {
            node.GetID(): node.GetDisplayNode().GetInterpolate() for node in (measured, computed)
        }
        self.slice_views: list[SliceView] = []
        self.volume_views: list[VolumeView] = []
        self._seen: dict[str, SliceView | VolumeView] = {}

    def show(self, name: str = "fracture") -> None:
        """Show one of `LAYOUTS`.

        Raises:
            UsageError: There is no layout of that name.
        """
        if name not in LAYOUTS:
            raise UsageError(f"There is no layout '{name}': choose one of {', '.join(LAYOUTS)}.")
        self._undress()
        layout = LAYOUTS[name]
        self.stage.show_layout(layout.identifier)
        specs = layout.views
        self.slice_views = [self.stage.slice_view(spec.tag) for spec in specs if not spec.is_3d]
        self.volume_views = [self.stage.volume_view(spec.tag) for spec in specs if spec.is_3d]
        self._side = {spec.tag: spec.side for spec in specs}
        self._dress()
        self._frame_new_views()

    def set_left(self, kind: str) -> None:
        """Choose what stands beside the computed volume: the measured slices as they are, or interpolated.

        Args:
            kind: ``measured``, ``nearest``, ``linear`` or ``cubic``.
        """
        self._left = self.measured if kind == AS_MEASURED else interpolated_node(self.measured, self.computed, kind)
        self._left_kind = kind
        if self._left is not self.measured:
            self._derived.append(self._left)
        if self.slice_views or self.volume_views:
            self._undress()
            self._dress()

    def look_from(self, direction: str | Sequence[float]) -> None:
        """Turn both cameras.

        Args:
            direction: One of `DIRECTIONS`, or a vector (RAS) from the bone towards the viewer.
        """
        vector = DIRECTIONS[direction] if isinstance(direction, str) else direction
        frame_cameras(self.volume_views, box_above(self.computed, BONE_ABOVE_HU), vector)

    def jump(self, point: Sequence[float]) -> None:
        """Bring all slice views to a point in world RAS."""
        jump(self.slice_views, point)

    def render(self) -> None:
        """Ask all views for a new picture."""
        for view in self._views:
            view.render()

    def leave(self) -> None:
        """Bring the user's layout back and remove every node and observer made here."""
        self._undress()
        self.bone.remove()
        for node in self._derived:
            self.stage.scene.RemoveNode(node)
        self._derived.clear()
        for node in (self.measured, self.computed):
            node.GetDisplayNode().SetInterpolate(self._interpolate_before[node.GetID()])
        self.stage.show_layout(self._layout_before)
        remove_own_views(self.stage, self._seen.values())
        self.slice_views, self.volume_views = [], []
        self._seen.clear()

    @property
    def _views(self) -> list[SliceView | VolumeView]:
        return [*self.slice_views, *self.volume_views]

    def _volume_of(self, tag: str) -> slicer.vtkMRMLScalarVolumeNode:
        side = self._side[tag]
        if side is Side.MEASURED:
            return self._left
        return self.computed if side is Side.COMPUTED else (self.reference or self.computed)

    def _dress(self) -> None:
        link_slices(self.slice_views)
        link_cameras(self.volume_views)
        assumed = assumed_slices(self.measured, self.computed)
        shown = {node.GetID(): node for node in (self._left, self.computed)}
        for node in shown.values():
            # Voxels as voxels: Slicer's interpolation of the picture would pass for content on either side.
            node.GetDisplayNode().SetInterpolate(False)
        self._decorations.append(SharedWindow([node.GetDisplayNode() for node in shown.values()]))
        for view in self.slice_views:
            view.composite.SetBackgroundVolumeID(self._volume_of(view.tag).GetID())
            self._decorations.append(SliceBar(view, self.measured, assumed.thickness))
            self._decorations.append(ViewLabel(view.renderer, lambda view=view: self._slice_label(view)))  # type: ignore[misc]
        for side in (Side.MEASURED, Side.COMPUTED):
            views = [view for view in self.volume_views if self._side[view.tag] is side]
            if views:
                self.bone.show(self._volume_of(views[0].tag), views)
        for volume_view in self.volume_views:
            _plain_background(volume_view.node)
            self._decorations.append(
                ViewLabel(volume_view.renderer, lambda view=volume_view: self._volume_label(view))  # type: ignore[misc]
            )

    def _undress(self) -> None:
        for decoration in self._decorations:
            decoration.remove()
        self._decorations.clear()
        self.bone.hide()

    def _frame_new_views(self) -> None:
        if any(view.tag not in self._seen for view in self.slice_views):
            frame_slices(self.slice_views, box_above(self.computed, BODY_ABOVE_HU))
        if any(view.tag not in self._seen for view in self.volume_views):
            self.look_from("anterior")
        self._seen.update({view.tag: view for view in self._views})

    def _slice_label(self, view: SliceView) -> LabelText:
        volume = self.stage.scene.GetNodeByID(view.composite.GetBackgroundVolumeID() or "")
        assumed = assumed_slices(self.measured, self.computed)
        return self._label(volume, f"{assumed.text}\n{RESEARCH_NOTE}")

    def _volume_label(self, view: VolumeView) -> LabelText:
        shading = "lit" if self.bone.shading else "unlit"
        settings = f"{self.bone.preset} {self.bone.shift:+g} HU, {shading}, same on both sides"
        return self._label(self._volume_of(view.tag), f"{settings}\n{RESEARCH_NOTE}")

    def _label(self, volume: slicer.vtkMRMLScalarVolumeNode | None, note: str) -> LabelText:
        if volume is None:
            return LabelText("", "", RESEARCH_NOTE, (1.0, 1.0, 1.0))
        badge = describe(volume, slice_axis(self.measured))
        return LabelText(badge, volume.GetName(), note, COLORS[kind_of(volume)])


def _plain_background(node: slicer.vtkMRMLViewNode) -> None:
    modified = node.StartModify()
    node.SetBackgroundColor(0.05, 0.06, 0.08)
    node.SetBackgroundColor2(0.17, 0.19, 0.23)
    node.SetBoxVisible(False)
    node.SetAxisLabelsVisible(False)
    node.EndModify(modified)
