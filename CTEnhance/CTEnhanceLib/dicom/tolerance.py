"""Real headers bend the standard in many small ways: pydicom need not tell the user of each."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def tolerant_of_headers() -> Iterator[None]:
    """Silence pydicom's warnings, in Python's warnings and in its log; its errors stay errors."""
    log = logging.getLogger("pydicom")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="pydicom")
            yield
    finally:
        log.setLevel(level)
