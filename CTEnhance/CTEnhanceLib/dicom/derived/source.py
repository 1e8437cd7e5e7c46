"""The measured series that a computed one is derived from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.dicom.checks import check_headers
from CTEnhanceLib.dicom.dataset import read_dataset
from CTEnhanceLib.dicom.folder.select import find_ct_series
from CTEnhanceLib.dicom.folder.series import place_name
from CTEnhanceLib.dicom.grid import SeriesGrid, series_grid
from CTEnhanceLib.dicom.header import SliceHeader
from CTEnhanceLib.errors import UsageError

if TYPE_CHECKING:
    import SimpleITK as sitk
    from pydicom.dataset import Dataset

# thick slices that a thin one is said to come from: as many as a generator with five slices of context sees
REACH_INTERVALS = 2.5


@dataclass(frozen=True)
class SourceSeries:
    """A measured series: its grid and the whole header of its first slice."""

    grid: SeriesGrid
    dataset: Dataset

    @property
    def rescale(self) -> tuple[float, float] | None:
        """Rescale slope and intercept, where all slices share them."""
        found = {(header.slope, header.intercept) for header in self.headers}
        slope, intercept = found.pop()
        return None if found or slope is None or intercept is None else (slope, intercept)

    @property
    def headers(self) -> list[SliceHeader]:
        """Headers of all slices along the slice axis."""
        return self.grid.headers

    def crossing(self, corners: np.ndarray) -> list[SliceHeader]:
        """Give the slices that come within half a slice of a thin slice with these corners (LPS mm, (n, 3))."""
        heights = (corners - self.grid.origin) @ self.grid.direction[:, 2] / self.grid.spacing[2]
        low, high = heights.min() - 0.5, heights.max() + 0.5
        return [header for index, header in enumerate(self.headers) if low <= index <= high]

    def near(self, position: np.ndarray) -> list[SliceHeader]:
        """Give the slices around a point (LPS mm): those within `REACH_INTERVALS` intervals along the normal.

        Args:
            position: LPS mm, shape (3,).
        """
        height = float((np.asarray(position) - self.grid.origin) @ self.grid.direction[:, 2])
        interval = self.grid.spacing[2]
        return [
            header
            for index, header in enumerate(self.headers)
            if abs(index * interval - height) <= REACH_INTERVALS * interval
        ]


def read_source(source: Path | Sequence[Path], image: sitk.Image, series: str | None = None) -> SourceSeries:
    """Read the headers of the source series and check that `image` lies on its in-plane grid.

    Args:
        source: The folder of the series, or its files.
        image: The computed volume.
        series: Series Number or UID, where the folder holds several.

    Raises:
        InputRefusedError: The folder holds no usable CT series.
        UsageError: The volume does not come from that series: patient and study would be wrong.
    """
    headers = find_ct_series(source, series)
    check_headers(headers)
    grid = series_grid(headers)
    if not _fits(image, grid):
        raise UsageError(
            f"The volume does not lie on the slices of {place_name(source)}, so it is not derived from that series; "
            "name the folder that it was computed from."
        )
    dataset = read_dataset(grid.headers[0].path, header_only=True)
    dataset.decode()
    return SourceSeries(grid, dataset)


def further_source(source: Path | Sequence[Path], series: str | None) -> SourceSeries:
    """Read the headers of a further series that was fused into a computed volume; it may lie in any orientation."""
    headers = find_ct_series(source, series)
    grid = series_grid(headers)
    return SourceSeries(grid, read_dataset(grid.headers[0].path, header_only=True))


def _fits(image: sitk.Image, grid: SeriesGrid) -> bool:
    """Tell whether a volume lies on the pixels of a series, all of them or a rectangle, and among its slices."""
    rows, columns = grid.headers[0].size
    origin = (np.asarray(image.GetOrigin()) - grid.origin) @ grid.direction
    first = origin[:2] / grid.spacing[:2]
    last_pixel = first + np.array(image.GetSize()[:2]) - 1
    extent = len(grid.headers) * grid.spacing[2]
    last = origin[2] + (image.GetSize()[2] - 1) * image.GetSpacing()[2]
    return (
        (np.abs(first - np.rint(first)) * grid.spacing[:2] < 0.01).all()
        and first.min() > -0.5
        and (last_pixel < np.array([columns, rows]) - 0.5).all()
        and np.allclose(image.GetSpacing()[:2], grid.spacing[:2], rtol=1e-3)
        and np.allclose(np.reshape(image.GetDirection(), (3, 3)), grid.direction, atol=1e-3)
        and origin[2] < extent
        and last > -grid.spacing[2]
    )
