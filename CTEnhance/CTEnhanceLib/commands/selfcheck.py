"""`ctenhance selfcheck`: test CTEnhance on a thin scan of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from threading import Event

from CTEnhanceLib.commands.shared.options import (
    add_detail_option,
    add_device_option,
    add_model_option,
    add_process_options,
    add_shape_option,
    chosen_cancellation,
    chosen_progress,
)
from CTEnhanceLib.ct.interpolated_slices.volumes import measured_part
from CTEnhanceLib.ct.placement import interval_along
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.enhancement.options import Progress
from CTEnhanceLib.errors import naming
from CTEnhanceLib.files.atomic import check_writable, require_different_files, write_text
from CTEnhanceLib.model.figures import read_metrics
from CTEnhanceLib.model.folder import find_model


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "selfcheck",
        help="test CTEnhance on a thin scan of your own",
        description="Makes thick slices of a thin scan, computes thin ones of these, and compares them with the scan.",
    )
    parser.add_argument("thin", metavar="THIN", help="thin-slice volume or DICOM folder")
    parser.add_argument("--thickness", type=float, default=3.0, metavar="MM", help="default: %(default)s")
    add_shape_option(parser)
    add_model_option(parser)
    add_detail_option(parser)
    add_device_option(parser)
    parser.add_argument("--page", default="selfcheck.html", metavar="PATH", help="default: %(default)s")
    add_process_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Check, write the page, and print the verdict; the page is proved writable before anything is computed."""
    cancelled = chosen_cancellation(args)
    require_different_files({"THIN": args.thin}, {"--page": args.page})
    check_writable(args.page)
    with naming(Path(args.thin)):
        _check(args, chosen_progress(args), cancelled)


def _check(args: argparse.Namespace, progress: Progress, cancelled: Event) -> None:
    progress("read", 0, 1)
    thin, left_out = measured_part(read_volume(args.thin))
    progress("read", 1, 1)
    profile = SliceProfile(args.profile, args.thickness)
    thick = thicken(thin, args.thickness, profile=profile)

    from CTEnhanceLib.enhancement.pipeline import enhance
    from CTEnhanceLib.enhancement.report import STATEMENT
    from CTEnhanceLib.evaluation.selfcheck import check_scan
    from CTEnhanceLib.model.folder import load_stack
    from CTEnhanceLib.page.selfcheck_page import selfcheck_page

    stack = load_stack(args.model)
    spacing = interval_along(thin, thick)
    result = enhance(
        thick,
        stack,
        spacing=spacing,
        device=args.device,
        progress=progress,
        cancel=cancelled.is_set,
        profile=profile,
        detail=args.detail,
    )
    check = check_scan(thin, thick, result.volume, result.uncertainty, profile, read_metrics(find_model(args.model)))
    model, size = result.report["model"], " x ".join(map(str, thin.GetSize()))
    described = [
        ("scan", f"{size} voxels, {' x '.join(f'{s:.4g}' for s in thin.GetSpacing())} mm"),
        ("thick slices made of it", f"{args.thickness:g} mm, profile {args.profile}"),
        ("computed", f"{spacing:g} mm, in {result.report['seconds']:.0f} s on {result.report['device']}"),
        ("model", f"{model['name']}, sha256 {model['sha256'][:16]}..., detail {model.get('detail')}"),
    ]
    described += [("left out", said) for said in left_out]
    write_text(selfcheck_page(check, described, STATEMENT), args.page)
    if not args.progress:
        print("\n".join([*check.verdict, *left_out, f"The page is {args.page}."]))
