"""What a cohort holds: volume files and DICOM folders, found before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from CTEnhanceLib.batch.store import Store
from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.files.volumes import SUFFIXES


@dataclass(frozen=True)
class Item:
    """One volume of a cohort.

    Attributes:
        name: Its place in the cohort without a suffix, unique, with "/" between folders; results carry this name.
        source: The path of the volume file, or of the DICOM folder, relative to the cohort.
        files: The files that make it, relative to the cohort, sorted.
    """

    name: str
    source: str
    files: tuple[str, ...]


def find_items(store: Store) -> list[Item]:
    """List the volumes of a cohort by name.

    A file with the suffix of a volume is one; a folder that directly holds DICOM files is one, whatever the files
    are called. Hidden files and folders are passed over.

    Args:
        store: The cohort.

    Raises:
        InputRefusedError: There is nothing to compute from.
    """
    names = store.names()
    volumes = [name for name in names if name.lower().endswith(SUFFIXES)]
    folders: dict[str, list[str]] = {}
    for name in names:
        if not name.lower().endswith(SUFFIXES) and store.is_dicom(name):
            folders.setdefault(str(PurePosixPath(name).parent), []).append(name)
    items = [Item(_bare(name), name, (name,)) for name in volumes]
    items += [Item(store.title if folder == "." else folder, folder, tuple(files)) for folder, files in folders.items()]
    if not items:
        raise InputRefusedError(
            f"{store.place} holds no volume ({', '.join(SUFFIXES)}) and no DICOM series; give the folder of a cohort."
        )
    _refuse_equal_names(items)
    return sorted(items, key=lambda item: item.name)


def _bare(name: str) -> str:
    suffix = next(suffix for suffix in SUFFIXES if name.lower().endswith(suffix))
    return name[: -len(suffix)]


def _refuse_equal_names(items: Sequence[Item]) -> None:
    seen: dict[str, Item] = {}
    for item in items:
        other = seen.setdefault(item.name, item)
        if other is not item:
            raise InputRefusedError(
                f"{other.source} and {item.source} would both be called {item.name!r}; rename one of them."
            )
