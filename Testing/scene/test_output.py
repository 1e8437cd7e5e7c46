from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk

import stacks
from CTEnhanceLib.errors import CancelledError, InputRefusedError, UsageError
from CTEnhanceLib.scene.nodes import add_volume, image_from_node, voxels
from CTEnhanceLib.scene.output import (
    INPUT_REFERENCE,
    UNCERTAINTY_REFERENCE,
    apply_result,
    enhance_node,
    measured_of,
    result_from_file,
    uncertainty_of,
    volume_to_file,
)
from CTEnhanceLib.scene.provenance import Kind, is_computed, kind_of, mark, report_of
from scene.saved_scenes import reading_bundles

from .conftest import REPORT, WINDOW, oblique_tube


@pytest.fixture
def thick(scene):
    from CTEnhanceLib.ct.thicken import thicken

    return add_volume(scene, thicken(oblique_tube((1.0, 1.0, 1.0)), 3.0), "wrist", WINDOW)


@pytest.fixture
def stack():
    return stacks.offset_stack(0.0)


def _hierarchy(scene):
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def test_a_thick_node_gives_a_thin_node_that_says_what_it_is(thick, stack):
    thin = enhance_node(thick, model=stack, spacing=1.0)
    assert thin.GetName() == "wrist [1 mm computed]"
    assert thin.GetSpacing() == (1.0, 1.0, 1.0)
    assert voxels(thin).shape == (36, 40, 48)
    assert thin.GetAttribute("CTEnhance.Model") == "test"
    assert thin.GetAttribute("CTEnhance.ModelSHA256") == "0" * 64
    assert json.loads(thin.GetAttribute("CTEnhance.Report"))["consistency"]["after"] < 1.0
    assert thin.GetNodeReference("CTEnhance.InputVolume") is thick
    assert is_computed(thin) and not is_computed(thick)
    assert measured_of(thin) is thick


def test_a_result_in_a_node_that_was_interpolated_counts_as_computed(thick, stack, scene):
    node = add_volume(scene, oblique_tube((1.0, 1.0, 1.0)), "other", WINDOW)
    mark(node, Kind.INTERPOLATED, "cubic")
    assert kind_of(enhance_node(thick, node, model=stack)) is Kind.COMPUTED


def test_an_uncertainty_volume_says_what_it_is_and_goes_with_the_result_it_belongs_to(thick, scene):
    volume = image_from_node(thick)
    bars = sitk.Cast(volume, sitk.sitkFloat32) * 0 + 20
    thin = apply_result(thick, volume, REPORT, 1.0, uncertainty=bars)
    uncertainty = thin.GetNodeReference(UNCERTAINTY_REFERENCE)
    assert kind_of(uncertainty) is Kind.UNCERTAINTY
    apply_result(thick, volume, REPORT, 1.0, output_node=thin)
    assert thin.GetNodeReference(UNCERTAINTY_REFERENCE) is None
    assert not scene.IsNodePresent(uncertainty)


def test_the_spacing_in_the_name_is_the_one_asked_for(thick, stack):
    assert enhance_node(thick, model=stack, spacing=0.75).GetName() == "wrist [0.75 mm computed]"


def test_grey_scale_colours_and_transform_are_those_of_the_input(thick, stack, scene):
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    thick.SetAndObserveTransformNodeID(transform.GetID())
    thin = enhance_node(thick, model=stack)
    display = thin.GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == WINDOW
    assert not display.GetAutoWindowLevel()
    assert thin.GetTransformNodeID() == transform.GetID()


def test_the_transform_moves_the_node_and_not_the_voxels(thick, stack, scene):
    plain = image_from_node(enhance_node(thick, model=stack))
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 50.0)
    transform.SetMatrixTransformToParent(matrix)
    thick.SetAndObserveTransformNodeID(transform.GetID())
    moved = image_from_node(enhance_node(thick, model=stack))
    assert moved.GetOrigin() == plain.GetOrigin()


def test_the_output_lies_beside_the_input_in_its_study(thick, stack, scene):
    hierarchy = _hierarchy(scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.CreateItem(study, thick)
    thin = enhance_node(thick, model=stack)
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(thin)) == study


