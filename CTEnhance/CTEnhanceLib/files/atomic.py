"""Files and folders that appear under their name only when they are complete: the one write-then-rename."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from CTEnhanceLib.errors import OutputError

_pending: set[Path] = set()


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check before a long run that a file can be made under a name.

    Raises:
        OutputError: Its folder is missing or write-protected.
    """
    path = Path(path)
    folder = path.absolute().parent
    if not folder.is_dir():
        raise OutputError(f"The folder {folder} does not exist; make it first or choose another place for {path.name}.")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"The folder {folder} is write-protected; choose another place for {path.name}.")


@contextmanager
def appearing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name beside `path`; what is written there takes the name of `path` when the block ends well.

    It may be a file or a folder. The temporary name ends like `path`, so that writers see the suffix.

    Raises:
        OutputError: Nothing can be written there.
    """
    path = Path(path)
    check_writable(path)
    partial = Path(tempfile.mkdtemp(prefix=".ctenhance-", dir=path.absolute().parent)) / path.name
    _pending.add(partial)
    try:
        yield partial
        if path.is_dir():
            path.rmdir()  # an empty one; Windows replaces no folder by another
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        raise OutputError(f"{path} could not be written ({str(error).strip().splitlines()[-1]}).") from error
    finally:
        _remove(partial)


def remove_pending() -> None:
    """Remove whatever is half written: for a run that is about to be ended from outside."""
    for partial in list(_pending):
        _remove(partial)


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write a UTF-8 text file; it appears under its name only when it is complete."""
    with appearing(path) as partial:
        partial.write_bytes(text.encode("utf-8"))


def _remove(partial: Path) -> None:
    _pending.discard(partial)
    shutil.rmtree(partial.parent, ignore_errors=True)
