from __future__ import annotations

import numpy as np
import pytest
import slicer

from CTEnhanceLib.errors import InputRefusedError, UsageError
from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.comparison.settings import Settings, settings_node
from CTEnhanceLib.scene.comparison.views.layouts import LAYOUTS, VIEW_GROUP
from CTEnhanceLib.scene.nodes import voxels
from scene.saved_scenes import open_scene


@pytest.fixture
def comparison(view_host, measured, computed):
    return Comparison(measured, computed, view_host=view_host)


def _nodes(view_host):
    scene = view_host.scene
    return sorted(scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes()))


def _observers(node):
    """How many observers VTK lists for an object."""
    return str(node).count("vtkObserver (")


def _middle(picture):
    rows, columns, _ = picture.shape
    return picture[rows // 4 : -rows // 4, columns // 8 : -columns // 8].astype(float)


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_every_layout_shows_its_volumes_under_labels_that_say_what_they_are(comparison, name):
    comparison.show(name)
    for view in comparison.slice_views + comparison.volume_views:
        label = comparison.labels[view.tag]
        expected = {"M": "MEASURED · 3 mm slices", "C": "COMPUTED · 1 mm slices", "T": "DIFFERENCE"}[view.tag[3]]
        assert label.badge.startswith(expected)
        assert "for research, not for diagnosis" in label.note
        assert comparison.view_host.grab(view.tag).std() > 10
    for view in comparison.slice_views:
        note = comparison.labels[view.tag].note
        assert "slices every 3 mm, assumed to be plain 3 mm means (from their thickness)" in note


def test_layout_numbers_and_views_are_own_ones(comparison):
    assert all(form.identifier > 100 for layout in LAYOUTS.values() for form in layout.forms)
    comparison.show("overview")
    for view in comparison.slice_views + comparison.volume_views:
        assert view.node.GetViewGroup() == VIEW_GROUP
        assert view.tag.startswith("CTE")


def test_measured_and_computed_pictures_differ_along_the_slice_axis_and_agree_in_the_measured_plane(comparison):
    comparison.show("overview")
    grab = comparison.view_host.grab
    coronal = np.abs(_middle(grab("CTEMCoronal")) - _middle(grab("CTECCoronal"))).mean()
    axial = np.abs(_middle(grab("CTEMAxial")) - _middle(grab("CTECAxial"))).mean()
    assert coronal > 3 * axial > 0


def test_scrolling_and_zooming_in_one_view_moves_the_view_beside_it(comparison):
    comparison.show("coronal")
    left, right = comparison.slice_views
    left.logic.StartSliceOffsetInteraction()
    left.logic.SetSliceOffset(left.logic.GetSliceOffset() + 4.0)
    left.logic.EndSliceOffsetInteraction()
    assert right.logic.GetSliceOffset() == pytest.approx(left.logic.GetSliceOffset())
    right.logic.StartSliceNodeInteraction(slicer.vtkMRMLSliceNode.FieldOfViewFlag)
    right.node.SetFieldOfView(20.0, 15.0, 1.0)
    right.logic.EndSliceNodeInteraction()
    assert left.node.GetFieldOfView()[0] == pytest.approx(20.0)


def test_the_mouse_wheel_scrolls_both_views(comparison):
    comparison.show("axial")
    left, right = comparison.slice_views
    before = right.logic.GetSliceOffset()
    left.interactor.SetEventInformation(100, 100, 0, 0)
    left.interactor.InvokeEvent("EnterEvent")
    left.interactor.InvokeEvent("MouseWheelForwardEvent")
    assert right.logic.GetSliceOffset() != before
    assert right.logic.GetSliceOffset() == pytest.approx(left.logic.GetSliceOffset())


def test_views_of_one_orientation_begin_with_the_same_frame(comparison):
    comparison.show("fracture")
    frames = {view.tag: np.array(_matrix(view.node.GetXYToRAS())) for view in comparison.slice_views}
    assert np.allclose(frames["CTEMCoronal"], frames["CTECCoronal"])
    assert np.allclose(frames["CTEMSagittal"], frames["CTECSagittal"])


def _matrix(matrix):
    return [[matrix.GetElement(row, column) for column in range(4)] for row in range(4)]


def test_window_and_level_follow_each_other_both_ways_until_the_comparison_is_left(comparison, measured, computed):
    comparison.show("coronal")
    measured.GetDisplayNode().SetWindowLevel(800, 300)
    assert (computed.GetDisplayNode().GetWindow(), computed.GetDisplayNode().GetLevel()) == (800, 300)
    computed.GetDisplayNode().SetWindowLevel(2000, 500)
    assert (measured.GetDisplayNode().GetWindow(), measured.GetDisplayNode().GetLevel()) == (2000, 500)
    comparison.leave()
    measured.GetDisplayNode().SetWindowLevel(100, 0)
    assert computed.GetDisplayNode().GetWindow() == 2000


def test_a_volume_loaded_later_does_not_take_the_place_of_those_compared(comparison, reference):
    comparison.show("coronal")
    application = comparison.view_host.application
    application.GetSelectionNode().SetActiveVolumeID(reference.GetID())
    application.PropagateVolumeSelection()
    shown = {view.composite.GetBackgroundVolumeID() for view in comparison.slice_views}
    assert reference.GetID() not in shown


@pytest.mark.parametrize("kind", ["nearest", "linear", "cubic"])
def test_the_left_side_can_show_what_interpolation_gives_and_says_so(comparison, computed, kind):
    comparison.show("coronal")
    comparison.set(left=kind)
    label = comparison.labels["CTEMCoronal"]
    assert label.badge == f"INTERPOLATED · {kind}, 1 mm slices"
    assert label.name == f"tube [{kind}]"
    left = comparison.volumes.left
    assert voxels(left).shape == voxels(computed).shape
    if kind == "nearest":
        assert np.array_equal(voxels(left)[0], voxels(left)[1])


def test_slices_can_be_brought_to_a_point(comparison):
    comparison.show("overview")
    comparison.jump((0.0, -50.0, 118.0))
    offsets = {view.tag: view.logic.GetSliceOffset() for view in comparison.slice_views}
    assert offsets["CTEMSagittal"] == offsets["CTECSagittal"] == pytest.approx(0.0)
    assert offsets["CTEMCoronal"] == offsets["CTECCoronal"] == pytest.approx(-50.0)
    assert offsets["CTEMAxial"] == offsets["CTECAxial"] == pytest.approx(118.0)


def test_the_crosshair_is_shared_and_jumps_and_becomes_the_users_again(comparison, view_host):
    crosshair = view_host.scene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
    before = (crosshair.GetCrosshairMode(), crosshair.GetCrosshairBehavior())
    comparison.show("overview")
    assert crosshair.GetCrosshairMode() == crosshair.ShowSmallBasic
    plain = view_host.grab("CTECCoronal").astype(int)
    crosshair.SetCrosshairRAS(-4.0, -50.0, 118.0)
    assert np.abs(view_host.grab("CTECCoronal") - plain).max() > 50
    comparison.leave()
    assert (crosshair.GetCrosshairMode(), crosshair.GetCrosshairBehavior()) == before


def test_leaving_brings_back_layout_nodes_observers_and_display(view_host, measured, computed):
    measured.GetDisplayNode().SetInterpolate(True)
    watched = (measured, computed, measured.GetDisplayNode(), computed.GetDisplayNode(), view_host.scene)
    layout, nodes, observers = view_host.layout(), _nodes(view_host), [_observers(node) for node in watched]
    comparison = Comparison(measured, computed, view_host=view_host)
    for name in LAYOUTS:
        comparison.show(name)
        view_host.picture()
    assert sum(_observers(node) for node in watched) > sum(observers)
    for blend in ("reveal", "checkerboard", "flicker", "difference"):
        comparison.set(blend=blend)
    comparison.set(left="cubic", third="difference")
    comparison.leave()
    assert view_host.layout() == layout
    assert _nodes(view_host) == nodes
    assert [_observers(node) for node in watched] == observers
    assert measured.GetDisplayNode().GetInterpolate()


def test_entering_and_leaving_again_and_again_leaves_no_more_behind_than_once(view_host, measured, computed):
    counts = []
    for _ in range(3):
        comparison = Comparison(measured, computed, view_host=view_host)
        comparison.show("fracture")
        view_host.picture()
        comparison.leave()
        counts.append((view_host.scene.GetNumberOfNodes(), _observers(view_host.scene)))
    assert len(set(counts)) == 1


def test_removing_a_compared_volume_ends_the_comparison(view_host, measured, computed):
    layout = view_host.layout()
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("coronal")
    view_host.scene.RemoveNode(computed)
    assert view_host.layout() == layout
    assert comparison.slice_views == []


def test_clearing_the_scene_lets_go_of_everything(view_host, comparison):
    comparison.show("overview")
    view_host.scene.Clear(False)
    assert comparison.slice_views == [] and comparison.labels == {}


def test_a_saved_comparison_is_there_again_when_its_scene_is_opened(view_host, comparison, tmp_path):
    comparison.show("fracture")
    comparison.set(left="cubic", blend="difference", shift=230.0, difference_hu=250.0)
    comparison.jump((5.0, -44.0, 118.0))
    comparison.look_from("right")
    pose = comparison.volume_views[0].camera.GetPosition()
    assert view_host.scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    comparison.leave()
    open_scene(view_host, tmp_path / "scene.mrb")
    again = Comparison.restore(view_host)
    assert view_host.layout() == LAYOUTS["fracture"].forms[0].identifier
    assert (again.settings.left, again.settings.blend, again.settings.shift) == ("cubic", "difference", 230.0)
    assert again.labels["CTEMCoronal"].badge.startswith("INTERPOLATED · cubic")
    assert again.labels["CTECCoronal"].badge.startswith("DIFFERENCE")
    assert again.labels["CTEC3D"].badge == "COMPUTED · 1 mm slices"
    assert all(view.node.GetViewGroup() == VIEW_GROUP for view in again.slice_views)
    assert all(view.composite.GetHotLinkedControl() for view in again.slice_views)
    assert again.slice_views[0].logic.GetSliceOffset() == pytest.approx(-44.0)
    assert np.allclose([view.camera.GetPosition() for view in again.volume_views], pose, atol=1e-3)
    again.leave()
    assert not any("CTE" in node for node in _nodes(view_host))


def test_a_scene_without_a_comparison_opens_none(view_host):
    assert Comparison.restore(view_host) is None


def test_what_cannot_be_shown_is_refused_in_words(comparison, measured, view_host):
    comparison.show("coronal")
    with pytest.raises(UsageError, match="There is no layout 'diagonal': choose one of axial, coronal"):
        comparison.show("diagonal")
    with pytest.raises(UsageError, match="There is no blend 'magic'"):
        comparison.set(blend="magic")
    with pytest.raises(InputRefusedError, match=r"'tube \[1 mm computed\]' has no uncertainty"):
        comparison.set(blend="uncertainty")
    with pytest.raises(InputRefusedError, match="No reference was chosen"):
        comparison.set(third="reference")
    with pytest.raises(UsageError, match="'tube' cannot be compared with itself"):
        Comparison(measured, measured, view_host=view_host)
    assert comparison.labels["CTECCoronal"].badge.startswith("COMPUTED")


def test_a_refused_setting_leaves_what_is_shown_as_it_was(comparison, view_host):
    comparison.show("fracture")
    labels, settings, nodes = comparison.labels, comparison.settings, _nodes(view_host)
    with pytest.raises(InputRefusedError, match="no surface at 2900 HU"):
        comparison.set(bone_as="surface", surface_hu=2900.0)
    assert comparison.labels == labels
    assert (comparison.settings, _nodes(view_host)) == (settings, nodes)
    comparison.set(left="cubic", bone_as="surface", surface_hu=400.0)
    shown = comparison.labels
    assert shown["CTEM3D"].note.startswith("surface at 400 HU")
    with pytest.raises(InputRefusedError):
        comparison.set(left="linear", surface_hu=2900.0)
    assert comparison.labels == shown


def test_a_comparison_that_could_not_be_shown_leaves_no_link_behind(view_host, measured, computed):
    layout, nodes = view_host.layout(), _nodes(view_host)
    settings = Settings(bone_as="surface", surface_hu=2900.0, layout_before=layout)
    refused = Comparison(measured, computed, view_host=view_host, settings=settings)
    with pytest.raises(InputRefusedError):
        refused.show("fracture")
    refused.leave()
    measured.GetDisplayNode().SetWindowLevel(800.0, 50.0)
    assert computed.GetDisplayNode().GetWindow() != 800.0
    assert (view_host.layout(), _nodes(view_host)) == (layout, nodes)


def test_volumes_computed_again_without_bone_are_shown_all_the_same(comparison, computed):
    comparison.show("fracture")
    comparison.set(bone_as="surface")
    voxels(computed)[:] = -900
    computed.GetImageData().Modified()
    assert comparison.settings.bone_as == "rendering"
    assert comparison.labels["CTEC3D"].badge.startswith("COMPUTED")


@pytest.mark.parametrize(
    "change", [{"shift": "abc"}, {"shift": float("nan")}, {"guides": 1}, {"left": 3}, {"shft": 1.0}]
)
def test_a_setting_of_the_wrong_kind_or_name_is_refused(change):
    with pytest.raises(UsageError, match=next(iter(change))):
        Settings().changed(**change)


def test_a_scene_saved_with_a_layout_that_is_not_known_opens_with_another(comparison, view_host):
    comparison.show("coronal")
    comparison.set(shift=230.0)
    node = settings_node(view_host.scene)
    node.SetParameter("settings", node.GetParameter("settings").replace('"coronal"', '"diagonal"'))
    comparison._forget()
    again = Comparison.restore(view_host)
    assert (again.settings.layout, again.settings.shift) == (Settings().layout, 230.0)


def test_without_a_window_a_view_host_is_asked_for(measured, computed):
    with pytest.raises(UsageError, match="There is no Slicer window here"):
        Comparison(measured, computed)
