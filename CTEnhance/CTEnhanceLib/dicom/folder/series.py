"""The CT series that lie in a folder, and the choice of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from CTEnhanceLib.dicom.folder.find import find_dicom_files, is_hidden
from CTEnhanceLib.dicom.folder.scan import QuickHeader, quick_header
from CTEnhanceLib.dicom.header import CT_CLASSES, read_headers
from CTEnhanceLib.dicom.tolerance import tolerant_of_headers
from CTEnhanceLib.errors import MAX_LENGTH, InputRefusedError, shown

_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
_LOCALIZER = "LOCALIZER"


@dataclass(frozen=True)
class Series:
    """A CT series in a folder.

    Attributes:
        number: Series Number, empty where it is not stated.
        uid: Series Instance UID.
        description: Series Description.
        kernel: Convolution kernel.
        slices: How many slices there are.
        thickness: Slice thickness, mm; None where it is not stated.
        interval: Median distance of neighbouring slices, mm; None where the positions give none.
        paths: The files.
    """

    number: str
    uid: str
    description: str
    kernel: str
    slices: int
    thickness: float | None
    interval: float | None
    paths: tuple[Path, ...]

    def __str__(self) -> str:
        named = f"number {shown(self.number, 12)}" if self.number else "without number"
        told = f" '{shown(self.description)}'" if self.description else ""
        kernel = f", kernel {shown(self.kernel, 16)}" if self.kernel else ""
        thickness = f" of {self.thickness:.4g} mm" if self.thickness else ""
        interval = f" every {self.interval:.4g} mm" if self.interval else ""
        return f"{named}{told}, {self.slices} slices{thickness}{interval}{kernel}"


class SeveralSeriesError(InputRefusedError):
    """A folder holds several CT series and none was chosen, or the choice fits several or none.

    Attributes:
        series: All CT series of the folder.
    """

    def __init__(self, sentence: str, series: Sequence[Series] = ()) -> None:
        super().__init__(sentence)
        self.series = tuple(series)


@tolerant_of_headers()
def list_series(source: Path | str | Sequence[Path]) -> list[Series]:
    """List the CT series of a folder (subfolders included) by number; only headers are read.

    Localizers (scouts), reports, dose pages and other objects that lie beside them are passed over.

    Args:
        source: The folder, one DICOM file, or a list of DICOM files.

    Raises:
        InputRefusedError: There is no CT series, a file cannot be accounted for, or an object of another kind lies
            inside a CT series.
    """
    source = Path(source) if isinstance(source, str) else source
    paths = find_dicom_files(source) if isinstance(source, Path) else source
    name = place_name(source)
    objects = [(path, header) for path in paths if (header := _quick_or_none(path, source)) is not None]
    slices = [(path, header) for path, header in objects if _is_ct_image(header)]
    if not slices:
        raise InputRefusedError(_why_no_ct([header for _, header in objects], name))
    scanned = [(path, header) for path, header in slices if _LOCALIZER not in header.image_type]
    if not scanned:
        raise InputRefusedError(
            f"{name} holds only localizer (scout) images, which are no slices; give the folder of the axial series."
        )
    grouped: dict[str, list[tuple[Path, QuickHeader]]] = {}
    for path, header in scanned:
        grouped.setdefault(header.series_uid, []).append((path, header))
    grouped = _beside_hidden(grouped, source)
    _account_for_others(objects, grouped)
    return sorted((_summary(uid, files) for uid, files in grouped.items()), key=_order)


def _beside_hidden(
    grouped: dict[str, list[tuple[Path, QuickHeader]]], source: Path | Sequence[Path]
) -> dict[str, list[tuple[Path, QuickHeader]]]:
    """Leave out series that lie in hidden files alone (a bin); slices of another series may be hidden, and count."""
    if not isinstance(source, Path) or not source.is_dir():
        return grouped
    seen = {uid: files for uid, files in grouped.items() if not all(is_hidden(path, source) for path, _ in files)}
    return seen or grouped


def place_name(source: Path | Sequence[Path]) -> str:
    """Give the name of a folder, or of the folder that files lie in, for messages."""
    path = source if isinstance(source, Path) else source[0].parent
    return shown(path.name or path.resolve().name or path)


def choose_series(series: Sequence[Series], wanted: str | None, name: str) -> Series:
    """Give the series of a folder that is wanted.

    Args:
        series: What `list_series` found.
        wanted: Series Number or Series Instance UID; None where there should be only one.
        name: Name of the folder, for messages.

    Raises:
        SeveralSeriesError: There are several, or none is called so.
    """
    if wanted is None:
        fitting = list(series)
    else:
        wanted = wanted.strip()
        fitting = [one for one in series if wanted == one.uid or _same_number(wanted, one.number)]
    if len(fitting) == 1:
        return fitting[0]
    if wanted is None:
        begin, listed = f"{name} holds {len(series)} CT series", series
        end = "choose one with --series NUMBER or UID."
    elif fitting:
        begin, listed = f"{len(fitting)} CT series of {name} have the number {shown(wanted, 20)}", fitting
        end = f"choose one by its UID, such as {fitting[0].uid[:64]}."
    else:
        begin, listed = f"{name} holds no CT series {shown(wanted, 64)} but {len(series)} other", series
        end = "choose one with --series NUMBER or UID."
    raise SeveralSeriesError(f"{begin} ({_listed(listed, MAX_LENGTH - len(begin) - len(end) - 25)}); {end}", series)


def _listed(series: Sequence[Series], room: int) -> str:
    told: list[str] = []
    for one in series:
        if told and len("; ".join([*told, str(one)])) > room:
            return "; ".join([*told, f"and {len(series) - len(told)} more"])
        told.append(str(one))
    return "; ".join(told)


def _same_number(wanted: str, number: str) -> bool:
    try:
        return int(wanted) == int(number)
    except ValueError:
        return False


def _quick(path: Path) -> QuickHeader:
    quick = quick_header(path)
    if quick is not None:
        return quick
    header = read_headers(path)[0]
    return QuickHeader(
        header.sop_class,
        header.series_uid.strip("\0 "),
        header.modality,
        header.image_type,
        header.size,
        header.position or (),
        header.orientation or (),
    )


def _quick_or_none(path: Path, source: Path | Sequence[Path]) -> QuickHeader | None:
    """Look at a file; None for a hidden one or an index that cannot be read, which are no slices for sure."""
    try:
        return _quick(path)
    except InputRefusedError:
        if (
            isinstance(source, Path)
            and source.is_dir()
            and (is_hidden(path, source) or path.name.upper() == "DICOMDIR")
        ):
            return None
        raise


def _is_ct_image(header: QuickHeader) -> bool:
    if header.sop_class:
        return header.sop_class in CT_CLASSES
    return header.modality == "CT" and min(header.size) > 0


def _account_for_others(
    objects: list[tuple[Path, QuickHeader]], grouped: dict[str, list[tuple[Path, QuickHeader]]]
) -> None:
    """Refuse an object that is no slice though it says that it belongs to a series of slices."""
    for path, header in objects:
        scout = _is_ct_image(header) and _LOCALIZER in header.image_type
        if header.sop_class == _DIRECTORY_CLASS or (_is_ct_image(header) and not scout):
            continue
        if not header.series_uid:
            raise InputRefusedError(
                f"{shown(path.name)} names no series, so it may be a lost slice; export the series again, or remove it."
            )
        around = grouped.get(header.series_uid)
        if around and not (scout and header.orientation != around[0][1].orientation):
            what = "a localizer" if scout else "not CT Image Storage"
            raise InputRefusedError(
                f"{shown(path.name)} is {what} but stands in the same series as the slices, so a slice may be lost; "
                "export the series again, or remove the file if it is no slice."
            )


def _summary(uid: str, files: list[tuple[Path, QuickHeader]]) -> Series:
    headers = read_headers(files[0][0])
    first = headers[0]
    frames = [header for path, _ in files for header in read_headers(path)] if first.frame is not None else []
    positions = [header.position or () for header in frames] or [header.position for _, header in files]
    return Series(
        number=first.series_number,
        uid=uid,
        description=first.description,
        kernel=first.facts.get("0018|1210", ""),
        slices=len(positions),
        thickness=first.thickness,
        interval=_interval(positions, first.orientation or ()),
        paths=tuple(path for path, _ in files),
    )


def _interval(positions: Sequence[tuple[float, ...]], orientation: tuple[float, ...]) -> float | None:
    if len(orientation) != 6 or any(len(position) != 3 for position in positions) or len(positions) < 2:
        return None
    normal = np.cross(orientation[:3], orientation[3:])
    gaps = np.diff(np.sort(np.array(positions) @ normal))
    middle = float(np.median(gaps))
    return middle if np.isfinite(middle) and middle > 0 else None


def _order(series: Series) -> tuple[int, str]:
    return (int(series.number) if series.number.lstrip("-").isdecimal() else 1 << 31, series.uid)


def _why_no_ct(headers: list[QuickHeader], name: str) -> str:
    if any(header.modality == "CT" and min(header.size) > 0 for header in headers):
        return (
            f"{name} holds pictures captured from a screen (secondary capture), not CT slices; "
            "give the folder of the original CT series."
        )
    kinds = ", ".join(sorted({header.modality for header in headers if header.modality})) or "unknown"
    return f"{name} is not CT (modality {shown(kinds)}); give the folder of a CT series."
