"""`ctenhance evaluate`: candidates against a thin reference, beside the baselines."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.commands.shared.options import add_profile_options, add_scheduler_option
from CTEnhanceLib.commands.shared.packages import require_packages
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.errors import InputRefusedError, UsageError
from CTEnhanceLib.files.atomic import check_writable, make_folder, require_different_files, write_text
from CTEnhanceLib.files.progress import BarProgress

if TYPE_CHECKING:
    from CTEnhanceLib.evaluation.evaluate import Evaluation


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "evaluate",
        help="compare thin volumes with a true one and with interpolation",
        description="One scan with --reference and --thick, or with --cohort all patients of a cohort "
        "(<patient>/thick.nrrd, <patient>/thin.nrrd, cohort.csv as for `ctenhance tables`); CANDIDATE is a folder "
        "then, such as the OUT_DIR of `ctenhance cohort`. A patient that cannot be measured never stops the rest; "
        "exit code 3 says that there is one.",
    )
    parser.add_argument("candidates", nargs="+", metavar="NAME=CANDIDATE", help="a thin volume and what to call it")
    parser.add_argument("--reference", metavar="THIN", help="the true thin volume of the same scan")
    parser.add_argument("--thick", metavar="THICK", help="the thick volume the candidates came from")
    parser.add_argument("--cohort", metavar="COHORT_DIR", help="instead of both: a cohort")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="with --cohort: patients at a time")
    add_scheduler_option(parser)
    add_profile_options(parser, "slice profile that made THICK")
    parser.add_argument("--json", metavar="PATH", help="write all figures as JSON")
    parser.add_argument("--csv", metavar="PATH", help="write the figures of each slice as CSV")
    parser.add_argument("--plots", metavar="DIR", help="write plots and difference pictures as PNG")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Evaluate and print the tables; outputs are proved writable before anything is computed."""
    if args.cohort is not None:
        _run_cohort(args)
        return
    if args.reference is None or args.thick is None:
        raise UsageError("Give --reference and --thick of one scan, or --cohort.")
    require_packages(*(["matplotlib"] if args.plots else []))
    paths = named_paths(args.candidates)
    inputs = {"--reference": args.reference, "--thick": args.thick, **paths}
    require_different_files(inputs, {"--json": args.json, "--csv": args.csv})
    for path in (args.json, args.csv):
        if path is not None:
            check_writable(path)
    plots = None if args.plots is None else make_folder(args.plots)

    from CTEnhanceLib.evaluation.evaluate import evaluate
    from CTEnhanceLib.evaluation.markdown import report
    from CTEnhanceLib.evaluation.record import record, slices_csv

    evaluation = evaluate(
        read_volume(args.reference),
        read_volume(args.thick),
        {name: read_volume(path) for name, path in paths.items()},
        profile=args.profile,
        fwhm=args.fwhm,
        progress=BarProgress(),
    )
    if args.json is not None:
        write_text(json.dumps(record(evaluation), indent=2, ensure_ascii=False) + "\n", args.json)
    if args.csv is not None:
        write_text(slices_csv(evaluation), args.csv)
    if plots is not None:
        write_plots(evaluation, plots)
    print(report(evaluation), end="")


def _run_cohort(args: argparse.Namespace) -> None:
    if args.reference or args.thick or args.plots:
        raise UsageError("--cohort takes both series of each patient from its folder, and makes no plots.")
    for path in (args.json, args.csv):
        if path is not None:
            check_writable(path)
    from CTEnhanceLib.commands.shared.evaluate_cohort import cohort_csv, cohort_json, evaluate_cohort

    found, table = evaluate_cohort(args, named_paths(args.candidates))
    if args.json is not None:
        write_text(cohort_json(found), args.json)
    if args.csv is not None:
        write_text(cohort_csv(found), args.csv)
    print(table, end="")
    without = [one for one in found if one.reason]
    if without:
        raise InputRefusedError(
            f"{len(without)} of {len(found)} patients could not be measured (the first: {without[0].patient}: "
            f"{without[0].reason[:150]}); --csv gives the reason of each."
        )


def named_paths(words: list[str]) -> dict[str, str]:
    """Take NAME=PATH apart.

    Raises:
        UsageError: a word has no name or no path, or a name comes twice.
    """
    paths: dict[str, str] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not (name and equals and path):
            raise UsageError(f"{word!r} is not NAME=CANDIDATE: write for instance context=enhanced.nrrd.")
        if name in paths:
            raise UsageError(f"The name {name!r} is given twice: name each candidate differently.")
        paths[name] = path
    return paths


def write_plots(evaluation: Evaluation, folder: Path) -> None:
    """Write all plots and, for each candidate, its difference picture and its marked patches."""
    from CTEnhanceLib.evaluation.difference_pictures import difference_picture, marked_picture
    from CTEnhanceLib.evaluation.plots import bone_histogram, psnr_per_slice, save_figure, spectra

    save_figure(psnr_per_slice(evaluation), folder / "psnr_per_slice.png")
    save_figure(bone_histogram(evaluation), folder / "bone_histogram.png")
    spectrum = spectra(evaluation)
    if spectrum is not None:
        save_figure(spectrum, folder / "spectrum.png")
    for name in evaluation.pictures:
        safe = re.sub(r"[^\w.-]+", "_", name)
        save_figure(difference_picture(evaluation, name), folder / f"difference_{safe}.png")
        save_figure(marked_picture(evaluation, name), folder / f"marked_{safe}.png")
