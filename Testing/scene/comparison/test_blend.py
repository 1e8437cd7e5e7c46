from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.nodes import image_from_node, update_node, voxels
from CTEnhanceLib.scene.output import apply_result

from ..conftest import REPORT

VIEW = "CTECCoronal"


@pytest.fixture
def comparison(view_host, measured, computed):
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("coronal")
    return comparison


def _inner(picture):
    """Without labels and bar."""
    rows, columns, _ = picture.shape
    return picture[rows // 5 : -rows // 6, 10 : -columns // 8].astype(float)


def _plain(comparison):
    """The left and right picture of the pair with nothing laid over them."""
    return _inner(comparison.view_host.grab("CTEMCoronal")), _inner(comparison.view_host.grab(VIEW))


def _middle(comparison):
    """The column where the reveal cursor stands before the mouse moves."""
    return comparison.slice_views[1].node.GetDimensions()[0] // 2


def test_the_reveal_cursor_shows_measured_left_of_it_and_computed_right_of_it(comparison):
    left, right = _plain(comparison)
    comparison.set(blend="reveal")
    mixed = _inner(comparison.view_host.grab(VIEW))
    edge = _middle(comparison) - 10
    assert np.abs(mixed[:, : edge - 2] - left[:, : edge - 2]).max() < 3
    assert np.abs(mixed[:, edge + 2 :] - right[:, edge + 2 :]).max() < 3
    assert np.abs(left - right).max() > 40


def _amber_and_blue(picture):
    """Pixels in the colours of measured and computed."""
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    return int(((red - blue > 90) & (green - blue > 40)).sum()), int(((blue - red > 70) & (blue - green > 20)).sum())


def test_the_border_is_drawn_and_both_sides_are_named(comparison):
    comparison.set(blend="reveal")
    picture = comparison.view_host.grab(VIEW)
    column = _middle(comparison)
    assert (picture[:, column - 1 : column + 2].max(axis=(1, 2)) > 150).mean() > 0.95
    names = picture[picture.shape[0] * 3 // 4 :]
    left, right = (_amber_and_blue(names[:, part]) for part in (slice(column - 90, column - 2), slice(column + 3, -40)))
    assert left[0] > 20 and left[1] < right[1] / 4
    assert right[1] > 20 and right[0] < left[0] / 4


def test_the_squares_have_borders_and_two_of_them_are_named(comparison):
    plain = comparison.view_host.grab(VIEW)
    comparison.set(blend="checkerboard")
    picture = comparison.view_host.grab(VIEW)
    rows, columns, _ = picture.shape
    across, up = columns // 6 * 2, rows - 1 - rows // 6 * 2
    upright, level = picture[:, across - 1 : across + 2].max(axis=(1, 2)), picture[up - 1 : up + 2].max(axis=(0, 2))
    assert min((line > 120).mean() for line in (upright, level)) > 0.9
    names, before = (_amber_and_blue(shown[rows // 2 :, : columns // 2]) for shown in (picture, plain))
    assert names[0] > before[0] + 20 and names[1] > before[1] + 20


def test_the_reveal_cursor_follows_the_mouse(comparison):
    left, right = _plain(comparison)
    comparison.set(blend="reveal")
    column = _middle(comparison) // 2
    view = comparison.slice_views[1]
    view.interactor.SetEventInformation(column, 120, 0, 0)
    view.interactor.InvokeEvent("MouseMoveEvent")
    mixed, edge = _inner(comparison.view_host.grab(VIEW)), column - 10
    assert np.abs(mixed[:, : edge - 2] - left[:, : edge - 2]).max() < 3
    assert np.abs(mixed[:, edge + 2 :] - right[:, edge + 2 :]).max() < 3


def test_revealed_slices_go_on_scrolling(comparison):
    comparison.set(blend="reveal")
    before = _inner(comparison.view_host.grab(VIEW))
    comparison.jump((0.0, -45.0, 118.0))
    assert np.abs(_inner(comparison.view_host.grab(VIEW)) - before).max() > 50


def test_the_checkerboard_shows_some_of_each(comparison):
    left, right = _plain(comparison)
    comparison.set(blend="checkerboard")
    mixed = _inner(comparison.view_host.grab(VIEW))
    differ = np.abs(left - right).max(2) > 30
    as_left = np.abs(mixed - left).max(2)[differ] < 3
    as_right = np.abs(mixed - right).max(2)[differ] < 3
    assert 0.2 < as_left.mean() < 0.8
    assert (as_left | as_right).mean() > 0.95


def test_flicker_shows_one_after_the_other_and_the_label_tells_which(comparison, monkeypatch):
    left, right = _plain(comparison)
    ticks = []
    monkeypatch.setattr(comparison.view_host, "every", lambda _, action: ticks.append(action) or (lambda: None))
    comparison.set(blend="flicker")
    seen = []
    for _ in range(2):
        seen.append((comparison.labels[VIEW].badge.split(" ")[0], _inner(comparison.view_host.grab(VIEW))))
        ticks[0]()
    assert [badge for badge, _ in seen] == ["COMPUTED", "MEASURED"]
    assert np.abs(seen[0][1] - right).max() < 3
    assert np.abs(seen[1][1] - left).max() < 3


def test_blends_are_named_in_the_label(comparison):
    comparison.set(blend="reveal")
    assert comparison.labels[VIEW].badge == "MEASURED / COMPUTED"
    assert comparison.labels[VIEW].name == "left / right of the mouse"
    comparison.set(left="cubic", blend="checkerboard")
    assert comparison.labels[VIEW].badge == "INTERPOLATED / COMPUTED"


def test_switching_a_blend_off_brings_the_plain_picture_back(comparison):
    _, right = _plain(comparison)
    for blend in ("reveal", "checkerboard", "flicker", "difference"):
        comparison.set(blend=blend)
        comparison.view_host.grab(VIEW)
    comparison.set(blend="none")
    assert np.abs(_inner(comparison.view_host.grab(VIEW)) - right).max() < 3


def test_the_difference_map_is_red_where_the_thick_slice_is_brighter_and_blue_where_the_computed_one_is(
    comparison, measured, computed
):
    thin = voxels(computed)
    repeated = np.repeat(voxels(measured), 3, axis=0)
    thin[:] = repeated
    thin[:, :, :20] -= 300
    thin[:, :, 40:] += 300
    computed.GetImageData().Modified()
    comparison.set(blend="difference", difference_hu=200.0)
    _hide_legends(comparison.view_host.scene)
    picture = _inner(comparison.view_host.grab(VIEW))[80:-80]
    red_minus_blue = (picture[..., 0] - picture[..., 2]).mean(0)
    # the patient's left, where i ends in these volumes, is on the right of a coronal view
    sixth = len(red_minus_blue) // 6
    assert red_minus_blue[10:sixth].min() > 90
    assert red_minus_blue[-sixth:-10].max() < -90
    assert picture[:, len(red_minus_blue) // 2].min() > 250


def _hide_legends(scene):
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLColorLegendDisplayNode")):
        scene.GetNthNodeByClass(index, "vtkMRMLColorLegendDisplayNode").SetVisibility(False)


def test_the_difference_against_the_measured_slices_is_the_one_of_the_repeated_slices(comparison, measured, computed):
    comparison.set(blend="difference")
    shown = comparison.view_host.scene.GetNodeByID(comparison.slice_views[1].composite.GetBackgroundVolumeID())
    expected = np.repeat(voxels(measured), 3, axis=0).astype(int) - voxels(computed)
    assert np.array_equal(voxels(shown), expected)


def test_the_range_of_the_difference_map_can_be_chosen_and_its_legend_shows_hu(comparison):
    comparison.set(blend="difference", difference_hu=150.0)
    legends = comparison.view_host.scene.GetNodesByClass("vtkMRMLColorLegendDisplayNode")
    assert legends.GetNumberOfItems() == 1
    legend = legends.GetItemAsObject(0)
    assert legend.GetTitleText() == "HU" and legend.GetVisibility()
    display = legend.GetPrimaryDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (-150.0, 150.0)
    with_legend = comparison.view_host.grab(VIEW)
    legend.SetVisibility(False)
    assert np.abs(with_legend.astype(int) - comparison.view_host.grab(VIEW)).max() > 100


def test_a_legend_goes_with_its_map(comparison):
    comparison.set(blend="difference")
    comparison.set(blend="none")
    assert comparison.view_host.scene.GetNumberOfNodesByClass("vtkMRMLColorLegendDisplayNode") == 0


def test_uncertainty_lies_over_the_slice_and_is_clear_where_it_is_small(view_host, measured):
    thin = image_from_node(measured)
    spread = np.full(sitk.GetArrayFromImage(thin).shape, 2.0, np.float32)
    spread[:, :, 30:] = 80.0
    uncertainty = sitk.GetImageFromArray(spread)
    uncertainty.CopyInformation(thin)
    computed = apply_result(measured, thin, REPORT, 3.0, uncertainty=uncertainty)
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("coronal")
    plain = _inner(view_host.grab(VIEW))
    comparison.set(blend="uncertainty")
    _hide_legends(view_host.scene)
    change = np.abs(_inner(view_host.grab(VIEW)) - plain)[80:-80].max(2).mean(0)
    assert change[10:80].max() < 3
    assert change[-80:-10].min() > 60
    assert "UNCERTAINTY · uncertainty, HU" in comparison.labels[VIEW].name
    comparison.leave()
    assert computed.GetNodeReference("CTEnhance.Uncertainty") is not None


def test_the_third_column_shows_the_reference_under_its_own_name(view_host, measured, computed, reference):
    comparison = Comparison(measured, computed, view_host=view_host, reference=reference)
    comparison.show("third")
    label = comparison.labels["CTETCoronal"]
    assert (label.badge, label.name) == ("REFERENCE · 1 mm slices", "true tube")
    comparison.leave()
    assert reference.GetAttribute("CTEnhance.Kind") is None


def test_a_volume_that_is_computed_again_is_compared_anew(comparison, measured, computed):
    comparison.set(blend="difference")
    update_node(computed, image_from_node(comparison.volumes.computed) + 50)
    shown = comparison.view_host.scene.GetNodeByID(comparison.slice_views[1].composite.GetBackgroundVolumeID())
    expected = np.repeat(voxels(measured), 3, axis=0).astype(int) - voxels(computed)
    assert np.array_equal(voxels(shown), expected)
    assert comparison.labels[VIEW].badge.startswith("DIFFERENCE")
