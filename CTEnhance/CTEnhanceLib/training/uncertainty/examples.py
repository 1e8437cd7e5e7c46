"""Blocks of thin volumes, thickened and computed again: what the uncertainty network learns from.

The blocks go through `enhance` itself, back-projection and rounding included, at a `detail` of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.geometry import slice_positions, thin_positions
from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix
from CTEnhanceLib.enhancement.pipeline import enhance
from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.model.context_unet import describe_scan
from CTEnhanceLib.training.simulation.block import draw_block
from CTEnhanceLib.training.simulation.pairs import changed_anatomy, resample
from CTEnhanceLib.training.simulation.reconstruction import noise, vary_kernel
from CTEnhanceLib.training.simulation.settings import Simulation
from CTEnhanceLib.training.simulation.volume import ThinVolume

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTEnhanceLib.model.stack import Stack

_THIN_SLICES = 28
_WHOLE_RATIO = 0.5


@dataclass(frozen=True)
class Example:
    """A computed block and its error.

    Attributes:
        picture: float32 (n_thin, patch, patch), HU: the computed slices.
        measured: float32 (n_thick, patch, patch), HU.
        error: float32 like `picture`: the absolute error, HU.
        positions: (n_thin,) place of each thin slice, intervals from the first thick one.
        condition: (3,) from `context_unet.describe_scan`.
    """

    picture: np.ndarray
    measured: np.ndarray
    error: np.ndarray
    positions: np.ndarray
    condition: np.ndarray


def draw_example(
    volumes: Sequence[ThinVolume],
    shares: np.ndarray,
    settings: Simulation,
    stack: Stack,
    rng: np.random.Generator,
) -> Example:
    """Draw a block, thicken it and compute it again.

    Args:
        volumes: Thin volumes of training.
        shares: How often each is drawn from, (n_volumes,).
        settings: How blocks are drawn; ranges of training pairs.
        stack: The finished model. One with two ends is asked for its accurate end, its default, or any mix.
        rng: All choices come from it.
    """
    import SimpleITK as sitk

    while True:
        volume = volumes[int(rng.choice(len(volumes), p=shares))]
        image, truth, profile, condition = _draw_thick(volume, settings, rng)
        default = stack.spec.default_detail
        detail = None if default is None else (0.0, default, float(rng.random()))[rng.integers(3)]
        thin = image.GetSpacing()[2] / condition[2]
        try:
            computed = enhance(
                image, _unlimited(stack), spacing=thin, profile=profile, device="cpu", uncertainty=False, detail=detail
            ).volume
        except InputRefusedError:  # nothing but air
            continue
        picture = sitk.GetArrayFromImage(computed).astype(np.float32)
        measured = sitk.GetArrayFromImage(image).astype(np.float32)
        positions = thin_positions(len(measured), condition[2], 1.0) / condition[2]
        return Example(picture, measured, np.abs(picture - truth), positions, np.array(condition, np.float32))


def _draw_thick(
    volume: ThinVolume, settings: Simulation, rng: np.random.Generator
) -> tuple[sitk.Image, np.ndarray, SliceProfile, tuple[float, float, float]]:
    import SimpleITK as sitk

    axis = int(rng.choice(3, p=np.array(settings.axes[::-1]) / sum(settings.axes)))
    plane = [a for a in range(3) if a != axis]
    ratio = float(rng.uniform(*settings.ratio))
    if rng.random() < _WHOLE_RATIO:
        ratio = float(round(ratio))
    shape = ("box", "triangle", "gaussian")[rng.choice(3, p=np.array(settings.shapes) / sum(settings.shapes))]
    profile = SliceProfile(shape, ratio * (1.0 if rng.random() < settings.plain else rng.uniform(*settings.fwhm)))
    count = max(4, round(_THIN_SLICES / ratio))
    thick, thin = slice_positions(count, ratio, 0.0), thin_positions(count, ratio, 1.0)
    beyond = int(np.ceil(1.5 * profile.fwhm)) + 1
    grid = thin[0] + np.arange(-beyond, len(thin) + beyond)
    rows = np.concatenate([thickening_matrix(thick, grid, profile), np.eye(len(grid))[beyond:-beyond]])
    pixel = min(volume.spacing[a] for a in plane) / float(np.exp(rng.uniform(*np.log(settings.zoom))))
    size = [max(8, round(settings.patch * pixel / volume.spacing[a])) for a in plane]
    block = draw_block(volume, settings, axis, [len(grid), *size], rng)
    block = changed_anatomy(block, [volume.spacing[a] for a in (axis, *plane)], settings, rng)
    weights = rows.astype(np.float32)
    images = resample(vary_kernel(np.tensordot(weights, block, axes=1), settings, rng), settings.patch)
    images = np.clip(np.rint(images + noise(weights, settings, rng)), -32768, 32767)
    if rng.random() < 0.5:
        images = np.concatenate([images[:count][::-1], images[count:][::-1]])
    step = volume.spacing[axis]
    image = sitk.GetImageFromArray(np.ascontiguousarray(images[:count]).astype(np.int16))
    image.SetSpacing((pixel, pixel, ratio * step))
    known = SliceProfile(profile.shape, profile.fwhm * step)
    return image, images[count:].astype(np.float32), known, describe_scan(ratio * step, step, pixel, known)


def _unlimited(stack: Stack) -> Stack:
    """Give the stack without limits of lengths, for only ratios matter to it."""
    anything = (0.01, 1000.0)
    stack.spec = replace(
        stack.spec,
        spacing_range_mm=anything,
        thickness_range_mm=anything,
        interval_range_mm=anything,
        pixel_spacing_range_mm=anything,
    )
    return stack
