"""A thick-slice volume goes in, a thin-slice volume and its report come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.ct.acquisition import StatedSlices
from CTEnhanceLib.ct.geometry import GrowingVolume, slices_view
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thick_volume import ThickVolume, thick_volume, with_estimated_profile
from CTEnhanceLib.enhancement.device import choose_device, choose_precision, device_name
from CTEnhanceLib.enhancement.fusion.further_series import (
    LOWERED_SENTENCE,
    FurtherSeries,
    describe,
    further_volume,
    fuse,
    judge_all,
    left_out_sentence,
)
from CTEnhanceLib.enhancement.guard import Clipped, ValueCheck, check_consistency, check_grid, check_report
from CTEnhanceLib.enhancement.options import Cancel, Options, Preview, Progress, Watch, whole_hu
from CTEnhanceLib.enhancement.plan import Plan, make_plan
from CTEnhanceLib.enhancement.predict import Runner
from CTEnhanceLib.enhancement.report import RunFacts, make_report
from CTEnhanceLib.enhancement.stream import Blending, Matching
from CTEnhanceLib.enhancement.uncertainty import describe_uncertainty, uncertainty_slices
from CTEnhanceLib.errors import UsageError

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
    first: int | None = None,
    preview: Preview | None = None,
) -> Enhancement:
    """Compute thin slices from a thick-slice bone CT.

    Args:
        image: Three-dimensional CT in HU with any direction cosines and slice axis.
        stack: The model, from `load_stack`.
        spacing: Interval of the thin slices, mm.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps"; several separated by commas share the slices.
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
        first: Index of the thin slice that is wanted first, counted along the slice axis; the voxels do not depend on
            it.
        preview: Called as preview(index, slice) with every thin slice, int16 HU (rows, columns), as soon as the
            network has given it; back-projection and fusion are still to come.

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
    options = Options(spacing, device, precision, stated, consistency, uncertainty, detail, first)
    watch = Watch(progress, cancel, preview)
    stack.set_detail(detail)
    chosen, *others = (choose_device(name) for name in device.split(","))
    if any(other.type != chosen.type for other in others):
        raise UsageError(f"The devices {device!r} are of several kinds, which round differently; give one kind.")
    runner = Runner(stack, chosen, choose_precision(precision, chosen), _BATCH[chosen.type], [], others)
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
    growing = plan.volume.growing(len(plan.thin), float(plan.thin[0]), plan.options.spacing)
    check = ValueCheck(plan)
    watch.progress("interpolate", 1, 1)
    matching = _stream(plan, growing, check, runner, watch)
    consistency, volume, beyond = matching.rmse, growing.image, check.clipped
    check_consistency(plan, consistency)
    # its network knows pictures of one series only
    bars = None
    if plan.gives_uncertainty:
        bars = uncertainty_slices(plan, runner.stack, growing.slices, runner.device, watch)
    if any(entry.is_used for entry in judged):
        volume, beyond, told = _fuse(plan, judged, growing.slices, bars, runner, consistency, watch)
    else:
        told = [describe(entry, None) for entry in judged]
    thin = slices_view(volume, plan.volume.geometry.axis)
    check_grid(plan, volume)
    facts = RunFacts(
        device=", ".join(device_name(one) for one in (runner.device, *runner.others)),
        precision=runner.precision,
        consistency=consistency,
        clipped=matching.clipped,
        uncertainty=None if bars is None else describe_uncertainty(thin, bars),
        further=told,
        notes=[
            *runner.notes,
            *(left_out_sentence(entry) for entry in judged if not entry.is_used),
            *([LOWERED_SENTENCE] if bars is not None and any(entry.is_used for entry in judged) else []),
            *beyond.sentences(),
        ],
        seconds=watch.seconds,
    )
    uncertainty = None if bars is None else _as_image(plan, bars)
    report = make_report(plan, volume, facts)
    check_report(report)
    return Enhancement(volume, uncertainty, report)


def _stream(plan: Plan, growing: GrowingVolume, check: ValueCheck, runner: Runner, watch: Watch) -> Matching:
    """Predict, make consistent, check and round slice by slice; give what did it, with its figures."""

    def finished(index: int, values: np.ndarray) -> None:
        check.look(index, values)
        growing.put(index, whole_hu(values))

    matching = Matching(plan, finished)

    def blended(index: int, values: np.ndarray, cubic: np.ndarray) -> None:
        watch.show(index, values)
        matching.take(index, values, cubic)

    runner.run(plan, Blending(plan, blended), watch)
    watch.stop_if_cancelled()
    watch.progress("consistency", 1, 1)
    return matching


def _fuse(
    plan: Plan,
    judged: list[FurtherSeries],
    slices: np.ndarray,
    bars: np.ndarray | None,
    runner: Runner,
    consistency: dict[str, float],
    watch: Watch,
) -> tuple[sitk.Image, Clipped, list[dict[str, Any]]]:
    """Fuse the further series in and lower the uncertainty where they measured.

    Args:
        plan: What is computed.
        judged: The further series.
        slices: int16 (slices, rows, columns), HU, from the main series.
        bars: Their uncertainty, float32, HU, changed in place; None where none is asked for.
        runner: Holds the device.
        consistency: Of the main series; "after" becomes that of the fused volume.
        watch: Told of the progress, and asked whether to go on.

    Returns:
        The volume, what of it was clipped, and what the report says of each series.
    """
    used = [entry for entry in judged if entry.is_used]
    thin = slices.astype(np.float32)
    figures = fuse(plan.volume, used, thin, float(plan.thin[0]), plan.options.spacing, runner.device, watch, bars)
    consistency["after"] = figures[0]["after"]
    of_used = iter(figures[1:])
    told = [describe(entry, next(of_used) if entry.is_used else None) for entry in judged]
    check = ValueCheck(plan)
    for index, one in enumerate(thin):
        check.look(index, one)
    return _as_image(plan, whole_hu(thin)), check.clipped, told


def _as_image(plan: Plan, slices: np.ndarray) -> sitk.Image:
    return plan.volume.with_slices(slices, float(plan.thin[0]), plan.options.spacing)
