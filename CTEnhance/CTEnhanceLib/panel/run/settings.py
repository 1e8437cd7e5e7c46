"""What the user chose for a run, and how it reads on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

INPUT_FILE = "input.nrrd"
OUTPUT_FILE = "output.nrrd"
REPORT_FILE = "report.json"
FURTHER_FILE = "further-{}.nrrd"
UNCERTAINTY_FILE = "uncertainty.nrrd"
PREVIEW_FOLDER = "seen"


@dataclass(frozen=True)
class Settings:
    """What the user chose.

    Attributes:
        model: Name of an installed model, or a model folder.
        spacing: Distance of the computed slices, mm.
        device: ``auto``, ``cpu``, ``cuda:N`` or ``mps``.
        precision: ``auto``, ``fp32``, ``fp16`` or ``bf16``.
        thickness: Slice thickness typed in, mm; None takes what is known.
        profile: Shape of the slice profile, or ``model``; None takes what is known.
        fwhm: Its full width at half maximum, mm; None takes what is known.
        consistency: Whether the result is matched to the measured slices.
        uncertainty: Whether an uncertainty volume is wanted.
        further: How many further series of the scan are fused in.
        preview: Whether slices are shown as they come.
        first: The thin slice that is wanted first; None where none is.
        detail: 0 (accurate) to 1 (crisp); None where the model has one set of weights.
    """

    model: str
    spacing: float = 1.0
    device: str = "auto"
    precision: str = "auto"
    thickness: float | None = None
    profile: str | None = None
    fwhm: float | None = None
    consistency: bool = True
    uncertainty: bool = False
    detail: float | None = None
    further: int = 0
    preview: bool = False
    first: int | None = None


def command_arguments(folder: Path, settings: Settings) -> list[str]:
    """The arguments of ``ctenhance`` for these settings."""
    arguments = ["enhance", str(folder / INPUT_FILE), str(folder / OUTPUT_FILE)]
    arguments += ["--model", settings.model, "--spacing", f"{settings.spacing:g}"]
    arguments += ["--device", settings.device, "--precision", settings.precision]
    for number in range(settings.further):
        arguments += ["--also", str(folder / FURTHER_FILE.format(number))]
    if settings.thickness is not None:
        arguments += ["--thickness", f"{settings.thickness:g}"]
    if settings.detail is not None:
        arguments += ["--detail", f"{settings.detail:g}"]
    if settings.profile is not None:
        arguments += ["--profile", settings.profile]
    if settings.fwhm is not None:
        arguments += ["--fwhm", f"{settings.fwhm:g}"]
    if settings.uncertainty:
        arguments += ["--uncertainty", str(folder / UNCERTAINTY_FILE)]
    if settings.preview:
        arguments += ["--preview", str(folder / PREVIEW_FOLDER)]
    if settings.first is not None:
        arguments += ["--first", str(settings.first)]
    if not settings.consistency:
        arguments.append("--no-consistency")
    return [*arguments, "--report", str(folder / REPORT_FILE), "--progress", "json", "--lifeline", "stdin"]
