"""A small bony volume, and configurations that train on it in seconds."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

CONTEXT = """
[model]
name = "tiny"
description = "For tests."
architecture = "context_unet"
context = 3
interval_range_mm = [2.0, 5.0]
thickness_range_mm = [2.0, 5.0]
[generator]
width = 4
head = 4
depth = 1
[simulation]
patch = 16
targets = 3
"""
THESIS = """
[model]
name = "tiny-thesis"
description = "For tests."
architecture = "unet256"
method = "raw"
base = ""
context = 1
offsets_mm = [-1.0, 0.0, 1.0]
[generator]
width = 4
levels = 4
[discriminator]
weight = 1.0
width = 4
layers = 2
[simulation]
patch = 32
ratio = [3.0, 3.0]
axes = [0.0, 0.0, 1.0]
shapes = [1.0, 0.0, 0.0]
plain = 1.0
zoom = [1.0, 1.0]
noise = [0.0, 0.0]
"""


def bony_slices(count: int = 60, size: int = 48, seed: int = 0) -> np.ndarray:
    """Tilted bone plates in soft tissue in air, int16 HU (count, size, size)."""
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[:count, :size, :size].astype(np.float32)
    hu = np.where(np.hypot(y - size / 2, x - size / 2) < 0.45 * size, 40.0, -950.0)
    for _ in range(4):
        normal = rng.normal(size=3)
        distance = (np.stack([z - count / 2, y - size / 2, x - size / 2], -1) @ normal) / np.linalg.norm(normal)
        hu = np.where((np.abs(distance - rng.uniform(-8, 8)) < 2) & (hu > 0), 900.0, hu)
    return (hu + rng.normal(0, 8, hu.shape)).astype(np.int16)


def image_of(slices: np.ndarray, spacing: tuple[float, float, float] = (0.7, 0.7, 1.0)) -> sitk.Image:
    """A volume of slices along k."""
    image = sitk.GetImageFromArray(slices)
    image.SetSpacing(spacing)
    return image
