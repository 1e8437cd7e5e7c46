"""What further thick series of a scan give: studies made from a thin volume, as a table.

    python Testing/benchmarks/fusion.py [--volume validation/vhm_head_neck_1mm.nrrd] [--crop 144 160 160] [--cases ...]

Each line is one study. Bone PSNR (range 4095; conventions: docs/evaluation.md) of the axial series alone by cubic
interpolation + back-projection, of the axial series alone by the model, and of all series fused. Slabs are means of
samples across the slab (Testing/studies.py). Needs the real CT (CTENHANCE_DATA, default ../shared/data).
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "Testing"))

from CTEnhanceLib import enhance, load_stack  # noqa: E402
from CTEnhanceLib.ct.profile import SliceProfile  # noqa: E402
from CTEnhanceLib.evaluation.baselines import YARDSTICK  # noqa: E402
from CTEnhanceLib.evaluation.evaluate import evaluate  # noqa: E402
from CTEnhanceLib.files.volumes import read_volume_file  # noqa: E402
from studies import measure  # noqa: E402

DATA = Path(os.environ.get("CTENHANCE_DATA", REPOSITORY.parent / "shared" / "data"))
PLANES = ("axial", "coronal", "sagittal")


def case(planes: tuple[str, ...] = PLANES, axial: dict[str, Any] | None = None, **others: Any) -> list[dict[str, Any]]:
    """A study: what makes its axial series, and what makes the others."""
    return [{"plane": plane, "seed": seed, **(others if seed else axial or {})} for seed, plane in enumerate(planes)]


NOISE = {"noise": 25.0}
CASES: dict[str, list[dict[str, Any]]] = {
    "axial + coronal, 3 mm": case(PLANES[:2]),
    "three, 3 mm": case(),
    "three, 3 mm, 25 HU of noise each": case(axial=NOISE, **NOISE),
    "three, others oblique by 8 degrees": case(degrees=(8, 0)),
    "three, others oblique by 8 degrees, 0.5 mm pixels, 0.5 mm off": case(
        degrees=(8, 0), pixel=0.5, stated_off=(0.5, 0.5, 0.5)
    ),
    "three, others oblique by 8 degrees, 0.5 mm pixels, 1.5 mm off": case(
        degrees=(8, 0), pixel=0.5, stated_off=(1.5, -1.5, 1.5)
    ),
    "three, others oblique by 15 and 5 degrees": case(degrees=(15, 5)),
    "three, others 2 mm": case(thickness=2.0),
    "three, others 4 mm": case(thickness=4.0),
    "three, others 3 mm every 4 mm (gaps)": case(interval=4.0),
    "three, others 3 mm every 2 mm (overlap)": case(interval=2.0),
    "three, others with 1.5 mm pixels": case(pixel=1.5),
    "three, others cover one half": case(cover=(0.0, 0.5)),
    "three, others with a softer kernel": case(blur=0.6),
    "three, others rotated by 1 degree": case(rotated_off=1.0),
    "three, others 4 mm off (to be left out)": case(stated_off=(4.0, 0.0, 0.0)),
}


def crop(image: sitk.Image, size: tuple[int, int, int] | None) -> sitk.Image:
    """Cut the middle out of a volume; `size` in the order slices, rows, columns."""
    if size is None:
        return image
    whole, wanted = image.GetSize(), [min(a, b) for a, b in zip(size[::-1], image.GetSize())]
    low = [(a - b) // 2 for a, b in zip(whole, wanted)]
    return sitk.RegionOfInterest(image, wanted, low)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--volume", default="validation/vhm_head_neck_1mm.nrrd")
    parser.add_argument("--crop", type=int, nargs=3, metavar=("SLICES", "ROWS", "COLUMNS"))
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="CASE")
    parser.add_argument("--model", default="context")
    args = parser.parse_args()
    thin = crop(read_volume_file(DATA / args.volume), args.crop)
    stack = load_stack(args.model)
    print(f"{args.volume}, {' x '.join(map(str, thin.GetSize()))} voxels; model {args.model}\n")
    print("| study | cubic + back-projection | model alone | fused | gain | left out | consistency HU | CPU s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name in args.cases:
        print(line(name, thin, stack), flush=True)
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


def line(name: str, thin: sitk.Image, stack: Any) -> str:
    """Compute one study; give its line of the table."""
    series = [measure(thin, **settings) for settings in CASES[name]]
    widths = [settings.get("thickness", 3.0) for settings in CASES[name]]
    profile = SliceProfile("box", widths[0])
    for image, width in zip(series[1:], widths[1:]):
        image.SetMetaData("0018|0050", f"{width:g}")
    alone = enhance(series[0], stack, profile=profile).volume
    started = time.process_time()
    fused = enhance(series[0], stack, profile=profile, also=series[1:])
    seconds = time.process_time() - started
    found = evaluate(thin, series[0], {"alone": alone, "fused": fused.volume}, profile=profile)
    cubic, single, all_series = (found.row(n).regions["bone"].pooled_psnr for n in (YARDSTICK, "alone", "fused"))
    told = fused.report["further_series"]
    consistency = [fused.report["consistency"]["after"], *(t["consistency"]["after"] for t in told if t["used"])]
    left_out = sum(not t["used"] for t in told)
    return (
        f"| {name} | {cubic:.2f} | {single:.2f} | {all_series:.2f} | {all_series - cubic:+.2f} | {left_out} | "
        f"{', '.join(f'{np.round(c, 1)}' for c in consistency)} | {seconds:.0f} |"
    )


if __name__ == "__main__":
    main()
