"""What "Copy report" puts on the clipboard: enough to find an error, nothing about the patient."""

from __future__ import annotations

import platform
import re
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import slicer

from CTEnhanceLib.panel.model.models import ModelEntry
from CTEnhanceLib.panel.run.outcome import Outcome
from CTEnhanceLib.panel.run.run import FOLDER_PREFIX
from CTEnhanceLib.panel.run.settings import Settings
from CTEnhanceLib.version import __version__

_PACKAGES = ("torch", "numpy", "scipy", "SimpleITK", "safetensors", "pydicom")
_LOG_LINES = 60


def problem_report(outcome: Outcome, settings: Settings, geometry: str, model: ModelEntry | None, device: str) -> str:
    """Describe a run for somebody who was not there.

    Args:
        outcome: How it ended.
        settings: What was asked for.
        geometry: Size, spacing, slice axis and thickness of the input, in words.
        model: The model, when it is known.
        device: The device in words.

    Returns:
        Plain text: versions, device, geometry, model hash, the end of the log. Names of volumes and files are left
        out, as they often hold the patient's name.
    """
    chosen = f"{model.spec.name} {model.sha256}" if model else "unknown"
    lines = [
        f"CTEnhance {__version__}, Slicer {slicer.app.applicationVersion}, Python {platform.python_version()}",
        f"System: {platform.platform()}, {platform.machine()}",
        "Packages: " + ", ".join(f"{name} {package_version(name)}" for name in _PACKAGES),
        f"Device: {device}, precision {settings.precision}",
        f"Input: {geometry}",
        f"Model: {chosen}",
        f"Settings: spacing {settings.spacing:g} mm, thickness {settings.thickness or 'as found'}, "
        f"consistency {settings.consistency}, uncertainty {settings.uncertainty}, "
        f"detail {'the one of the model' if settings.detail is None else f'{settings.detail:g}'}",
        f"Outcome: {outcome.kind}, exit code {outcome.exit_code}, {outcome.seconds:.1f} s. "
        f"{without_names(outcome.sentence)}",
        "Log:",
        *without_names(outcome.log).splitlines()[-_LOG_LINES:],
    ]
    return "\n".join(lines) + "\n"


def package_version(name: str) -> str:
    """Version of an installed package, found without importing it."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def without_names(text: str) -> str:
    """The text without quoted names and without folders of this user."""
    for folder, short in ((tempfile.gettempdir(), "<tmp>"), (str(Path.home()), "~"), (sys.prefix, "<python>")):
        if len(folder) > 1:
            text = text.replace(folder, short)
    text = re.sub(rf"\S*{FOLDER_PREFIX}\w+", "<run>", text)
    return re.sub(r"^(?!\s*File )(.*)'[^'\n]+'", r"\1'...'", text, flags=re.MULTILINE)
