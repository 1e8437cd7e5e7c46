"""How a run is ended from outside: by SIGTERM, or when the standard input that the parent holds open ends.

A cancelled run gets a moment to end by itself between two batches; then half-written files are removed, the
process group is terminated, and the process ends with the exit code of a cancelled run.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time

from CTEnhanceLib.errors import CancelledError
from CTEnhanceLib.files.atomic import remove_pending

GRACE_SECONDS = 0.3


def cancel_on_terminate() -> threading.Event:
    """Give an event that SIGTERM sets. Call from the main thread."""
    cancelled = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: cancelled.set())
    return cancelled


def cancel_at_end_of_input(cancelled: threading.Event) -> None:
    """Begin an own process group and end the run when standard input ends.

    Args:
        cancelled: From `cancel_on_terminate`; set when standard input ends.
    """
    if hasattr(os, "setpgid") and os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    # a main thread that ends first (cancelled in time, or its reader gone) must not leave children behind
    atexit.register(_end_group)
    threading.Thread(target=_watch, args=(cancelled,), name="end of input", daemon=True).start()


def _watch(cancelled: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    cancelled.set()
    time.sleep(GRACE_SECONDS)
    remove_pending()
    _end_group()
    os._exit(CancelledError.exit_code)


def _end_group() -> None:
    if hasattr(os, "killpg"):
        # this process itself survives: its handler only sets the event
        os.killpg(os.getpgrp(), signal.SIGTERM)
