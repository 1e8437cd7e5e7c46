"""SimpleITK images to and from MRML volume nodes, geometry exact.

SimpleITK keeps positions in LPS, MRML in RAS: the first two world axes change sign, nothing else. `sitkUtils`
does the same but needs the desktop application; this works wherever MRML nodes do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import get_vtk_array_type, numpy_to_vtk, vtk_to_numpy

from CTEnhanceLib.errors import InputRefusedError

if TYPE_CHECKING:
    import SimpleITK as sitk

DICOM_ATTRIBUTE = "CTEnhance.DICOM"
"""Node attribute that keeps the DICOM facts of a volume (JSON object, keys like ``0018|0050``)."""

DICOM_FACTS = (
    ("0018|0050", "0018,0050"),  # slice thickness
    ("0018|0088", "0018,0088"),  # spacing between slices
    ("0018|1210", "0018,1210"),  # convolution kernel
    ("0020|000d", "0020,000d"),  # study instance UID
    ("0020|000e", "0020,000e"),  # series instance UID
    ("0020|0052", "0020,0052"),  # frame of reference UID
    ("0008|0008", "0008,0008"),  # image type
)

ANY_WINDOW = (-1000.0, 1000.0)
"""For a new volume that gets the grey scale of another one at once: an automatic one would read every voxel."""

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
_ORTHOGONALITY_TOLERANCE = 1e-3


def image_from_node(node: slicer.vtkMRMLScalarVolumeNode) -> sitk.Image:
    """Copy a volume node's voxels into a SimpleITK image.

    The geometry is the node's own (IJKToRAS); a parent transform is left out, as the output volume will get the
    same one.

    Args:
        node: A scalar volume with one value per voxel.

    Returns:
        The image in LPS, with the DICOM facts of the node as metadata where they are known.

    Raises:
        InputRefusedError: The node is no scalar CT volume, is empty, or its axes are not at right angles.
    """
    _refuse_what_is_no_volume(node)
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASDirectionMatrix(matrix)
    directions = matrix_array(matrix)[:3, :3]
    if np.abs(directions.T @ directions - np.eye(3)).max() > _ORTHOGONALITY_TOLERANCE:
        raise InputRefusedError(
            f"The axes of '{node.GetName()}' are not at right angles (a tilted gantry, perhaps): harden or "
            "resample the volume first."
        )
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(voxels(node))
    image.SetSpacing(node.GetSpacing())
    image.SetOrigin(tuple(_LPS_TO_RAS @ np.array(node.GetOrigin())))
    image.SetDirection((_LPS_TO_RAS @ directions).ravel().tolist())
    for key, value in dicom_facts(node).items():
        image.SetMetaData(key, value)
    return image


def update_node(node: slicer.vtkMRMLScalarVolumeNode, image: sitk.Image) -> None:
    """Put a whole image into a node in one step: observers see the old content or the new, nothing between.

    Args:
        node: The volume node to fill.
        image: A scalar 3D image in LPS.
    """
    import SimpleITK as sitk

    array = sitk.GetArrayViewFromImage(image)  # copied once, below
    data = vtk.vtkImageData()
    data.SetDimensions(*image.GetSize())
    scalars = numpy_to_vtk(array.ravel(), deep=True, array_type=get_vtk_array_type(array.dtype))
    scalars.SetName("ImageScalars")
    data.GetPointData().SetScalars(scalars)
    directions = _LPS_TO_RAS @ np.array(image.GetDirection()).reshape(3, 3)
    facts = {key: image.GetMetaData(key) for key, _ in DICOM_FACTS if image.HasMetaDataKey(key)}

    modified = node.StartModify()
    node.SetSpacing(*image.GetSpacing())
    node.SetOrigin(*(_LPS_TO_RAS @ np.array(image.GetOrigin())).tolist())
    node.SetIJKToRASDirections(*directions.ravel().tolist())
    node.SetAndObserveImageData(data)
    node.SetAttribute(DICOM_ATTRIBUTE, json.dumps(facts) if facts else None)
    node.EndModify(modified)


def add_volume(
    scene: slicer.vtkMRMLScene, image: sitk.Image, name: str, window: tuple[float, float] | None = None
) -> slicer.vtkMRMLScalarVolumeNode:
    """Add an image to a scene as a new scalar volume with its display node.

    Args:
        scene: Where the node is added.
        image: A scalar 3D image in LPS.
        name: The node's name.
        window: Lower and upper HU of the grey scale; None lets Slicer choose.

    Returns:
        The new node.
    """
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName(name)
    update_node(node, image)
    scene.AddNode(node)  # only now, whole: the desktop reacts to the addition at once
    if window is not None:
        # before the display knows the volume: an automatic window reads every voxel, which takes most of the time
        display = scene.AddNewNodeByClass("vtkMRMLScalarVolumeDisplayNode")
        display.SetDefaultColorMap()
        display.AutoWindowLevelOff()
        display.SetWindowLevelMinMax(*window)
        node.SetAndObserveDisplayNodeID(display.GetID())
    node.CreateDefaultDisplayNodes()
    return node


def look_like(node: slicer.vtkMRMLScalarVolumeNode, like: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Show a volume that is not saved with the scene as another one is shown: same place, same grey scale."""
    node.SetSaveWithScene(False)
    node.SetAndObserveTransformNodeID(like.GetTransformNodeID())
    display, source = node.GetDisplayNode(), like.GetDisplayNode()
    display.SetSaveWithScene(False)
    display.SetInterpolate(False)
    if source is not None:
        display.AutoWindowLevelOff()
        display.SetWindowLevel(source.GetWindow(), source.GetLevel())


