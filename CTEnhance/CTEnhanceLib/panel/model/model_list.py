"""The list of models: name, card, hash; and folders that the user added, remembered in Slicer's settings."""

from __future__ import annotations

from typing import Callable

import qt
import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.panel.dialogs import ask_for_folder, reported
from CTEnhanceLib.panel.model.models import ModelEntry, list_models, read_entry
from CTEnhanceLib.panel.translation import translated

SETTINGS_KEY = "CTEnhance/ModelFolders"


class ModelList:
    """Fills the selector, shows the card, adds folders.

    Args:
        selector: The combo box.
        card_button: Shows and hides the card.
        card: The browser that shows it.
        add_button: Asks for a folder.
        on_change: Called when the choice changed.
    """

    def __init__(
        self,
        selector: qt.QComboBox,
        card_button: qt.QToolButton,
        card: qt.QTextBrowser,
        add_button: qt.QToolButton,
        on_change: Callable[[], None],
    ) -> None:
        self._selector, self._card_button, self._card, self._on_change = selector, card_button, card, on_change
        self.entries: list[ModelEntry] = []
        self.refresh()
        selector.connect("currentIndexChanged(int)", self._chosen)
        card_button.connect("toggled(bool)", self._card_toggled)
        add_button.connect("clicked()", self._ask_for_folder)

    @property
    def entry(self) -> ModelEntry | None:
        """The chosen model; None when there is none."""
        index = self._selector.currentIndex
        return self.entries[index] if 0 <= index < len(self.entries) else None

    def choose(self, key: str) -> None:
        """Choose by key; a folder that is not in the list yet is added, what is not there any more is passed over."""
        if not key or (self.entry is not None and self.entry.key == key):
            return
        if all(entry.key != key for entry in self.entries):
            try:
                self.entries.append(read_entry(key))
            except ModelRefusedError:
                return
        self._fill(key)

    def refresh(self) -> None:
        """Read the installed and added models again."""
        chosen = self.entry.key if self.entry else ""
        self.entries = list_models(_added_folders())
        self._fill(chosen)

    def add_folder(self, folder: str) -> None:
        """Add a model folder, remember it, choose it; say why when it cannot be used."""
        try:
            entry = read_entry(folder)
        except ModelRefusedError as error:
            slicer.util.errorDisplay(translated(str(error)))
            return
        folders = [known for known in _added_folders() if known != folder]
        qt.QSettings().setValue(SETTINGS_KEY, [*folders, folder])
        self.entries = [known for known in self.entries if known.key != entry.key] + [entry]
        self._fill(entry.key)
        self._on_change()

    def _fill(self, key: str) -> None:
        self._selector.blockSignals(True)
        self._selector.clear()
        for entry in self.entries:
            self._selector.addItem(entry.title, entry.key)
            tip = f"{entry.spec.description}\nsha256 {entry.sha256}\n{entry.path}"
            self._selector.setItemData(self._selector.count - 1, tip, qt.Qt.ToolTipRole)
        if not self.entries:
            self._selector.addItem(_("No model is installed"), "")
        self._selector.currentIndex = max(self._selector.findData(key), 0)
        self._selector.blockSignals(False)
        self._card_button.enabled = bool(self.entries)
        self._show_card(self._card_button.checked)

    @reported
    def _chosen(self, _index: int) -> None:
        self._show_card(self._card_button.checked)
        self._on_change()

    def _show_card(self, on: bool) -> None:
        entry = self.entry
        self._card.setVisible(on and entry is not None)
        if on and entry is not None:
            self._card.setMarkdown(_card_markdown(entry))

    @reported
    def _card_toggled(self, on: bool) -> None:
        self._show_card(on)

    @reported
    def _ask_for_folder(self) -> None:
        folder = ask_for_folder(_("Choose a model folder"))
        if folder:
            self.add_folder(folder)


def _added_folders() -> list[str]:
    """Folders from the settings; QSettings gives a single text where the list has one entry."""
    value = qt.QSettings().value(SETTINGS_KEY)
    if not value:
        return []
    return [value] if isinstance(value, str) else [str(folder) for folder in value]


def _card_markdown(entry: ModelEntry) -> str:
    facts = _("sha256 of model.json: {sha256}\n\nFolder: {folder}").format(
        sha256=f"`{entry.sha256}`", folder=f"`{entry.path}`"
    )
    return f"{entry.card or entry.spec.description}\n\n---\n\n{facts}\n"
