"""Which volumes of a scene can be an input."""

from __future__ import annotations

from typing import Any

import slicer


def first_measured_volume() -> Any:
    """The first volume that was loaded and not computed; None when there is none."""
    scene = slicer.mrmlScene
    count = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    if not count:
        return None
    from CTEnhanceLib.scene.provenance import Kind, kind_of  # imports SimpleITK, which an empty scene does not need

    nodes = (scene.GetNthNodeByClass(index, "vtkMRMLScalarVolumeNode") for index in range(count))
    plain = (node for node in nodes if node.GetClassName() == "vtkMRMLScalarVolumeNode")
    return next((node for node in plain if kind_of(node) is Kind.MEASURED), None)


def thick_volumes() -> list[Any]:
    """The loaded volumes that thin slices can be computed from, at a first look: measured, and thick along one axis."""
    scene = slicer.mrmlScene
    count = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    if not count:
        return []
    from CTEnhanceLib.scene.provenance import Kind, kind_of  # imports SimpleITK, as above
    from CTEnhanceLib.scene.thinner_series import THIN_BELOW_MM

    nodes = (scene.GetNthNodeByClass(index, "vtkMRMLScalarVolumeNode") for index in range(count))
    return [
        node
        for node in nodes
        if node.GetClassName() == "vtkMRMLScalarVolumeNode"
        and not node.GetHideFromEditors()
        and kind_of(node) is Kind.MEASURED
        and max(node.GetSpacing()) >= THIN_BELOW_MM
    ]
