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
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Protocol

import slicer
import vtk
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError, OutputError, UsageError
from CTEnhanceLib.panel.run.outcome import Outcome, failure_sentence
from CTEnhanceLib.panel.run.process import Worker, WorkerEnd
from CTEnhanceLib.panel.run.progress import Progress, parse_progress
from CTEnhanceLib.panel.run.settings import (
    FURTHER_FILE,
    INPUT_FILE,
    OUTPUT_FILE,
    PREVIEW_FOLDER,
    REPORT_FILE,
    UNCERTAINTY_FILE,
    Settings,
    command_arguments,
)
from CTEnhanceLib.panel.translation import translated

if TYPE_CHECKING:
    from CTEnhanceLib.scene.preview import PreviewVolume

logger = logging.getLogger(__name__)

FOLDER_PREFIX = "CTEnhance-run-"
_STALE_SECONDS = 24 * 3600
_CANCELLED_EXIT_CODE = 130
_PREVIEW_SECONDS = 0.5


class Listener(Protocol):
    """What is told of a run."""

    def run_started(self, run: EnhanceRun) -> None:
        """It begins; `run_ended` follows, even when the worker cannot be started."""

    def run_progressed(self, progress: Progress) -> None:
        """A progress line came."""

    def run_ended(self, outcome: Outcome) -> None:
        """It is over, and nothing of it is left but the outcome."""


class EnhanceRun:
    """A run; start it once.

    Args:
        worker: The process.
        listener: Who wants to hear of it.
        temporary_folder: Where the files of the run lie; None takes the system's.
        later: Does something after the events now waiting; it lets the window be drawn between writing the input and
            starting the worker.
    """

    _active: Any = None  # of whatever kind: there is one at a time

    def __init__(
        self,
        worker: Worker,
        listener: Listener,
        temporary_folder: str | Path | None = None,
        later: Callable[[Callable[[], None]], None] = lambda action: action(),
    ) -> None:
        self._worker = worker
        self._listener = listener
        self._temporary_folder = temporary_folder
        self._later = later
        self._launched = self._over = False
        self._observations: list[tuple[vtk.vtkObject, int]] = []
        self._why_cancelled: str | None = None
        self._preview: PreviewVolume | None = None
        self._previewed = 0.0

    @classmethod
    def is_active(cls) -> bool:
        """Whether any run goes on in this Slicer."""
        return EnhanceRun._active is not None

    def start(
        self,
        input_node: slicer.vtkMRMLScalarVolumeNode,
        output_node: slicer.vtkMRMLScalarVolumeNode | None,
        settings: Settings,
        further: Sequence[slicer.vtkMRMLScalarVolumeNode] = (),
    ) -> None:
        """Write the input and further series where the worker finds it, and start the worker.

        Args:
            input_node: The measured volume.
            output_node: Takes the result; None makes a new one.
            settings: How it is computed.
            further: Further series that are fused in.

        Raises:
            UsageError: Another run goes on, or output and input are the same volume.
            InputRefusedError: The node holds no CT volume.
            OutputError: The temporary folder cannot be written.
        """
        if EnhanceRun.is_active():
            raise UsageError(_("A run is going on already: wait for its end, or cancel it."))
        from CTEnhanceLib.scene.output import refuse_same_node  # imports SimpleITK

        refuse_same_node(input_node, output_node)
        self._input, self._settings = input_node, settings
        self._further_ids = [node.GetID() for node in further]
        self._output_id = output_node.GetID() if output_node is not None else None
        self._started = time.monotonic()
        self._write_input(further)
        if settings.preview:
            self._begin_preview()
        EnhanceRun._active = self
        self._watch_scene()
        self._listener.run_started(self)
        self._later(self._launch)

    def cancel(self) -> None:
        """End the worker; the outcome follows within a second."""
        self._cancel(_("Cancelled; nothing was changed."))

    def stop_now(self) -> None:
        """End the worker and wait for it: for quitting and reloading."""
        self._why_cancelled = _("Cancelled; nothing was changed.")
        if self._launched:
            self._worker.stop_now()
        else:
            self._launch()

    def _write_input(self, further: Sequence[slicer.vtkMRMLScalarVolumeNode]) -> None:
        from CTEnhanceLib.scene.output import volume_to_file

        try:
            remove_stale_folders(self._temporary_folder)
            self.folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=self._temporary_folder))
        except OSError as error:
            raise OutputError(_unwritable(error)) from error
        try:
            volume_to_file(self._input, self.folder / INPUT_FILE)
            for number, node in enumerate(further):
                volume_to_file(node, self.folder / FURTHER_FILE.format(number))
        except BaseException as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            if isinstance(error, (OSError, RuntimeError)):  # SimpleITK tells of a full disk by a RuntimeError
                raise OutputError(_unwritable(error)) from error
            raise

    def _launch(self) -> None:
        if self._over or self._launched:
            return
        if self._why_cancelled is not None:
            self._worker_ended(WorkerEnd(None, started=True, log=""))
            return
        self._launched = True
        self._worker.start(command_arguments(self.folder, self._settings), self._line_came, self._worker_ended)

    def _cancel(self, why: str) -> None:
        if self._why_cancelled is None:
            self._why_cancelled = why
            if self._launched:
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

    def _begin_preview(self) -> None:
        from CTEnhanceLib.scene.preview import PreviewVolume, slice_looked_at

        spacing = self._settings.spacing
        self._settings = replace(self._settings, first=slice_looked_at(self._input, spacing))
        self._preview = PreviewVolume(self._input, spacing, self.folder / PREVIEW_FOLDER)

    def _show_preview(self) -> None:
        """Show the slices that came; a picture that fails must not spoil the run."""
        if self._preview is None or time.monotonic() - self._previewed < _PREVIEW_SECONDS:
            return
        try:
            self._preview.take_new()
        except Exception:
            logger.exception("The slices computed so far could not be shown")
            self._preview = None
        self._previewed = time.monotonic()

    def _end_preview(self) -> None:
        preview, self._preview = self._preview, None
        if preview is not None:
            preview.remove()

    def _line_came(self, line: str) -> None:
        progress = parse_progress(line)
        if progress is not None and self._why_cancelled is None:
            self._listener.run_progressed(progress)
            self._show_preview()

    def _worker_ended(self, end: WorkerEnd) -> None:
        self._over = True
        for observed, tag in self._observations:
            observed.RemoveObserver(tag)
        try:
            self._end_preview()
            outcome = self._outcome(end)
        except Exception as error:
            logger.exception("The result could not be taken over")
            sentence = (
                translated(str(error))
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

        report = self.folder / REPORT_FILE
        uncertainty = self.folder / UNCERTAINTY_FILE
        node = result_from_file(
            self._input,
            self.folder / OUTPUT_FILE,
            report,
            self._settings.spacing,
            output_node=self._chosen_output(),
            uncertainty_path=uncertainty if self._settings.uncertainty else None,
            further=[self._input.GetScene().GetNodeByID(node_id) for node_id in self._further_ids],
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


def _unwritable(error: Exception) -> str:
    return _(
        "Slicer's temporary folder cannot be written ({error}): make room on the disk, or choose another folder in "
        "the settings."
    ).format(error=error)


def remove_stale_folders(temporary_folder: str | Path | None, clock: Callable[[], float] = time.time) -> None:
    """Remove what a crashed Slicer left a day ago or longer: it holds a patient's images."""
    root = Path(temporary_folder or tempfile.gettempdir())
    for folder in root.glob(f"{FOLDER_PREFIX}*"):
        try:
            if clock() - folder.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # somebody else's, or gone already
            continue
