"""`ctenhance reading ...`: a blinded reading, prepared, merged and scored; the reading itself is done in Slicer."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.commands.reading_reference import add_reference_parser
from CTEnhanceLib.commands.shared.packages import require_packages
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.files.atomic import check_writable, make_folder, write_text

if TYPE_CHECKING:
    from CTEnhanceLib.evaluation.reading.study import Study

ACTIONS = "define|plan|sheets|merge|score|reference|simulate|published"


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("reading", help="blinded reading: study, order of cases; grades, agreement")
    actions = parser.add_subparsers(dest="action", metavar=ACTIONS, required=True)
    _add_define(actions)
    _add_plan(actions)
    _add_sheets(actions)
    _add_merge(actions)
    _add_score(actions)
    add_reference_parser(actions)
    _add_simulate(actions)
    published = actions.add_parser("published", help="the thesis' qualitative results, computed again")
    published.set_defaults(run=run_published)


def _add_define(actions: argparse._SubParsersAction) -> None:
    define = actions.add_parser("define", help="write a study file, to be changed by hand before it is planned")
    define.add_argument("cases", metavar="CASES", help=_CASES)
    define.add_argument("study", metavar="STUDY.json", help="the study file")
    _add_options(define)
    define.set_defaults(run=run_define)


def _add_plan(actions: argparse._SubParsersAction) -> None:
    plan = actions.add_parser("plan", help="blind images and write what the readers need")
    plan.add_argument("cases", metavar="CASES|STUDY.json", help=f"{_CASES}; or a study file")
    plan.add_argument("output", metavar="DIR", help="what the readers get goes there")
    plan.add_argument("--key", required=True, metavar="PATH", help="what is what (JSON); keep it from the readers")
    _add_options(plan)
    plan.set_defaults(run=run_plan)


_CASES = "CSV with the column case and one column of files for each kind, or a folder CASES/<case>/<kind>.nrrd"


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--title", help="what readers see above the study")
    parser.add_argument("--readers", nargs="+", metavar="NAME", help="default: reader1 reader2")
    parser.add_argument(
        "--choose",
        nargs=2,
        action="append",
        metavar="KIND",
        help="two kinds to choose between; may be given again; default: the two that are not thick, thin or true",
    )
    parser.add_argument("--beside", metavar="KIND", help="reference shown beside that pair; default: true or thin")
    parser.add_argument(
        "--views", nargs="+", choices=("axial", "coronal", "sagittal", "3d"), help="default: axial coronal 3d"
    )
    parser.add_argument(
        "--window", nargs=2, type=float, metavar=("LOW", "HIGH"), help="grey scale in HU; default: -200 1300"
    )
    parser.add_argument("--free-window", action="store_true", help="readers may change the grey scale")
    parser.add_argument(
        "--resampling", choices=("nearest", "linear"), help="onto the finest grid of a case; default: nearest"
    )
    parser.add_argument("--repeats", type=int, metavar="N", help="cases that are read twice; default: none")
    parser.add_argument("--seed", type=int, help="of everything random; default: 0")


def _add_sheets(actions: argparse._SubParsersAction) -> None:
    sheets = actions.add_parser("sheets", help="write the answers given in Slicer as CSV sheets")
    sheets.add_argument("folder", metavar="DIR", help="the readers' folder")
    sheets.add_argument("output", metavar="OUT", help="folder for the sheets")
    sheets.set_defaults(run=run_sheets)


def _add_merge(actions: argparse._SubParsersAction) -> None:
    merge = actions.add_parser("merge", help="several readers' answers as one file")
    merge.add_argument("output", metavar="RESULTS.json")
    merge.add_argument("answers", nargs="+", metavar="ANSWERS", help="files of answers, or folders with them")
    merge.set_defaults(run=run_merge)


def _add_score(actions: argparse._SubParsersAction) -> None:
    score = actions.add_parser("score", help="grades, preference and agreement")
    score.add_argument(
        "answers", nargs="+", metavar="ANSWERS", help="folder of the readers, files of answers, or merged results"
    )
    score.add_argument("--key", required=True, metavar="PATH", help="the key that `plan` wrote")
    score.add_argument("--json", metavar="PATH", help="also write the score as JSON")
    score.add_argument("--csv", metavar="PATH", help="also write every answer, unblinded, as CSV")
    score.add_argument("--markdown", metavar="PATH", help="also write what is printed")
    score.add_argument("--plots", metavar="DIR", help="also draw grades and preferences (thesis, Fig. 8) as PNG")
    score.set_defaults(run=run_score)


def _add_simulate(actions: argparse._SubParsersAction) -> None:
    simulate = actions.add_parser("simulate", help="let a program answer, to try the way; says nothing about images")
    simulate.add_argument("folder", metavar="DIR", help="the readers' folder")
    simulate.add_argument("--key", required=True, metavar="PATH", help="the key that `plan` wrote")
    simulate.add_argument("--readers", nargs="+", metavar="NAME", help="default: all of the study")
    simulate.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    simulate.set_defaults(run=run_simulate)


def run_define(args: argparse.Namespace) -> None:
    """Write a study file."""
    from CTEnhanceLib.evaluation.reading.plan import to_text

    check_writable(args.study)
    write_text(to_text(_study(args).to_json()), args.study)
    print(f"{args.study} is written: change its questions, views and window as you like, then plan it.")


def run_plan(args: argparse.Namespace) -> None:
    """Write blinded images, the readers' study, empty sheets and the key."""
    from CTEnhanceLib.evaluation.reading.blind import write_blinded

    study = _study(args)
    files = {case.name: case.files for case in study.cases}
    key = write_blinded(study, args.output, args.key, lambda case, kind: read_volume(files[case][kind]))
    images = sum(len(one["images"]) + len(one["reference"] or ()) for one in key["sets"])
    print(
        f"{len(study.cases)} cases: {images} images in {len(key['sets'])} sets for {', '.join(study.readers)} are in "
        f"{args.output}, the key is {args.key}.\n"
        "Readers open the folder in Slicer (CTEnhance, Reading study), or fill in their sheets.\n"
        f"Study {key['study_sha256'][:12]}."
    )


