"""Which series a command works on: the main one, and further ones of the same scan."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.ct.geometry import slice_geometry
from CTEnhanceLib.dicom.folder.series import list_series
from CTEnhanceLib.dicom.read import read_series
from CTEnhanceLib.dicom.volumes import holds_dicom, read_volume
from CTEnhanceLib.errors import InputRefusedError, UsageError

if TYPE_CHECKING:
    import SimpleITK as sitk

ALL = "all"
_SERIES_UID, _FRAME_OF_REFERENCE = "0020|000e", "0020|0052"
_THICK_MM = 1.4
_COMPUTED = "computed] research"


@dataclass(frozen=True)
class Input:
    """A series that was read.

    Attributes:
        image: The volume.
        folder: DICOM folder or file that holds it, None for a volume file.
    """

    image: sitk.Image
    folder: Path | None

    @property
    def uid(self) -> str | None:
        """Series Instance UID, None where there is none."""
        return _fact(self.image, _SERIES_UID) or None


def add_series_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --series and --also."""
    parser.add_argument(
        "--series",
        metavar="N|UID|all",
        help="the series of a DICOM folder that holds several; all: fuse all thick ones of a frame of reference",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="SERIES",
        help="a further thick series of the same scan, in any orientation: a volume, a DICOM folder, or a series "
        "number or UID of INPUT; may be given several times",
    )


def read_inputs(args: argparse.Namespace) -> list[Input]:
    """Read the main series and the further ones, main series first.

    Raises:
        InputRefusedError: One cannot be read.
        UsageError: A series is asked for in an input that holds none.
    """
    path = Path(args.input)
    is_dicom = path.exists() and holds_dicom(path)
    if args.series and not is_dicom:
        raise UsageError(f"--series chooses among DICOM series, but {path.name} is a volume file; leave it out.")
    if args.series == ALL:
        if args.also:
            raise UsageError("--series all takes all series already; leave --also out, or name the main series.")
        return _all_series(path)
    image = read_series(path, args.series) if args.series else read_volume(path)
    inputs = [Input(image, path if is_dicom else None)]
    for further in args.also:
        if Path(further).exists():
            inputs.append(Input(read_volume(further), Path(further) if holds_dicom(further) else None))
        elif is_dicom:
            inputs.append(Input(read_series(path, further), path))
        else:
            raise InputRefusedError(f"{further} does not exist; give a volume file or a DICOM folder.")
    return inputs


def used_sources(report: dict[str, Any], further: list[Input]) -> list[tuple[Path, str]]:
    """Give folder and Series Instance UID of each further DICOM series that entered the volume."""
    return [
        (one.folder, one.uid)
        for one, told in zip(further, report.get("further_series", []))
        if told["used"] and one.folder is not None and one.uid
    ]


def _all_series(folder: Path) -> list[Input]:
    """Read all thick series of a folder that share a frame of reference; the main one is the first axial one."""
    thick = [
        series
        for series in list_series(folder)
        if series.interval and series.interval >= _THICK_MM and _COMPUTED not in series.description
    ]
    if not thick:
        raise InputRefusedError(
            f"{folder.name} holds no thick series (slices {_THICK_MM:g} mm apart or more); choose another folder."
        )
    inputs = [Input(read_series(folder, series.uid), folder) for series in thick]
    main = next((one for one in inputs if _is_axial(one.image)), inputs[0])
    frame = _fact(main.image, _FRAME_OF_REFERENCE)
    others = [one for one in inputs if one is not main and _fact(one.image, _FRAME_OF_REFERENCE) == frame]
    return [main, *others]


def _is_axial(image: sitk.Image) -> bool:
    normal = image.GetDirection()[slice_geometry(image).axis :: 3]
    return abs(normal[2]) == max(abs(part) for part in normal)


def _fact(image: sitk.Image, key: str) -> str:
    return image.GetMetaData(key).strip() if image.HasMetaDataKey(key) else ""
