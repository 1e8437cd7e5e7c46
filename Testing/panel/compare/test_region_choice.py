"""Where the Compare section takes its figures."""

from __future__ import annotations

import numpy as np
import pytest

from panel.compare.test_section import compare, computed, scene, view_host  # noqa: F401
from panel.measured import add_measured
from panel.test_panel import load_scene, saved_scene

KINDS = ("bone", "whole", "body", "threshold", "box", "segment")


@pytest.fixture
def reference(scene):  # noqa: F811
    """True thin slices of the wrist."""
    node = add_measured(scene, "thin", size=(40, 36, 36), spacing=(0.5, 0.5, 1.0))
    node.SetOrigin(0, 0, -1.0)
    return node


@pytest.fixture
def opened(compare, reference):  # noqa: F811
    """The comparison with a reference, open."""
    compare.ui.referenceSelector.setCurrentNode(reference)
    compare.ui.compareButton.click()
    return compare


def choose_region(module, kind):
    module.ui.figureRegionComboBox.currentIndex = KINDS.index(kind)


def computed_figures(module):
    """Press the button; the name of the region, and the table row of the computed volume."""
    import slicer

    module.ui.figuresButton.click()
    table = slicer.mrmlScene.GetSingletonNode("CTETable", "vtkMRMLTableViewNode").GetTableNode().GetTable()
    row = table.GetNumberOfRows() - 1
    values = [table.GetValue(row, column).ToString() for column in range(1, table.GetNumberOfColumns())]
    return table.GetColumnName(0), values


def add_box(scene, name="radius box"):  # noqa: F811
    """A box inside the bone."""
    box = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", name)
    box.SetCenter(-10.0, -9.0, 17.0)
    box.SetSize(5.0, 5.0, 60.0)
    return box


def add_segmentation(reference, names=("radius", "ulna")):
    """Two segments side by side, as deep as the volume."""
    import slicer
    from vtk.util.numpy_support import numpy_to_vtk

    segmentation = reference.GetScene().AddNewNodeByClass("vtkMRMLSegmentationNode", "bones")
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(reference)
    for number, name in enumerate(names):
        painted = np.zeros((36, 36, 40), np.uint8)
        painted[:, 8:28, 10 + 10 * number : 18 + 10 * number] = 1
        grid = slicer.vtkSlicerSegmentationsModuleLogic.CreateOrientedImageDataFromVolumeNode(reference)
        grid.GetPointData().SetScalars(numpy_to_vtk(painted.ravel(), deep=True))
        segmentation.AddSegmentFromBinaryLabelmapRepresentation(grid, name, [1, 0, 0])
    return segmentation


def shown_details(module):
    names = ("figureThresholdSpinBox", "figureBoxSelector", "figureSegmentationSelector", "figureSegmentComboBox")
    return {name for name in names if getattr(module.ui, name).isVisibleTo(module.ui.comparisonControlsWidget)}


def segments_offered(module):
    combo = module.ui.figureSegmentComboBox
    return [combo.itemText(index) for index in range(combo.count)]


def test_a_region_can_be_chosen_only_with_a_reference(compare, reference):  # noqa: F811
    compare.ui.compareButton.click()
    assert not compare.ui.figureRegionComboBox.isEnabled()
    assert "reference" in compare.ui.figureRegionComboBox.toolTip
    choose_region(compare, "box")
    assert shown_details(compare) == set()
    compare.ui.referenceSelector.setCurrentNode(reference)
    assert compare.ui.figureRegionComboBox.isEnabled()
    assert shown_details(compare) == {"figureBoxSelector"}


def test_only_what_the_region_needs_is_shown(opened):
    needed = {
        "threshold": {"figureThresholdSpinBox"},
        "box": {"figureBoxSelector"},
        "segment": {"figureSegmentationSelector", "figureSegmentComboBox"},
    }
    for kind in KINDS:
        choose_region(opened, kind)
        assert shown_details(opened) == needed.get(kind, set())


def test_figures_are_taken_in_the_region_that_was_chosen(opened, scene, reference):  # noqa: F811
    opened.ui.figureBoxSelector.setCurrentNode(add_box(scene))
    opened.ui.figureSegmentationSelector.setCurrentNode(add_segmentation(reference))
    opened.ui.figureThresholdSpinBox.value = 600.0
    names, rows = [], set()
    for kind in KINDS:
        choose_region(opened, kind)
        name, values = computed_figures(opened)
        names.append(name)
        rows.add(tuple(values))
    assert names == [
        "in bone",
        "in the whole volume",
        "in voxels above -300 HU",
        "in voxels above 600 HU",
        "in box 'radius box'",
        "in segment 'radius'",
    ]
    assert len(rows) == len(KINDS)


def test_any_segment_can_be_chosen_and_the_list_follows_the_segmentation(opened, reference):
    segmentation = add_segmentation(reference)
    choose_region(opened, "segment")
    opened.ui.figureSegmentationSelector.setCurrentNode(segmentation)
    assert segments_offered(opened) == ["radius", "ulna"]
    opened.ui.figureSegmentComboBox.currentIndex = 1
    opened.ui.figureSegmentComboBox.activated.emit(1)
    segmentation.GetSegmentation().AddEmptySegment("scaphoid", "scaphoid")
    segmentation.GetSegmentation().GetNthSegment(1).SetName("ulna, distal")
    assert segments_offered(opened) == ["radius", "ulna, distal", "scaphoid"]
    assert computed_figures(opened)[0] == "in segment 'ulna, distal'"
    segmentation.GetSegmentation().RemoveSegment("scaphoid")
    assert segments_offered(opened) == ["radius", "ulna, distal"]


def test_a_region_that_is_not_fully_chosen_is_asked_for(opened, host):
    for kind, missing in (("box", "No box was chosen"), ("segment", "No segment was chosen")):
        choose_region(opened, kind)
        opened.ui.figuresButton.click()
        assert missing in host.messages[-1][1]


def test_an_empty_region_is_said(opened, host):
    choose_region(opened, "threshold")
    opened.ui.figureThresholdSpinBox.value = 2900.0
    opened.ui.figuresButton.click()
    assert "no voxel above 2900 HU" in host.messages[-1][1]


def test_a_box_that_is_removed_is_no_longer_chosen(opened, scene):  # noqa: F811
    box, other = add_box(scene), add_box(scene, "other")
    choose_region(opened, "box")
    opened.ui.figureBoxSelector.setCurrentNode(box)
    scene.RemoveNode(box)
    assert opened.ui.figureBoxSelector.currentNode() is None
    assert scene.IsNodePresent(other)


def test_the_region_is_restored_with_the_scene(module, scene, reference):  # noqa: F811
    ui, segmentation = module.ui, add_segmentation(reference)
    ui.referenceSelector.setCurrentNode(reference)
    ui.figureBoxSelector.setCurrentNode(add_box(scene))
    ui.figureThresholdSpinBox.value = 450.0
    ui.figureSegmentationSelector.setCurrentNode(segmentation)
    choose_region(module, "segment")
    ui.figureSegmentComboBox.activated.emit(1)
    segment = ui.figureSegmentComboBox.itemData(1)
    saved = saved_scene(scene)
    scene.Clear()
    load_scene(scene, saved)  # while the module is open
    parameters = module.panel.parameters
    assert parameters.figureRegion.value == "segment"
    assert parameters.figureSegment == segment
    assert ui.figureSegmentationSelector.currentNode().GetName() == "bones"
    assert ui.figureBoxSelector.currentNode().GetName() == "radius box"
    assert ui.figureThresholdSpinBox.value == 450.0
