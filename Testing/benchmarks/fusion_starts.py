"""From which start several series are best fused, and whether the model should see the fused volume: a table.

    python Testing/benchmarks/fusion_starts.py [--volume ...] [--crop 96 112 112] [--cases "three, 3 mm" ...]

Bone PSNR (dB) of all series, fused from

* the axial series by cubic interpolation + back-projection (no network);
* what the model gives of the axial series (what `enhance` does);
* the mean of what the model gives of each series, on the grid of the thin volume (as many runs of the model as series);
* the mean of the fused volume and of what the model gives of axial slabs that are measured anew from it, 1 mm and 2 mm
  off the measured ones (plug and play: two more runs of the model).

Studies and conventions are those of Testing/benchmarks/fusion.py.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import SimpleITK as sitk
from fusion import CASES, SLAB_MM, Studies, crop, thin_volume
from human_head import HEAD

from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.ct.acquisition import StatedSlices
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thick_volume import thick_volume
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.enhancement.fusion.further_series import further_volume, judge_all
from CTEnhanceLib.enhancement.options import Watch
from CTEnhanceLib.evaluation.baselines import YARDSTICK, baseline_volume
from studies import measure

BOX = SliceProfile("box", SLAB_MM)


def line(studies: Studies, name: str) -> str:
    """Compute one study from each start; give its line of the table."""
    series = [measure(studies.thin, **settings) for settings in CASES[name]]
    stated = StatedSlices(profile=BOX)
    main = thick_volume(series[0], stated=stated, spacing=1.0)
    further = [further_volume(image, main, stated, studies.stack.spec) for image in series[1:]]
    judged = judge_all(main, further, Watch())

    def fused(start: sitk.Image) -> tuple[sitk.Image, float]:
        slices, _ = studies.fused(start, main, judged)
        return like(start, slices), studies.psnr_of_slices(slices)

    cubic = fused(baseline_volume(series[0], YARDSTICK, profile=BOX))[1]
    alone = [studies.alone(image, settings).volume for image, settings in zip(series, CASES[name])]
    result, of_main = fused(alone[0])
    on_grid = [sitk.GetArrayFromImage(placed(volume, alone[0])) for volume in alone]
    of_mean = fused(like(alone[0], np.mean(on_grid, axis=0)))[1]
    seen = [sitk.GetArrayFromImage(placed(seen_again(result, off, studies.stack), alone[0])) for off in (1, 2)]
    again = fused(like(alone[0], np.mean([sitk.GetArrayFromImage(result), *seen], axis=0)))[1]
    return f"| {name} | {' | '.join(f'{value:.2f}' for value in (cubic, of_main, of_mean, again))} |"


def seen_again(fused: sitk.Image, off: int, stack: Any) -> sitk.Image:
    """Give what the model makes of slabs measured from a fused volume, `off` thin slices off the measured ones."""
    width, height, count = fused.GetSize()
    part = sitk.RegionOfInterest(fused, [width, height, count - off], [0, 0, off])
    slabs = thicken(sitk.Cast(part, sitk.sitkInt16), SLAB_MM, profile=BOX)
    return enhance(slabs, stack, profile=BOX, uncertainty=False).volume


def placed(volume: sitk.Image, like_this: sitk.Image) -> sitk.Image:
    """Resample to the grid of a volume by cubic splines; what lies outside takes the values of that volume."""
    target = sitk.Cast(like_this, sitk.sitkFloat32)
    moved = sitk.Resample(sitk.Cast(volume, sitk.sitkFloat32), target, sitk.Transform(), sitk.sitkBSpline, np.nan)
    slices, own = sitk.GetArrayFromImage(moved), sitk.GetArrayFromImage(target)
    return like(like_this, np.where(np.isfinite(slices), slices, own))


def like(image: sitk.Image, slices: np.ndarray) -> sitk.Image:
    """Put slices on the grid of a volume."""
    volume = sitk.GetImageFromArray(slices.astype(np.float32))
    volume.CopyInformation(image)
    return volume


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--volume", help="in the data folder; the measured slices of the human head when left out")
    parser.add_argument("--crop", type=int, nargs=3, default=(85, 112, 112), metavar=("SLICES", "ROWS", "COLUMNS"))
    chosen = ["three, 3 mm", "three, 3 mm, 25 HU of noise each"]
    parser.add_argument("--cases", nargs="+", choices=CASES, default=chosen, metavar="CASE")
    parser.add_argument("--model", default="context")
    args = parser.parse_args()
    thin = crop(thin_volume(args.volume), args.crop)
    studies = Studies(thin, load_stack(args.model), uncertainty=False)
    print(f"{args.volume or HEAD}, {' x '.join(map(str, thin.GetSize()))} voxels; model {args.model}\n")
    print("| study | no network | model of the axial series | mean of the model of each | model again on the fused |")
    print("|---|---|---|---|---|", flush=True)
    for name in args.cases:
        print(line(studies, name), flush=True)


if __name__ == "__main__":
    main()