def run_sheets(args: argparse.Namespace) -> None:
    """Write answers as sheets."""
    from CTEnhanceLib.evaluation.reading.blind import read_blinded
    from CTEnhanceLib.evaluation.reading.results import read_results
    from CTEnhanceLib.evaluation.reading.sheets import reader_sheets

    study, _ = read_blinded(args.folder)
    output = make_folder(args.output)
    for found in read_results([args.folder]):
        for name, text in reader_sheets(study, found.reader, found.values).items():
            write_text(text, output / name)
            print(output / name)


def run_merge(args: argparse.Namespace) -> None:
    """Merge answers."""
    from CTEnhanceLib.evaluation.reading.results import merged_text, read_results

    check_writable(args.output)
    results = read_results(args.answers)
    write_text(merged_text(results), args.output)
    print(f"{args.output} holds the answers of {', '.join(found.reader for found in results)}.")


def run_score(args: argparse.Namespace) -> None:
    """Score the answers and print the result."""
    from CTEnhanceLib.evaluation.reading.blind import read_key
    from CTEnhanceLib.evaluation.reading.results import read_results
    from CTEnhanceLib.evaluation.reading.scoring.report import answers_csv, markdown
    from CTEnhanceLib.evaluation.reading.scoring.score import score

    for path in (args.json, args.csv, args.markdown):
        if path is not None:
            check_writable(path)
    if args.plots:
        require_packages("matplotlib")
    key = read_key(args.key)
    results = read_results(args.answers)
    result = score(key, results)
    text = markdown(result)
    if args.json is not None:
        write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", args.json)
    if args.csv is not None:
        write_text(answers_csv(key, results), args.csv)
    if args.markdown is not None:
        write_text(text, args.markdown)
    if args.plots:
        _draw(result, make_folder(args.plots))
    print(text, end="")


def run_simulate(args: argparse.Namespace) -> None:
    """Let a program answer."""
    from CTEnhanceLib.evaluation.reading.blind import read_key
    from CTEnhanceLib.evaluation.reading.simulate import simulate

    key = read_key(args.key)
    for number, reader in enumerate(args.readers or key["study"]["readers"]):
        path = simulate(args.folder, key, reader, seed=args.seed + number)
        print(f"{path}: simulated answers of {reader}; they say nothing about the images.")


def run_published(_args: argparse.Namespace) -> None:
    """Print the thesis' results, computed again."""
    from CTEnhanceLib.evaluation.reading.scoring.published import report

    print(report(), end="")


def _study(args: argparse.Namespace) -> Study:
    """The study that the words of a command line ask for."""
    from CTEnhanceLib.evaluation.reading.sources import read_cases
    from CTEnhanceLib.evaluation.reading.study import Study, Window, default_questions, read_study

    changes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name in ("title", "readers", "views", "resampling", "repeats", "seed")
        if (value := getattr(args, name)) is not None
    }
    if args.cases.lower().endswith(".json"):
        study = read_study(args.cases)
        window = study.window
    else:
        cases = read_cases(args.cases)
        kinds = tuple(cases[0].files)
        questions = default_questions(kinds, args.choose, args.beside)
        study = Study("Blinded reading", kinds, tuple(cases), questions)
        window = Window()
    if args.window is not None:
        window = replace(window, low=args.window[0], high=args.window[1])
    if args.free_window:
        window = replace(window, free=True)
    if args.cases.lower().endswith(".json") and args.choose:
        changes["questions"] = default_questions(study.kinds, args.choose, args.beside)
    return replace(study, window=window, **changes)


def _draw(result: dict[str, Any], folder: Path) -> None:
    from CTEnhanceLib.evaluation.plots import save_figure
    from CTEnhanceLib.evaluation.reading.scoring.plots import grade_figure, preference_figure

    for name in result["grades"]:
        save_figure(grade_figure(result, name), folder / f"{name}.png")
    for name in result["preferences"]:
        save_figure(preference_figure(result, name), folder / f"{name}.png")
