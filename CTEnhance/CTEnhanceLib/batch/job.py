"""One volume of a cohort, from file to file, in a worker: it ends with an outcome, whatever happens."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import time
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.batch.items import Item
from CTEnhanceLib.batch.store import Store, open_store
from CTEnhanceLib.errors import CTEnhanceError
from CTEnhanceLib.version import __version__

if TYPE_CHECKING:
    from CTEnhanceLib.model.stack import Stack

logger = logging.getLogger(__name__)

STATE_FOLDER = ".cohort"


@dataclass(frozen=True)
class Job:
    """What is to be done with every volume of a cohort.

    Attributes:
        cohort: Folder or URL of the cohort.
        output: Folder or URL of the results.
        model: Name or folder of the model.
        model_sha256: Hash of its model.json; a worker that finds another model under this name refuses.
        suffix: Of the volumes written: ".nrrd", ".nii.gz" or ".mha".
        options: Keyword arguments of `enhance`.
        devices: Device of each worker, in turn.
        threads: CPU threads of a worker.
    """

    cohort: str
    output: str
    model: str
    model_sha256: str
    suffix: str = ".nrrd"
    options: dict[str, Any] = field(default_factory=dict)
    devices: tuple[str, ...] = ("cpu",)
    threads: int = 1


@dataclass(frozen=True)
class Outcome:
    """How it went with one volume.

    Attributes:
        name: Name of the item.
        source: Where it lies in the cohort.
        status: "done", "unchanged" (done by an earlier run), "refused" (nothing this can be computed from), "failed"
            or "lost" (its worker ended, more than once).
        reason: One sentence where there is no result.
        output: Name of the result in the output; "" where there is none.
        seconds: Time spent on it.
        report: The report of `enhance`; empty where there is no result.
    """

    name: str
    source: str
    status: str
    reason: str = ""
    output: str = ""
    seconds: float = 0.0
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether there is a result."""
        return self.status in ("done", "unchanged")


def compute(item: Item, job: Job, worker: int = 0) -> Outcome:
    """Compute one volume, or find that an earlier run did.

    Args:
        item: The volume.
        job: What is to be done.
        worker: Number of this worker, which chooses its device.

    Returns:
        The outcome; errors are in it, nothing is raised but KeyboardInterrupt.
    """
    started = time.perf_counter()
    try:
        output = _compute(item, job, worker)
    except CTEnhanceError as error:
        status = "refused" if error.exit_code in (3, 4) else "failed"
        output = Outcome(item.name, item.source, status, str(error))
    except MemoryError:
        output = Outcome(item.name, item.source, "failed", "Memory ran out; use fewer workers.")
    except Exception as error:
        logger.exception("item %s", item.name)
        output = Outcome(item.name, item.source, "failed", f"Internal error ({type(error).__name__}: {error}).")
    return Outcome(**{**asdict(output), "seconds": time.perf_counter() - started})


def _compute(item: Item, job: Job, worker: int) -> Outcome:
    cohort, output = open_store(job.cohort), open_store(job.output, writable=True)
    name = item.name + job.suffix
    mark = fingerprint(item, job, cohort)
    report = _finished(item, name, mark, output)
    if report is not None:
        return Outcome(item.name, item.source, "unchanged", output=name, report=report)
    with cohort.fetch(item.source, item.files) as path:
        report = _enhance(item, path, name, mark, job, worker, output)
    return Outcome(item.name, item.source, "done", output=name, report=report)


def fingerprint(item: Item, job: Job, cohort: Store) -> str:
    """Give one hash of all that a result depends on: files of the volume, model, options, version of the program.

    Args:
        item: The volume.
        job: What is done with it.
        cohort: Where its files lie.
    """
    depends = {
        "files": [cohort.sha256(name) for name in item.files],
        "model": job.model_sha256,
        "options": job.options,
        "suffix": job.suffix,
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()


def _state_name(item: Item) -> str:
    return f"{STATE_FOLDER}/{item.name}.json"


def _finished(item: Item, name: str, mark: str, output: Store) -> dict[str, Any] | None:
    """Give the report of an earlier result, None unless that result is there, whole, and made from the same."""
    text = output.read_text(_state_name(item))
    if text is None:
        return None
    try:
        state = json.loads(text)
        valid = state["fingerprint"] == mark and state["sha256"] == output.sha256(name)
        return state["report"] if valid else None
    except (ValueError, KeyError, TypeError):
        return None


def _enhance(item: Item, path: Path, name: str, mark: str, job: Job, worker: int, output: Store) -> dict[str, Any]:
    from CTEnhanceLib.dicom.volumes import read_volume
    from CTEnhanceLib.enhancement.pipeline import enhance
    from CTEnhanceLib.files.volumes import write_volume

    stack = _stack(job.model, job.model_sha256, job.threads)
    image = read_volume(path)
    result = enhance(image, stack, device=job.devices[worker % len(job.devices)], **job.options)
    with tempfile.TemporaryDirectory(prefix="ctenhance-cohort-") as folder:
        local = Path(folder) / ("volume" + job.suffix)
        write_volume(result.volume, local)
        output.publish(local, name)
        text = Path(folder) / "text.json"
        text.write_text(json.dumps(result.report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        output.publish(text, item.name + ".report.json")
        # last: with it the result counts as finished
        state = {"fingerprint": mark, "sha256": output.sha256(name), "report": result.report}
        text.write_text(json.dumps(state, ensure_ascii=False) + "\n", encoding="utf-8")
        output.publish(text, _state_name(item))
    return result.report


@lru_cache(maxsize=1)
def _stack(model: str, sha256: str, threads: int) -> Stack:
    """Load the model once in each worker."""
    import torch

    from CTEnhanceLib.errors import ModelRefusedError
    from CTEnhanceLib.memory import keep_freed_memory
    from CTEnhanceLib.model.folder import load_stack

    torch.set_num_threads(threads)
    keep_freed_memory()
    stack = load_stack(model)
    if stack.sha256 != sha256:
        raise ModelRefusedError(f"The model {model!r} is another one on this machine; install the same one everywhere.")
    return stack
