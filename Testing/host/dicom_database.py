"""Slicer's DICOM database (ctkDICOMDatabase), as far as modules ask it; values without an answer are empty texts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pydicom


class DicomDatabase:
    """Knows files by instance and series.

    Args:
        folder: Where copies of files go.
    """

    def __init__(self, folder: Path) -> None:
        self.isOpen = True
        self._folder = folder
        self._files: dict[str, str] = {}
        self._series: dict[str, list[str]] = {}

    def take(self, folder: str, copy: bool) -> None:
        for path in sorted(Path(folder).rglob("*")):
            if not path.is_file():
                continue
            header = pydicom.dcmread(path, stop_before_pixels=True)
            if header.SOPInstanceUID in self._files:
                continue
            place = path
            if copy:
                place = self._folder / "dicom" / header.SeriesInstanceUID / header.SOPInstanceUID
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)
            self._files[header.SOPInstanceUID] = str(place)
            self._series.setdefault(header.SeriesInstanceUID, []).append(str(place))

    def fileForInstance(self, uid: str) -> str:
        return self._files.get(uid, "")

    def filesForSeries(self, uid: str, hits: int = -1) -> tuple[str, ...]:
        files = tuple(self._series.get(uid, ()))
        return files if hits < 0 else files[:hits]

    def instanceValue(self, uid: str, tag: str) -> str:
        if not self.fileForInstance(uid):
            return ""
        group, element = (int(part, 16) for part in tag.split(","))
        header = pydicom.dcmread(self.fileForInstance(uid), stop_before_pixels=True)
        value = header.get((group, element))
        return "" if value is None else "\\".join(str(v) for v in (value.value if value.VM > 1 else [value.value]))
