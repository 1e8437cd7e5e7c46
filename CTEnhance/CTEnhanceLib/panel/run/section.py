"""The button, the bar and the outcome: Enhance, watch, cancel, or read what went wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Protocol

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.panel.dialogs import reported
from CTEnhanceLib.panel.run.outcome import Outcome
from CTEnhanceLib.panel.run.progress import Progress, duration_words, progress_fraction, progress_text
from CTEnhanceLib.panel.run.run import EnhanceRun
from CTEnhanceLib.panel.style import mark
from CTEnhanceLib.panel.translation import translated

_BAR_STEPS = 1000


class Starter(Protocol):
    """What the section asks of the panel when the button is pressed."""

    def start_run(self, listener: RunSection) -> None:
        """Start a run for what is chosen, unless the user says no when asked."""

    def run_report(self, outcome: Outcome) -> str:
        """What "Copy report" puts on the clipboard."""


class RunSection:
    """Shows one run after the other.

    Args:
        ui: The panel's widgets by name.
        starter: Starts runs.
        on_change: Called when a run began or ended.
        on_done: Called with the computed volume.
    """

    def __init__(
        self, ui: Any, starter: Starter, on_change: Callable[[], None], on_done: Callable[[Any], None]
    ) -> None:
        self._ui, self._starter, self._on_change, self._on_done = ui, starter, on_change, on_done
        self.run: EnhanceRun | None = None
        self.outcome: Outcome | None = None
        self._words = ""
        ui.progressBar.maximum = _BAR_STEPS
        ui.enhanceButton.connect("clicked(bool)", self._pressed)
        ui.logButton.connect("toggled(bool)", self._show_log)
        ui.copyReportButton.connect("clicked(bool)", self._copy_report)

    @property
    def is_running(self) -> bool:
        """Whether a run of this panel goes on."""
        return self.run is not None

    def run_started(self, run: EnhanceRun) -> None:
        """Turn Enhance into Cancel and show the bar."""
        self.run = run
        ui = self._ui
        self._hide_outcome()
        ui.progressBar.value = 0
        ui.progressBar.setFormat(_("Starting"))
        ui.progressBar.visible = True
        ui.enhanceButton.text = _("Cancel")
        ui.enhanceButton.toolTip = _("End the run within a second; the scene stays as it was.")
        ui.enhanceButton.enabled = True
        self._on_change()

    def run_progressed(self, progress: Progress) -> None:
        """Move the bar."""
        self._ui.progressBar.value = int(_BAR_STEPS * progress_fraction(progress))
        self._ui.progressBar.setFormat(progress_text(progress))

    def run_ended(self, outcome: Outcome) -> None:
        """Say how it ended."""
        self.run = None
        self.outcome = replace(outcome, node=None)  # a volume that the user deletes must not live on here
        self._words = done_sentence(outcome) if outcome.kind == "done" else outcome.sentence
        ui = self._ui
        ui.progressBar.visible = False
        self._show_outcome(outcome.kind)
        ui.logTextEdit.setPlainText(outcome.log)
        ui.logButton.visible = bool(outcome.log.strip())
        ui.reportButtonsWidget.visible = outcome.kind == "failed"
        self._on_change()
        if outcome.kind == "done":
            self._on_done(outcome.node)

    def refresh(self, can_start: bool, why_not: str) -> None:
        """Enable the button when there is something to start or to cancel."""
        button = self._ui.enhanceButton
        if self.is_running:
            return
        button.text = _("Enhance")
        button.enabled = can_start
        button.toolTip = why_not or _("Compute the thin slices.")

    def restyle(self) -> None:
        """Follow a change between Slicer's light and dark style."""
        if self.outcome is not None:
            self._show_outcome(self.outcome.kind)

    def forget(self) -> None:
        """Take the last outcome off the panel: it belongs to another scene."""
        if self.outcome is not None and not self.is_running:
            self.outcome = None
            self._hide_outcome()

    def stop_now(self) -> None:
        """End a run and wait for its end: Slicer quits or reloads the module."""
        if self.run is not None:
            self.run.stop_now()

    @reported
    def _pressed(self) -> None:
        if self.run is not None:
            self._ui.enhanceButton.enabled = False
            self._ui.enhanceButton.text = _("Cancelling\u2026")
            self.run.cancel()
            return
        self._starter.start_run(self)

    def _hide_outcome(self) -> None:
        ui = self._ui
        for widget in (ui.outcomeLabel, ui.reportButtonsWidget, ui.logTextEdit):
            widget.visible = False
        ui.logButton.checked = False

    def _show_outcome(self, kind: str) -> None:
        self._ui.outcomeLabel.text = self._words
        mark(self._ui.outcomeLabel, {"done": "fit", "failed": "refused"}.get(kind, "neutral"))
        self._ui.outcomeLabel.visible = True
        self._ui.copyReportButton.text = _("Copy report")

    @reported
    def _show_log(self, on: bool) -> None:
        self._ui.logTextEdit.visible = on
        self._ui.logButton.text = _("Hide log") if on else _("Show log")

    @reported
    def _copy_report(self) -> None:
        if self.outcome is not None:
            slicer.app.clipboard().setText(self._starter.run_report(self.outcome))
            self._ui.copyReportButton.text = _("Copied")


def done_sentence(outcome: Outcome) -> str:
    """What was computed, how long it took, and how well it gives back what was measured."""
    text = _("Done in {time}: {name}.").format(
        time=duration_words(outcome.seconds, estimated=False), name=outcome.node.GetName()
    )
    count = outcome.report.get("measured_series", 1)
    if count > 1:
        text += " " + _("Computed from {count} measured series.").format(count=count)
    consistency = outcome.report.get("consistency", {})
    if "after" in consistency and "cubic" in consistency:
        text += " " + _(
            "Averaged over the slice thickness it differs from the measured slices by {after:.1f} HU "
            "(cubic interpolation: {cubic:.1f} HU)."
        ).format(after=consistency["after"], cubic=consistency["cubic"])
    for warning in outcome.report.get("warnings", []):
        text += f" {translated(warning)}"
    return text
