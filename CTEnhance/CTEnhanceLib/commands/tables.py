"""`ctenhance tables`: the thesis' Tables 1-4 for a cohort, with installed models or by cross-validation."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.commands.evaluate import write_plots
from CTEnhanceLib.commands.shared.options import add_device_option, add_profile_options, add_scheduler_option
from CTEnhanceLib.commands.shared.packages import require_packages
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.errors import DeviceError, UsageError
from CTEnhanceLib.files.atomic import make_folder, write_text
from CTEnhanceLib.files.progress import BarProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import SimpleITK as sitk

    from CTEnhanceLib.evaluation.cohort.folder import Patient
    from CTEnhanceLib.evaluation.cohort.report import CohortReport, PatientRows
    from CTEnhanceLib.evaluation.evaluate import Evaluation
    from CTEnhanceLib.model.stack import Stack
    from CTEnhanceLib.training.config.sections import TrainingConfig

THESIS_MODELS = ("thesis-method1", "thesis-method2")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "tables",
        help="the thesis' Tables 1-4 for a cohort",
        description="The cohort is a folder with <patient>/thick.nrrd, <patient>/thin.nrrd and cohort.csv (columns "
        "patient and split; split is training or test).",
    )
    parser.add_argument("cohort", metavar="COHORT_DIR")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--models",
        nargs="+",
        default=list(THESIS_MODELS),
        metavar="NAME|DIR",
        help="default: " + " ".join(THESIS_MODELS),
    )
    source.add_argument(
        "--cross-validate",
        nargs="+",
        metavar="CONFIG.toml",
        help="leave each training patient out once, train each configuration on the others, test on the one left out",
    )
    parser.add_argument("--folds", type=int, metavar="N", help="leave out only the first N patients (the thesis: 3)")
    add_profile_options(parser, "slice profile that made the thick slices")
    add_device_option(parser)
    parser.add_argument("--output", metavar="DIR", help="write tables.md, tables.json, patients.csv and pictures there")
    parser.add_argument("--plots", action="store_true", help="also write the plots of each patient to DIR/<patient>")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="patients at a time; default: %(default)s")
    add_scheduler_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Make the tables, print them, write them if asked."""
    from CTEnhanceLib.evaluation.cohort.folder import read_cohort
    from CTEnhanceLib.evaluation.cohort.report import markdown

    if args.folds is not None and (args.cross_validate is None or args.folds < 1):
        raise UsageError("--folds takes a number above 0 and goes with --cross-validate.")
    if args.plots and args.output is None:
        raise UsageError("--plots needs --output, the folder the pictures go to.")
    if args.workers < 1:
        raise UsageError(f"The number of workers must be positive, not {args.workers}.")
    if args.cross_validate and (args.workers > 1 or args.scheduler):
        raise UsageError("--workers and --scheduler go with --models; cross-validation trains one model at a time.")
    if len(args.cross_validate or args.models) < 2:
        raise UsageError("The tables compare methods: give at least two models or configurations.")
    require_packages(*(["matplotlib"] if args.output else []))
    patients = read_cohort(args.cohort)
    output = None if args.output is None else make_folder(args.output)
    report = _cross_validated(args, patients, output) if args.cross_validate else _with_models(args, patients, output)
    if output is not None:
        write_report(report, output)
    print(markdown(report), end="")


def _with_models(args: argparse.Namespace, patients: Sequence[Patient], output: Path | None) -> CohortReport:
    from CTEnhanceLib.evaluation.cohort.report import CohortReport

    names = _names([stack.spec.name for stack in _stacks(tuple(args.models))], args.models)
    found: dict[str, tuple[PatientRows, list[str]]] = {}
    for patient, result in _measured(args, patients, names, output):
        found[patient.name] = result
    rows, notes = [], []
    for patient in patients:
        measured, said = found[patient.name]
        rows.append(measured)
        notes += [note for note in said if note not in notes]
    return CohortReport(rows, names, notes)


def _measured(
    args: argparse.Namespace, patients: Sequence[Patient], names: list[str], output: Path | None
) -> Iterator[tuple[Patient, tuple[PatientRows, list[str]]]]:
    """Measure every patient: here one after the other, or several at a time by workers."""
    from CTEnhanceLib.batch.engines import Lost, run_anywhere

    plain = argparse.Namespace(**{name: value for name, value in vars(args).items() if name != "run"})
    work = partial(_measure_with, plain, names, output)
    for patient, result in run_anywhere(work, patients, args.workers, args.scheduler):
        if isinstance(result, Lost):
            raise DeviceError(f"The worker ended each time it measured {patient.name}; use fewer workers.")
        yield patient, result


def _measure_with(
    args: argparse.Namespace, names: list[str], output: Path | None, patient: Patient, worker: int
) -> tuple[PatientRows, list[str]]:
    return _measure(patient, dict(zip(names, _stacks(tuple(args.models)))), args, output)


@lru_cache(maxsize=1)
def _stacks(models: tuple[str, ...]) -> list[Stack]:
    """Load the models once in each process."""
    from CTEnhanceLib.model.folder import load_stack

    return [load_stack(model) for model in models]


