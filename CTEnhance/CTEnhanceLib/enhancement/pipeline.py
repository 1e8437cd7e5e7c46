"""A thick-slice volume goes in, a thin-slice volume and its report come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.ct.acquisition import StatedSlices
from CTEnhanceLib.ct.consistency import back_project, residual_rmse
from CTEnhanceLib.ct.intensity import HU_MAX, HU_MIN, outside_scale
from CTEnhanceLib.ct.interpolation import apply_along_slices, row_blocks
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thick_volume import ThickVolume, thick_volume, with_estimated_profile
from CTEnhanceLib.enhancement.device import choose_device, choose_precision, device_name
from CTEnhanceLib.enhancement.fusion.further_series import (
    ALONE_SENTENCE,
    FurtherSeries,
    describe,
    further_volume,
    fuse,
    judge_all,
    left_out_sentence,
)
from CTEnhanceLib.enhancement.guard import check_consistency, check_grid, check_report, check_values
from CTEnhanceLib.enhancement.options import Cancel, Options, Progress, Watch
from CTEnhanceLib.enhancement.plan import Plan, make_plan
from CTEnhanceLib.enhancement.predict import Runner
from CTEnhanceLib.enhancement.report import RunFacts, make_report
from CTEnhanceLib.enhancement.uncertainty import describe_uncertainty, uncertainty_slices

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTEnhanceLib.model.stack import Stack

_BATCH = {"cpu": 1, "cuda": 8, "mps": 2}


@dataclass(frozen=True)
class Enhancement:
    """What comes out.

    Attributes:
        volume: Thin-slice volume, int16 HU, in the frame of reference of the input.
        uncertainty: float32 volume on the same grid, HU, > 0: the error of 95 of 100 voxels is at most twice their
            uncertainty; None unless asked for.
        report: What was done, met and measured; JSON-ready, described by schemas/report.schema.json.
    """

    volume: sitk.Image
    uncertainty: sitk.Image | None
    report: dict[str, Any]


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
    uncertainty: bool | None = None,
    detail: float | None = None,
    also: Sequence[sitk.Image] = (),
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
        profile: Their slice profile, or its shape; when left out from a measured pair of the model, else estimated
            from the slices where they are sure, else from DICOM or the interval.
        fwhm: Full width at half maximum of the profile, mm.
        consistency: Whether to back-project onto the measured slices.
        uncertainty: Whether to give the uncertainty of every voxel; when left out, wherever the model has one.
        detail: 0 (accurate) to 1 (crisp): which mix of the two sets of weights computes; the default of the model when
            left out.
        also: Further thick series of the same scan, in any orientation; each that fits is fused into the thin volume.

    Returns:
        The thin-slice volume, the uncertainty if there is one, and the report.

    Raises:
        InputRefusedError: The volume is nothing that thin slices can be computed from.
        ModelRefusedError: The model was not made for it, or gives no uncertainty and one was asked for, or has one set
            of weights and a detail was asked for.
        DeviceError: The device is not there, or memory ran out on every device.
        UsageError: An argument makes no sense.
        CancelledError: `cancel` said so.
        FidelityError: What came out is no picture of the input (see `guard`).
    """
    stated = StatedSlices(thickness, interval, profile, fwhm)
    options = Options(spacing, device, precision, stated, consistency, uncertainty, detail)
    watch = Watch(progress, cancel)
    stack.set_detail(detail)
    chosen_device = choose_device(device)
    runner = Runner(stack, chosen_device, choose_precision(precision, chosen_device), _BATCH[chosen_device.type], [])
    volume = thick_volume(image, stated=stated, spacing=spacing, model_profile=stack.spec.slice_profile)
    volume = with_estimated_profile(volume, stated, stack.spec.slice_profile)
    further = [further_volume(other, volume, stated, stack.spec) for other in also]
    return compute(make_plan(volume, stack, options), runner, watch, further)


