"""How long it takes to the first thin slice: cold (a new process) and warm (the model is loaded), and where it goes.

    python Testing/benchmarks/first_slice.py [--size 512 512 46] [--full] [--repeats 3]

Cold is the command `ctenhance enhance --first K --preview FOLDER` from its start to the first file in that folder.
Warm is `enhance` with a loaded model, from the call to the first slice. K is in the middle. The lines below say where
the cold time goes: imports and model in a process that does nothing else. Medians; wall seconds and CPU seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import SimpleITK as sitk
from enhance import thick_volume
from long_volume import run

STEPS = {
    "python": "pass",
    "+ numpy, SimpleITK": "import numpy, SimpleITK",
    "+ torch": "import numpy, SimpleITK, torch",
    "+ the command": "import numpy, SimpleITK, torch; import CTEnhanceLib.cli; from CTEnhanceLib import enhance",
    "+ the model": "from CTEnhanceLib import enhance, load_stack; load_stack('{model}')",
}


def process_seconds(code: str) -> tuple[float, float]:
    """Wall and CPU seconds of a Python process."""
    told = run([sys.executable, "-c", code])
    return told["seconds"], told["cpu_s"]


def cold(thick: Path, model: str, first: int, device: str) -> tuple[float, float]:
    """Wall and CPU seconds of the command from its start to the first slice; then it is ended."""
    with tempfile.TemporaryDirectory() as name:
        seen = Path(name, "seen")
        call = ["enhance", str(thick), str(Path(name, "thin.nrrd")), "--model", model, "--device", device]
        started = time.perf_counter()
        words = [sys.executable, "-m", "CTEnhanceLib", *call, "--first", str(first), "--preview", str(seen)]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        while not (seen.is_dir() and any(seen.glob("[0-9]*.npy"))):
            if process.poll() is not None:
                raise SystemExit("failed: " + " ".join(words))
            time.sleep(0.005)
        wall = time.perf_counter() - started
        process.kill()
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = -9
    return wall, usage.ru_utime + usage.ru_stime


class Seen(Exception):  # noqa: N818 - an answer, no error
    """The first slice is there."""


def warm(image: sitk.Image, model: str, first: int, device: str) -> tuple[float, float]:
    """Wall and CPU seconds of `enhance` with a loaded model, from the call to the first slice."""
    from CTEnhanceLib import enhance, load_stack

    stack = load_stack(model)

    def show(index: int, values: object) -> None:
        raise Seen

    def once() -> tuple[float, float]:
        started, cpu = time.perf_counter(), time.process_time()
        with contextlib.suppress(Seen):
            enhance(image, stack, device=device, first=first, preview=show)
        return time.perf_counter() - started, time.process_time() - cpu

    once()
    return once()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=3, default=(512, 512, 46))
    parser.add_argument("--full", action="store_true", help="no air to crop away: the worst case")
    parser.add_argument("--model", default="context")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", metavar="PATH")
    args = parser.parse_args()
    image = thick_volume(tuple(args.size), args.full)
    first = 3 * args.size[2] // 2
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {'x'.join(map(str, args.size))} thick"
    )
    result: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        thick = Path(name, "thick.nrrd")
        sitk.WriteImage(image, str(thick))
        jobs = {
            "cold, to the first slice": lambda: cold(thick, args.model, first, args.device),
            "warm, to the first slice": lambda: warm(image, args.model, first, args.device),
            **{step: lambda code=code: process_seconds(code.format(model=args.model)) for step, code in STEPS.items()},
        }
        print("| what | s | CPU s |\n|---|---|---|")
        for label, job in jobs.items():
            times = [job() for _ in range(args.repeats)]
            wall, cpu = (statistics.median(column) for column in zip(*times))
            result[label] = {"seconds": wall, "cpu_s": cpu}
            print(f"| {label} | {wall:.2f} | {cpu:.2f} |", flush=True)
    if args.json:
        Path(args.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
