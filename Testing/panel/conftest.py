"""The panel in its host: a running application, a fresh scene, real widgets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
HOST = HERE.parent / "host"


@pytest.fixture(scope="package")
def host():
    """Slicer's application around real MRML; gone again after the panel's tests."""
    sys.path.insert(0, str(HOST))
    from slicer_host import Host

    running = Host().start()
    yield running
    running.stop()
    sys.path.remove(str(HOST))


@pytest.fixture
def workplace(host, tmp_path):
    """A temporary folder with a space and an umlaut in its name, no settings, no messages."""
    import qt
    import slicer

    folder = tmp_path / "Säge und Röntgen"
    folder.mkdir()
    slicer.app.temporaryPath = str(folder)
    qt.QSettings().clear()
    host.messages.clear()
    host.answers.update({"confirmOkCancelDisplay": True, "confirmYesNoDisplay": True})
    return folder


@pytest.fixture
def scene(host, workplace):
    """Slicer's scene, empty."""
    import slicer

    slicer.mrmlScene.Clear(True)
    return slicer.mrmlScene


@pytest.fixture
def wrist(scene):
    """A small measured volume: 12 axial slices every 3 mm, with bone in it."""
    from panel.measured import add_measured

    return add_measured(scene)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A tiny model of random weights that fits nearly any input."""
    from stacks import random_stack_folder

    return random_stack_folder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def module(host, scene, model_folder):
    """The module, open, with the tiny model chosen."""
    widget = host.open_module()
    widget.panel.models.add_folder(str(model_folder))
    yield widget
    host.leave(widget)
    widget.cleanup()
    host.panel.close()
    host.panel.deleteLater()
    host.wait(lambda: False, 0.02)


@pytest.fixture
def fake_worker(monkeypatch):
    """Runs start Testing/panel/fake_worker.py instead of the command line; the argument says how it behaves."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))

    def use(widget, behaviour):
        from CTEnhanceLib.panel.run.process import QtWorker

        monkeypatch.setenv("CTENHANCE_FAKE_WORKER", behaviour)
        widget.panel._make_worker = lambda: QtWorker("fake_worker")

    return use
