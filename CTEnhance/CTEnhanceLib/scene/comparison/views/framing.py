"""What views show: boxes around bone and body, slice frames and cameras that show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import slicer
import vtk

from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU
from CTEnhanceLib.scene.comparison.views.linking import copy_camera, copy_frame
from CTEnhanceLib.scene.comparison.views.view_host import SliceView, VolumeView
from CTEnhanceLib.scene.nodes import matrix_array, voxels

DIRECTIONS = {
    "anterior": (0.0, 1.0, 0.0),
    "posterior": (0.0, -1.0, 0.0),
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "superior": (0.0, 0.0, 1.0),
    "inferior": (0.0, 0.0, -1.0),
}
"""Where the viewer stands, RAS."""

Box = tuple[np.ndarray, np.ndarray]
"""Lowest and highest corner in world RAS, mm."""


def box_above(volume: slicer.vtkMRMLScalarVolumeNode, threshold: float) -> Box:
    """Box around what is brighter than a threshold; around the whole volume where nothing is.

    Single voxels (noise, a wire) are left out: the box leaves out 0.05 % on each side.
    """
    array = voxels(volume)
    found = _some_above(array, threshold)
    if len(found) < 8:
        low, high = np.zeros(3), np.array(array.shape) - 1.0
    else:
        low, high = np.percentile(found, [0.05, 99.95], axis=0)
    corners = [
        _to_world(volume, [(low, high)[a][2], (low, high)[b][1], (low, high)[c][0]])
        for a in (0, 1)
        for b in (0, 1)
        for c in (0, 1)
    ]
    return np.min(corners, axis=0), np.max(corners, axis=0)


def middle_of_bone(volume: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
    """A point in bone (world RAS) through which all three planes cut much bone; the volume's middle without any.

    The mean or median of the bone may lie between two legs, where there is none.
    """
    array = voxels(volume)
    found = _some_above(array, BONE_ABOVE_HU)
    if not len(found):
        return _to_world(volume, ((np.array(array.shape) - 1.0) / 2)[::-1].tolist())
    share = np.zeros(len(found))
    for axis in range(3):
        counts = np.bincount(found[:, axis])
        share += (counts / counts.max())[found[:, axis]]
    return _to_world(volume, found[int(np.argmax(share))][::-1].tolist())


def nearest_on_slice(centres: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Move a point along the slice axis onto the nearest measured slice.

    Args:
        centres: Centres of the slices, world RAS, (slices, 3).
        point: World RAS.
    """
    along = (centres[-1] - centres[0]) / max(float(np.linalg.norm(centres[-1] - centres[0])), 1e-9)
    offsets = (centres - point) @ along
    return point + offsets[np.argmin(np.abs(offsets))] * along


def frame_slices(views: Sequence[SliceView], box: Box, margin: float = 1.12) -> None:
    """Show a box in slice views; views of one orientation get the very same frame.

    Args:
        views: The first one of each orientation is the leader.
        box: What to show, world RAS.
        margin: Size of the frame relative to the box.
    """
    leaders: dict[str, SliceView] = {}
    for view in views:
        leader = leaders.setdefault(view.node.GetOrientation(), view)
        if leader is view:
            _frame_slice(view, box, margin)
            view.logic.SnapSliceOffsetToIJK()
        else:
            copy_frame(leader.node, view.node)


@dataclass(frozen=True)
class SliceFrame:
    """What part of its plane a slice view shows, whatever its size in pixels.

    Attributes:
        pose: SliceToRAS.
        per_pixel: Millimetres of a pixel.
        depth: Third value of its field of view.
        origin: XYZOrigin.
    """

    pose: vtk.vtkMatrix4x4
    per_pixel: float
    depth: float
    origin: tuple[float, ...]

    @classmethod
    def of(cls, view: SliceView) -> SliceFrame:
        """What a view shows now."""
        pose = vtk.vtkMatrix4x4()
        pose.DeepCopy(view.node.GetSliceToRAS())
        width, _, depth = view.node.GetFieldOfView()
        return cls(pose, width / max(view.node.GetDimensions()[0], 1), depth, tuple(view.node.GetXYZOrigin()))

    def restore(self, view: SliceView) -> None:
        """Make a view show that part."""
        node = view.node
        columns, rows, _ = node.GetDimensions()
        modified = node.StartModify()
        node.GetSliceToRAS().DeepCopy(self.pose)
        node.SetFieldOfView(self.per_pixel * columns, self.per_pixel * rows, self.depth)
        node.SetXYZOrigin(*self.origin)
        node.UpdateMatrices()
        node.EndModify(modified)


