"""The desktop's views on a layout manager with the habits of Slicer's own (see `host.desktop`)."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
import slicer

from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.comparison.views.layouts import LAYOUTS
from CTEnhanceLib.scene.comparison.views.view_host import DesktopViewHost, desktop_view_host, register_layouts
from CTEnhanceLib.scene.nodes import voxels
from host.desktop import Desktop, Events
from scene.saved_scenes import open_scene

SETTLED = 1500.0
ONE_RED_SLICE = slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView
WINDOWS = {"laptop": (860, 500), "large": (1500, 500), "small": (500, 500)}


@pytest.fixture
def events():
    return Events()


@pytest.fixture
def desktop(view_host, events, monkeypatch):
    desktop = plug_in(view_host, events, monkeypatch, *WINDOWS["laptop"])
    yield desktop
    view_host.scene.Clear(False)
    desktop.close()


@pytest.fixture(params=["laptop", "large"])
def any_desktop(request, view_host, events, monkeypatch):
    desktop = plug_in(view_host, events, monkeypatch, *WINDOWS[request.param])
    yield desktop
    view_host.scene.Clear(False)
    desktop.close()


def plug_in(view_host, events, monkeypatch, width, height):
    desktop = Desktop(view_host, events.later, width, height)
    volume_rendering = SimpleNamespace(logic=lambda: view_host.volume_rendering)
    modules = SimpleNamespace(volumerendering=volume_rendering, DataProbeInstance=desktop.probe)
    monkeypatch.setattr(slicer, "app", SimpleNamespace(layoutManager=lambda: desktop), raising=False)
    monkeypatch.setattr(slicer, "modules", modules, raising=False)
    monkeypatch.setattr(slicer, "mrmlScene", view_host.scene, raising=False)
    monkeypatch.setitem(sys.modules, "qt", SimpleNamespace(QTimer=events.timer_class()))
    desktop.setLayout(ONE_RED_SLICE)
    events.turn()
    return desktop


def nodes(view_host):
    scene = view_host.scene
    return sorted(scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes()))


def bone_on_show(comparison):
    """HU in the slices on show: the largest of each view."""
    found = {}
    for view in comparison.slice_views:
        reslice = view.logic.GetBackgroundLayer().GetReslice()
        reslice.Update()
        found[view.tag] = reslice.GetOutput().GetScalarRange()[1]
    return found


def frame(view):
    """Millimetres of a pixel, and the point (RAS) in the middle of the view."""
    columns, rows, _ = view.node.GetDimensions()
    middle = view.node.GetXYToRAS().MultiplyPoint((columns / 2, rows / 2, 0.0, 1.0))[:3]
    return np.array([view.node.GetFieldOfView()[0] / columns, *middle])


def amber(picture):
    """How many pixels of a picture's upper edge are of the colour of MEASURED."""
    red, green, blue = (picture[:40, :-40, channel].astype(int) for channel in range(3))
    return int(((red - blue > 100) & (green - blue > 50)).sum())


@contextmanager
def drawing_at_every_change(desktop, tag, look):
    """Draw a view before the next function is called once its actors have changed, and look at it."""
    widget = desktop._widget(tag)
    actors = desktop._view_host._window(tag).renderer.GetViewProps()
    drawn = [actors.GetMTime()]

    def draw(_frame, event, _argument):
        if event == "call" and actors.GetMTime() > drawn[0]:
            drawn[0] = actors.GetMTime()
            widget.draw()
            look()

    before = sys.getprofile()
    sys.setprofile(draw)
    try:
        yield
    finally:
        sys.setprofile(before)


def test_in_slicer_a_script_needs_no_view_host(desktop, events, measured, computed):
    comparison = Comparison(measured, computed)
    assert isinstance(comparison.view_host, DesktopViewHost)
    comparison.show("fracture")
    events.turn(SETTLED)
    assert comparison.labels["CTEMCoronal"].badge == "MEASURED · 3 mm slices"
    comparison.leave()
    events.turn(SETTLED)
    assert desktop.layout == ONE_RED_SLICE


