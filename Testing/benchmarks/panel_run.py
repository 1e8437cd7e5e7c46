"""How the panel behaves while a worker has both cores: cancel, responsiveness, hand-over.

python Testing/benchmarks/panel_run.py [--model NAME|DIR] [--slices 60] [--cancels 10] [--seed 0] [--quick]

A run of 512 x 512 x SLICES in the panel's host, with two more processes that do nothing but burn the cores.
A 10 ms timer in the event loop measures the gaps between its beats. Whatever else runs on the machine lengthens
them, so the process's own CPU time stands beside. --quick lets the worker repeat slices instead of
computing them for the first measurement; the cancels are always of the real command line.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "host"), str(HERE.parent)]

from slicer_host import Host  # noqa: E402 - found through the line above

from panel.worker_process import process_id  # noqa: E402

BEAT_MS = 10


def burn() -> None:
    """Keep one core busy for as long as the benchmark lives."""
    parent = os.getppid()
    while os.getppid() == parent:
        sum(range(100_000))


class Stopwatch:
    """Remembers the longest gap between two beats of a timer in the event loop."""

    def __init__(self) -> None:
        import qt

        self._last, self._last_cpu = time.perf_counter(), time.process_time()
        self.longest = self.longest_cpu = 0.0
        self.timer = qt.QTimer()
        self.timer.connect("timeout()", self.beat)
        self.timer.start(BEAT_MS)

    def beat(self) -> None:
        """A beat; also called just before and after what is measured on its own."""
        now, cpu = time.perf_counter(), time.process_time()
        self.longest = max(self.longest, now - self._last)
        self.longest_cpu = max(self.longest_cpu, cpu - self._last_cpu)
        self._last, self._last_cpu = now, cpu


class Bench:
    """An open module with a volume of 512 x 512 x slices voxels chosen."""

    def __init__(self, model: str | None, slices: int) -> None:
        self.host = Host().start()
        self.module: Any = self.host.open_module()
        self.section = self.module.panel.run_section
        import slicer

        slicer.app.temporaryPath = tempfile.mkdtemp(prefix="panel-benchmark-")
        self.temporary = Path(slicer.app.temporaryPath)
        self.scene = slicer.mrmlScene
        self.module.ui.inputSelector.setCurrentNode(self._volume(slices))
        if model:
            self.module.panel.models.add_folder(model) if Path(model).is_dir() else self.module.panel.models.choose(
                model
            )
        assert self.module.ui.enhanceButton.enabled, self.module.ui.verdictLabel.text

    def _volume(self, slices: int) -> Any:
        import numpy as np
        import SimpleITK as sitk

        from CTEnhanceLib.scene.nodes import add_volume

        rng = np.random.default_rng(0)
        j, i = np.indices((512, 512)) - 256
        radius = np.hypot(i, j)
        plane = np.where(radius < 80, 900, np.where(radius < 220, 40, -1000)).astype(np.int16)
        noise = rng.integers(-20, 20, (slices, 1, 512), dtype=np.int16)
        image = sitk.GetImageFromArray(plane + noise)
        image.SetSpacing((0.4, 0.4, 3.0))
        return add_volume(self.scene, image, "benchmark", (-200, 1300))

    def press(self) -> None:
        """Enhance, or Cancel."""
        self.module.ui.enhanceButton.click()

    def wait_for_pid(self) -> int:
        """Id of the worker, once it runs."""
        assert self.host.wait(lambda: process_id(self.section.run._worker) > 0, 10)
        return process_id(self.section.run._worker)

    def wait_for_end(self, seconds: float = 900.0) -> None:
        """Let the event loop turn as Slicer's does until the run has ended."""
        assert self.host.wait(lambda: not self.section.is_running, seconds)


