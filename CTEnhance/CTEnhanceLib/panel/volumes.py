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
