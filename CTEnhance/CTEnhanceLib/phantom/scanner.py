"""A CT scanner's view of the wrist: partial volume, in-plane blur, kernel-shaped noise."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from CTEnhanceLib.phantom.sampling import Samples, to_anatomical
from CTEnhanceLib.phantom.wrist import Wrist

FINEST = 0.5  # mm between the points over which a voxel is averaged
BLUR = 0.28  # mm, deviation of the in-plane point spread
SLAB = 1_500_000  # points looked at together; bounds memory


def scan(wrist: Wrist, size: tuple[int, int, int], spacing: tuple[float, float, float]) -> np.ndarray:
    """HU (z, y, x) of voxels around the wrist's centre, each the mean over its own extent, without noise.

    Args:
        wrist: the object.
        size: voxels along x, y, z.
        spacing: mm.
    """
    parts = [max(1, int(np.ceil(s / FINEST - 1e-6))) for s in spacing]
    x, y, z = ((np.arange(n * p) + 0.5 - n * p / 2) * (s / p) for n, p, s in zip(size, parts, spacing))
    matrix = to_anatomical(wrist.traits)
    depth = max(1, SLAB // (len(x) * len(y) * parts[2]))
    volume = np.empty(size[::-1], dtype=np.float32)
    for first in range(0, size[2], depth):
        last = min(first + depth, size[2])
        points = Samples(x, y, z[first * parts[2] : last * parts[2]], matrix)
        fine = wrist.hounsfield(points)
        blocks = fine.reshape(last - first, parts[2], size[1], parts[1], size[0], parts[0])
        volume[first:last] = blocks.mean(axis=(1, 3, 5))
    return ndimage.gaussian_filter(volume, (0, BLUR / spacing[1], BLUR / spacing[0]))


def add_noise(
    volume: np.ndarray, spacing: tuple[float, float, float], deviation: float, rng: np.random.Generator
) -> np.ndarray:
    """Noise as a filtered back-projection leaves it: high-pass in the plane, independent between slices.

    Args:
        volume: HU (z, y, x).
        spacing: mm along x, y, z.
        deviation: standard deviation in HU.
        rng: source of the noise.
    """
    noisy = np.empty_like(volume)
    for plane, slice_ in zip(noisy, volume):
        white = rng.standard_normal(plane.shape, dtype=np.float32)
        narrow = ndimage.gaussian_filter(white, (0.3 / spacing[1], 0.3 / spacing[0]), mode="wrap")
        wide = ndimage.gaussian_filter(white, (1.1 / spacing[1], 1.1 / spacing[0]), mode="wrap")
        texture = narrow - 0.8 * wide
        plane[:] = slice_ + deviation * texture / texture.std()
    return noisy
