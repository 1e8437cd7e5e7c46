"""How many series an hour a cohort run gives, against the number of workers.

    python Testing/benchmarks/cohort.py [--series 8] [--size 256 256 12] [--workers 1 2]

Every run computes the same generated series into an empty folder. *Efficiency* is the throughput over that of one
worker times the number of workers; the start of the workers (imports, model) counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import SimpleITK as sitk
from enhance import thick_volume


def run(cohort: Path, output: Path, workers: int) -> float:
    """Seconds of the whole command."""
    call = [sys.executable, "-m", "CTEnhanceLib", "cohort", str(cohort), str(output), "--device", "cpu"]
    started = time.perf_counter()
    subprocess.run([*call, "--workers", str(workers)], check=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=8)
    parser.add_argument("--size", type=int, nargs=3, default=(256, 256, 12))
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    # a worker may not use more threads than its share, whatever the number of workers
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        cohort = Path(folder, "cohort")
        cohort.mkdir()
        image = thick_volume(tuple(args.size), full=True)
        for number in range(args.series):
            sitk.WriteImage(image, str(cohort / f"{number:03}.nrrd"))
        print(f"{args.series} series of {'x'.join(map(str, args.size))}, {os.cpu_count()} cores")
        print(f"{'workers':>8}{'seconds':>9}{'series/h':>10}{'efficiency':>12}")
        first = None
        for workers in args.workers:
            seconds = run(cohort, Path(folder, f"out{workers}"), workers)
            first = first or seconds * workers
            print(
                f"{workers:>8}{seconds:>9.1f}{3600 * args.series / seconds:>10.0f}{first / (seconds * workers):>12.2f}"
            )


if __name__ == "__main__":
    main()
