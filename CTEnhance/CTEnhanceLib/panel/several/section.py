"""The section "Several volumes": tick loaded thick volumes, compute them one after the other."""

from __future__ import annotations

import html
from types import SimpleNamespace
from typing import Any, Protocol

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.panel.dialogs import reported
from CTEnhanceLib.panel.reading.widgets import label
from CTEnhanceLib.panel.run.process import Worker
from CTEnhanceLib.panel.run.settings import Settings
from CTEnhanceLib.panel.several.run import CANCELLED, DONE, FAILED, SeveralRun
from CTEnhanceLib.panel.style import mark, quiet

_ROWS_SHOWN = 6


class Owner(Protocol):
    """What the section asks of the panel."""

    def settings_for_several(self) -> Settings:
        """What is chosen for all volumes; raises where nothing can be computed with it."""

    def new_worker(self) -> Worker:
        """A process for a run."""

    def update(self) -> None:
        """Called when a run began or ended."""


class SeveralSection:
    """Lists the loaded thick volumes and computes those that are ticked.

    Args:
        neighbour: The section of the panel that this one goes below.
        owner: The panel.
    """

    def __init__(self, neighbour: Any, owner: Owner) -> None:
        self._owner = owner
        self.run: SeveralRun | None = None
        self._ids: list[str] = []
        self.widgets = _widgets(neighbour)
        self.widgets.section.connect("contentsCollapsed(bool)", self._folded)
        self.widgets.startButton.connect("clicked(bool)", self._pressed)
        self._show()

    @property
    def is_running(self) -> bool:
        """Whether a run goes on."""
        return self.run is not None and self.run.is_running

    def refresh(self) -> None:
        """List the volumes again; cheap while the section is folded."""
        if not self.is_running and not self.widgets.section.collapsed:
            self._list()
        self._show()

    def forget(self) -> None:
        """The scene was closed: its volumes go from the list, and a run ends."""
        if self.is_running and self.run is not None:
            self.run.cancel()
        self._ids = []
        self.widgets.listWidget.clear()
        self.widgets.outcomeLabel.visible = False

    def stop_now(self) -> None:
        """End a run and wait for its end: Slicer quits or reloads the module."""
        if self.is_running and self.run is not None:
            self.run.stop_now()

    def ticked(self) -> list[Any]:
        """The volumes that are ticked."""
        rows = range(self.widgets.listWidget.count)
        chosen = [self._ids[i] for i in rows if self.widgets.listWidget.item(i).checkState() == qt.Qt.Checked]
        return [node for node in map(slicer.mrmlScene.GetNodeByID, chosen) if node is not None]

    def _list(self) -> None:
        from CTEnhanceLib.panel.volumes import thick_volumes

        nodes = thick_volumes()
        if [node.GetID() for node in nodes] == self._ids:
            return
        known = {self._ids[i]: self.widgets.listWidget.item(i).checkState() for i in range(len(self._ids))}
        self._ids = [node.GetID() for node in nodes]
        self.widgets.listWidget.clear()
        for node in nodes:
            item = qt.QListWidgetItem(node.GetName())
            item.setCheckState(known.get(node.GetID(), qt.Qt.Checked))
            self.widgets.listWidget.addItem(item)

    @reported
    def _folded(self, _folded: bool) -> None:
        self.refresh()

    @reported
    def _pressed(self) -> None:
        if self.is_running and self.run is not None:
            self.run.cancel()
            return
        run = SeveralRun(self._owner.new_worker(), self._changed, slicer.app.temporaryPath)
        settings = self._owner.settings_for_several()
        self.run = run
        run.start(self.ticked(), settings)

    def _changed(self) -> None:
        self._show()
        if self.run is not None and not self.run.is_running:
            self._owner.update()

    def _show(self) -> None:
        widgets, run = self.widgets, self.run
        running = self.is_running
        widgets.listWidget.enabled = not running
        widgets.emptyLabel.visible = not self._ids
        widgets.startButton.enabled = running or bool(self._ids)
        widgets.startButton.text = _("Cancel") if running else _("Compute the ticked ones")
        widgets.progressBar.visible = running
        if run is None or not run.entries:
            return
        widgets.progressBar.maximum = len(run.entries)
        widgets.progressBar.value = run.finished
        widgets.progressBar.setFormat(_("{done} of {total} volumes").format(done=run.finished, total=len(run.entries)))
        lines = [_line(entry.name, entry.status, entry.sentence) for entry in run.entries]
        widgets.outcomeLabel.text = "<br>".join(lines)
        widgets.outcomeLabel.visible = True
        bad = any(entry.status == FAILED for entry in run.entries)
        mark(widgets.outcomeLabel, "neutral" if running else "warning" if bad else "fit")


def _line(name: str, status: str, sentence: str) -> str:
    words = {DONE: _("done"), FAILED: _("no result"), CANCELLED: _("cancelled")}.get(status, _("waiting"))
    said = html.escape(sentence, quote=False)
    return f"{html.escape(name, quote=False)}: {words}" + (f"<br>{quiet(said)}" if status == FAILED else "")


def _widgets(neighbour: Any) -> SimpleNamespace:
    section = ctk.ctkCollapsibleButton()
    section.text = _("Several volumes\u2026")
    section.name = "severalCollapsibleButton"
    column = qt.QVBoxLayout(section)
    widgets = SimpleNamespace(section=section)
    widgets.introductionLabel = label(
        _("Computes the ticked volumes one after the other, with the model and the settings above."),
        "severalIntroductionLabel",
    )
    widgets.listWidget = qt.QListWidget()
    widgets.listWidget.name = "severalListWidget"
    widgets.listWidget.maximumHeight = _ROWS_SHOWN * 22
    widgets.emptyLabel = label(_("No thick volume is loaded."), "severalEmptyLabel")
    widgets.startButton = qt.QPushButton()
    widgets.startButton.name = "severalStartButton"
    widgets.progressBar = qt.QProgressBar()
    widgets.progressBar.name = "severalProgressBar"
    widgets.outcomeLabel = label("", "severalOutcomeLabel")
    widgets.outcomeLabel.visible = False
    for widget in vars(widgets).values():
        if widget is not section:
            column.addWidget(widget)
    layout = neighbour.parentWidget().layout()
    layout.insertWidget(layout.indexOf(neighbour) + 1, section)
    section.collapsed = True
    return widgets
