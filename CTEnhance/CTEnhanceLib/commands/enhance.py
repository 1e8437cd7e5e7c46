"""`ctenhance enhance`: a thick-slice volume in, a thin-slice volume out."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from CTEnhanceLib.commands.further_series import Input, add_series_arguments, read_inputs, used_sources
from CTEnhanceLib.ct.geometry import slice_geometry
from CTEnhanceLib.dicom.write import check_output_folder
from CTEnhanceLib.enhancement.device import PRECISIONS
from CTEnhanceLib.files.atomic import appearing, check_writable, require_different_files, write_text
from CTEnhanceLib.files.cancellation import cancel_on_terminate, hold_lifeline
from CTEnhanceLib.files.progress import BarProgress, JsonProgress
from CTEnhanceLib.files.volumes import volume_suffix, write_volume
from CTEnhanceLib.model.folder import DEFAULT_MODEL

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTEnhanceLib.enhancement.pipeline import Enhancement


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
        hold_lifeline(cancelled)
    outputs = {"OUTPUT": args.output, "--uncertainty": args.uncertainty, "--report": args.report}
    inputs = {"INPUT": args.input, **{f"--also {path}": path for path in args.also}}
    require_different_files(inputs, outputs)
    as_folder = not volume_suffix(args.output)
    check_writable(args.output)
    if as_folder:
        check_output_folder(args.output)
    if args.uncertainty is not None:
        check_writable(args.uncertainty)
        if not volume_suffix(args.uncertainty):
            check_output_folder(args.uncertainty)
    if args.report is not None:
        check_writable(args.report)
    progress = JsonProgress() if args.progress else BarProgress()
    progress("read", 0, 1)
    series = read_inputs(args)
    main, *further = series
    progress("read", 1, 1)

    from CTEnhanceLib.enhancement.pipeline import enhance
    from CTEnhanceLib.model.folder import load_stack

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
    if args.uncertainty is not None and result.uncertainty is not None:
        _write(series, result, result.uncertainty, args.uncertainty, "uncertainty of the computed slices, HU")
    if args.report is not None:
        _write_report(args, main.image, result)
    _write(series, result, result.volume, args.output, "")
    progress("write", 1, 1)


def _write(series: list[Input], result: Enhancement, image: sitk.Image, path: str, words: str) -> None:
    """Write a computed volume as a file, or as a derived DICOM series where the path has no suffix."""
    if volume_suffix(path):
        write_volume(image, path)
        return
    from CTEnhanceLib.dicom import write_derived_series

    main, *further = series
    model = result.report["model"]
    with appearing(path) as partial:
        write_derived_series(
            image,
            partial,
            main.folder,
            series=main.uid,
            also=used_sources(result.report, further),
            description=words,
            model=model["name"],
            model_sha256=model["sha256"],
            report=result.report,
            axis=slice_geometry(main.image).axis,
        )


def _write_report(args: argparse.Namespace, measured: sitk.Image, result: Enhancement) -> None:
    if not args.report.lower().endswith((".html", ".htm")):
        write_text(json.dumps(result.report, indent=2, ensure_ascii=False) + "\n", args.report)
        return
    from CTEnhanceLib.page.report_page import report_page

    page = report_page(result.report, measured, result.volume, result.uncertainty, args.report_name)
    write_text(page, args.report)
