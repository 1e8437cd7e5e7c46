"""The panel driven as a user would: choose, press, watch, cancel, break the worker, save and load the scene."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from panel.measured import add_measured
from panel.worker_process import process_id


def left_behind():
    import slicer

    return list(Path(slicer.app.temporaryPath).iterdir())


def press(module):
    module.ui.enhanceButton.click()


def wait_for_bar(host, module):
    assert host.wait(lambda: "slice" in module.ui.progressBar.format, 20), module.panel.run_section.outcome


def wait_for_end(host, module, seconds=20.0):
    assert host.wait(lambda: not module.panel.run_section.is_running, seconds), "it never ended"


def test_choose_enhance_look_with_the_real_command_line(host, module, wrist, scene):
    module.ui.inputSelector.setCurrentNode(wrist)
    assert module.ui.verdictLabel.text.startswith("<b>Suitable</b>")
    press(module)
    assert module.ui.enhanceButton.text == "Cancel"
    assert module.ui.progressBar.isVisibleTo(host.panel)
    wait_for_end(host, module, 120)
    outcome = module.panel.run_section.outcome
    assert outcome.kind == "done", outcome.log
    node = module.ui.outputSelector.currentNode()
    assert node.GetName() == "Müller, Anna [1 mm computed]"
    assert node.GetImageData().GetDimensions() == (40, 36, 36)
    assert outcome.report["model"]["sha256"] == node.GetAttribute("CTEnhance.ModelSHA256")
    assert module.ui.outcomeLabel.text.startswith("Done in")
    assert "cubic interpolation" in module.ui.outcomeLabel.text
    assert module.ui.enhanceButton.text == "Enhance"
    assert left_behind() == []


def test_what_was_understood_is_said_with_its_sources(module, wrist):
    module.ui.inputSelector.setCurrentNode(wrist)
    text = module.ui.verdictLabel.text
    assert "12 axial slices, 3 mm thick (not stated: taken to be their distance), every 3 mm (spacing)." in text
    assert "40 × 36 pixels of 0.5 mm." in text
    assert "36 thin slices" in module.ui.estimateLabel.text
    module.ui.thicknessSpinBox.value = 2.5
    assert "2.5 mm thick (typed in)" in module.ui.verdictLabel.text
    assert module.ui.verdictLabel.text.startswith("<b>Suitable, but:</b>")


def test_thickness_from_dicom_is_said_to_be_from_dicom(module, wrist):
    from CTEnhanceLib.scene.nodes import DICOM_ATTRIBUTE

    wrist.SetAttribute(DICOM_ATTRIBUTE, '{"0018|0050": "2.9"}')
    module.ui.inputSelector.setCurrentNode(wrist)
    assert "2.9 mm thick (DICOM)" in module.ui.verdictLabel.text


@pytest.mark.parametrize(
    ("volume", "reason"),
    [
        ({"spacing": (0.5, 0.5, 0.6)}, "already thin"),
        ({"size": (40, 36, 1)}, "single slice"),
        ({"size": (40, 20, 12)}, "crop less closely"),
        ({"spacing": (0.5, 0.5, 12.0)}, "12 mm"),
    ],
)
def test_what_cannot_be_enhanced_is_refused_with_the_reason(module, scene, volume, reason):
    module.ui.inputSelector.setCurrentNode(add_measured(scene, **volume))
    assert module.ui.verdictLabel.text.startswith("<b>Cannot be enhanced:</b>")
    assert reason in module.ui.verdictLabel.text
    assert not module.ui.enhanceButton.enabled
    assert reason in module.ui.enhanceButton.toolTip
    assert not module.ui.estimateLabel.isVisibleTo(module.parent)


def test_values_that_are_no_hounsfield_units_are_refused(module, wrist):
    from CTEnhanceLib.scene.nodes import voxels

    voxels(wrist)[:] += 1024
    wrist.GetImageData().Modified()
    module.ui.inputSelector.setCurrentNode(wrist)
    assert "not Hounsfield units" in module.ui.verdictLabel.text


def test_a_tilt_hidden_by_an_acquisition_transform_is_refused(module, wrist, scene):
    import slicer
    import vtk

    module.ui.inputSelector.setCurrentNode(wrist)
    assert module.ui.enhanceButton.enabled
    grid = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", "wrist acquisition transform")
    wrist.SetAndObserveTransformNodeID(grid.GetID())
    module.panel.update()
    assert "uneven or tilted" in module.ui.verdictLabel.text
    sheared = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "shear")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(1, 2, 0.3)
    sheared.SetMatrixTransformToParent(matrix)
    wrist.SetAndObserveTransformNodeID(sheared.GetID())
    module.panel.update()
    assert "shears it" in module.ui.verdictLabel.text
    assert isinstance(sheared, slicer.vtkMRMLTransformNode)


def test_cancel_leaves_the_scene_as_it_was(host, module, wrist, scene, fake_worker):
    fake_worker(module, "slow")
    module.ui.inputSelector.setCurrentNode(wrist)
    nodes = scene.GetNumberOfNodes()
    press(module)
    wait_for_bar(host, module)
    assert not module.ui.inputSelector.isEnabled()
    press(module)
    assert module.ui.enhanceButton.text == "Cancelling…"
    wait_for_end(host, module)
    assert module.ui.outcomeLabel.text == "Cancelled; nothing was changed."
    assert module.ui.enhanceButton.enabled
    assert module.ui.inputSelector.isEnabled()
    assert scene.GetNumberOfNodes() == nodes
    assert left_behind() == []


def test_the_bar_counts_slices_and_shows_the_time_left(host, module, wrist, fake_worker):
    fake_worker(module, "slow")
    module.ui.inputSelector.setCurrentNode(wrist)
    press(module)
    wait_for_bar(host, module)
    assert "of 100000" in module.ui.progressBar.format
    assert "min left" in module.ui.progressBar.format


@pytest.mark.parametrize("behaviour", ["crash", "slow"])
def test_a_worker_that_dies_is_reported_in_one_sentence_with_its_log(
    host, module, wrist, scene, fake_worker, behaviour
):
    fake_worker(module, behaviour)
    module.ui.inputSelector.setCurrentNode(wrist)
    nodes = scene.GetNumberOfNodes()
    press(module)
    if behaviour == "slow":
        wait_for_bar(host, module)
        os.kill(process_id(module.panel.run_section.run._worker), signal.SIGKILL)
    wait_for_end(host, module)
    assert "ended from outside" in module.ui.outcomeLabel.text
    assert scene.GetNumberOfNodes() == nodes
    assert left_behind() == []


def test_the_log_and_the_report_are_behind_buttons_and_name_no_patient(host, module, wrist, fake_worker):
    import slicer

    fake_worker(module, "refuse")
    module.ui.inputSelector.setCurrentNode(wrist)
    press(module)
    wait_for_end(host, module)
    assert module.ui.outcomeLabel.text == "The volume is too warm; let it cool."
    assert not module.ui.logTextEdit.isVisibleTo(host.panel)
    module.ui.logButton.click()
    assert module.ui.logTextEdit.isVisibleTo(host.panel)
    assert "warning: something else" in module.ui.logTextEdit.plainText
    module.ui.copyReportButton.click()
    report = slicer.app.clipboard().text()
    for wanted in ("Slicer 5.13", "torch", "CPU", "12 voxels of 0.5 x 0.5 x 3 mm", "exit code 3", "too warm"):
        assert wanted in report
    assert module.panel.models.entry.sha256 in report
    assert "Müller" not in report and "Anna" not in report


def test_names_and_folders_are_taken_out_of_the_log(host):
    from CTEnhanceLib.panel.run.problem_report import without_names

    text = f"cannot read '{Path.home()}/Müller/ct.nrrd'\n  File '/opt/slicer/x.py'\n/tmp/CTEnhance-run-ab12/input.nrrd"
    cleaned = without_names(text)
    assert "Müller" not in cleaned and "ab12" not in cleaned
    assert "x.py" in cleaned


def test_a_worker_that_cannot_be_started_says_so_and_the_panel_is_ready_again(host, module, wrist, monkeypatch):
    from CTEnhanceLib.panel.run import process

    monkeypatch.setattr(process, "python_program", lambda: "/nowhere/PythonSlicer")
    module.ui.inputSelector.setCurrentNode(wrist)
    press(module)
    wait_for_end(host, module, 5)
    assert "could not be started" in module.ui.outcomeLabel.text
    assert module.ui.enhanceButton.text == "Enhance"
    assert module.ui.enhanceButton.enabled


def test_closing_the_scene_during_a_run_ends_it(host, module, wrist, scene, fake_worker):
    fake_worker(module, "slow")
    module.ui.inputSelector.setCurrentNode(wrist)
    press(module)
    wait_for_bar(host, module)
    scene.Clear()
    wait_for_end(host, module)
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
    assert left_behind() == []


def test_deleting_the_input_during_a_run_ends_it(host, module, wrist, scene, fake_worker):
    fake_worker(module, "slow")
    module.ui.inputSelector.setCurrentNode(wrist)
    press(module)
    wait_for_bar(host, module)
    scene.RemoveNode(wrist)
    wait_for_end(host, module)
    assert "deleted" in module.ui.outcomeLabel.text
    assert left_behind() == []


def test_a_run_goes_on_while_another_module_is_open(host, module, wrist, fake_worker):
    fake_worker(module, "done")
    module.ui.inputSelector.setCurrentNode(wrist)
    press(module)
    host.leave(module)
    wait_for_end(host, module)
    assert module.panel.run_section.outcome.kind == "done"
    host.enter(module)
    assert module.ui.enhanceButton.enabled


def test_quitting_during_a_run_leaves_no_process_and_no_file(host, module, wrist, fake_worker):
    import slicer

    fake_worker(module, "slow")
    module.ui.inputSelector.setCurrentNode(wrist)
    press(module)
    wait_for_bar(host, module)
    pid = process_id(module.panel.run_section.run._worker)
    slicer.app.aboutToQuit.emit()
    assert not module.panel.run_section.is_running
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert left_behind() == []


def test_the_output_selector_empties_when_its_volume_is_deleted(module, wrist, scene):
    output = add_measured(scene, "result")
    add_measured(scene, "somebody else's")
    module.ui.inputSelector.setCurrentNode(wrist)
    module.ui.outputSelector.setCurrentNode(output)
    scene.RemoveNode(output)
    assert module.ui.outputSelector.currentNode() is None
    assert module._parameterNode.outputVolume is None


def test_the_input_as_output_disables_the_button(module, wrist):
    module.ui.inputSelector.setCurrentNode(wrist)
    module.ui.outputSelector.setCurrentNode(wrist)
    assert not module.ui.enhanceButton.enabled
    assert "same volume" in module.ui.enhanceButton.toolTip


def test_a_measured_volume_is_replaced_only_after_asking(host, module, wrist, scene, fake_worker):
    fake_worker(module, "done")
    module.ui.inputSelector.setCurrentNode(wrist)
    module.ui.outputSelector.setCurrentNode(add_measured(scene, "precious"))
    host.answers["confirmOkCancelDisplay"] = False
    press(module)
    assert not module.panel.run_section.is_running
    assert "'precious' was not computed by CTEnhance" in host.messages[-1][1]


def test_every_choice_is_restored_with_the_scene(host, module, wrist, scene):
    output = add_measured(scene, "result")
    module.ui.inputSelector.setCurrentNode(wrist)
    module.ui.outputSelector.setCurrentNode(output)
    module.ui.spacingSpinBox.value = 0.75
    module.ui.thicknessSpinBox.value = 2.5
    module.ui.precisionComboBox.currentIndex = 1
    module.ui.consistencyCheckBox.checked = False
    module.ui.uncertaintyCheckBox.checked = True
    module.ui.deviceComboBox.currentIndex = 1
    model = module.panel.models.entry.key
    saved = saved_scene(scene)

    scene.Clear()
    module.ui.spacingSpinBox.value = 1.0
    load_scene(scene, saved)  # while the module is open
    assert module.ui.inputSelector.currentNode().GetName() == "Müller, Anna"
    assert module.ui.outputSelector.currentNode().GetName() == "result"
    assert module.ui.spacingSpinBox.value == 0.75
    assert module.ui.thicknessSpinBox.value == 2.5
    assert module.panel.settings.precision == "fp32"
    assert not module.ui.consistencyCheckBox.checked
    assert module.ui.uncertaintyCheckBox.checked
    assert module.panel.settings.device == "cpu"
    assert module.panel.settings.model == model


def saved_scene(scene):
    scene.SetSaveToXMLString(1)
    scene.Commit()
    scene.SetSaveToXMLString(0)
    return scene.GetSceneXMLString()


def load_scene(scene, xml):
    scene.SetLoadFromXMLString(1)
    scene.SetSceneXMLString(xml)
    scene.Connect()
    scene.SetLoadFromXMLString(0)


def test_reloading_the_module_reloads_its_library_and_ends_the_run(host, module, wrist, fake_worker, monkeypatch):
    import sys

    import slicer

    fake_worker(module, "slow")
    module.ui.inputSelector.setCurrentNode(wrist)
    press(module)
    wait_for_bar(host, module)
    pid = process_id(module.panel.run_section.run._worker)
    loaded = {name: kept for name, kept in sys.modules.items() if name.startswith("CTEnhanceLib")}
    try:
        module.onReload()
        fresh = slicer.modules.CTEnhanceWidget
        assert fresh is not module
        assert sys.modules["CTEnhanceLib.panel.panel"] is not loaded["CTEnhanceLib.panel.panel"]
        assert not module.panel.run_section.is_running
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert fresh.ui.inputSelector.currentNode() is wrist
        fresh.cleanup()
    finally:
        for name in [name for name in sys.modules if name.startswith("CTEnhanceLib")]:
            del sys.modules[name]
        sys.modules.update(loaded)


def test_a_dark_style_keeps_the_side_remarks_readable(host, module, wrist):
    module.ui.inputSelector.setCurrentNode(wrist)
    host.dark()
    try:
        assert "#a8a8a8" in module.ui.verdictLabel.text
    finally:
        host.dark(False)
    assert "#666666" in module.ui.verdictLabel.text


def test_the_model_card_shows_the_hash(host, module):
    module.ui.modelCardButton.click()
    assert module.ui.modelCardBrowser.isVisibleTo(host.panel)
    assert module.panel.models.entry.sha256 in module.ui.modelCardBrowser.plainText


def test_a_folder_without_a_model_is_refused_and_an_added_one_is_remembered(host, module, model_folder, tmp_path):
    module.panel.models.add_folder(str(tmp_path))
    assert host.messages[-1][0] == "errorDisplay"
    assert "model.json" in host.messages[-1][1]
    module.panel.models.refresh()
    assert str(model_folder) in [entry.key for entry in module.panel.models.entries]


def test_devices_are_looked_for_when_advanced_is_opened(host, module):
    assert module.ui.deviceComboBox.itemText(0).startswith("Automatic (CPU")
    looked = []

    class Answering:
        def start(self, arguments, on_line, on_end):
            looked.append(arguments)
            on_line('{"devices": [{"key": "cuda:0", "name": "GPU 0: Big", "memory": 24000000000}]}')

        def stop_now(self):
            pass

    module.panel.devices._worker = Answering()
    module.ui.advancedCollapsibleButton.collapsed = False
    module.ui.advancedCollapsibleButton.collapsed = True
    module.ui.advancedCollapsibleButton.collapsed = False
    assert looked == [[]]
    assert module.ui.deviceComboBox.itemText(0) == "Automatic (GPU 0: Big)"
    assert module.ui.deviceComboBox.itemText(1) == "GPU 0: Big (24 GB)"
    assert module.panel.settings.device == "auto"


def test_the_device_program_finds_at_least_the_cpu(host, module):
    module.panel.devices.look()
    assert host.wait(lambda: module.panel.devices.devices[-1].memory > 0, 60)
    assert module.panel.devices.devices[-1].key == "cpu"


def test_what_a_run_took_makes_the_next_estimate(host, module, wrist, fake_worker):
    fake_worker(module, "done")
    module.ui.inputSelector.setCurrentNode(wrist)
    before = module.ui.estimateLabel.text
    press(module)
    wait_for_end(host, module)
    import qt

    assert any(key.startswith("CTEnhance/SecondsPerSlice") for key in qt.QSettings().allKeys())
    assert "36 thin slices" in before


def test_an_outcome_goes_when_another_volume_is_chosen(host, module, wrist, scene, fake_worker):
    fake_worker(module, "refuse")
    module.ui.inputSelector.setCurrentNode(wrist)
    press(module)
    wait_for_end(host, module)
    assert module.ui.outcomeLabel.isVisibleTo(host.panel)
    module.ui.inputSelector.setCurrentNode(add_measured(scene, "another"))
    assert not module.ui.outcomeLabel.isVisibleTo(host.panel)
    assert not module.ui.reportButtonsWidget.isVisibleTo(host.panel)
