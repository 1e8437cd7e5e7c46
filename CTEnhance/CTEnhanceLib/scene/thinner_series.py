"""Measured thin slices of the same scan that are loaded beside the thick ones: they need no enhancement."""

from __future__ import annotations

import slicer

from CTEnhanceLib.scene.provenance import Kind, kind_of, slice_axis

THIN_BELOW_MM = 1.6


def thinner_series(measured: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLScalarVolumeNode | None:
    """The thinnest measured volume of the same study that covers the same place, when it is thin.

    Args:
        measured: The chosen thick slices.
    """
    scene, kind = measured.GetScene(), "vtkMRMLScalarVolumeNode"
    thickness = measured.GetSpacing()[slice_axis(measured)]
    found = []
    for index in range(scene.GetNumberOfNodesByClass(kind)):
        other = scene.GetNthNodeByClass(index, kind)
        if other is measured or other.GetClassName() != kind or other.GetImageData() is None:
            continue
        interval = max(other.GetSpacing())
        thin = interval < THIN_BELOW_MM and interval < 0.6 * thickness
        if (
            thin
            and kind_of(other) is Kind.MEASURED
            and _same_study(measured, other)
            and _overlap(measured, other) > 0.5
        ):
            found.append((interval, other))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _same_study(one: slicer.vtkMRMLVolumeNode, other: slicer.vtkMRMLVolumeNode) -> bool:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(one.GetScene())
    if hierarchy is None:
        return True
    items = [hierarchy.GetItemByDataNode(node) for node in (one, other)]
    return not all(items) or hierarchy.GetItemParent(items[0]) == hierarchy.GetItemParent(items[1])


def _overlap(one: slicer.vtkMRMLVolumeNode, other: slicer.vtkMRMLVolumeNode) -> float:
    """Share of the first volume's box that the other one covers."""
    first, second = [0.0] * 6, [0.0] * 6
    one.GetRASBounds(first)
    other.GetRASBounds(second)
    share = 1.0
    for axis in range(0, 6, 2):
        extent = max(first[axis + 1] - first[axis], 1e-6)
        share *= max(0.0, min(first[axis + 1], second[axis + 1]) - max(first[axis], second[axis])) / extent
    return share