def test_an_output_node_is_filled_again_and_keeps_its_identity(thick, stack):
    first = enhance_node(thick, model=stack, spacing=1.0)
    again = enhance_node(thick, first, model=stack, spacing=1.5)
    assert again is first
    assert again.GetName() == "wrist [1.5 mm computed]"
    assert voxels(again).shape == (24, 40, 48)


def test_a_cancelled_run_leaves_scene_and_output_node_as_they_were(thick, stack, scene):
    output = enhance_node(thick, model=stack)
    before = (output.GetMTime(), scene.GetNumberOfNodes())
    with pytest.raises(CancelledError):
        enhance_node(thick, output, model=stack, cancel=lambda: True)
    with pytest.raises(CancelledError):
        enhance_node(thick, model=stack, cancel=lambda: True)
    assert (output.GetMTime(), scene.GetNumberOfNodes()) == before


def test_the_input_is_never_overwritten(thick, stack):
    with pytest.raises(UsageError, match="'wrist' cannot be both input and output"):
        enhance_node(thick, thick, model=stack)


def test_the_way_through_files_gives_the_same_node(thick, stack, tmp_path):
    direct = enhance_node(thick, model=stack)
    path = volume_to_file(thick, tmp_path / "thick.nrrd")
    assert path.is_file()
    sitk.WriteImage(image_from_node(direct), str(tmp_path / "thin.nrrd"))
    (tmp_path / "report.json").write_text(json.dumps(report_of(direct)), encoding="utf-8")
    through = result_from_file(thick, tmp_path / "thin.nrrd", tmp_path / "report.json", 1.0)
    assert np.array_equal(voxels(through), voxels(direct))
    assert image_from_node(through).GetOrigin() == image_from_node(direct).GetOrigin()
    assert report_of(through) == report_of(direct)


def test_dicom_facts_reach_the_worker_but_not_the_computed_volume(thick, stack, tmp_path):
    image = image_from_node(thick)
    image.SetMetaData("0018|0050", "3.0")
    node = add_volume(thick.GetScene(), image, "with facts")
    assert sitk.ReadImage(str(volume_to_file(node, tmp_path / "v.nrrd"))).GetMetaData("0018|0050") == "3.0"
    assert not image_from_node(enhance_node(node, model=stack)).HasMetaDataKey("0018|0050")


def test_uncertainty_comes_as_a_volume_of_its_own_and_goes_when_it_is_not_asked_for(thick):
    volume = image_from_node(thick)
    uncertainty = sitk.Cast(volume, sitk.sitkFloat32) * 0 + 20
    node = apply_result(thick, volume, REPORT, 1.0, uncertainty=uncertainty)
    beside = node.GetNodeReference(UNCERTAINTY_REFERENCE).GetID()
    assert thick.GetScene().GetNodeByID(beside).GetName() == "wrist [1 mm uncertainty]"
    apply_result(thick, volume, REPORT, 1.0, output_node=node)
    assert node.GetNodeReference(UNCERTAINTY_REFERENCE) is None
    assert thick.GetScene().GetNodeByID(beside) is None


def test_the_uncertainty_of_a_scene_of_the_first_version_is_still_found(thick):
    volume = image_from_node(thick)
    node = apply_result(thick, volume, REPORT, 1.0)
    assert uncertainty_of(node) is None
    old = add_volume(thick.GetScene(), volume, "wrist [1 mm confidence]")
    node.SetNodeReferenceID("CTEnhance.Confidence", old.GetID())
    assert uncertainty_of(node) is old


def test_a_volume_that_was_not_computed_here_has_no_measured_one(thick):
    with pytest.raises(InputRefusedError, match="does not say which volume it was computed from"):
        measured_of(thick)


def test_links_and_attributes_survive_saving_the_scene(thick, stack, scene, tmp_path):
    thin = enhance_node(thick, model=stack)
    name, report = thin.GetName(), report_of(thin)
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    other = slicer.vtkMRMLScene()
    with reading_bundles(other):
        assert other.ReadFromMRB(str(tmp_path / "scene.mrb"))
    read = other.GetFirstNodeByName(name)
    assert report_of(read) == report
    assert read.GetNodeReference(INPUT_REFERENCE).GetName() == "wrist"
