"""A small thin volume on disk, and configurations that train on it in seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
import SimpleITK as sitk

from training_runs import CONTEXT, bony_slices, image_of


@pytest.fixture(scope="session")
def thin_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thin volume on disk."""
    path = tmp_path_factory.mktemp("data") / "thin.nrrd"
    sitk.WriteImage(image_of(bony_slices()), str(path))
    return path


@pytest.fixture
def write_config(tmp_path: Path, thin_file: Path):
    """Write a configuration that trains on the small volume; gives its path."""

    def write(
        model: str = CONTEXT, name: str = "run", training: str = "", extra: str = "", steps: int = 6, batch: int = 2
    ) -> Path:
        path = tmp_path / f"{name}.toml"
        path.write_text(
            f"""{model}
[training]
steps = {steps}
batch = {batch}
learning_rate = 1e-3
output = "{tmp_path / name}"
{training}
[[data.thin]]
path = "{thin_file}"
{extra}
""",
            encoding="utf-8",
        )
        return path

    return write


@pytest.fixture
def validated(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The part of a configuration that validates on a small volume of its own."""
    path = tmp_path_factory.mktemp("validation") / "thin.nrrd"
    sitk.WriteImage(image_of(bony_slices(seed=1)), str(path))
    return f"""
[validation]
every = 3
[[validation.case]]
name = "small, 3 mm"
thin = "{path}"
thickness_mm = 3.0
"""