def remove_with_belongings(node: slicer.vtkMRMLDisplayableNode) -> None:
    """Remove a node with its display and storage nodes, which Slicer would leave behind."""
    scene = node.GetScene()
    if scene is None:  # the user was quicker
        return
    belongings = [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]
    belongings += [node.GetNthStorageNode(index) for index in range(node.GetNumberOfStorageNodes())]
    for each in [node, *belongings]:
        if each is not None:
            scene.RemoveNode(each)


def matrix_array(matrix: vtk.vtkMatrix4x4) -> np.ndarray:
    """The elements of a VTK matrix, float64 (4, 4)."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def voxels(node: slicer.vtkMRMLVolumeNode) -> np.ndarray:
    """The node's voxels as (slices k, rows j, columns i): a view, no copy."""
    data = node.GetImageData()
    return vtk_to_numpy(data.GetPointData().GetScalars()).reshape(data.GetDimensions()[::-1])


def dicom_facts(node: slicer.vtkMRMLVolumeNode) -> dict[str, str]:
    """What DICOM says about a volume: from the node, else from Slicer's DICOM database.

    Returns:
        SimpleITK metadata keys (``0018|0050`` is the slice thickness) and their values; empty when nothing is known.
    """
    kept = node.GetAttribute(DICOM_ATTRIBUTE)
    if kept:
        return dict(json.loads(kept))
    uids = (node.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if not uids or database is None:
        return {}
    values = {key: database.instanceValue(uids[0], tag) for key, tag in DICOM_FACTS}
    return {key: value for key, value in values.items() if value}


def _refuse_what_is_no_volume(node: slicer.vtkMRMLScalarVolumeNode | None) -> None:
    if node is None:
        raise InputRefusedError("No input volume: choose a CT volume.")
    if not node.IsA("vtkMRMLScalarVolumeNode") or node.IsA("vtkMRMLLabelMapVolumeNode"):
        raise InputRefusedError(f"'{node.GetName()}' is a {node.GetClassName()}: choose a scalar CT volume.")
    data = node.GetImageData()
    if data is None or data.GetPointData().GetScalars() is None:
        raise InputRefusedError(f"'{node.GetName()}' holds no voxels: load the volume again.")
    if data.GetNumberOfScalarComponents() != 1:
        raise InputRefusedError(
            f"'{node.GetName()}' has {data.GetNumberOfScalarComponents()} values per voxel: choose a scalar CT volume."
        )
