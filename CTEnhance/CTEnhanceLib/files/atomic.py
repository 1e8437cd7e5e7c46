"""Files and folders that appear under their name only when they are complete: the one write-then-rename."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from CTEnhanceLib.errors import OutputError, UsageError, shown
from CTEnhanceLib.files.abandoned import PREFIX, new_folder, remove_abandoned, remove_folder

_pending: dict[Path, IO[bytes]] = {}
_PROTECTED = (errno.EACCES, errno.EPERM, errno.EROFS)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check before a long run that a file can be made under a name, and remove what killed runs left beside it.

    Raises:
        OutputError: Its folder is missing or write-protected.
    """
    path = Path(path)
    folder = path.absolute().parent
    if not folder.is_dir():
        raise OutputError(
            f"The folder {shown(folder, 120)} does not exist; make it first or choose another place for "
            f"{shown(path.name)}."
        )
    try:
        # made, not asked: the superuser may write everywhere, it is said, and then cannot
        remove_folder(*new_folder(folder))
    except OSError as error:
        what = "is write-protected" if error.errno in _PROTECTED else f"takes no file ({reason(error)})"
        raise OutputError(
            f"The folder {shown(folder, 120)} {what}; choose another place for {shown(path.name)}."
        ) from error
    remove_abandoned(folder)


def check_file(path: str | os.PathLike[str]) -> None:
    """Check before a long run that a file can be made under a name, and that the name is not that of a folder.

    Raises:
        OutputError: It cannot.
    """
    if Path(path).is_dir():
        raise OutputError(f"{shown(path, 120)} is a folder; choose another name.")
    check_writable(path)


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder for several files, where it is not there yet.

    Raises:
        OutputError: It cannot be made or written to.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {shown(folder, 120)} cannot be made ({reason(error)}); choose another place."
        ) from error
    check_writable(folder / "file")
    return folder


def require_different_files(
    inputs: Mapping[str, str | os.PathLike[str] | None], outputs: Mapping[str, str | os.PathLike[str] | None]
) -> None:
    """Refuse outputs that are an input or one another, also through links and other spellings of a path.

    Args:
        inputs: Paths that are read, by the name the user knows them by; None where there is none.
        outputs: Paths that are written, likewise.

    Raises:
        UsageError: Two of them are one file.
    """
    named = [*inputs.items(), *outputs.items()]
    for index, (name, path) in enumerate(outputs.items()):
        for other_name, other in named[: len(inputs) + index]:
            if path is not None and other is not None and _same_file(Path(path), Path(other)):
                raise UsageError(
                    f"{other_name} and {name} are the same file {shown(path, 120)}; choose another name for {name}."
                )


def _same_file(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return os.path.normcase(one.resolve()) == os.path.normcase(other.resolve())


@contextmanager
def appearing(path: str | os.PathLike[str], replace: bool = False) -> Iterator[Path]:
    """Give a temporary name beside `path`; what is written there takes the name of `path` when the block ends well.

    It may be a file or a folder. The temporary name ends like `path`, so that writers see the suffix. Before the
    renaming everything is brought to the disk: a disk that is full says so at the latest then.

    Args:
        path: The name it shall have.
        replace: Whether a folder of that name may be replaced that is not empty.

    Raises:
        OutputError: Nothing can be written there.
    """
    path = Path(path)
    check_writable(path)
    folder = None
    try:
        folder, lock = new_folder(path.absolute().parent)
        _pending[folder] = lock
        partial = folder / path.name
        yield partial
        _bring_to_disk(partial)
        if path.is_dir():  # Windows replaces no folder by another
            shutil.rmtree(path) if replace else path.rmdir()
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        name = path.name if path.parent.name.startswith(PREFIX) else path
        raise OutputError(
            f"{shown(name, 120)} could not be written ({reason(error)}); free some space or choose another place."
        ) from error
    finally:
        if folder is not None:
            _remove(folder)


def remove_pending() -> None:
    """Remove whatever is half written: for a run that is about to be ended from outside."""
    for folder in list(_pending):
        _remove(folder)


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write a UTF-8 text file; it appears under its name only when it is complete."""
    with appearing(path) as partial:
        partial.write_bytes(text.encode("utf-8"))


def reason(error: Exception) -> str:
    """Give what went wrong in a few words, without the temporary names that an error of the system holds."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    said = (str(error).strip() or type(error).__name__).splitlines()[-1]
    return shown(re.sub(rf"\S*{re.escape(PREFIX)}\w+/", "", said), 100)


def _bring_to_disk(partial: Path) -> None:
    for path in sorted(partial.rglob("*")) if partial.is_dir() else [partial]:
        if path.is_file():
            with path.open("r+b") as file:
                os.fsync(file.fileno())


def _remove(folder: Path) -> None:
    lock = _pending.pop(folder, None)
    if lock is not None:
        remove_folder(folder, lock)
