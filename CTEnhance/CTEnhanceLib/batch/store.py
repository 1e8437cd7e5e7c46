"""Where a cohort and its results lie: a folder, or (with fsspec) a place that workers on other machines see."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from CTEnhanceLib.dicom.folder.find import is_dicom
from CTEnhanceLib.errors import InputRefusedError, OutputError, UsageError
from CTEnhanceLib.files.atomic import appearing
from CTEnhanceLib.files.checksum import sha256_of, sha256_of_stream


class Store(Protocol):
    """A tree of files. Names are relative, with "/" between folders."""

    place: str
    title: str

    def names(self) -> list[str]:
        """List all files but hidden ones, sorted."""

    def is_dicom(self, name: str) -> bool:
        """Tell whether a file begins as a DICOM file does."""

    def fetch(self, source: str, files: Sequence[str]) -> Any:
        """Give the local path of `source` as a context; `files` are what it is made of."""

    def sha256(self, name: str) -> str | None:
        """Give the hash of a file's content, None where there is no such file."""

    def publish(self, local: Path, name: str) -> None:
        """Put a complete local file under a name, at once."""

    def read_text(self, name: str) -> str | None:
        """Give the content of a UTF-8 text file, None where there is no such file."""


def open_store(place: str, *, writable: bool = False) -> Store:
    """Open a folder, or a URL such as s3://bucket/cohort.

    Args:
        place: Path or URL. URLs need the package fsspec and the package of their protocol.
        writable: Make the folder if it is not there.

    Raises:
        InputRefusedError: The folder is not there.
        OutputError: The folder cannot be made.
        UsageError: fsspec is missing, or does not know the protocol.
    """
    if "://" in place:
        return RemoteStore(place)
    folder = Path(place)
    if writable:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"The folder {place} cannot be made ({error.strerror}); choose another folder."
            ) from error
    elif not folder.is_dir():
        raise InputRefusedError(f"There is no folder {place}; give the folder of a cohort.")
    return FolderStore(folder)


class FolderStore:
    """A folder on this machine, or one that all workers mount under the same path.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.place, self.title = str(folder), self._folder.name

    def names(self) -> list[str]:
        """List all files but hidden ones, sorted."""
        found = []
        for place, subfolders, names in os.walk(self._folder, onerror=_refuse_unreadable):
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
            paths = (Path(place, name) for name in names if not name.startswith("."))
            found += [path.relative_to(self._folder).as_posix() for path in paths if path.is_file()]
        return sorted(found)

    def is_dicom(self, name: str) -> bool:
        """Tell whether a file begins as a DICOM file does."""
        return name.rpartition("/")[2].upper() != "DICOMDIR" and is_dicom(self._folder / name)

    @contextmanager
    def fetch(self, source: str, files: Sequence[str]) -> Iterator[Path]:
        """Give the path of `source`; nothing is copied."""
        yield self._folder / source

    def sha256(self, name: str) -> str | None:
        """Give the hash of a file's content, None where there is no such file."""
        path = self._folder / name
        if not path.is_file():
            return None
        return sha256_of(path)

    def publish(self, local: Path, name: str) -> None:
        """Put a complete local file under a name, at once."""
        path = self._folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"The folder {path.parent} cannot be made ({error.strerror}); choose another folder."
            ) from error
        with appearing(path) as partial:
            shutil.copyfile(local, partial)

    def read_text(self, name: str) -> str | None:
        """Give the content of a UTF-8 text file, None where there is no such file."""
        path = self._folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else None


class RemoteStore:
    """Any place that fsspec knows.

    Args:
        url: For example s3://bucket/cohort or memory://cohort.

    Raises:
        UsageError: fsspec or the package of the protocol is missing.
    """

    def __init__(self, url: str) -> None:
        try:
            from fsspec.core import url_to_fs

            self._files, self._root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"{url} cannot be opened ({error}); install fsspec and the package of this protocol, or give a folder."
            ) from error
        self.place, self.title = url, url.rstrip("/").rpartition("/")[2]

    def names(self) -> list[str]:
        """List all files but hidden ones, sorted."""
        root = self._root.rstrip("/") + "/"
        found = (str(path)[len(root) :] for path in self._files.find(self._root))
        return sorted(name for name in found if not any(part.startswith(".") for part in name.split("/")))

    def is_dicom(self, name: str) -> bool:
        """Tell whether a file begins as a DICOM file does."""
        start = self._files.read_block(self._path(name), 0, 132)
        return start[128:] == b"DICM"

    @contextmanager
    def fetch(self, source: str, files: Sequence[str]) -> Iterator[Path]:
        """Copy what `source` is made of to this machine for as long as the context lasts."""
        with tempfile.TemporaryDirectory(prefix="ctenhance-cohort-") as folder:
            for name in files:
                local = Path(folder, name)
                local.parent.mkdir(parents=True, exist_ok=True)
                self._files.get_file(self._path(name), str(local))
            yield Path(folder, source)

    def sha256(self, name: str) -> str | None:
        """Give the hash of a file's content, None where there is no such file."""
        if not self._files.exists(self._path(name)):
            return None
        with self._files.open(self._path(name), "rb") as file:
            return sha256_of_stream(file)

    def publish(self, local: Path, name: str) -> None:
        """Put a complete local file under a name, at once."""
        path = self._path(name)
        folder, _, last = path.rpartition("/")
        partial = f"{folder}/.{uuid.uuid4().hex}-{last}"
        try:
            self._files.makedirs(folder, exist_ok=True)
            self._files.put_file(str(local), partial)
            self._files.mv(partial, path)
        except OSError as error:
            raise OutputError(
                f"{self.place}/{name} could not be written ({error}); make room or choose another folder."
            ) from error

    def read_text(self, name: str) -> str | None:
        """Give the content of a UTF-8 text file, None where there is no such file."""
        path = self._path(name)
        return self._files.cat_file(path).decode("utf-8") if self._files.exists(path) else None

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"


def _refuse_unreadable(error: OSError) -> None:
    raise InputRefusedError(f"The folder {error.filename} cannot be read ({error.strerror}); check its rights.")
