"""The computed bone as a segmentation, to be continued by hand in Slicer's Segment Editor."""

from __future__ import annotations

import numpy as np
import slicer

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.scene.nodes import voxels
from CTEnhanceLib.scene.provenance import COLORS, kind_of


def bone_segmentation(volume: slicer.vtkMRMLScalarVolumeNode, threshold: float) -> slicer.vtkMRMLSegmentationNode:
    """Make a segmentation with one segment: what is brighter than a threshold.

    Args:
        volume: CT in HU.
        threshold: HU at which bone begins.

    Returns:
        A new segmentation on the volume's grid; its name and its segment's say what it was made from.

    Raises:
        InputRefusedError: Nothing is as bright.
    """
    mask = voxels(volume) > threshold
    if not mask.any():
        raise InputRefusedError(
            f"Nothing in '{volume.GetName()}' is brighter than {threshold:g} HU: choose a lower threshold."
        )
    scene, word = volume.GetScene(), kind_of(volume).value
    segmentation = slicer.vtkMRMLSegmentationNode()
    segmentation.SetName(f"{volume.GetName()} bone")
    scene.AddNode(segmentation)
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segmentation.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    identifier = segmentation.GetSegmentation().AddEmptySegment("", f"Bone, {word}, above {threshold:g} HU")
    segmentation.GetSegmentation().GetSegment(identifier).SetColor(*COLORS[kind_of(volume)])
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), segmentation, identifier, volume)
    return segmentation
