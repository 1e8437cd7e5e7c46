"""Kill real runs at random moments and look at what is left: `make kills`.

Every run is a process of its own, forked from this one, which has imported everything: the kills fall into the run and
not into the imports. Leave the source alone meanwhile. After each kill the output must be absent or whole, and after
the next start into the same folder nothing temporary may be left. The figures go to docs/reliability.json.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import json
import os
import random
import shutil
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
SLICES, PIXELS = 6, 48


def start(source: Path, model: Path, output: Path) -> int:
    """Start a run in a process of its own and give its number; what it says goes to `said` beside the folder."""
    child = os.fork()
    if child:
        return child
    with (output.parent.parent / "said").open("w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        report = output.parent / "report.json"
        words = ["enhance", source, output, "--model", model, "--device", "cpu", "--report", report]
        code = main([str(word) for word in words])
        (output.parent.parent / "modules").write_text("\n".join(sys.modules))
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def content(path: Path) -> str:
    """Give a hash of a file, or of the names and pixels of a folder of slices (the seconds told in them differ)."""
    if not path.is_dir():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    pixels = 2 * PIXELS * PIXELS  # a slice ends with them
    return repr(
        [(each.name, hashlib.sha256(each.read_bytes()[-pixels:]).hexdigest()) for each in sorted(path.iterdir())]
    )


def what_is_partial(folder: Path, output: Path, whole: str) -> str:
    """Name an output or a report that is there and not whole, or a report without its volume; "" where all is well."""
    report = folder / "report.json"
    if report.exists():
        try:
            json.loads(report.read_bytes())
        except ValueError:
            return "a report that is no JSON"
        if not output.exists():
            return "a report without its volume"
    return "a volume that is not whole" if output.exists() and content(output) != whole else ""


def clear(folder: Path) -> None:
    """Remove what a run may have written, but nothing temporary."""
    for path in folder.iterdir():
        if not path.name.startswith(PREFIX):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def reference(source: Path, model: Path, output: Path) -> tuple[str, float]:
    """Run once without a kill; give what comes out and how many seconds it took."""
    began = time.monotonic()
    status = os.waitpid(start(source, model, output), 0)[1]
    if status:
        said = (output.parent.parent / "said").read_text()
        raise SystemExit(f"The run to {output.name} ended with status {status} and said: {said}")
    seconds = time.monotonic() - began
    found = content(output)
    clear(output.parent)
    return found, seconds


def import_what_a_run_imports(folder: Path) -> None:
    """Import here what the last run imported: runs that are forked from now on begin with the work itself."""
    for name in (folder / "modules").read_text().split("\n"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def run(count: int, seed: int, place: str | None = None) -> dict[str, int]:
    """Kill `count` runs; give what was found."""
    rng = random.Random(seed)
    found = dict.fromkeys(
        ("kills", "ended_before", "outputs_there", "partial_outputs", "left_at_kill", "left_after_next_start"), 0
    )
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name, "out")
        folder.mkdir()
        values = phantom()[:SLICES, ::2, ::2]
        source, model = write_series(Path(name, "disk"), values), random_stack_folder(Path(name, "model"))
        for output in OUTPUTS:
            reference(source, model, folder / output)
            import_what_a_run_imports(Path(name))
        references = {output: reference(source, model, folder / output) for output in OUTPUTS}
        while found["kills"] < count:
            output = OUTPUTS[found["kills"] % len(OUTPUTS)]
            whole, seconds = references[output]
            child = start(source, model, folder / output)
            time.sleep(rng.uniform(0, seconds))
            os.kill(child, signal.SIGKILL)
            found["kills" if os.WIFSIGNALED(os.waitpid(child, 0)[1]) else "ended_before"] += 1
            found["outputs_there"] += (folder / output).exists()
            partial = what_is_partial(folder, folder / output, whole)
            if partial:
                found["partial_outputs"] += 1
                print(f"{output}: {partial}", flush=True)
            found["left_at_kill"] += any(folder.glob(f"{PREFIX}*"))
            check_writable(folder / output)  # how every command begins
            found["left_after_next_start"] += len(list(folder.glob(f"{PREFIX}*")))
            clear(folder)
            if found["kills"] % 10 == 0:
                print(found, flush=True)
        assert all(reference(source, model, folder / output)[0] == references[output][0] for output in OUTPUTS)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--place", help="folder to write in; default: that for temporary files")
    arguments = parser.parse_args()
    result = run(arguments.count, arguments.seed, arguments.place)
    print(result)
    record("kills", result)
