"""A worker that behaves as told: takes the arguments of ``ctenhance enhance`` and keeps its promises, or breaks them.

CTENHANCE_FAKE_WORKER: ``done`` (repeats each slice), ``slow`` (never ends by itself), ``tree`` (likewise, with a
child process whose id it writes to child.pid), ``deaf`` (ignores its lifeline), ``crash``, ``refuse``, ``no-report``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    behaviour = os.environ["CTENHANCE_FAKE_WORKER"]
    source, output = Path(sys.argv[2]), Path(sys.argv[3])
    if behaviour != "deaf":
        from CTEnhanceLib.files.cancellation import cancel_at_end_of_input, cancel_on_terminate

        cancel_at_end_of_input(cancel_on_terminate())
    output.with_suffix(".part").write_bytes(b"half a volume")
    print("a library says hello", flush=True)
    tell("read", 1, 1)
    if behaviour == "refuse":
        sys.stderr.write("warning: something else\nctenhance: The volume is too warm; let it cool.\n")
        return 3
    if behaviour == "tree":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL)
        Path(os.environ["TMPDIR"], "child.pid").write_text(str(child.pid))
    steps = 6 if behaviour in ("done", "crash", "no-report") else 100_000
    for step in range(steps):
        # in two pieces, so that a line arrives broken
        line = json.dumps({"stage": "enhance", "done": step + 1, "total": steps, "seconds_left": 0.05 * (steps - step)})
        sys.stdout.write(line[:20])
        sys.stdout.flush()
        time.sleep(0.02)
        sys.stdout.write(line[20:] + "\n")
        sys.stdout.flush()
    if behaviour == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    write_result(source, output, with_report=behaviour != "no-report")
    return 0


def tell(stage: str, done: int, total: int) -> None:
    print(json.dumps({"stage": stage, "done": done, "total": total, "seconds_left": None}), flush=True)


def write_result(source: Path, output: Path, with_report: bool) -> None:
    import SimpleITK as sitk

    image = sitk.ReadImage(str(source))
    ratio = (1.0, 1.0, 3.0)
    result = sitk.Expand(image, [int(r) for r in ratio], sitk.sitkNearestNeighbor)
    sitk.WriteImage(result, str(output))
    report = {
        "model": {"name": "fake", "sha256": "0" * 64},
        "consistency": {"applied": True, "before": 3.0, "after": 1.0, "cubic": 4.0},
        "warnings": [],
        "device": "cpu (1 threads)",
    }
    if with_report:
        path = Path(sys.argv[sys.argv.index("--report") + 1])
        path.write_text(json.dumps(report), encoding="utf-8")
    tell("write", 1, 1)


if __name__ == "__main__":
    sys.exit(main())
