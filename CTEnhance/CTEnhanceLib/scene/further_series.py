"""Further thick series of one scan in a scene: found beside the input, remembered by what was computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import vtk

from CTEnhanceLib.scene.nodes import dicom_facts, matrix_array
from CTEnhanceLib.scene.provenance import Kind, kind_of

FURTHER_REFERENCE = "CTEnhance.FurtherVolume"
_STUDY, _FRAME_OF_REFERENCE = "0020|000d", "0020|0052"
# as an axial CT is thick from about here on; finer volumes are no thick series
_THICK_MM = 1.4
_THICKER_THAN_PIXELS = 1.4
_ANOTHER_DIRECTION = np.cos(np.radians(30))


@dataclass(frozen=True)
class Found:
    """Further series that are loaded beside an input.

    Attributes:
        nodes: The volumes.
        is_certain: Whether DICOM says that all are of one study and frame of reference; otherwise the user must.
    """

    nodes: tuple[slicer.vtkMRMLScalarVolumeNode, ...]
    is_certain: bool


def find_further(input_node: slicer.vtkMRMLScalarVolumeNode) -> Found:
    """Find loaded thick series of the same scan whose slices lie in another direction than the input's.

    Volumes that DICOM puts into another study or frame of reference are passed over. Where DICOM says nothing, a
    volume is named but not certain.
    """
    scene = input_node.GetScene()
    own, place = normal_of(input_node), _place(input_node)
    nodes, certain = [], True
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode", scene):
        if node is input_node or node.GetImageData() is None or kind_of(node) is not Kind.MEASURED:
            continue
        if not _is_thick(node) or abs(float(normal_of(node) @ own)) > _ANOTHER_DIRECTION:
            continue
        theirs = _place(node)
        if any(a and b and a != b for a, b in zip(place, theirs)):
            continue
        certain = certain and bool(place[1]) and place == theirs
        nodes.append(node)
    return Found(tuple(nodes), certain and bool(nodes))


def remember_further(
    computed: slicer.vtkMRMLScalarVolumeNode,
    further: Sequence[slicer.vtkMRMLScalarVolumeNode | None],
    report: dict[str, Any],
) -> None:
    """Refer from a computed volume to the further series that entered it; None is one deleted since.

    Args:
        computed: The computed volume.
        further: The further series, in the order of the report.
        report: Of the run; it says which were used.
    """
    computed.RemoveNodeReferenceIDs(FURTHER_REFERENCE)
    for node, told in zip(further, report.get("further_series", [])):
        if node is not None and told["used"]:
            computed.AddNodeReferenceID(FURTHER_REFERENCE, node.GetID())


def further_of(computed: slicer.vtkMRMLScalarVolumeNode) -> list[slicer.vtkMRMLScalarVolumeNode]:
    """The further measured series that a computed volume was made from, as far as they are still in the scene."""
    count = computed.GetNumberOfNodeReferences(FURTHER_REFERENCE)
    nodes = [computed.GetNthNodeReference(FURTHER_REFERENCE, index) for index in range(count)]
    return [node for node in nodes if node is not None]


def measured_in_plane(
    measured: slicer.vtkMRMLScalarVolumeNode,
    computed: slicer.vtkMRMLScalarVolumeNode,
    normal: np.ndarray,
) -> slicer.vtkMRMLScalarVolumeNode:
    """The measured series whose slices lie in a view's plane, as a reader would have it beside; else the main one.

    Args:
        measured: The main series.
        computed: The volume computed from it.
        normal: Normal of the view's plane, RAS, shape (3,).
    """
    every = [measured, *further_of(computed)]
    closeness = [abs(float(normal_of(node) @ normal)) for node in every]
    best = int(np.argmax(closeness))
    return every[best] if closeness[best] > _ANOTHER_DIRECTION else measured


def series_words(node: slicer.vtkMRMLScalarVolumeNode) -> str:
    """A series in two words, for example "coronal 3 mm"."""
    normal = np.abs(normal_of(node))
    plane = ("sagittal", "coronal", "axial")[int(np.argmax(normal))]
    return f"{plane} {max(node.GetSpacing()):.3g} mm"


def normal_of(node: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
    """Normal of a volume's thick slices, RAS, shape (3,)."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASDirectionMatrix(matrix)
    axis = int(np.argmax(node.GetSpacing()))
    return matrix_array(matrix)[:3, axis]


def _is_thick(node: slicer.vtkMRMLScalarVolumeNode) -> bool:
    spacing = sorted(node.GetSpacing())
    return spacing[2] >= _THICK_MM and spacing[2] >= _THICKER_THAN_PIXELS * spacing[1]


def _place(node: slicer.vtkMRMLScalarVolumeNode) -> tuple[str, str]:
    """Study and frame of reference, "" where DICOM does not say."""
    facts = dicom_facts(node)
    return facts.get(_STUDY, "").strip(), facts.get(_FRAME_OF_REFERENCE, "").strip()
