"""PSNR, MSE and SSIM with every convention fixed: the same images give figures tens of dB apart under others.

All are taken on the stored 12-bit value v = clip(HU + 1024, 0, 4095) with the range 4095: MSE on v / 4095 and PSNR =
-10 log10(MSE); SSIM in 2D after Wang et al. (IEEE Trans. Image Process. 2004;13:600-612): Gaussian window of 11 pixels
with sigma 1.5, population covariance, K1 0.01, K2 0.03; equal to scikit-image's (a test holds it there).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.ct.intensity import STORED_MAX, to_stored
from CTEnhanceLib.errors import InputRefusedError

SSIM_SIGMA = 1.5
SSIM_WINDOW = 11
SSIM_K1, SSIM_K2 = 0.01, 0.03
_SSIM_BORDER = SSIM_WINDOW // 2


@dataclass(frozen=True)
class SliceFigures:
    """Figures of one region, slice by slice; NaN where the region is absent from a slice, or
    (SSIM) touches only its border.

    Attributes:
        mse: mean squared error of value/4095, (n_slices,).
        psnr: PSNR in dB at range 4095, (n_slices,); inf where a slice is reproduced exactly.
        ssim: structural similarity, (n_slices,).
        voxels: voxels of the region, (n_slices,).
    """

    mse: np.ndarray
    psnr: np.ndarray
    ssim: np.ndarray
    voxels: np.ndarray

    @property
    def pooled_mse(self) -> float:
        """MSE over all voxels of the region at once; NaN where it has none."""
        total = self.voxels.sum()
        return float(np.nansum(self.mse * self.voxels) / total) if total else float("nan")

    @property
    def pooled_psnr(self) -> float:
        """PSNR of the pooled MSE, dB."""
        return float(psnr_of(np.asarray(self.pooled_mse)))

    def mean(self, figure: str) -> float:
        """Mean of `figure` ("psnr", "mse" or "ssim") over the slices that have one; NaN without any.

        A slice that the region touches only near the border, where the window of SSIM does not fit in, has no SSIM.
        """
        values = getattr(self, figure)[self.voxels > 0]
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else float("nan")


def psnr_of(mse: np.ndarray) -> np.ndarray:
    """PSNR in dB of a mean squared error of value/4095 (so the range is 1); inf for 0.

    Args:
        mse: Mean squared errors, any shape; the result has the same.
    """
    with np.errstate(divide="ignore"):
        return -10.0 * np.log10(mse)


def ssim_map(candidate: np.ndarray, reference: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean SSIM of two stored-value images, and its map without the border the window does not fit in.

    Args:
        candidate: image on the 12-bit value, (rows, cols).
        reference: the true image, likewise.

    Returns:
        The mean, and the map of (rows - 10, cols - 10) whose mean it is.

    Raises:
        InputRefusedError: the images are smaller than the window.
    """
    if min(reference.shape) < SSIM_WINDOW:
        rows, cols = reference.shape
        raise InputRefusedError(
            f"A slice of {rows} x {cols} pixels is too small for SSIM, whose window has {SSIM_WINDOW} pixels a side: "
            "compare larger slices."
        )
    full = _ssim(reference.astype(np.float64), candidate.astype(np.float64))
    inner = slice(_SSIM_BORDER, -_SSIM_BORDER)
    return float(full[inner, inner].mean()), full[inner, inner]


def _ssim(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """SSIM = (2 ux uy + C1)(2 vxy + C2) / ((ux^2 + uy^2 + C1)(vx + vy + C2)), Wang 2004, eq. 13, at each pixel."""
    from scipy.ndimage import gaussian_filter

    def mean(values: np.ndarray) -> np.ndarray:
        return np.asarray(gaussian_filter(values, SSIM_SIGMA, truncate=_SSIM_BORDER / SSIM_SIGMA))

    c1, c2 = (SSIM_K1 * STORED_MAX) ** 2, (SSIM_K2 * STORED_MAX) ** 2
    ux, uy = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - ux * ux, mean(y * y) - uy * uy, mean(x * y) - ux * uy
    return ((2 * ux * uy + c1) * (2 * vxy + c2)) / ((ux**2 + uy**2 + c1) * (vx + vy + c2))


def compare(candidate: np.ndarray, reference: np.ndarray, masks: dict[str, np.ndarray]) -> dict[str, SliceFigures]:
    """PSNR, MSE and SSIM of each slice in each region.

    Args:
        candidate: slices under test in HU, (n_slices, rows, cols).
        reference: true slices in HU, same shape.
        masks: boolean masks by region, same shape (see `regions.region_masks`).

    Returns:
        The figures by region. The SSIM of a region is the mean of the full slice's SSIM map over the region.
    """
    columns = {name: np.full((3, len(reference)), np.nan) for name in masks}

    def fill(index: int) -> None:
        stored, truth = to_stored(candidate[index]), to_stored(reference[index])
        squared = np.square((stored.astype(np.float64) - truth) / STORED_MAX)
        _, similarity = ssim_map(stored, truth)
        for name, mask in masks.items():
            inside = mask[index]
            inner = inside[_SSIM_BORDER:-_SSIM_BORDER, _SSIM_BORDER:-_SSIM_BORDER]
            columns[name][2, index] = inside.sum()
            if inside.any():
                columns[name][0, index] = squared[inside].mean()
            if inner.any():
                columns[name][1, index] = similarity[inner].mean()

    # the filters of SSIM, most of the time spent, run outside Python's lock
    with ThreadPoolExecutor() as pool:
        list(pool.map(fill, range(len(reference))))
    return {
        name: SliceFigures(mse=mse, psnr=psnr_of(mse), ssim=ssim, voxels=voxels.astype(int))
        for name, (mse, ssim, voxels) in columns.items()
    }
