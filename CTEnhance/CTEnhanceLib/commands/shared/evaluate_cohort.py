"""`ctenhance evaluate --cohort`: every patient of a cohort against its thin series, by several workers or a cluster."""

from __future__ import annotations

import argparse
import csv
import io
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.errors import CTEnhanceError, InputRefusedError, UsageError
from CTEnhanceLib.files.progress import BarProgress
from CTEnhanceLib.files.volumes import SUFFIXES

if TYPE_CHECKING:
    from CTEnhanceLib.evaluation.cohort.folder import Patient

logger = logging.getLogger(__name__)

_COLUMNS = ("psnr_db", "gain_db", "mse", "ssim")


@dataclass(frozen=True)
class Measured:
    """What was found for one patient.

    Attributes:
        patient: Name.
        split: "training" or "test".
        record: Figures as `ctenhance evaluate --json` writes them; empty where there are none.
        reason: Why there are none.
    """

    patient: str
    split: str
    record: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


def evaluate_cohort(args: argparse.Namespace, results: Mapping[str, str]) -> tuple[list[Measured], str]:
    """Measure all patients; one that cannot be measured never stops the rest.

    Args:
        args: Of the command: cohort, profile, fwhm, workers, scheduler.
        results: Folder of the computed volumes, such as the OUT_DIR of `ctenhance cohort`, by the name of the method.

    Returns:
        What was found, in the order of cohort.csv, and a table of means as Markdown.

    Raises:
        UsageError: The number of workers is not positive.
        InputRefusedError: The cohort cannot be read.
    """
    from CTEnhanceLib.evaluation.cohort.folder import read_cohort

    if args.workers < 1:
        raise UsageError(f"The number of workers must be positive, not {args.workers}.")
    patients = read_cohort(args.cohort)
    work = partial(measure_patient, {name: str(Path(folder).resolve()) for name, folder in results.items()})
    progress, found = BarProgress(), {}
    for patient, measured in _run(partial(work, args.profile, args.fwhm), patients, args):
        found[patient.name] = measured
        progress("evaluate", len(found), len(patients))
    ordered = [found[patient.name] for patient in patients]
    return ordered, means(ordered)


def _run(work: Any, patients: Sequence[Patient], args: argparse.Namespace) -> Iterator[tuple[Patient, Measured]]:
    from CTEnhanceLib.batch.engines import ATTEMPTS, Lost, run_anywhere

    for patient, result in run_anywhere(work, patients, args.workers, args.scheduler):
        lost = f"The worker ended {ATTEMPTS} times while it measured this; memory may be too small for it."
        yield patient, Measured(patient.name, patient.split, reason=lost) if isinstance(result, Lost) else result


def measure_patient(
    results: Mapping[str, str], profile: str | None, fwhm: float | None, patient: Patient, worker: int
) -> Measured:
    """Measure one patient in a worker; errors are in what comes back.

    Args:
        results: Folder of the computed volumes by the name of the method.
        profile: Shape of the slice profile of the thick slices; None: as stated or found.
        fwhm: Its full width at half maximum, mm.
        patient: Who.
        worker: Number of the worker; it does not matter here.
    """
    from CTEnhanceLib.dicom.volumes import read_volume
    from CTEnhanceLib.evaluation.evaluate import evaluate
    from CTEnhanceLib.evaluation.record import record

    try:
        candidates = {name: read_volume(computed_volume(Path(folder), patient)) for name, folder in results.items()}
        thin, thick = read_volume(patient.thin), read_volume(patient.thick)
        figures = record(evaluate(thin, thick, candidates, profile=profile, fwhm=fwhm))
    except CTEnhanceError as error:
        return Measured(patient.name, patient.split, reason=str(error))
    except Exception as error:
        logger.exception("patient %s", patient.name)
        return Measured(patient.name, patient.split, reason=f"Internal error ({type(error).__name__}: {error}).")
    return Measured(patient.name, patient.split, figures)


def computed_volume(folder: Path, patient: Patient) -> Path:
    """Give the computed volume of a patient: <patient>/thick.nrrd, as `ctenhance cohort` names it, or <patient>.nrrd.

    Raises:
        InputRefusedError: There is none.
    """
    for stem in (f"{patient.name}/thick", patient.name):
        for suffix in SUFFIXES:
            if (folder / f"{stem}{suffix}").is_file():
                return folder / f"{stem}{suffix}"
    raise InputRefusedError(f"{folder} holds no computed volume of {patient.name}; run ctenhance cohort first.")


def cohort_csv(found: Sequence[Measured]) -> str:
    """Give one line for each patient, volume and region; a patient without figures has one line with the reason."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["patient", "split", "name", "region", *_COLUMNS, "consistency_hu", "reason"])
    for one in found:
        if one.reason:
            writer.writerow([one.patient, one.split, *[""] * (3 + len(_COLUMNS)), one.reason])
        for row in one.record.get("rows", []):
            for region, figures in row["regions"].items():
                numbers = [_number(figures[column]) for column in _COLUMNS]
                consistency = _number(row["consistency_hu"])
                writer.writerow([one.patient, one.split, row["name"], region, *numbers, consistency, ""])
    return text.getvalue()


def cohort_json(found: Sequence[Measured]) -> str:
    """Give all figures of all patients."""
    patients = [vars(one) for one in found]
    return json.dumps({"schema_version": 1, "patients": patients}, indent=2, ensure_ascii=False) + "\n"


def means(found: Sequence[Measured]) -> str:
    """Give the mean over patients of PSNR and of its gain over the yardstick, for each split, volume and region."""
    lines = ["| split | volume | region | patients | PSNR dB | gain dB | SSIM |", "|---|---|---|---|---|---|---|"]
    kept: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for one in found:
        for row in one.record.get("rows", []):
            for region, figures in row["regions"].items():
                kept.setdefault((one.split, row["name"], region), []).append(figures)
    for (split, name, region), figures in kept.items():
        psnr, gain, ssim = (_mean([one[column] for one in figures]) for column in ("psnr_db", "gain_db", "ssim"))
        lines.append(f"| {split} | {name} | {region} | {len(figures)} | {psnr:.2f} | {gain:+.2f} | {ssim:.4f} |")
    return "\n".join(lines) + "\n"


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return mean(known) if known else float("nan")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.7g}"