@pytest.mark.parametrize("name", ["fracture", "third"])
def test_every_slice_view_shows_bone_when_the_events_have_been_handled(any_desktop, events, measured, computed, name):
    comparison = Comparison(measured, computed)
    comparison.show(name)
    events.turn(SETTLED)
    bone = {tag: hu for tag, hu in bone_on_show(comparison).items() if tag[3] in "MC"}
    assert min(bone.values()) > 500, bone
    comparison.leave()


@pytest.mark.parametrize("name", ["third"])
def test_views_of_one_orientation_have_one_frame_when_the_events_have_been_handled(
    any_desktop, events, measured, computed, name
):
    comparison = Comparison(measured, computed)
    comparison.show(name)
    events.turn(SETTLED)
    frames = {}
    for view in comparison.slice_views:
        frames.setdefault(view.node.GetOrientation(), []).append(frame(view))
    for of_one_orientation in frames.values():
        pixels, middles = np.array(of_one_orientation)[:, 0], np.array(of_one_orientation)[:, 1:]
        assert pixels == pytest.approx(pixels[0], rel=0.02)
        assert np.allclose(middles, middles[0], atol=0.6)
    comparison.leave()


def test_a_point_that_was_asked_for_is_kept(desktop, events, measured, computed):
    comparison = Comparison(measured, computed)
    comparison.show("overview")
    comparison.jump((2.0, -48.0, 112.0))
    events.turn(SETTLED)
    offsets = {view.node.GetOrientation(): view.logic.GetSliceOffset() for view in comparison.slice_views}
    expected = {"Sagittal": -2.0, "Coronal": -48.0, "Axial": 112.0}
    assert offsets == pytest.approx({name: expected[name] for name in offsets})


def test_who_scrolls_at_once_is_not_brought_back(desktop, events, measured, computed):
    comparison = Comparison(measured, computed)
    comparison.show("coronal")
    events.turn(100)
    view = comparison.slice_views[0]
    view.interactor.InvokeEvent("MouseWheelForwardEvent")
    view.logic.StartSliceOffsetInteraction()
    view.logic.SetSliceOffset(-40.0)
    view.logic.EndSliceOffsetInteraction()
    events.turn(SETTLED)
    assert view.logic.GetSliceOffset() == -40.0


def test_a_comparison_that_was_saved_opens_on_the_slices_it_was_saved_with(
    desktop, view_host, events, measured, computed, tmp_path
):
    comparison = Comparison(measured, computed)
    comparison.show("coronal")
    events.turn(SETTLED)
    comparison.jump((0.0, -44.0, 118.0))
    events.turn(SETTLED)
    assert view_host.scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    comparison.leave()
    events.turn(SETTLED)
    open_scene(view_host, tmp_path / "scene.mrb")
    again = Comparison.restore()
    events.turn(SETTLED)
    assert again.slice_views[0].logic.GetSliceOffset() == pytest.approx(-44.0)
    again.leave()
    events.turn(SETTLED)


@pytest.mark.parametrize("window", list(WINDOWS))
@pytest.mark.parametrize("name", list(LAYOUTS))
def test_no_layout_makes_the_window_wider_than_it_is(view_host, events, monkeypatch, window, name):
    desktop = plug_in(view_host, events, monkeypatch, *WINDOWS[window])
    form = LAYOUTS[name].form(DesktopViewHost().width())
    desktop.setLayout(form.identifier)
    desktop.close()
    assert desktop.width == WINDOWS[window][0]
    assert {spec.tag[3] for spec in form.views} >= {"M", "C"}


def test_a_measured_picture_is_never_without_its_mark(desktop, events, measured, computed):
    comparison = Comparison(measured, computed)
    comparison.show("coronal")
    events.turn(SETTLED)
    marked = amber(desktop.screen("CTEMCoronal"))
    for blend in ("difference", "checkerboard", "none"):
        comparison.set(blend=blend)
        # what Slicer draws in the meantime, and what stands there at the end
        desktop._widget("CTEMCoronal").draw()
        events.turn(SETTLED)
        assert amber(desktop.screen("CTEMCoronal")) == pytest.approx(marked, rel=0.05) and marked > 200


