"""Slice profiles: the weight with which tissue along the slice axis enters one thick slice."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from CTEnhanceLib.ct.bands import Bands
from CTEnhanceLib.errors import InputRefusedError, UsageError

SHAPES = ("box", "triangle", "gaussian", "weights")
_FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))


@dataclass(frozen=True)
class SliceProfile:
    """Shape and full width at half maximum of a slice profile.

    Attributes:
        shape: "box", "triangle", "gaussian", or "weights" for a measured profile.
        fwhm: Full width at half maximum, mm.
        weights: For "weights": the listed weights, centred on the slice (an odd or even number of them).
        step: For "weights": distance of the listed weights, mm.

    Raises:
        UsageError: The shape is unknown, the width is not positive, or listed weights are incomplete.
    """

    shape: str
    fwhm: float
    weights: tuple[float, ...] = ()
    step: float = 0.0

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise UsageError(f"The slice profile {self.shape!r} is not known; choose one of {', '.join(SHAPES)}.")
        if not (np.isfinite(self.fwhm) and self.fwhm > 0):
            raise UsageError(f"The width of a slice profile must be positive, not {self.fwhm:g} mm.")
        if self.shape == "weights" and not (self.step > 0 and sum(self.weights) > 0):
            raise UsageError("A measured slice profile needs its step in mm and weights with a positive sum.")

    def cumulative(self, z: np.ndarray) -> np.ndarray:
        """Give the part of the weight that lies below `z` (mm from the slice centre), 0 to 1.

        Args:
            z: mm, any shape; the result has the same.
        """
        z = np.asarray(z, dtype=np.float64)
        if self.shape == "box":
            return np.clip(z / self.fwhm + 0.5, 0, 1)
        if self.shape == "triangle":
            t = np.clip(z / self.fwhm, -1, 1)
            return np.where(t < 0, 0.5 * (1 + t) ** 2, 1 - 0.5 * (1 - t) ** 2)
        if self.shape == "gaussian":
            from scipy.special import ndtr

            return ndtr(z * _FWHM_PER_SIGMA / self.fwhm)
        edges = (np.arange(len(self.weights) + 1) - len(self.weights) / 2) * self.step
        return np.interp(z, edges, np.concatenate([[0.0], np.cumsum(self.weights)]) / sum(self.weights))

    @property
    def reach(self) -> float:
        """Distance from the slice centre (mm) beyond which nothing enters the slice, or less than `NEGLIGIBLE`."""
        if self.shape == "box":
            return self.fwhm / 2
        if self.shape == "triangle":
            return self.fwhm
        if self.shape == "gaussian":
            return 5.5 * self.fwhm / _FWHM_PER_SIGMA
        return len(self.weights) * self.step / 2


def thickening_bands(thick_positions: np.ndarray, thin_positions: np.ndarray, profile: SliceProfile) -> Bands:
    """Give the weights with which thin slices make thick ones.

    The profile is integrated over the extent of each thin slice; at the ends of the volume the weights that are
    left are scaled to one.

    Args:
        thick_positions: Thick slice centres, mm, ascending, shape (n_thick,).
        thin_positions: Thin slice centres, mm, evenly spaced, shape (n_thin,), n_thin >= 2.
        profile: The slice profile.

    Returns:
        A matrix (n_thick, n_thin) whose rows sum to one: thick = matrix @ thin.

    Raises:
        InputRefusedError: A thick slice lies outside the thin ones.
    """
    count, spacing = len(thin_positions), float(thin_positions[1] - thin_positions[0])
    edges = np.append(thin_positions - spacing / 2, thin_positions[-1] + spacing / 2)
    width = min(count, int(np.ceil(2 * profile.reach / spacing)) + 3)
    below = np.floor((np.asarray(thick_positions) - profile.reach - edges[0]) / spacing).astype(int) - 1
    starts = np.clip(below, 0, count - width)
    near = edges[starts[:, None] + np.arange(width + 1)]
    weights = np.diff(profile.cumulative(near - np.asarray(thick_positions)[:, None]), axis=1)
    total = weights.sum(axis=1)
    if (total < 0.05).any():
        outside = float(thick_positions[int(np.argmin(total))])
        raise InputRefusedError(
            f"The thick slice at {outside:g} mm lies outside the thin volume, which reaches from {edges[0]:g} to "
            f"{edges[-1]:g} mm along the slice axis; use volumes of the same scan."
        )
    return Bands.of(starts, list(weights / total[:, None]), count)


def thickening_matrix(thick_positions: np.ndarray, thin_positions: np.ndarray, profile: SliceProfile) -> np.ndarray:
    """Give `thickening_bands` as a float64 array (n_thick, n_thin); errors as there.

    Args:
        thick_positions: Thick slice centres, mm, shape (n_thick,).
        thin_positions: Thin slice centres, mm, shape (n_thin,).
        profile: The slice profile.
    """
    return thickening_bands(thick_positions, thin_positions, profile).dense()


def profile_of_deviation(shape: str, deviation: float) -> SliceProfile:
    """Give the box, triangle or Gaussian of a standard deviation (mm)."""
    return SliceProfile(shape, deviation / standard_deviation(SliceProfile(shape, 1.0)))


def standard_deviation(profile: SliceProfile) -> float:
    """Give the standard deviation (mm) of a slice profile: its width whatever its shape."""
    if profile.shape == "box":
        return profile.fwhm / math.sqrt(12)
    if profile.shape == "triangle":
        return profile.fwhm / math.sqrt(6)
    if profile.shape == "gaussian":
        return profile.fwhm / _FWHM_PER_SIGMA
    weights = np.asarray(profile.weights) / sum(profile.weights)
    z = (np.arange(len(weights)) - (len(weights) - 1) / 2) * profile.step
    # a bin has a width of its own
    variance = float(weights @ (z - weights @ z) ** 2) + profile.step**2 / 12
    return math.sqrt(max(variance, 0.0))
