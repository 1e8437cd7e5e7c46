"""The Compare section on real views, drawn into memory."""

from __future__ import annotations

import json

import pytest

from CTEnhanceLib.files.checksum import sha256_of
from panel.measured import add_measured

REPORT = {
    "model": {"name": "test", "sha256": "ab" * 32},
    "consistency": {"applied": True, "before": 12.0, "after": 0.5, "cubic": 12.0},
}
OWN_LAYOUT = 6  # one red slice view


@pytest.fixture
def view_host(host, workplace):
    """Views of 320 x 240 pixels in all, on a scene of their own that is Slicer's for the time of the test."""
    pytest.importorskip("trame_slicer")
    import slicer

    from CTEnhanceLib.scene.headless.offscreen import OffscreenViewHost

    before = slicer.mrmlScene
    with OffscreenViewHost((320, 240), window_width=2000) as view_host:
        slicer.mrmlScene = view_host.scene
        view_host.show_layout(OWN_LAYOUT)
        yield view_host
        slicer.mrmlScene = before


@pytest.fixture
def scene(view_host):
    """The scene of the views."""
    return view_host.scene


@pytest.fixture
def computed(wrist):
    """Computed from the wrist: every slice three times."""
    import SimpleITK as sitk

    from CTEnhanceLib.scene.nodes import image_from_node
    from CTEnhanceLib.scene.output import apply_result

    image = sitk.Expand(image_from_node(wrist), [1, 1, 3], sitk.sitkNearestNeighbor)
    return apply_result(wrist, image, REPORT, 1.0)


@pytest.fixture
def compare(module, view_host, computed):
    """The module, ready to compare."""
    module.panel.comparison.make_view_host = lambda: view_host
    module.ui.comparedSelector.setCurrentNode(computed)
    yield module
    module.panel.comparison.leave()


def choose(combo, key):
    combo.currentIndex = combo.findData(key)
    combo.activated.emit(combo.currentIndex)


def test_only_a_computed_volume_can_be_compared(module, wrist, computed):
    module.ui.comparedSelector.setCurrentNode(wrist)
    assert not module.ui.compareButton.enabled
    module.ui.comparedSelector.setCurrentNode(computed)
    assert module.ui.compareButton.enabled
    assert not module.ui.comparisonControlsWidget.isVisibleTo(module.ui.compareCollapsibleButton)


def test_pressing_shows_both_and_pressing_again_brings_the_layout_back(compare, view_host, scene):
    nodes = scene.GetNumberOfNodes()
    compare.ui.compareButton.click()
    assert view_host.layout() == 4705
    assert compare.ui.comparisonControlsWidget.isVisibleTo(compare.ui.compareCollapsibleButton)
    labels = [label.badge for label in compare.panel.comparison.comparison.labels.values()]
    assert any("MEASURED" in label for label in labels) and any("COMPUTED" in label for label in labels)
    compare.ui.compareButton.click()
    assert view_host.layout() == OWN_LAYOUT
    assert scene.GetNumberOfNodes() <= nodes + 1  # the subject hierarchy's own


def test_every_control_changes_the_comparison(compare):
    ui = compare.ui
    ui.compareButton.click()
    assert not ui.thirdComboBox.isVisibleTo(ui.comparisonControlsWidget)  # there is no third column yet
    for name, key in (("layout", "third"), ("left", "cubic"), ("blend", "checkerboard"), ("preset", "CT-Bones")):
        choose(getattr(ui, f"{name}ComboBox"), key)
        assert getattr(compare.panel.comparison.comparison.settings, name) == key
    assert ui.thirdComboBox.isVisibleTo(ui.comparisonControlsWidget)
    assert ui.mapRangeSlider.isVisibleTo(ui.comparisonControlsWidget)
    ui.shiftSlider.value = 300.0
    ui.mapRangeSlider.value = 200.0
    ui.shadingCheckBox.checked = False
    settings = compare.panel.comparison.comparison.settings
    assert (settings.shift, settings.difference_hu, settings.shading) == (300.0, 200.0, False)


