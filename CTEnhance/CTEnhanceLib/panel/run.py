"""One run of a worker, from the measured node to the computed one: all of it, or nothing.

While it lasts, the scene may be closed, the input deleted, Slicer quit or the module reloaded; each ends the worker
and leaves the scene as it was. Knows no Qt: the process comes as a `Worker`.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Protocol

import slicer
import vtk
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError, UsageError

from .process import Worker, WorkerEnd
from .progress import Progress, parse_progress

logger = logging.getLogger(__name__)

FOLDER_PREFIX = "CTEnhance-run-"
_STALE_SECONDS = 24 * 3600
_CANCELLED_EXIT_CODE = 130
_TOLD_EXIT_CODES = range(2, 7)  # the worker's last line of standard error is a sentence for the user


@dataclass(frozen=True)
class Settings:
    """What the user chose.

    Attributes:
        model: Name of an installed model, or a model folder.
        spacing: Distance of the computed slices, mm.
        device: ``auto``, ``cpu``, ``cuda:N`` or ``mps``.
        precision: ``auto``, ``fp32``, ``fp16`` or ``bf16``.
        thickness: Slice thickness typed in, mm; None takes what is known.
        consistency: Whether the result is matched to the measured slices.
        confidence: Whether a confidence volume is wanted.
    """

    model: str
    spacing: float = 1.0
    device: str = "auto"
    precision: str = "auto"
    thickness: float | None = None
    consistency: bool = True
    confidence: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        kind: ``done``, ``cancelled`` or ``failed``.
        node: The computed volume, when done.
        sentence: One sentence for the user.
        log: What the worker wrote to standard error.
        exit_code: What the worker returned; None when it was killed or crashed.
        seconds: How long it took.
        report: The report of the run, when done.
    """

    kind: str
    sentence: str = ""
    node: Any = None
    log: str = ""
    exit_code: int | None = None
    seconds: float = 0.0
    report: dict[str, Any] = field(default_factory=dict)


class Listener(Protocol):
    """Who wants to hear of a run."""

    def run_started(self, run: EnhanceRun) -> None:
        """It begins; `run_ended` follows, even when the worker cannot be started."""

    def run_progressed(self, progress: Progress) -> None:
        """A progress line came."""

    def run_ended(self, outcome: Outcome) -> None:
        """It is over, and nothing of it is left but the outcome."""


