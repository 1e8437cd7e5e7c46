"""The fracture study: cut, thicken, let every method make thin slices, and read each place.

All places of a block are cut at once and far enough apart not to meet, so a few runs give a few hundred fractures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable

import numpy as np

from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.evaluation.fractures.cuts import cut_gap, cut_step
from CTEnhanceLib.evaluation.fractures.invented import cortex_area, invented_gaps
from CTEnhanceLib.evaluation.fractures.places import Place, gap_places, step_places
from CTEnhanceLib.evaluation.fractures.probes import read_gap, read_step

if TYPE_CHECKING:
    import SimpleITK as sitk

REFERENCE = "true thin slices"
FALSE_ALARMS = 0.05
GAP_WIDTHS_MM = (0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
STEP_HEIGHTS_MM = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
ANGLES = (0.0, 30.0, 60.0, 90.0)
_INTACT_PLACES = 240
_INTACT_APART_MM = 3.0
Method = Callable[["sitk.Image", SliceProfile, float], "sitk.Image"]


@dataclass(frozen=True)
class Design:
    """What is cut and how it is looked at.

    Attributes:
        profile: Profile of the thick slices; their thickness and interval are its width.
        copies: Blocks with other widths at the same places.
        gaps: Gaps in a block, at most.
        steps: Steps in a block, at most.
        axes: Array axes (z, y, x) of the volume that serve as slice axis in turn.
        seed: All choices follow from it.
    """

    profile: SliceProfile
    copies: int = 7
    gaps: int = 24
    steps: int = 12
    axes: tuple[int, ...] = (0, 1, 2)
    seed: int = 0


@dataclass(frozen=True)
class Reading:
    """One place as one method shows it.

    Attributes:
        volume: Name of the volume.
        axis: Array axis that served as slice axis.
        method: Name of the method.
        kind: "gap" or "step".
        angle: Degrees of the gap's normal, or of the step's direction, to the slice axis.
        size: Width or height that was cut, mm; 0: intact.
        signal: Contrast of a gap, HU; height of a step, mm.
        width: Width of a gap as shown, mm; NaN for steps.
        floor: Middle of a gap, HU; NaN for steps.
        kept: Contrast of the gap over that of the reference there; NaN for steps and intact bone.
    """

    volume: str
    axis: int
    method: str
    kind: str
    angle: float
    size: float
    signal: float
    width: float
    floor: float
    kept: float


@dataclass(frozen=True)
class Study:
    """All readings, the gaps invented in intact bone by method, and the area they were looked for on, cm2."""

    readings: list[Reading]
    invented: dict[str, int]
    area_cm2: float

    @cached_property
    def _grouped(self) -> dict[tuple[str, str], list[Reading]]:
        groups: dict[tuple[str, str], list[Reading]] = {}
        for reading in self.readings:
            groups.setdefault((reading.method, reading.kind), []).append(reading)
        return groups

    def of(self, method: str, kind: str) -> list[Reading]:
        """Give the readings of one method and one kind."""
        return self._grouped.get((method, kind), [])

    def as_json(self) -> dict[str, Any]:
        """Give all of it, JSON-ready; NaN becomes None."""
        rows = [
            {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(r).items()}
            for r in self.readings
        ]
        return {"readings": rows, "invented": self.invented, "area_cm2": self.area_cm2}


@dataclass(frozen=True)
class _Block:
    """A thin block with one axis as slice axis, and where fractures go."""

    name: str
    axis: int
    slices: np.ndarray
    spacing: tuple[float, float, float]
    gaps: list[tuple[Place, float]]
    steps: list[tuple[Place, float]]


def run_study(
    volumes: Mapping[str, sitk.Image],
    methods: Mapping[str, Method],
    design: Design,
    progress: Callable[[str, int, int], None],
) -> Study:
    """Run the study.

    Args:
        volumes: Intact thin volumes by name, with about equal spacing along all axes (each axis is a slice axis).
        methods: What makes thin slices of a thick volume, by name: called with the thick volume and the profile that
            made it and the thin spacing in mm, the result on the grid of the thin one.
        design: What is cut.
        progress: Called as progress("fractures", done, total).
    """
    readings: list[Reading] = []
    invented = dict.fromkeys(methods, 0)
    area, done = 0.0, 0
    total = len(volumes) * len(design.axes) * (design.copies + 1)
    for name, image in volumes.items():
        for axis in design.axes:
            rng = np.random.default_rng([design.seed, axis])
            block = _lay_out(name, image, axis, design, rng)
            intact = _intact_places(block, rng)
            interval = design.profile.fwhm
            shown = _shown(block.slices, block.spacing, methods, design.profile)
            for method, slices in shown.items():
                readings += _read(block, method, slices, intact, [0.0] * len(intact[0]), [0.0] * len(intact[1]), None)
                if method in invented:
                    invented[method] += invented_gaps(slices, shown[REFERENCE], block.spacing, interval)
            area += cortex_area(shown[REFERENCE], block.spacing)
            progress("fractures", done := done + 1, total)
            for copy in range(design.copies):
                readings += _read_copy(block, copy, methods, design.profile)
                progress("fractures", done := done + 1, total)
    return Study(readings, invented, area)


def _lay_out(name: str, image: sitk.Image, axis: int, design: Design, rng: np.random.Generator) -> _Block:
    import SimpleITK as sitk

    slices = np.ascontiguousarray(np.moveaxis(sitk.GetArrayFromImage(image), axis, 0)).astype(np.float32)
    steps = image.GetSpacing()[::-1]
    spacing = (steps[axis], *[steps[a] for a in range(3) if a != axis])
    gaps = gap_places(slices, spacing, ANGLES, design.gaps, rng)
    return _Block(name, axis, slices, spacing, gaps, step_places(slices, spacing, design.steps, rng, taken=gaps))


def _intact_places(
    block: _Block, rng: np.random.Generator
) -> tuple[list[tuple[Place, float]], list[tuple[Place, float]]]:
    """Find many places, which may lie close together, for the thresholds."""
    return (
        gap_places(block.slices, block.spacing, ANGLES, _INTACT_PLACES, rng, _INTACT_APART_MM),
        step_places(block.slices, block.spacing, _INTACT_PLACES // 2, rng, _INTACT_APART_MM),
    )


def _read_copy(block: _Block, copy: int, methods: Mapping[str, Method], profile: SliceProfile) -> list[Reading]:
    """Cut one copy of a block, each place with another size than in the other copies, and read them."""
    slices = block.slices.copy()
    widths = [GAP_WIDTHS_MM[(copy + i // len(ANGLES)) % len(GAP_WIDTHS_MM)] for i in range(len(block.gaps))]
    heights = [STEP_HEIGHTS_MM[(copy + i) % len(STEP_HEIGHTS_MM)] for i in range(len(block.steps))]
    for (place, _), width in zip(block.gaps, widths):
        cut_gap(slices, block.spacing, place, width)
    for (place, _), height in zip(block.steps, heights):
        cut_step(slices, block.spacing, place, height)
    shown = _shown(slices, block.spacing, methods, profile)
    true = [read_gap(shown[REFERENCE], block.spacing, place).contrast for place, _ in block.gaps]
    places = (block.gaps, block.steps)
    return [
        reading
        for method, seen in shown.items()
        for reading in _read(block, method, seen, places, widths, heights, true)
    ]


def _shown(
    slices: np.ndarray, spacing: tuple[float, float, float], methods: Mapping[str, Method], profile: SliceProfile
) -> dict[str, np.ndarray]:
    """Give the thin slices of every method, and the true ones, all as many as the thick slices cover."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.rint(slices).astype(np.int16))
    image.SetSpacing(spacing[::-1])
    thick = thicken(image, profile.fwhm, profile=profile, axis=2)
    shown = {
        name: sitk.GetArrayFromImage(make(thick, profile, spacing[0])).astype(np.float32)
        for name, make in methods.items()
    }
    count = min(len(one) for one in shown.values())
    return {REFERENCE: np.rint(slices[:count]), **{name: one[:count] for name, one in shown.items()}}


def _read(
    block: _Block,
    method: str,
    slices: np.ndarray,
    places: tuple[Sequence[tuple[Place, float]], Sequence[tuple[Place, float]]],
    widths: Sequence[float],
    heights: Sequence[float],
    true: Sequence[float] | None,
) -> list[Reading]:
    nan = float("nan")
    readings = []
    for number, ((place, angle), size) in enumerate(zip(places[0], widths)):
        seen = read_gap(slices, block.spacing, place)
        kept = nan if true is None else seen.contrast / max(true[number], 1.0)
        readings.append(
            Reading(block.name, block.axis, method, "gap", angle, size, seen.contrast, seen.width, seen.floor, kept)
        )
    for (place, angle), size in zip(places[1], heights):
        height = read_step(slices, block.spacing, place)
        readings.append(Reading(block.name, block.axis, method, "step", angle, size, height, nan, nan, nan))
    return readings


def joined(studies: Sequence[Study]) -> Study:
    """Give one study of the readings of several volumes, with the invented gaps and the areas added up."""
    invented: dict[str, int] = {}
    for study in studies:
        for method, count in study.invented.items():
            invented[method] = invented.get(method, 0) + count
    return Study([r for study in studies for r in study.readings], invented, sum(study.area_cm2 for study in studies))
