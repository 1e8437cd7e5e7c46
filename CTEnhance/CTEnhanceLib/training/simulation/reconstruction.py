"""What a scanner's reconstruction does in the plane of a slice: kernel and noise."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from CTEnhanceLib.training.simulation.settings import Simulation

_COARSER = 2.5  # how much wider the noise is that a sharp kernel takes away


def vary_kernel(images: np.ndarray, settings: Simulation, rng: np.random.Generator) -> np.ndarray:
    """Vary the reconstruction kernel of images (N, h, w): softer, as it is, or sharper in the plane.

    Args:
        images: HU.
        settings: How often and how much.
        rng: All choices come from it.
    """
    draw = rng.random()
    if draw < 0.35 and settings.soften[1] > 0:
        return _blur(images, max(0.2, rng.uniform(*settings.soften)))
    if draw > 0.65 and settings.sharpen[1] > 0:
        return images + rng.uniform(*settings.sharpen) * (images - _blur(images, 0.8))
    return images


def noise(rows: np.ndarray, settings: Simulation, rng: np.random.Generator) -> np.ndarray:
    """Give the noise of all images of a pair, as if it had been in the slices of the volume.

    Only the covariance of the images along the slice axis counts, rows @ rows.T; so as many independent noise images
    as there are rows are drawn and mixed, not one for each slice of the volume.

    Args:
        rows: (images, slices) weights of the slices in the images; the last image is a target.
        settings: Level, grain and the like.
        rng: Draws; no two pairs share their noise.

    Returns:
        float32 HU (images, patch, patch).
    """
    if settings.noise[1] == 0 or (settings.quiet and rng.random() < settings.quiet):
        return np.zeros((len(rows), 1, 1), dtype=np.float32)
    low, high = settings.noise
    level = low + (high - low) * rng.random() ** 2
    grain, crispness = rng.uniform(*settings.grain), rng.uniform(*settings.crispness)
    beside = rng.uniform(*settings.overlap)
    if beside > 0:
        # neighbours share noise: [a, 1, a] gives them a correlation of 2 a / (1 + 2 a^2)
        a = beside / (1 + np.sqrt(max(0.0, 1 - 2 * beside**2)))
        rows = rows + a * (np.roll(rows, 1, axis=1) + np.roll(rows, -1, axis=1))
    mix = np.asarray(np.linalg.qr(rows.T.astype(np.float64), mode="r")).T
    mix *= level / np.linalg.norm(mix[-1])
    count = mix.shape[1]
    white = rng.standard_normal((count, settings.patch, settings.patch), dtype=np.float32)
    grains = _blur(white, grain)
    if crispness > 0:
        grains = grains - np.float32(crispness) * _blur(grains, _COARSER * grain)
    grains /= grains.std()
    return np.tensordot(mix.astype(np.float32), grains, axes=1)


def _blur(images: np.ndarray, sigma: float) -> np.ndarray:
    for axis in (1, 2):
        images = gaussian_filter1d(images, sigma, axis=axis, mode="nearest", truncate=3.0)
    return images
