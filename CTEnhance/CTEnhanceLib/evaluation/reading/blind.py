"""The readers' folder: blinded images and the file that says how they are read; and the key, which lies elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from CTEnhanceLib.errors import InputRefusedError, UsageError
from CTEnhanceLib.evaluation.reading.common_grid import onto_one_grid
from CTEnhanceLib.evaluation.reading.plan import (
    BLINDED_VERSION,
    KEY_VERSION,
    blinded,
    make_key,
    make_sets,
    text_sha256,
    to_text,
)
from CTEnhanceLib.evaluation.reading.sheets import empty_sheets
from CTEnhanceLib.files.atomic import check_writable, make_folder, write_text
from CTEnhanceLib.files.checksum import sha256_of
from CTEnhanceLib.files.volumes import read_volume_file, write_volume

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTEnhanceLib.evaluation.reading.study import Study

STUDY_FILE = "study.json"
IMAGES = "images"
_SAME_TIME = 946684800  # 2000-01-01: the order of writing would tell the order of the kinds

ImageSource = Callable[[str, str], "sitk.Image"]
"""Gives the image of a case and a kind."""


def write_blinded(study: Study, folder: Path | str, key_path: Path | str, read: ImageSource) -> dict[str, Any]:
    """Write everything a reading needs: images, study file and empty sheets into a folder, and the key.

    Args:
        study: as meant.
        folder: what the readers get; it must not hold another study.
        key_path: where the key is written, outside of that folder.
        read: gives the image of a case and a kind.

    Returns:
        The key.

    Raises:
        UsageError: the key would lie among what the readers get, or there is a study already.
        InputRefusedError: images of a case do not belong together.
        OutputError: something cannot be written.
    """
    folder, key_path = Path(folder), Path(key_path)
    if folder.absolute() in key_path.absolute().parents:
        raise UsageError(f"The key {key_path} would lie among what the readers get: give it another folder.")
    check_writable(key_path)
    if (folder / STUDY_FILE).exists():
        raise UsageError(f"{folder} holds a study already: give another folder, or remove it first.")
    make_folder(folder / IMAGES)
    sets = make_sets(study)
    sha256 = _write_images(study, sets, folder / IMAGES, read)
    plain = blinded(study, sets, sha256)
    text = to_text(plain)
    key = make_key(study, sets, text_sha256(text))
    for name, sheet in empty_sheets(plain).items():
        write_text(sheet, folder / name)
    write_text(to_text(key), key_path)
    write_text(text, folder / STUDY_FILE)  # last: a folder with it is complete
    return key


def read_key(path: Path | str) -> dict[str, Any]:
    """Read a key.

    Raises:
        InputRefusedError: it is not there or was not written by `plan`.
    """
    return _read_json(Path(path), "a key", KEY_VERSION, {"study", "sets", "study_sha256"})


def read_blinded(folder: Path | str) -> tuple[dict[str, Any], str]:
    """Read the blinded study of a readers' folder.

    Returns:
        The study and its hash, which every file of answers carries.

    Raises:
        InputRefusedError: there is none, or it is of another version.
    """
    path = Path(folder) / STUDY_FILE
    study = _read_json(path, "a blinded study", BLINDED_VERSION, {"sets", "questions", "readers", "files"})
    return study, hashlib.sha256(path.read_bytes()).hexdigest()


def image_path(folder: Path | str, image: str) -> Path:
    """Where a blinded image lies."""
    return Path(folder) / IMAGES / f"{image}.nrrd"


def read_blinded_image(folder: Path | str, study: dict[str, Any], image: str) -> sitk.Image:
    """Read a blinded image and check that it is the one that was planned.

    Args:
        folder: Of the readers.
        study: The blinded study.
        image: Its number.

    Raises:
        InputRefusedError: it is missing or was changed.
    """
    path = image_path(folder, image)
    if not path.is_file():
        raise InputRefusedError(f"{path} does not exist: copy the whole folder of the study.")
    if sha256_of(path) != study["files"][image]["sha256"]:
        raise InputRefusedError(f"{path} is not the image that was planned: copy the folder of the study again.")
    return read_volume_file(path)


def _write_images(study: Study, sets: list[dict[str, Any]], folder: Path, read: ImageSource) -> dict[str, str]:
    by_case = defaultdict(list)
    for one in sets:
        by_case[one["case"]].append(one)
    sha256 = {}
    for case in study.cases:
        images = onto_one_grid({kind: read(case.name, kind) for kind in study.kinds}, study.resampling)
        for one in by_case[case.name]:
            for image, kind in sorted({**one["images"], **(one["reference"] or {})}.items()):
                path = folder / f"{image}.nrrd"
                write_volume(images[kind], path)
                os.utime(path, (_SAME_TIME, _SAME_TIME))
                sha256[image] = sha256_of(path)
    return sha256


def _read_json(path: Path, what: str, version: int, needed: set[str]) -> dict[str, Any]:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        found = plain["schema_version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputRefusedError(f"{path} cannot be read as {what} ({error}): give what plan wrote.") from error
    if found != version or not needed <= set(plain):
        raise InputRefusedError(f"{path} is not {what} of version {version}: give what plan wrote, or plan anew.")
    return dict(plain)
