"""Training pairs made on the fly: thick slices simulated from patches of thin volumes.

Everything along the slice axis is a small matrix, everything in the plane commutes with it; so a pair costs a few
milliseconds and no two are alike. Only ratios matter (interval / thin slice, interval / pixel), not millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch.nn import functional

from CTEnhanceLib.ct.intensity import STORED_MAX, to_stored
from CTEnhanceLib.ct.interpolation import interpolation_matrix
from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix
from CTEnhanceLib.model.context_unet import describe_scan

_NEIGHBOURS = 4  # thick slices made on each side of the middle one: the spline's memory beyond them is below 1 %
_ANCHORS = 200_000
_NOISE = 2**22


@dataclass(frozen=True)
class Simulation:
    """How pairs are drawn; ranges are (lowest, highest), drawn evenly.

    Attributes:
        patch: Height and width of a patch, pixels.
        context: Thick slices in the input.
        base: What residuals are added to: "interpolated" or "thick".
        ratio: Interval / distance of thin slices.
        offsets: Offsets of the targets in thin slices, a whole number of them apart; empty: runs of `targets`
            neighbouring slices that lie anywhere within one interval.
        targets: Length of such a run.
        axes: Index axes (x, y, z) of the volume that may serve as slice axis, with their shares.
        shapes: Slice profiles with their shares.
        fwhm: Width of the profile / interval.
        plain: Share of pairs with a profile exactly as wide as the interval.
        zoom: In-plane enlargement; pixels become smaller than those of the volume where it is above one.
        soften: Standard deviation of an in-plane Gaussian, pixels of the volume.
        sharpen: Amount of in-plane unsharp masking.
        noise: Standard deviation of the noise added to thin slices, HU.
        grain: Standard deviation of the Gaussian that correlates that noise in the plane, pixels.
        dry: Share of pairs whose soft tissue is made air, as in a dry bone.
        bone: Share of patches around a voxel of bone; most others are around a voxel of the body.
        edge: Share of pairs in which the thick slice lies at an end of the volume.
        flips: Flip and transpose.
    """

    patch: int = 64
    context: int = 5
    base: str = "interpolated"
    ratio: tuple[float, float] = (2.0, 6.0)
    offsets: tuple[float, ...] = ()
    targets: int = 4
    axes: tuple[float, float, float] = (0.25, 0.25, 0.5)
    shapes: tuple[float, float, float] = (0.4, 0.35, 0.25)
    fwhm: tuple[float, float] = (0.8, 1.2)
    plain: float = 0.4
    zoom: tuple[float, float] = (0.7, 2.2)
    soften: tuple[float, float] = (0.0, 1.0)
    sharpen: tuple[float, float] = (0.0, 1.0)
    noise: tuple[float, float] = (0.0, 30.0)
    grain: tuple[float, float] = (0.4, 1.5)
    dry: float = 0.1
    bone: float = 0.65
    edge: float = 0.04
    flips: bool = True


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


class ThinVolume:
    """A thin volume to draw from, with each axis in turn as slice axis.

    Args:
        array: int16 HU (z, y, x).
        spacing: mm of (x, y, z).
        seed: Seed of the choice of places that patches are drawn around.
    """

    def __init__(self, array: np.ndarray, spacing: tuple[float, float, float], seed: int = 0) -> None:
        self.spacing = tuple(float(s) for s in spacing[::-1])
        self.array = np.ascontiguousarray(array)
        rng = np.random.default_rng(seed)
        self.anchors = [self._places(array > level, rng) for level in (200, -300)]
        self._views: dict[int, np.ndarray] = {}

    @staticmethod
    def _places(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        found = np.flatnonzero(mask)
        if not len(found):
            found = np.arange(mask.size)
        chosen = rng.choice(found, min(_ANCHORS, len(found)), replace=False)
        return np.stack(np.unravel_index(chosen, mask.shape), axis=1)

    def along(self, axis: int) -> np.ndarray:
        """Give the volume with array axis `axis` first, contiguous in memory."""
        if axis not in self._views:
            self._views[axis] = np.ascontiguousarray(np.moveaxis(self.array, axis, 0))
        return self._views[axis]

    def anchor(self, bone: float, rng: np.random.Generator) -> np.ndarray:
        """Draw a voxel (z, y, x): of bone, of the body, or anywhere."""
        draw = rng.random()
        if draw > 1 - 0.15 * (1 - bone):
            return np.array([rng.integers(n) for n in self.array.shape])
        places = self.anchors[0 if draw < bone else 1]
        return places[rng.integers(len(places))]


def _profile(settings: Simulation, interval: float, rng: np.random.Generator) -> SliceProfile:
    shape = ("box", "triangle", "gaussian")[rng.choice(3, p=np.array(settings.shapes) / sum(settings.shapes))]
    relative = 1.0 if rng.random() < settings.plain else rng.uniform(*settings.fwhm)
    return SliceProfile(shape, relative * interval)


def _target_positions(settings: Simulation, phase: float, ratio: float, rng: np.random.Generator) -> np.ndarray:
    """Give thin positions relative to the middle thick slice, in thin slices; they lie at whole numbers - phase."""
    if settings.offsets:
        return np.array(settings.offsets)
    first, last = int(np.ceil(phase - ratio)), int(np.floor(phase + ratio)) - settings.targets + 1
    start = rng.integers(first, max(first, last) + 1)
    return start + np.arange(settings.targets) - phase


def _cut(volume: np.ndarray, start: list[int], size: list[int]) -> np.ndarray:
    """Give a block of the volume as float32; what would lie outside repeats the edge."""
    index = [np.clip(np.arange(a, a + n), 0, limit - 1) for a, n, limit in zip(start, size, volume.shape)]
    inside = all(a >= 0 and a + n <= limit for a, n, limit in zip(start, size, volume.shape))
    block = volume[tuple(slice(a, a + n) for a, n in zip(start, size))] if inside else volume[np.ix_(*index)]
    return block.astype(np.float32)


def _resample(images: np.ndarray, patch: int) -> np.ndarray:
    """Give images (N, h, w) resampled to (N, patch, patch), bicubic."""
    if images.shape[1:] == (patch, patch):
        return images
    shrinks = max(images.shape[1:]) > patch
    tensor = torch.from_numpy(images)[None]
    return functional.interpolate(tensor, (patch, patch), mode="bicubic", align_corners=False, antialias=shrinks)[
        0
    ].numpy()


def _blur(images: np.ndarray, sigma: float) -> np.ndarray:
    for axis in (1, 2):
        images = gaussian_filter1d(images, sigma, axis=axis, mode="nearest", truncate=3.0)
    return images


def _kernel(images: np.ndarray, settings: Simulation, rng: np.random.Generator) -> np.ndarray:
    """Vary the reconstruction kernel: softer, as it is, or sharper in the plane."""
    draw = rng.random()
    if draw < 0.35 and settings.soften[1] > 0:
        return _blur(images, max(0.2, rng.uniform(*settings.soften)))
    if draw > 0.65 and settings.sharpen[1] > 0:
        return images + rng.uniform(*settings.sharpen) * (images - _blur(images, 0.8))
    return images


def _dry(block: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make soft tissue air, as in a dry bone, by a smooth monotone change of scale."""
    threshold, softness = rng.uniform(60, 220), rng.uniform(30, 80)
    return (-1000 + (block + 1000) / (1 + np.exp((threshold - block) / softness))).astype(np.float32)