def measure_run(bench: Bench, quick: bool) -> float:
    """A whole run; prints the gaps before the hand-over and the hand-over's time."""
    from CTEnhanceLib.panel.run.process import QtWorker
    from CTEnhanceLib.scene import output

    watch, handed_over = Stopwatch(), []
    take_over = output.result_from_file

    def timed(*arguments: Any, **options: Any) -> Any:
        watch.beat()
        gaps.extend((watch.longest, watch.longest_cpu))
        started, cpu = time.perf_counter(), time.process_time()
        node = take_over(*arguments, **options)
        handed_over.extend((time.perf_counter() - started, time.process_time() - cpu))
        return node

    gaps: list[float] = []
    output.result_from_file = timed
    bench.module.panel._make_worker = lambda: QtWorker("fake_worker" if quick else "CTEnhanceLib")
    started = time.perf_counter()
    bench.press()
    bench.wait_for_end()
    seconds = time.perf_counter() - started
    output.result_from_file = take_over
    bench.module.panel._make_worker = QtWorker
    watch.timer.stop()
    outcome = bench.section.outcome
    assert outcome is not None and outcome.kind == "done", (outcome.sentence, outcome.log)
    size = bench.module.ui.outputSelector.currentNode().GetImageData().GetDimensions()
    gap, gap_cpu = (1000 * value for value in gaps)
    taken, taken_cpu = (1000 * value for value in handed_over)
    voxels = " x ".join(map(str, size))
    print(f"run of {seconds:.1f} s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    print(f"longest gap from start to hand-over {gap:.0f} ms (at most 100), own CPU time {gap_cpu:.0f} ms", flush=True)
    print(f"hand-over of {voxels}: {taken:.0f} ms (less than 700), own CPU time {taken_cpu:.0f} ms", flush=True)
    return seconds


def measure_cancels(bench: Bench, count: int, longest: float, seed: int) -> None:
    """Cancel at random moments; prints the time from the click to the end and what is left."""
    chance = random.Random(seed)
    times, left = [], 0
    while len(times) < count:
        nodes = bench.scene.GetNumberOfNodes()
        bench.press()
        pid = bench.wait_for_pid()
        moment = chance.uniform(0, longest)
        if not bench.host.wait(lambda: not bench.section.is_running, moment):
            started = time.perf_counter()
            bench.press()
            bench.wait_for_end(10)
            times.append(time.perf_counter() - started)
        left += nodes != bench.scene.GetNumberOfNodes()
        left += len(list(bench.temporary.iterdir())) + group_is_alive(pid)
    print(
        f"cancel at {len(times)} random moments: longest {max(times) * 1000:.0f} ms (at most 1000); left behind: {left}"
    )


def measure_kills(bench: Bench, count: int, longest: float, seed: int) -> None:
    """Kill the worker at random moments; prints the time from the kill to the report and what is left."""
    chance = random.Random(seed)
    times, left = [], 0
    while len(times) < count:
        nodes = bench.scene.GetNumberOfNodes()
        bench.press()
        pid = bench.wait_for_pid()
        if not bench.host.wait(lambda: not bench.section.is_running, chance.uniform(0, longest)):
            started = time.perf_counter()
            os.kill(pid, signal.SIGKILL)
            bench.wait_for_end(10)
            times.append(time.perf_counter() - started)
            assert bench.section.outcome.kind == "failed"
        left += (nodes != bench.scene.GetNumberOfNodes()) + len(list(bench.temporary.iterdir()))
    print(f"kill -9 at {len(times)} random moments: told after {max(times) * 1000:.0f} ms at most; left behind: {left}")


def group_is_alive(pid: int) -> bool:
    """Whether any process of the worker's group still runs."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--slices", type=int, default=60)
    parser.add_argument("--cancels", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    os.environ.update(PYTHONPATH=str(HERE.parent / "panel"), CTENHANCE_FAKE_WORKER="done")
    bench = Bench(arguments.model, arguments.slices)
    burners = [multiprocessing.get_context("spawn").Process(target=burn, daemon=True) for _ in range(2)]
    for burner in burners:
        burner.start()
    try:
        seconds = measure_run(bench, quick=arguments.quick)
        bench.module.ui.outputSelector.setCurrentNode(None)
        longest = 20.0 if arguments.quick else min(seconds, 20.0)
        measure_cancels(bench, arguments.cancels, longest, arguments.seed)
        measure_kills(bench, 3, longest, arguments.seed)
    finally:
        for burner in burners:
            burner.kill()
        bench.module.cleanup()


if __name__ == "__main__":
    main()
