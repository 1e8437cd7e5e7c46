"""Small generated volumes with bone, for the evaluation tests."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage


def bone_slices(count=60, size=64, seed=0, noise=8.0):
    """Tilted cortical tubes and plates across the slice axis in soft tissue in air, HU, (count, size, size)."""
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[:count, :size, :size].astype(float)
    centre = size / 2
    volume = np.full(z.shape, -1000.0)
    volume[np.hypot(y - centre, x - centre) < 0.45 * size] = 40.0
    for _ in range(4):
        cy, cx = rng.uniform(0.3, 0.7, 2) * size
        ty, tx = rng.uniform(-0.3, 0.3, 2)
        radius = np.hypot(y - cy - ty * (z - count / 2), x - cx - tx * (z - count / 2))
        volume[(radius < 8) & (volume > -500)] = 250.0
        volume[(radius < 8) & (radius > 5) & (volume > -500)] = 1000.0
    for start in range(6, count - 4, 9):
        plate = (z >= start + 0.1 * (y - centre)) & (z < start + 3 + 0.1 * (y - centre))
        volume[plate & (np.abs(x - centre) < 14) & (np.abs(y - centre) < 14)] = 900.0
    volume = ndimage.gaussian_filter(volume, (0.4, 0.7, 0.7))
    return (volume + rng.normal(0, noise, volume.shape)).astype(np.float32)


def as_image(slices, spacing=1.0, pixel=0.5, origin=(3.0, -7.0, 11.0)):
    image = sitk.GetImageFromArray(np.rint(slices).astype(np.int16))
    image.SetSpacing((pixel, pixel, spacing))
    image.SetOrigin(origin)
    return image
