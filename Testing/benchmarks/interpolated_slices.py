"""Which slices of real volumes were interpolated, and how well each slice is predicted by those around it.

    python Testing/benchmarks/interpolated_slices.py [VOLUME.nrrd]...

Without a volume all of train/, validation/ and real_thick/ in CTENHANCE_DATA are looked at. Printed are the runs found,
and for every period and phase (index of the first slice that predicts, from 0) the smallest residual relative to the
difference of neighbouring slices, of a period: 0 = predicted entirely. Where a run was found, the second line of a
volume is of the longest stretch outside of all runs.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTEnhanceLib.ct.interpolated_slices.residuals import residuals
from CTEnhanceLib.ct.interpolated_slices.runs import find_interpolated, longest_measured
from CTEnhanceLib.training.config.data_files import data_path

FOLDERS = ("train", "validation", "real_thick")


def smallest(slices: np.ndarray) -> list[str]:
    """Give for every period the smallest relative residual of each phase."""
    found = [[one.relative(first).min() for first in range(one.period)] for one in residuals(slices)]
    return [" ".join(f"{value:.3f}" for value in phases) for phases in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volumes", nargs="*", metavar="VOLUME.nrrd")
    args = parser.parse_args()
    paths = [Path(path) for path in args.volumes]
    paths = paths or sorted(path for folder in FOLDERS for path in data_path(folder).glob("*.nrrd"))
    print("| volume | slices | runs (first to last, period) | every 2nd | every 3rd | every 4th | every 5th | s |")
    print("|---|---|---|---|---|---|---|---:|")
    for path in paths:
        slices = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        began = time.monotonic()
        runs = find_interpolated(slices)
        seconds = time.monotonic() - began
        named = ", ".join(f"{run.first} to {run.last}, {run.period}" for run in runs)
        cells = (f"0 to {len(slices) - 1}", named or "none", *smallest(slices), f"{seconds:.2f}")
        print("| " + " | ".join((path.stem, *cells)) + " |")
        if runs:
            first, end = longest_measured(runs, len(slices))
            cells = (f"{first} to {end - 1}", "", *smallest(slices[first:end]), "")
            print("| " + " | ".join(("outside", *cells)) + " |")


if __name__ == "__main__":
    main()
