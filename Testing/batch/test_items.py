from __future__ import annotations

from pathlib import Path

import pytest

from CTEnhanceLib.batch.items import find_items
from CTEnhanceLib.batch.store import open_store
from CTEnhanceLib.errors import InputRefusedError


def dicom_like(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0" * 128 + b"DICM")


def test_volumes_and_folders_of_dicom_files_are_found_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "wrist.nrrd").touch()
    (tmp_path / "knee.nii.gz").touch()
    (tmp_path / "notes.txt").write_text("no volume")
    (tmp_path / ".hidden.nrrd").touch()
    for number in range(3):
        dicom_like(tmp_path / "b" / "series 1" / f"{number}")
    found = find_items(open_store(str(tmp_path)))
    assert [(item.name, item.source, len(item.files)) for item in found] == [
        ("a/wrist", "a/wrist.nrrd", 1),
        ("b/series 1", "b/series 1", 3),
        ("knee", "knee.nii.gz", 1),
    ]


def test_two_volumes_that_would_write_one_result_are_refused(tmp_path: Path) -> None:
    (tmp_path / "wrist.nrrd").touch()
    (tmp_path / "wrist.mha").touch()
    with pytest.raises(InputRefusedError, match=r"wrist\.mha and wrist\.nrrd"):
        find_items(open_store(str(tmp_path)))


def test_a_folder_without_volumes_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match="holds no volume"):
        find_items(open_store(str(tmp_path)))
