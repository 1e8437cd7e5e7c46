"""Everything that makes Slicer's bare views a comparison, put on and taken off as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import slicer

from CTEnhanceLib.scene.comparison.blend import BlendedName, Checkerboard, Flicker, LayerMix, Reveal
from CTEnhanceLib.scene.comparison.bone import BoneRendering
from CTEnhanceLib.scene.comparison.labels import side_of
from CTEnhanceLib.scene.comparison.maps import DifferenceMap, UncertaintyOverlay
from CTEnhanceLib.scene.comparison.settings import Settings
from CTEnhanceLib.scene.comparison.slice_bar import SliceBar
from CTEnhanceLib.scene.comparison.views.layouts import Side
from CTEnhanceLib.scene.comparison.views.linking import (
    SharedCrosshair,
    SharedWindow,
    link_cameras,
    link_slices,
    show_intersections,
)
from CTEnhanceLib.scene.comparison.views.view_host import SliceView, ViewHost, VolumeView
from CTEnhanceLib.scene.comparison.volumes import Volumes
from CTEnhanceLib.scene.figures.surface import SurfacePair
from CTEnhanceLib.scene.further_series import further_of
from CTEnhanceLib.scene.provenance import COLORS, Kind, assumed_slices, kind_of


class Removable(Protocol):
    """Something that was added to views."""

    def remove(self) -> None:
        """Take it away again."""


class ViewSetup:
    """Volumes, links, labels, bars, blends and renderings of the views on show.

    Args:
        view_host: Where the views stand.
        volumes: What is compared.
        settings: What is shown and how.
        slice_views: The slice views on show.
        volume_views: The 3D views on show.
        bone: Renders the volumes in the 3D views.
        difference: Gives the difference map; asked only if a view is to show it.
        surfaces: Gives the bone surfaces; likewise.
    """

    def __init__(
        self,
        view_host: ViewHost,
        volumes: Volumes,
        settings: Settings,
        slice_views: Sequence[SliceView],
        volume_views: Sequence[VolumeView],
        bone: BoneRendering,
        difference: Callable[[], DifferenceMap],
        surfaces: Callable[[], SurfacePair],
    ) -> None:
        self._scene, self._volumes, self._settings, self._bone = view_host.scene, volumes, settings, bone
        self._parts: list[Removable] = []
        self._mixes: list[LayerMix] = []
        try:
            link_slices(slice_views)
            link_cameras(volume_views)
            show_intersections(slice_views, settings.guides)
            if settings.guides:
                self._parts.append(SharedCrosshair(view_host.scene))
            self._fill_slices(slice_views)
            self._share_window()
            self._blend(view_host, slice_views, difference)
            self._show_bone(volume_views, surfaces)
            thickness = assumed_slices(volumes.measured, volumes.computed).thickness
            self._parts += [SliceBar(view, volumes.measured, thickness) for view in slice_views]
        except BaseException:
            # half of it on the views would outlive the comparison
            self.remove()
            raise

    def follow_size(self) -> None:
        """Slicer has given the views their size: what depends on it is set once more."""
        for mix in self._mixes:
            mix.follow_size()

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
            shown = self._volumes.of_view(side_of(view), view.normal)
            shown.GetDisplayNode().SetInterpolate(False)
            view.composite.SetBackgroundVolumeID(shown.GetID())

    def _share_window(self) -> None:
        volumes = self._volumes
        shown = (volumes.measured, volumes.left, volumes.computed, volumes.reference, *further_of(volumes.computed))
        displays = {node.GetDisplayNodeID(): node.GetDisplayNode() for node in shown if node is not None}
        self._parts.append(SharedWindow(list(displays.values())))

    def _blend(self, view_host: ViewHost, views: Sequence[SliceView], difference: Callable[[], DifferenceMap]) -> None:
        settings = self._settings
        computed = [view for view in views if side_of(view) is Side.COMPUTED]
        third = [view for view in views if side_of(view) is Side.THIRD]
        maps = (computed if settings.blend == "difference" else []) + (third if settings.third == "difference" else [])
        if maps:
            difference().show(maps)
            self._parts.append(_Hiding(difference()))
        uncertainty = computed if settings.blend == "uncertainty" else []
        uncertainty = uncertainty + (third if settings.third == "uncertainty" else [])
        if self._volumes.uncertainty is not None and uncertainty:
            for view in uncertainty:
                view.composite.SetBackgroundVolumeID(self._volumes.computed.GetID())
            self._parts.append(UncertaintyOverlay(self._volumes.uncertainty, uncertainty, settings.uncertainty_hu))
        if settings.blend in ("reveal", "checkerboard", "flicker"):
            self._mix(view_host, computed)

    def _mix(self, view_host: ViewHost, views: Sequence[SliceView]) -> None:
        for view in views:
            measured = self._volumes.of_view(Side.MEASURED, view.normal)
            view.composite.SetForegroundVolumeID(measured.GetID())
        if self._settings.blend == "flicker":
            self._parts.append(Flicker(view_host, views))
        elif self._settings.blend == "checkerboard":
            self._mixes = [Checkerboard(view, self._names) for view in views]
        else:
            self._mixes = [Reveal(view, self._names) for view in views]
        self._parts += self._mixes

    @property
    def _names(self) -> tuple[BlendedName, BlendedName]:
        """What lies in the foreground and in the background of a blend."""
        kinds = (kind_of(self._volumes.left), Kind.COMPUTED)
        first, second = (BlendedName(kind.value, COLORS[kind]) for kind in kinds)
        return first, second

    def _show_bone(self, views: Sequence[VolumeView], surfaces: Callable[[], SurfacePair]) -> None:
        left, computed = ([view for view in views if side_of(view) is side] for side in (Side.MEASURED, Side.COMPUTED))
        settings = self._settings
        if views and settings.bone_as != "rendering":
            bars = self._volumes.uncertainty if settings.bone_as == "uncertainty" else None
            surfaces().show(left, computed, bars, settings.uncertainty_hu)
            self._parts.append(_Hiding(surfaces()))
        elif views:
            self._bone.show(self._volumes.left, left)
            self._bone.show(self._volumes.computed, computed)
        for view in views:
            _plain_background(view.node)


@dataclass
class _Hiding:
    """Hides what takes long to make, so that it need not be made again."""

    kept: DifferenceMap | SurfacePair

    def remove(self) -> None:
        self.kept.hide()


def _plain_background(node: slicer.vtkMRMLViewNode) -> None:
    modified = node.StartModify()
    node.SetBackgroundColor(0.05, 0.06, 0.08)
    node.SetBackgroundColor2(0.17, 0.19, 0.23)
    node.SetBoxVisible(False)
    node.SetAxisLabelsVisible(False)
    node.EndModify(modified)
