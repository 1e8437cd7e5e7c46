"""A surgeon's way through the module beside a desktop like Slicer's: nothing on the console, nothing left behind."""

from __future__ import annotations

import gc
import re
import weakref

import numpy as np
import pytest

from panel.measured import add_measured

OWN_LAYOUT = 6  # one red slice view


def bone_on_show(comparison):
    """HU in the slices on show: the largest of each view of a measured or computed volume."""
    found = {}
    for view in comparison.slice_views:
        if view.tag[3] in "MC":
            reslice = view.logic.GetBackgroundLayer().GetReslice()
            reslice.Update()
            found[view.tag] = reslice.GetOutput().GetScalarRange()[1]
    return found


def belongings(computed):
    """Identifiers of a result: the volume with its display."""
    return {computed.GetID(), computed.GetDisplayNodeID()}


def cameras(scene):
    return scene.GetNumberOfNodesByClass("vtkMRMLCameraNode")


def own_nodes(use):
    """Identifiers of what the comparison makes for itself."""
    return [node for node in use.nodes() if re.search("CTE[MCT](Axial|Coronal|Sagittal|3D)|CTEnhanceComparison", node)]


def figures(scene):
    """Tables, curves and chart of a comparison with a reference."""
    kinds = ("vtkMRMLTableNode", "vtkMRMLPlotSeriesNode", "vtkMRMLPlotChartNode")
    return [scene.GetNthNodeByClass(i, kind) for kind in kinds for i in range(scene.GetNumberOfNodesByClass(kind))]


def open_scene(use, path):
    """Replace the scene by a saved one while the module is open, as File > Open does."""
    from scene.saved_scenes import reading_bundles

    with reading_bundles(use.scene):
        use.scene.Clear(False)
        assert use.scene.ReadFromMRB(str(path))
    use.settle()


def test_three_clicks_from_a_loaded_ct_to_a_picture_of_both(use, fake_worker, wrist, window, console):
    fake_worker(use.module, "done")
    use.settle(0.05)
    assert use.ui.inputSelector.currentNode() is wrist  # chosen by itself: the one click is Enhance
    use.enhance()
    assert {view.tag[3] for view in use.comparison.slice_views} >= {"M", "C"}
    assert min(bone_on_show(use.comparison).values()) > 500
    assert use.desktop.width == window[0]
    assert console() == []


def test_closing_the_scene_while_comparing_leaves_the_users_views_and_a_button_that_works(
    use, fake_worker, wrist, console
):
    fake_worker(use.module, "done")
    use.settle(0.05)
    use.enhance()
    use.scene.Clear(False)
    use.settle()
    assert use.desktop.layout == OWN_LAYOUT
    assert not use.ui.compareButton.checked
    again = add_measured(use.scene, "again")
    use.settle(0.05)
    assert use.ui.inputSelector.currentNode() is again
    use.enhance()
    assert min(bone_on_show(use.comparison).values()) > 500
    assert console() == []


@pytest.mark.parametrize("window", [(860, 500)], ids=["laptop"])
def test_a_click_in_the_plot_goes_to_the_slice_and_moves_nothing_else(use, fake_worker, wrist, console):
    scene = use.scene
    fake_worker(use.module, "done")
    use.settle(0.05)
    use.enhance()
    reference = add_measured(scene, "thin", size=(40, 36, 36), spacing=(0.5, 0.5, 1.0))
    reference.SetOrigin(0, 0, -1.0)
    use.ui.referenceSelector.setCurrentNode(reference)
    use.ui.compareButton.click()
    use.ui.compareButton.click()
    use.settle()
    use.ui.figuresButton.click()
    use.settle()
    chart = scene.GetSingletonNode("CTEPlot", "vtkMRMLPlotViewNode").GetPlotChartNode()
    assert chart is not None
    before = point(use)
    use.desktop.plotWidget(0).click(chart.GetNthPlotSeriesNode(0), 9)
    after = point(use)
    moved = np.abs(after - before)
    assert moved[2] > 3.0 and moved[:2].max() < 1e-6
    use.ui.layoutComboBox.currentIndex = use.ui.layoutComboBox.findData("axial")
    use.ui.layoutComboBox.activated.emit(use.ui.layoutComboBox.currentIndex)
    use.settle()
    table = chart.GetNthPlotSeriesNode(0).GetTableNode().GetTable()
    position = table.GetColumnByName(chart.GetXAxisTitle()).GetValue(9)
    offsets = [view.logic.GetSliceOffset() for view in use.comparison.slice_views]
    assert offsets == pytest.approx([position, position], abs=1e-3)
    assert use.host.messages == [] and console() == []


def point(use):
    """Where the crosshair stands after a jump, RAS; the middle of the bone before any."""
    return np.array(use.comparison._point)


