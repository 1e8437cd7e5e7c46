"""Choose the one CT series among what a folder holds and read its headers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from CTEnhanceLib.dicom.folder.series import choose_series, list_series, place_name
from CTEnhanceLib.dicom.header import SliceHeader, read_headers
from CTEnhanceLib.errors import InputRefusedError, shown


def find_ct_series(source: Path | Sequence[Path], wanted: str | None = None) -> list[SliceHeader]:
    """Give the headers of a CT series in a folder (subfolders included), in the order of their files.

    Args:
        source: The folder, one DICOM file, or the files of the series.
        wanted: Series Number or Series Instance UID; needed where there are several.

    Raises:
        InputRefusedError: There is no CT series, or there are several and none is chosen.
    """
    series = choose_series(list_series(source), wanted, place_name(source))
    headers = [header for path in series.paths for header in read_headers(path)]
    stranger = next((header for header in headers if header.series_uid.strip("\0 ") != series.uid), None)
    if stranger:
        raise InputRefusedError(
            f"The header of {shown(stranger.path.name)} is damaged (it names two series); export the series again."
        )
    return headers
