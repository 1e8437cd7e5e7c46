"""Making a study of the volumes that are loaded: a table says which case and kind each of them is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import qt
import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError
from CTEnhanceLib.panel.dialogs import ask_for_folder, reported
from CTEnhanceLib.panel.reading.widgets import button, label
from CTEnhanceLib.panel.translation import translated

if TYPE_CHECKING:
    from CTEnhanceLib.scene.reading.loaded import Assigned


class StudyMaker:
    """A table of the loaded volumes, and the button that blinds them.

    Args:
        widgets: Of the section.
        say: Says something in the section.
    """

    def __init__(self, widgets: Any, say: Callable[..., None]) -> None:
        self._widgets, self._say = widgets, say
        self._nodes: list[Any] = []
        self.whole = qt.QWidget()
        column = qt.QVBoxLayout(self.whole)
        column.setContentsMargins(0, 0, 0, 0)
        self.table = qt.QTableWidget()
        self.table.name = "readingVolumesTable"
        self.table.minimumHeight = 120
        self.readersLineEdit = qt.QLineEdit()
        self.readersLineEdit.text = "reader1 reader2"
        self.writeButton = button(_("Blind and write\u2026"), "readingWriteButton")
        column.addWidget(
            label(_("Give each volume its case and its kind (thick, true, a method's name). Empty lines are left out."))
        )
        column.addWidget(self.table)
        column.addWidget(label(_("Readers, with spaces between:")))
        column.addWidget(self.readersLineEdit)
        column.addWidget(self.writeButton)
        widgets.startWidget.layout().addRow(self.whole)
        self.whole.visible = False
        widgets.makeButton.connect("clicked(bool)", reported(lambda _on=False: self._show(widgets.makeButton.checked)))
        self.writeButton.connect("clicked(bool)", reported(lambda _on=False: self._write()))

    def fill(self) -> None:
        """List the volumes of the scene with a first guess."""
        from CTEnhanceLib.scene.reading.loaded import guess_assignments

        assigned = guess_assignments(slicer.mrmlScene)
        self._nodes = [each.node for each in assigned]
        table = self.table
        titles = [_("Volume"), _("Case"), _("Kind")]
        table.setColumnCount(len(titles))
        table.setRowCount(len(assigned))
        table.setHorizontalHeaderLabels(titles)
        for line, each in enumerate(assigned):
            for column, text in enumerate((each.node.GetName(), each.case, each.kind)):
                item = qt.QTableWidgetItem(text)
                if column == 0:
                    item.setFlags(qt.Qt.ItemIsEnabled)
                table.setItem(line, column, item)
        table.resizeColumnsToContents()

    def assigned(self) -> list[Assigned]:
        """What the table says now; lines without case and kind are left out."""
        from CTEnhanceLib.scene.reading.loaded import Assigned

        found = []
        for line, node in enumerate(self._nodes):
            case, kind = (self.table.item(line, column).text().strip() for column in (1, 2))
            if case or kind:
                found.append(Assigned(node, case, kind))
        return found

    def write(self, folder: str) -> None:
        """Blind the volumes into ``<folder>/for readers`` and write the key beside it.

        Raises:
            CTEnhanceError: The table does not make a study, or there is one already.
        """
        from CTEnhanceLib.scene.reading.loaded import study_of_nodes, write_study_of_nodes

        assigned = self.assigned()
        readers = self.readersLineEdit.text.split()
        study = study_of_nodes(assigned, _("Blinded reading"), readers, seed=_seed())
        place, key = Path(folder) / "for readers", Path(folder) / "key.json"
        write_study_of_nodes(assigned, study, place, key)
        self._widgets.folderLineEdit.text = str(place)
        self._say(
            _("Readers get {place}. The key is {key}: keep it from them.").format(place=place, key=key),
            "fit",
        )

    def _show(self, on: bool) -> None:
        self.whole.visible = on
        if on:
            self.fill()

    def _write(self) -> None:
        folder = ask_for_folder(_("Choose a folder for study and key"))
        if not folder:
            return
        try:
            with slicer.util.WaitCursor():
                self.write(folder)
        except CTEnhanceError as error:
            self._say(translated(str(error)), "refused")


def _seed() -> int:
    """A seed that nobody chose."""
    import secrets

    return secrets.randbelow(2**31)
