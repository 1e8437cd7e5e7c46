"""What makes views move together: slices, windows, cameras.

Slice position, zoom and pan follow through MRML linking. Window and level do not, nor does a camera that a script
moves: both are carried over here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import slicer
import vtk

from CTEnhanceLib.scene.comparison.views.layouts import VIEW_GROUP
from CTEnhanceLib.scene.comparison.views.view_host import SliceView, VolumeView


def link_slices(views: Iterable[SliceView]) -> None:
    """Link slice views through MRML: position, zoom and pan follow each other while the user drags."""
    for view in views:
        view.node.SetViewGroup(VIEW_GROUP)  # MRML writes it as "true", so that it comes back as 1
        view.composite.SetLinkedControl(1)  # a scene clear resets both
        view.composite.SetHotLinkedControl(1)
        # Any volume loaded later would otherwise take the place of the one that is labelled here.
        view.composite.SetDoPropagateVolumeSelection(False)


def show_intersections(views: Iterable[SliceView], visible: bool) -> None:
    """Show in each slice view where the other slices of its group cut it, or do not."""
    for view in views:
        display = view.logic.GetSliceDisplayNode()
        if display is not None:
            display.SetIntersectingSlicesVisibility(visible)


def copy_frame(source: slicer.vtkMRMLSliceNode, target: slicer.vtkMRMLSliceNode) -> None:
    """Give a slice node another one's position and zoom; views of other proportions show more, never less zoomed."""
    width, height, depth = source.GetFieldOfView()
    columns, rows, _ = source.GetDimensions()
    own_columns, own_rows, _ = target.GetDimensions()
    modified = target.StartModify()
    target.GetSliceToRAS().DeepCopy(source.GetSliceToRAS())
    target.SetFieldOfView(width * own_columns / columns, height * own_rows / rows, depth)
    target.SetXYZOrigin(*source.GetXYZOrigin())
    target.UpdateMatrices()
    target.EndModify(modified)


def link_cameras(views: Iterable[VolumeView]) -> None:
    """Link 3D views through MRML: cameras follow each other while the user drags."""
    for view in views:
        view.node.SetViewGroup(VIEW_GROUP)
        view.node.SetLinkedControl(1)


def copy_camera(source: slicer.vtkMRMLCameraNode, target: slicer.vtkMRMLCameraNode) -> None:
    """Give a camera another one's pose and angle."""
    modified = target.StartModify()
    target.SetPosition(source.GetPosition())
    target.SetFocalPoint(source.GetFocalPoint())
    target.SetViewUp(source.GetViewUp())
    target.SetViewAngle(source.GetViewAngle())
    target.SetParallelProjection(source.GetParallelProjection())
    target.SetParallelScale(source.GetParallelScale())
    target.EndModify(modified)


class SharedWindow:
    """Keeps the grey scales of several volumes equal, whichever of them the user changes.

    Args:
        nodes: Display nodes; the first one's window is taken over by the others.
    """

    def __init__(self, nodes: Sequence[slicer.vtkMRMLScalarVolumeDisplayNode]) -> None:
        self._busy = False
        self._nodes = list(nodes)
        self._tags = [(node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._follow)) for node in nodes]
        if self._nodes:
            self._follow(self._nodes[0])

    def remove(self) -> None:
        """Let each volume have its own window again."""
        for node, tag in self._tags:
            node.RemoveObserver(tag)
        self._tags.clear()

    def _follow(self, changed: slicer.vtkMRMLScalarVolumeDisplayNode, *_: object) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            window, level = changed.GetWindow(), changed.GetLevel()
            for node in self._nodes:
                if (node.GetWindow(), node.GetLevel()) != (window, level):
                    modified = node.StartModify()
                    node.AutoWindowLevelOff()
                    node.SetWindowLevel(window, level)
                    node.EndModify(modified)
        finally:
            self._busy = False


class SharedCrosshair:
    """Shows Slicer's one crosshair, so that a point found in one view (Shift and mouse) is found in all.

    Args:
        scene: Holds the crosshair.
    """

    def __init__(self, scene: slicer.vtkMRMLScene) -> None:
        self._node = scene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
        if self._node is None:
            return
        self._before = (self._node.GetCrosshairMode(), self._node.GetCrosshairBehavior())
        if self._node.GetCrosshairMode() == slicer.vtkMRMLCrosshairNode.NoCrosshair:
            self._node.SetCrosshairMode(slicer.vtkMRMLCrosshairNode.ShowSmallBasic)
        self._node.SetCrosshairBehavior(slicer.vtkMRMLCrosshairNode.OffsetJumpSlice)

    def remove(self) -> None:
        """Bring back what the user had."""
        if self._node is not None:
            mode, behavior = self._before
            self._node.SetCrosshairMode(mode)
            self._node.SetCrosshairBehavior(behavior)
