"""What further thick series of a scan give: studies made from a thin volume, as a table.

    python Testing/benchmarks/fusion.py [--volume FILE] [--crop 85 160 160]
                                        [--cases "three, 3 mm" ...] [--uncertainty]
    python Testing/benchmarks/fusion.py --time 180 512 512

Each line is one study; slabs are means of samples across the slab (Testing/studies.py), the profile is told. Bone PSNR
(dB, range 4095; conventions: docs/evaluation.md) of

* the axial series by cubic interpolation + back-projection;
* the best single series by the model: the one that is best by cubic interpolation + back-projection;
* all series, fused from the axial cubic interpolation + back-projection: no network;
* all series, fused from what the model gives of the axial one, as `ctenhance enhance --also` does.

"over cubic" and "over single" are the gains of the last. "HU left" is how each fused series differs from what the
result predicts (RMSE), beside the noise that was measured in it. CPU seconds are those of comparing and fusing.

--uncertainty prints which part of the voxels errs by at most twice its uncertainty, and the median uncertainty in bone,
of the axial series alone and of all fused. --time fuses three series of a volume resampled to a size, as one process of
its own, and prints its seconds and its peak memory. Needs the real CT (CTENHANCE_DATA, default ../shared/data).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "Testing"))

from human_head import HEAD, human_head  # noqa: E402

from CTEnhanceLib import Enhancement, enhance, load_stack  # noqa: E402
from CTEnhanceLib.ct.acquisition import StatedSlices  # noqa: E402
from CTEnhanceLib.ct.intensity import to_stored  # noqa: E402
from CTEnhanceLib.ct.profile import SliceProfile  # noqa: E402
from CTEnhanceLib.ct.thick_volume import thick_volume  # noqa: E402
from CTEnhanceLib.ct.thicken import thicken  # noqa: E402
from CTEnhanceLib.enhancement.fusion.further_series import FurtherSeries, fuse, judge_all  # noqa: E402
from CTEnhanceLib.enhancement.options import Watch  # noqa: E402
from CTEnhanceLib.evaluation.baselines import YARDSTICK, baseline_volume  # noqa: E402
from CTEnhanceLib.evaluation.measures.error_bars import error_bar_figures  # noqa: E402
from CTEnhanceLib.evaluation.measures.metrics import psnr_of  # noqa: E402
from CTEnhanceLib.evaluation.measures.regions import counted_slices, region_masks  # noqa: E402
from CTEnhanceLib.files.volumes import read_volume_file  # noqa: E402
from studies import measure  # noqa: E402

DATA = Path(os.environ.get("CTENHANCE_DATA", REPOSITORY.parent / "shared" / "data"))
PLANES = ("axial", "coronal", "sagittal")
SLAB_MM = 3.0
Settings = dict[str, Any]


def case(planes: tuple[str, ...] = PLANES, axial: Settings | None = None, **others: Any) -> list[Settings]:
    """A study: what makes its axial series, and what makes the others."""
    return [{"plane": plane, "seed": seed, **(others if seed else axial or {})} for seed, plane in enumerate(planes)]


NOISE = {"noise": 25.0}
CASES: dict[str, list[Settings]] = {
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
    "axial 3 mm, coronal 2 mm, sagittal 4 mm": [
        {"plane": "axial"},
        {"plane": "coronal", "thickness": 2.0},
        {"plane": "sagittal", "thickness": 4.0},
    ],
    "three, others 3 mm every 4 mm (gaps)": case(interval=4.0),
    "three, others 3 mm every 2 mm (overlap)": case(interval=2.0),
    "three, others with 1.5 mm pixels": case(pixel=1.5),
    "three, others cover one half": case(cover=(0.0, 0.5)),
    "three, others with a softer kernel": case(blur=0.6),
    "three, others rotated by 1 degree": case(rotated_off=1.0),
    "three, others 4 mm off (to be left out)": case(stated_off=(4.0, 0.0, 0.0)),
}


@dataclass
class Studies:
    """Computes studies of one thin volume; what single series give is computed once.

    Attributes:
        thin: The thin volume.
        stack: The model.
        uncertainty: Whether uncertainties are asked for.
    """

    thin: sitk.Image
    stack: Any
    uncertainty: bool
    _alone: dict[str, Enhancement] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.truth = sitk.GetArrayFromImage(self.thin)
        self._masks = region_masks(self.truth)

    def line(self, name: str) -> str:
        """Compute one study; give its line of the table."""
        series = [measure(self.thin, **settings) for settings in CASES[name]]
        widths = [settings.get("thickness", SLAB_MM) for settings in CASES[name]]
        for image, width in zip(series, widths):
            image.SetMetaData("0018|0050", f"{width:g}")
        stated = StatedSlices(profile=SliceProfile("box", widths[0]))
        main = thick_volume(series[0], stated=stated, spacing=1.0)
        cubic = [baseline_volume(one, YARDSTICK, profile=SliceProfile("box", w)) for one, w in zip(series, widths)]
        of_cubic = [self.psnr(volume) for volume in cubic]
        best = int(np.argmax(of_cubic))
        alone = self.alone(series[0], CASES[name][0])
        single = self.psnr(self.alone(series[best], CASES[name][best]).volume)

        started = time.process_time()
        told = [StatedSlices(profile=SliceProfile("box", width)) for width in widths]
        further = [thick_volume(image, stated=own, spacing=0.5) for image, own in zip(series[1:], told[1:])]
        judged = judge_all(main, further, Watch())
        bars = None if alone.uncertainty is None else sitk.GetArrayFromImage(alone.uncertainty)
        fused, figures = self.fused(alone.volume, main, judged, bars)
        seconds = time.process_time() - started
        without = self.psnr_of_slices(self.fused(cubic[0], main, judged)[0])
        found = self.psnr_of_slices(fused)
        left = ", ".join(f"{f['after']:.1f} ({f['noise_hu']:.1f})" for f in figures)
        fields = [
            name,
            *(f"{value:.2f}" for value in (of_cubic[0], single, without, found)),
            *(f"{found - value:+.2f}" for value in (of_cubic[0], single)),
            str(sum(not entry.is_used for entry in judged)),
            left,
            f"{seconds:.0f}",
        ]
        if bars is not None:
            fields += self.covered(sitk.GetArrayFromImage(alone.volume), sitk.GetArrayFromImage(alone.uncertainty))
            fields += self.covered(fused, bars)
        return f"| {' | '.join(fields)} |"

    def alone(self, image: sitk.Image, settings: Settings) -> Enhancement:
        """Give what the model makes of one series."""
        key = json.dumps({"seed": 0, **settings} if settings.get("noise") else {**settings, "seed": 0}, sort_keys=True)
        if key not in self._alone:
            profile = SliceProfile("box", settings.get("thickness", SLAB_MM))
            self._alone[key] = enhance(image, self.stack, profile=profile, uncertainty=self.uncertainty)
        return self._alone[key]

    def fused(
        self, start: sitk.Image, main: Any, judged: list[FurtherSeries], bars: np.ndarray | None = None
    ) -> tuple[np.ndarray, list[dict[str, float]]]:
        """Fuse all series from a start on the grid of the thin volume; `bars` are lowered in place."""
        slices = sitk.GetArrayFromImage(start).astype(np.float32)
        first = start.GetOrigin()[2] - main.image.GetOrigin()[2]
        import torch

        return slices, fuse(main, judged, slices, first, 1.0, torch.device("cpu"), Watch(), bars)

    def psnr(self, volume: sitk.Image) -> float:
        """Bone PSNR of a volume, resampled by cubic splines where it lies on another grid."""
        wanted = self.thin
        if volume.GetDirection() == wanted.GetDirection() and volume.GetSize()[:2] == wanted.GetSize()[:2]:
            return self.psnr_of_slices(sitk.GetArrayFromImage(volume))
        resampled = sitk.Resample(sitk.Cast(volume, sitk.sitkFloat32), wanted, sitk.Transform(), sitk.sitkBSpline)
        return self.psnr_of_slices(sitk.GetArrayFromImage(resampled))

    def psnr_of_slices(self, slices: np.ndarray) -> float:
        """Bone PSNR of slices that begin where the thin volume begins."""
        counted = counted_slices(len(slices))[0]
        bone = self._masks["bone"][: len(slices)][counted]
        ours, truth = slices[counted][bone], self.truth[: len(slices)][counted][bone]
        mse = np.mean(((to_stored(ours.astype(np.float32)) - to_stored(truth.astype(np.float32))) / 4095.0) ** 2)
        return float(psnr_of(np.asarray(mse)))

    def covered(self, slices: np.ndarray, bars: np.ndarray) -> list[str]:
        """Fields of the table: coverage in bone and body, median uncertainty in bone."""
        counted = counted_slices(len(slices))[0]
        truth = self.truth[: len(slices)][counted].astype(np.float32)
        told = []
        for region in ("bone", "body"):
            mask = self._masks[region][: len(slices)][counted]
            figures = error_bar_figures(slices[counted].astype(np.float32), truth, bars[counted], mask)
            told.append("" if figures is None else f"{100 * figures.covered:.1f} %")
        bone = self._masks["bone"][: len(slices)][counted]
        return [*told, f"{np.median(bars[counted][bone]):.0f}"]


def crop(image: sitk.Image, size: tuple[int, int, int] | None) -> sitk.Image:
    """Cut the middle out of a volume; `size` in the order slices, rows, columns."""
    if size is None:
        return image
    whole, wanted = image.GetSize(), [min(a, b) for a, b in zip(size[::-1], image.GetSize())]
    low = [(a - b) // 2 for a, b in zip(whole, wanted)]
    return sitk.RegionOfInterest(image, wanted, low)


def sharpened(image: sitk.Image) -> sitk.Image:
    """Sharpen slices in their plane as a bone kernel does: by what a Gaussian of one pixel takes away, 1.5 times."""
    values = sitk.GetArrayFromImage(image).astype(np.float32)
    values += 1.5 * (values - gaussian_filter(values, (0, 1, 1)))
    crisp = sitk.GetImageFromArray(np.rint(values).clip(-1024, 3071).astype(np.int16))
    crisp.CopyInformation(image)
    return crisp


def table(args: argparse.Namespace, thin: sitk.Image) -> None:
    studies = Studies(thin, load_stack(args.model), args.uncertainty)
    kernel = ", sharpened" if args.sharpen else ""
    size = " x ".join(map(str, thin.GetSize()))
    print(f"{args.volume or HEAD}{kernel}, {size} voxels; model {args.model}\n")
    columns = ["study", YARDSTICK, "best single series", "fused, no network", "fused", "over cubic", "over single"]
    columns += ["left out", "HU left (noise)", "CPU s"]
    if args.uncertainty:
        columns += [f"{who}: {what}" for who in ("alone", "fused") for what in ("bone", "body", "median HU")]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    for name in args.cases:
        print(studies.line(name), flush=True)


def timing(thin: sitk.Image, size: tuple[int, int, int], model: str) -> None:
    """Print seconds and peak memory of fusing three series of a volume of `size` slices, rows, columns."""
    spacing = [n * s / wanted for n, s, wanted in zip(thin.GetSize(), thin.GetSpacing(), size[::-1])]
    large = sitk.Resample(
        thin, size[::-1], sitk.Transform(), sitk.sitkLinear, thin.GetOrigin(), spacing, thin.GetDirection()
    )
    large.SetSpacing([*spacing[:2], 1.0])
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{plane}.nrrd" for plane in PLANES]
        for path, axis in zip(paths, (2, 1, 0)):
            sitk.WriteImage(thicken(large, SLAB_MM, profile=SliceProfile("box", SLAB_MM), axis=axis), str(path))
        words = [sys.executable, "-m", "CTEnhanceLib", "enhance", str(paths[0]), str(Path(folder) / "thin.nrrd")]
        words += [w for path in paths[1:] for w in ("--also", str(path))]
        words += ["--model", model, "--profile", "box", "--device", "cpu", "--progress", "json"]
        began = time.perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        stages: dict[str, list[float]] = {}
        assert process.stdout is not None
        for row in process.stdout:
            stages.setdefault(json.loads(row)["stage"], []).append(time.perf_counter() - began)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        print(f"{size[2]} x {size[1]} x {size[0]} voxels out of three series, exit {os.waitstatus_to_exitcode(status)}")
        print(f"{wall:.0f} s, {usage.ru_utime + usage.ru_stime:.0f} CPU s, peak {usage.ru_maxrss / 2**20:.2f} GB")
        print(", ".join(f"{stage} ends at {moments[-1]:.0f} s" for stage, moments in stages.items()))


def thin_volume(file: str | None) -> sitk.Image:
    """Read a thin volume of the data folder; the measured slices of the human head where none is named."""
    return read_volume_file(DATA / file) if file else human_head()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--volume", help="in the data folder; the measured slices of the human head when left out")
    parser.add_argument("--crop", type=int, nargs=3, metavar=("SLICES", "ROWS", "COLUMNS"))
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="CASE")
    parser.add_argument("--sharpen", action="store_true", help="sharpen the volume in its slices: a bone kernel")
    parser.add_argument("--uncertainty", action="store_true")
    parser.add_argument("--time", type=int, nargs=3, metavar=("SLICES", "ROWS", "COLUMNS"))
    parser.add_argument("--model", default="context")
    args = parser.parse_args()
    thin = thin_volume(args.volume)
    if args.time:
        timing(thin, tuple(args.time), args.model)
    else:
        thin = crop(thin, args.crop)
        table(args, sharpened(thin) if args.sharpen else thin)


if __name__ == "__main__":
    main()
