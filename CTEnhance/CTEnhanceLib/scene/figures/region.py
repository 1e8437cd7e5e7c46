"""Where figures are taken: above a threshold, in a box, in a segment, or where all that is chosen agrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.scene.nodes import matrix_array, voxels


@dataclass(frozen=True)
class Region:
    """What is chosen; nothing stands for bone (above 200 HU in the reference, dilated once).

    Attributes:
        threshold: HU that the reference lies above, or None.
        roi: A markups box, or None.
        segmentation: A segmentation, or None.
        segment: Identifier of one of its segments.
    """

    threshold: float | None = None
    roi: slicer.vtkMRMLMarkupsROINode | None = None
    segmentation: slicer.vtkMRMLSegmentationNode | None = None
    segment: str = ""

    @property
    def name(self) -> str:
        """The region in words."""
        parts = []
        if self.threshold is not None:
            parts.append(f"above {self.threshold:g} HU")
        if self.roi is not None:
            parts.append(f"in box '{self.roi.GetName()}'")
        if self.segmentation is not None:
            segment = self.segmentation.GetSegmentation().GetSegment(self.segment)
            parts.append(f"in segment '{segment.GetName() if segment is not None else self.segment}'")
        return ", ".join(parts) or "bone"


def region_mask(region: Region, reference: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
    """Voxels of the reference that belong to the region, (k, j, i) bool.

    Raises:
        InputRefusedError: There is none, or the segment does not exist.
    """
    array = voxels(reference)
    if region == Region():
        from CTEnhanceLib.evaluation.measures.regions import region_masks

        mask = region_masks(array)["bone"]
    else:
        mask = np.ones(array.shape, bool) if region.threshold is None else array > region.threshold
        if region.roi is not None:
            mask &= _in_box(region.roi, reference)
        if region.segmentation is not None:
            mask &= _in_segment(region, reference)
    if not mask.any():
        raise InputRefusedError(f"'{reference.GetName()}' has no voxel {region.name}: choose another region.")
    return mask


def _in_box(roi: slicer.vtkMRMLMarkupsROINode, volume: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
    to_object = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(roi.GetObjectToWorldMatrix(), to_object)
    to_ras, to_world = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(to_ras)
    # A bent (non-linear) transform has no matrix; within one box its linear part must do.
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(volume.GetParentTransformNode(), None, to_world)
    vtk.vtkMatrix4x4.Multiply4x4(to_world, to_ras, to_ras)
    vtk.vtkMatrix4x4.Multiply4x4(to_object, to_ras, to_ras)
    matrix = matrix_array(to_ras)[:3]
    k, j, i = (np.arange(n, dtype=np.float32) for n in voxels(volume).shape)
    inside = np.ones(voxels(volume).shape, bool)
    for row, half in zip(matrix, np.array(roi.GetSize()) / 2):
        place = row[0] * i[None, None] + row[1] * j[None, :, None] + row[2] * k[:, None, None] + row[3]
        inside &= np.abs(place) <= half
    return inside


def _in_segment(region: Region, volume: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
    segmentation = region.segmentation
    assert segmentation is not None
    if segmentation.GetSegmentation().GetSegment(region.segment) is None:
        raise InputRefusedError(
            f"'{segmentation.GetName()}' has no segment '{region.segment}': choose one of its segments."
        )
    labels = slicer.vtkOrientedImageData()
    segmentation.GetBinaryLabelmapRepresentation(region.segment, labels)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    grid = logic.CreateOrientedImageDataFromVolumeNode(volume)
    grid.UnRegister(None)
    resample = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage
    if not resample(labels, grid, labels, False, False):
        return np.zeros(voxels(volume).shape, bool)
    values = vtk_to_numpy(labels.GetPointData().GetScalars())
    return values.reshape(labels.GetDimensions()[::-1]) > 0