def test_what_these_volumes_cannot_be_shown_as_is_not_offered(compare):
    compare.ui.compareButton.click()
    for combo, absent in ((compare.ui.blendComboBox, "uncertainty"), (compare.ui.thirdComboBox, "reference")):
        assert combo.findData(absent) == -1 and combo.findData("difference") >= 0
    assert compare.ui.boneComboBox.findData("uncertainty") == -1 and compare.ui.boneComboBox.findData("surface") >= 0


def test_a_slot_that_fails_says_so(compare, host, monkeypatch):
    compare.ui.compareButton.click()

    def fail(*_arguments):
        raise AttributeError("no such thing in this Slicer")

    monkeypatch.setattr(compare.panel.comparison.comparison, "look_from", fail)
    choose(compare.ui.lookComboBox, "left")
    assert host.messages[-1][0] == "errorDisplay" and "no such thing in this Slicer" in host.messages[-1][1]


def test_the_panel_says_how_many_gaps_such_slices_show(compare, computed, tmp_path):
    from CTEnhanceLib.model.figures import put_figures
    from stacks import random_stack_folder

    folder = random_stack_folder(tmp_path / "model")
    methods = {str(folder): 0.81, "cubic + back-projection": 0.6, "measured": 0.85}
    rows = [
        {"method": name, "kind": "gap", "angles": "between slices", "size_mm": 1.0, "seen": seen}
        for name, seen in methods.items()
    ]
    put_figures(folder, "fractures", {"rows": rows}, "Fractures", [])
    label = compare.ui.fracturesSeenLabel
    assert not label.text.count("of 100")

    def say(sha256):
        report = {**REPORT, "model": {"name": str(folder), "sha256": sha256}}
        computed.SetAttribute("CTEnhance.Report", json.dumps(report))
        compare.panel.comparison.refresh(computed)
        return label.text

    assert "81 of 100 in such computed slices, in 60 of 100 in interpolated ones, in 85 of 100 in the measured" in say(
        sha256_of(folder / "model.json")
    )
    assert "of 100" not in say("0" * 64), "figures of other weights say nothing of these slices"


def test_one_slider_sets_the_colours_of_whichever_map_is_on_show(compare, scene, computed):
    from CTEnhanceLib.scene.output import UNCERTAINTY_REFERENCE

    ui = compare.ui
    uncertainty = add_measured(scene, "uncertainty")
    computed.SetNodeReferenceID(UNCERTAINTY_REFERENCE, uncertainty.GetID())
    ui.compareButton.click()
    assert not ui.mapRangeSlider.isVisibleTo(ui.comparisonControlsWidget)
    choose(ui.blendComboBox, "uncertainty")
    assert ui.mapRangeSlider.isVisibleTo(ui.comparisonControlsWidget) and ui.mapRangeSlider.value == 100.0
    ui.mapRangeSlider.value = 50.0
    assert uncertainty.GetDisplayNode().GetWindowLevelMax() == 50.0
    choose(ui.blendComboBox, "difference")
    assert ui.mapRangeSlider.value == 400.0 and "red" in ui.mapRangeSlider.toolTip
    ui.mapRangeSlider.value = 200.0
    choose(ui.blendComboBox, "uncertainty")
    settings = compare.panel.comparison.comparison.settings
    assert (settings.uncertainty_hu, settings.difference_hu, ui.mapRangeSlider.value) == (50.0, 200.0, 50.0)


def test_the_uncertainty_is_offered_on_the_bone_surface_where_there_is_one(compare, scene, computed):
    from CTEnhanceLib.scene.output import UNCERTAINTY_REFERENCE

    ui = compare.ui
    uncertainty = add_measured(scene, "uncertainty")
    computed.SetNodeReferenceID(UNCERTAINTY_REFERENCE, uncertainty.GetID())
    ui.compareButton.click()
    choose(ui.boneComboBox, "uncertainty")
    assert compare.panel.comparison.comparison.settings.bone_as == "uncertainty"
    assert ui.mapRangeSlider.isVisibleTo(ui.comparisonControlsWidget) and ui.mapRangeSlider.value == 100.0


