"""What a pair is made of along the slice axis: thick slices, their interpolation, and the thin slices to be found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.ct.interpolation import interpolation_matrix
from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix
from CTEnhanceLib.training.simulation.settings import Simulation

_NEIGHBOURS = 4  # thick slices made on each side of the middle one: the spline's memory beyond them is below 1 %


@dataclass(frozen=True)
class SliceLayout:
    """What a pair is made of along the slice axis; lengths in slices of the volume, from the middle thick slice.

    Attributes:
        grid: Positions of the slices of the volume.
        rows: One row for each image of the pair (context, bases, targets): its weights on the grid.
        where: Positions of the targets.
        weight: Weight of each target in the middle thick slice.
        interval: Distance of the thick slices.
        thin: Distance of the targets, which is also how thick they are.
        profile: The profile that makes the thick slices.
    """

    grid: np.ndarray
    rows: np.ndarray
    where: np.ndarray
    weight: np.ndarray
    interval: float
    thin: float
    profile: SliceProfile


def lay_slices(settings: Simulation, depth: int, rng: np.random.Generator) -> SliceLayout:
    """Lay thick and thin slices over the slices of a volume, with a phase of their own.

    Args:
        settings: How pairs are drawn.
        depth: Slices of the volume along the slice axis.
        rng: Draws.
    """
    ratio = rng.uniform(*settings.ratio)
    thin = _target_thickness(settings, ratio, depth, rng)
    interval = ratio * thin
    profile = _profile(settings, interval, rng)
    # listed offsets must meet thin slices: all of them lie at whole numbers - phase
    phase = -settings.offsets[0] % 1 if settings.offsets else rng.uniform(-0.5, 0.5)
    thick = np.arange(-_NEIGHBOURS, _NEIGHBOURS + 1) * interval
    reach = int(np.ceil(thick[-1] + max(1.5 * interval, profile.fwhm))) + 1
    grid = np.arange(-reach, reach + 1) - phase
    thick, middle = _cut_off_at_an_end(thick, settings, rng)
    thickening = thickening_matrix(thick, grid, profile)
    where = _target_positions(settings, phase, ratio, thin, rng)
    targets = _target_rows(grid, where, thin)
    neighbours = np.clip(np.arange(settings.context) - settings.context // 2 + middle, 0, len(thick) - 1)
    if settings.base == "interpolated":
        bases = interpolation_matrix(thick, where)
    else:
        bases = np.repeat(np.eye(len(thick))[[middle]], len(where), axis=0)
    rows = np.concatenate([thickening[neighbours], bases @ thickening, targets]).astype(np.float32)
    weight = np.diff(profile.cumulative(np.stack([where - thin / 2, where + thin / 2])), axis=0)[0]
    return SliceLayout(grid, rows, where, weight, interval, thin, profile)


def _target_thickness(settings: Simulation, ratio: float, depth: int, rng: np.random.Generator) -> float:
    if not settings.coarse or rng.random() >= settings.coarse:
        return 1.0
    # a tenth of the volume for each interval, or what lies beyond its ends would be seen too often
    return float(np.clip(rng.uniform(*settings.coarse_by), 1.0, max(1.0, depth / (10 * ratio))))


def _profile(settings: Simulation, interval: float, rng: np.random.Generator) -> SliceProfile:
    shape = ("box", "triangle", "gaussian")[rng.choice(3, p=np.array(settings.shapes) / sum(settings.shapes))]
    relative = 1.0 if rng.random() < settings.plain else rng.uniform(*settings.fwhm)
    return SliceProfile(shape, relative * interval)


def _cut_off_at_an_end(thick: np.ndarray, settings: Simulation, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Give the positions of the thick slices that there are, and which is the middle one."""
    middle = _NEIGHBOURS
    if rng.random() >= settings.edge:
        return thick, middle
    first = middle - int(rng.integers(0, 2))
    if rng.random() < 0.5:
        return thick[first:], middle - first
    return thick[: 2 * middle - first + 1], middle


def _target_positions(
    settings: Simulation, phase: float, ratio: float, thin: float, rng: np.random.Generator
) -> np.ndarray:
    """Give positions of the targets; where these are slices of the volume, they lie at whole numbers - phase."""
    if settings.offsets:
        return np.array(settings.offsets) * thin
    first, last = int(np.ceil(phase - ratio)), int(np.floor(phase + ratio)) - settings.targets + 1
    start = rng.integers(first, max(first, last) + 1)
    return (start + np.arange(settings.targets) - phase) * thin


def _target_rows(grid: np.ndarray, where: np.ndarray, thin: float) -> np.ndarray:
    if thin == 1.0:
        return np.eye(len(grid))[np.rint(where - grid[0]).astype(int)]
    return thickening_matrix(where, grid, SliceProfile("box", thin))
