"""What the slices say of their own profile, how often that is wrong, and what it costs: the tables of docs/profile.md.

    python Testing/benchmarks/slice_profile.py             estimates on validation volumes and real thick series
    python Testing/benchmarks/slice_profile.py --cost      the model told its profile and told nothing, bone PSNR
    python Testing/benchmarks/slice_profile.py --assumed   what a wrong shape or width costs the model

Thick slices are made of thin ones, or are a scanner's own. Costs are measured on crops. Needs the real CT
(CTENHANCE_DATA, default ../shared/data); nothing here was used to fit the estimator.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator

import numpy as np
import SimpleITK as sitk
from human_head import HEAD, MEASURED
from quality import DATA

from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.ct.geometry import slice_geometry, to_slices
from CTEnhanceLib.ct.profile import SliceProfile, profile_of_deviation, standard_deviation
from CTEnhanceLib.ct.profile_estimate import ProfileEstimate, estimate_profile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.evaluation.baselines import YARDSTICK
from CTEnhanceLib.evaluation.evaluate import evaluate

VOLUMES = {"skull phantom": "validation/phil_head_1mm_UB.nrrd", "human head": HEAD}
# where the slices are asked for their profile, and where the model computes: columns, rows, slices
ASKED = {
    "skull phantom": (slice(80, 400), slice(40, 360), slice(0, 138)),
    "human head": (slice(None), slice(None), slice(*MEASURED)),
}
COMPUTED = {
    "skull phantom": (slice(120, 280), slice(60, 188), slice(30, 90)),
    "human head": (slice(40, 200), slice(20, 148), slice(104, 164)),
}
SCANNER, SCANNER_PROFILE = "validation/phil_head_5mm_UB.nrrd", SliceProfile("triangle", 4.5)
SHAPES = ("box", "triangle", "gaussian")


def profiles(interval: float) -> Iterator[SliceProfile]:
    """The profiles that are told and untold."""
    for shape in SHAPES:
        for ratio in (0.8, 1.0, 1.2):
            yield SliceProfile(shape, ratio * interval)


def estimate(image: sitk.Image) -> tuple[ProfileEstimate | None, float]:
    """What the slices say, and the seconds it took."""
    geometry = slice_geometry(image)
    slices = to_slices(image)
    started = time.perf_counter()
    return estimate_profile(slices, geometry.interval, geometry.pixel_spacing), time.perf_counter() - started


def estimates() -> None:
    """The table of estimates, and how often a sure one is wrong."""
    print("| volume | interval mm | profile | true SD mm | estimated SD mm | off by | off by / uncertainty | used |")
    print("|---|---|---|---|---|---|---|---|")
    rows = []
    for name, path in VOLUMES.items():
        thin = read_volume(DATA / path)[ASKED[name]]
        for interval in (3.0, 5.0):
            for profile in profiles(interval):
                found, _ = estimate(thicken(thin, profile.fwhm, interval, profile))
                true = standard_deviation(profile)
                if found is None:
                    print(f"| {name} | {interval:g} | {profile.shape} {profile.fwhm:g} | {true:.2f} | none | | | |")
                    continue
                off = math.log(found.deviation / true)
                rows.append((found.sure, off, found.uncertainty))
                print(
                    f"| {name} | {interval:g} | {profile.shape} {profile.fwhm:g} | {true:.2f} | "
                    f"{found.deviation:.2f} \u00b1 {found.uncertainty * found.deviation:.2f} | {off:+.0%} | "
                    f"{off / found.uncertainty:+.1f} | {'yes' if found.sure else 'no'} |",
                    flush=True,
                )
    sure, off, uncertainty = (np.array(column) for column in zip(*rows))
    used, ratio = off[sure], (off / uncertainty)[sure]
    print(
        f"\n{len(off)} estimates, {sure.mean():.0%} sure; of those the error is {used.mean():+.1%} \u00b1 "
        f"{used.std():.1%}, {np.mean(np.abs(used) > 0.15):.0%} are off by more than 15 %, "
        f"{np.mean(np.abs(ratio) > 2):.0%} by more than two of their uncertainties."
    )


def real_series() -> None:
    """The scanner's own thick series, the first with known profile."""
    print("\n| series | interval mm | estimated SD mm | as Gaussian FWHM mm | used | seconds |")
    print("|---|---|---|---|---|---|")
    for path in [SCANNER, *sorted(str(p.relative_to(DATA)) for p in (DATA / "real_thick").glob("*.nrrd"))]:
        image = read_volume(DATA / path)
        found, seconds = estimate(image)
        if found is None:
            print(f"| {path} | {slice_geometry(image).interval:.3g} | none | | | {seconds:.1f} |")
            continue
        known = f" (true {standard_deviation(SCANNER_PROFILE):.2f})" if path == SCANNER else ""
        print(
            f"| {path} | {slice_geometry(image).interval:.3g} | {found.deviation:.2f} \u00b1 "
            f"{found.uncertainty * found.deviation:.2f}{known} | {found.profile.fwhm:.2f} | "
            f"{'yes' if found.sure else 'no'} | {seconds:.1f} |",
            flush=True,
        )


