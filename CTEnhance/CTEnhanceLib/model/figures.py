"""Figures that are measured on a finished model: into its metrics.json, and as a section of its card."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from CTEnhanceLib.errors import OutputError
from CTEnhanceLib.files.atomic import write_text
from CTEnhanceLib.files.checksum import sha256_of
from CTEnhanceLib.model.folder import CARD_FILE, DESCRIPTION_FILE, METRICS_FILE, open_model

_BEFORE = "## Training it again"


def put_figures(folder: Path, name: str, figures: Any, heading: str, lines: Sequence[str]) -> None:
    """Put figures into a model folder, in the place of those of the same name; all hashes follow.

    Args:
        folder: A model folder.
        name: Their name in metrics.json.
        figures: What can be written as JSON.
        heading: Of the section of the card; a section of this heading is replaced.
        lines: The section's Markdown.

    Raises:
        ModelRefusedError: The folder holds no model that can be used.
        OutputError: It cannot be written.
    """
    open_model(folder)
    try:
        metrics = read_metrics(folder)
        metrics[name] = figures
        write_text(json.dumps(metrics, indent=1) + "\n", folder / METRICS_FILE)
        card = folder / CARD_FILE
        before = card.read_text(encoding="utf-8") if card.is_file() else f"# Model card: {folder.name}\n"
        write_text(_with_section(before, heading, lines), card)
        description = folder / DESCRIPTION_FILE
        content = json.loads(description.read_bytes())
        for file in (METRICS_FILE, CARD_FILE):
            content["sha256"][file] = sha256_of(folder / file)
        write_text(json.dumps(content, indent=2) + "\n", description)
    except OSError as error:
        raise OutputError(f"The model folder {folder} cannot be written ({error}); choose another folder.") from error
    open_model(folder)


def read_metrics(folder: Path) -> dict[str, Any]:
    """Give metrics.json of a model folder; empty where there is none."""
    path = folder / METRICS_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _with_section(card: str, heading: str, lines: Sequence[str]) -> str:
    """Give the card with a section in the place of the one it has, else before the one on training, else at its end."""
    section = "\n".join([f"## {heading}", "", *lines, "", ""])
    card = re.sub(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", "", card, flags=re.DOTALL | re.MULTILINE)
    if _BEFORE in card:
        return card.replace(_BEFORE, section + _BEFORE, 1)
    return card.rstrip("\n") + "\n\n" + section.rstrip("\n") + "\n"
