"""One training pair, drawn: block, anatomy changed or not, thick and thin slices of it, kernel, noise.

Everything along the slice axis is a small matrix, everything in the plane commutes with it; so a pair costs a few
milliseconds and no two are alike. Only ratios matter (interval / thin slice, interval / pixel), not millimetres.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch.nn import functional

from CTEnhanceLib.ct.intensity import STORED_MAX, to_stored
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.model.arrays import array_of, tensor_of
from CTEnhanceLib.model.context_unet import describe_scan
from CTEnhanceLib.training.simulation.block import draw_block
from CTEnhanceLib.training.simulation.fractures import cut_bone
from CTEnhanceLib.training.simulation.implants import put_metal
from CTEnhanceLib.training.simulation.reconstruction import noise, vary_kernel
from CTEnhanceLib.training.simulation.settings import Simulation
from CTEnhanceLib.training.simulation.slices import lay_slices
from CTEnhanceLib.training.simulation.volume import ThinVolume


class Pair(NamedTuple):
    """One thick slice with its neighbours, and thin slices around it; float32 on the network scale [-1, 1].

    Attributes:
        context: (context, patch, patch).
        base: (targets, patch, patch).
        target: (targets, patch, patch).
        offset: (targets,) distance from the thick slice / interval.
        weight: (targets,) weight of each thin slice in the thick one.
        condition: (3,) what the scan is like, from `context_unet.describe_scan`.
    """

    context: np.ndarray
    base: np.ndarray
    target: np.ndarray
    offset: np.ndarray
    weight: np.ndarray
    condition: np.ndarray


def draw_pair(volume: ThinVolume, settings: Simulation, rng: np.random.Generator) -> Pair:
    """Draw one pair.

    Args:
        volume: Where thin slices come from.
        settings: How pairs are drawn.
        rng: All that is random in the pair comes from it.
    """
    axis = int(rng.choice(3, p=np.array(settings.axes[::-1]) / sum(settings.axes)))
    plane = [a for a in range(3) if a != axis]
    slices = lay_slices(settings, volume.array.shape[axis], rng)
    zoom = float(np.exp(rng.uniform(*np.log(settings.zoom))))
    pixel = min(volume.spacing[a] for a in plane) / zoom
    size = [max(8, round(settings.patch * pixel / volume.spacing[a])) for a in plane]
    block = draw_block(volume, settings, axis, [len(slices.grid), *size], rng)
    block = changed_anatomy(block, [volume.spacing[a] for a in (axis, *plane)], settings, rng)
    images = resample(vary_kernel(np.tensordot(slices.rows, block, axes=1), settings, rng), settings.patch)
    images = images + noise(slices.rows, settings, rng)
    if settings.flips:
        images = turned(images, rng)
    images = to_stored(images) * np.float32(2 / STORED_MAX) - 1
    context, base, target = np.split(images, [settings.context, settings.context + len(slices.where)])
    offset = slices.where / slices.interval
    if settings.flips and rng.random() < 0.5:
        context, offset = context[::-1], -offset
    spacing = volume.spacing[axis]
    profile = SliceProfile(slices.profile.shape, slices.profile.fwhm * spacing)
    condition = describe_scan(slices.interval * spacing, slices.thin * spacing, pixel, profile)
    arrays = (context, base, target, offset, slices.weight, condition)
    return Pair(*(np.ascontiguousarray(a, dtype=np.float32) for a in arrays))


def changed_anatomy(
    block: np.ndarray, spacing: list[float], settings: Simulation, rng: np.random.Generator
) -> np.ndarray:
    """Break the bone, dry it, make it even, put metal into it, each with its share.

    Args:
        block: HU, (n, rows, columns).
        spacing: mm along the three axes.
        settings: The shares.
        rng: All choices come from it.
    """
    if settings.cut and rng.random() < settings.cut:
        block = cut_bone(block, rng)
    if rng.random() < settings.dry:
        block = dry(block, rng)
    if settings.plastic and rng.random() < settings.plastic:
        block = even(block, rng)
    if settings.metal and rng.random() < settings.metal:
        block = put_metal(block, (spacing[0], spacing[1], spacing[2]), rng)
    return block


def dry(block: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make soft tissue air, as in a dry bone, by a smooth monotone change of scale.

    Args:
        block: HU, any shape.
        rng: Draws.
    """
    threshold, softness = rng.uniform(60, 220), rng.uniform(30, 80)
    return (-1000 + (block + 1000) / (1 + np.exp(np.clip((threshold - block) / softness, -40, 40)))).astype(np.float32)


def even(block: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make all bone that is denser than a drawn value one even material, by a smooth monotone change of scale.

    Args:
        block: HU, any shape.
        rng: Draws.
    """
    ceiling, softness = rng.uniform(450, 1300), rng.uniform(10, 60)
    return (block - softness * np.logaddexp(0, (block - ceiling) / softness)).astype(np.float32)


def resample(images: np.ndarray, patch: int) -> np.ndarray:
    """Give images (N, h, w) resampled to (N, patch, patch), bicubic.

    Args:
        images: HU or any other unit, which stays.
        patch: Pixels of a side.
    """
    if images.shape[1:] == (patch, patch):
        return images
    shrinks = max(images.shape[1:]) > patch
    tensor = tensor_of(np.asarray(images, dtype=np.float32))[None]
    resized = functional.interpolate(tensor, (patch, patch), mode="bicubic", align_corners=False, antialias=shrinks)
    return array_of(resized[0])


def turned(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Flip and transpose images (N, h, w) at random.

    Args:
        images: HU or any other unit, which stays.
        rng: All choices come from it.
    """
    if rng.random() < 0.5:
        images = images[:, ::-1]
    if rng.random() < 0.5:
        images = images[:, :, ::-1]
    return images.transpose(0, 2, 1) if rng.random() < 0.5 else images
