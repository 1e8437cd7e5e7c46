"""A thick-slice volume goes in, a thin-slice volume and its report come out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.ct.acquisition import Acquisition, resolve_acquisition
from CTEnhanceLib.ct.checks import require_fit
from CTEnhanceLib.ct.consistency import back_project, covering_matrix, residual_rmse
from CTEnhanceLib.ct.geometry import SliceGeometry, from_slices, slice_geometry, thin_positions, to_slices
from CTEnhanceLib.ct.intensity import HU_MAX, HU_MIN, outside_scale
from CTEnhanceLib.ct.interpolation import apply_along_slices, interpolation_matrix, row_blocks
from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix
from CTEnhanceLib.enhancement.device import choose_device, choose_precision, device_name
from CTEnhanceLib.enhancement.predict import Accumulator, Cancel, Progress, Runner, body_window
from CTEnhanceLib.enhancement.report import make_report
from CTEnhanceLib.enhancement.slice_map import slice_map, unreached
from CTEnhanceLib.enhancement.suitability import require_model_fits
from CTEnhanceLib.errors import CancelledError, ModelRefusedError, UsageError
from CTEnhanceLib.model.prediction import Prediction

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTEnhanceLib.model.stack import Stack

_BATCH = {"cpu": 1, "cuda": 8, "mps": 2}


@dataclass(frozen=True)
class Enhancement:
    """What comes out.

    Attributes:
        volume: Thin-slice volume, int16 HU, in the frame of reference of the input.
        confidence: float32 volume on the same grid: standard deviation (HU) of the predictions of a voxel, -1 where
            there is at most one; None unless asked for.
        report: What was done, met and measured; JSON-ready, described by schemas/report.schema.json.
    """

    volume: sitk.Image
    confidence: sitk.Image | None
    report: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """Where everything lies along the slice axis, settled before any computing.

    Attributes:
        geometry: The thick slices.
        acquisition: How they were made.
        thin: Thin slice centres, mm from the first thick centre.
        predictions: Which thick slice predicts which thin slice.
        interpolation: (n_thin, n_thick), cubic.
        thickening: (n_thick, n_thin).
        covering: (n_thin, n_thick).
        warnings: Sentences for the user.
    """

    geometry: SliceGeometry
    acquisition: Acquisition
    thin: np.ndarray
    predictions: list[Prediction]
    interpolation: np.ndarray
    thickening: np.ndarray
    covering: np.ndarray
    warnings: list[str]


def enhance(
    image: sitk.Image,
    stack: Stack,
    *,
    spacing: float = 1.0,
    device: str = "auto",
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    precision: str = "auto",
    thickness: float | None = None,
    interval: float | None = None,
    profile: SliceProfile | str | None = None,
    fwhm: float | None = None,
    consistency: bool = True,
    confidence: bool = False,
) -> Enhancement:
    """Compute thin slices from a thick-slice bone CT.

    Args:
        image: Three-dimensional CT in HU with any direction cosines and slice axis.
        stack: The model, from `load_stack`.
        spacing: Interval of the thin slices, mm.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        progress: Called as progress(stage, done, total) after each batch.
        cancel: Asked between batches; True ends the run.
        precision: "auto", "fp32", "fp16" or "bf16", of the inner layers.
        thickness: Thickness of the thick slices, mm; from DICOM or the interval when left out.
        interval: Their interval, mm; from the spacing of the image when left out.
        profile: Their slice profile, or its shape; from the model when left out.
        fwhm: Full width at half maximum of the profile, mm.
        consistency: Whether to back-project onto the measured slices.
        confidence: Whether to give the confidence volume.

    Returns:
        The thin-slice volume, the confidence volume if asked for, and the report.

    Raises:
        InputRefusedError: The volume is nothing this can honestly work on.
        ModelRefusedError: The model was not made for it, or never predicts twice and confidence was asked for.
        DeviceError: The device is not there, or memory ran out on every device.
        UsageError: An argument makes no sense.
        CancelledError: `cancel` said so.
    """
    started = time.perf_counter()
    if not (np.isfinite(spacing) and spacing > 0):
        raise UsageError(f"The thin spacing must be a positive number of mm, not {spacing:g}.")
    progress, cancel = progress or _no_progress, cancel or _never
    chosen_device = choose_device(device)
    chosen_precision = choose_precision(precision, chosen_device)
    verdict = require_fit(image, spacing=spacing, thickness=thickness, interval=interval)
    image = image if interval is None else _with_interval(image, interval)
    plan = make_plan(image, stack, spacing, thickness, interval, profile, fwhm, confidence)
    runner = Runner(stack, chosen_device, chosen_precision, _BATCH[chosen_device.type], [])
    progress("interpolate", 0, 1)
    thick = to_slices(image)
    thin = apply_along_slices(plan.interpolation, thick)
    progress("interpolate", 1, 1)
    spread = _predict(runner, plan, thick, thin, confidence, progress, cancel)
    figures = _finish(plan, thick, thin, consistency, progress, cancel)
    volume = from_slices(_rounded(thin), image, float(plan.thin[0]), spacing)
    disagreement = None if spread is None else from_slices(spread, image, float(plan.thin[0]), spacing)
    report = make_report(
        image=image,
        volume=volume,
        spec=stack.spec,
        model_sha256=stack.sha256,
        acquisition=plan.acquisition,
        device=device_name(runner.device),
        precision=stack.precision,
        figures=figures,
        spread=spread,
        warnings=[*verdict.reasons, *plan.warnings, *runner.notes],
        seconds=time.perf_counter() - started,
    )
    return Enhancement(volume, disagreement, report)


def make_plan(
    image: sitk.Image,
    stack: Stack,
    spacing: float,
    thickness: float | None,
    interval: float | None,
    profile: SliceProfile | str | None,
    fwhm: float | None,
    confidence: bool,
) -> Plan:
    """Settle where everything lies along the slice axis; arguments and errors as in `enhance`."""
    spec, geometry = stack.spec, slice_geometry(image)
    acquisition = resolve_acquisition(
        image,
        thickness=thickness,
        interval=interval,
        profile=profile,
        fwhm=fwhm,
        model_profile=spec.slice_profile,
    )
    warnings = require_model_fits(spec, acquisition, geometry, spacing)
    thin = thin_positions(geometry.count, geometry.interval, spacing)
    predictions = slice_map(geometry.positions, thin, geometry.interval, spec.offsets)
    gaps = unreached(predictions, len(thin))
    if gaps:
        raise ModelRefusedError(
            f"The model {spec.name!r} gives slices at {spec.offsets} mm from each thick slice, which leaves "
            f"{len(gaps)} of {len(thin)} slices at {spacing:g} mm without a prediction for an interval of "
            f"{geometry.interval:g} mm; choose a model that takes any offset."
        )
    if confidence and len(predictions) == len(thin):
        raise ModelRefusedError(
            f"The model {spec.name!r} predicts every slice only once here, so there is no confidence to give; "
            "leave it out or choose another model."
        )
    return Plan(
        geometry,
        acquisition,
        thin,
        predictions,
        interpolation_matrix(geometry.positions, thin),
        thickening_matrix(geometry.positions, thin, acquisition.profile),
        covering_matrix(geometry.positions, thin),
        warnings,
    )


def _predict(
    runner: Runner,
    plan: Plan,
    thick: np.ndarray,
    thin: np.ndarray,
    confidence: bool,
    progress: Progress,
    cancel: Cancel,
) -> np.ndarray | None:
    from CTEnhanceLib.model.context_unet import describe_scan

    stack, geometry = runner.stack, plan.geometry
    window = body_window(thick, stack.spec.crop_margin_px, stack.multiple)
    accumulator = Accumulator(thin, plan.predictions, window, confidence)
    spacing = float(plan.thin[1] - plan.thin[0])
    pixel_spacing = float(np.prod(geometry.pixel_spacing)) ** 0.5
    condition = describe_scan(geometry.interval, spacing, pixel_spacing, plan.acquisition.profile)
    runner.run(thick, plan.predictions, accumulator, window, condition, geometry.interval, progress, cancel)
    return accumulator.spread


def _finish(
    plan: Plan, thick: np.ndarray, thin: np.ndarray, consistency: bool, progress: Progress, cancel: Cancel
) -> dict[str, Any]:
    """Give voxels outside the 12-bit scale their interpolated value, back-project, and measure consistency."""
    sums = dict.fromkeys(("before", "after", "cubic"), 0.0)
    clipped = {"above": 0, "below": 0}
    rows, columns = thick.shape[1:]
    blocks = row_blocks(rows, columns, 2 * len(thin) + 2 * len(thick))
    for number, block in enumerate(blocks):
        if cancel():
            raise CancelledError
        measured, part = thick[:, block], thin[:, block]
        # interpolated once more: the first interpolation was overwritten, and two thin volumes would not fit in memory
        cubic = apply_along_slices(plan.interpolation, measured)
        outside = outside_scale(cubic)
        part[outside] = cubic[outside]
        sums["cubic"] += measured.size * residual_rmse(cubic, measured, plan.thickening) ** 2
        sums["before"] += measured.size * residual_rmse(part, measured, plan.thickening) ** 2
        if consistency:
            back_project(part, measured, plan.thickening, plan.covering)
        np.rint(part, out=part)
        sums["after"] += measured.size * residual_rmse(part, measured, plan.thickening) ** 2
        clipped["above"] += int(np.count_nonzero(cubic > HU_MAX))
        clipped["below"] += int(np.count_nonzero(cubic < HU_MIN))
        progress("consistency", number + 1, len(blocks))
    rmse = {name: float(np.sqrt(total / thick.size)) for name, total in sums.items()}
    return {"consistency": {"applied": consistency, **rmse}, "clipped": clipped}


def _rounded(thin: np.ndarray) -> np.ndarray:
    limits = np.iinfo(np.int16)
    return np.clip(thin, limits.min, limits.max, out=thin).astype(np.int16)


def _with_interval(image: sitk.Image, interval: float) -> sitk.Image:
    import SimpleITK as sitk

    axis = slice_geometry(image).axis
    spacing = list(image.GetSpacing())
    spacing[axis] = interval
    corrected = sitk.Image(image)
    corrected.SetSpacing(spacing)
    return corrected


def _no_progress(stage: str, done: int, total: int) -> None:
    """Take no notice."""


def _never() -> bool:
    return False
