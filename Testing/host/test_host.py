"""What the host promises of PythonQt's manners; what it cannot prove is listed in CONTRIBUTING.md."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def host():
    import sys

    here = str(Path(__file__).resolve().parent)
    sys.path.insert(0, here)
    from slicer_host import Host

    running = Host().start()
    yield running
    running.stop()
    sys.path.remove(here)


def test_slicers_own_files_are_used_where_they_are_named(host):
    import slicer.parameterNodeWrapper
    import slicer.ScriptedLoadableModule

    named = os.environ.get("CTENHANCE_SLICER_PYTHON")
    folder = Path(named) if named else Path(__file__).parent / "standins"
    for module in (slicer.parameterNodeWrapper, slicer.ScriptedLoadableModule):
        assert Path(module.__file__).is_relative_to(folder.resolve()) or Path(module.__file__).is_relative_to(folder)


def test_properties_are_attributes_and_hide_the_getter(host):
    import qt

    label = qt.QLabel("before")
    label.text = "after"
    assert label.text == "after"
    with pytest.raises(TypeError):
        label.text()


def test_a_misspelt_attribute_is_an_error(host):
    import qt

    with pytest.raises(AttributeError, match="txet"):
        qt.QLabel().txet = "x"


def test_signals_are_connected_by_signature_and_can_be_disconnected(host):
    import qt

    button, heard = qt.QPushButton(), []
    button.checkable = True

    def slot(checked):
        heard.append(checked)

    button.connect("toggled(bool)", slot)
    button.click()
    button.disconnect("toggled(bool)", slot)
    button.click()
    assert heard == [True]


def test_a_signature_without_arguments_drops_them(host):
    import qt

    button, heard = qt.QPushButton(), []
    button.connect("clicked()", lambda *arguments: heard.append(arguments))
    button.click()
    assert heard == [()]


def test_enums_arrive_as_ints(host):
    import qt

    process, heard = qt.QProcess(), []
    process.connect("errorOccurred(QProcess::ProcessError)", heard.append)
    process.start("/nowhere/program", [])
    assert host.wait(lambda: bool(heard), 5)
    assert heard == [0]


def test_a_selector_picks_another_node_when_its_own_is_deleted_as_slicers_does(host):
    import slicer

    slicer.mrmlScene.Clear(True)
    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    selector.setMRMLScene(slicer.mrmlScene)
    first, second = (slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode") for _ in range(2))
    selector.setCurrentNode(second)
    slicer.mrmlScene.RemoveNode(second)
    assert selector.currentNode() is first
    selector.setMRMLScene(None)


def test_stopping_leaves_slicer_core_as_it_was():
    import subprocess
    import sys

    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).resolve().parent)!r})
import slicer, slicer.util
before = set(vars(slicer)), slicer.util.errorDisplay, list(slicer.__path__)
from slicer_host import Host
host = Host().start()
host.open_module().cleanup()
host.stop()
assert (set(vars(slicer)), slicer.util.errorDisplay, list(slicer.__path__)) == before, set(vars(slicer)) - before[0]
assert not any(name in sys.modules for name in ("qt", "ctk", "CTEnhance", "CTEnhanceLib.panel"))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
