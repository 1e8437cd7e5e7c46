"""Work for the engines' tests, importable in worker processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def deadly_once(task: tuple[str, str], worker: int) -> str:
    """Write a line and give the task's name; the task "deadly" ends its worker on the first try."""
    name, folder = task
    mark = Path(folder) / f"{name}.begun"
    if name == "deadly" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    with (Path(folder) / f"{name}.done").open("a", encoding="utf-8") as file:
        file.write("done\n")
    return name.upper()


def always_deadly(task: str, worker: int) -> str:
    """End the worker on the task "deadly", each time."""
    if task == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return task.upper()


def slow(task: tuple[str, str], worker: int) -> str:
    """Take a moment, then write a line; the first task tells its process."""
    name, folder = task
    (Path(folder) / f"{name}.pid").write_text(str(os.getpid()))
    time.sleep(0.3)
    with (Path(folder) / f"{name}.done").open("a", encoding="utf-8") as file:
        file.write("done\n")
    return name
