"""The worker process: a program of its own that can be ended at any moment without harm to Slicer.

The worker watches its standard input (``--lifeline stdin``): when that ends - because we close it, or because
Slicer quits, crashes or reloads the module - it ends itself and everything it started.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Protocol

import qt

PACKAGE_FOLDER = Path(__file__).resolve().parents[3]
GRACE_MS = 500
"""How long a worker may take to end itself before it is killed (Windows has no process group to rely on)."""

_FAILED_TO_START = 0  # QProcess::FailedToStart
_NORMAL_EXIT = 0  # QProcess::NormalExit
_LOG_LIMIT = 400_000


@dataclass(frozen=True)
class WorkerEnd:
    """How a worker ended.

    Attributes:
        exit_code: What it returned; None when it was killed, crashed, or could not be started.
        started: False when the program could not be started at all.
        log: What it wrote to standard error.
    """

    exit_code: int | None
    started: bool
    log: str


class Worker(Protocol):
    """What a run needs of a process; tests give it others."""

    def start(
        self, arguments: Sequence[str], on_line: Callable[[str], None], on_end: Callable[[WorkerEnd], None]
    ) -> None:
        """Start ``python -m CTEnhanceLib <arguments>``; `on_end` is called exactly once.

        Args:
            arguments: Words after the name of the program.
            on_line: Called with each line of standard output.
            on_end: Called when the process has ended.
        """

    def cancel(self) -> None:
        """Close standard input of the worker; kill after a grace time. `on_end` follows."""

    def stop_now(self) -> None:
        """End it and wait for the end, when there is no event loop to wait in (quitting, reloading)."""


def python_program() -> str:
    """The Python that has Slicer's packages: PythonSlicer inside Slicer, else the one that runs this."""
    return shutil.which("PythonSlicer") or sys.executable


class QtWorker:
    """A worker on QProcess; its messages arrive through Slicer's event loop and never block it."""

    def __init__(self, module: str = "CTEnhanceLib") -> None:
        self._module = module
        self._process: Any = None  # a qt.QProcess while it runs
        self._partial = b""
        self._log = b""

    def start(
        self, arguments: Sequence[str], on_line: Callable[[str], None], on_end: Callable[[WorkerEnd], None]
    ) -> None:
        """Start ``python -u -m <module> <arguments>`` with standard output and error kept apart.

        Args:
            arguments: Words after the name of the program.
            on_line: Called with each line of standard output.
            on_end: Called when the process has ended.
        """
        self._on_line, self._on_end = on_line, on_end
        process = qt.QProcess()
        process.setProcessEnvironment(_environment())
        process.connect("readyReadStandardOutput()", self._read_output)
        process.connect("readyReadStandardError()", self._read_error)
        process.connect("finished(int,QProcess::ExitStatus)", self._finished)
        process.connect("errorOccurred(QProcess::ProcessError)", self._failed)
        self._process = process  # before start: a failure to start is reported from inside it
        process.start(python_program(), ["-u", "-m", self._module, *arguments])

    def cancel(self) -> None:
        """Close standard input of the worker and kill what is left after the grace time."""
        process = self._process
        if process is None:
            return
        process.closeWriteChannel()
        qt.QTimer.singleShot(GRACE_MS, lambda: self._kill(process))

    def stop_now(self) -> None:
        """Close standard input of the worker, wait for the grace time, kill, wait."""
        process = self._process
        if process is None:
            return
        process.closeWriteChannel()
        if not process.waitForFinished(GRACE_MS):
            self._kill(process)
            process.waitForFinished(GRACE_MS)
        self._end(None, started=True)  # does nothing when the end was reported meanwhile

    def _kill(self, process: qt.QProcess) -> None:
        if self._process is process:
            process.kill()

    def _read_output(self) -> None:
        if self._process is None:
            return
        lines = (self._partial + self._process.readAllStandardOutput().data()).split(b"\n")
        self._partial = lines.pop()
        for line in lines:
            self._on_line(line.decode("utf-8", errors="replace"))

    def _read_error(self) -> None:
        if self._process is not None:
            self._log = (self._log + self._process.readAllStandardError().data())[-_LOG_LIMIT:]

    def _finished(self, exit_code: int, status: int) -> None:
        self._read_output()
        self._read_error()
        self._end(exit_code if status == _NORMAL_EXIT else None, started=True)

    def _failed(self, error: int) -> None:
        if error == _FAILED_TO_START:  # "finished" never comes then
            self._end(None, started=False)

    def _end(self, exit_code: int | None, started: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.deleteLater()
        self._on_end(WorkerEnd(exit_code, started, self._log.decode("utf-8", errors="replace")))


def after_events(action: Callable[[], None]) -> None:
    """Do something once the events now waiting have been handled."""
    qt.QTimer.singleShot(0, action)


def _environment() -> qt.QProcessEnvironment:
    environment = qt.QProcessEnvironment.systemEnvironment()
    paths = [str(PACKAGE_FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment.insert("PYTHONPATH", os.pathsep.join(paths))
    environment.insert("PYTHONIOENCODING", "utf-8")
    return environment