def compute(plan: Plan, runner: Runner, watch: Watch, further: Sequence[ThickVolume] = ()) -> Enhancement:
    """Compute what a plan settled: interpolate, predict, make consistent, fuse, report; errors as in `enhance`.

    Args:
        plan: What is computed.
        runner: Holds the stack, its device and precision.
        watch: Told of the progress, and asked whether to go on.
        further: Further series that are fused in.
    """
    judged = judge_all(plan.volume, further, watch)
    watch.progress("interpolate", 0, 1)
    thin = apply_along_slices(plan.interpolation, plan.volume.slices)
    watch.progress("interpolate", 1, 1)
    runner.run(plan, thin, watch)
    consistency, clipped = _finish(plan, thin, watch)
    check_consistency(plan, consistency)
    told = _fuse(plan, judged, thin, runner, consistency, watch)
    beyond = check_values(plan, thin)
    bars = uncertainty_slices(plan, runner.stack, thin, runner.device, watch) if plan.gives_uncertainty else None
    volume = _as_image(plan, _rounded(thin))
    check_grid(plan, volume)
    facts = RunFacts(
        device=device_name(runner.device),
        precision=runner.precision,
        consistency=consistency,
        clipped=clipped,
        uncertainty=None if bars is None else describe_uncertainty(thin, bars),
        further=told,
        notes=[
            *runner.notes,
            *(left_out_sentence(entry) for entry in judged if not entry.is_used),
            *([ALONE_SENTENCE] if bars is not None and any(entry.is_used for entry in judged) else []),
            *beyond.sentences(),
        ],
        seconds=watch.seconds,
    )
    uncertainty = None if bars is None else _as_image(plan, bars)
    report = make_report(plan, volume, facts)
    check_report(report)
    return Enhancement(volume, uncertainty, report)


def _fuse(
    plan: Plan,
    judged: list[FurtherSeries],
    thin: np.ndarray,
    runner: Runner,
    consistency: dict[str, float],
    watch: Watch,
) -> list[dict[str, Any]]:
    """Fuse the further series in; give what the report says of each."""
    used = [entry for entry in judged if entry.is_used]
    figures = fuse(plan.volume, used, thin, float(plan.thin[0]), plan.options.spacing, runner.device, watch)
    if used:
        consistency["after"] = figures[0]["after"]
    of_used = iter(figures[1:])
    return [describe(entry, next(of_used) if entry.is_used else None) for entry in judged]


def _finish(plan: Plan, thin: np.ndarray, watch: Watch) -> tuple[dict[str, float], dict[str, int]]:
    """Give voxels outside the 12-bit scale their interpolated value, back-project, and measure consistency."""
    thick = plan.volume.slices
    sums = dict.fromkeys(("before", "after", "cubic"), 0.0)
    clipped = {"above": 0, "below": 0}
    rows, columns = thick.shape[1:]
    blocks = row_blocks(rows, columns, 2 * len(thin) + 2 * len(thick))
    for number, block in enumerate(blocks):
        watch.stop_if_cancelled()
        measured, part = thick[:, block], thin[:, block]
        # interpolated once more: the first interpolation was overwritten, and two thin volumes would not fit in memory
        cubic = apply_along_slices(plan.interpolation, measured)
        outside = outside_scale(cubic)
        part[outside] = cubic[outside]
        sums["cubic"] += measured.size * residual_rmse(cubic, measured, plan.thickening) ** 2
        sums["before"] += measured.size * residual_rmse(part, measured, plan.thickening) ** 2
        if plan.options.consistency:
            back_project(part, measured, plan.thickening, plan.covering)
        np.rint(part, out=part)
        sums["after"] += measured.size * residual_rmse(part, measured, plan.thickening) ** 2
        clipped["above"] += int(np.count_nonzero(cubic > HU_MAX))
        clipped["below"] += int(np.count_nonzero(cubic < HU_MIN))
        watch.progress("consistency", number + 1, len(blocks))
    return {name: float(np.sqrt(total / thick.size)) for name, total in sums.items()}, clipped


def _as_image(plan: Plan, slices: np.ndarray) -> sitk.Image:
    return plan.volume.with_slices(slices, float(plan.thin[0]), plan.options.spacing)


def _rounded(thin: np.ndarray) -> np.ndarray:
    limits = np.iinfo(np.int16)
    return np.clip(thin, limits.min, limits.max, out=thin).astype(np.int16)
