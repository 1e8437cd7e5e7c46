"""What a surgeon meets first: the CT is chosen, thin series are named, runs have their own names, a box is cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from panel.measured import add_measured


def test_a_ct_loaded_while_the_module_is_open_is_chosen_when_nothing_else_was(host, module, scene):
    assert module.ui.inputSelector.currentNode() is None
    first = add_measured(scene, "first")
    host.wait(lambda: module.ui.inputSelector.currentNode() is not None, 5)
    assert module.ui.inputSelector.currentNode() is first
    add_measured(scene, "second")
    host.wait(lambda: False, 0.05)
    assert module.ui.inputSelector.currentNode() is first


def test_a_measured_thin_series_beside_it_needs_no_enhancement(module, wrist, scene):
    module.ui.inputSelector.setCurrentNode(wrist)
    assert not module.ui.thinSeriesLabel.isVisibleTo(module.parent)
    add_measured(scene, "thin one", size=(40, 36, 36), spacing=(0.5, 0.5, 1.0))
    module.panel.update()
    assert "'thin one'" in module.ui.thinSeriesLabel.text and "1 mm" in module.ui.thinSeriesLabel.text
    assert module.ui.thinSeriesLabel.isVisibleTo(module.parent)


def test_a_computed_volume_beside_it_is_no_thin_series(module, wrist, scene):
    from CTEnhanceLib.scene.provenance import Kind, mark

    mark(add_measured(scene, "computed", size=(40, 36, 36), spacing=(0.5, 0.5, 1.0)), Kind.COMPUTED)
    module.ui.inputSelector.setCurrentNode(wrist)
    module.panel.update()
    assert not module.ui.thinSeriesLabel.isVisibleTo(module.parent)


def test_two_new_volumes_do_not_have_one_name(wrist, scene):
    from CTEnhanceLib.scene.nodes import image_from_node
    from CTEnhanceLib.scene.output import apply_result

    image = image_from_node(wrist)
    names = [apply_result(wrist, image, {}, 1.0).GetName() for _ in range(3)]
    assert names[0] == "Müller, Anna [1 mm computed]" and len(set(names)) == 3


def test_the_slice_profile_chosen_reaches_the_run_and_says_where_it_is_from(module, wrist):
    module.ui.inputSelector.setCurrentNode(wrist)
    assert "from" in module.ui.profileSourceLabel.text
    module.ui.profileComboBox.currentIndex = 2
    module.ui.fwhmSpinBox.value = 2.7
    settings = module.panel.settings
    assert (settings.profile, settings.fwhm) == ("triangle", 2.7)
    assert "triangular means, 2.7 mm wide; shape from you, width from you" in module.ui.profileSourceLabel.text
    from CTEnhanceLib.panel.run.settings import command_arguments

    arguments = command_arguments(Path("x"), settings)
    assert arguments[arguments.index("--profile") + 1] == "triangle"
    assert arguments[arguments.index("--fwhm") + 1] == "2.7"


def test_a_box_of_interest_is_cut_out_with_a_margin(wrist, scene):
    from CTEnhanceLib.scene.box_volume import MARGIN_SLICES, box_volume
    from CTEnhanceLib.scene.nodes import voxels

    big = add_measured(scene, "big", size=(120, 110, 20))
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "gap")
    roi.SetCenter([-30.0, -27.0, 28.5])
    roi.SetSize([6.0, 6.0, 9.0])
    part = box_volume(big, roi)
    assert part.GetName() == "big [box]"
    columns, rows, slices = part.GetImageData().GetDimensions()
    assert 46 <= columns < 120 and 46 <= rows < 110
    assert slices == pytest.approx(3 + 2 * MARGIN_SLICES, abs=2)
    offset = (part.GetOrigin()[2] - big.GetOrigin()[2]) / 3.0
    assert voxels(part)[0, 24, 24] == voxels(big)[(round(offset), *_place(big, part))]
    assert box_volume(big, roi) is part
    roi.SetCenter([500.0, 0.0, 0.0])
    from CTEnhanceLib.errors import InputRefusedError

    with pytest.raises(InputRefusedError, match="lies outside of 'big'"):
        box_volume(big, roi)


def test_a_new_box_lies_around_the_bone_and_one_that_has_a_place_stays_there(module, wrist, scene):
    from CTEnhanceLib.scene.nodes import voxels

    module.ui.inputSelector.setCurrentNode(wrist)
    box = module.ui.enhanceBoxSelector.addNode()
    assert box.GetName().startswith("Box of interest")
    assert list(box.GetSize()) == [40.0, 40.0, 40.0]
    assert not box.GetDisplayNode().GetFillVisibility()
    index = [abs(mm) / step for mm, step in zip(box.GetCenter(), wrist.GetSpacing())]
    assert voxels(wrist)[tuple(round(i) for i in reversed(index))] > 500
    box.SetCenter([-9.0, -9.0, 9.0])
    module.ui.spacingSpinBox.value = 1.5
    assert list(box.GetCenter()) == [-9.0, -9.0, 9.0]


def _place(big, part):
    """Row and column of the part's voxel (24, 24) in the whole."""
    away = [(part.GetOrigin()[axis] - big.GetOrigin()[axis]) for axis in range(2)]
    column, row = (round(abs(mm) / 0.5) + 24 for mm in away)
    return row, column


def test_models_are_named_by_what_they_do(host):
    from CTEnhanceLib.panel.model.models import list_models

    titles = [entry.title for entry in list_models()]
    assert titles[0].startswith("Default (") and "Thesis, method 2 (thesis-method2)" in titles
