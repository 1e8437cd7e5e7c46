"""Choose the one CT series among what a folder holds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from CTEnhanceLib.dicom.find import find_dicom_files
from CTEnhanceLib.dicom.header import CT_CLASSES, SliceHeader, read_headers
from CTEnhanceLib.errors import InputRefusedError


def find_ct_series(folder: Path) -> list[SliceHeader]:
    """Give the headers of the only CT series in a folder (subfolders included), in the order of their files.

    Localizers (scouts), reports, dose pages and other objects that lie beside it are passed over.

    Raises:
        InputRefusedError: There is no CT series, or there are several.
    """
    headers = [header for path in find_dicom_files(folder) for header in read_headers(path)]
    slices = [header for header in headers if _is_ct_image(header)]
    if not slices:
        raise InputRefusedError(_why_no_ct(headers, folder.name))
    scanned = [header for header in slices if "LOCALIZER" not in header.image_type]
    if not scanned:
        raise InputRefusedError(
            f"{folder.name} holds only localizer (scout) images, which are no slices; "
            "give the folder of the axial series."
        )
    series: dict[str, list[SliceHeader]] = {}
    for header in scanned:
        series.setdefault(header.series_uid, []).append(header)
    if len(series) > 1:
        raise InputRefusedError(
            f"{folder.name} holds {len(series)} CT series ({_names(series.values())}); "
            "put the one you want into a folder of its own."
        )
    return scanned


def _is_ct_image(header: SliceHeader) -> bool:
    if header.sop_class:
        return header.sop_class in CT_CLASSES
    return header.modality == "CT" and min(header.size) > 0


def _why_no_ct(headers: list[SliceHeader], name: str) -> str:
    if any(header.modality == "CT" and min(header.size) > 0 for header in headers):
        return (
            f"{name} holds pictures captured from a screen (secondary capture), not CT slices; "
            "give the folder of the original CT series."
        )
    kinds = ", ".join(sorted({header.modality for header in headers if header.modality})) or "unknown"
    return f"{name} is not CT (modality {kinds}); give the folder of a CT series."


def _names(series: Iterable[list[SliceHeader]]) -> str:
    listed = [f"{headers[0].series_name or 'without number'}, {len(headers)} slices" for headers in series]
    return "; ".join(listed[:6]) + (f"; and {len(listed) - 6} more" if len(listed) > 6 else "")
