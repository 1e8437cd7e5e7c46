"""All benchmarks of speed in one go: a text file with the tables and a JSON file for each, beside one another.

    python Testing/benchmarks/speed.py [--output build/speed] [--only floor steps] [--before e373cd1] [--device cuda]

On two quiet cores it takes about half an hour; --quick takes small volumes, to see that everything runs. Peers:
`enhance` sets the call beside cubic resampling by SimpleITK, and beside ECLARE where the command `run-eclare` is there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def jobs(quick: bool, device: str, before: str | None) -> dict[str, list[str]]:
    """Give each benchmark with its arguments."""
    size = ["--size", "160", "160", "8"] if quick else ["--size", "512", "512", "46"]
    floor = ["--size", "160", "160", "8"] if quick else ["--size", "512", "512", "60"]
    long = ["--slices", "20", "63", "200"] if quick else []
    memory = (
        ["--pixels", "128", "--slices", "20", "67"] if quick else ["--pixels", "512", "--slices", "20", "200", "667"]
    )
    found = {
        "floor": ["floor.py", *floor, "--device", device],
        "steps": ["steps.py", *(["--pixels", "128"] if quick else [])],
        "enhance-full": ["enhance.py", "--full", *size, "--device", device],
        "enhance-wrist": ["enhance.py", *size, "--device", device],
        "first-slice": ["first_slice.py", *size, "--device", device],
        "long": ["long_volume.py", *long],
        "memory": ["long_volume.py", *memory],
        "cohort": ["cohort.py", *(["--series", "4", "--size", "96", "96", "8"] if quick else [])],
        "margin": ["crop_margin.py"],
        "threads": ["threads.py", *(["--size", "160", "160", "4", "--rounds", "1"] if quick else [])],
        "freed-memory": ["memory.py", *(["--size", "160", "160", "4"] if quick else [])],
    }
    if before is not None:
        found["before-after-wrist"] = ["before_after.py", "--before", before, *size]
        found["before-after-full"] = ["before_after.py", "--before", before, "--full", *size]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("build/speed"))
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--before", metavar="REVISION", help="also compare with the code of an earlier revision")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    failed = []
    for name, words in jobs(args.quick, args.device, args.before).items():
        if args.only and name not in args.only:
            continue
        table = args.output / f"{name}.txt"
        started = time.perf_counter()
        json_option = [] if words[0] == "crop_margin.py" else ["--json", str(args.output / f"{name}.json")]
        with table.open("w", encoding="utf-8") as stream:
            call = [sys.executable, str(HERE / words[0]), *words[1:], *json_option]
            code = subprocess.run(call, stdout=stream, stderr=subprocess.STDOUT, check=False).returncode
        print(f"== {name} ({time.perf_counter() - started:.0f} s): {' '.join(words)}")
        print(table.read_text(encoding="utf-8"), flush=True)
        if code:
            failed.append(name)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
