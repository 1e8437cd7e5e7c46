"""Whether a further series belongs to the main one: its shift and small rotation, and what still disagrees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.enhancement.fusion.crossings import Crossings, Series, all_crossings, crossing_values
from CTEnhanceLib.enhancement.options import Watch

MOST_SHIFT_MM = 2.0
MOST_ROTATION_DEGREES = 2.0
# what is left after the correction may look like a displacement of this much at edges of bone
MOST_MISFIT_MM = 0.25
# two series of one scan state the same HU
MOST_OFFSET_HU = 20.0
FEWEST_CROSSINGS = 400
_POINTS = 9000
_FEW_POINTS = 1500
# profiles and blurs are told apart by every third point
_EVERY = 3
# least squares end when a step changes the sum of squares by less than this part of it
_PRECISE = 1e-6
_OUTLIER_HU = 60.0
_EDGE_HU_PER_MM = 80.0
# interpolation between pixels already looks like a blur of 0.4 pixels: less than that is none, and is not fitted
_BLURS_MM = (-0.9, -0.6, 0.6, 0.9, 1.4, 2.0)
# a series that is softer than this is no help in its plane
MOST_BLUR_MM = 1.4
_CLEARLY = 0.5
_NORMAL_MAD = 1.4826


@dataclass(frozen=True)
class Fit:
    """How a further series lies to the main one.

    Attributes:
        series: The series on its corrected grid, with the profile and blur that explain it best.
        shift: Correction of its centre, LPS mm, shape (3,).
        rotation_degrees: Angle of the correction.
        misfit_mm: What still disagrees at edges, as the displacement that would cause it.
        difference_hu: Standard deviation of the difference of both where nothing changes.
        offset_hu: How much higher its values lie, median.
        reason: Why it does not fit, a part of a sentence; "" where it does.
    """

    series: Series
    shift: np.ndarray
    rotation_degrees: float
    misfit_mm: float
    difference_hu: float
    offset_hu: float = 0.0
    reason: str = ""


def fit_series(main: Series, further: Series, watch: Watch, profiles: tuple[SliceProfile, ...] = ()) -> Fit:
    """Find how a further series lies and what it measures, so that both agree where their slices cross.

    Args:
        main: The main series.
        further: The further series as it states itself; a negative blur of the answer is one that the main series
            has beyond it.
        watch: Asked whether to go on.
        profiles: Other slice profiles that it may have; tried where nobody stated one.

    Raises:
        CancelledError: The run was cancelled.
    """
    points = all_crossings(main.grid, further.grid, 3 * _POINTS)
    ours, theirs = crossing_values(main, further, points)
    inside = np.isfinite(ours) & np.isfinite(theirs)
    if inside.sum() < FEWEST_CROSSINGS:
        reason = (
            f"it overlaps the main series too little to be compared with it: {inside.sum()} places were found where "
            f"slices of both cross, and {FEWEST_CROSSINGS} are needed"
        )
        return Fit(further, np.zeros(3), 0.0, np.inf, np.inf, reason=reason)
    points, gradient = _telling(main, further, points.chosen(inside), ours[inside])
    centre = (main.grid.centre + further.grid.centre) / 2
    few = points.chosen(np.random.default_rng(2).permutation(len(points.first))[:_FEW_POINTS])

    def differences(pose: np.ndarray, chosen: Crossings) -> np.ndarray:
        watch.stop_if_cancelled()
        return _differences(main, _moved(further, pose, centre), chosen)

    pose = _search(lambda pose: differences(pose, few))
    pose = _refined(lambda pose: differences(pose, few), pose)
    pose = _refined(lambda pose: differences(pose, points), pose)
    best = _moved(further, pose, centre)
    some = points.chosen(slice(None, None, _EVERY))
    best = _least([best, *(replace(best, profile=profile) for profile in profiles)], main, some)
    watch.stop_if_cancelled()
    best = _least([best, *(replace(best, blur=blur) for blur in _BLURS_MM)], main, some)
    left = _differences(main, best, points)
    misfit, difference = _misfit(left, gradient)
    shift = best.grid.centre - further.grid.centre
    degrees = float(np.degrees(np.linalg.norm(pose[3:])))
    offset = -float(np.median(left))
    fit = Fit(best, shift, degrees, misfit, difference, offset)
    return replace(fit, reason=_reason(fit))


def _least(candidates: list[Series], main: Series, points: Crossings) -> Series:
    """Give the series that agrees best; the first one unless another is clearly better."""
    costs = [float((_differences(main, candidate, points) ** 2).mean()) for candidate in candidates]
    best = int(np.argmin(costs))
    return candidates[best if costs[best] < _CLEARLY * costs[0] else 0]


def _reason(fit: Fit) -> str:
    distance = float(np.abs(fit.shift).max())
    if distance > MOST_SHIFT_MM:
        return f"it lies {distance:.1f} mm off along an axis, and up to {MOST_SHIFT_MM:g} mm are corrected"
    if fit.rotation_degrees > MOST_ROTATION_DEGREES:
        return f"it is rotated by {fit.rotation_degrees:.1f} degrees, and up to {MOST_ROTATION_DEGREES:g} are corrected"
    if abs(fit.offset_hu) > MOST_OFFSET_HU:
        return (
            f"its values differ by {fit.offset_hu:+.0f} HU from those of the main series where their slices cross "
            "(another contrast, or no Hounsfield units)"
        )
    if fit.series.blur > MOST_BLUR_MM:
        return (
            f"its kernel is softer than that of the main series, as if blurred by {fit.series.blur:g} mm or more "
            f"in its plane, and up to {MOST_BLUR_MM:g} mm are taken into account"
        )
    if fit.misfit_mm > MOST_MISFIT_MM:
        return (
            f"where its slices cross those of the main series, edges disagree as if displaced by {fit.misfit_mm:.2f} "
            f"mm even after a correction of {distance:.2f} mm, and {MOST_MISFIT_MM:g} mm are tolerated"
        )
    return ""


def _moved(series: Series, parameters: np.ndarray, centre: np.ndarray) -> Series:
    rotation = Rotation.from_rotvec(parameters[3:]).as_matrix()
    return series.moved(series.grid.moved(rotation, centre, parameters[:3]))


def _differences(main: Series, further: Series, points: Crossings) -> np.ndarray:
    if further.blur < 0:
        main, further = replace(main, blur=-further.blur), replace(further, blur=0.0)
    ours, theirs = crossing_values(main, further, points)
    return np.nan_to_num(ours - theirs)


def _telling(main: Series, further: Series, points: Crossings, values: np.ndarray) -> tuple[Crossings, np.ndarray]:
    """Choose points in the body, half of them at edges; give them with the gradient there, HU per mm."""
    step = 0.5 * min(main.grid.spacing[1:])
    slopes = []
    for axis in (1, 2):
        sides = []
        for sign in (-1, 1):
            grid = replace(main.grid, origin=main.grid.origin - sign * step * main.grid.directions[:, axis])
            sides.append(crossing_values(main.moved(grid), further, points)[0])
        slopes.append(np.nan_to_num((sides[1] - sides[0]) / (2 * step)))
    gradient = np.hypot(*slopes)
    generator = np.random.default_rng(1)
    at_edges = np.flatnonzero(gradient > _EDGE_HU_PER_MM)
    flat = np.flatnonzero((gradient <= _EDGE_HU_PER_MM) & (values > BODY_ABOVE_HU))
    chosen = np.concatenate(
        [generator.permutation(at_edges)[: 2 * _POINTS // 3], generator.permutation(flat)[: _POINTS // 3]]
    )
    return points.chosen(chosen), gradient[chosen]


def _refined(differences: Callable[[np.ndarray], np.ndarray], pose: np.ndarray) -> np.ndarray:
    """Give the pose (shift in mm, rotation vector) near another one with which both series agree best."""
    return least_squares(
        differences,
        pose,
        loss="soft_l1",
        f_scale=_OUTLIER_HU,
        x_scale=[0.5] * 3 + [0.01] * 3,
        diff_step=1e-2,
        ftol=_PRECISE,
        xtol=_PRECISE,
        max_nfev=25,
    ).x


def _search(differences: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Try shifts on a coarse lattice."""
    best, start = np.inf, np.zeros(6)
    for shift in np.stack(np.meshgrid(*[(-1.5, 0.0, 1.5)] * 3, indexing="ij")).reshape(3, -1).T:
        trial = np.concatenate([shift, np.zeros(3)])
        cost = float(np.abs(differences(trial)).clip(max=4 * _OUTLIER_HU).mean())
        if cost < best:
            best, start = cost, trial
    return start


def _misfit(difference: np.ndarray, gradient: np.ndarray) -> tuple[float, float]:
    """Part noise (HU) and misregistration (mm): difference^2 = noise^2 + misfit^2 gradient^2; misfit comes first."""
    flat = gradient <= _EDGE_HU_PER_MM / 2
    # the median, so that what disagrees is not taken for noise
    noise = float((_NORMAL_MAD * np.median(np.abs(difference[flat]))) ** 2) if flat.sum() > 50 else 0.0
    edges = gradient > _EDGE_HU_PER_MM
    if not edges.any():
        return 0.0, noise**0.5
    excess = max(float((difference[edges] ** 2).mean()) - noise, 0.0)
    return float(np.sqrt(excess / (gradient[edges] ** 2).mean())), noise**0.5