@dataclass(frozen=True)
class _Slices:
    """What a pair is made of along the slice axis, in thin slices; everything relative to the middle thick slice.

    Attributes:
        grid: Positions of the thin slices.
        rows: One row for each image of the pair (context, bases, targets): its weights on the grid.
        where: Positions of the targets.
        weight: Weight of each target in the middle thick slice.
    """

    grid: np.ndarray
    rows: np.ndarray
    where: np.ndarray
    weight: np.ndarray


def draw_pair(volume: ThinVolume, settings: Simulation, rng: np.random.Generator) -> Pair:
    """Draw one pair.

    Args:
        volume: Where thin slices come from.
        settings: How pairs are drawn.
        rng: All that is random in the pair comes from it.
    """
    axis = int(rng.choice(3, p=np.array(settings.axes[::-1]) / sum(settings.axes)))
    plane = [a for a in range(3) if a != axis]
    ratio = rng.uniform(*settings.ratio)
    profile = _profile(settings, ratio, rng)
    slices = _lay_slices(settings, ratio, profile, rng)
    zoom = float(np.exp(rng.uniform(*np.log(settings.zoom))))
    pixel = min(volume.spacing[a] for a in plane) / zoom
    size = [max(8, round(settings.patch * pixel / volume.spacing[a])) for a in plane]
    block = _draw_block(volume, settings, axis, [len(slices.grid), *size], rng)
    if rng.random() < settings.dry:
        block = _dry(block, rng)
    images = _resample(_kernel(np.tensordot(slices.rows, block, axes=1), settings, rng), settings.patch)
    images = images + _noise(slices.rows, settings, rng)
    if settings.flips:
        images = turned(images, rng)
    images = to_stored(images) * np.float32(2 / STORED_MAX) - 1
    context, base, target = np.split(images, [settings.context, settings.context + len(slices.where)])
    offset = slices.where / ratio
    if settings.flips and rng.random() < 0.5:
        context, offset = context[::-1], -offset
    spacing = volume.spacing[axis]
    condition = describe_scan(ratio * spacing, spacing, pixel, _scaled(profile, spacing))
    arrays = (context, base, target, offset, slices.weight, condition)
    return Pair(*(np.ascontiguousarray(a, dtype=np.float32) for a in arrays))


