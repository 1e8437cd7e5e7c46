"""A wrist with a broken distal radius as a CT scanner would show it, made from a seed."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.phantom.scanner import add_noise, scan
from CTEnhanceLib.phantom.wrist import Wrist

__all__ = ["SIZE_MM", "Wrist", "wrist_phantom"]

SIZE_MM = (88.0, 68.0, 80.0)
MOST_VOXELS = 200_000_000  # 400 MB as int16, about 3 GB while it is made


def wrist_phantom(
    seed: int = 0,
    spacing: tuple[float, float, float] = (0.4, 0.4, 1.0),
    *,
    noise: float = 20.0,
    fracture: bool = True,
    size_mm: tuple[float, float, float] = SIZE_MM,
) -> sitk.Image:
    """CT of a wrist, axial slices, long axis along S, int16 HU.

    The object depends on the seed alone, whatever the spacing; only the noise belongs to the voxels.

    Args:
        seed: person, side (odd: left) and fracture; not negative.
        spacing: voxel size along x, y, z in mm, kept exactly.
        noise: standard deviation in HU; 0 for none.
        fracture: with ``False`` the same wrist before its accident.
        size_mm: field along x, y, z in mm.

    Raises:
        UsageError: a spacing, size, seed or noise that makes no volume.

    Example:
        >>> wrist_phantom(seed=3, spacing=(0.5, 0.5, 3.0)).GetSpacing()
        (0.5, 0.5, 3.0)
    """
    size = _grid(seed, spacing, noise, size_mm)
    wrist = Wrist(seed, fracture)
    volume = scan(wrist, size, spacing)
    if noise > 0:
        volume = add_noise(volume, spacing, noise, np.random.default_rng([seed, 1]))
    image = sitk.GetImageFromArray(np.clip(np.rint(volume), -1024, 3071).astype(np.int16))
    image.SetSpacing(spacing)
    image.SetOrigin([c - (n - 1) / 2 * s for c, n, s in zip(wrist.traits.centre, size, spacing)])
    return image


def _grid(
    seed: int,
    spacing: tuple[float, float, float],
    noise: float,
    size_mm: tuple[float, float, float],
) -> tuple[int, int, int]:
    if seed < 0:
        raise UsageError(f"The seed is {seed}; it must be 0 or larger.")
    if not (np.isfinite(noise) and noise >= 0):
        raise UsageError(f"The noise is {noise} HU; it must be 0 or larger.")
    if len(spacing) != 3 or not all(np.isfinite(s) and s > 0 for s in spacing):
        given = " ".join(f"{s:g}" for s in spacing)
        raise UsageError(f"The spacing is {given} mm; it needs three numbers larger than 0, for example 0.4 0.4 1.")
    if len(size_mm) != 3 or not all(np.isfinite(s) and s > 0 for s in size_mm):
        given = " ".join(f"{s:g}" for s in size_mm)
        raise UsageError(f"The field is {given} mm; it needs three numbers larger than 0, for example 88 68 80.")
    counts = [float(extent) / float(s) for extent, s in zip(size_mm, spacing)]
    voxels = counts[0] * counts[1] * counts[2]
    if voxels > MOST_VOXELS:
        raise UsageError(
            f"The spacing asked for makes {voxels / 1e6:.4g} million voxels, more than the {MOST_VOXELS / 1e6:.0f} "
            "million that are made at most; ask for a larger spacing."
        )
    if min(counts) < 1.5:
        given = " x ".join(f"{s:g}" for s in spacing)
        raise UsageError(f"Voxels of {given} mm leave no volume of the wrist; ask for a smaller spacing.")
    return round(counts[0]), round(counts[1]), round(counts[2])