def test_the_mark_is_there_at_any_moment_of_a_change(desktop, events, measured, computed):
    """Slicer may draw in the middle of a change: here it does whenever something was put into the view or taken out."""
    comparison = Comparison(measured, computed)
    comparison.show("coronal")
    events.turn(SETTLED)
    marked, seen = amber(desktop.screen("CTEMCoronal")), []
    with drawing_at_every_change(desktop, "CTEMCoronal", lambda: seen.append(amber(desktop.screen("CTEMCoronal")))):
        comparison.set(blend="difference")
    assert len(seen) > 2 and marked > 200
    assert seen == pytest.approx([marked] * len(seen), rel=0.05)


@pytest.mark.parametrize("blend", ["reveal", "checkerboard"])
def test_both_sides_are_on_the_screen_before_the_mouse_moves(desktop, events, measured, computed, blend):
    comparison = Comparison(measured, computed)
    comparison.show("coronal")
    events.turn(SETTLED)
    plain = desktop.screen("CTECCoronal").astype(int)
    comparison.set(blend=blend)
    events.turn(SETTLED)
    changed = np.abs(desktop.screen("CTECCoronal") - plain)[100:-100].max(2) > 40
    assert changed[:, : changed.shape[1] // 2 - 10].mean() > 0.003


def test_leaving_leaves_nothing_behind_and_the_console_empty(any_desktop, view_host, events, measured, computed):
    before = nodes(view_host)
    for name in ("fracture", "third"):
        comparison = Comparison(measured, computed)
        comparison.show(name)
        events.turn(SETTLED)
        comparison.set(blend="reveal")
        events.turn(SETTLED)
        comparison.leave()
        events.turn(SETTLED)
        assert nodes(view_host) == before
    assert any_desktop.console == []


def test_closing_the_scene_brings_the_users_layout_back(desktop, view_host, events, measured, computed):
    comparison = Comparison(measured, computed)
    comparison.show("fracture")
    events.turn(SETTLED)
    view_host.scene.Clear(False)
    events.turn(SETTLED)
    assert desktop.layout == ONE_RED_SLICE
    assert [node for node in nodes(view_host) if "CTE" in node] == []
    assert desktop.console == []


def test_a_layout_without_a_number_becomes_the_four_views(desktop, events, measured, computed):
    desktop.first_start()
    comparison = Comparison(measured, computed)
    comparison.show("coronal")
    events.turn(SETTLED)
    comparison.leave()
    events.turn(SETTLED)
    assert desktop.layout == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView


def test_flicker_keeps_time_and_stops(desktop, events, measured, computed):
    comparison = Comparison(measured, computed)
    comparison.show("coronal")
    events.turn(SETTLED)
    comparison.set(blend="flicker")
    badges = []
    for _ in range(3):
        badges.append(comparison.labels["CTECCoronal"].badge.split(" ")[0])
        events.turn(700)
    assert badges == ["COMPUTED", "MEASURED", "COMPUTED"]
    comparison.set(blend="none")
    assert sys.modules["qt"].QTimer.running == []


def test_layouts_are_registered_once(desktop):
    node = desktop.layoutLogic().GetLayoutNode()
    view_host = desktop_view_host()
    register_layouts(node)
    forms = [form for layout in LAYOUTS.values() for form in layout.forms]
    assert len({form.identifier for form in forms}) == len(forms)
    assert all(node.IsLayoutDescription(form.identifier) for form in forms)
    assert isinstance(view_host, DesktopViewHost)


def test_the_middle_of_the_bone_lies_in_bone(measured):
    """Between two legs there is none."""
    from CTEnhanceLib.scene.comparison.views.framing import middle_of_bone
    from CTEnhanceLib.scene.figures.profile_line import sample

    array = voxels(measured)
    array[:] = np.minimum(array, 100)
    array[2:-2, 5:15, 5:12] = array[2:-2, 5:15, -12:-5] = 900
    assert sample(measured, np.array([middle_of_bone(measured)]))[0] == 900
