"""How many series an hour a cohort run gives, against the number of workers.

    python Testing/benchmarks/cohort.py [--series 8] [--size 256 256 12] [--workers 1 2]

Every run computes the same generated series into an empty folder. *Efficiency* is the throughput over that of one
worker times the number of workers; the start of the workers (imports, model) counts. Two numbers of series show that
the start is paid once: *start* is what a run takes beyond the series, *each* what a further series costs a worker.
Cores share caches, memory and power: *beside one another* is the same throughput of that many commands of one worker
each, run at the same time on their parts of the series, which is what the machine gives without a common engine.
"""

from __future__ import annotations

import argparse
import json
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
    return beside_one_another([cohort], output, workers)


def beside_one_another(cohorts: list[Path], output: Path, workers: int = 1) -> float:
    """Seconds until commands that start at the same time, one for each cohort, have all ended."""
    started = time.perf_counter()
    calls = []
    for number, cohort in enumerate(cohorts):
        call = [sys.executable, "-m", "CTEnhanceLib", "cohort", str(cohort), str(output / str(number))]
        calls.append(subprocess.Popen([*call, "--device", "cpu", "--workers", str(workers)]))
    if any(one.wait() for one in calls):
        raise SystemExit("a cohort failed")
    return time.perf_counter() - started


def parts(cohort: Path, count: int) -> list[Path]:
    """Share the volumes of a cohort among new folders beside it."""
    folders = [cohort.with_name(f"{cohort.name}-{count}-{number}") for number in range(count)]
    for number, volume in enumerate(sorted(cohort.iterdir())):
        folders[number % count].mkdir(exist_ok=True)
        (folders[number % count] / volume.name).symlink_to(volume)
    return folders


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=8)
    parser.add_argument("--size", type=int, nargs=3, default=(256, 256, 12))
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--json", metavar="PATH")
    args = parser.parse_args()
    # a worker may not use more threads than its share, whatever the number of workers
    os.environ["OMP_NUM_THREADS"] = "1"
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        image = thick_volume(tuple(args.size), full=True)
        counts = {"few": max(args.workers), "all": args.series}
        for name, count in counts.items():
            Path(folder, name).mkdir()
            for number in range(count):
                sitk.WriteImage(image, str(Path(folder, name, f"{number:03}.nrrd")))
        print(f"{args.series} series of {'x'.join(map(str, args.size))}, {os.cpu_count()} cores")
        print("| workers | s | series/h | efficiency | beside one another | start s | each s |")
        print("|---|---|---|---|---|---|---|")
        for workers in args.workers:
            few, whole = (run(Path(folder, name), Path(folder, f"out-{name}-{workers}"), workers) for name in counts)
            each = (whole - few) * workers / max(args.series - counts["few"], 1)
            start = whole - each * args.series / workers
            apart = beside_one_another(parts(Path(folder, "all"), workers), Path(folder, f"apart-{workers}"))
            rows.append({"workers": workers, "seconds": whole, "apart_s": apart, "each_s": each, "start_s": start})
            one = rows[0]["seconds"] * rows[0]["workers"]
            efficiency, machine = one / (whole * workers), one / (apart * workers)
            print(
                f"| {workers} | {whole:.1f} | {3600 * args.series / whole:.0f} | {efficiency:.2f} "
                f"| {machine:.2f} | {start:.1f} "
                f"| {each:.2f} |",
                flush=True,
            )
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
