"""`ctenhance reading plan|score`: a blinded reading, prepared and evaluated."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from CTEnhanceLib.commands.evaluate import make_folder, require_packages
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.errors import InputRefusedError, UsageError
from CTEnhanceLib.files.atomic import check_writable, write_text
from CTEnhanceLib.files.volumes import write_volume


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("reading", help="blinded reading: order of cases; grades, preference, agreement")
    actions = parser.add_subparsers(dest="action", metavar="plan|score", required=True)
    plan = actions.add_parser("plan", help="blind images and write the sheets that readers fill in")
    plan.add_argument(
        "cases", metavar="CASES.csv", help="columns: case, and one column of files for each kind of image"
    )
    plan.add_argument("output", metavar="DIR", help="images and sheets for the readers go there")
    plan.add_argument("--key", required=True, metavar="PATH", help="what is what (JSON); keep it from the readers")
    plan.add_argument(
        "--readers", nargs="+", default=["reader1", "reader2"], metavar="NAME", help="default: two readers"
    )
    plan.add_argument("--choose", nargs=2, metavar="KIND", help="the kinds to choose between; default: not thick, thin")
    plan.add_argument("--seed", type=int, default=0, help="of the order; default: %(default)s")
    plan.set_defaults(run=run_plan)
    score = actions.add_parser("score", help="grades, preference and agreement from the sheets")
    score.add_argument("sheets", metavar="DIR", help="the folder with the filled-in sheets of all readers")
    score.add_argument("--key", required=True, metavar="PATH", help="the key that `plan` wrote")
    score.add_argument("--json", metavar="PATH", help="also write the score as JSON")
    score.set_defaults(run=run_score)


def run_plan(args: argparse.Namespace) -> None:
    """Write blinded images, empty sheets and the key."""
    from CTEnhanceLib.evaluation.reading.plan import blinded_files, make_key, read_cases, sheets

    output, key_path = Path(args.output), Path(args.key)
    if output.absolute() in key_path.absolute().parents:
        raise UsageError(f"The key {args.key} would lie among what the readers get: give it another folder.")
    check_writable(key_path)
    cases = read_cases(args.cases)
    key = make_key(cases, args.readers, args.choose, args.seed)
    images = make_folder(str(output / "images"))
    files = blinded_files(key, cases)
    for image, file in files.items():
        _write_blinded(file, images / f"{image}.nrrd")
    for name, text in sheets(key).items():
        write_text(text, output / name)
    write_text(json.dumps(key, indent=2, ensure_ascii=False) + "\n", key_path)
    print(
        f"{len(cases)} cases: {len(files)} images and {2 * len(args.readers)} sheets are in {output}, the key is "
        f"{key_path}.\n"
        "Grades: 1 (best) to 4 of each image of a case. Preferred: left or right, whichever is more like thin slices."
    )


def run_score(args: argparse.Namespace) -> None:
    """Score the sheets and print the result."""
    from CTEnhanceLib.evaluation.reading.score import markdown, score
    from CTEnhanceLib.evaluation.reading.sheets import read_readings

    require_packages("statsmodels")
    if args.json is not None:
        check_writable(args.json)
    key = read_key(Path(args.key))
    result = score(key, read_readings(args.sheets, key))
    if args.json is not None:
        write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", args.json)
    print(markdown(result), end="")


def read_key(path: Path) -> dict[str, Any]:
    """Read a key.

    Raises:
        InputRefusedError: it is not there or was not written by `plan`.
    """
    from CTEnhanceLib.evaluation.reading.plan import SCHEMA_VERSION

    try:
        key = json.loads(path.read_text(encoding="utf-8"))
        version = key["schema_version"]
        complete = {"kinds", "choose", "readers", "cases"} <= set(key)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputRefusedError(f"{path} cannot be read as a key ({error}): give the file that plan wrote.") from error
    if version != SCHEMA_VERSION or not complete:
        raise InputRefusedError(f"{path} is no key of version {SCHEMA_VERSION}: give the file that plan wrote.")
    return key


def _write_blinded(file: str, target: Path) -> None:
    """Copy a volume without the text that comes with it, which may tell what it is."""
    image = read_volume(file)
    for name in image.GetMetaDataKeys():
        image.EraseMetaData(name)
    write_volume(image, target)