def _cross_validated(args: argparse.Namespace, patients: Sequence[Patient], output: Path | None) -> CohortReport:
    """Leave each training patient out once, train on the other training patients, test on the one left out.

    What the models make of their training data is measured on the patient after the one left out, so that with all
    folds every patient stands once in Tables 1 and 3 and once in Tables 2 and 4.
    """
    from CTEnhanceLib.evaluation.cohort.report import CohortReport
    from CTEnhanceLib.training.config.read import read_config

    configs = [read_config(path) for path in args.cross_validate]
    names = _names([config.model.name for config in configs], args.cross_validate)
    pool = [patient for patient in patients if patient.split == "training"]
    if len(pool) < 2:
        raise UsageError(f"Cross-validation needs two training patients or more; cohort.csv lists {len(pool)}.")
    rows, notes = [], []
    folds = pool[: args.folds]
    for fold, left_out in enumerate(folds):
        others = [patient for patient in pool if patient is not left_out]
        stacks = [_trained(config, name, left_out, others, args.device) for config, name in zip(configs, names)]
        seen = pool[(fold + 1) % len(pool)]
        for patient, split in ((seen, "training"), (left_out, "test")):
            # the folder of a patient's pictures tells both apart
            folder = None if output is None else output / split
            found, said = _measure(replace(patient, split=split), dict(zip(names, stacks)), args, folder)
            rows.append(found)
            notes += [note for note in said if note not in notes]
    notes.append(
        f"Leave-one-patient-out cross-validation: {len(folds)} folds, each trained on {len(pool) - 1} patients. The "
        "test data are the patients left out; each training patient went through the models of a fold that saw it."
    )
    return CohortReport(rows, names, notes)


def _trained(config: TrainingConfig, name: str, left_out: Patient, others: Sequence[Patient], device: str) -> Stack:
    """Train one configuration on the patients of one fold; a fold that was ended goes on at its last checkpoint."""
    from CTEnhanceLib.model.folder import load_stack
    from CTEnhanceLib.training.run import Run

    folder = config.output / "folds" / left_out.name
    _say(f"{name}: training without {left_out.name}, on {', '.join(patient.name for patient in others)}")
    training = Run(fold_config(config, left_out, others, folder), device, report=_say)
    training.train()
    training.export(folder / "model")
    return load_stack(folder / "model")


def fold_config(config: TrainingConfig, left_out: Patient, others: Sequence[Patient], folder: Path) -> TrainingConfig:
    """The configuration with its data replaced by the series of one fold's patients.

    Nothing is validated on: choosing a checkpoint by the patient left out would test on what was chosen for.

    Args:
        config: The configuration.
        left_out: The patient that is tested on.
        others: Those that are trained on.
        folder: Where the run and its model go.
    """
    from CTEnhanceLib.training.config.sections import PairSource

    pairs = tuple(PairSource(thick=str(patient.thick), thin=str(patient.thin)) for patient in others)
    return replace(
        config,
        # a checkpoint belongs to these values: that of another fold must not be taken up
        values=f"{config.values}\n# without {left_out.name}, on {[pair.thin for pair in pairs]}\n",
        thin=(),
        pairs=pairs,
        validation=(),
        training=replace(config.training, output=str(folder)),
    )


def _measure(
    patient: Patient, stacks: dict[str, Stack], args: argparse.Namespace, output: Path | None
) -> tuple[PatientRows, list[str]]:
    """All figures of one patient, and the notes they come with."""
    from CTEnhanceLib.evaluation.cohort.report import PatientRows
    from CTEnhanceLib.evaluation.evaluate import evaluate

    thick, thin = read_volume(patient.thick), read_volume(patient.thin)
    evaluation = evaluate(
        thin,
        thick,
        {name: _enhanced(patient, thick, thin, stack, args) for name, stack in stacks.items()},
        profile=args.profile,
        fwhm=args.fwhm,
        progress=_labelled(patient.name),
    )
    if args.plots and output is not None:
        write_plots(evaluation, make_folder(str(output / patient.name)))
    return PatientRows(patient.name, patient.split, evaluation.rows), _notes(patient, evaluation)


def _enhanced(
    patient: Patient, thick: sitk.Image, thin: sitk.Image, stack: Stack, args: argparse.Namespace
) -> sitk.Image:
    from CTEnhanceLib.ct.placement import interval_along
    from CTEnhanceLib.enhancement.pipeline import enhance

    result = enhance(
        thick,
        stack,
        spacing=interval_along(thin, thick),
        device=args.device,
        profile=args.profile,
        fwhm=args.fwhm,
        progress=_labelled(f"{patient.name} {stack.spec.name}"),
    )
    return result.volume


def _notes(patient: Patient, evaluation: Evaluation) -> list[str]:
    """Notes that hold for every patient as they are, those about slices with the patient's name."""
    assumed = "No slice profile"
    return [note if note.startswith(assumed) else f"{patient.name}: {note}" for note in evaluation.notes]


def _names(names: list[str], given: Sequence[str]) -> list[str]:
    """Names for the columns: the models' own, or what was given where two models share one."""
    return [name if names.count(name) == 1 else str(path) for name, path in zip(names, given)]


def _labelled(label: str) -> Callable[[str, int, int], None]:
    bar = BarProgress()
    return lambda stage, done, total: bar(f"{label} {stage}", done, total)


def write_report(report: CohortReport, folder: Path) -> None:
    """Write the tables as Markdown, JSON and CSV, and a picture for each split."""
    from CTEnhanceLib.evaluation.cohort.plots import cohort_figure
    from CTEnhanceLib.evaluation.cohort.report import markdown, patients_csv, record
    from CTEnhanceLib.evaluation.plots import save_figure

    write_text(markdown(report), folder / "tables.md")
    write_text(json.dumps(record(report), indent=2, ensure_ascii=False) + "\n", folder / "tables.json")
    write_text(patients_csv(report), folder / "patients.csv")
    for split in ("training", "test"):
        if report.of_split(split):
            save_figure(cohort_figure(report, split), folder / f"{split}.png")


def _say(line: str) -> None:
    import sys

    print(line, file=sys.stderr, flush=True)
