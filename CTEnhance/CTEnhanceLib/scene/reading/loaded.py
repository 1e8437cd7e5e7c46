"""A study made of the volumes that are loaded in a scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.scene.nodes import image_from_node
from CTEnhanceLib.scene.output import INPUT_REFERENCE, MODEL_ATTRIBUTE
from CTEnhanceLib.scene.provenance import is_computed

if TYPE_CHECKING:
    from CTEnhanceLib.evaluation.reading.study import Study


@dataclass(frozen=True)
class Assigned:
    """A loaded volume with the case and the kind it stands for."""

    node: slicer.vtkMRMLScalarVolumeNode
    case: str
    kind: str


def guess_assignments(scene: slicer.vtkMRMLScene) -> list[Assigned]:
    """All scalar volumes of a scene with a first guess: computed ones belong to the volume they came from.

    Volumes that no list of Slicer shows (the one that a run is filling, say) are no images of a study.
    """
    count = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    nodes = [scene.GetNthNodeByClass(index, "vtkMRMLScalarVolumeNode") for index in range(count)]
    plain = [node for node in nodes if node.GetClassName() == "vtkMRMLScalarVolumeNode"]
    return [_guess(node) for node in plain if node.GetImageData() is not None and not node.GetHideFromEditors()]


def _guess(node: slicer.vtkMRMLScalarVolumeNode) -> Assigned:
    if is_computed(node):
        measured = node.GetNodeReference(INPUT_REFERENCE)
        case = measured.GetName() if measured is not None else node.GetName()
        return Assigned(node, case, node.GetAttribute(MODEL_ATTRIBUTE) or "computed")
    return Assigned(node, node.GetName(), "thick")


def study_of_nodes(assigned: Sequence[Assigned], title: str, readers: Sequence[str], **options: Any) -> Study:
    """A study of loaded volumes.

    Args:
        assigned: Volumes with case and kind; every case needs each kind once.
        title: Of the study.
        readers: Their names.
        options: Further fields of the study (views, window, repeats, seed, ...), and ``choose``: pairs of kinds.

    Raises:
        UsageError: A case lacks a kind or has it twice, or the study does not fit together.
    """
    from CTEnhanceLib.evaluation.reading.study import Case, Study, default_questions

    files: dict[str, dict[str, str]] = {}
    for each in assigned:
        if not each.case or not each.kind:
            raise UsageError(f"'{each.node.GetName()}' has no case or no kind: fill in both, or take it out.")
        if each.kind in files.setdefault(each.case, {}):
            raise UsageError(f"Case '{each.case}' has two volumes of the kind '{each.kind}': name them differently.")
        files[each.case][each.kind] = f"node {each.node.GetName()}"
    kinds = tuple(dict.fromkeys(each.kind for each in assigned))
    choose = options.pop("choose", None)
    cases = tuple(Case(name, kinds_of) for name, kinds_of in files.items())
    return Study(title, kinds, cases, default_questions(kinds, choose), tuple(readers), **options)


def image_source(assigned: Sequence[Assigned]) -> Callable[[str, str], Any]:
    """Gives the image of a case and a kind, as writing a study asks for it."""
    nodes = {(each.case, each.kind): each.node for each in assigned}
    return lambda case, kind: image_from_node(nodes[case, kind])


def other_volumes(scene: slicer.vtkMRMLScene) -> int:
    """How many volumes, tables and plots a scene holds: they could tell a reader what is what."""
    classes = ("vtkMRMLVolumeNode", "vtkMRMLTableNode", "vtkMRMLPlotChartNode", "vtkMRMLSegmentationNode")
    return sum(int(scene.GetNumberOfNodesByClass(name)) for name in classes)


def write_study_of_nodes(
    assigned: Sequence[Assigned], study: Study, folder: str | Path, key_path: str | Path
) -> dict[str, Any]:
    """Blind loaded volumes into a readers' folder; see `evaluation.reading.blind.write_blinded`.

    Args:
        assigned: Volumes of the scene, with case and kind.
        study: What is asked.
        folder: Of the readers.
        key_path: Where the key goes.
    """
    from CTEnhanceLib.evaluation.reading.blind import write_blinded

    return write_blinded(study, folder, key_path, image_source(assigned))
