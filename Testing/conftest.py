"""What all tests share: one thread for torch, real CT where it is present."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Keep every numerical library to one thread: under contention one beats two by far."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    beside = REPOSITORY.parent / "shared" / "data"
    if beside.is_dir() and not os.environ.get("CTENHANCE_DATA"):
        os.environ["CTENHANCE_DATA"] = str(beside)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real CT (CTENHANCE_DATA, else ../shared/data where it is); skips where it is absent."""
    folder = Path(os.environ.get("CTENHANCE_DATA") or "CTENHANCE_DATA is not set")
    if not folder.is_dir():
        pytest.skip(f"real CT is not here: {folder} (set CTENHANCE_DATA)")
    return folder
