"""`ctenhance enhance`: a thick-slice volume in, a thin-slice volume out."""

from __future__ import annotations

import argparse
from pathlib import Path
from threading import Event

from CTEnhanceLib.commands.series import series_table
from CTEnhanceLib.commands.shared.further_series import Input, add_series_arguments, read_inputs
from CTEnhanceLib.commands.shared.outputs import check_outputs, write_outputs
from CTEnhanceLib.dicom.folder.series import SeveralSeriesError
from CTEnhanceLib.enhancement.device import PRECISIONS
from CTEnhanceLib.enhancement.options import Progress
from CTEnhanceLib.errors import naming
from CTEnhanceLib.files.cancellation import cancel_on_terminate, cancel_at_end_of_input
from CTEnhanceLib.files.progress import BarProgress, JsonProgress
from CTEnhanceLib.model.folder import DEFAULT_MODEL


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("enhance", help="compute thin slices from thick ones")
    parser.add_argument("input", metavar="INPUT", help=".nrrd, .nii.gz, .mha or a DICOM folder")
    parser.add_argument("output", metavar="OUTPUT", help=".nrrd, .nii.gz, .mha, or a folder name for derived DICOM")
    add_series_arguments(parser)
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME|DIR", help="default: %(default)s")
    parser.add_argument("--spacing", type=float, default=1.0, metavar="MM", help="thin interval; default: %(default)s")
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    parser.add_argument("--thickness", type=float, metavar="MM", help="thickness of the thick slices, if not as stated")
    parser.add_argument("--interval", type=float, metavar="MM", help="their interval, if the file states it wrongly")
    parser.add_argument("--profile", choices=("box", "triangle", "gaussian", "model"), help="their slice profile")
    parser.add_argument("--fwhm", type=float, metavar="MM", help="its full width at half maximum")
    parser.add_argument("--uncertainty", metavar="PATH", help="also write the uncertainty of every voxel, HU")
    parser.add_argument("--confidence", dest="uncertainty", help=argparse.SUPPRESS)  # its old name
    parser.add_argument(
        "--detail",
        type=float,
        metavar="0..1",
        help="0 accurate, 1 crisp, between them a mix; for models with both; default: the model's own",
    )
    parser.add_argument("--no-consistency", action="store_true", help="leave the back-projection out")
    parser.add_argument("--report", metavar="PATH", help="also write the report: .json, or .html for a page to keep")
    parser.add_argument(
        "--report-name", default="", metavar="TEXT", help="what the page calls the input; default: nothing"
    )
    parser.add_argument("--progress", choices=("json",), help="progress as JSON lines on standard output")
    parser.add_argument("--lifeline", choices=("stdin",), help="end the run when standard input ends")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Enhance; arguments are checked and outputs proved writable before anything is computed."""
    cancelled = cancel_on_terminate()
    if args.lifeline:
        cancel_at_end_of_input(cancelled)
    check_outputs(args)
    progress = JsonProgress() if args.progress else BarProgress()
    with naming(Path(args.input)):
        _enhance(args, progress, cancelled)


def _enhance(args: argparse.Namespace, progress: Progress, cancelled: Event) -> None:
    from CTEnhanceLib.enhancement.pipeline import enhance
    from CTEnhanceLib.model.folder import load_stack

    progress("read", 0, 1)
    series = _read(args)
    main, *further = series
    progress("read", 1, 1)
    stack = load_stack(args.model)
    result = enhance(
        main.image,
        stack,
        spacing=args.spacing,
        device=args.device,
        progress=progress,
        cancel=cancelled.is_set,
        precision=args.precision,
        thickness=args.thickness,
        interval=args.interval,
        profile=args.profile,
        fwhm=args.fwhm,
        consistency=not args.no_consistency,
        # the report tells the share of bone above some levels, so it is computed for that too, where the model has it
        uncertainty=True if args.uncertainty is not None else None if args.report is not None else False,
        detail=args.detail,
        also=[other.image for other in further],
    )
    progress("write", 0, 1)
    write_outputs(args, series, result)
    progress("write", 1, 1)


def _read(args: argparse.Namespace) -> list[Input]:
    try:
        return read_inputs(args)
    except SeveralSeriesError as error:
        if not args.progress:
            print(series_table(error.series))
        raise
