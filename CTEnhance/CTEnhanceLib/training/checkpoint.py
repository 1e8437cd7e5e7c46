"""Checkpoints: complete or not there, so that a run may be killed at any moment."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.files.atomic import appearing

LAST_FILE = "last.ckpt"


def save_checkpoint(folder: Path, state: dict[str, Any], config_values: str) -> None:
    """Write the state of a run.

    Args:
        folder: Folder of the run.
        state: Tensors, numbers and text in dicts and lists.
        config_values: What the configuration sets (`TrainingConfig.values`), whose hash goes along.

    Raises:
        OutputError: It cannot be written.
    """
    import torch

    with appearing(folder / LAST_FILE) as partial:
        torch.save({**state, "config": _hash(config_values)}, partial)


def load_checkpoint(folder: Path, config_values: str) -> dict[str, Any] | None:
    """Read the state of a run; None where there is none yet.

    Raises:
        UsageError: It belongs to another configuration.
    """
    import torch

    path = folder / LAST_FILE
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if state.pop("config") != _hash(config_values):
        raise UsageError(
            f"{path} was written with another configuration; give training.output another folder, or remove "
            "it to begin again."
        )
    return state


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
