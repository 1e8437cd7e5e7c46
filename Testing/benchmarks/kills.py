# ruff: noqa: E501
"""Kill real runs at random moments and look at what is left: `make kills`.

Every run is a process of its own (forked from this one, which has imported everything, so that the kills fall into the
run and not into the imports). After each kill the output must be absent or whole, and after the next start into the same
folder nothing temporary may be left. The figures go to docs/reliability.json.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from CTEnhanceLib.cli import main
from CTEnhanceLib.files.abandoned import PREFIX
from CTEnhanceLib.files.atomic import check_writable
from odd_series import phantom, write_series
from reliability import record
from stacks import random_stack_folder

OUTPUTS = ("out.nrrd", "out.nii.gz", "out.mha", "series")


def start(source: Path, model: Path, output: Path) -> int:
    """Start a run in a process of its own and give its number."""
    child = os.fork()
    if child:
        return child
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    report = output.parent / "report.json"
    code = main(
        ["enhance", str(source), str(output), "--model", str(model), "--device", "cpu", "--report", str(report)]
    )
    os._exit(code)


def content(path: Path) -> str:
    """Give a hash of a file, or of the names and sizes in a folder of slices (their dates differ)."""
    if path.is_dir():
        return repr(sorted((each.name, each.stat().st_size) for each in path.iterdir()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def remove(path: Path) -> None:
    for each in path.iterdir() if path.is_dir() else ():
        each.unlink()
    if path.exists():
        path.rmdir() if path.is_dir() else path.unlink()


def run(count: int, seed: int) -> dict[str, int]:
    """Kill `count` runs; give what was found."""
    rng = random.Random(seed)
    found = {"kills": 0, "ended_before": 0, "partial_outputs": 0, "left_at_kill": 0, "left_after_next_start": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, model = write_series(folder / "disk", phantom()), random_stack_folder(folder / "model")
        whole, seconds = {}, {}
        for output in OUTPUTS:
            began = time.monotonic()
            assert os.waitpid(start(source, model, folder / output), 0)[1] == 0, output
            seconds[output] = time.monotonic() - began
            whole[output] = content(folder / output)
            remove(folder / output)
            remove(folder / "report.json")
        while found["kills"] < count:
            output = OUTPUTS[found["kills"] % len(OUTPUTS)]
            child = start(source, model, folder / output)
            time.sleep(rng.uniform(0, 1.2 * seconds[output]))
            os.kill(child, signal.SIGKILL)
            killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
            found["kills" if killed else "ended_before"] += 1
            if (folder / output).exists() and content(folder / output) != whole[output]:
                found["partial_outputs"] += 1
            found["left_at_kill"] += any(folder.glob(f"{PREFIX}*"))
            check_writable(folder / output)  # how every command begins
            found["left_after_next_start"] += len(list(folder.glob(f"{PREFIX}*")))
            remove(folder / output)
            remove(folder / "report.json")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    result = run(arguments.count, arguments.seed)
    print(result)
    record("kills", result)
