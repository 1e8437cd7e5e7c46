"""A run with a worker that does what the test says, when it says so."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest


class ObedientWorker:
    """Remembers its arguments; the test decides when and how it ends."""

    def __init__(self):
        self.arguments, self.cancelled = [], False

    def start(self, arguments, on_line, on_end):
        self.arguments, self.say, self._on_end = list(arguments), on_line, on_end

    def cancel(self):
        self.cancelled = True

    def stop_now(self):
        self.end(None)

    def end(self, exit_code, log="", started=True):
        from CTEnhanceLib.panel.run.process import WorkerEnd

        self._on_end(WorkerEnd(exit_code, started, log))

    def write_result(self):
        from panel.fake_worker import write_result

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["ctenhance", *self.arguments])
            write_result(self.path(1), self.path(2), with_report=True)

    def path(self, index):
        return Path(self.arguments[index])


class Ear:
    """Hears of a run."""

    def __init__(self):
        self.heard, self.outcome = [], None

    def run_started(self, run):
        self.heard.append("started")

    def run_progressed(self, progress):
        self.heard.append((progress.stage, progress.done))

    def run_ended(self, outcome):
        self.heard.append(outcome.kind)
        self.outcome = outcome


@pytest.fixture
def begin(scene):
    """Start a run; whatever is left of it is ended after the test."""
    import slicer

    from CTEnhanceLib.panel.run.run import EnhanceRun
    from CTEnhanceLib.panel.run.settings import Settings

    runs = []

    def start(input_node, output_node=None, settings=None):
        worker, ear = ObedientWorker(), Ear()
        run = EnhanceRun(worker, ear, slicer.app.temporaryPath)
        run.start(input_node, output_node, settings or Settings("context"))
        runs.append(run)
        return run, worker, ear

    yield start
    for run in runs:
        if EnhanceRun._active is run:
            run.stop_now()


def left_behind():
    import slicer

    return list(Path(slicer.app.temporaryPath).iterdir())


def test_a_result_appears_whole_and_says_where_it_came_from(begin, wrist, scene):
    nodes_before = scene.GetNumberOfNodes()
    _, worker, ear = begin(wrist)
    worker.say(json.dumps({"stage": "enhance", "done": 3, "total": 36, "seconds_left": 2.0}))
    worker.write_result()
    assert scene.GetNumberOfNodes() == nodes_before
    worker.end(0)
    node = ear.outcome.node
    assert ear.heard == ["started", ("enhance", 3), "done"]
    assert node.GetName() == "Müller, Anna [1 mm computed]"
    assert node.GetImageData().GetDimensions() == (40, 36, 36)
    assert node.GetNodeReference("CTEnhance.InputVolume") is wrist
    assert node.GetAttribute("CTEnhance.ModelSHA256") == "0" * 64
    assert left_behind() == []


def test_the_settings_reach_the_command_line(begin, wrist):
    from CTEnhanceLib.cli import build_parser
    from CTEnhanceLib.panel.run.settings import Settings

    settings = Settings("thesis", 0.7, "cuda:1", "fp16", thickness=2.5, consistency=False, uncertainty=True)
    _, worker, _ = begin(wrist, settings=settings)
    parsed = build_parser().parse_args(worker.arguments)
    assert (parsed.model, parsed.spacing, parsed.device, parsed.precision) == ("thesis", 0.7, "cuda:1", "fp16")
    assert (parsed.thickness, parsed.no_consistency) == (2.5, True)
    assert parsed.uncertainty and parsed.report and parsed.progress == "json" and parsed.lifeline == "stdin"


def test_two_runs_cannot_go_on_at_once(begin, wrist):
    from CTEnhanceLib.errors import UsageError

    _, worker, _ = begin(wrist)
    with pytest.raises(UsageError, match="already"):
        begin(wrist)
    worker.end(1)
    begin(wrist)


def test_an_output_that_is_the_input_is_refused_and_nothing_is_written(begin, wrist):
    from CTEnhanceLib.errors import UsageError
    from CTEnhanceLib.panel.run.run import EnhanceRun

    with pytest.raises(UsageError, match="both input and output"):
        begin(wrist, wrist)
    assert not EnhanceRun.is_active()
    assert left_behind() == []


def test_closing_the_scene_cancels_the_run_and_no_node_comes(begin, wrist, scene):
    _, worker, ear = begin(wrist)
    scene.Clear()
    assert worker.cancelled
    worker.write_result()
    nodes = scene.GetNumberOfNodes()
    worker.end(0)  # it was done at that very moment
    assert ear.outcome.kind == "cancelled"
    assert "scene" in ear.outcome.sentence
    assert scene.GetNumberOfNodes() == nodes
    assert left_behind() == []


def test_deleting_the_input_cancels_the_run(begin, wrist, scene):
    _, worker, ear = begin(wrist)
    scene.RemoveNode(wrist)
    assert worker.cancelled
    worker.end(None)
    assert ear.outcome.kind == "cancelled"
    assert "deleted" in ear.outcome.sentence


def test_deleting_another_volume_does_not(begin, wrist, scene):
    from panel.measured import add_measured

    other = add_measured(scene, "other")
    _, worker, _ = begin(wrist)
    scene.RemoveNode(other)
    assert not worker.cancelled


def test_a_chosen_output_keeps_its_content_until_the_result_is_whole(begin, wrist, scene):
    from panel.measured import add_measured

    output = add_measured(scene, "old result")
    before = output.GetImageData()
    _, worker, ear = begin(wrist, output)
    worker.write_result()
    assert output.GetImageData() is before
    worker.end(0)
    assert ear.outcome.node is output
    assert output.GetImageData().GetDimensions() == (40, 36, 36)


def test_a_chosen_output_deleted_during_the_run_is_replaced_by_a_new_one(begin, wrist, scene):
    from panel.measured import add_measured

    output = add_measured(scene, "old result")
    _, worker, ear = begin(wrist, output)
    scene.RemoveNode(output)
    worker.write_result()
    worker.end(0)
    assert ear.outcome.kind == "done"
    assert ear.outcome.node.GetScene() is scene


@pytest.mark.parametrize(
    ("exit_code", "log", "started", "sentence"),
    [
        (3, "noise\nctenhance: The volume is already thin.\n", True, "The volume is already thin."),
        (5, "ctenhance: Memory ran out.\n", True, "Memory ran out."),
        (1, "Traceback ...\nKeyError: 3\n", True, "exit code 1"),
        (None, "", True, "ended from outside"),
        (None, "", False, "could not be started"),
    ],
)
def test_a_failed_run_is_told_in_one_sentence(begin, wrist, scene, exit_code, log, started, sentence):
    nodes = scene.GetNumberOfNodes()
    _, worker, ear = begin(wrist)
    worker.end(exit_code, log, started)
    assert ear.outcome.kind == "failed"
    assert sentence in ear.outcome.sentence
    assert ear.outcome.log == log
    assert scene.GetNumberOfNodes() == nodes
    assert left_behind() == []


@pytest.mark.parametrize("missing", ["output.nrrd", "report.json"])
def test_a_worker_that_says_done_without_its_files_has_failed(begin, wrist, scene, missing):
    nodes = scene.GetNumberOfNodes()
    run, worker, ear = begin(wrist)
    worker.write_result()
    (run.folder / missing).unlink()
    worker.end(0)
    assert ear.outcome.kind == "failed"
    assert "could not be taken into the scene" in ear.outcome.sentence
    assert scene.GetNumberOfNodes() == nodes
    assert left_behind() == []


def test_what_is_no_progress_line_is_passed_over(begin, wrist):
    _, worker, ear = begin(wrist)
    for line in ("hello", "{}", "[1, 2]", '{"stage": "enhance"}', "null", ""):
        worker.say(line)
    assert ear.heard == ["started"]


def test_folders_of_a_crashed_slicer_go_after_a_day(begin, wrist, tmp_path):
    from CTEnhanceLib.panel.run.run import FOLDER_PREFIX, remove_stale_folders

    old, new, other = (tmp_path / name for name in (f"{FOLDER_PREFIX}old", f"{FOLDER_PREFIX}new", "other"))
    for folder in (old, new, other):
        folder.mkdir()
    two_days_ago = time.time() - 2 * 24 * 3600
    for folder in (old, other):
        os.utime(folder, (two_days_ago, two_days_ago))
    remove_stale_folders(tmp_path)
    assert not old.exists()
    assert new.exists() and other.exists()


@pytest.mark.parametrize(
    ("stage", "done", "total", "left", "text", "fraction"),
    [
        ("read", 0, 1, None, "Starting", 0.0),
        ("enhance", 45, 180, 20.0, "Computing: slice 45 of 180, about 20 s left", 0.24),
        ("enhance", 1, 180, None, "Computing: slice 1 of 180", 0.025),
        ("enhance", 10, 180, 300.0, "Computing: slice 10 of 180, about 5 min left", 0.069),
        ("consistency", 1, 2, 1.0, "Matching the measured slices", 0.94),
        ("write", 1, 1, 0.0, "Finishing", 1.0),
        ("something new", 1, 2, None, "Something new", 0.01),
    ],
)
def test_progress_reads_as_a_surgeon_would_say_it(host, stage, done, total, left, text, fraction):
    from CTEnhanceLib.panel.run.progress import Progress, progress_fraction, progress_text

    progress = Progress(stage, done, total, left)
    assert progress_text(progress) == text
    assert progress_fraction(progress) == pytest.approx(fraction, abs=0.01)


@pytest.mark.parametrize("stopped", ["cancel", "stop_now"])
def test_a_run_cancelled_before_its_worker_starts_never_starts_it(scene, wrist, stopped):
    import slicer

    from CTEnhanceLib.panel.run.run import EnhanceRun
    from CTEnhanceLib.panel.run.settings import Settings

    worker, ear, waiting = ObedientWorker(), Ear(), []
    run = EnhanceRun(worker, ear, slicer.app.temporaryPath, waiting.append)
    run.start(wrist, None, Settings("context"))
    getattr(run, stopped)()
    for action in waiting:
        action()
    assert worker.arguments == []
    assert ear.heard == ["started", "cancelled"]
    assert left_behind() == []
    assert not EnhanceRun.is_active()


def test_a_temporary_folder_that_cannot_be_written_is_told(scene, wrist, tmp_path):
    from CTEnhanceLib.errors import OutputError
    from CTEnhanceLib.panel.run.run import EnhanceRun
    from CTEnhanceLib.panel.run.settings import Settings

    run = EnhanceRun(ObedientWorker(), Ear(), tmp_path / "nowhere")
    with pytest.raises(OutputError, match="make room"):
        run.start(wrist, None, Settings("context"))
    assert not EnhanceRun.is_active()
