"""From a measured volume node to the computed node beside it.

`enhance_node` does the whole in this process; `volume_to_file` and `result_from_file` are its two halves for a run
in a process of its own (the panel's way, as only that can be cancelled at any moment).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import SimpleITK as sitk
import slicer

from CTEnhanceLib.errors import InputRefusedError, UsageError
from CTEnhanceLib.scene.distortion import refuse_hidden_distortion
from CTEnhanceLib.scene.further_series import remember_further
from CTEnhanceLib.scene.nodes import DICOM_ATTRIBUTE, add_volume, image_from_node, remove_with_belongings, update_node
from CTEnhanceLib.scene.provenance import REPORT_ATTRIBUTE, Kind, mark

if TYPE_CHECKING:
    from CTEnhanceLib.model.stack import Stack

MODEL_ATTRIBUTE = "CTEnhance.Model"
MODEL_SHA256_ATTRIBUTE = "CTEnhance.ModelSHA256"
INPUT_REFERENCE = "CTEnhance.InputVolume"
UNCERTAINTY_REFERENCE = "CTEnhance.Uncertainty"
_OLD_UNCERTAINTY_REFERENCE = "CTEnhance.Confidence"  # in scenes of the first version


def enhance_node(
    input_node: slicer.vtkMRMLScalarVolumeNode,
    output_node: slicer.vtkMRMLScalarVolumeNode | None = None,
    *,
    model: str | Path | Stack = "context",
    spacing: float = 1.0,
    device: str = "auto",
    progress: Callable[[str, int, int], None] | None = None,
    cancel: Callable[[], bool] | None = None,
    further: Sequence[slicer.vtkMRMLScalarVolumeNode] = (),
    **options: Any,
) -> slicer.vtkMRMLScalarVolumeNode:
    """Compute thin slices from a thick-slice volume node.

    Args:
        input_node: The measured CT.
        output_node: The node to fill; None makes a new one. It is touched only when the result is whole.
        model: Name of an installed model, a model folder, or a loaded stack.
        spacing: Distance of the thin slices in mm.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        progress: Called with stage, done, total.
        cancel: Asked between batches; True ends the run.
        further: Further thick series of the same scan, to be fused in.
        options: Further arguments of `CTEnhanceLib.enhance` (precision, thickness, profile, uncertainty, ...).

    Returns:
        The computed volume, beside the input in the subject hierarchy and under the same parent transform.

    Raises:
        UsageError: Output and input are the same node.
        CTEnhanceError: As raised by `CTEnhanceLib.enhance`; the output node is as it was.
    """
    from CTEnhanceLib.enhancement.pipeline import enhance
    from CTEnhanceLib.model.folder import load_stack

    refuse_same_node(input_node, output_node)
    refuse_hidden_distortion(input_node)
    image = image_from_node(input_node)
    stack = load_stack(model) if isinstance(model, (str, Path)) else model
    for node in further:
        refuse_hidden_distortion(node)
    also = [image_from_node(node) for node in further]
    result = enhance(
        image, stack, spacing=spacing, device=device, progress=progress, cancel=cancel, also=also, **options
    )
    return apply_result(
        input_node,
        result.volume,
        result.report,
        spacing,
        output_node=output_node,
        uncertainty=result.uncertainty,
        further=further,
    )


def volume_to_file(input_node: slicer.vtkMRMLScalarVolumeNode, path: str | Path) -> Path:
    """Write a node's voxels and geometry to an uncompressed file for a worker process.

    Args:
        input_node: The measured CT.
        path: Where to write; ``.nrrd`` keeps geometry and DICOM facts exactly.

    Returns:
        The path written.
    """
    path = Path(path)
    refuse_hidden_distortion(input_node)
    sitk.WriteImage(image_from_node(input_node), str(path), useCompression=False)
    return path


def result_from_file(
    input_node: slicer.vtkMRMLScalarVolumeNode,
    volume_path: str | Path,
    report_path: str | Path,
    spacing: float,
    *,
    output_node: slicer.vtkMRMLScalarVolumeNode | None = None,
    uncertainty_path: str | Path | None = None,
    further: Sequence[slicer.vtkMRMLScalarVolumeNode] = (),
) -> slicer.vtkMRMLScalarVolumeNode:
    """Take a worker's files into the scene, as `enhance_node` would have done.

    Args:
        input_node: The measured CT that the worker was given.
        volume_path: The computed volume.
        report_path: The report of the run (JSON).
        spacing: Distance of the thin slices as asked, in mm.
        output_node: The node to fill; None makes a new one.
        uncertainty_path: The uncertainty volume, when it was asked for.
        further: The further series that the worker was given.

    Returns:
        The computed volume.

    Raises:
        UsageError: Output and input are the same node.
    """
    refuse_same_node(input_node, output_node)
    volume = sitk.ReadImage(str(volume_path))
    report = json.loads(Path(report_path).read_text(encoding="utf-8"))
    uncertainty = sitk.ReadImage(str(uncertainty_path)) if uncertainty_path else None
    return apply_result(
        input_node, volume, report, spacing, output_node=output_node, uncertainty=uncertainty, further=further
    )


def apply_result(
    input_node: slicer.vtkMRMLScalarVolumeNode,
    volume: sitk.Image,
    report: dict[str, Any],
    spacing: float,
    *,
    output_node: slicer.vtkMRMLScalarVolumeNode | None = None,
    uncertainty: sitk.Image | None = None,
    further: Sequence[slicer.vtkMRMLScalarVolumeNode] = (),
) -> slicer.vtkMRMLScalarVolumeNode:
    """Make a computed image a volume node that says what it is and where it came from.

    Args:
        input_node: The measured CT.
        volume: The computed volume.
        report: The report of the run; its model name and hash become attributes.
        spacing: Distance of the thin slices as asked, in mm (part of the name).
        output_node: The node to fill; None makes a new one.
        uncertainty: The uncertainty of every voxel, HU, or None.
        further: The further series that were given; the report says which of them were used.

    Returns:
        The computed volume.
    """
    name = f"{input_node.GetName()} [{spacing:g} mm computed]"
    if output_node is None:
        name = _free_name(input_node.GetScene(), name)
        output_node = add_volume(input_node.GetScene(), volume, name, _window(input_node))
        modified = output_node.StartModify()
    else:
        modified = output_node.StartModify()
        output_node.SetName(name)
        update_node(output_node, volume)
    place_beside(input_node, output_node)
    _copy_display(input_node, output_node)
    model = report.get("model", {})
    mark(output_node, Kind.COMPUTED)
    output_node.SetAttribute(MODEL_ATTRIBUTE, str(model.get("name", "")))
    output_node.SetAttribute(MODEL_SHA256_ATTRIBUTE, str(model.get("sha256", "")))
    output_node.SetAttribute(REPORT_ATTRIBUTE, json.dumps(report))
    # The facts of the measured slices (thickness!) are not true of the computed ones.
    output_node.SetAttribute(DICOM_ATTRIBUTE, None)
    output_node.SetNodeReferenceID(INPUT_REFERENCE, input_node.GetID())
    remember_further(output_node, further, report)
    output_node.EndModify(modified)
    _apply_uncertainty(input_node, output_node, uncertainty, spacing)
    return output_node


def refuse_same_node(
    input_node: slicer.vtkMRMLScalarVolumeNode, output_node: slicer.vtkMRMLScalarVolumeNode | None
) -> None:
    """Refuse to overwrite what was measured (a node selector may slip to the input when its node is deleted)."""
    if output_node is not None and output_node is input_node:
        raise UsageError(f"'{input_node.GetName()}' cannot be both input and output: choose another output volume.")


def measured_of(computed_node: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLScalarVolumeNode:
    """The measured volume a computed one was made from.

    Raises:
        InputRefusedError: The node does not refer to one that is in the scene.
    """
    measured = computed_node.GetNodeReference(INPUT_REFERENCE)
    if measured is None:
        raise InputRefusedError(
            f"'{computed_node.GetName()}' does not say which volume it was computed from: choose the measured one."
        )
    return measured


def uncertainty_of(computed_node: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLScalarVolumeNode | None:
    """The uncertainty of a computed volume, also one that an older version left in the scene under its old name."""
    named = computed_node.GetNodeReference(UNCERTAINTY_REFERENCE)
    return named if named is not None else computed_node.GetNodeReference(_OLD_UNCERTAINTY_REFERENCE)


def _apply_uncertainty(
    input_node: slicer.vtkMRMLScalarVolumeNode,
    output_node: slicer.vtkMRMLScalarVolumeNode,
    uncertainty: sitk.Image | None,
    spacing: float,
) -> None:
    node = uncertainty_of(output_node)
    output_node.SetNodeReferenceID(_OLD_UNCERTAINTY_REFERENCE, None)
    if uncertainty is None:
        # that of an earlier result says nothing about this one
        output_node.SetNodeReferenceID(UNCERTAINTY_REFERENCE, None)
        if node is not None:
            remove_with_belongings(node)
        return
    name = f"{input_node.GetName()} [{spacing:g} mm uncertainty]"
    if node is None:
        node = add_volume(input_node.GetScene(), uncertainty, name)
    else:
        node.SetName(name)
        update_node(node, uncertainty)
    mark(node, Kind.UNCERTAINTY, "uncertainty, HU")
    place_beside(input_node, node)
    output_node.SetNodeReferenceID(UNCERTAINTY_REFERENCE, node.GetID())


def place_beside(input_node: slicer.vtkMRMLVolumeNode, node: slicer.vtkMRMLVolumeNode) -> None:
    """Same parent transform, same parent in the subject hierarchy."""
    node.SetAndObserveTransformNodeID(input_node.GetTransformNodeID())
    scene = input_node.GetScene()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    # The desktop makes items by itself, MRML alone does not.
    items = [
        hierarchy.GetItemByDataNode(each) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), each)
        for each in (input_node, node)
    ]
    hierarchy.SetItemParent(items[1], hierarchy.GetItemParent(items[0]))


def _free_name(scene: slicer.vtkMRMLScene, name: str) -> str:
    """The name, numbered where a node has it already: no two volumes of one name."""
    number, free = 2, name
    while scene.GetFirstNodeByName(free) is not None:
        number, free = number + 1, f"{name} {number}"
    return free


def _window(node: slicer.vtkMRMLVolumeNode) -> tuple[float, float] | None:
    """Lower and upper HU of a volume's grey scale; None where it has no display."""
    display = node.GetDisplayNode()
    return (display.GetWindowLevelMin(), display.GetWindowLevelMax()) if display is not None else None


def _copy_display(input_node: slicer.vtkMRMLVolumeNode, node: slicer.vtkMRMLVolumeNode) -> None:
    node.CreateDefaultDisplayNodes()
    source, display = input_node.GetDisplayNode(), node.GetDisplayNode()
    if source is None:
        return
    display.CopyContent(source)
    display.SetAndObserveColorNodeID(source.GetColorNodeID())
    # An automatic window would differ between the two volumes and be taken for a difference in the data.
    display.AutoWindowLevelOff()
    display.SetWindowLevel(source.GetWindow(), source.GetLevel())
