"""Who does the work: worker processes on this machine, or the workers of a dask cluster.

Both give results as they come, survive the death of a worker, and try what it was doing again.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from CTEnhanceLib.errors import DeviceError, UsageError

ATTEMPTS = 3
"""How often a task is begun before it is given up: it may be what ends its workers."""

Task = TypeVar("Task")
Work = Callable[[Any, int], Any]


class Lost:
    """Stands for the result of a task whose workers ended each time it was tried."""


def run_here(work: Work, tasks: Sequence[Task], workers: int) -> Iterator[tuple[Task, Any]]:
    """Run tasks in worker processes of this machine.

    Args:
        work: Called as work(task, number of the worker) in a worker process; must be importable there.
        tasks: What to do.
        workers: Processes at a time.

    Yields:
        Each task with its result, in the order in which they are finished; `Lost` where every try ended its worker.
    """
    waiting: queue.SimpleQueue[tuple[Task, int]] = queue.SimpleQueue()
    finished: queue.SimpleQueue[tuple[Task, Any]] = queue.SimpleQueue()
    for task in tasks:
        waiting.put((task, 1))
    stopped = threading.Event()
    hands = [
        threading.Thread(target=_serve, args=(work, number, waiting, finished, stopped), daemon=True)
        for number in range(min(workers, len(tasks)))
    ]
    for hand in hands:
        hand.start()
    try:
        for _ in tasks:
            yield finished.get()
    finally:
        stopped.set()
        for child in multiprocessing.active_children():
            child.terminate()
        for hand in hands:
            hand.join(timeout=5)


def _serve(
    work: Work,
    number: int,
    waiting: queue.SimpleQueue[Any],
    finished: queue.SimpleQueue[Any],
    stopped: threading.Event,
) -> None:
    """Keep one worker process busy; begin a new one when it ended before its time."""
    pool = _worker()
    while not stopped.is_set():
        try:
            task, attempt = waiting.get_nowait()
        except queue.Empty:
            break
        try:
            finished.put((task, pool.submit(work, task, number).result()))
        except BrokenProcessPool:
            if stopped.is_set():
                return
            pool = _worker()
            if attempt < ATTEMPTS:
                waiting.put((task, attempt + 1))
            else:
                finished.put((task, Lost()))
    pool.shutdown()


def _worker() -> ProcessPoolExecutor:
    # forked copies of a process that used torch can hang
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def run_on_cluster(work: Work, tasks: Sequence[Task], scheduler: str) -> Iterator[tuple[Task, Any]]:
    """Run tasks on the workers of a dask cluster; arguments and results as in `run_here`.

    Args:
        work: As in `run_here`; the package must be installed on the workers.
        tasks: What to do.
        scheduler: Address of the scheduler, for example tcp://head:8786.

    Raises:
        UsageError: dask.distributed is missing.
        DeviceError: The scheduler does not answer.
    """
    try:
        from distributed import Client, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise UsageError('--scheduler needs dask.distributed: pip install "CTEnhance[cohort]".') from error
    try:
        client = Client(scheduler, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise DeviceError(
            f"The scheduler {scheduler} does not answer ({error}); start it, or check the address."
        ) from error
    with client:
        # a result is a file: it must not be taken for one computed before
        futures = {client.submit(work, task, n, pure=False, retries=ATTEMPTS): task for n, task in enumerate(tasks)}
        for future in as_completed(list(futures), loop=client.loop):
            problem = future.exception()
            if problem is not None and not isinstance(problem, KilledWorker):
                raise problem
            yield futures[future], Lost() if problem is not None else future.result()


def run_anywhere(work: Work, tasks: Sequence[Task], workers: int, scheduler: str | None) -> Iterator[tuple[Task, Any]]:
    """Run tasks where the user wants them: on a cluster, in several processes, or one after the other in this one.

    Args:
        work: As in `run_here`.
        tasks: What to do.
        workers: Processes at a time, where there is no scheduler; 1: in this process.
        scheduler: Address of a dask scheduler; empty or None: this machine.

    Returns:
        As from `run_here`.
    """
    if scheduler:
        return run_on_cluster(work, tasks, scheduler)
    if workers > 1:
        return run_here(work, tasks, workers)
    return ((task, work(task, 0)) for task in tasks)


def default_workers(device: str, gigabytes: float = 1.5) -> int:
    """Give how many workers fit: one for each GPU, or one for each core that `gigabytes` of memory are left for.

    Args:
        device: "cpu", or the devices of GPUs separated by commas.
        gigabytes: Memory of one worker.
    """
    if device != "cpu":
        return len(device.split(","))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (AttributeError, ValueError, OSError):  # Windows
        return cores
    return max(1, min(cores, int(memory / gigabytes)))
