"""A DICOM series in: checked, sorted, in Hounsfield units, on an exact grid."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.dicom.checks import check_headers
from CTEnhanceLib.dicom.folder.select import find_ct_series
from CTEnhanceLib.dicom.grid import SeriesGrid, series_grid
from CTEnhanceLib.dicom.lost_pixels import check_ends, zeros_at_end
from CTEnhanceLib.dicom.pixels import stored_values, to_hounsfield
from CTEnhanceLib.dicom.rescale import check_continuity, check_intercept
from CTEnhanceLib.dicom.tolerance import tolerant_of_headers
from CTEnhanceLib.errors import InputRefusedError, naming, shown

if TYPE_CHECKING:
    import SimpleITK as sitk


@tolerant_of_headers()
def read_series(folder: Path | str, series: str | None = None) -> sitk.Image:
    """Read the CT series in a folder (or one multi-frame CT file).

    Headers are checked before any pixel is decoded; then one file at a time is decoded into the volume.

    Args:
        folder: Folder that holds a CT series, subfolders included; file names do not matter.
        series: Series Number or Series Instance UID; needed where the folder holds several.

    Returns:
        int16 HU (int32 where a value lies beyond). The third axis runs from slice to slice, i x j = k (right-handed).
        Facts of the header that do not name the patient are metadata in SimpleITK's key format, for example
        "0018|0050" Slice Thickness, "0018|1210" Convolution Kernel, "0020|000e" Series Instance UID.

    Raises:
        InputRefusedError: In one sentence, what the folder holds instead of a CT volume and what to give.
    """
    folder = Path(folder)
    with naming(folder):
        headers = find_ct_series(folder, series)
        check_headers(headers)
        grid = series_grid(headers)
        volume = _load(grid)
        check_continuity(volume, grid.headers)
        check_intercept(volume, grid.headers)
    return _to_image(volume, grid)


def _load(grid: SeriesGrid) -> np.ndarray:
    rows, columns = grid.headers[0].size
    volume = np.empty((len(grid.headers), rows, columns), dtype=np.int16)
    zeros = [0] * len(volume)
    numbered = sorted(enumerate(grid.headers), key=lambda entry: str(entry[1].path))
    for path, slices in groupby(numbered, key=lambda entry: entry[1].path):
        stored, padding = stored_values(path)
        for index, header in slices:
            frame = header.frame or 0
            if frame >= len(stored):
                raise InputRefusedError(
                    f"{shown(path.name)} holds fewer pictures than its header lists; export the series again."
                )
            values = to_hounsfield(stored[frame], header.slope or 1.0, header.intercept or 0.0, padding)
            if values.dtype != volume.dtype and values.dtype == np.int32:
                volume = volume.astype(np.int32)
            volume[index] = values
            zeros[index] = zeros_at_end(stored[frame])
    check_ends(volume, grid.headers, zeros)
    return volume


def _to_image(volume: np.ndarray, grid: SeriesGrid) -> sitk.Image:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(volume)
    image.SetOrigin(grid.origin.tolist())
    image.SetSpacing(grid.spacing)
    image.SetDirection(grid.direction.ravel().tolist())
    for key, text in grid.headers[0].facts.items():
        image.SetMetaData(key, text)
    return image
