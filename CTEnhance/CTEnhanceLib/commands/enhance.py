"""`ctenhance enhance`: a thick-slice volume in, a thin-slice volume out."""

from __future__ import annotations

import argparse
from pathlib import Path
from threading import Event

from CTEnhanceLib.commands.series import series_table
from CTEnhanceLib.commands.shared.further_series import Input, add_series_arguments, read_inputs
from CTEnhanceLib.commands.shared.options import (
    add_detail_option,
    add_device_option,
    add_model_option,
    add_process_options,
    add_profile_options,
    chosen_cancellation,
    chosen_progress,
)
from CTEnhanceLib.commands.shared.outputs import check_outputs, write_outputs
from CTEnhanceLib.commands.shared.preview import add_preview_options, chosen_preview
from CTEnhanceLib.dicom.folder.series import SeveralSeriesError
from CTEnhanceLib.enhancement.device import PRECISIONS
from CTEnhanceLib.enhancement.options import Preview, Progress
from CTEnhanceLib.errors import naming


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("enhance", help="compute thin slices from thick ones")
    parser.add_argument("input", metavar="INPUT", help=".nrrd, .nii.gz, .mha or a DICOM folder")
    parser.add_argument("output", metavar="OUTPUT", help=".nrrd, .nii.gz, .mha, or a folder name for derived DICOM")
    add_series_arguments(parser)
    add_model_option(parser)
    parser.add_argument("--spacing", type=float, default=1.0, metavar="MM", help="thin interval; default: %(default)s")
    add_device_option(parser)
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    parser.add_argument("--thickness", type=float, metavar="MM", help="thickness of the thick slices, if not as stated")
    parser.add_argument("--interval", type=float, metavar="MM", help="their interval, if the file states it wrongly")
    add_profile_options(parser, measured=True)
    parser.add_argument("--uncertainty", metavar="PATH", help="also write the uncertainty of every voxel, HU")
    parser.add_argument("--confidence", dest="uncertainty", help=argparse.SUPPRESS)  # its old name
    add_detail_option(parser)
    parser.add_argument("--no-consistency", action="store_true", help="leave the back-projection out")
    parser.add_argument("--report", metavar="PATH", help="also write the report: .json, or .html for a page to keep")
    parser.add_argument(
        "--report-name", default="", metavar="TEXT", help="what the page calls the input; default: nothing"
    )
    add_preview_options(parser)
    add_process_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Enhance; arguments are checked and outputs proved writable before anything is computed."""
    cancelled = chosen_cancellation(args)
    check_outputs(args)
    progress, preview = chosen_progress(args), chosen_preview(args)
    with naming(Path(args.input)):
        _enhance(args, progress, cancelled, preview)


def _enhance(args: argparse.Namespace, progress: Progress, cancelled: Event, preview: Preview | None) -> None:
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
        first=args.first,
        preview=preview,
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
