"""Who still writes: temporary folders carry a lock, so that those of killed runs can be told and removed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

PREFIX = ".ctenhance-"
_LOCK = ".lock"


def new_folder(parent: Path) -> tuple[Path, IO[bytes]]:
    """Make a temporary folder that counts as in use until its lock is closed.

    The lock comes first and is a file beside the folder: at whatever moment the process is killed, what is left shows
    that nobody holds it.

    Args:
        parent: Where to.

    Returns:
        The folder, and the open lock file for `remove_folder`.

    Raises:
        OSError: Nothing can be written there.
    """
    while True:
        descriptor, name = tempfile.mkstemp(prefix=PREFIX, suffix=_LOCK, dir=parent)
        lock = os.fdopen(descriptor, "r+b")
        if _take(lock, wait=True) and _is_still(Path(name), lock):
            folder = Path(name.removesuffix(_LOCK))
            try:
                folder.mkdir(mode=0o700)
            except OSError:
                remove_folder(folder, lock)
                raise
            return folder, lock
        lock.close()  # another run took it for abandoned before it was locked


def remove_folder(folder: Path, lock: IO[bytes]) -> None:
    """Remove a temporary folder, whatever is in it, and its lock."""
    shutil.rmtree(folder, ignore_errors=True)
    path = Path(f"{folder}{_LOCK}")
    if os.name == "nt":
        lock.close()  # Windows removes no file that is open
    with contextlib.suppress(OSError):
        path.unlink()
    lock.close()


def remove_abandoned(parent: Path) -> None:
    """Remove the temporary folders that killed runs left in a folder, never those of a run that lives."""
    with contextlib.suppress(OSError):
        for path in list(parent.glob(f"{PREFIX}*{_LOCK}")):
            _remove_if_abandoned(path)
        for path in list(parent.glob(f"{PREFIX}*")):
            # one without a lock comes from a version that knew none
            if path.is_dir() and not Path(f"{path}{_LOCK}").exists():
                shutil.rmtree(path, ignore_errors=True)


def _remove_if_abandoned(path: Path) -> None:
    folder = Path(str(path).removesuffix(_LOCK))
    try:
        lock = path.open("r+b")
    except OSError:
        return  # Windows opens no file that another process holds, and a file of another user is not ours to remove
    if _take(lock, wait=False) and _is_still(path, lock):
        remove_folder(folder, lock)
    else:
        lock.close()


def _take(lock: IO[bytes], *, wait: bool) -> bool:
    """Lock an open file for this process; the lock goes with the process."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _is_still(path: Path, lock: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(lock.fileno()))
    except OSError:
        return False
