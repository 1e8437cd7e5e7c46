"""Training pairs from a thick and a thin series of one scan: aligned by their geometry, slice profile measured."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.ct.geometry import slice_geometry
from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU, STORED_MAX, to_stored
from CTEnhanceLib.ct.interpolation import interpolation_matrix
from CTEnhanceLib.ct.placement import place
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.training.simulation.pairs import Pair, turned
from CTEnhanceLib.training.simulation.settings import Simulation

if TYPE_CHECKING:
    import SimpleITK as sitk

logger = logging.getLogger(__name__)

_FITTED_ABOVE_HU = -500.0  # lower than the body: skin and fat at the border tell of the profile, too
_FIT_VOXELS = 200_000
_REACH = 1.5  # how far the measured profile may extend, in intervals


@dataclass(frozen=True)
class MeasuredProfile:
    """What least squares say of how thick slices came from thin ones.

    Attributes:
        profile: The weights, centred.
        shift: Distance (mm) of their centre of mass from where the geometry puts the thick slice.
        residual: What the weights leave unexplained, HU RMSE in the body.
    """

    profile: SliceProfile
    shift: float
    residual: float

    def as_json(self) -> dict[str, Any]:
        """Give the `slice_profile` of model.json, with shift and residual beside it."""
        return {
            "shape": "weights",
            "weights": [round(w, 5) for w in self.profile.weights],
            "step_mm": self.profile.step,
            "fwhm_mm": round(self.profile.fwhm, 3),
            "shift_mm": round(self.shift, 3),
            "residual_hu": round(self.residual, 2),
        }


def fit_profile(
    thick: np.ndarray, thick_positions: np.ndarray, thin: np.ndarray, thin_positions: np.ndarray
) -> MeasuredProfile:
    """Fit the slice profile by non-negative least squares.

    Args:
        thick: (n_thick, rows, columns), HU.
        thick_positions: mm, on the same axis as `thin_positions`.
        thin: (n_thin, rows, columns), HU.
        thin_positions: mm, evenly spaced.

    Returns:
        Weights at the distance of the thin slices, out to one and a half intervals on each side.

    Raises:
        InputRefusedError: Too few thick slices lie inside the thin series.
    """
    from scipy.optimize import nnls

    interval = thick_positions[1] - thick_positions[0]
    step = float(thin_positions[1] - thin_positions[0])
    taps = np.arange(-int(_REACH * interval / step), int(_REACH * interval / step) + 1) * step
    inside = (thick_positions + taps[0] >= thin_positions[0] - 1e-6) & (
        thick_positions + taps[-1] <= thin_positions[-1] + 1e-6
    )
    if not inside.any():
        raise InputRefusedError(
            "No thick slice lies far enough inside the thin series to measure the slice profile; give series of the "
            "same scan and extent."
        )
    columns, measured = [], []
    rng = np.random.default_rng(0)
    share = _FIT_VOXELS // int(inside.sum()) + 1
    for index in np.flatnonzero(inside):
        body = np.flatnonzero(thick[index].ravel() > _FITTED_ABOVE_HU)
        chosen = rng.choice(body, min(share, len(body)), replace=False) if len(body) else body
        weights = interpolation_matrix(thin_positions, thick_positions[index] + taps, "linear")
        used = np.flatnonzero(weights.any(axis=0))
        around = thin[used].reshape(len(used), -1)[:, chosen]
        columns.append((weights[:, used] @ around).T)
        measured.append(thick[index].ravel()[chosen])
    matrix, wanted = np.concatenate(columns).astype(np.float64), np.concatenate(measured).astype(np.float64)
    # a profile sums to one, so the offset of the HU scale must not matter
    weights, _ = nnls(matrix - _FITTED_ABOVE_HU, wanted - _FITTED_ABOVE_HU)
    total = weights.sum()
    residual = float(np.sqrt(np.mean((matrix @ weights / total - wanted) ** 2)))
    shift = float(taps @ weights / total)
    fwhm = _width_at_half(taps, weights)
    profile = SliceProfile("weights", fwhm, tuple(float(w) for w in weights / total), step)
    return MeasuredProfile(profile, shift, residual)


def _width_at_half(taps: np.ndarray, weights: np.ndarray) -> float:
    fine = np.linspace(taps[0], taps[-1], 50 * len(taps))
    above = fine[np.interp(fine, taps, weights) >= weights.max() / 2]
    return float(above[-1] - above[0])


class RealPair:
    """A thick and a thin series of one scan to draw pairs from.

    Args:
        thick: The thick series.
        thin: The thin series, on the same in-plane grid.

    Attributes:
        measured: The slice profile and how far the geometry is off.

    Raises:
        InputRefusedError: The series do not share the in-plane grid.
    """

    def __init__(self, thick: sitk.Image, thin: sitk.Image) -> None:
        geometry = slice_geometry(thick)
        self.interval, self.pixel = geometry.interval, float(np.prod(geometry.pixel_spacing)) ** 0.5
        placed = place(thick, thick, "the thick series"), place(thin, thick, "the thin series")
        self.thick, self.thin = (one.slices for one in placed)
        positions, self.thin_positions = (one.positions for one in placed)
        self.measured = fit_profile(self.thick, positions, self.thin, self.thin_positions)
        self.thick_positions = positions + self.measured.shift
        self._bone = [np.argwhere(one > BONE_ABOVE_HU) for one in self.thick]
        logger.info(
            "real pair: thick slices lie %+.2f mm from where the geometry puts them; profile of FWHM %.2f mm explains "
            "them to %.1f HU",
            self.measured.shift,
            self.measured.profile.fwhm,
            self.measured.residual,
        )

    def draw(self, settings: Simulation, rng: np.random.Generator) -> Pair:
        """Draw one pair; nothing is simulated but flips."""
        from CTEnhanceLib.model.context_unet import describe_scan

        step = self.thin_positions[1] - self.thin_positions[0]
        reach = np.array(settings.offsets) * step if settings.offsets else np.array([-self.interval, self.interval])
        low, high = self.thick_positions + reach.min(), self.thick_positions + reach.max()
        usable = np.flatnonzero((low >= self.thin_positions[0]) & (high <= self.thin_positions[-1]))
        middle = int(rng.choice(usable))
        centre = self.thick_positions[middle]
        if settings.offsets:
            chosen = np.rint((centre + reach - self.thin_positions[0]) / step).astype(int)
        else:
            near = np.flatnonzero(np.abs(self.thin_positions - centre) <= self.interval)
            chosen = near[rng.integers(0, max(1, len(near) - settings.targets + 1)) :][: settings.targets]
        where = self.thin_positions[chosen]
        count = settings.context
        neighbours = np.clip(np.arange(count) - count // 2 + middle, 0, len(self.thick) - 1)
        window = self._window(middle, settings.patch, settings.bone, rng)
        context = self.thick[neighbours][:, window[0], window[1]]
        if settings.base == "interpolated":
            weights = interpolation_matrix(self.thick_positions, where).astype(np.float32)
            base = np.tensordot(weights, self.thick[:, window[0], window[1]].astype(np.float32), axes=1)
        else:
            base = np.repeat(self.thick[middle][window][None], len(where), axis=0)
        target = self.thin[chosen][:, window[0], window[1]]
        images = np.concatenate([context, base, target]).astype(np.float32)
        images = to_stored(turned(images, rng) if settings.flips else images) * np.float32(2 / STORED_MAX) - 1
        context, base, target = np.split(images, [count, count + len(where)])
        offset = (where - centre) / self.interval
        weight = np.diff(
            self.measured.profile.cumulative(np.stack([where - step / 2, where + step / 2]) - centre), axis=0
        )
        condition = describe_scan(self.interval, float(step), self.pixel, self.measured.profile)
        arrays = (context, base, target, offset, weight[0], condition)
        return Pair(*(np.ascontiguousarray(a, dtype=np.float32) for a in arrays))

    def _window(self, index: int, patch: int, bone: float, rng: np.random.Generator) -> tuple[slice, slice]:
        rows, columns = self.thick.shape[1:]
        if len(self._bone[index]) and rng.random() < bone:
            place = self._bone[index][rng.integers(len(self._bone[index]))]
        else:
            place = np.array([rng.integers(rows), rng.integers(columns)])
        spans = []
        for at, limit in zip(place, (rows, columns)):
            start = int(np.clip(at - rng.integers(0, patch + 1), 0, max(0, limit - patch)))
            spans.append(slice(start, start + patch))
        return spans[0], spans[1]