def _lay_slices(settings: Simulation, ratio: float, profile: SliceProfile, rng: np.random.Generator) -> _Slices:
    """Lay thick slices over a grid of thin ones, with a phase of their own."""
    # listed offsets must meet thin slices: all of them lie at whole numbers - phase
    phase = -settings.offsets[0] % 1 if settings.offsets else rng.uniform(-0.5, 0.5)
    thick = np.arange(-_NEIGHBOURS, _NEIGHBOURS + 1) * ratio
    reach = int(np.ceil(thick[-1] + max(1.5 * ratio, profile.fwhm))) + 1
    grid = np.arange(-reach, reach + 1) - phase
    middle = _NEIGHBOURS
    if rng.random() < settings.edge:
        first = middle - int(rng.integers(0, 2))
        if rng.random() < 0.5:
            thick, middle = thick[first:], middle - first
        else:
            thick = thick[: 2 * middle - first + 1]
    thickening = thickening_matrix(thick, grid, profile)
    where = _target_positions(settings, phase, ratio, rng)
    chosen = np.rint(where - grid[0]).astype(int)
    neighbours = np.clip(np.arange(settings.context) - settings.context // 2 + middle, 0, len(thick) - 1)
    if settings.base == "interpolated":
        bases = interpolation_matrix(thick, where)
    else:
        bases = np.repeat(np.eye(len(thick))[[middle]], len(where), axis=0)
    rows = np.concatenate([thickening[neighbours], bases @ thickening, np.eye(len(grid))[chosen]])
    return _Slices(grid, rows.astype(np.float32), where, thickening[middle][chosen])


def _draw_block(
    volume: ThinVolume, settings: Simulation, axis: int, size: list[int], rng: np.random.Generator
) -> np.ndarray:
    """Cut a block (slices, rows, columns) out of the volume around a voxel worth looking at."""
    thin = volume.along(axis)
    anchor = volume.anchor(settings.bone, rng)
    depth, length = thin.shape[0], size[0]
    centre = int(anchor[axis]) + int(rng.integers(-1, 2))
    start = [int(np.clip(centre - length // 2, min(0, depth - length), max(0, depth - length)))]
    for a, extent, limit in zip([a for a in range(3) if a != axis], size[1:], thin.shape[1:]):
        corner = int(anchor[a]) - int(rng.integers(0, extent + 1))
        start.append(int(np.clip(corner, 0, max(0, limit - extent))))
    return _cut(thin, start, size)


def _noise(rows: np.ndarray, settings: Simulation, rng: np.random.Generator) -> np.ndarray:
    """Give the noise of all images of a pair, as if it had been in the thin slices."""
    if settings.noise[1] == 0:
        return np.zeros((len(rows), 1, 1), dtype=np.float32)
    sigma, grain = rng.uniform(*settings.noise), rng.uniform(*settings.grain)
    shape = (len(rows), settings.patch, settings.patch)
    bank, count = _white(), rows.shape[1] * settings.patch**2
    begin = int(rng.integers(0, max(1, len(bank) - count)))
    white = np.resize(bank[begin : begin + count], (rows.shape[1], settings.patch**2))
    # a Gaussian filter leaves 1 / (2 sqrt(pi) grain) of the deviation of white noise in two dimensions
    gain = sigma * max(1.0, 2 * np.sqrt(np.pi) * grain)
    return np.float32(gain) * _blur((rows @ white).reshape(shape), grain)


@lru_cache(maxsize=1)
def _white() -> np.ndarray:
    """Normal noise to cut pieces from: drawing it anew took half the time of a pair."""
    return np.random.default_rng(0).standard_normal(_NOISE, dtype=np.float32)


def _scaled(profile: SliceProfile, factor: float) -> SliceProfile:
    return SliceProfile(profile.shape, profile.fwhm * factor)


def turned(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Flip and transpose images (N, h, w) at random."""
    if rng.random() < 0.5:
        images = images[:, ::-1]
    if rng.random() < 0.5:
        images = images[:, :, ::-1]
    return images.transpose(0, 2, 1) if rng.random() < 0.5 else images
