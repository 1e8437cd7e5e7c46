"""A part of a measured volume as a volume of its own: what a box of interest holds, with a margin for the model."""

from __future__ import annotations

import SimpleITK as sitk
import slicer

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.scene.comparison.crop_box import show_outline_only
from CTEnhanceLib.scene.comparison.views.framing import middle_of_bone
from CTEnhanceLib.scene.nodes import add_volume, image_from_node, update_node
from CTEnhanceLib.scene.output import place_beside
from CTEnhanceLib.scene.provenance import slice_axis

SOURCE_REFERENCE = "CTEnhance.BoxOf"
MARGIN_SLICES = 3
"""Thick slices beyond the box: the model takes two neighbours on each side."""
MARGIN_PIXELS = 12
NEW_BOX_MM = 40.0
"""Side of a new box: a distal radius with its fracture."""
SMALLEST_PIXELS = 48


def shape_new_box(roi: slicer.vtkMRMLMarkupsROINode, measured: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Give a box that was only just created a place around the middle of the bone, and an outline.

    Args:
        roi: A box; one that has a place already stays as it is.
        measured: The thick slices.
    """
    if roi.GetNumberOfControlPoints() or measured.GetImageData() is None:
        return
    roi.SetCenter(middle_of_bone(measured).tolist())
    roi.SetSize([NEW_BOX_MM] * 3)
    show_outline_only(roi)


def box_volume(
    measured: slicer.vtkMRMLScalarVolumeNode, roi: slicer.vtkMRMLMarkupsROINode
) -> slicer.vtkMRMLScalarVolumeNode:
    """Cut a box out of a volume.

    Args:
        measured: The thick slices.
        roi: The box; a turned one counts with the box around it.

    Returns:
        A measured volume beside the first one, named after it; the one made for this volume before is used again.

    Raises:
        InputRefusedError: The box holds nothing of the volume.
    """
    image = image_from_node(measured)
    low, size = _extent(measured, roi)
    part = sitk.RegionOfInterest(image, size, low)
    for key in image.GetMetaDataKeys():
        part.SetMetaData(key, image.GetMetaData(key))
    scene, name = measured.GetScene(), f"{measured.GetName()} [box]"
    node = _made_before(measured)
    if node is None:
        display = measured.GetDisplayNode()
        window = (display.GetWindowLevelMin(), display.GetWindowLevelMax()) if display is not None else None
        node = add_volume(scene, part, name, window)
    else:
        update_node(node, part)
    node.SetNodeReferenceID(SOURCE_REFERENCE, measured.GetID())
    place_beside(measured, node)
    return node


def _extent(measured: slicer.vtkMRMLScalarVolumeNode, roi: slicer.vtkMRMLMarkupsROINode) -> tuple[list[int], list[int]]:
    """First index and number of voxels along each axis."""
    bounds = [0.0] * 6
    roi.GetRASBounds(bounds)
    corners = []
    for number in range(8):
        world = [bounds[2 * axis + (number >> axis & 1)] for axis in range(3)]
        corners.append(_index(measured, world))
    dimensions, thick_axis = measured.GetImageData().GetDimensions(), slice_axis(measured)
    low, size = [], []
    for axis in range(3):
        first, last = (pick(corner[axis] for corner in corners) for pick in (min, max))
        if last < -0.5 or first > dimensions[axis] - 0.5:
            raise InputRefusedError(
                f"The box '{roi.GetName()}' lies outside of '{measured.GetName()}': move it onto the volume."
            )
        margin: float = MARGIN_SLICES if axis == thick_axis else MARGIN_PIXELS
        if axis != thick_axis:
            margin = max(margin, (SMALLEST_PIXELS - (last - first)) / 2)
        begin, end = max(0, round(first - margin)), min(dimensions[axis] - 1, round(last + margin))
        low.append(int(begin))
        size.append(int(end - begin + 1))
    return low, size


def _index(volume: slicer.vtkMRMLScalarVolumeNode, world: list[float]) -> tuple[float, ...]:
    import vtk

    local, matrix = [0.0, 0.0, 0.0], vtk.vtkMatrix4x4()
    volume.TransformPointFromWorld(world, local)
    volume.GetRASToIJKMatrix(matrix)
    return tuple(matrix.MultiplyPoint([*local, 1.0])[:3])


def _made_before(measured: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLScalarVolumeNode | None:
    scene = measured.GetScene()
    kind = "vtkMRMLScalarVolumeNode"
    nodes = (scene.GetNthNodeByClass(index, kind) for index in range(scene.GetNumberOfNodesByClass(kind)))
    return next((node for node in nodes if node.GetNodeReference(SOURCE_REFERENCE) is measured), None)
