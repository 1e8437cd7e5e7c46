"""A cohort's evaluations as Tables 1-4 and beyond: Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.evaluation.baselines import BASELINES, YARDSTICK
from CTEnhanceLib.evaluation.catalogue import FIDELITY, SIMILARITY
from CTEnhanceLib.evaluation.cohort.folder import SPLITS
from CTEnhanceLib.evaluation.cohort.statistics import PairedComparison, compare_paired
from CTEnhanceLib.evaluation.cohort.thesis_tables import (
    PatientFigures,
    SliceCounts,
    counts_table,
    figures_table,
    patient_figures,
    slice_counts,
)
from CTEnhanceLib.evaluation.markdown import number, table
from CTEnhanceLib.evaluation.measures.regions import REGIONS
from CTEnhanceLib.evaluation.record import CONVENTIONS, finite
from CTEnhanceLib.version import RESEARCH_ONLY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CTEnhanceLib.evaluation.rows import Row

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class PatientRows:
    """Figures of one patient: name, split, and the rows of all volumes (baselines first, then the models)."""

    patient: str
    split: str
    rows: list[Row]

    def figures(self, methods: Sequence[str], region: str) -> dict[str, Any]:
        """Slice figures of some methods in one region, by method."""
        return {row.name: row.regions[region] for row in self.rows if row.name in methods}


@dataclass(frozen=True)
class CohortReport:
    """All patients and the models compared on them.

    Attributes:
        patients: figures of each patient.
        models: names of the models, in the order of their columns ("Method 1", "Method 2", ...).
        notes: sentences the reader has to know.
        seed: of the bootstrap.
    """

    patients: list[PatientRows]
    models: list[str]
    notes: list[str]
    seed: int = 0

    def of_split(self, split: str) -> list[PatientRows]:
        """Patients of one split."""
        return [patient for patient in self.patients if patient.split == split]

    def labels(self) -> dict[str, str]:
        """Column headings of the models, as in the thesis."""
        return {model: f"Method {index}" for index, model in enumerate(self.models, start=1)}


def figures_of(patients: Sequence[PatientRows], methods: Sequence[str], region: str = "whole") -> list[PatientFigures]:
    """Lines of Table 1 or 2 for some patients, methods and a region.

    Args:
        patients: Whose figures.
        methods: Names of baselines and models.
        region: One of `regions.REGIONS`.
    """
    return [patient_figures(p.patient, p.figures(methods, region)) for p in patients]


def counts_of(patients: Sequence[PatientRows], methods: Sequence[str], region: str = "whole") -> list[SliceCounts]:
    """Lines of Table 3 or 4 for some patients, methods and a region.

    Args:
        patients: Whose slices.
        methods: Names of baselines and models.
        region: One of `regions.REGIONS`.
    """
    return [slice_counts(p.patient, p.figures(methods, region)) for p in patients]


def comparisons(report: CohortReport, split: str) -> list[tuple[str, str, str, str, PairedComparison]]:
    """Every model against the yardstick and against the models before it: (model, other, region, figure, result)."""
    found = []
    for index, model in enumerate(report.models):
        for other in [YARDSTICK, *report.models[:index]]:
            for region in REGIONS:
                lines = figures_of(report.of_split(split), [other, model], region)
                for figure in SIMILARITY:
                    difference = np.array([line.values[model][figure] - line.values[other][figure] for line in lines])
                    difference = difference[np.isfinite(difference)]
                    if len(difference):
                        found.append((model, other, region, figure, compare_paired(difference, report.seed)))
    return found


def markdown(report: CohortReport) -> str:
    """Tables 1-4 as in the thesis, then the same with baselines, by region, and the statistics over patients."""
    parts = ["; ".join(f"{label}: {model}" for model, label in report.labels().items()) + "."]
    for offset, kind in ((1, _thesis_figures), (3, _thesis_counts)):
        for place, split in enumerate(SPLITS):
            parts += [f"### Table {offset + place}. {_TITLES[offset].format(split)}", *kind(report, split)]
    for place, split in enumerate(SPLITS):
        if report.of_split(split):
            parts += [f"### Table {5 + 2 * place}. Baselines beside the methods, {split} data", _beside(report, split)]
            parts += [f"### Table {6 + 2 * place}. Statistics over patients, {split} data", *_statistics(report, split)]
    parts += ["### Conventions", _CONVENTIONS, *report.notes]
    return "\n\n".join(parts) + "\n"


_TITLES = {1: "Quantitative evaluation of the {} data", 3: "Slices in which each method is better, {} data"}
_CONVENTIONS = (
    "Means over slices, then over patients; 9 thin slices at each end left out. PSNR in dB at range 4095, MSE on value "
    "/ 4095, SSIM in 2D (Gaussian 1.5, window 11, population covariance). Tables 1-4: whole slices. Bold: better. "
    f"Computed volumes; {RESEARCH_ONLY}."
)


def _thesis_figures(report: CohortReport, split: str) -> list[str]:
    patients = report.of_split(split)
    if not patients:
        return [f"There are no {split} data."]
    return [figures_table(figures_of(patients, report.models), report.labels())]


def _thesis_counts(report: CohortReport, split: str) -> list[str]:
    patients = report.of_split(split)
    if not patients:
        return [f"There are no {split} data."]
    counts = counts_of(patients, report.models)
    parts = [counts_table(counts, report.labels())]
    equal = sum(row.slices - sum(row.psnr.values()) for row in counts)
    if equal:
        parts.append(f"In {equal} slices the best methods have the same MSE; they count for none.")
    return parts


def _beside(report: CohortReport, split: str) -> str:
    patients = report.of_split(split)
    header = ["", *(f"{region} {figure.short}" for region in REGIONS for figure in SIMILARITY.values())]
    header += [figure.heading for figure in FIDELITY]
    lines = []
    for method in [*BASELINES, *report.models]:
        cells = [method]
        for region in REGIONS:
            rows = figures_of(patients, [method], region)
            cells += [
                figure.text(_mean([row.values[method][name] for row in rows])) for name, figure in SIMILARITY.items()
            ]
        of_patients = [row.fidelity for patient in patients for row in patient.rows if row.name == method]
        cells += [figure.text(_mean([fidelity[figure] for fidelity in of_patients])) for figure in FIDELITY]
        lines.append(cells)
    return table(header, lines)


def _statistics(report: CohortReport, split: str) -> list[str]:
    lines = []
    notes: set[str] = set()
    for model, other, region, figure, result in comparisons(report, split):
        name, digits = SIMILARITY[figure].short, SIMILARITY[figure].digits
        interval = "-" if result.low is None else f"{number(result.low, digits)} to {number(result.high, digits)}"
        p = "-" if result.p is None else f"{result.p:.3g}"
        lines.append([f"{model} - {other}", region, name, f"{result.mean:+.{digits}f}", interval, p])
        notes |= {result.note} if result.note else set()
    header = ["difference", "region", "figure", "mean", "95 % interval (bootstrap over patients)", "p (Wilcoxon)"]
    return [table(header, lines), *sorted(notes)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else None


def record(report: CohortReport) -> dict[str, Any]:
    """All tables as a JSON-able dict (schemas/tables.schema.json)."""
    tables: dict[str, Any] = {}
    for place, split in enumerate(SPLITS):
        patients = report.of_split(split)
        if not patients:
            continue
        tables[f"table_{1 + place}"] = [asdict(row) for row in figures_of(patients, report.models)]
        tables[f"table_{3 + place}"] = [asdict(row) for row in counts_of(patients, report.models)]
        tables[f"statistics_{split}"] = [
            {"model": model, "against": other, "region": region, "figure": figure, **asdict(result)}
            for model, other, region, figure, result in comparisons(report, split)
        ]
    return finite(
        {
            "schema_version": SCHEMA_VERSION,
            "conventions": CONVENTIONS,
            "models": report.models,
            "notes": report.notes,
            "patients": [
                {
                    "patient": patient.patient,
                    "split": patient.split,
                    "methods": {row.name: _method(row) for row in patient.rows},
                }
                for patient in report.patients
            ],
            **tables,
        }
    )


def _method(row: Row) -> dict[str, Any]:
    regions = {
        region: {
            **{name: figures.mean(name) for name in SIMILARITY},
            "psnr_pooled": figures.pooled_psnr,
            "slices": int((figures.voxels > 0).sum()),
        }
        for region, figures in row.regions.items()
    }
    return {"regions": regions, **{figure.key: value for figure, value in row.fidelity.items()}}


def patients_csv(report: CohortReport) -> str:
    """One line for each patient, method and region."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ["patient", "split", "method", "region", "slices", "psnr_db", "mse", "ssim", "psnr_pooled_db"]
    writer.writerow(head + [figure.key for figure in FIDELITY])
    for patient in report.patients:
        for row in patient.rows:
            for region, figures in row.regions.items():
                values: list[float | None] = [
                    figures.mean("psnr"),
                    figures.mean("mse"),
                    figures.mean("ssim"),
                    figures.pooled_psnr,
                ]
                slices = int((figures.voxels > 0).sum())
                cells = [
                    "" if v is None or not np.isfinite(v) else f"{v:.7g}" for v in [*values, *row.fidelity.values()]
                ]
                writer.writerow([patient.patient, patient.split, row.name, region, slices, *cells])
    return text.getvalue()
