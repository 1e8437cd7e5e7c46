"""The same call before and after a change, in turns on one machine: how much faster, and how equal the voxels.

    python Testing/benchmarks/before_after.py --before e373cd1 [--size 512 512 46] [--full] [--rounds 3]

The code of the earlier revision is taken from git into a temporary folder. Both compute the same generated wrist with
the same weights (those of the earlier revision) and precision; each round runs one after the other, so that other work
on the machine meets both. Prints seconds and CPU seconds of the call (`enhance`, the model loaded), medians, the ratio,
and what the voxels of the body differ by.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from enhance import thick_volume
from processes import told_by

ROOT = Path(__file__).resolve().parents[2]
CALL = """
import json, sys, time
import SimpleITK as sitk, torch
torch.set_num_threads(int(sys.argv[4]))
from CTEnhanceLib import enhance, load_stack
stack, image = load_stack(sys.argv[5]), sitk.ReadImage(sys.argv[1])
started, cpu = time.perf_counter(), time.process_time()
result = enhance(image, stack, device="cpu", precision=sys.argv[3], profile="box", uncertainty=False)
print(json.dumps([time.perf_counter() - started, time.process_time() - cpu]))
sitk.WriteImage(result.volume, sys.argv[2])
"""


def call(code: Path, model: Path, thick: Path, thin: Path, precision: str, threads: int) -> tuple[float, float]:
    """Seconds and CPU seconds of the call with the code in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(code / "CTEnhance"), "OMP_NUM_THREADS": str(threads)}
    wall, cpu = told_by(CALL, thick, thin, precision, threads, model, environment=environment)
    return wall, cpu


def take_out(revision: str, folder: Path) -> Path:
    """Put the module of a revision, with its models, into a folder."""
    archive = subprocess.run(["git", "archive", revision, "CTEnhance"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", required=True, metavar="REVISION")
    parser.add_argument("--size", type=int, nargs=3, default=(512, 512, 46))
    parser.add_argument("--full", action="store_true", help="no air to crop away: the worst case")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="PATH")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        thick = folder / "thick.nrrd"
        sitk.WriteImage(thick_volume(tuple(args.size), args.full), str(thick))
        codes = {"before": take_out(args.before, folder), "after": ROOT}
        model = codes["before"] / "CTEnhance" / "Resources" / "Models" / "context"
        times: dict[str, list[tuple[float, float]]] = {label: [] for label in codes}
        for _ in range(args.rounds):
            for label, code in codes.items():
                times[label].append(call(code, model, thick, folder / f"{label}.nrrd", args.precision, args.threads))
        before, after = (sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"{label}.nrrd"))) for label in codes)
    body = np.maximum(before, after) > -300
    off = (after.astype(int) - before)[body]
    wall, cpu = ({label: statistics.median(one[index] for one in times[label]) for label in codes} for index in (0, 1))
    result = {
        "machine": platform.processor() or platform.machine(),
        "threads": args.threads,
        "volume": "x".join(map(str, args.size)) + (" full" if args.full else " wrist in air"),
        **{f"{label}_s": wall[label] for label in codes},
        **{f"{label}_cpu_s": cpu[label] for label in codes},
        "times_faster": wall["before"] / wall["after"],
        "times_less_cpu": cpu["before"] / cpu["after"],
        "body_rmse_hu": float(np.sqrt(np.mean(off**2.0))),
        "body_most_hu": int(np.abs(off).max()),
    }
    for name, value in result.items():
        print(f"{name:<18}{value:.3f}" if isinstance(value, float) else f"{name:<18}{value}")
    if args.json:
        Path(args.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
