"""How much air around the body the generator must see: what body voxels change by, against the margin, and the time.

    python Testing/benchmarks/crop_margin.py [--margins 0 8 16 24 32] [--model context]

For slices of real scans (CTENHANCE_DATA): the whole slice and the window around the body are computed, and compared
where the body is. `crop_margin_px` of a model must be one that changes no body voxel by 1 HU.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch

from CTEnhanceLib import load_stack
from CTEnhanceLib.ct.geometry import slice_geometry, thin_positions, to_slices
from CTEnhanceLib.ct.intensity import BODY_ABOVE_HU, HU_MIN, STORED_MAX, to_stored
from CTEnhanceLib.ct.interpolation import interpolation_bands
from CTEnhanceLib.enhancement.body_window import BodyWindows
from CTEnhanceLib.enhancement.slice_map import context_indices, slice_map
from CTEnhanceLib.model.prediction import Prediction
from CTEnhanceLib.training.config.data_files import data_path

SCANS = (
    "validation/phil_head_5mm_UB.nrrd",
    "real_thick/sts_019_3p27mm.nrrd",
    "real_thick/sts_028_3p27mm.nrrd",
    "real_thick/sts_042_3p27mm.nrrd",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--margins", type=int, nargs="+", default=[0, 8, 16, 24, 32, 55])
    parser.add_argument("--model", default="context")
    parser.add_argument("--scans", nargs="+", default=SCANS)
    args = parser.parse_args()
    stack = load_stack(args.model)
    stack.place(torch.device("cpu"), "fp32")
    worst: dict[int, float] = dict.fromkeys(args.margins, 0.0)
    print("| scan, slice | margin | window | most HU in the body | RMSE in the body | CPU s | CPU s whole |")
    print("|---|---|---|---|---|---|---|")
    for scan in args.scans:
        image = sitk.ReadImage(str(data_path(scan)))
        geometry, thick = slice_geometry(image), to_slices(image)
        thin = thin_positions(geometry.count, geometry.interval, 1.0)
        bands = interpolation_bands(geometry.positions, thin)
        predictions = slice_map(geometry.positions, thin, geometry.interval, stack.spec.offsets)
        condition = (geometry.interval / geometry.pixel_spacing[0], 0.29, geometry.interval)
        for index in (geometry.count // 3, geometry.count // 2):
            seen = np.stack([to_stored(thick[i]) for i in context_indices(index, stack.spec.context, geometry.count)])
            chosen = [p for p in predictions if p.thick == index]
            bases = np.stack([to_stored(bands.combine(p.thin, thick.__getitem__)) for p in chosen])
            local = [Prediction(0, p.thin, p.offset, p.channel, p.weight) for p in chosen]

            def compute(rows: slice, columns: slice) -> tuple[np.ndarray, float]:
                parts = (np.ascontiguousarray(part[:, rows, columns]) for part in (seen, bases))  # noqa: B023
                context, base = (torch.from_numpy(part) for part in parts)
                started = time.process_time()
                made = stack.launch(context[None], local, base, condition, geometry.interval) * STORED_MAX  # noqa: B023
                return made.numpy(), time.process_time() - started

            whole, whole_s = compute(slice(None), slice(None))
            for margin in args.margins:
                windows = BodyWindows(thick, margin, stack.multiple)
                window = windows.around(context_indices(index, stack.spec.context, geometry.count))
                if window is None:
                    continue
                part, part_s = compute(window.rows, window.columns)
                off = np.abs(part - whole[:, window.rows, window.columns])
                off = off[bases[:, window.rows, window.columns] + HU_MIN > BODY_ABOVE_HU]
                worst[margin] = max(worst[margin], float(off.max()))
                print(
                    f"| {Path(scan).stem}, {index} | {margin} | {part.shape[2]} x {part.shape[1]} | {off.max():.3f} "
                    f"| {np.sqrt(np.mean(off**2)):.4f} | {part_s:.2f} | {whole_s:.2f} |",
                    flush=True,
                )
    for margin, most in worst.items():
        print(f"margin {margin}: at most {most:.3f} HU in the body")


if __name__ == "__main__":
    main()
