"""`ctenhance cohort`: many volumes, on the cores or GPUs of this machine or on a cluster."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.commands.shared.options import (
    add_detail_option,
    add_device_option,
    add_model_option,
    add_process_options,
    add_profile_options,
    add_scheduler_option,
    chosen_progress,
)
from CTEnhanceLib.enhancement.device import PRECISIONS
from CTEnhanceLib.errors import InputRefusedError, UsageError
from CTEnhanceLib.files.cancellation import cancel_at_end_of_input
from CTEnhanceLib.files.volumes import SUFFIXES

if TYPE_CHECKING:
    from CTEnhanceLib.batch.items import Item
    from CTEnhanceLib.batch.job import Job, Outcome
    from CTEnhanceLib.batch.store import Store


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "cohort",
        help="compute thin slices for a folder of volumes and DICOM series",
        description="Every volume file and every folder of DICOM files below COHORT_DIR is computed. A run that was "
        "ended goes on where it stopped: results that are there and were made from the same files, model and options "
        "stay. One bad series never stops the rest. OUT_DIR gets the volumes, a report beside each, cohort.csv and "
        "cohort.json. Exit code 3: at least one series has no result.",
    )
    parser.add_argument("cohort", metavar="COHORT_DIR", help="a folder, or a URL that fsspec knows")
    parser.add_argument("output", metavar="OUT_DIR", help="likewise")
    add_model_option(parser)
    parser.add_argument("--spacing", type=float, default=1.0, metavar="MM", help="thin interval; default: %(default)s")
    parser.add_argument("--format", choices=SUFFIXES, default=SUFFIXES[0], help="default: %(default)s")
    add_profile_options(parser, "slice profile of all", measured=True)
    add_device_option(parser, "auto, cpu, cuda, or cuda:0,cuda:1,...")
    parser.add_argument("--workers", type=int, metavar="N", help="processes; default: one for each core or GPU")
    add_scheduler_option(parser)
    parser.add_argument("--list", action="store_true", help="only list what would be computed")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    add_detail_option(parser)
    parser.add_argument("--no-consistency", action="store_true", help="leave the back-projection out")
    add_process_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Find, compute, record; the exit code tells whether any volume has no result."""
    from CTEnhanceLib.batch.items import find_items
    from CTEnhanceLib.batch.store import open_store

    if args.lifeline:
        cancel_at_end_of_input(Event())
    if args.workers is not None and args.workers < 1:
        raise UsageError(f"The number of workers must be positive, not {args.workers}.")
    items = find_items(open_store(args.cohort))
    if args.list:
        for item in items:
            print(f"{item.name}\t{item.source}\t{len(item.files)} files")
        return
    output = open_store(args.output, writable=True)
    job, workers = _job(args)
    progress = chosen_progress(args)
    outcomes = []
    progress("cohort", 0, len(items))
    for outcome in _outcomes(items, job, workers, args.scheduler):
        outcomes.append(outcome)
        progress("cohort", len(outcomes), len(items))
    _record(outcomes, job, output)
    without = [outcome for outcome in outcomes if not outcome.succeeded]
    if without:
        raise InputRefusedError(
            f"{len(without)} of {len(items)} series have no result (the first: {without[0].name}: "
            f"{without[0].reason[:150]}); {args.output}/cohort.csv gives the reason of each."
        )


def _job(args: argparse.Namespace) -> tuple[Job, int]:
    """Settle what every worker does, and how many of them there are."""
    from CTEnhanceLib.batch.engines import default_workers
    from CTEnhanceLib.batch.job import Job
    from CTEnhanceLib.enhancement.device import choose_device
    from CTEnhanceLib.model.folder import load_stack

    stack = load_stack(args.model)
    devices = _devices(args.device)
    for device in devices:
        choose_device(device)
    kind = "cpu" if devices == ("cpu",) else ",".join(devices)
    workers = args.workers or default_workers(kind)
    threads = max(1, default_workers("cpu", gigabytes=0.1) // workers)
    options = {"spacing": args.spacing, "profile": args.profile, "fwhm": args.fwhm, "precision": args.precision}
    options.update(detail=args.detail, consistency=not args.no_consistency)
    model = str(Path(args.model).resolve()) if Path(args.model).is_dir() else args.model
    cohort, output = (p if "://" in p else str(Path(p).resolve()) for p in (args.cohort, args.output))
    return Job(cohort, output, model, stack.sha256, args.format, options, devices, threads), workers


def _devices(name: str) -> tuple[str, ...]:
    """Give one device for each worker in turn; all GPUs for "cuda", all there are of them (else the CPU) for "auto"."""
    import torch

    count = torch.cuda.device_count()
    if name == "cuda" or (name == "auto" and count):
        return tuple(f"cuda:{number}" for number in range(max(count, 1)))
    if name == "auto":
        return (str(_cpu_or_mps()),)
    return tuple(name.split(","))


def _cpu_or_mps() -> Any:
    from CTEnhanceLib.enhancement.device import choose_device

    return choose_device("auto")


def _outcomes(items: list[Item], job: Job, workers: int, scheduler: str | None) -> Iterator[Outcome]:
    from functools import partial

    from CTEnhanceLib.batch.engines import ATTEMPTS, Lost, run_here, run_on_cluster
    from CTEnhanceLib.batch.job import Outcome

    if scheduler is None:
        results = run_here(partial(_work, job), items, workers)
    else:
        results = run_on_cluster(partial(_work, job), items, scheduler)
    for item, result in results:
        if isinstance(result, Lost):
            reason = f"The worker ended {ATTEMPTS} times while it computed this; memory may be too small for it."
            yield Outcome(item.name, item.source, "lost", reason)
        else:
            yield result


def _work(job: Job, item: Item, worker: int) -> Outcome:
    from CTEnhanceLib.batch.job import compute

    return compute(item, job, worker)


def _record(outcomes: list[Outcome], job: Job, output: Store) -> None:
    from CTEnhanceLib.batch.record import as_csv, as_json

    with tempfile.TemporaryDirectory(prefix="ctenhance-cohort-") as folder:
        for name, text in (("cohort.csv", as_csv(outcomes)), ("cohort.json", as_json(outcomes, job))):
            local = Path(folder) / name
            local.write_text(text, encoding="utf-8")
            output.publish(local, name)
