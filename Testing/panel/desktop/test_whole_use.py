"""A surgeon's way through the module beside a desktop like Slicer's: nothing on the console, nothing left behind."""

from __future__ import annotations

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
