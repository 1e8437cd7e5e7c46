"""`ctenhance phantom`: a generated wrist CT with a broken distal radius."""

from __future__ import annotations

import argparse

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.files.atomic import check_writable
from CTEnhanceLib.files.volumes import volume_suffix, write_volume


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("phantom", help="generate a wrist CT with a broken distal radius")
    parser.add_argument("output", metavar="OUTPUT", help=".nrrd, .nii.gz or .mha")
    parser.add_argument("--seed", type=int, default=0, help="person, side and fracture; default: %(default)s")
    parser.add_argument(
        "--spacing",
        type=float,
        nargs=3,
        default=(0.4, 0.4, 1.0),
        metavar=("X", "Y", "Z"),
        help="voxel size in mm; default: 0.4 0.4 1",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Generate; the output is proved writable first."""
    from CTEnhanceLib.phantom import wrist_phantom

    if not volume_suffix(args.output):
        raise UsageError(f"{args.output} needs a suffix: .nrrd, .nii.gz or .mha.")
    check_writable(args.output)
    x, y, z = args.spacing
    write_volume(wrist_phantom(args.seed, (x, y, z)), args.output)
