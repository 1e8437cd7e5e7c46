"""How time and memory grow with the number of slices, from disk to disk, each run a process of its own.

    python Testing/benchmarks/long_volume.py                                     64 x 64, 20 to 2000 thick slices
    python Testing/benchmarks/long_volume.py --pixels 512 --slices 20 200 667    2001 thin slices of 512 x 512

Prints for each length: seconds, CPU seconds (which other work on the machine does not change), CPU milliseconds for
each thick slice beyond those of a run of the shortest volume, peak memory, the voxels as int16 (input and output), and
the peak beyond them. The exponent is that of a power law through CPU time beyond the start-up: 1 is linear. The model
is the stub (`stub_model`), which computes next to nothing, unless --model names another.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from enhance import thick_volume
from stub_model import stub_model


def write_thick(pixels: int, slices: int, path: Path) -> None:
    """A bone without air around it, repeated along the slice axis."""
    few = thick_volume((pixels, pixels, min(slices, 30)), full=True)
    values = np.resize(sitk.GetArrayViewFromImage(few), (slices, pixels, pixels))
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(few.GetSpacing())
    sitk.WriteImage(image, str(path))


def run(words: list[str]) -> dict[str, float]:
    """Run a process; give its seconds, its CPU seconds and the peak of its memory in GB."""
    started = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"failed: {' '.join(words)}")
    cpu = usage.ru_utime + usage.ru_stime
    return {"seconds": time.perf_counter() - started, "cpu_s": cpu, "peak_gb": usage.ru_maxrss * 1024 / 1e9}


def measure(pixels: int, slices: int, model: str, folder: Path) -> dict[str, Any]:
    """One length."""
    thick, thin = folder / "thick.nrrd", folder / "thin.nrrd"
    write_thick(pixels, slices, thick)
    call = [sys.executable, "-m", "CTEnhanceLib", "enhance", str(thick), str(thin), "--model", model]
    told = run([*call, "--device", "cpu", "--profile", "box"])
    voxels = (thick.stat().st_size + thin.stat().st_size) / 1e9
    return {"thick": slices, "thin": 3 * slices, **told, "int16_gb": voxels, "beyond_gb": told["peak_gb"] - voxels}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", type=int, default=64)
    parser.add_argument("--slices", type=int, nargs="+", default=[20, 63, 200, 632, 2000])
    parser.add_argument("--model", help="default: a stub that computes next to nothing")
    parser.add_argument("--json", metavar="PATH")
    args = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {args.pixels} x {args.pixels} pixels")
    print("| thick | thin | s | CPU s | ms each | peak GB | int16 GB | beyond GB |\n|---|---|---|---|---|---|---|---|")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = args.model or str(stub_model(folder / "stub"))
        for slices in args.slices:
            row = measure(args.pixels, slices, model, folder)
            first = rows[0] if rows else row
            more = slices - first["thick"]
            row["ms_each"] = 1e3 * (row["cpu_s"] - first["cpu_s"]) / more if more else float("nan")
            rows.append(row)
            print(
                f"| {row['thick']} | {row['thin']} | {row['seconds']:.1f} | {row['cpu_s']:.1f} | {row['ms_each']:.2f} "
                f"| {row['peak_gb']:.2f} | {row['int16_gb']:.2f} | {row['beyond_gb']:.2f} |",
                flush=True,
            )
    result = {"pixels": args.pixels, "rows": rows, "exponent": exponent(rows)}
    print(f"exponent {result['exponent']:.2f}")
    if args.json:
        Path(args.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def exponent(rows: list[dict[str, Any]]) -> float:
    """Give the slope of log CPU seconds over log slices, both beyond those of the shortest run."""
    first, later = rows[0], [row for row in rows[1:] if row["cpu_s"] > rows[0]["cpu_s"]]
    if len(later) < 2:
        return float("nan")
    more = np.log([[row["thick"] - first["thick"], row["cpu_s"] - first["cpu_s"]] for row in later])
    return float(np.polyfit(more[:, 0], more[:, 1], 1)[0])


if __name__ == "__main__":
    main()
