"""Where the data files lie that a configuration names."""

from __future__ import annotations

import os
from pathlib import Path

from CTEnhanceLib.errors import UsageError


def data_path(path: str) -> Path:
    """Find a data file: as given, else in the folder that the environment variable CTENHANCE_DATA names."""
    folder = os.environ.get("CTENHANCE_DATA", "")
    return Path(path) if Path(path).exists() or not folder else Path(folder) / path


def existing_data(path: str, what: str) -> Path:
    """Find a data file that has to be there.

    Args:
        path: As in the configuration.
        what: What the data are for, for the error.

    Raises:
        UsageError: It is not there.
    """
    found = data_path(path)
    if not found.exists():
        raise UsageError(
            f"The {what} data {path} are not there (looked at {found}); set CTENHANCE_DATA to their folder."
        )
    return found
