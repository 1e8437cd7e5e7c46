"""Several loaded volumes in one run: results as they come, one bad volume never stops the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from panel.measured import add_measured
from panel.run.test_run import ObedientWorker, left_behind


@pytest.fixture
def volumes(scene):
    """Three thick volumes, the middle one of which is refused; and one that is thin already."""
    thick = [add_measured(scene, name) for name in ("Ulna", "Radius", "Talus")]
    add_measured(scene, "Thin", spacing=(0.5, 0.5, 1.0))
    return thick


@pytest.fixture
def run(volumes, workplace):
    from CTEnhanceLib.panel.run.run import EnhanceRun
    from CTEnhanceLib.panel.run.settings import Settings
    from CTEnhanceLib.panel.several.run import SeveralRun

    worker, changes = ObedientWorker(), []
    made = SeveralRun(worker, lambda: changes.append(made.finished), str(workplace))
    made.worker, made.changes = worker, changes
    made.begin = lambda nodes=None: made.start(volumes if nodes is None else nodes, Settings("context", detail=0.3))
    yield made
    if EnhanceRun._active is made:
        made.stop_now()


def give(run, number, status="done", reason=""):
    """The worker finishes a volume, as the cohort command does: the state is written last."""
    import SimpleITK as sitk

    source, output = (Path(run.worker.arguments[index]) for index in (1, 2))
    (output / ".cohort").mkdir(parents=True, exist_ok=True)
    name = f"{number:03}"
    if status == "done":
        thick = sitk.ReadImage(str(source / f"{name}.nrrd"))
        sitk.WriteImage(sitk.Expand(thick, [1, 1, 3]), str(output / f"{name}.nrrd"))
        report = {"model": {"name": "fake", "sha256": "0" * 64}, "warnings": []}
        (output / f"{name}.report.json").write_text(json.dumps(report))
        (output / ".cohort" / f"{name}.json").write_text("{}")
    items = output / "cohort.json"
    whole = json.loads(items.read_text()) if items.exists() else {"items": []}
    whole["items"].append({"name": name, "status": status, "reason": reason})
    items.write_text(json.dumps(whole))
    run.worker.say(json.dumps({"stage": "cohort", "done": number + 1, "total": 3, "seconds_left": 1.0}))


def computed(scene):
    kind = "vtkMRMLScalarVolumeNode"
    found = (scene.GetNthNodeByClass(index, kind) for index in range(scene.GetNumberOfNodesByClass(kind)))
    return sorted(node.GetName() for node in found if "computed" in node.GetName())


def test_each_result_enters_the_scene_when_it_is_whole_and_one_bad_volume_stops_no_other(run, scene, volumes):
    run.begin()
    give(run, 0)
    assert computed(scene) == ["Ulna [1 mm computed]"]
    give(run, 1, "refused", "The volume has only 2 slices; at least 4 are needed, so choose the whole series.")
    give(run, 2)
    run.worker.end(3)
    assert computed(scene) == ["Talus [1 mm computed]", "Ulna [1 mm computed]"]
    assert [entry.status for entry in run.entries] == ["done", "failed", "done"]
    assert "only 2 slices" in run.entries[1].sentence
    first = scene.GetFirstNodeByName("Ulna [1 mm computed]")
    assert first.GetNodeReference("CTEnhance.InputVolume") is volumes[0]
    assert run.changes[-1] == 3
    assert not run.is_running
    assert left_behind() == []


def test_no_name_of_a_volume_reaches_the_disk_or_the_command_line(run, volumes):
    volumes[0].SetName("Müller, Anna")
    run.begin()
    files = [path.name for path in Path(run.worker.arguments[1]).iterdir()]
    assert sorted(files) == ["000.nrrd", "001.nrrd", "002.nrrd"]
    assert not any("Müller" in word for word in run.worker.arguments)


def test_the_settings_reach_the_command_line(run):
    from CTEnhanceLib.cli import build_parser

    run.begin()
    parsed = build_parser().parse_args(run.worker.arguments)
    assert (parsed.model, parsed.detail, parsed.workers, parsed.lifeline) == ("context", 0.3, 1, "stdin")
    assert parsed.progress == "json"


def test_cancelling_keeps_what_is_done(run, scene):
    run.begin()
    give(run, 0)
    run.cancel()
    assert run.worker.cancelled
    run.worker.end(130)
    assert computed(scene) == ["Ulna [1 mm computed]"]
    assert [entry.status for entry in run.entries] == ["done", "cancelled", "cancelled"]
    assert left_behind() == []


def test_a_volume_that_is_deleted_meanwhile_stops_no_other(run, scene, volumes):
    run.begin()
    scene.RemoveNode(volumes[0])
    give(run, 0)
    give(run, 1)
    give(run, 2)
    run.worker.end(0)
    assert [entry.status for entry in run.entries] == ["failed", "done", "done"]
    assert "deleted" in run.entries[0].sentence


def test_when_the_process_dies_every_volume_without_a_result_says_so(run):
    run.begin()
    give(run, 0)
    run.worker.end(None)
    assert [entry.status for entry in run.entries] == ["done", "failed", "failed"]
    assert "ended from outside" in run.entries[2].sentence


def test_no_other_run_can_begin_meanwhile(run, volumes, workplace):
    from CTEnhanceLib.errors import UsageError
    from CTEnhanceLib.panel.run.run import EnhanceRun
    from CTEnhanceLib.panel.run.settings import Settings

    run.begin()
    with pytest.raises(UsageError, match="going on already"):
        EnhanceRun(ObedientWorker(), None, str(workplace)).start(volumes[0], None, Settings("context"))


def test_the_section_lists_thick_volumes_and_computes_the_ticked_ones(host, module, volumes):
    """With the command itself: two volumes, one of them too flat to compute from."""
    import qt

    flat = add_measured(volumes[0].GetScene(), "Flat", size=(40, 36, 2))
    section = module.panel.several
    section.widgets.section.collapsed = False
    section.refresh()
    rows = section.widgets.listWidget
    assert [rows.item(i).text() for i in range(rows.count)] == ["Ulna", "Radius", "Talus", "Flat"]
    for index in (1, 2):
        rows.item(index).setCheckState(qt.Qt.Unchecked)
    assert [node.GetName() for node in section.ticked()] == ["Ulna", "Flat"]
    section.widgets.startButton.click()
    assert section.is_running
    assert not module.ui.enhanceButton.enabled
    host.wait(lambda: not section.is_running, 120)
    words = section.widgets.outcomeLabel.text
    assert "Ulna: done" in words
    assert "Flat: no result" in words
    assert "2 slices" in words
    assert computed(flat.GetScene()) == ["Ulna [1 mm computed]"]
    section.widgets.section.collapsed = True
