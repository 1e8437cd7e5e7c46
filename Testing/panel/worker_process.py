"""Which process a panel's worker is, for tests that end it from outside or look whether it is gone."""

from __future__ import annotations

from typing import Any


def process_id(worker: Any) -> int:
    """Id of the process of a `QtWorker`; 0 when it does not run."""
    return int(worker._process.processId()) if worker._process is not None else 0