def test_the_lists_offer_what_the_comparison_knows():
    from CTEnhanceLib.panel.compare.choices import comparison_choices
    from CTEnhanceLib.scene.comparison.bone import PRESETS
    from CTEnhanceLib.scene.comparison.settings import BLENDS, BONE_AS, LEFT, THIRD
    from CTEnhanceLib.scene.comparison.views.framing import DIRECTIONS
    from CTEnhanceLib.scene.comparison.views.layouts import LAYOUTS

    offered = {name: {key for key, _ in choices} for name, choices in comparison_choices().items()}
    assert offered == {
        "layout": set(LAYOUTS),
        "left": set(LEFT),
        "blend": set(BLENDS),
        "third": set(THIRD),
        "bone_as": set(BONE_AS),
        "preset": set(PRESETS),
        "look": set(DIRECTIONS),
    }


def test_one_box_crops_both_sides(compare, scene):
    compare.ui.compareButton.click()
    compare.ui.cropCheckBox.click()
    displays = compare.panel.comparison.comparison.bone.displays
    assert len(displays) == 2
    assert len({display.GetROINodeID() for display in displays}) == 1
    assert all(display.GetCroppingEnabled() for display in displays)
    box = scene.GetFirstNodeByClass("vtkMRMLMarkupsROINode").GetDisplayNode()
    assert not box.GetFillVisibility() and not box.GetPropertiesLabelVisibility()
    compare.ui.cropCheckBox.click()
    assert not any(display.GetCroppingEnabled() for display in displays)
    compare.ui.compareButton.click()
    assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsROINode") == 0


def test_leaving_the_module_brings_the_layout_back_and_returning_opens_it_again(host, compare, view_host):
    compare.ui.compareButton.click()
    choose(compare.ui.leftComboBox, "linear")
    host.leave(compare)
    assert view_host.layout() == OWN_LAYOUT
    assert compare.panel.comparison.comparison is None
    host.enter(compare)
    assert view_host.layout() == 4705
    assert compare.panel.comparison.comparison.settings.left == "linear"


def test_closing_the_scene_forgets_the_comparison(compare, scene):
    compare.ui.compareButton.click()
    scene.Clear()
    assert compare.panel.comparison.comparison is None
    assert not compare.ui.compareButton.checked
    assert not compare.ui.compareButton.enabled


def test_a_finished_run_is_shown_beside_what_was_measured(host, module, view_host, wrist, fake_worker):
    fake_worker(module, "done")
    module.panel.comparison.make_view_host = lambda: view_host
    module.ui.inputSelector.setCurrentNode(wrist)
    module.ui.enhanceButton.click()
    assert host.wait(lambda: not module.panel.run_section.is_running, 20)
    assert module.panel.run_section.outcome.kind == "done"
    assert view_host.layout() == 4705
    assert module.ui.comparedSelector.currentNode().GetName() == "Müller, Anna [1 mm computed]"
    module.panel.comparison.leave()


def test_bone_surfaces_are_measured_and_exported(compare, host, tmp_path, scene):
    ui, models = compare.ui, scene.GetNumberOfNodesByClass("vtkMRMLModelNode")
    ui.compareButton.click()
    assert not ui.surfaceLabel.isVisibleTo(ui.compareCollapsibleButton)
    choose(ui.boneComboBox, "surface")
    assert "Distance 0." in ui.surfaceLabel.text and "300 HU" in ui.surfaceLabel.text
    ui.surfaceSpinBox.value = 400.0
    assert "400 HU" in ui.surfaceLabel.text
    compare.panel.comparison.bone.export_surfaces(str(tmp_path))
    names = sorted(path.name for path in tmp_path.glob("*.stl"))
    assert names == [
        "Müller_Anna_1_mm_computed_bone_above_400HU.stl",
        "Müller_Anna_measured_bone_above_400HU.stl",
    ]
    ui.compareButton.click()
    assert scene.GetNumberOfNodesByClass("vtkMRMLModelNode") == models


