"""Computed slices as they come, each a file in a folder, for whoever looks on while the run goes on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from CTEnhanceLib.errors import OutputError, UsageError, shown

if TYPE_CHECKING:
    import numpy as np

    from CTEnhanceLib.enhancement.options import Preview


def add_preview_options(parser: argparse.ArgumentParser) -> None:
    """Add --first and --preview."""
    parser.add_argument(
        "--first",
        type=int,
        metavar="K",
        help="compute the slices around thin slice K (from 0, along the slice axis) before the others",
    )
    parser.add_argument(
        "--preview",
        metavar="FOLDER",
        help="put each thin slice there as K.npy (int16 HU, rows x columns) as soon as the network has given it",
    )


def chosen_preview(args: argparse.Namespace) -> Preview | None:
    """Give what writes the slices, None where nobody looks on.

    Raises:
        OutputError: The folder cannot be written.
        UsageError: --first is negative.
    """
    if args.first is not None and args.first < 0:
        raise UsageError(f"--first counts thin slices from 0, not {args.first}.")
    if args.preview is None:
        return None
    folder = Path(args.preview)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {shown(folder, 100)} cannot be made ({error.strerror}); choose another folder."
        ) from error

    def write(index: int, values: np.ndarray) -> None:
        import numpy as np

        partial = folder / f".{index}.npy"
        try:
            np.save(partial, values)
            partial.replace(folder / f"{index}.npy")
        except OSError as error:
            raise OutputError(f"{shown(folder, 100)} cannot be written ({error.strerror}); free some space.") from error

    return write