class EnhanceRun:
    """A run; start it once."""

    _active: EnhanceRun | None = None

    def __init__(self, worker: Worker, listener: Listener, temporary_folder: str | Path | None = None) -> None:
        self._worker = worker
        self._listener = listener
        self._temporary_folder = temporary_folder
        self._observations: list[tuple[vtk.vtkObject, int]] = []
        self._why_cancelled: str | None = None

    @classmethod
    def is_active(cls) -> bool:
        """Whether any run goes on in this Slicer."""
        return EnhanceRun._active is not None

    def start(
        self,
        input_node: slicer.vtkMRMLScalarVolumeNode,
        output_node: slicer.vtkMRMLScalarVolumeNode | None,
        settings: Settings,
    ) -> None:
        """Write the input where the worker finds it, and start the worker.

        Raises:
            UsageError: Another run goes on, or output and input are the same volume.
            InputRefusedError: The node holds no CT volume.
            OutputError: The temporary folder cannot be written.
        """
        if EnhanceRun.is_active():
            raise UsageError(_("A run is going on already: wait for its end, or cancel it."))
        from CTEnhanceLib.scene.output import refuse_same_node, volume_to_file  # imports SimpleITK

        refuse_same_node(input_node, output_node)
        self._input, self._settings = input_node, settings
        self._output_id = output_node.GetID() if output_node is not None else None
        self._started = time.monotonic()
        remove_stale_folders(self._temporary_folder)
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=self._temporary_folder))
        try:
            source = volume_to_file(input_node, self.folder / "input.nrrd")
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        EnhanceRun._active = self
        self._watch_scene()
        self._listener.run_started(self)
        self._worker.start(command_arguments(source, self.folder, settings), self._line_came, self._worker_ended)

    def cancel(self) -> None:
        """End the worker; the outcome follows within a second."""
        self._cancel(_("Cancelled; nothing was changed."))

    def stop_now(self) -> None:
        """End the worker and wait for it: for quitting and reloading."""
        self._why_cancelled = _("Cancelled; nothing was changed.")
        self._worker.stop_now()

    def _cancel(self, why: str) -> None:
        if self._why_cancelled is None:
            self._why_cancelled = why
            self._worker.cancel()

    def _watch_scene(self) -> None:
        scene = self._input.GetScene()

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def node_removed(_scene: Any, _event: str, node: Any) -> None:
            if node is self._input:
                self._cancel(_("The input volume was deleted: the run was cancelled."))

        def scene_closes(*_args: Any) -> None:
            self._cancel(_("The scene was closed: the run was cancelled."))

        for event, slot in ((scene.NodeAboutToBeRemovedEvent, node_removed), (scene.StartCloseEvent, scene_closes)):
            self._observations.append((scene, scene.AddObserver(event, slot)))

    def _line_came(self, line: str) -> None:
        progress = parse_progress(line)
        if progress is not None and self._why_cancelled is None:
            self._listener.run_progressed(progress)

    def _worker_ended(self, end: WorkerEnd) -> None:
        for observed, tag in self._observations:
            observed.RemoveObserver(tag)
        try:
            outcome = self._outcome(end)
        except Exception as error:
            logger.exception("The result could not be taken over")
            sentence = (
                str(error)
                if isinstance(error, CTEnhanceError)
                else _("The computed volume could not be taken into the scene ({error}).").format(error=error)
            )
            outcome = self._ended("failed", end, sentence)
        finally:
            EnhanceRun._active = None
            shutil.rmtree(self.folder, ignore_errors=True)
        self._listener.run_ended(outcome)

    def _outcome(self, end: WorkerEnd) -> Outcome:
        if self._why_cancelled is not None or end.exit_code == _CANCELLED_EXIT_CODE:
            return self._ended("cancelled", end, self._why_cancelled or _("The run was cancelled."))
        if end.exit_code != 0:
            return self._ended("failed", end, failure_sentence(end))
        from CTEnhanceLib.scene.output import result_from_file

        report = self.folder / "report.json"
        confidence = self.folder / "confidence.nrrd"
        node = result_from_file(
            self._input,
            self.folder / "output.nrrd",
            report,
            self._settings.spacing,
            output_node=self._chosen_output(),
            confidence_path=confidence if self._settings.confidence else None,
        )
        content = json.loads(report.read_text(encoding="utf-8"))
        return self._ended("done", end, node=node, report=content)

    def _chosen_output(self) -> slicer.vtkMRMLScalarVolumeNode | None:
        """The node chosen at the start, unless it was deleted since: then a new one is made."""
        if self._output_id is None:
            return None
        return self._input.GetScene().GetNodeByID(self._output_id)

    def _ended(self, kind: str, end: WorkerEnd, sentence: str = "", **more: Any) -> Outcome:
        seconds = time.monotonic() - self._started
        return Outcome(kind, sentence, log=end.log, exit_code=end.exit_code, seconds=seconds, **more)


def command_arguments(source: Path, folder: Path, settings: Settings) -> list[str]:
    """The arguments of ``ctenhance`` for these settings."""
    arguments = ["enhance", str(source), str(folder / "output.nrrd")]
    arguments += ["--model", settings.model, "--spacing", f"{settings.spacing:g}"]
    arguments += ["--device", settings.device, "--precision", settings.precision]
    if settings.thickness is not None:
        arguments += ["--thickness", f"{settings.thickness:g}"]
    if settings.confidence:
        arguments += ["--confidence", str(folder / "confidence.nrrd")]
    if not settings.consistency:
        arguments.append("--no-consistency")
    return [*arguments, "--report", str(folder / "report.json"), "--progress", "json", "--lifeline", "stdin"]


def failure_sentence(end: WorkerEnd) -> str:
    """Why a run failed, in one sentence: the worker's own where it gave one."""
    if not end.started:
        return _("Slicer's Python could not be started: reinstall Slicer, or see the log.")
    if end.exit_code is None:
        return _("The computing process was ended from outside (often: not enough memory); nothing was changed.")
    lines = [line.strip() for line in end.log.splitlines() if line.strip()]
    if end.exit_code in _TOLD_EXIT_CODES and lines:
        return lines[-1].partition("ctenhance: ")[2] or lines[-1]
    return _("The computing process failed (exit code {code}); the log says more.").format(code=end.exit_code)


def remove_stale_folders(temporary_folder: str | Path | None, clock: Callable[[], float] = time.time) -> None:
    """Remove what a crashed Slicer left a day ago or longer: it holds a patient's images."""
    root = Path(temporary_folder or tempfile.gettempdir())
    for folder in root.glob(f"{FOLDER_PREFIX}*"):
        try:
            if clock() - folder.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # somebody else's, or gone already
            continue
