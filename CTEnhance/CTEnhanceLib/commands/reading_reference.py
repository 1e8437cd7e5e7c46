"""`ctenhance reading reference`: a study that anyone can read in ten minutes, made of generated wrists."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.files.progress import BarProgress

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTEnhanceLib.evaluation.reading.study import Study

CASES = 6
KINDS = ("true", "thick", "cubic", "method2", "default")
THICKNESS = 3.0
_FIRST_SEED = 11
_SIZE_MM = (72.0, 60.0, 48.0)
_INSTRUCTIONS = (
    "Broken wrists, each shown several times. Look through the axial slices, the coronal ones and the bone in 3D, "
    "and grade each image from 1 (best) to 4. After that choose, twice for each wrist, which of two images is nearer "
    "to the reference R. The wrists are generated; nobody was scanned."
)


def add_reference_parser(actions: argparse._SubParsersAction) -> None:
    """Add the action to `ctenhance reading`."""
    parser = actions.add_parser("reference", help="make the reference study: 6 generated fractures in 5 kinds of image")
    parser.add_argument("output", metavar="DIR", help="what the readers get goes there")
    parser.add_argument("--key", required=True, metavar="PATH", help="what is what (JSON); keep it from the readers")
    parser.add_argument("--readers", nargs="+", default=["reader1", "reader2"], metavar="NAME")
    parser.add_argument("--cases", type=int, default=CASES, metavar="N", help="fractures; default: %(default)s")
    parser.add_argument("--repeats", type=int, default=2, metavar="N", help="read twice; default: %(default)s")
    parser.add_argument("--pixel", type=float, default=0.6, metavar="MM", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the order; default: %(default)s")
    parser.set_defaults(run=run_reference)


def run_reference(args: argparse.Namespace) -> None:
    """Make phantoms, compute what is computed, and plan the study."""
    from CTEnhanceLib.evaluation.reading.blind import write_blinded

    if args.cases < 1:
        raise UsageError(f"{args.cases} cases make no study: give 1 or more.")
    progress = BarProgress()
    study = reference_study(args.cases, tuple(args.readers), min(args.repeats, args.cases), args.seed)
    images: dict[tuple[str, str], sitk.Image] = {}
    for number, case in enumerate(study.cases):
        progress("fractures", number, len(study.cases))
        kinds = reference_images(_FIRST_SEED + number, args.pixel)
        images.update({(case.name, kind): image for kind, image in kinds.items()})
    progress("fractures", len(study.cases), len(study.cases))
    key = write_blinded(study, args.output, args.key, lambda case, kind: images[case, kind])
    print(
        f"{len(study.cases)} generated fractures in {len(study.kinds)} kinds: {len(key['sets'])} sets for "
        f"{', '.join(study.readers)} are in {args.output}, the key is {args.key}.\n"
        f"Open the folder in Slicer (CTEnhance, Reading study). Study {key['study_sha256'][:12]}."
    )


def reference_study(cases: int, readers: tuple[str, ...], repeats: int, seed: int) -> Study:
    """The study as it is asked: grades 1-4 of each image, two preferences beside the truth.

    Args:
        cases: How many fractures.
        readers: Their names.
        repeats: How many cases are read twice.
        seed: Of the order.
    """
    from CTEnhanceLib.evaluation.reading.study import Case, Question, Study, default_questions

    pairs = [("method2", "default"), ("cubic", "default")]
    remark = Question("remark", "text", "Anything odd about this set?", of="set", required=False)
    return Study(
        title="Reference study: broken wrists",
        kinds=KINDS,
        cases=tuple(
            Case(f"fracture {number}", {kind: f"generated {kind}" for kind in KINDS}) for number in range(1, cases + 1)
        ),
        questions=(*default_questions(KINDS, pairs, "true"), remark),
        readers=readers,
        repeats=repeats,
        seed=seed,
        instructions=_INSTRUCTIONS,
    )


def reference_images(seed: int, pixel: float) -> dict[str, sitk.Image]:
    """One fracture in all kinds: true 1 mm slices, 3 mm slices of it, and three computations from these.

    Args:
        seed: of the wrist.
        pixel: size in the plane, mm.
    """
    from CTEnhanceLib.ct.thicken import thicken
    from CTEnhanceLib.enhancement.pipeline import enhance
    from CTEnhanceLib.evaluation.baselines import YARDSTICK, baseline_volume
    from CTEnhanceLib.model.folder import load_stack
    from CTEnhanceLib.phantom import wrist_phantom

    true = wrist_phantom(seed, (pixel, pixel, 1.0), size_mm=_SIZE_MM)
    thick = thicken(true, THICKNESS)
    return {
        "true": true,
        "thick": thick,
        "cubic": baseline_volume(thick, YARDSTICK),
        "method2": enhance(thick, load_stack("thesis-method2")).volume,
        "default": enhance(thick, load_stack("context")).volume,
    }
