""" "Export as derived DICOM...": a computed volume to a folder, and into Slicer's DICOM database."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, Callable

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import OutputError
from CTEnhanceLib.panel.dialogs import ask_for_folder, reported
from CTEnhanceLib.panel.style import quiet
from CTEnhanceLib.panel.translation import translated


class DerivedExport:
    """Two buttons below a computed volume, and the warning of the other way.

    Args:
        ui: The panel's widgets by name.
        computed: Gives the computed volume that is looked at, or None.
    """

    def __init__(self, ui: Any, computed: Callable[[], Any]) -> None:
        self._ui, self._computed = ui, computed
        ui.exportFolderButton.connect("clicked(bool)", self._to_folder)
        ui.exportDatabaseButton.connect("clicked(bool)", self._to_database)

    def refresh(self) -> None:
        """Offer the export while a computed volume is looked at."""
        ui = self._ui
        ui.exportWidget.visible = self._computed() is not None
        ui.exportDatabaseButton.enabled = open_database() is not None
        ui.exportWarningLabel.text = quiet(
            _(
                "Slicer's own 'Export to DICOM...' would mark the computed slices as ORIGINAL, as if a scanner had "
                "measured them: use these buttons instead."
            )
        )

    @reported
    def _to_folder(self) -> None:
        node = self._computed()
        sources = _agreed_sources(node) if node is not None else None
        around = ask_for_folder(_("Folder in which the DICOM series gets a folder of its own")) if sources else ""
        if not around:
            return
        folder = free_folder(Path(around), node.GetName())
        _write(node, folder, sources)
        slicer.util.infoDisplay(
            _("{count} images that say that they are derived lie in {folder}.").format(
                count=len(list(folder.iterdir())), folder=folder
            )
        )

    @reported
    def _to_database(self) -> None:
        node, database = self._computed(), open_database()
        sources = _agreed_sources(node) if node is not None and database is not None else None
        if sources is None:
            return
        place = Path(tempfile.mkdtemp(prefix="CTEnhanceExport-", dir=slicer.app.temporaryPath))
        try:
            uid = _write(node, place / "series", sources)
            count = len(list((place / "series").iterdir()))
            known = bool(database.filesForSeries(uid))
            if not known:
                add_to_database(database, place / "series", uid, count)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        words = _("This series is in Slicer's DICOM database already.")
        if not known:
            words = _("{count} images that say that they are derived are in Slicer's DICOM database.")
        slicer.util.infoDisplay(words.format(count=count))


def open_database() -> Any:
    """Slicer's DICOM database; None where there is none or it is not open."""
    database = getattr(slicer, "dicomDatabase", None)
    return database if database is not None and database.isOpen else None


def add_to_database(database: Any, folder: Path, series: str, count: int) -> None:
    """Copy a series into Slicer's DICOM database, as Slicer's own export does (ctkDICOMIndexer).

    Args:
        database: Slicer's DICOM database.
        folder: The files of the series.
        series: Its Series Instance UID.
        count: How many images it has.

    Raises:
        OutputError: Not all of its images are in the database afterwards.
    """
    import ctk

    indexer = ctk.ctkDICOMIndexer()
    indexer.addDirectory(database, str(folder), True)
    indexer.waitForImportFinished()
    there = len(database.filesForSeries(series))
    if there != count:
        raise OutputError(
            f"Slicer's DICOM database took {there} of {count} images; see whether its disk is full, or export to a "
            "folder."
        )


def free_folder(around: Path, name: str) -> Path:
    """A folder name that is free, after a volume; it names the volume only where a file system allows it."""
    plain = "".join(letter if letter.isalnum() or letter in " -_.[]" else "_" for letter in name).strip(" .")[:80]
    number, folder = 1, around / (plain or "computed")
    while folder.exists():
        number += 1
        folder = around / f"{plain or 'computed'} {number}"
    return folder


def _agreed_sources(node: Any) -> Any:
    """The source files of a computed volume; None where some are missing and the user would rather not go on."""
    from CTEnhanceLib.scene.derived_series import sources_of

    sources = sources_of(node)
    if not sources.missing:
        return sources
    without = _("The series would become an anonymous study of its own, which names no source images.")
    if sources.main:
        without = _("The series would not name all images that it was computed from.")
    question = f"{translated(sources.missing)} {without} {_('Export all the same?')}"
    return sources if slicer.util.confirmOkCancelDisplay(question) else None


def _write(node: Any, folder: Path, sources: Any) -> str:
    from CTEnhanceLib.scene.derived_series import write_series_of

    with slicer.util.WaitCursor():
        return write_series_of(node, folder, sources)
