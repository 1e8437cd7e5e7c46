"""Measured and computed side by side: what a script or the panel talks to.

comparison = Comparison(measured, computed)
comparison.show("fracture")
comparison.set(blend="reveal", shift=200)
comparison.leave()
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

import numpy as np
import slicer

from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU
from CTEnhanceLib.errors import CTEnhanceError, InputRefusedError, UsageError
from CTEnhanceLib.scene.comparison.bone import BoneRendering
from CTEnhanceLib.scene.comparison.derived_volumes import DerivedVolumes
from CTEnhanceLib.scene.comparison.labels import LabelText, LabelTexts, ViewLabels
from CTEnhanceLib.scene.comparison.settings import (
    AS_MEASURED,
    COMPUTED_REFERENCE,
    MEASURED_REFERENCE,
    REFERENCE_REFERENCE,
    Settings,
    read_settings,
    settings_node,
    write_settings,
)
from CTEnhanceLib.scene.comparison.slice_bar import slice_centres
from CTEnhanceLib.scene.comparison.view_setup import ViewSetup
from CTEnhanceLib.scene.comparison.views.framing import (
    DIRECTIONS,
    Box,
    SliceFrame,
    box_above,
    frame_cameras,
    frame_slices,
    jump,
    middle_of_bone,
    nearest_on_slice,
    point_on_show,
)
from CTEnhanceLib.scene.comparison.views.layouts import LAYOUTS, PLOT_VIEW, TABLE_VIEW, VIEWS
from CTEnhanceLib.scene.comparison.views.own_views import own_view_node, remove_own_views
from CTEnhanceLib.scene.comparison.views.steady_frames import SteadyFrames
from CTEnhanceLib.scene.comparison.views.view_host import SliceView, ViewHost, VolumeView, desktop_view_host
from CTEnhanceLib.scene.comparison.volumes import Volumes
from CTEnhanceLib.scene.figures.figures import world_of_position
from CTEnhanceLib.scene.figures.surface import SurfacePair
from CTEnhanceLib.scene.output import uncertainty_of

logger = logging.getLogger(__name__)


class Comparison:
    """Linked views of a measured and a computed volume; leaving it takes everything away that it made.

    Once made it lives until it is left or the scene is closed, whether or not anybody holds on to it.

    Args:
        measured: The thick-slice volume.
        computed: The volume computed from it.
        view_host: Where views stand; None takes the running Slicer.
        reference: A true thin-slice volume, when there is one.
        settings: What to show and how.

    Raises:
        UsageError: Both volumes are the same, or there is no view host.
    """

    def __init__(
        self,
        measured: slicer.vtkMRMLScalarVolumeNode,
        computed: slicer.vtkMRMLScalarVolumeNode,
        *,
        view_host: ViewHost | None = None,
        reference: slicer.vtkMRMLScalarVolumeNode | None = None,
        settings: Settings | None = None,
    ) -> None:
        if measured is computed:
            raise UsageError(f"'{measured.GetName()}' cannot be compared with itself: choose two volumes.")
        self.view_host = view_host or desktop_view_host()
        self.volumes = Volumes(measured, computed, measured, reference, uncertainty_of(computed))
        self.settings = settings or Settings(
            layout_before=self.view_host.layout(), third="reference" if reference is not None else "difference"
        )
        self.bone = BoneRendering(self.view_host, self.settings.preset, self.settings.shift, self.settings.shading)
        self.slice_views: list[SliceView] = []
        self.volume_views: list[VolumeView] = []
        self._view_setup: ViewSetup | None = None
        self._derived = DerivedVolumes(self.volumes)
        self._boxes: dict[float, Box] = {}
        self._seen: dict[str, SliceView | VolumeView] = {}
        self._seen_before: list[SliceView | VolumeView] = []
        self._framed: set[str] = set()
        self._frames, self._labels = SteadyFrames(self.view_host), ViewLabels()
        self._point: np.ndarray | None = None
        self._direction: str | Sequence[float] = "anterior"
        displays = [node.GetDisplayNode() for node in (measured, computed)]
        self._interpolate = {display: display.GetInterpolate() for display in displays}
        self._stale = False
        scene, changed = self.view_host.scene, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent
        self._observed = [
            (scene, scene.AddObserver(slicer.vtkMRMLScene.StartCloseEvent, self._forget)),
            (scene, scene.AddObserver(slicer.vtkMRMLScene.NodeRemovedEvent, self._leave_if_volume_is_gone)),
            *((node, node.AddObserver(changed, self._voxels_changed)) for node in (measured, computed)),
        ]

    @classmethod
    def restore(cls, view_host: ViewHost | None = None) -> Comparison | None:
        """Open the comparison that a loaded scene was saved with; None where there was none, or a volume is gone."""
        view_host = view_host or desktop_view_host()
        node = settings_node(view_host.scene)
        if node is None:
            return None
        measured, computed = (node.GetNodeReference(role) for role in (MEASURED_REFERENCE, COMPUTED_REFERENCE))
        if measured is None or computed is None:
            return None
        reference = node.GetNodeReference(REFERENCE_REFERENCE)
        comparison = cls(measured, computed, view_host=view_host, reference=reference, settings=read_settings(node))
        # Views that came with the scene keep their slices and cameras.
        comparison._framed = {tag for tag, spec in VIEWS.items() if own_view_node(view_host.scene, spec) is not None}
        comparison.show()
        return comparison

    def show(self, layout: str | None = None) -> None:
        """Show one of `LAYOUTS`; None shows the one chosen before.

        Raises:
            UsageError: There is no layout of that name.
        """
        self.settings = self.settings.changed(layout=layout or self.settings.layout)
        self._note_point()
        self._take_down()
        chosen = LAYOUTS[self.settings.layout].form(self.view_host.width())
        self.view_host.show_layout(chosen.identifier)
        self.slice_views = [self.view_host.slice_view(spec.tag) for spec in chosen.views if not spec.is_3d]
        self.volume_views = [self.view_host.volume_view(spec.tag) for spec in chosen.views if spec.is_3d]
        self._seen.update({view.tag: view for view in self._views})
        frames = self._frames_on_show()
        self._set_up()
        self._frame_views(frames)

    def set(self, **changes: object) -> None:
        """Change what is shown and how; see `Settings` for what can be set.

        Raises:
            UsageError: A value is none of those that can be chosen.
            InputRefusedError: What was asked for needs a volume that is not there.
        """
        settings = self.settings.changed(**changes)
        self._require_volumes(settings)
        before = self.settings
        self._note_point()
        frames = self._frames_on_show()
        derived = self._derived.changed(before, settings)
        try:
            derived.prepare(settings)
        except BaseException:
            derived.drop(kept=self._derived)
            raise
        self.settings = settings
        self._take(derived)
        if settings.layout != before.layout:
            self.show(settings.layout)
        elif self._views and (self._view_setup is None or _shown(settings) != _shown(before)):
            self._take_down()
            self._set_up()
            self._hold(frames)
        self.bone.set(settings.preset, settings.shift, settings.shading)
        self._derived.follow(settings)
        self._keep()

    def look_from(self, direction: str | Sequence[float]) -> None:
        """Turn both cameras.

        Args:
            direction: One of `DIRECTIONS`, or a vector (RAS) from the bone towards the viewer.
        """
        self._direction = direction
        vector = DIRECTIONS[direction] if isinstance(direction, str) else direction
        frame_cameras(self.volume_views, self._box(BONE_ABOVE_HU), vector)
        self.render()

    def jump(self, point: Sequence[float]) -> None:
        """Bring all slice views and the crosshair to a point in world RAS."""
        self._point = np.array(point, float)
        jump(self.slice_views, point)
        crosshair = self.view_host.scene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
        if crosshair is not None:
            crosshair.SetCrosshairRAS(*point)

    def go_to_slice(self, position: float) -> None:
        """Bring all slice views to a position along the slice axis, mm from the first measured slice.

        In the other two directions they stay where they are.
        """
        self._note_point()
        here = self._point if self._point is not None else middle_of_bone(self.volumes.computed)
        there = world_of_position(self.volumes.measured, position)
        along = world_of_position(self.volumes.measured, position + 1.0) - there
        along /= np.linalg.norm(along)
        self.jump((here + ((there - here) @ along) * along).tolist())

    def show_figures(self, table: slicer.vtkMRMLTableNode | None, chart: slicer.vtkMRMLPlotChartNode | None) -> None:
        """Show a table and a chart under the coronal pair; without a chart there is no empty plot."""
        self.show("figures" if chart is not None else "table")
        scene = self.view_host.scene
        if table is not None:
            scene.GetSingletonNode(TABLE_VIEW, "vtkMRMLTableViewNode").SetTableNodeID(table.GetID())
        if chart is not None:
            scene.GetSingletonNode(PLOT_VIEW, "vtkMRMLPlotViewNode").SetPlotChartNodeID(chart.GetID())

    def render(self) -> None:
        """Ask all views for a new picture."""
        for view in self._views:
            view.render()

    @property
    def labels(self) -> dict[str, LabelText]:
        """What the label of each view says now, by the view's tag."""
        return self._labels.shown

    @property
    def surfaces(self) -> SurfacePair:
        """The bone of both volumes as surfaces, with the distance between them; made when first asked for."""
        return self._derived.surfaces(self.settings)

    def leave(self) -> None:
        """Bring the user's layout back and remove every node and observer made here."""
        self._stop_observing()
        self._frames.release()
        self._take_down()
        self._labels.remove()
        self._derived.drop()
        self.bone.remove()
        for display, interpolate in self._interpolate.items():
            display.SetInterpolate(interpolate)
        self.view_host.show_layout(self.settings.layout_before)
        remove_own_views(self.view_host, list(self._seen.values()))
        self._drop_kept()
        self._clear()

    @property
    def _views(self) -> list[SliceView | VolumeView]:
        return [*self.slice_views, *self.volume_views]

    def _set_up(self) -> None:
        self._derived.fill_left(self.settings)
        self._labels.write(LabelTexts(self.volumes, self.settings, self.bone))
        self._labels.follow(self.slice_views, self.volume_views)
        self._view_setup = ViewSetup(
            self.view_host,
            self.volumes,
            self.settings,
            self.slice_views,
            self.volume_views,
            self.bone,
            partial(self._derived.difference, self.settings),
            partial(self._derived.surfaces, self.settings),
        )
        self._labels.bring_to_front()
        self._keep()
        self.render()

    def _take(self, derived: DerivedVolumes) -> None:
        """Take other derived volumes; those on show are taken off first."""
        if not derived.same_as(self._derived):
            self._take_down()
        self._derived.drop(kept=derived)
        self._derived, self.volumes = derived, derived.volumes

    def _take_down(self) -> None:
        if self._view_setup is not None:
            self._view_setup.remove()
            self._view_setup = None

    def _note_point(self) -> None:
        """Remember where the slices on show stand: the user may have moved them."""
        if self._point is not None:
            self._point = point_on_show(self.slice_views, self._point)

    def _frames_on_show(self) -> dict[str, SliceFrame]:
        return {view.tag: SliceFrame.of(view) for view in self.slice_views}

    def _frame_views(self, frames: dict[str, SliceFrame]) -> None:
        """Bring new views to the bone; leave others where they are."""
        if self._point is None:
            middle = nearest_on_slice(slice_centres(self.volumes.measured), middle_of_bone(self.volumes.computed))
            known = [view for view in self.slice_views if view.tag in self._framed]
            self.jump(point_on_show(known, middle).tolist())
        new_slices = any(view.tag not in self._framed for view in self.slice_views)
        new_cameras = any(view.tag not in self._framed for view in self.volume_views)
        self._framed.update(view.tag for view in self._views)
        self._hold({} if new_slices else frames, new_cameras)

    def _hold(self, frames: dict[str, SliceFrame], aim_cameras: bool = False) -> None:
        """Keep views where they are to be until Slicer has set them up; without frames on the bone."""

        def set_frames() -> None:
            for view in self.slice_views:
                if frames:
                    frames[view.tag].restore(view)
            if not frames:
                frame_slices(self.slice_views, self._box(BONE_ABOVE_HU), 1.3)
            if self._point is not None:
                jump(self.slice_views, self._point.tolist())
            if self._view_setup is not None:
                self._view_setup.follow_size()
            if aim_cameras:
                self.look_from(self._direction)
            self.render()

        self._frames.hold(self._views, set_frames)

    def _box(self, threshold: float) -> Box:
        if threshold not in self._boxes:
            self._boxes[threshold] = box_above(self.volumes.computed, threshold)
        return self._boxes[threshold]

    def _require_volumes(self, settings: Settings) -> None:
        wanted = (settings.blend, settings.third, settings.bone_as)
        if "uncertainty" in wanted and self.volumes.uncertainty is None:
            raise InputRefusedError(
                f"'{self.volumes.computed.GetName()}' has no uncertainty: compute it again with its uncertainty."
            )
        if settings.third == "reference" and self.volumes.reference is None:
            raise InputRefusedError("No reference was chosen: choose a thin-slice volume of the same scan.")

    def _keep(self) -> None:
        volumes = self.volumes
        write_settings(self.view_host.scene, self.settings, volumes.measured, volumes.computed, volumes.reference)

    def _drop_kept(self) -> None:
        node = settings_node(self.view_host.scene)
        if node is not None:
            self.view_host.scene.RemoveNode(node)

    def _leave_if_volume_is_gone(self, *_: object) -> None:
        scene = self.view_host.scene
        if not all(scene.IsNodePresent(node) for node in (self.volumes.measured, self.volumes.computed)):
            self._stop_observing()
            self.view_host.later(self.leave)

    def _voxels_changed(self, *_: object) -> None:
        """A volume was computed again: what was made from it is no longer true."""
        if not self._stale:
            self._stale = True
            self.view_host.later(self._refresh)

    def _refresh(self) -> None:
        self._stale = False
        self._boxes.clear()
        self._note_point()
        frames = self._frames_on_show()
        self._take_down()
        self._derived.drop()
        if not self._views:
            return
        try:
            self._set_up()
        except CTEnhanceError as error:
            logger.warning("The comparison shows the volumes as they are again. %s", error)
            self.settings = self.settings.changed(left=AS_MEASURED, blend="none", bone_as="rendering")
            self._set_up()
        self._hold(frames)

    def _forget(self, *_: object) -> None:
        """The scene is about to be cleared: release views and nodes without touching the scene."""
        self._stop_observing()
        self._frames.release()
        self._take_down()
        self._labels.remove()
        self._seen_before = list(self._seen.values())
        self._clear()
        scene = self.view_host.scene
        self._observed = [(scene, scene.AddObserver(slicer.vtkMRMLScene.EndCloseEvent, self._bring_layout_back))]

    def _bring_layout_back(self, *_: object) -> None:
        """The scene was cleared: an empty comparison would be left on show."""
        self._stop_observing()
        self.view_host.show_layout(self.settings.layout_before)
        remove_own_views(self.view_host, self._seen_before)
        self._drop_kept()

    def _clear(self) -> None:
        self.slice_views, self.volume_views = [], []
        self._seen.clear()
        self._framed.clear()

    def _stop_observing(self) -> None:
        for node, tag in self._observed:
            node.RemoveObserver(tag)
        self._observed.clear()


def _shown(settings: Settings) -> tuple[object, ...]:
    """What needs the views set up anew when it changes."""
    plain = (settings.left, settings.blend, settings.third, settings.bone_as, settings.guides)
    return (*plain, settings.uncertainty_hu)