def point_on_show(views: Sequence[SliceView], point: np.ndarray) -> np.ndarray:
    """Move a point (world RAS) into the planes of all slice views.

    Args:
        views: The slice views.
        point: World RAS, mm, shape (3,).
    """
    point = np.array(point, float)
    for view in views:
        normal, origin = matrix_array(view.node.GetSliceToRAS())[:3, 2:].T
        point += ((origin - point) @ normal) * normal
    return point


def jump(views: Sequence[SliceView], point: Sequence[float]) -> None:
    """Bring all slice views to a point (world RAS) without moving them in their planes."""
    for view in views:
        view.node.JumpSliceByOffsetting(*point)


def frame_cameras(
    views: Sequence[VolumeView], box: Box, direction: Sequence[float], up: Sequence[float] = (0.0, 0.0, 1.0)
) -> None:
    """Show a box with the same camera in all 3D views.

    Args:
        views: 3D views.
        box: What to show, world RAS.
        direction: From the box towards the viewer, RAS.
        up: What is up in the picture, RAS.
    """
    cameras = [view.camera for view in views if view.camera is not None]
    if not cameras:
        return
    leader = cameras[0]
    towards = np.array(direction, float) / np.linalg.norm(direction)
    if abs(float(towards @ np.array(up))) > 0.99:
        up = (0.0, 1.0, 0.0)
    centre, half = (box[0] + box[1]) / 2, (box[1] - box[0]) / 2
    side = np.cross(up, towards)
    above = np.cross(towards, side)
    # Fit the box as seen from there, not its sphere, which would waste half of the view; the angle is the vertical one.
    width, height = views[0].renderer.GetSize()
    reach = max(abs(above) @ half, abs(side) @ half * height / max(width, 1) if width < height else abs(side) @ half)
    distance = 1.17 * reach / np.tan(np.radians(leader.GetViewAngle() / 2)) + abs(towards) @ half
    modified = leader.StartModify()
    leader.SetFocalPoint(*centre)
    leader.SetPosition(*(centre + distance * towards))
    leader.SetViewUp(*up)
    leader.EndModify(modified)
    for camera in cameras[1:]:
        copy_camera(leader, camera)


def _some_above(array: np.ndarray, threshold: float) -> np.ndarray:
    """Indices (k, j, i) of voxels above a threshold, on a grid that is coarse enough to be quick, (found, 3)."""
    step = [max(1, n // 128) for n in array.shape]
    return np.argwhere(array[:: step[0], :: step[1], :: step[2]] > threshold) * step


def _frame_slice(view: SliceView, box: Box, margin: float) -> None:
    node = view.node
    matrix = node.GetSliceToRAS()
    axes = matrix_array(matrix)[:3, :3]
    centre, half = (box[0] + box[1]) / 2, (box[1] - box[0]) / 2
    width, height = 2 * margin * (np.abs(axes.T) @ half)[:2]
    columns, rows, _ = node.GetDimensions()
    per_pixel = max(width / columns, height / rows)
    modified = node.StartModify()
    for row in range(3):
        matrix.SetElement(row, 3, centre[row])
    node.SetFieldOfView(per_pixel * columns, per_pixel * rows, node.GetFieldOfView()[2])
    node.SetXYZOrigin(0, 0, 0)
    node.UpdateMatrices()
    node.EndModify(modified)


def _to_world(volume: slicer.vtkMRMLScalarVolumeNode, ijk: Sequence[float]) -> np.ndarray:
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    world = [0.0, 0.0, 0.0]
    volume.TransformPointToWorld(matrix.MultiplyPoint([*ijk, 1.0])[:3], world)
    return np.array(world)
