"""Maps in HU over or instead of a slice: what differs, and how uncertain each voxel is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.scene.colors import DIVERGING, UNCERTAIN, add_colors, add_legend
from CTEnhanceLib.scene.comparison.views.view_host import SliceView
from CTEnhanceLib.scene.nodes import ANY_WINDOW, add_volume, image_from_node, look_like, remove_with_belongings, voxels
from CTEnhanceLib.scene.provenance import Kind, mark

DIFFERENCE_RANGE_HU = 400.0
UNCERTAINTY_RANGE_HU = 100.0
UNCERTAINTY_OPACITY = 0.6
_CLEAR_BELOW = 0.1  # of the range: what is nearly certain keeps its grey


class DifferenceMap:
    """The other volume minus the computed one: red where the other is brighter, blue where the computed one is.

    Args:
        left: The measured slices on the computed grid, or a reference.
        computed: The computed volume.
        range_hu: HU at which the colours are full.
    """

    def __init__(
        self,
        left: slicer.vtkMRMLScalarVolumeNode,
        computed: slicer.vtkMRMLScalarVolumeNode,
        range_hu: float = DIFFERENCE_RANGE_HU,
    ) -> None:
        self._scene = computed.GetScene()
        self.node = difference_node(left, computed)
        self.colors = add_colors(self._scene, "CTEnhance difference", DIVERGING)
        self.legend: slicer.vtkMRMLColorLegendDisplayNode | None = None
        display = self.node.GetDisplayNode()
        display.SetAndObserveColorNodeID(self.colors.GetID())
        self.set_range(range_hu)

    @property
    def range_hu(self) -> float:
        """HU at which the colours are full."""
        return float(self.node.GetDisplayNode().GetWindow() / 2)

    def set_range(self, range_hu: float) -> None:
        """Choose the HU at which the colours are full; zero stays white."""
        display = self.node.GetDisplayNode()
        display.AutoWindowLevelOff()
        display.SetWindowLevel(2 * range_hu, 0.0)

    def show(self, views: Sequence[SliceView]) -> None:
        """Show the map with its legend in slice views."""
        for view in views:
            view.composite.SetForegroundVolumeID(None)
            view.composite.SetBackgroundVolumeID(self.node.GetID())
        self._drop_legend()
        self.legend = add_legend(self.node, "HU", [view.node.GetID() for view in views])

    def hide(self) -> None:
        """Take the legend away; the views get other volumes."""
        self._drop_legend()

    def remove(self) -> None:
        """Remove map, colours and legend."""
        self._drop_legend()
        remove_with_belongings(self.node)
        self._scene.RemoveNode(self.colors)

    def _drop_legend(self) -> None:
        if self.legend is not None:
            self._scene.RemoveNode(self.legend)
            self.legend = None


def difference_node(
    left: slicer.vtkMRMLScalarVolumeNode, computed: slicer.vtkMRMLScalarVolumeNode
) -> slicer.vtkMRMLScalarVolumeNode:
    """Subtract the computed volume from another one on the same grid: positive where the other is brighter.

    Args:
        left: The interpolated measured slices, or a reference, on the computed volume's grid.
        computed: The computed volume.

    Returns:
        A new volume in HU, not saved with the scene.

    Raises:
        UsageError: The grids differ.
    """
    ours, theirs = voxels(computed), voxels(left)
    if ours.shape != theirs.shape:
        raise UsageError(
            f"'{left.GetName()}' has {theirs.shape[::-1]} voxels and '{computed.GetName()}' {ours.shape[::-1]}: "
            "only volumes on one grid can be subtracted."
        )
    image = image_from_node(computed)
    node = add_volume(computed.GetScene(), image, f"{left.GetName()} - {computed.GetName()}", ANY_WINDOW)
    for target, left_slice, our_slice in zip(voxels(node), theirs, ours):
        target[:] = np.clip(left_slice.astype(np.int32) - our_slice, -32768, 32767)
    node.GetImageData().Modified()
    mark(node, Kind.DIFFERENCE, f"{left.GetName()} minus computed, HU")
    look_like(node, computed)
    return node


class UncertaintyOverlay:
    """The uncertainty over the computed slice; clear where it is small.

    Args:
        uncertainty: HU, of every voxel.
        views: Slice views that show the computed volume.
        range_hu: HU at which the colour is full.
    """

    def __init__(
        self,
        uncertainty: slicer.vtkMRMLScalarVolumeNode,
        views: Sequence[SliceView],
        range_hu: float = UNCERTAINTY_RANGE_HU,
    ) -> None:
        self._scene = uncertainty.GetScene()
        self._views = list(views)
        self.colors = add_colors(self._scene, "CTEnhance uncertainty", UNCERTAIN)
        mark(uncertainty, Kind.UNCERTAINTY, "uncertainty, HU")
        display = uncertainty.GetDisplayNode()
        self._display = display
        display.SetAndObserveColorNodeID(self.colors.GetID())
        display.AutoWindowLevelOff()
        display.AutoThresholdOff()
        self._largest = max(float(voxels(uncertainty).max()), 0.0) + 1.0
        display.ApplyThresholdOn()
        self.set_range(range_hu)
        for view in self._views:
            view.composite.SetForegroundVolumeID(uncertainty.GetID())
            view.composite.SetForegroundOpacity(UNCERTAINTY_OPACITY)
        self.legend = add_legend(uncertainty, "HU", [view.node.GetID() for view in self._views])

    def set_range(self, range_hu: float) -> None:
        """Choose the HU at which the colour is full."""
        self._display.SetWindowLevelMinMax(0.0, range_hu)
        self._display.SetThreshold(_CLEAR_BELOW * range_hu, max(self._largest, range_hu))

    def remove(self) -> None:
        """Take overlay, colours and legend away; the uncertainty volume stays."""
        for view in self._views:
            view.composite.SetForegroundVolumeID(None)
            view.composite.SetForegroundOpacity(0.0)
        self._scene.RemoveNode(self.legend)
        self._display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeGrey")
        self._scene.RemoveNode(self.colors)
