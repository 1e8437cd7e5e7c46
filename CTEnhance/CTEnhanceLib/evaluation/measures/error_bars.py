"""How well an uncertainty tells where the errors are, and how large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WORST = 0.05
_MOST = 400_000


@dataclass(frozen=True)
class ErrorBarFigures:
    """An uncertainty against the true error in one region.

    Attributes:
        rank: Spearman's correlation of uncertainty and absolute error.
        worst: Share of the squared error that the 5 % most uncertain voxels hold.
        covered: Share of voxels whose absolute error is at most twice their uncertainty.
        ratio: 95 % quantile of absolute error / uncertainty; 2 where the calibration is exact.
        gradient_rank: As `rank`, of the absolute slice-axis gradient of the picture in place of the uncertainty.
        gradient_worst: As `worst`, likewise.
        oracle_worst: As `worst`, of the absolute error itself.
        voxels: Size of the region.
    """

    rank: float
    worst: float
    covered: float
    ratio: float
    gradient_rank: float
    gradient_worst: float
    oracle_worst: float
    voxels: int


def error_bar_figures(
    picture: np.ndarray, reference: np.ndarray, uncertainty: np.ndarray, region: np.ndarray
) -> ErrorBarFigures | None:
    """Compare an uncertainty with the true error; None where the region is empty.

    Args:
        picture: Computed slices, HU, (n_slices, rows, columns).
        reference: True ones, HU.
        uncertainty: HU, > 0.
        region: Boolean mask.
    """
    chosen = np.flatnonzero(region)
    if not len(chosen):
        return None
    if len(chosen) > _MOST:
        chosen = chosen[np.linspace(0, len(chosen) - 1, _MOST).astype(int)]
    shown = picture.astype(np.float32)
    slope = np.abs(np.gradient(shown, axis=0)).ravel()[chosen]
    error = np.abs(shown - reference).ravel()[chosen].astype(np.float64)
    bars = np.maximum(uncertainty.ravel()[chosen].astype(np.float64), 1e-3)
    return ErrorBarFigures(
        rank=_spearman(bars, error),
        worst=_worst_share(bars, error),
        covered=float(np.mean(error <= 2 * bars)),
        ratio=float(np.quantile(error / bars, 0.95)),
        gradient_rank=_spearman(slope, error),
        gradient_worst=_worst_share(slope, error),
        oracle_worst=_worst_share(error, error),
        voxels=int(np.count_nonzero(region)),
    )


def _spearman(one: np.ndarray, other: np.ndarray) -> float:
    from scipy.stats import spearmanr

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(spearmanr(one, other)[0])


def _worst_share(order: np.ndarray, error: np.ndarray) -> float:
    count = max(1, round(WORST * len(error)))
    worst = np.argpartition(-order, count - 1)[:count]
    return float((error[worst] ** 2).sum() / max((error**2).sum(), 1e-12))
