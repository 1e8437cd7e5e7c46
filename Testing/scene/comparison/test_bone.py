from __future__ import annotations

import numpy as np
import pytest

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.scene.comparison.bone import PRESETS
from CTEnhanceLib.scene.comparison.comparison import Comparison


@pytest.fixture
def comparison(view_host, measured, computed):
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("3d")
    return comparison


def _opacity(function):
    points = []
    for index in range(function.GetSize()):
        point = [0.0] * 4
        function.GetNodeValue(index, point)
        points.append(point[:2])
    return np.array(points)


def _pose(view):
    camera = view.camera
    return np.array([camera.GetPosition(), camera.GetFocalPoint(), camera.GetViewUp()])


def _drag(view, start, end):
    send = view.interactor
    send.SetEventInformation(*start, 0, 0)
    send.InvokeEvent("EnterEvent")
    send.InvokeEvent("MouseMoveEvent")
    send.InvokeEvent("LeftButtonPressEvent")
    send.SetEventInformation(*end, 0, 0)
    send.InvokeEvent("MouseMoveEvent")
    send.InvokeEvent("LeftButtonReleaseEvent")


def test_both_sides_have_one_and_the_same_transfer_function(comparison):
    properties = {display.GetVolumePropertyNodeID() for display in comparison.bone.displays}
    assert len(comparison.bone.displays) == 2
    assert properties == {comparison.bone.property_node.GetID()}


def test_each_rendering_is_in_its_own_view_only(comparison, measured, computed):
    shown = {d.GetVolumeNode().GetName(): d.GetNthViewNodeID(0) for d in comparison.bone.displays}
    assert all(display.GetNumberOfViewNodeIDs() == 1 for display in comparison.bone.displays)
    assert shown == {
        measured.GetName(): "vtkMRMLViewNodeCTEM3D",
        computed.GetName(): "vtkMRMLViewNodeCTEC3D",
    }


def test_bone_is_seen_on_both_sides_and_not_the_same(comparison):
    left, right = comparison.view_host.grab("CTEM3D").astype(float), comparison.view_host.grab("CTEC3D").astype(float)
    warm = [(picture[..., 0] - picture[..., 2] > 25).mean() for picture in (left, right)]
    assert min(warm) > 0.03
    assert np.abs(left - right).max() > 40


def test_cameras_begin_equal_and_stay_equal_when_either_side_is_dragged(comparison):
    left, right = comparison.volume_views
    comparison.view_host.picture()
    assert np.allclose(_pose(left), _pose(right))
    for view in (left, right):
        before = _pose(view)
        _drag(view, (100, 100), (160, 130))
        assert np.abs(_pose(view) - before).max() > 1.0
        assert np.allclose(_pose(left), _pose(right))


def test_looking_from_a_side_turns_both_cameras(comparison):
    comparison.look_from("right")
    left, right = (view.camera for view in comparison.volume_views)
    assert left.GetPosition()[0] > left.GetFocalPoint()[0] + 10
    assert left.GetPosition() == right.GetPosition()


def test_the_shift_moves_all_points_but_the_first_and_never_drifts(comparison):
    opacity = comparison.bone.property_node.GetVolumeProperty().GetScalarOpacity()
    comparison.set(shift=0.0)
    preset = _opacity(opacity)
    for shift in (10.0, 333.0, -40.0, 200.0):
        comparison.set(shift=shift)
    moved = _opacity(opacity)
    assert np.allclose(moved[1:, 0], preset[1:, 0] + 200.0)
    assert np.allclose(moved[:, 1], preset[:, 1])
    comparison.set(shift=0.0)
    assert np.array_equal(_opacity(opacity), preset)


@pytest.mark.parametrize("shift", [-2000.0, 0.0, 1500.0])
@pytest.mark.parametrize("preset", PRESETS)
def test_curves_stay_in_order_however_far_they_are_shifted(comparison, preset, shift):
    comparison.set(preset=preset, shift=shift)
    volume_property = comparison.bone.property_node.GetVolumeProperty()
    assert (np.diff(_opacity(volume_property.GetScalarOpacity())[:, 0]) > 0).all()


def test_shading_can_be_switched_off_for_both_and_the_label_says_so(comparison):
    lit = comparison.view_host.grab("CTEC3D").astype(float)
    comparison.set(shading=False)
    unlit = comparison.view_host.grab("CTEC3D").astype(float)
    assert not comparison.bone.property_node.GetVolumeProperty().GetShade()
    assert np.abs(lit - unlit).max() > 20
    assert ", unlit, same on both sides" in comparison.labels["CTEC3D"].note


def test_one_box_crops_both(comparison):
    roi = comparison.view_host.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    roi.SetXYZ(0, -50, 118)
    roi.SetRadiusXYZ(30, 30, 5)
    roi.SetDisplayVisibility(False)
    whole = comparison.view_host.grab("CTEC3D").astype(float)
    comparison.bone.crop(roi)
    cropped = comparison.view_host.grab("CTEC3D").astype(float)
    assert all(d.GetROINodeID() == roi.GetID() and d.GetCroppingEnabled() for d in comparison.bone.displays)
    assert (whole[..., 0] - whole[..., 2] > 25).sum() > 1.5 * (cropped[..., 0] - cropped[..., 2] > 25).sum()
    comparison.bone.crop(None)
    assert not any(display.GetCroppingEnabled() for display in comparison.bone.displays)


def test_crop_and_settings_outlast_a_change_of_layout(comparison):
    roi = comparison.view_host.scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    comparison.bone.crop(roi)
    comparison.set(shift=250.0, shading=False)
    comparison.show("fracture")
    assert all(display.GetCroppingEnabled() for display in comparison.bone.displays)
    assert comparison.labels["CTEM3D"].note.startswith("CT-Bone +250 HU, unlit")


def test_an_unknown_preset_is_refused(comparison):
    with pytest.raises(UsageError, match="There is no preset 'CT-Wood'"):
        comparison.set(preset="CT-Wood")


def test_a_rendering_the_user_made_stays_out_of_the_views(view_host, measured, computed):
    users = view_host.volume_rendering.CreateDefaultVolumeRenderingNodes(measured)
    users.SetVisibility(True)
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("3d")
    assert not users.GetVisibility()
    comparison.leave()
    assert users.GetVisibility()
    assert view_host.scene.IsNodePresent(users)
