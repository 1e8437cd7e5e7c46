"""Whole thick volumes of known slice profile, simulated from thin ones, to fit the profile estimator on.

Any axis of a thin volume may be the slice axis, so that no direction of anatomy is taken for blur.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter1d

from CTEnhanceLib.ct.geometry import slice_positions
from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU
from CTEnhanceLib.ct.profile import SliceProfile, profile_of_deviation, thickening_matrix
from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.training.simulation.pairs import dry, even

SHAPES = ("box", "triangle", "gaussian")
DEVIATIONS = (0.16, 0.8)
"""Standard deviation / interval, drawn evenly in its logarithm."""

_AXES = (0.4, 0.3, 0.3)
_RATIO = (2.0, 6.0)
_SIZE, _LEAST_SLICES = 130, 7
_LEAST_BONE = 0.01
_EVEN = 0.2  # share of volumes whose bone is one even material, as that of a phantom
_TRIES = 30


@dataclass(frozen=True)
class Simulated:
    """Thick slices and what made them.

    Attributes:
        slices: (n, rows, columns), whole HU.
        interval: mm.
        pixel_spacing: mm of rows, of columns.
        deviation: Standard deviation of the profile / interval.
    """

    slices: np.ndarray
    interval: float
    pixel_spacing: tuple[float, float]
    deviation: float


class ThinVolumes:
    """Thin volumes to simulate from.

    Args:
        files: The volumes, with the share of each and the first of its slices that is held back, or None.
    """

    def __init__(self, files: list[tuple[Path, float, int | None]]) -> None:
        images = [sitk.ReadImage(str(path)) for path, _, _ in files]
        self._arrays = [sitk.GetArrayFromImage(image)[:stop] for image, (_, _, stop) in zip(images, files)]
        self._spacings = [image.GetSpacing()[::-1] for image in images]
        self._shares = np.array([share for _, share, _ in files]) / sum(share for _, share, _ in files)

    def draw(self, rng: np.random.Generator) -> Simulated:
        """Draw a part of a volume, a slice axis, a profile, noise and kernel.

        Raises:
            InputRefusedError: The volumes hold no part with bone that is large enough.
        """
        for _ in range(_TRIES):
            number = int(rng.choice(len(self._arrays), p=self._shares))
            axis = int(rng.choice(3, p=_AXES))
            simulated = _simulate(np.moveaxis(self._arrays[number], axis, 0), self._spacings[number], axis, rng)
            if simulated is not None:
                return simulated
        raise InputRefusedError("No part of the thin volumes is large enough and holds bone; give other volumes.")


def _simulate(thin: np.ndarray, spacings: tuple[float, ...], axis: int, rng: np.random.Generator) -> Simulated | None:
    step = spacings[axis]
    rows, columns = (spacing for other, spacing in enumerate(spacings) if other != axis)
    ratio = rng.uniform(*_RATIO)
    interval = ratio * step
    block = _block(thin, (int(ratio * 22), _SIZE, _SIZE), rng)
    deviation = float(np.exp(rng.uniform(*np.log(DEVIATIONS))))
    profile = profile_of_deviation(SHAPES[rng.integers(3)], deviation * interval)
    weights = _thickening(len(block), step, interval, profile, rng)
    if weights is None:
        return None
    noise = rng.uniform(0, 60) * (rng.random() < 0.7)
    if rng.random() < 0.12:
        block = dry(block, rng)
    if rng.random() < _EVEN:
        block = even(block, rng)
    if rng.random() < 0.5:  # another scanner's sharpness, the same along all axes
        width = rng.uniform(0.3, 1.3) * np.mean(spacings)
        for number, spacing in enumerate((step, rows, columns)):
            block = gaussian_filter1d(block, width / spacing, number, truncate=3)
    thick = np.tensordot(weights, block, axes=1) + _noise(weights, block.shape[1:], noise, rng)
    thick = _kernel(thick, rng)
    if rng.random() < 0.25:
        thick, rows, columns = _coarser(thick), 2 * rows, 2 * columns
    return Simulated(np.rint(thick), interval, (rows, columns), deviation)


def _block(thin: np.ndarray, size: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
    lengths = [min(length, n) for length, n in zip(size, thin.shape)]
    for _ in range(_TRIES):
        start = [rng.integers(0, n - length + 1) for length, n in zip(lengths, thin.shape)]
        block = thin[tuple(slice(a, a + length) for a, length in zip(start, lengths))]
        if np.mean(block[::3, ::3, ::3] > BONE_ABOVE_HU) > _LEAST_BONE:
            break
    return block.astype(np.float32)


def _thickening(
    count: int, step: float, interval: float, profile: SliceProfile, rng: np.random.Generator
) -> np.ndarray | None:
    reach = 0.6 * profile.fwhm
    slices = int((count * step - 2 * reach) / interval)
    if slices < _LEAST_SLICES:
        return None
    first = reach - step / 2 + rng.uniform(0, step)
    weights = thickening_matrix(slice_positions(slices, interval, first), slice_positions(count, step), profile)
    return weights.astype(np.float32)


def _noise(
    weights: np.ndarray, plane: tuple[int, ...], deviation: float, rng: np.random.Generator
) -> np.ndarray | float:
    """Noise of thin slices, as correlated between thick ones as the profile makes it."""
    if not deviation:
        return 0.0
    together = np.linalg.cholesky(weights @ weights.T + 1e-6 * np.eye(len(weights))).astype(np.float32)
    noise = _blur(rng.standard_normal((len(weights), *plane), dtype=np.float32), rng.uniform(0.3, 1.2))
    return np.tensordot(together, noise * np.float32(deviation / noise.std()), axes=1)


def _kernel(slices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    draw = rng.random()
    if draw < 0.35:
        return _blur(slices, max(0.2, rng.uniform(0, 1)))
    if draw > 0.65:
        return slices + rng.uniform(0, 1.2) * (slices - _blur(slices, 0.8))
    return slices


def _coarser(slices: np.ndarray) -> np.ndarray:
    n, rows, columns = slices.shape
    even = slices[:, : rows // 2 * 2, : columns // 2 * 2]
    return even.reshape(n, rows // 2, 2, columns // 2, 2).mean(axis=(2, 4))


def _blur(slices: np.ndarray, sigma: float) -> np.ndarray:
    return gaussian_filter1d(gaussian_filter1d(slices, sigma, 1), sigma, 2)
