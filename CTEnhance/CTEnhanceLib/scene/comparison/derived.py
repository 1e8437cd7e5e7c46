"""Volumes made for looking only: the measured slices interpolated, and what was changed against them.

They live in the scene while the comparison is open and are made anew when a saved one is opened.
"""

from __future__ import annotations

import numpy as np
import slicer

from CTEnhanceLib.ct.geometry import from_slices, slice_geometry, to_slices
from CTEnhanceLib.ct.interpolation import KINDS, apply_along_slices, interpolation_matrix
from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.evaluation.grid import place
from CTEnhanceLib.scene.nodes import add_volume, image_from_node, voxels
from CTEnhanceLib.scene.provenance import Kind, mark

# replaced at once by that of the volume it belongs to; an automatic one would look at every voxel
_ANY_WINDOW = (-1000.0, 1000.0)


def interpolated_node(
    measured: slicer.vtkMRMLScalarVolumeNode, computed: slicer.vtkMRMLScalarVolumeNode, kind: str
) -> slicer.vtkMRMLScalarVolumeNode:
    """Interpolate the measured slices onto the computed volume's grid.

    Args:
        measured: The thick-slice volume.
        computed: Gives the positions of the thin slices.
        kind: ``nearest``, ``linear`` or ``cubic``, the baselines of every table.

    Returns:
        A new volume with the measured one's grey scale, not saved with the scene.

    Raises:
        UsageError: The kind is unknown.
        InputRefusedError: The two volumes do not share their in-plane grid.
    """
    if kind not in KINDS:
        raise UsageError(f"'{kind}' is no interpolation: choose one of {', '.join(KINDS)}.")
    thick = image_from_node(measured)
    thin = place(image_from_node(computed), thick, f"'{computed.GetName()}'")
    matrix = interpolation_matrix(slice_geometry(thick).positions, thin.positions, kind)
    if kind == "nearest":
        slices = to_slices(thick)[matrix.argmax(1)].astype(np.int16, copy=False)
    else:
        slices = np.rint(apply_along_slices(matrix, to_slices(thick))).astype(np.int16)
    image = from_slices(slices, thick, float(thin.positions[0]), thin.spacing)
    node = add_volume(measured.GetScene(), image, f"{measured.GetName()} [{kind}]", _ANY_WINDOW)
    mark(node, Kind.INTERPOLATED, f"{kind}, {thin.spacing:.3g} mm slices")
    _dress(node, measured)
    return node


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
    node = add_volume(computed.GetScene(), image, f"{left.GetName()} - {computed.GetName()}", _ANY_WINDOW)
    for target, left_slice, our_slice in zip(voxels(node), theirs, ours):
        target[:] = np.clip(left_slice.astype(np.int32) - our_slice, -32768, 32767)
    node.GetImageData().Modified()
    mark(node, Kind.DIFFERENCE, f"{left.GetName()} minus computed, HU")
    _dress(node, computed)
    return node


def _dress(node: slicer.vtkMRMLScalarVolumeNode, like: slicer.vtkMRMLScalarVolumeNode) -> None:
    node.SetSaveWithScene(False)
    node.SetAndObserveTransformNodeID(like.GetTransformNodeID())
    display, source = node.GetDisplayNode(), like.GetDisplayNode()
    display.SetSaveWithScene(False)
    display.SetInterpolate(False)
    if source is not None:
        display.AutoWindowLevelOff()
        display.SetWindowLevel(source.GetWindow(), source.GetLevel())
