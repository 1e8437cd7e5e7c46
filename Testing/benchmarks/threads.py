"""How many threads the call should use, on idle cores and beside other work: processes of their own, in turns.

    python Testing/benchmarks/threads.py [--size 512 512 6] [--threads 1 2] [--burners 0 2 4] [--rounds 3]

Burners are processes that do nothing but compute. Prints medians of seconds and CPU seconds of the call for each
number of threads, waiting passively as the commands do, and with threads that wait in a loop (OMP_WAIT_POLICY=active).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import SimpleITK as sitk
from enhance import thick_volume
from processes import told_by

CALL = """
import json, sys, time
import SimpleITK as sitk
from CTEnhanceLib.memory import keep_freed_memory
keep_freed_memory()
from CTEnhanceLib import enhance, load_stack
stack, image = load_stack(), sitk.ReadImage(sys.argv[1])
started, cpu = time.perf_counter(), time.process_time()
enhance(image, stack, device="cpu", uncertainty=False)
print(json.dumps([time.perf_counter() - started, time.process_time() - cpu]))
"""


def call(path: Path, threads: int, policy: str) -> list[float]:
    """Seconds and CPU seconds."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": policy}
    return told_by(CALL, path, environment=environment)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=3, default=(512, 512, 6))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, os.cpu_count() or 1])
    parser.add_argument("--burners", type=int, nargs="+", default=[0, os.cpu_count() or 1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="PATH")
    args = parser.parse_args()
    rows = []
    print("| burners | threads | waiting | s | CPU s |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "thick.nrrd"
        sitk.WriteImage(thick_volume(tuple(args.size), full=True), str(path))
        for count in args.burners:
            burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
            ways = [(threads, policy) for policy in ("passive", "active") for threads in args.threads]
            told: dict[tuple[int, str], list[list[float]]] = {way: [] for way in ways}
            try:
                for _ in range(args.rounds):
                    for way in ways:
                        told[way].append(call(path, *way))
            finally:
                for burner in burners:
                    burner.kill()
            for (threads, policy), runs in told.items():
                seconds, cpu = (statistics.median(column) for column in zip(*runs))
                rows.append({"burners": count, "threads": threads, "policy": policy, "seconds": seconds, "cpu_s": cpu})
                print(f"| {count} | {threads} | {policy} | {seconds:.1f} | {cpu:.1f} |", flush=True)
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
