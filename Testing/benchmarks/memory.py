"""What keeping freed memory brings to the call: runs with and without it, in turns, as processes of their own.

    python Testing/benchmarks/memory.py [--size 512 512 8] [--threads 1] [--rounds 3]

Prints medians of seconds, CPU seconds, page faults and the peak of memory, and the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path

import SimpleITK as sitk
from enhance import thick_volume
from processes import told_by

CALL = """
import json, resource, sys, time
import SimpleITK as sitk, torch
from CTEnhanceLib import enhance, load_stack
from CTEnhanceLib.memory import keep_freed_memory
torch.set_num_threads(int(sys.argv[2]))
if sys.argv[3] == "kept" and not keep_freed_memory():
    raise SystemExit("this C library cannot keep freed memory")
stack, image = load_stack(), sitk.ReadImage(sys.argv[1])
started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
enhance(image, stack, device="cpu", precision=sys.argv[4], uncertainty=False)
after = resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
faults = after.ru_minflt - before.ru_minflt
print(json.dumps([time.perf_counter() - started, cpu, faults, after.ru_maxrss / 1024]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=3, default=(512, 512, 8))
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="PATH")
    args = parser.parse_args()
    told: dict[str, list[list[float]]] = {"given back": [], "kept": []}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "thick.nrrd"
        sitk.WriteImage(thick_volume(tuple(args.size), full=True), str(path))
        for _ in range(args.rounds):
            for how, rows in told.items():
                rows.append(told_by(CALL, path, args.threads, how, args.precision))
    print("| freed memory | s | CPU s | page faults | peak MB |\n|---|---|---|---|---|")
    medians = {how: [statistics.median(column) for column in zip(*rows)] for how, rows in told.items()}
    for how, (seconds, cpu, faults, peak) in medians.items():
        print(f"| {how} | {seconds:.1f} | {cpu:.2f} | {faults:.0f} | {peak:.0f} |")
    before, after = medians.values()
    print(f"times faster {before[0] / after[0]:.2f}, times less CPU {before[1] / after[1]:.2f}")
    if args.json:
        Path(args.json).write_text(json.dumps(medians, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
