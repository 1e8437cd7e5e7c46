"""Which volumes of a scene can be an input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import slicer


def first_measured_volume() -> Any:
    """The first volume that was loaded and not computed; None when there is none."""
    return next(_measured_volumes(), None)


def thick_volumes() -> list[Any]:
    """The loaded volumes that thin slices can be computed from, at a first look: measured, and thick along one axis."""
    shown = [node for node in _measured_volumes() if not node.GetHideFromEditors()]
    if not shown:
        return []
    from CTEnhanceLib.scene.thinner_series import THIN_BELOW_MM

    return [node for node in shown if max(node.GetSpacing()) >= THIN_BELOW_MM]


def _measured_volumes() -> Iterator[Any]:
    scene = slicer.mrmlScene
    count = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    if not count:
        return
    from CTEnhanceLib.scene.provenance import Kind, kind_of  # an empty scene does not need it

    for index in range(count):
        node = scene.GetNthNodeByClass(index, "vtkMRMLScalarVolumeNode")
        if node.GetClassName() == "vtkMRMLScalarVolumeNode" and kind_of(node) is Kind.MEASURED:
            yield node
