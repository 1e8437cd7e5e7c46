"""How long the main job takes and how much memory it needs, as whole processes, beside plain interpolation.

    python Testing/benchmarks/enhance.py [--size 512 512 46] [--models context thesis-method2] [--device cpu]

Prints a line for each model: seconds of the whole process, of the part after imports, peak memory, and the ratio to
`cubic`, the same job without a network in the same run. `SimpleITK` is its cubic resampling of the whole volume.
ECLARE (a network trained on the case itself) follows with --eclare where its command `run-eclare` is installed. The
volume is a wrist phantom laid into a full field of view.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.phantom import wrist_phantom

CUBIC = """
import sys, numpy
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.files.volumes import write_volume
from CTEnhanceLib.ct.geometry import *
from CTEnhanceLib.ct.interpolation import apply_along_slices, interpolation_matrix
image = read_volume(sys.argv[1])
geometry = slice_geometry(image)
thin = thin_positions(geometry.count, geometry.interval, 1.0)
slices = apply_along_slices(interpolation_matrix(geometry.positions, thin), to_slices(image))
write_volume(from_slices(numpy.rint(slices).astype("i2"), image, thin[0], 1.0), sys.argv[2])
"""

RESAMPLED = """
import sys, SimpleITK as sitk
image = sitk.ReadImage(sys.argv[1])
size, spacing = list(image.GetSize()), list(image.GetSpacing())
size[2], spacing[2] = 3 * size[2], spacing[2] / 3
origin = image.TransformContinuousIndexToPhysicalPoint((0, 0, -1 / 3))
thin = sitk.Resample(image, size, sitk.Transform(), sitk.sitkBSpline, origin, spacing, image.GetDirection(), -1000.0)
sitk.WriteImage(thin, sys.argv[2])
"""


def thick_volume(size: tuple[int, int, int], full: bool) -> sitk.Image:
    """A thickened phantom in a field of view of `size`; `full`: repeated until no air is left to crop away."""
    thick = sitk.GetArrayFromImage(thicken(wrist_phantom(0), 3.0))
    wanted = size[::-1]
    if full:
        bone = thick[:, thick.shape[1] // 4 : -(thick.shape[1] // 4), thick.shape[2] // 4 : -(thick.shape[2] // 4)]
        values = np.tile(bone, [-(-w // b) for w, b in zip(wanted, bone.shape)])[: wanted[0], : wanted[1], : wanted[2]]
    else:
        values = np.full(wanted, -1000, np.int16)
        repeated = np.resize(thick, (wanted[0], *thick.shape[1:]))[:, : wanted[1], : wanted[2]]
        low = [(w - r) // 2 for w, r in zip(wanted, repeated.shape)]
        values[:, low[1] : low[1] + repeated.shape[1], low[2] : low[2] + repeated.shape[2]] = repeated
    image = sitk.GetImageFromArray(np.ascontiguousarray(values))
    image.SetSpacing([0.4, 0.4, 3.0])
    return image


def run(words: list[str]) -> tuple[float, float]:
    """Run a process; give its seconds and the peak of its memory in GB."""
    started = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"failed: {' '.join(words)}")
    return time.perf_counter() - started, usage.ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=3, default=(512, 512, 46))
    parser.add_argument("--models", nargs="+", default=["context", "thesis-method1", "thesis-method2"])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--full", action="store_true", help="no air to crop away: the worst case")
    parser.add_argument("--eclare", action="store_true", help="hours on a CPU: it trains on the case first")
    parser.add_argument("--json", metavar="PATH")
    args = parser.parse_args()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {'x'.join(map(str, args.size))} thick"
    )
    print(f"{'job':<24}{'process s':>10}{'call s':>8}{'peak GB':>9}{'x cubic':>9}")
    with tempfile.TemporaryDirectory() as folder:
        thick, thin, report = (str(Path(folder) / name) for name in ("thick.nrrd", "thin.nrrd", "report.json"))
        sitk.WriteImage(thick_volume(tuple(args.size), args.full), thick)
        cubic, memory = run([sys.executable, "-c", CUBIC, thick, thin])
        print(f"{'cubic':<24}{cubic:>10.1f}{'':>8}{memory:>9.2f}{1:>9.1f}")
        rows = {"cubic": {"process_s": cubic, "peak_gb": memory}}
        seconds, memory = run([sys.executable, "-c", RESAMPLED, thick, thin])
        print(f"{'SimpleITK':<24}{seconds:>10.1f}{'':>8}{memory:>9.2f}{seconds / cubic:>9.1f}", flush=True)
        rows["SimpleITK"] = {"process_s": seconds, "peak_gb": memory}
        if args.eclare:
            eclare(Path(folder), cubic)
        for model in args.models:
            for precision in ("auto", "fp32"):
                call = ["enhance", thick, thin, "--model", model, "--device", args.device, "--precision", precision]
                seconds, memory = run([sys.executable, "-m", "CTEnhanceLib", *call, "--report", report])
                told = json.loads(Path(report).read_text(encoding="utf-8"))
                name = f"{told['model']['name']} {told['precision']}"
                print(
                    f"{name:<24}{seconds:>10.1f}{told['seconds']:>8.1f}{memory:>9.2f}{seconds / cubic:>9.1f}",
                    flush=True,
                )
                rows[name] = {"process_s": seconds, "call_s": told["seconds"], "peak_gb": memory}
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def eclare(folder: Path, cubic: float) -> None:
    """Run ECLARE on the same volume, where it is installed."""
    program = shutil.which("run-eclare")
    if program is None:
        print("ECLARE is not installed (pip install eclare)")
        return
    sitk.WriteImage(sitk.ReadImage(str(folder / "thick.nrrd")), str(folder / "thick.nii.gz"))
    words = ["--in-fpath", str(folder / "thick.nii.gz"), "--out-dir", str(folder / "eclare"), "--gpu-id", "-1"]
    seconds, memory = run([program, *words])
    print(f"{'ECLARE':<24}{seconds:>10.1f}{'':>8}{memory:>9.2f}{seconds / cubic:>9.1f}", flush=True)


if __name__ == "__main__":
    main()
