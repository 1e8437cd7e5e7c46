"""Slices that end in zeros: a download or a disk that failed leaves files of the right length without their content."""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.dicom.header import SliceHeader
from CTEnhanceLib.errors import InputRefusedError, shown

# an oblique reformat loses rows to its frame slowly, and clean air holds many zeros itself
_LOST_SHARE, _MEASURED_SHARE = 1 / 16, 0.5


def zeros_at_end(stored: np.ndarray) -> int:
    """Count the zeros with which stored values (rows, columns) end."""
    values = stored.ravel()
    if not values.size or values[-1]:
        return 0
    nonzero = np.flatnonzero(values)
    return int(values.size - 1 - nonzero[-1]) if nonzero.size else int(values.size)


def check_ends(volume: np.ndarray, headers: list[SliceHeader], zeros: list[int]) -> None:
    """Refuse a slice that ends in zeros where the slice beside it holds a picture.

    Args:
        volume: HU, shape (slices, rows, columns), along the slice axis.
        headers: The header of each slice.
        zeros: How many zeros each ends with.

    Raises:
        InputRefusedError: Naming the file.
    """
    for index, count in enumerate(zeros):
        if count < _LOST_SHARE * volume[index].size:
            continue
        for beside in (index - 1, index + 1):
            if not 0 <= beside < len(zeros) or zeros[beside] >= count:
                continue
            sample = volume[beside].ravel()[-count:][:: max(1, count // 4096)]
            usual = np.unique(sample, return_counts=True)[1].max() / len(sample)
            if 1 - usual > _MEASURED_SHARE:  # clean air is one value
                raise InputRefusedError(
                    f"{shown(headers[index].path.name)} ends in zeros where the slice beside it holds a picture, as a "
                    "download leaves it that was cut off; copy or export it again."
                )