def test_removing_a_compared_volume_leaves_the_comparison(compare, view_host, scene, wrist):
    compare.ui.compareButton.click()
    scene.RemoveNode(wrist)
    assert compare.panel.comparison.comparison is None
    assert view_host.layout() == OWN_LAYOUT


def test_figures_without_a_reference_come_as_a_table(compare, scene):
    compare.ui.compareButton.click()
    compare.ui.figuresButton.click()
    assert compare.panel.comparison.comparison.settings.layout == "table"  # no black plot where there is none
    assert compare.ui.layoutComboBox.itemData(compare.ui.layoutComboBox.currentIndex) == "table"
    table = scene.GetSingletonNode("CTETable", "vtkMRMLTableViewNode").GetTableNode()
    assert "against the measured slices" in table.GetTable().GetValueByName(0, "figure").ToString()


def test_figures_with_a_reference_come_as_table_and_plot(compare, scene):
    reference = add_measured(scene, "thin", size=(40, 36, 36), spacing=(0.5, 0.5, 1.0))
    reference.SetOrigin(0, 0, -1.0)
    compare.ui.referenceSelector.setCurrentNode(reference)
    compare.ui.compareButton.click()
    compare.ui.figuresButton.click()
    chart = scene.GetSingletonNode("CTEPlot", "vtkMRMLPlotViewNode").GetPlotChartNode()
    assert "PSNR" in chart.GetTitle()
    assert chart.GetNumberOfPlotSeriesNodes() == 4


def test_a_profile_line_is_drawn_charted_and_taken_away(compare, scene):
    ui = compare.ui
    ui.compareButton.click()
    ui.profileButton.click()
    assert "Click twice" in ui.figuresLabel.text
    line = scene.GetFirstNodeByClass("vtkMRMLMarkupsLineNode")
    line.AddControlPointWorld(-5.0, -9.0, 10.0)
    line.AddControlPointWorld(-15.0, -9.0, 10.0)
    chart = scene.GetSingletonNode("CTEPlot", "vtkMRMLPlotViewNode").GetPlotChartNode()
    assert chart.GetTitle() == "HU along the line"
    assert "measured: gap" in ui.figuresLabel.text and "computed: gap" in ui.figuresLabel.text
    table = scene.GetSingletonNode("CTETable", "vtkMRMLTableViewNode").GetTableNode()
    assert table.GetTable().GetColumnName(2) == "step-off, mm"
    ui.profileButton.click()
    assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode") == 0
    assert scene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode") == 0


def test_a_turntable_turns_both_sides(compare, tmp_path):
    compare.ui.compareButton.click()
    compare.panel.figures.make_turntable(str(tmp_path), frames=3)
    assert len(list(tmp_path.glob("turntable_*.png"))) == 3


def test_a_reference_fills_the_third_column(compare, scene, wrist):
    reference = add_measured(scene, "thin", size=(40, 36, 36), spacing=(0.5, 0.5, 1.0))
    compare.ui.referenceSelector.setCurrentNode(reference)
    compare.ui.compareButton.click()
    choose(compare.ui.layoutComboBox, "third")
    choose(compare.ui.thirdComboBox, "reference")
    assert compare.panel.comparison.comparison.settings.third == "reference"
    labels = compare.panel.comparison.comparison.labels
    assert any("thin" in label.name for tag, label in labels.items() if tag.startswith("CTET"))


def test_a_surface_that_is_refused_is_told_and_the_comparison_goes_on(compare, host, scene):
    ui = compare.ui
    ui.surfaceSpinBox.maximum = 4000.0
    ui.compareButton.click()
    choose(ui.boneComboBox, "surface")
    labels = compare.panel.comparison.comparison.labels
    ui.surfaceSpinBox.value = 3900.0
    assert host.messages[-1][0] == "errorDisplay" and "no surface at 3900 HU" in host.messages[-1][1]
    assert ui.surfaceSpinBox.value == 300.0
    assert compare.panel.comparison.comparison.labels == labels
    told = len(host.messages)
    compare.panel.update()
    ui.surfaceSpinBox.value = 400.0
    assert "400 HU" in ui.surfaceLabel.text and len(host.messages) == told
