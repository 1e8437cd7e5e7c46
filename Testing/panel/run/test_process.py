"""The worker process for real: started, cancelled, killed, orphaned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from panel.worker_process import process_id

HERE = Path(__file__).resolve().parent.parent
posix = pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX")


class Watched:
    """A worker, what it said and how it ended."""

    def __init__(self, host, tmp_path, module="fake_worker"):
        from CTEnhanceLib.panel.run.process import QtWorker

        self.host, self.lines, self.ends = host, [], []
        self.worker = QtWorker(module)
        source, output = tmp_path / "input.nrrd", tmp_path / "output.nrrd"
        self.worker.start(["enhance", str(source), str(output)], self.lines.append, self.ends.append)

    def has_progressed(self):
        return any("enhance" in line for line in self.lines)

    def wait_for_progress(self):
        assert self.host.wait(self.has_progressed, 20)

    def wait_for_end(self, seconds=20.0):
        assert self.host.wait(lambda: bool(self.ends), seconds), "it never ended"


@pytest.fixture
def worker(host, scene, tmp_path, monkeypatch):
    """Start a fake worker that behaves as the argument says."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    started = []

    def start(behaviour, module="fake_worker"):
        monkeypatch.setenv("CTENHANCE_FAKE_WORKER", behaviour)
        started.append(Watched(host, tmp_path, module))
        return started[-1]

    yield start
    for watched in started:
        watched.worker.stop_now()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


@posix
def test_cancel_ends_the_whole_process_tree(worker, tmp_path):
    watched = worker("tree")
    watched.wait_for_progress()
    pid, child = process_id(watched.worker), int((tmp_path / "child.pid").read_text())
    assert is_alive(pid) and is_alive(child)
    watched.worker.cancel()
    watched.wait_for_end()
    assert watched.host.wait(lambda: not is_alive(child), 5)
    assert not is_alive(pid)


def test_a_worker_that_ignores_its_lifeline_is_killed_after_the_grace_time(worker):
    watched = worker("deaf")
    watched.wait_for_progress()
    watched.worker.cancel()
    watched.wait_for_end()
    assert watched.ends[0].exit_code is None


@posix
def test_a_killed_worker_is_told_from_one_that_returned(worker):
    watched = worker("slow")
    watched.wait_for_progress()
    os.kill(process_id(watched.worker), signal.SIGKILL)
    watched.wait_for_end()
    assert watched.ends == [type(watched.ends[0])(exit_code=None, started=True, log=watched.ends[0].log)]


def test_a_program_that_cannot_be_started_ends_once_and_says_so(worker, monkeypatch):
    from CTEnhanceLib.panel.run import process

    monkeypatch.setattr(process, "python_program", lambda: "/nowhere/PythonSlicer")
    watched = worker("done")
    watched.wait_for_end(2)
    watched.host.wait(lambda: False, 0.1)
    assert [(end.started, end.exit_code) for end in watched.ends] == [(False, None)]


def test_lines_that_arrive_in_pieces_come_whole_and_errors_stay_apart(worker):
    watched = worker("refuse")
    watched.wait_for_end()
    assert watched.lines == [
        "a library says hello",
        '{"stage": "read", "done": 1, "total": 1, "seconds_left": null}',
    ]
    assert watched.ends[0].exit_code == 3
    assert watched.ends[0].log.splitlines()[-1] == "ctenhance: The volume is too warm; let it cool."


def test_progress_lines_broken_in_two_come_whole(worker):
    watched = worker("slow")
    watched.host.wait(lambda: len(watched.lines) > 8, 20)
    assert all(line.startswith("{") and line.endswith("}") for line in watched.lines[1:])


def test_stop_now_needs_no_event_loop(worker):
    watched = worker("slow")
    watched.wait_for_progress()
    pid = process_id(watched.worker)
    watched.worker.stop_now()
    assert len(watched.ends) == 1
    assert not is_alive(pid)
    watched.worker.stop_now()
    assert len(watched.ends) == 1


@posix
def test_a_slicer_that_dies_leaves_no_worker_behind(tmp_path):
    program = f"""
import os, sys
sys.path[:0] = [{str(HERE.parent / "host")!r}, {str(HERE)!r}]
from slicer_host import Host
host = Host().start()
from CTEnhanceLib.panel.run.process import QtWorker
from worker_process import process_id
worker, lines = QtWorker("fake_worker"), []
worker.start(["enhance", "in.nrrd", "{tmp_path}/out.nrrd"], lines.append, print)
host.wait(lambda: any("enhance" in line for line in lines), 20)
print(process_id(worker), open("{tmp_path}/child.pid").read(), flush=True)
os.kill(os.getpid(), 9)
"""
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE),
        "CTENHANCE_FAKE_WORKER": "tree",
        "TMPDIR": str(tmp_path),
    }
    slicer = subprocess.run(  # noqa: PLW1510 - it kills itself
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    pids = [int(word) for word in slicer.stdout.split()]
    assert len(pids) == 2, slicer.stderr
    deadline = time.monotonic() + 10
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(is_alive, pids))