def bone_gain(thin: sitk.Image, thick: sitk.Image, true: SliceProfile, computed: dict[str, sitk.Image]) -> list[float]:
    """Bone PSNR over cubic + back-projection, dB."""
    evaluation = evaluate(thin, thick, computed, profile=true)
    yardstick = evaluation.row(YARDSTICK).regions["bone"].pooled_psnr
    return [evaluation.row(name).regions["bone"].pooled_psnr - yardstick for name in computed]


def cost(model: str, names: list[str]) -> None:
    """The model told and told nothing; the slices are asked on the whole volume, the model computes a part of it."""
    stack = load_stack(model)
    print("\n| volume | profile | bone gain told dB | told nothing dB | cost dB | estimate | assumed |")
    print("|---|---|---|---|---|---|---|")
    for name, thin, thick, estimated, true in cases(names):
        untold = None if estimated is None or not estimated.sure else estimated.profile
        known, unknown = bone_gain(
            thin,
            thick,
            true,
            {
                "told": enhance(thick, stack, profile=true).volume,
                "untold": enhance(thick, stack, profile=untold or SliceProfile("box", thick.GetSpacing()[2])).volume,
            },
        )
        said = "none" if estimated is None else f"{estimated.profile.fwhm:.2f} \u00b1 {estimated.uncertainty:.0%}"
        print(
            f"| {name} | {true.shape} {true.fwhm:g} | {known:+.2f} | {unknown:+.2f} | {known - unknown:.2f} | {said} | "
            f"{'box as the interval' if untold is None else 'the estimate'} |",
            flush=True,
        )


def cases(
    names: list[str],
) -> Iterator[tuple[str, sitk.Image, sitk.Image, ProfileEstimate | None, SliceProfile]]:
    """Thin and thick part, what the whole thick volume says of its profile, and the truth."""
    for name in names:
        thin = read_volume(DATA / VOLUMES[name])
        columns, rows, slices = COMPUTED[name]
        asked = ASKED[name][2]
        for true in profiles(3.0):
            thick = thicken(thin[:, :, asked], true.fwhm, 3.0, true)
            found, _ = estimate(thick[ASKED[name][:2]])
            part = thick[columns, rows, (slices.start - asked.start) // 3 : (slices.stop - asked.start) // 3]
            yield name, thin[columns, rows, slices], part, found, true
    if "skull phantom" in names:
        thin, thick = read_volume(DATA / VOLUMES["skull phantom"]), read_volume(DATA / SCANNER)
        columns, rows, _ = COMPUTED["skull phantom"]
        found, _ = estimate(thick)
        yield "scanner's own 5 mm", thin[columns, rows], thick[columns, rows], found, SCANNER_PROFILE


def assumed(model: str) -> None:
    """What a wrong shape or width costs, the skull phantom at 3 mm."""
    stack = load_stack(model)
    thin = read_volume(DATA / VOLUMES["skull phantom"])[COMPUTED["skull phantom"]]
    factors = (0.85, 0.92, 1.0, 1.08, 1.15)
    print("\n| true | assumed | " + " | ".join(f"{factor:g} x SD" for factor in factors) + " |")
    print("|---|---|" + "---|" * len(factors))
    for shape in SHAPES:
        true = SliceProfile(shape, 3.0)
        thick = thicken(thin, 3.0, profile=true)
        for other in SHAPES:
            wrong = {f: profile_of_deviation(other, f * standard_deviation(true)) for f in factors}
            computed = {str(f): enhance(thick, stack, profile=profile).volume for f, profile in wrong.items()}
            gains = bone_gain(thin, thick, true, computed)
            print(f"| {shape} 3 mm | {other} | " + " | ".join(f"{gain:+.2f}" for gain in gains) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--assumed", action="store_true")
    parser.add_argument("--model", default="context")
    parser.add_argument("--volumes", nargs="+", choices=VOLUMES, default=list(VOLUMES), metavar="NAME")
    args = parser.parse_args()
    if args.cost:
        cost(args.model, args.volumes)
    elif args.assumed:
        assumed(args.model)
    else:
        estimates()
        real_series()


if __name__ == "__main__":
    main()
