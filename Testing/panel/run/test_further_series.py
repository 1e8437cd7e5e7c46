"""Other thick series of the scan that are loaded: named under the input, used where the box is ticked."""

from __future__ import annotations

import json

import pytest

from panel.measured import add_measured


def say_where(node, study="1.2", frame="1.2.3"):
    """Let a volume carry what DICOM says of its place."""
    from CTEnhanceLib.scene.nodes import DICOM_ATTRIBUTE

    node.SetAttribute(DICOM_ATTRIBUTE, json.dumps({"0020|000d": study, "0020|0052": frame}))
    return node


@pytest.fixture
def coronal(scene):
    return say_where(add_measured(scene, "wrist coronal", size=(40, 12, 36), spacing=(0.5, 3.0, 0.5)))


def select(widget, node):
    widget.panel.parameters.inputVolume = node
    widget.panel.update()


def test_series_of_the_same_scan_are_named_and_used_unless_the_user_says_no(module, wrist, coronal):
    say_where(wrist)
    select(module, wrist)
    ui = module.panel.ui
    assert "1 more series of this scan is loaded: coronal 3 mm" in ui.furtherLabel.text
    assert ui.furtherCheckBox.checked and module.panel.further.chosen == (coronal,)
    assert module.panel.settings.further == 1
    ui.furtherCheckBox.checked = False
    assert module.panel.further.chosen == () and module.panel.settings.further == 0
    module.panel.update()
    assert not ui.furtherCheckBox.checked


def test_where_dicom_says_nothing_the_user_has_to(module, wrist, scene):
    add_measured(scene, "other", size=(40, 12, 36), spacing=(0.5, 3.0, 0.5))
    select(module, wrist)
    ui = module.panel.ui
    assert "only if it is of the same scan" in ui.furtherLabel.text
    assert not ui.furtherCheckBox.checked


def test_other_patients_parallel_and_thin_series_are_not_offered(module, wrist, scene):
    say_where(wrist)
    say_where(add_measured(scene, "elsewhere", size=(40, 12, 36), spacing=(0.5, 3.0, 0.5)), frame="9.9")
    say_where(add_measured(scene, "axial again"))
    say_where(add_measured(scene, "thin", size=(40, 36, 36), spacing=(0.5, 0.5, 0.5)))
    select(module, wrist)
    assert not module.panel.ui.furtherLabel.visible and module.panel.further.chosen == ()


def test_the_worker_is_told_of_them_and_the_result_remembers_those_used(module, wrist, coronal, workplace):
    from CTEnhanceLib.panel.run.run import EnhanceRun
    from CTEnhanceLib.panel.run.settings import Settings
    from CTEnhanceLib.scene.further_series import further_of
    from CTEnhanceLib.scene.nodes import image_from_node
    from CTEnhanceLib.scene.output import apply_result
    from panel.run.test_run import Ear, ObedientWorker

    worker = ObedientWorker()
    run = EnhanceRun(worker, Ear(), workplace)
    run.start(wrist, None, Settings("tiny", further=1), (coronal,))
    place = worker.arguments.index("--also") + 1
    assert worker.path(place).is_file()
    worker.end(130)
    report = {"measured_series": 2, "further_series": [{"used": True}]}
    node = apply_result(wrist, image_from_node(wrist), report, 1.0, further=(coronal,))
    assert further_of(node) == [coronal]
