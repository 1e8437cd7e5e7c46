"""The panel beside views with the habits of Slicer's own desktop (see `host.desktop`), in Qt's event loop."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace

import pytest

LAPTOP, LARGE = (860, 500), (1500, 700)
"""Pixels that a window of 1280 x 720 and one of 1920 x 1080 leave for views beside the panel."""
SETTLED_S = 0.8
"""Seconds after which the comparison holds its views no longer."""


class Use:
    """A user before the desktop.

    Args:
        host: The running application.
        module: The module's widget.
        desktop: The views.
    """

    def __init__(self, host, module, desktop):
        self.host, self.module, self.desktop, self.ui = host, module, desktop, module.ui

    @property
    def scene(self):
        return self.desktop._view_host.scene

    @property
    def comparison(self):
        return self.module.panel.comparison.comparison

    def settle(self, seconds=SETTLED_S):
        """Look at the screen for a moment."""
        self.host.wait(lambda: False, seconds)

    def choose(self, combo, key):
        combo.currentIndex = combo.findData(key)
        combo.activated.emit(combo.currentIndex)
        self.settle(0.05)

    def enhance(self):
        """Press Enhance and wait for the end."""
        self.ui.enhanceButton.click()
        assert self.host.wait(lambda: not self.module.panel.run_section.is_running, 60)
        assert self.module.panel.run_section.outcome.kind == "done", self.module.panel.run_section.outcome.sentence
        self.settle()

    def nodes(self):
        """Identifiers of all nodes."""
        return sorted(self.scene.GetNthNode(index).GetID() for index in range(self.scene.GetNumberOfNodes()))


@pytest.fixture(params=[LAPTOP, LARGE], ids=["laptop", "large"])
def window(request):
    """Pixels for views."""
    return request.param


@pytest.fixture
def desktop(host, workplace, window, monkeypatch):
    """Slicer's views with their habits; the scene is Slicer's for the time of the test."""
    pytest.importorskip("trame_slicer")
    import qt
    import slicer

    from CTEnhanceLib.scene.headless.offscreen import OffscreenViewHost
    from host.desktop import Desktop

    before = slicer.mrmlScene
    with OffscreenViewHost(window) as views:
        slicer.mrmlScene = views.scene
        desktop = Desktop(views, lambda ms, action: qt.QTimer.singleShot(int(ms), action), *window)
        monkeypatch.setattr(slicer.app, "layoutManager", lambda: desktop)
        monkeypatch.setattr(
            slicer.modules, "volumerendering", SimpleNamespace(logic=lambda: views.volume_rendering), raising=False
        )
        monkeypatch.setattr(slicer.modules, "DataProbeInstance", desktop.probe, raising=False)
        monkeypatch.setattr(
            slicer.modules,
            "markups",
            SimpleNamespace(logic=lambda: SimpleNamespace(SetActiveList=lambda node: None)),
            raising=False,
        )
        interaction = SimpleNamespace(GetInteractionNode=lambda: SimpleNamespace(SwitchToSinglePlaceMode=lambda: None))
        monkeypatch.setattr(slicer.app, "applicationLogic", lambda: interaction, raising=False)
        desktop.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
        host.wait(lambda: False, 0.05)
        yield desktop
        views.scene.Clear(False)
        host.wait(lambda: False, 0.2)
        desktop.close()
        slicer.mrmlScene = before


@pytest.fixture
def scene(desktop):
    """The scene of the views."""
    return desktop._view_host.scene


@pytest.fixture
def console(desktop, capfd, caplog, monkeypatch):
    """What a user would find on the console: asked for, it is everything written since."""
    caplog.set_level(logging.WARNING)
    raised = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: raised.append(repr(error[1])))
    capfd.readouterr()

    def read():
        out, err = capfd.readouterr()
        return [*out.splitlines(), *err.splitlines(), *raised, *desktop.console, *(r.message for r in caplog.records)]

    return read


@pytest.fixture
def use(host, module, desktop, console):
    """A user, with the module open and an empty scene."""
    yield Use(host, module, desktop)
    module.panel.comparison.leave()
    host.wait(lambda: False, 0.1)
