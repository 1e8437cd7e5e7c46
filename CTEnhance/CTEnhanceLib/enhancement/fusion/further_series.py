"""Further series of a scan: whether each belongs to the main one, and the thin volume that agrees with all of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

from CTEnhanceLib.ct.acquisition import StatedSlices
from CTEnhanceLib.ct.checks import REFUSED
from CTEnhanceLib.ct.geometry import slice_geometry
from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thick_volume import ThickVolume, thick_volume, with_estimated_profile
from CTEnhanceLib.ct.voxel_grid import VoxelGrid, slices_grid, thin_grid
from CTEnhanceLib.enhancement.fusion.crossings import Series, averaging
from CTEnhanceLib.enhancement.fusion.ends import nearness_to_ends
from CTEnhanceLib.enhancement.fusion.measurement import Measured, MeasurementOperator
from CTEnhanceLib.enhancement.fusion.registration import Fit, fit_series
from CTEnhanceLib.enhancement.fusion.remaining import lower_uncertainty
from CTEnhanceLib.enhancement.fusion.solution import Term, expected_error, faded, solve, voxel_weights
from CTEnhanceLib.enhancement.options import Watch
from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.model.arrays import array_of, tensor_of

if TYPE_CHECKING:
    import SimpleITK as sitk
    import torch

    from CTEnhanceLib.model.spec import ModelSpec

_FRAME_OF_REFERENCE = "0020|0052"
# rounding to whole HU, twice
_LEAST_NOISE_HU = 0.5
# an oblique series is interpolated where it is compared, which looks like this much
_TOLERATED_MM = 0.15
# a residual beyond this many times the noise is not explained by it
_UNEXPLAINED = 3.0
_SAME_INTERVAL = 0.02
_ASK_EVERY_S = 0.1
_SHAPES = ("box", "triangle", "gaussian")
LOWERED_SENTENCE = "The uncertainty is that of the picture of the main series, lowered where further series measured."


@dataclass(frozen=True)
class FurtherSeries:
    """A further series and what was found of it.

    Attributes:
        volume: The series.
        fit: How it lies to the main series; None where that was not tried.
        reason: Why it is left out, a part of a sentence; "" where it is used.
    """

    volume: ThickVolume
    fit: Fit | None
    reason: str

    @property
    def is_used(self) -> bool:
        """Whether it enters the thin volume."""
        return not self.reason

    @property
    def name(self) -> str:
        """What to call it in a sentence, for example "coronal series of 3 mm"."""
        return f"{self.volume.plane} series of {self.volume.acquisition.interval:.3g} mm"


def further_volume(image: sitk.Image, main: ThickVolume, stated: StatedSlices, spec: ModelSpec) -> ThickVolume:
    """Understand a further series; what the user states of the slices holds for it where its interval is the same.

    A stated shape of the slice profile holds for every series.

    Args:
        image: The further series.
        main: The main series.
        stated: What the user states of the slices.
        spec: The model, whose measured profile may be asked for.
    """
    interval = slice_geometry(image).interval
    alike = abs(interval - main.acquisition.interval) <= _SAME_INTERVAL * interval
    shape = stated.profile.shape if isinstance(stated.profile, SliceProfile) else stated.profile
    own = replace(stated, interval=None) if alike else StatedSlices(profile=shape if shape in _SHAPES else None)
    # thin ones are welcome here: what was measured finely need not be computed
    volume = thick_volume(image, stated=own, spacing=interval / 2, model_profile=spec.slice_profile)
    if volume.acquisition.sources["thickness"] == "DICOM":
        return volume  # where its slices cross those of the main series, other profiles are tried
    return with_estimated_profile(volume, own, spec.slice_profile)


def judge_further(main: ThickVolume, volume: ThickVolume, watch: Watch) -> FurtherSeries:
    """Tell whether a further series belongs to the main one: by what DICOM states, then by the data.

    Args:
        main: The main series.
        volume: The further series.
        watch: Asked whether to go on.
    """
    watch.stop_if_cancelled()
    reason = _stated_reason(main, volume)
    if reason:
        return FurtherSeries(volume, None, reason)
    fit = fit_series(_series(main), _series(volume), watch, _other_profiles(volume))
    return FurtherSeries(volume, fit, fit.reason)


def judge_all(main: ThickVolume, volumes: Sequence[ThickVolume], watch: Watch) -> list[FurtherSeries]:
    """Judge the further series, side by side in threads: each one's answer is that of `judge_further`.

    Args:
        main: The main series.
        volumes: The further series.
        watch: Told when one is judged, and asked whether to go on.

    Raises:
        CancelledError: The run was cancelled.
    """
    if not volumes:
        return []
    watch.stop_if_cancelled()
    watch.progress("register", 0, len(volumes))
    stopped = Event()
    with ThreadPoolExecutor(min(len(volumes), os.cpu_count() or 1)) as pool:
        own = Watch(cancel=stopped.is_set)
        judging = [pool.submit(judge_further, main, volume, own) for volume in volumes]
        waiting = set(judging)
        try:
            while waiting:
                ended, waiting = wait(waiting, timeout=_ASK_EVERY_S, return_when=FIRST_COMPLETED)
                watch.stop_if_cancelled()
                if ended:
                    watch.progress("register", len(volumes) - len(waiting), len(volumes))
        except BaseException:
            stopped.set()
            raise
    return [one.result() for one in judging]


def fuse(
    main: ThickVolume,
    further: list[FurtherSeries],
    thin: np.ndarray,
    first: float,
    spacing: float,
    device: torch.device,
    watch: Watch,
    uncertainty: np.ndarray | None = None,
) -> list[dict[str, float]]:
    """Make the thin volume agree with all series that are used, in place.

    Args:
        main: The main series.
        further: All further series; those left out are passed over.
        thin: float32 (n_thin, rows, columns), HU, from the main series alone; changed in place.
        first: Position of `thin[0]`, mm from the first slice centre of the main series.
        spacing: Distance of the thin slices, mm.
        device: Where to compute.
        watch: Told of progress, asked whether to stop.
        uncertainty: Of the thin volume as it comes, HU; lowered in place where further series measured.

    Returns:
        For the main series and each one used: "noise_hu", and HU RMSE "before" and "after".
    """
    used = [entry for entry in further if entry.is_used]
    if not used:
        return []
    import torch

    target = thin_grid(slices_grid(main.image, main.geometry.axis), first, spacing, len(thin))
    noises = _noise(main, used)
    # sparse matrices are not to be had on every device
    device = device if device.type == "cuda" else torch.device("cpu")
    start = tensor_of(thin).to(device)
    terms = [_term(_series(main), target, noises[0], 0.0, True, device)]
    for entry, noise in zip(used, noises[1:]):
        watch.stop_if_cancelled()
        assert entry.fit is not None
        misfit = max(entry.fit.misfit_mm**2 - _TOLERATED_MM**2, 0.0) ** 0.5
        terms.append(_term(entry.fit.series, target, noise, misfit, False, device))
    error = expected_error(start, terms[1:])
    terms = [terms[0], *(_faded(term, entry, target, error) for term, entry in zip(terms[1:], used))]
    before = [term.rmse(start) for term in terms]
    result = solve(start, terms, error, watch)
    left = [term.left(result) for term in terms]
    if any(ratio > _UNEXPLAINED for ratio, _ in left):
        # more than noise is left: the series were not measured quite as stated, and to fit them all the same is harmful
        noises = [float(np.hypot(noise, deviation)) for noise, (_, deviation) in zip(noises, left)]
        terms = [term.noisier(deviation) for term, (_, deviation) in zip(terms, left)]
        result = solve(start, terms, error, watch)
    if uncertainty is not None:
        lower_uncertainty(uncertainty, terms[1:], error)
    torch.round_(result)
    figures = [
        {"noise_hu": noise, "before": rmse, "after": term.rmse(result)}
        for noise, rmse, term in zip(noises, before, terms)
    ]
    thin[:] = array_of(result)
    return figures


def describe(entry: FurtherSeries, figures: dict[str, float] | None) -> dict[str, Any]:
    """Give what the report says of a further series; JSON-ready."""
    volume = entry.volume
    told: dict[str, Any] = {
        "plane": volume.plane,
        "size": list(volume.size),
        "spacing_mm": list(volume.spacing),
        "acquisition": volume.acquisition.describe(),
        "used": entry.is_used,
    }
    if entry.reason:
        told["reason"] = entry.reason
    if entry.fit is not None and np.isfinite(entry.fit.misfit_mm):
        told["correction"] = {
            "shift_mm": [round(float(s), 3) for s in entry.fit.shift],
            "rotation_degrees": round(entry.fit.rotation_degrees, 3),
            "misfit_mm": round(entry.fit.misfit_mm, 3),
            "blur_mm": entry.fit.series.blur,
        }
        told["profile"] = _profile(entry)
    if figures is not None:
        told["noise_hu"] = round(figures["noise_hu"], 2)
        told["consistency"] = {name: round(figures[name], 4) for name in ("before", "after")}
    return told


def _profile(entry: FurtherSeries) -> dict[str, Any]:
    """Give the slice profile that a series was fused with, and who says so."""
    assert entry.fit is not None
    profile, acquisition = entry.fit.series.profile, entry.volume.acquisition
    same_shape, same_width = profile.shape == acquisition.profile.shape, profile.fwhm == acquisition.profile.fwhm
    return {
        "shape": {"value": profile.shape, "source": acquisition.sources["shape"] if same_shape else "crossings"},
        "fwhm_mm": {
            "value": round(profile.fwhm, 3),
            "source": acquisition.sources["fwhm"] if same_width else "crossings",
        },
    }


def left_out_sentence(entry: FurtherSeries) -> str:
    """Say that a series is left out, and why."""
    return f"The {entry.name} was left out: {entry.reason}."


def _stated_reason(main: ThickVolume, volume: ThickVolume) -> str:
    if volume.verdict.level == REFUSED:
        return volume.verdict.reasons[0].rstrip(".")
    frames = [_fact(v, _FRAME_OF_REFERENCE) for v in (main, volume)]
    if all(frames) and frames[0] != frames[1]:
        return "it has another frame of reference (DICOM 0020,0052), so its place to the main series is not known"
    try:
        # a grid of one voxel is enough to tell the angles
        MeasurementOperator(Measured(_tiny(volume), volume.acquisition.profile), _tiny(main))
    except InputRefusedError:
        return "its slices are turned by about 45 degrees against those of the main series"
    return ""


def _term(series: Series, target: VoxelGrid, noise: float, misfit: float, is_main: bool, device: torch.device) -> Term:
    slices = np.ascontiguousarray(series.slices, dtype=np.float32)
    if series.blur < 0:
        # it is crisper than the main series, whose sharpness the thin volume keeps
        widths = [-series.blur / s for s in series.grid.spacing[1:]]
        slices = gaussian_filter(slices, (0, *widths))
    measured = Measured(series.grid, series.profile, max(series.blur, 0.0), is_main)
    operator = MeasurementOperator(measured, target)
    placed = tensor_of(slices).to(device)
    return Term(operator, placed, voxel_weights(operator, placed, noise, misfit, is_main))


def _faded(term: Term, entry: FurtherSeries, target: VoxelGrid, error: float) -> Term:
    assert entry.fit is not None
    nearness = tensor_of(nearness_to_ends(entry.fit.series.grid, target)).to(term.weight.device)
    return replace(term, weight=faded(term.weight, nearness, error))


def _noise(main: ThickVolume, used: list[FurtherSeries]) -> list[float]:
    """Split what differs where slices cross into the noise of each series, HU, main series first.

    Noise that all series share, because they were made of the same thin slices, is not in it: it is measured.
    """
    looks = [_high_pass(entry.volume) for entry in used]
    main_looks, ours, theirs = _high_pass(main), [], []
    for entry, look in zip(used, looks):
        assert entry.fit is not None
        ratio = look / max(main_looks, 1e-3)
        both = averaging(_series(main), entry.fit.series) + ratio**2 * averaging(entry.fit.series, _series(main))
        sigma = entry.fit.difference_hu / np.sqrt(both)
        ours.append(min(sigma, main_looks))
        theirs.append(max(min(ratio * sigma, look), _LEAST_NOISE_HU))
    return [max(float(np.mean(ours)), _LEAST_NOISE_HU), *theirs] if ours else []


def _high_pass(volume: ThickVolume) -> float:
    """Give the noise of a series from differences of neighbouring pixels, HU (median: edges do not count)."""
    middle = volume.slices[:: max(1, len(volume.slices) // 16)].astype(np.float32)
    second = middle[:, 1:-1, 2:] + middle[:, 1:-1, :-2] + middle[:, 2:, 1:-1] + middle[:, :-2, 1:-1]
    second = (second - 4 * middle[:, 1:-1, 1:-1])[middle[:, 1:-1, 1:-1] > BODY_ABOVE_HU]
    return float(np.median(np.abs(second)) * 1.4826 / np.sqrt(20)) if second.size else 0.0


def _other_profiles(volume: ThickVolume) -> tuple[SliceProfile, ...]:
    acquisition = volume.acquisition
    if acquisition.sources["fwhm"] == "user" or acquisition.profile.shape == "weights":
        return ()
    width = acquisition.thickness
    if acquisition.sources["shape"] == "user":
        return (SliceProfile(acquisition.profile.shape, width),)
    return (SliceProfile("box", width), SliceProfile("triangle", width), SliceProfile("box", 0.75 * width))


def _series(volume: ThickVolume) -> Series:
    grid = slices_grid(volume.image, volume.geometry.axis)
    return Series(volume.slices, grid, volume.acquisition.profile)


def _tiny(volume: ThickVolume) -> VoxelGrid:
    grid = slices_grid(volume.image, volume.geometry.axis)
    return VoxelGrid((2, 2, 2), grid.spacing, grid.origin, grid.directions)


def _fact(volume: ThickVolume, key: str) -> str:
    return volume.image.GetMetaData(key).strip() if volume.image.HasMetaDataKey(key) else ""
