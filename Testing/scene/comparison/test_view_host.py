"""The desktop's stage on a layout manager that answers as Slicer's does, with the offscreen views behind it."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import ClassVar

import pytest
import slicer

from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.comparison.layouts import LAYOUTS
from CTEnhanceLib.scene.comparison.view_host import DesktopStage, desktop_stage, register_layouts


class LayoutManager:
    """What `DesktopStage` uses of qSlicerLayoutManager."""

    def __init__(self, stage):
        self._stage = stage
        stage.scene.AddObserver(slicer.vtkMRMLScene.NodeRemovedEvent, self._drop_widgets)

    def _drop_widgets(self, *_):
        """As Slicer does: a view's widget goes with its node."""
        for tag, window in list(self._stage._views.items()):
            if not self._stage.scene.IsNodePresent(window.view.node):
                self._stage.close_view(tag)

    @property
    def layout(self):
        return self._stage.layout()

    def setLayout(self, identifier):
        self._stage.show_layout(identifier)

    def layoutLogic(self):
        return self._stage._layouts

    def sliceWidget(self, tag):
        view = self._stage.slice_view(tag)
        return SimpleNamespace(sliceView=lambda: _rendering(view), sliceLogic=lambda: view.logic)

    def viewWidget(self, node):
        view = self._stage.volume_view(node.GetSingletonTag())
        return SimpleNamespace(threeDView=lambda: _rendering(view))


def _rendering(view):
    window = view.renderer.GetRenderWindow()
    return SimpleNamespace(renderWindow=lambda: window, interactor=lambda: view.interactor, scheduleRender=view.render)


class Timer:
    """Stands in for qt.QTimer; `tick` lets time pass."""

    waiting: ClassVar[list] = []
    running: ClassVar[list] = []

    def __init__(self):
        self.action = None

    @classmethod
    def singleShot(cls, _milliseconds, action):
        cls.waiting.append(action)

    def setInterval(self, _milliseconds):
        pass

    def connect(self, signal, action):
        assert signal == "timeout()"
        self.action = action

    def start(self):
        self.running.append(self)

    def stop(self):
        self.running.remove(self)

    @classmethod
    def tick(cls):
        waiting, cls.waiting = cls.waiting, []
        for action in [*waiting, *(timer.action for timer in cls.running)]:
            action()


@pytest.fixture
def desktop(stage, monkeypatch):
    manager = LayoutManager(stage)
    volume_rendering = SimpleNamespace(logic=lambda: stage.volume_rendering)
    monkeypatch.setattr(slicer, "app", SimpleNamespace(layoutManager=lambda: manager), raising=False)
    monkeypatch.setattr(slicer, "modules", SimpleNamespace(volumerendering=volume_rendering), raising=False)
    monkeypatch.setattr(slicer, "mrmlScene", stage.scene, raising=False)
    monkeypatch.setitem(sys.modules, "qt", SimpleNamespace(QTimer=Timer))
    monkeypatch.setattr(Timer, "waiting", [])
    monkeypatch.setattr(Timer, "running", [])
    return manager


def test_in_slicer_a_script_needs_no_stage(desktop, measured, computed):
    comparison = Comparison(measured, computed)
    assert isinstance(comparison.stage, DesktopStage)
    comparison.show("fracture")
    assert desktop.layout == LAYOUTS["fracture"].identifier
    assert len(comparison.slice_views) == 4 and len(comparison.volume_views) == 2
    assert comparison.labels["CTEMCoronal"].badge == "MEASURED · 3 mm slices"
    comparison.render()
    comparison.leave()
    Timer.tick()
    assert desktop.layout == slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView


def test_cameras_are_removed_in_a_later_event(desktop, stage, measured, computed):
    comparison = Comparison(measured, computed)
    comparison.show("3d")
    stage.picture()
    assert stage.scene.GetFirstNodeByName("Camera") is not None
    comparison.leave()
    left = stage.scene.GetNumberOfNodesByClass("vtkMRMLCameraNode")
    Timer.tick()
    assert stage.scene.GetNumberOfNodesByClass("vtkMRMLCameraNode") == left - 2


def test_flicker_keeps_time_and_stops(desktop, measured, computed):
    comparison = Comparison(measured, computed)
    comparison.show("coronal")
    comparison.set(blend="flicker")
    badges = []
    for _ in range(3):
        badges.append(comparison.labels["CTECCoronal"].badge.split(" ")[0])
        Timer.tick()
    assert badges == ["COMPUTED", "MEASURED", "COMPUTED"]
    comparison.set(blend="none")
    assert Timer.running == []


def test_layouts_are_registered_once(desktop):
    node = desktop.layoutLogic().GetLayoutNode()
    stage = desktop_stage()
    register_layouts(node)
    assert all(node.IsLayoutDescription(layout.identifier) for layout in LAYOUTS.values())
    assert isinstance(stage, DesktopStage)
