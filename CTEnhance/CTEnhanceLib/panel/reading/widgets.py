"""The widgets of the section, made in code: they change with the study that is read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import ctk
import qt
from slicer.i18n import tr as _


def make_section(neighbour: Any) -> SimpleNamespace:
    """Make the section below another one.

    Args:
        neighbour: A collapsible section of the panel.

    Returns:
        The widgets by name; ``section`` is the whole.
    """
    section = ctk.ctkCollapsibleButton()
    section.text = _("Reading study")
    section.name = "readingCollapsibleButton"
    column = qt.QVBoxLayout(section)
    widgets = SimpleNamespace(section=section)
    widgets.statusLabel = label(name="readingStatusLabel")
    widgets.startWidget = _start(widgets)
    widgets.readWidget = _read(widgets)
    for widget in (widgets.startWidget, widgets.readWidget, widgets.statusLabel):
        column.addWidget(widget)
    layout = neighbour.parentWidget().layout()
    layout.insertWidget(layout.indexOf(neighbour) + 1, section)
    widgets.readWidget.visible = False
    widgets.statusLabel.visible = False
    section.collapsed = True
    return widgets


def label(text: str = "", name: str = "") -> Any:
    """A label that breaks its lines."""
    made = qt.QLabel(text)
    made.wordWrap = True
    if name:
        made.name = name
    return made


def button(text: str, name: str, tip: str = "", *, checkable: bool = False) -> Any:
    """A button that does not take the keyboard away from the reading.

    Args:
        text: On the button.
        name: Object name.
        tip: Shown when the mouse rests on it.
        checkable: Whether it stays down.
    """
    made = qt.QPushButton(text)
    made.name = name
    made.toolTip = tip
    made.checkable = checkable
    made.focusPolicy = qt.Qt.NoFocus
    return made


def row(*widgets: Any) -> Any:
    """Widgets beside each other, without margins."""
    made = qt.QWidget()
    layout = qt.QHBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget)
    return made


def _start(widgets: SimpleNamespace) -> Any:
    whole = qt.QWidget()
    form = qt.QFormLayout(whole)
    form.setContentsMargins(0, 0, 0, 0)
    widgets.folderLineEdit = qt.QLineEdit()
    widgets.folderLineEdit.name = "readingFolderLineEdit"
    widgets.folderLineEdit.placeholderText = _("Folder of the study")
    widgets.browseButton = button("\u2026", "readingBrowseButton", _("Choose the folder of a study."))
    widgets.browseButton.maximumWidth = 36
    widgets.readerComboBox = qt.QComboBox()
    widgets.readerComboBox.name = "readingReaderComboBox"
    widgets.introductionLabel = label(name="readingIntroductionLabel")
    widgets.startButton = button(_("Start reading"), "readingStartButton")
    widgets.makeButton = button(
        _("Make a study\u2026"), "readingMakeButton", _("Blind the loaded volumes for readers."), checkable=True
    )
    widgets.scoreButton = button(
        _("Score\u2026"), "readingScoreButton", _("Show what readers answered; needs the key."), checkable=True
    )
    form.addRow(_("Study:"), row(widgets.folderLineEdit, widgets.browseButton))
    form.addRow(_("Reader:"), widgets.readerComboBox)
    form.addRow(widgets.introductionLabel)
    form.addRow(widgets.startButton)
    form.addRow(row(widgets.makeButton, widgets.scoreButton))
    return whole


def _read(widgets: SimpleNamespace) -> Any:
    whole = qt.QWidget()
    column = qt.QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    widgets.placeLabel = label(name="readingPlaceLabel")
    widgets.progressBar = qt.QProgressBar()
    widgets.progressBar.name = "readingProgressBar"
    widgets.planeButtons = {}
    widgets.planesWidget = row()
    widgets.aloneButton = button(
        _("One at a time"), "readingAloneButton", _("Show the chosen image alone and large (key O)."), checkable=True
    )
    widgets.questionsWidget = qt.QWidget()
    widgets.questionsLayout = qt.QVBoxLayout(widgets.questionsWidget)
    widgets.questionsLayout.setContentsMargins(0, 0, 0, 0)
    widgets.backButton = button(_("Back"), "readingBackButton", _("The set before (key Backspace)."))
    widgets.forthButton = button(_("Next"), "readingForthButton", _("The next set (key Return)."))
    widgets.pauseButton = button(_("Pause"), "readingPauseButton", _("Stop the time (key P)."), checkable=True)
    widgets.closeButton = button(_("Close"), "readingCloseButton", _("Leave; everything answered is kept."))
    widgets.keysLabel = label(name="readingKeysLabel")
    for widget in (
        widgets.placeLabel,
        widgets.progressBar,
        widgets.planesWidget,
        widgets.aloneButton,
        widgets.questionsWidget,
        row(widgets.backButton, widgets.forthButton),
        row(widgets.pauseButton, widgets.closeButton),
        widgets.keysLabel,
    ):
        column.addWidget(widget)
    return whole
