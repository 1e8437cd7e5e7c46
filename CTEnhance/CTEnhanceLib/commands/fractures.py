"""`ctenhance fractures`: which gaps and steps of bone are still seen, which are bridged, which are invented."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.commands.shared.options import (
    add_detail_option,
    add_device_option,
    add_model_option,
    add_shape_option,
)
from CTEnhanceLib.commands.shared.packages import require_packages
from CTEnhanceLib.ct.interpolated_slices.volumes import measured_part
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.errors import UsageError, naming
from CTEnhanceLib.files.atomic import check_writable, make_folder, require_different_files, write_text
from CTEnhanceLib.files.progress import BarProgress
from CTEnhanceLib.model.figures import put_figures
from CTEnhanceLib.model.folder import DEFAULT_MODEL, find_model, open_model

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTEnhanceLib.evaluation.fractures.study import Method

_BASELINES = {"measured": "repeat", "linear": "linear", "cubic": "cubic", "cubic + back-projection": None}


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("fractures", help="cut gaps and steps into thin bone and see which survive")
    parser.add_argument("thin", nargs="+", metavar="THIN", help="thin volumes of intact bone, kept from training")
    add_model_option(parser, nargs="+", default=[DEFAULT_MODEL], help=f"default: {DEFAULT_MODEL}")
    add_detail_option(parser, nargs="+", help="computed with each of these")
    parser.add_argument("--thickness", type=float, default=3.0, metavar="MM", help="default: %(default)s")
    add_shape_option(parser)
    parser.add_argument("--crop", nargs=6, type=int, metavar="N", help="first and last-but-one index along x, y, z")
    parser.add_argument("--copies", type=int, default=7, help="blocks with other sizes; default: %(default)s")
    parser.add_argument("--gaps", type=int, default=24, help="gaps in a block, at most; default: %(default)s")
    parser.add_argument("--steps", type=int, default=12, help="steps in a block, at most; default: %(default)s")
    parser.add_argument("--axes", default="xyz", help="axes that serve as slice axis in turn; default: %(default)s")
    add_device_option(parser)
    parser.add_argument("--json", metavar="PATH", help="write every reading")
    parser.add_argument("--into", metavar="DIR", help="put the figures into the card and metrics.json of this model")
    parser.add_argument("--plots", metavar="DIR", help="write the curves as PNG")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Run the study and print its tables; outputs are proved writable before anything is computed."""
    if args.plots is not None:
        require_packages("matplotlib")
    if not args.axes or set(args.axes) - set("xyz"):
        raise UsageError(f"The axes must be of x, y and z, not {args.axes!r}.")
    require_different_files({f"THIN {path}": path for path in args.thin}, {"--json": args.json})
    if args.json is not None:
        check_writable(args.json)
    plots = None if args.plots is None else make_folder(args.plots)

    from CTEnhanceLib.evaluation.fractures.record import record
    from CTEnhanceLib.evaluation.fractures.study import Design, run_study
    from CTEnhanceLib.evaluation.fractures.tables import markdown

    design = Design(
        SliceProfile(args.profile, args.thickness),
        copies=args.copies,
        gaps=args.gaps,
        steps=args.steps,
        axes=tuple("zyx".index(axis) for axis in args.axes),
    )
    volumes, left_out = {}, []
    for path in args.thin:
        with naming(Path(path)):
            volumes[path], said = measured_part(_cropped(read_volume(path), args.crop))
        left_out += [f"{path}: {sentence}" for sentence in said]
    study = run_study(volumes, study_methods(args.model, args.detail, args.device), design, BarProgress())
    if args.json is not None:
        write_text(json.dumps(study.as_json()) + "\n", args.json)
    if plots is not None:
        from CTEnhanceLib.evaluation.fractures.curves import fracture_curves
        from CTEnhanceLib.evaluation.plots import save_figure

        save_figure(fracture_curves(study), plots / "fractures.png")
    figures = record(study)
    if args.into is not None:
        put_study(find_model(args.into), figures)
    print("\n".join([markdown(figures), *(f"{sentence}\n" for sentence in left_out)]), end="")


def put_study(folder: Path, figures: Mapping[str, Any]) -> None:
    """Put the figures of a study (from `record`) into a model folder: metrics.json and card."""
    from CTEnhanceLib.evaluation.fractures.record import METRICS_NAME, card_lines

    put_figures(folder, METRICS_NAME, figures, "Fractures", card_lines(figures, open_model(folder).spec.name))


def _cropped(image: sitk.Image, limits: list[int] | None) -> sitk.Image:
    if not limits:
        return image
    return image[limits[0] : limits[1], limits[2] : limits[3], limits[4] : limits[5]]


def study_methods(models: Sequence[str], details: Sequence[float] | None, device: str) -> Mapping[str, Method]:
    """Give what makes thin slices: the baselines, and each model with each `detail` where it has two ends.

    Args:
        models: Names or folders.
        details: 0 to 1; None for each model's own.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
    """
    from CTEnhanceLib.evaluation.baselines import YARDSTICK
    from CTEnhanceLib.model.folder import load_stack

    methods: dict[str, Method] = {name: partial(_baseline, kind or YARDSTICK) for name, kind in _BASELINES.items()}
    for model in models:
        stack = load_stack(model)
        for detail in details if details and stack.spec.default_detail is not None else [None]:
            name = stack.spec.name if detail is None else f"{stack.spec.name}, detail {detail:g}"
            methods[name] = partial(_enhanced, stack, device, detail)
    return methods


def _baseline(kind: str, thick: sitk.Image, profile: SliceProfile, spacing: float) -> sitk.Image:
    from CTEnhanceLib.evaluation.baselines import baseline_volume

    return baseline_volume(thick, kind, spacing, profile)


def _enhanced(
    stack: Any, device: str, detail: float | None, thick: sitk.Image, profile: SliceProfile, spacing: float
) -> sitk.Image:
    from CTEnhanceLib.enhancement.pipeline import enhance

    return enhance(
        thick, stack, spacing=spacing, profile=profile, device=device, uncertainty=False, detail=detail
    ).volume
