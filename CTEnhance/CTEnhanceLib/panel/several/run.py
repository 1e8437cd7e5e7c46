"""One run of the cohort command over loaded volumes: each result enters the scene when it is whole.

Knows no Qt: the process comes as a `Worker`. One volume that cannot be computed never stops the others.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError, OutputError, UsageError
from CTEnhanceLib.panel.run.outcome import failure_sentence
from CTEnhanceLib.panel.run.process import Worker, WorkerEnd
from CTEnhanceLib.panel.run.progress import parse_progress
from CTEnhanceLib.panel.run.run import FOLDER_PREFIX, EnhanceRun, remove_stale_folders
from CTEnhanceLib.panel.run.settings import Settings
from CTEnhanceLib.panel.translation import translated

logger = logging.getLogger(__name__)

WAITING, DONE, FAILED, CANCELLED = "waiting", "done", "failed", "cancelled"


@dataclass
class Entry:
    """One volume of the run.

    Attributes:
        node_id: The measured volume.
        name: Its name.
        status: `WAITING`, `DONE`, `FAILED` or `CANCELLED`.
        sentence: Why there is no result, for the user.
    """

    node_id: str
    name: str
    status: str = WAITING
    sentence: str = ""


class SeveralRun:
    """A run over several volumes; start it once.

    Args:
        worker: The process.
        on_change: Called whenever a volume is done, and at the end.
        temporary_folder: Where the files of the run lie.
    """

    def __init__(self, worker: Worker, on_change: Callable[[], None], temporary_folder: str | Path) -> None:
        self._worker, self._on_change, self._temporary_folder = worker, on_change, temporary_folder
        self.entries: list[Entry] = []
        self.is_running = False
        self.log = ""
        self._cancelled = False

    @property
    def finished(self) -> int:
        """How many volumes are done, one way or the other."""
        return sum(entry.status != WAITING for entry in self.entries)

    def start(self, nodes: Sequence[slicer.vtkMRMLScalarVolumeNode], settings: Settings) -> None:
        """Write the volumes where the worker finds them, and start it.

        Args:
            nodes: The measured volumes; one that holds no CT volume is an entry that failed.
            settings: What is chosen, for all of them.

        Raises:
            UsageError: Another run goes on, or no volume was given.
            OutputError: The temporary folder cannot be written.
        """
        if EnhanceRun.is_active():
            raise UsageError(_("A run is going on already: wait for its end, or cancel it."))
        if not nodes:
            raise UsageError(_("Tick at least one volume first."))
        self._settings, self._scene = settings, nodes[0].GetScene()
        self.entries = [Entry(node.GetID(), node.GetName()) for node in nodes]
        self._write_inputs(nodes)
        EnhanceRun._active = self
        self.is_running = True
        self._on_change()
        if self.finished == len(self.entries):
            self._worker_ended(WorkerEnd(0, started=True, log=""))
            return
        self._worker.start(self._arguments(), self._line_came, self._worker_ended)

    def cancel(self) -> None:
        """End the worker; volumes that are done stay."""
        self._cancelled = True
        self._worker.cancel()

    def stop_now(self) -> None:
        """End the worker and wait for it: for quitting and reloading."""
        self._cancelled = True
        self._worker.stop_now()

    def _write_inputs(self, nodes: Sequence[slicer.vtkMRMLScalarVolumeNode]) -> None:
        from CTEnhanceLib.scene.output import volume_to_file

        try:
            remove_stale_folders(self._temporary_folder)
            self.folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=self._temporary_folder))
            (self.folder / "in").mkdir()
        except OSError as error:
            raise OutputError(_unwritable(error)) from error
        for number, (node, entry) in enumerate(zip(nodes, self.entries)):
            try:
                # numbers, because names of volumes may be names of patients
                volume_to_file(node, self.folder / "in" / f"{number:03}.nrrd")
            except CTEnhanceError as error:
                entry.status, entry.sentence = FAILED, translated(str(error))
            except (OSError, RuntimeError) as error:  # SimpleITK tells of a full disk by a RuntimeError
                shutil.rmtree(self.folder, ignore_errors=True)
                raise OutputError(_unwritable(error)) from error

    def _arguments(self) -> list[str]:
        chosen = self._settings
        arguments = ["cohort", str(self.folder / "in"), str(self.folder / "out"), "--workers", "1"]
        arguments += ["--model", chosen.model, "--spacing", f"{chosen.spacing:g}"]
        arguments += ["--device", chosen.device, "--precision", chosen.precision]
        for option, value in (("--detail", chosen.detail), ("--profile", chosen.profile), ("--fwhm", chosen.fwhm)):
            if value is not None:
                arguments += [option, value if isinstance(value, str) else f"{value:g}"]
        if not chosen.consistency:
            arguments.append("--no-consistency")
        return [*arguments, "--progress", "json", "--lifeline", "stdin"]

    def _line_came(self, line: str) -> None:
        if parse_progress(line) is not None and not self._cancelled:
            self._take_results()
            self._on_change()

    def _take_results(self) -> None:
        """Take what is whole into the scene: its state is what the worker writes last."""
        output = self.folder / "out"
        for number, entry in enumerate(self.entries):
            if entry.status == WAITING and (output / ".cohort" / f"{number:03}.json").is_file():
                self._take(entry, output / f"{number:03}.nrrd", output / f"{number:03}.report.json")

    def _take(self, entry: Entry, volume: Path, report: Path) -> None:
        from CTEnhanceLib.scene.output import result_from_file

        node = self._scene.GetNodeByID(entry.node_id)
        if node is None:
            entry.status, entry.sentence = FAILED, _("The volume was deleted while it was computed.")
            return
        try:
            result_from_file(node, volume, report, self._settings.spacing)
            entry.status = DONE
        except Exception as error:
            logger.exception("A result could not be taken over")
            entry.status = FAILED
            entry.sentence = _("The computed volume could not be taken into the scene ({error}).").format(error=error)

    def _worker_ended(self, end: WorkerEnd) -> None:
        self.log = end.log
        try:
            self._take_results()
            reasons = self._reasons()
            for number, entry in enumerate(self.entries):
                if entry.status == WAITING:
                    entry.status = CANCELLED if self._cancelled else FAILED
                    said = _("Cancelled.") if self._cancelled else translated(reasons.get(f"{number:03}", ""))
                    entry.sentence = said or failure_sentence(end)
        finally:
            EnhanceRun._active = None
            self.is_running = False
            shutil.rmtree(self.folder, ignore_errors=True)
        self._on_change()

    def _reasons(self) -> dict[str, str]:
        """Give why volumes have no result, by the name that they have in the run's folder."""
        try:
            whole: dict[str, Any] = json.loads((self.folder / "out" / "cohort.json").read_text(encoding="utf-8"))
            return {item["name"]: item["reason"] for item in whole["items"]}
        except (OSError, ValueError, KeyError):
            return {}


def _unwritable(error: Exception) -> str:
    return _("Slicer's temporary folder cannot be written ({error}): make room on the disk.").format(error=error)