@pytest.mark.parametrize("window", [(860, 500)], ids=["laptop"])
def test_a_box_of_interest_is_enhanced_and_compared_alone(use, fake_worker, scene, console):
    whole = add_measured(scene, "whole", size=(120, 110, 20))
    fake_worker(use.module, "done")
    use.settle(0.05)
    box = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "gap")
    box.SetCenter([-30.0, -27.0, 28.5])
    box.SetSize([6.0, 6.0, 9.0])
    use.module._parameterNode.enhanceBox = box
    use.enhance()
    volumes = use.comparison.volumes
    assert (volumes.measured.GetName(), volumes.computed.GetName()) == ("whole [box]", "whole [box] [1 mm computed]")
    thick, thin = (node.GetImageData().GetDimensions() for node in (volumes.measured, volumes.computed))
    assert thin == (thick[0], thick[1], 3 * thick[2]) and thick[0] < 120
    corners = [0.0] * 6
    volumes.computed.GetRASBounds(corners)
    assert corners[0] <= -33 and corners[1] >= -27 and corners[4] <= 24 and corners[5] >= 33
    assert use.ui.inputSelector.currentNode() is whole
    assert min(bone_on_show(use.comparison).values()) > 500
    assert use.host.messages == [] and console() == []


@pytest.mark.parametrize("window", [(860, 500)], ids=["laptop"])
def test_a_whole_use_leaves_nodes_cameras_and_observers_as_they_were(use, fake_worker, wrist, console, tmp_path):
    """Load, enhance, compare, figures, profile, reveal, leave, run again, save, load, close the scene."""
    scene, ui = use.scene, use.ui
    fake_worker(use.module, "done")
    reference = add_measured(scene, "thin", size=(40, 36, 36), spacing=(0.5, 0.5, 1.0))
    reference.SetOrigin(0, 0, -1.0)
    use.settle(0.05)
    empty = use.nodes()
    use.enhance()
    watched = weakref.WeakSet([use.comparison, use.comparison._labels, use.comparison._view_setup])
    ui.compareButton.click()
    use.settle()
    computed_only = use.nodes()  # with the result, which the user keeps
    assert {node for node in computed_only if node not in empty} <= belongings(ui.comparedSelector.currentNode())
    ui.referenceSelector.setCurrentNode(reference)
    look_at_everything(use, watched)
    ui.compareButton.click()
    use.settle()
    # figures stay for the user; those taken again replaced the first
    assert len(figures(scene)) == 7 and set(computed_only) <= set(use.nodes())
    assert len(use.nodes()) == len(computed_only) + 7
    use.enhance()
    watched.add(use.comparison)
    ui.compareButton.click()
    use.settle()
    assert len(use.nodes()) == len(computed_only) + 7
    assert cameras(scene) == 0
    kept = [node for node in use.nodes() if "Storage" not in node]
    ui.compareButton.click()
    use.settle()
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    use.host.leave(use.module)
    use.settle()
    assert [node for node in use.nodes() if "Storage" not in node] == kept  # Slicer's, of the saving
    use.host.enter(use.module)
    use.settle()
    assert use.comparison is not None and min(bone_on_show(use.comparison).values()) > 500
    open_scene(use, tmp_path / "scene.mrb")
    assert use.comparison is not None and min(bone_on_show(use.comparison).values()) > 500
    ui.compareButton.click()
    use.settle()
    assert cameras(scene) == 0 and own_nodes(use) == []
    scene.Clear(False)
    use.settle()
    assert cameras(scene) == 0 and own_nodes(use) == []
    gc.collect()
    assert list(watched) == []
    assert use.desktop.layout == OWN_LAYOUT and use.desktop.width == 860
    assert use.host.messages == [] and console() == []


def look_at_everything(use, watched):
    """What a curious user does with a comparison, button by button."""
    ui = use.ui
    ui.compareButton.click()
    use.settle()
    watched.add(use.comparison)
    for index in range(ui.layoutComboBox.count):
        use.choose(ui.layoutComboBox, ui.layoutComboBox.itemData(index))
        use.settle(0.1)
    use.choose(ui.layoutComboBox, "third")
    for index in range(ui.thirdComboBox.count):
        use.choose(ui.thirdComboBox, ui.thirdComboBox.itemData(index))
    for combo in (ui.leftComboBox, ui.blendComboBox):
        for index in [*range(combo.count), 0]:
            use.choose(combo, combo.itemData(index))
            watched.add(use.comparison._view_setup)
    use.choose(ui.layoutComboBox, "3d")
    for combo in (ui.boneComboBox, ui.presetComboBox, ui.lookComboBox):
        for index in [*range(combo.count), 0]:
            use.choose(combo, combo.itemData(index))
    ui.cropCheckBox.checked = True
    use.settle(0.1)
    for _ in range(2):
        ui.figuresButton.click()
        use.settle(0.1)
    assert ui.layoutComboBox.currentIndex == ui.layoutComboBox.findData("figures")
    ui.profileButton.click()
    line = use.scene.GetFirstNodeByName("CTEnhance profile")
    middle = point(use)
    for away in (-6.0, 6.0):
        line.AddControlPoint([middle[0] + away, middle[1], middle[2]])
    use.settle(0.1)
    assert "gap" in ui.figuresLabel.text
    use.choose(ui.blendComboBox, "reveal")
