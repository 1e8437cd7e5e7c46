"""What a training run leaves behind for people: a CSV log, TensorBoard events, sample pictures."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from CTEnhanceLib.ct.intensity import BONE_ABOVE_HU
from CTEnhanceLib.files.atomic import write_text

logger = logging.getLogger(__name__)

LOG_FILE = "log.csv"
COLUMNS = ("step", "seconds", "name", "value")
_WINDOW_HU = (-400.0, 1400.0)


class Journal:
    """Log of a run; after a resume it goes on where the checkpoint stood.

    Args:
        folder: Where it is kept.
        step: Steps already taken; what an earlier run logged after them is dropped.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._folder, self._path = folder, folder / LOG_FILE
        _cut_log(self._path, step)
        self._board = _tensorboard(folder / "tensorboard", step)

    def write(self, step: int, seconds: float, values: Mapping[str, float]) -> None:
        """Log values by name.

        Args:
            step: Of the run.
            seconds: Computed so far.
            values: By name.
        """
        with self._path.open("a", newline="", encoding="utf-8") as stream:
            for name, value in values.items():
                csv.writer(stream).writerow([step, f"{seconds:.1f}", name, f"{value:.8g}"])
                if self._board is not None:
                    self._board.add_scalar(name, value, step)

    def picture(self, step: int, name: str, slices: Mapping[str, np.ndarray]) -> None:
        """Keep a picture of slices by name (n, rows, columns): side by side, once in a plane with the slice axis.

        Args:
            step: The step.
            name: Of the validation case.
            slices: HU by name; the last is the reference.
        """
        reference = list(slices.values())[-1]
        row = int((reference > BONE_ABOVE_HU).sum(axis=(0, 2)).argmax())
        tiles = [_tile(one[:, row, :]) for one in slices.values()]
        _write_png(np.concatenate(tiles, axis=0), self._folder / "pictures" / f"{_safe(name)}-{step:07d}.png")


def _tile(plane: np.ndarray) -> np.ndarray:
    low, high = _WINDOW_HU
    grey = np.clip((plane.astype(np.float32) - low) / (high - low), 0, 1) * 255
    return np.pad(np.repeat(grey[::-1].astype(np.uint8), 2, axis=0), ((0, 4), (0, 0)), constant_values=255)


def _write_png(image: np.ndarray, path: Path) -> None:
    import SimpleITK as sitk

    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(sitk.GetImageFromArray(image), str(path))


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)


def _cut_log(path: Path, step: int) -> None:
    """Drop the lines after `step`, and whatever a kill left half written."""
    kept = []
    if path.exists():
        rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
        kept = [row for row in rows if len(row) == len(COLUMNS) and row[0].isdigit() and int(row[0]) <= step]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *kept])
    write_text(text.getvalue(), path)


def _tensorboard(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        logger.warning("TensorBoard is not installed: the log is kept as CSV only (pip install tensorboard).")
        return None
    return SummaryWriter(str(folder), purge_step=step + 1)
