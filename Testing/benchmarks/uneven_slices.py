"""How evenly the slices of a thin volume lie, and what a model gains on it when they are made to lie evenly.

    python Testing/benchmarks/uneven_slices.py [VOLUME] [--model context] [--details 0 0.25 0.5]

A slice that lies halfway between its neighbours resembles both alike. How far each is from that gives the distances of
the slices, as shares of their mean: the least-squares fit over all slices whose bone is large enough. The volume is
then resampled (cubic spline) as if they had been even, thickened to a 3 mm box, enhanced and measured like the volume
as it is. No model can know that the slices of a reference lie unevenly, so this part of its error is not the model's.
"""

from __future__ import annotations

import argparse

import numpy as np
import SimpleITK as sitk
from scipy.interpolate import CubicSpline

from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.evaluation.baselines import YARDSTICK
from CTEnhanceLib.evaluation.evaluate import evaluate
from CTEnhanceLib.training.config.data_files import data_path

HEAD = "validation/vhm_head_neck_1mm.nrrd"
PROFILE = SliceProfile("box", 3.0)
LEAST_BONE = 500
TOGETHER = 6  # slices whose mean distance is taken to be right


def distances(slices: np.ndarray) -> np.ndarray:
    """Give the distances of neighbouring slices (n, rows, columns) as shares of their mean, (n - 1,)."""
    count = len(slices) - 1
    equations, right = [], []
    for k in range(1, count):
        three = slices[k - 1 : k + 2]
        bone = (three > BONE_ABOVE_HU).any(axis=0)
        if bone.sum() < LEAST_BONE:
            continue
        step, whole = (three[1] - three[0])[bone], (three[2] - three[0])[bone]
        place = float((step * whole).sum() / (whole * whole).sum())
        equations.append(np.zeros(count))
        equations[-1][k - 1 : k + 1] = place - 1, place
        right.append(0.0)
    for k in range(count - TOGETHER + 1):
        equations.append(np.zeros(count))
        equations[-1][k : k + TOGETHER] = 1 / TOGETHER
        right.append(1.0)
    return np.linalg.lstsq(np.array(equations), np.array(right), rcond=None)[0]


def evened(thin: sitk.Image) -> sitk.Image:
    """Give a thin volume resampled to slices of even distances."""
    slices = sitk.GetArrayFromImage(thin).astype(float)
    positions = np.concatenate([[0.0], np.cumsum(distances(slices))])
    even = CubicSpline(positions, slices, axis=0)(np.clip(np.arange(len(slices)), 0, positions[-1]))
    image = sitk.GetImageFromArray(np.rint(even).astype(np.int16))
    image.CopyInformation(thin)
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volume", nargs="?", default=HEAD)
    parser.add_argument("--model", default="context")
    parser.add_argument("--details", nargs="+", type=float, default=[0, 0.25, 0.5])
    args = parser.parse_args()
    stack = load_stack(args.model)
    thin = read_volume(data_path(args.volume))
    found = distances(sitk.GetArrayFromImage(thin).astype(float))
    print("distances of the slices / their mean:", " ".join(f"{share:.2f}" for share in found))
    print(f"standard deviation {found.std():.3f}\n\n| slices | detail | bone gain dB | energy |\n|---|---|---|---|")
    for name, reference in (("as they are", thin), ("evened", evened(thin))):
        thick = thicken(reference, 3.0, profile=PROFILE)
        computed = {
            f"{detail:g}": enhance(thick, stack, spacing=1.0, profile=PROFILE, detail=detail).volume
            for detail in args.details
        }
        evaluation = evaluate(reference, thick, computed, profile=PROFILE)
        yardstick = evaluation.row(YARDSTICK).regions["bone"].pooled_psnr
        for detail in computed:
            row = evaluation.row(detail)
            print(f"| {name} | {detail} | {row.regions['bone'].pooled_psnr - yardstick:+.2f} | {row.energy:.3f} |")


if __name__ == "__main__":
    main()
