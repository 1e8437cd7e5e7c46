"""The Installation section: check, repair, install from a folder, copy a report."""

from __future__ import annotations

import platform
from typing import Any, Callable

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.panel.dialogs import ask_for_folder, reported
from CTEnhanceLib.panel.install.check import Finding, parse
from CTEnhanceLib.panel.install.packages import install_from_folder, repair
from CTEnhanceLib.panel.install.words import all_words, report
from CTEnhanceLib.panel.run.problem_report import without_names
from CTEnhanceLib.panel.run.process import QtWorker, Worker, WorkerEnd
from CTEnhanceLib.panel.style import mark
from CTEnhanceLib.version import __version__

CHECK_PROGRAM = "CTEnhanceLib.panel.install.check"


class InstallationSection:
    """Says what is missing, half installed or does not fit, and what to press.

    Args:
        ui: The panel's widgets by name.
        requirements: Path of requirements.txt.
        make_worker: Makes the process that looks.
    """

    def __init__(
        self,
        ui: Any,
        requirements: str,
        make_worker: Callable[[], Worker] = lambda: QtWorker(CHECK_PROGRAM),
    ) -> None:
        self._ui, self._requirements, self._make_worker = ui, requirements, make_worker
        self.findings: list[Finding] = []
        self._worker: Worker | None = None
        self._log = ""
        ui.checkInstallationButton.connect("clicked(bool)", self._check)
        ui.repairInstallationButton.connect("clicked(bool)", self._repair)
        ui.wheelsButton.connect("clicked(bool)", self._install_from_folder)
        ui.copyInstallationButton.connect("clicked(bool)", self._copy)
        ui.installationCollapsibleButton.connect("contentsCollapsed(bool)", self._opened)
        self._say(_("Press Check to see whether everything is there that a run needs."), "neutral")

    @property
    def is_checking(self) -> bool:
        """Whether the check is still running."""
        return self._worker is not None

    def open(self) -> None:
        """Show the section and check: a run has just failed because a package is missing."""
        self._ui.installationCollapsibleButton.collapsed = False
        self.check()

    def check(self) -> None:
        """Check, in a process of its own: a broken torch cannot harm Slicer there."""
        if self.is_checking:
            return
        self.findings, self._log = [], ""
        self._say(_("Checking\u2026"), "neutral")
        self._worker = self._make_worker()
        self._worker.start([], self._line_came, self._ended)

    def stop(self) -> None:
        """The panel goes away."""
        if self._worker is not None:
            self._worker.stop_now()

    def _line_came(self, line: str) -> None:
        self.findings = parse(line) or self.findings

    def _ended(self, end: WorkerEnd) -> None:
        self._worker, self._log = None, end.log
        if not self.findings:
            why = _("Slicer's Python did not start") if not end.started else _("the check itself broke")
            self._say(
                _("Nothing could be found out ({why}): press Copy report and ask in the Slicer forum.").format(why=why),
                "refused",
            )
            return
        bad = any(finding.is_fatal for finding in self.findings)
        self._say(all_words(self.findings), "refused" if bad else "fit")

    def restyle(self) -> None:
        """Follow a change between Slicer's light and dark style."""
        mark(self._ui.installationLabel, self._kind)

    def _say(self, words: str, kind: str) -> None:
        self._kind = kind
        self._ui.installationLabel.text = words
        mark(self._ui.installationLabel, kind)

    @reported
    def _opened(self, collapsed: bool) -> None:
        if not collapsed and not self.findings:
            self.check()

    @reported
    def _check(self) -> None:
        self.check()

    @reported
    def _repair(self) -> None:
        done = repair(self.findings, self._requirements)
        if done:
            self._say(_("Installed: {names}. Restart Slicer now.").format(names=", ".join(done)), "warning")
        else:
            self.check()

    @reported
    def _install_from_folder(self) -> None:
        folder = ask_for_folder(_("Choose a folder of wheels"))
        if not folder:
            return
        with slicer.util.WaitCursor():
            installed = install_from_folder(folder, self._requirements)
        slicer.util.infoDisplay(
            _("Installed: {packages}.").format(packages=", ".join(installed))
            if installed
            else _("Everything is installed already.")
        )
        self.check()

    @reported
    def _copy(self) -> None:
        system = [
            f"CTEnhance {__version__}, Slicer {slicer.app.applicationVersion}, Python {platform.python_version()}",
            f"System: {platform.platform()}, {platform.machine()}",
        ]
        text = report(self.findings, system, without_names(self._log))
        slicer.app.clipboard().setText(without_names(text))
