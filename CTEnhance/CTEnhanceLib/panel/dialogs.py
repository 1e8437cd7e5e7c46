"""Questions that stop the user, which are few; and what is said when something could not be done."""

from __future__ import annotations

import functools
import inspect
import logging
from typing import Any, Callable

import qt
import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError
from CTEnhanceLib.panel.translation import translated

logger = logging.getLogger(__name__)


def ask_for_folder(title: str) -> str:
    """Let the user choose a folder; empty when the dialog is cancelled."""
    return str(qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), title) or "")


def ask_for_file(title: str, name: str, kind: str) -> str:
    """Let the user choose a file to write; empty when the dialog is cancelled.

    Args:
        title: Of the dialog.
        name: What the file is called unless the user says otherwise.
        kind: Which files are shown, as Qt writes it.
    """
    return str(qt.QFileDialog.getSaveFileName(slicer.util.mainWindow(), title, name, kind) or "")


def reported(slot: Callable[..., Any]) -> Callable[..., Any]:
    """Make a slot say what it could not do: an exception in a slot leaves a line on the console, and a dead button.

    Slots get as many of the signal's arguments as they take.
    """
    parameters = inspect.signature(slot).parameters.values()
    takes_all = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    count = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)

    @functools.wraps(slot)
    def safely(*arguments: Any) -> None:
        try:
            slot(*(arguments if takes_all else arguments[:count]))
        except CTEnhanceError as error:
            slicer.util.errorDisplay(translated(str(error)))
        except Exception as error:
            logger.exception("A button of the panel failed")
            slicer.util.errorDisplay(
                _(
                    "This could not be done ({error}). Nothing else was changed; Installation > Copy report gathers "
                    "what the developers need to know."
                ).format(error=f"{type(error).__name__}: {error}")
            )

    return safely


def ask_for_existing_file(title: str, files: str) -> str:
    """Let the user choose a file to read; empty when the dialog is cancelled.

    Args:
        title: Of the dialog.
        files: Which files it shows, as Qt writes it.
    """
    found = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), title, "", files)
    return str(found[0] if isinstance(found, tuple) else found or "")
