"""`ctenhance thicken`: thick slices from thin ones, as a scanner would have made them."""

from __future__ import annotations

import argparse
from pathlib import Path

from CTEnhanceLib.commands.shared.options import add_profile_options
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.errors import UsageError, naming
from CTEnhanceLib.files.atomic import check_writable, require_different_files
from CTEnhanceLib.files.volumes import volume_suffix, write_volume


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("thicken", help="make thick slices of a thin-slice volume")
    parser.add_argument("input", metavar="INPUT", help="thin-slice volume or DICOM folder")
    parser.add_argument("output", metavar="OUTPUT", help=".nrrd, .nii.gz or .mha")
    parser.add_argument("--thickness", type=float, required=True, metavar="MM", help="extent of a thick slice")
    parser.add_argument("--interval", type=float, metavar="MM", help="distance of thick slices; default: thickness")
    add_profile_options(parser, default="box", width="thickness")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Thicken."""
    if not volume_suffix(args.output):
        raise UsageError(f"{args.output} needs a suffix: .nrrd, .nii.gz or .mha.")
    require_different_files({"INPUT": args.input}, {"OUTPUT": args.output})
    check_writable(args.output)
    profile = SliceProfile(args.profile, args.thickness if args.fwhm is None else args.fwhm)
    with naming(Path(args.input)):
        thick = thicken(read_volume(args.input), args.thickness, args.interval, profile)
    write_volume(thick, args.output)
