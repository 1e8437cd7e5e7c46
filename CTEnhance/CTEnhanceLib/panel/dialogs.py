"""Questions that stop the user; there are few."""

from __future__ import annotations

import qt
import slicer


def ask_for_folder(title: str) -> str:
    """Let the user choose a folder; empty when they think better of it."""
    return str(qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), title) or "")
