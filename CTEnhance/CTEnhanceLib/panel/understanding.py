"""What was understood of the chosen volume, and whether thin slices can honestly be computed from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError

if TYPE_CHECKING:
    from CTEnhanceLib.ct.checks import Verdict, VolumeFacts
    from CTEnhanceLib.model.spec import ModelSpec

FIT, WARNING, REFUSED = "fit", "warning", "refused"  # as in ct.checks, which is imported only when there is a volume


@dataclass(frozen=True)
class Understanding:
    """What the panel says below the input selector.

    Attributes:
        verdict: ``fit``, ``warning`` or ``refused``.
        reasons: Sentences: the one reason of a refusal, or all warnings.
        facts: Size, spacing, slice axis, interval and thickness; None where there is no volume to describe.
        voxels_in: Voxels of the measured volume.
        slices_out: Number of thin slices.
        voxels_out: Voxels of the computed volume.
    """

    verdict: str
    reasons: tuple[str, ...]
    facts: VolumeFacts | None = None
    voxels_in: int = 0
    slices_out: int = 0
    voxels_out: int = 0

    def words(self) -> str:
        """Size, spacing, slices, and where each number comes from."""
        facts = self.facts
        if facts is None:
            return ""
        return _(
            "{count} {plane} slices, {thickness:.4g} mm thick ({thickness_source}), every {interval:.4g} mm "
            "({interval_source}). {size} pixels of {pixel} mm."
        ).format(
            count=facts.slices,
            plane=_plane_words(facts.plane),
            thickness=facts.thickness,
            thickness_source=_source_words(facts.thickness_source),
            interval=facts.interval,
            interval_source=_source_words(facts.interval_source),
            size=" \u00d7 ".join(str(number) for number in _in_plane(facts, facts.size)),
            pixel=" \u00d7 ".join(sorted({f"{mm:.3g}" for mm in _in_plane(facts, facts.spacing)})),
        )

    @property
    def heading(self) -> str:
        """The verdict in a word or two."""
        return {FIT: _("Fit"), WARNING: _("Fit, but:"), REFUSED: _("Cannot be enhanced:")}[self.verdict]

    def verdict_words(self) -> str:
        """The verdict and its reasons."""
        return " ".join([self.heading, *self.reasons])

    def geometry_words(self) -> str:
        """Size, spacing and slices for a bug report: nothing about the patient."""
        facts = self.facts
        if facts is None:
            return "no volume"
        spacing = " x ".join(f"{mm:.4g}" for mm in facts.spacing)
        return (
            f"{' x '.join(map(str, facts.size))} voxels of {spacing} mm, "
            f"{facts.plane} slices along {facts.slice_axis}, "
            f"interval {facts.interval:.4g} mm ({facts.interval_source}), "
            f"thickness {facts.thickness:.4g} mm ({facts.thickness_source})"
        )


def understand(
    node: slicer.vtkMRMLScalarVolumeNode, spacing: float, thickness: float | None, model: ModelSpec | None
) -> Understanding:
    """Look at a volume with the eyes of the pipeline, so that what it would refuse is refused here.

    Args:
        node: The chosen volume.
        spacing: Distance of the thin slices asked for, mm.
        thickness: Slice thickness typed in, mm; None takes what is known.
        model: The chosen model; None leaves out whether it was made for such slices.
    """
    from CTEnhanceLib.ct.checks import check_thick_volume
    from CTEnhanceLib.ct.geometry import thin_positions
    from CTEnhanceLib.scene.distortion import hidden_distortion
    from CTEnhanceLib.scene.nodes import image_from_node

    hidden = hidden_distortion(node)
    if hidden:
        return Understanding(REFUSED, (hidden,))
    try:
        image = image_from_node(node)
        verdict = check_thick_volume(image, spacing=spacing, thickness=thickness)
        warnings = [] if verdict.level == REFUSED else _model_warnings(image, spacing, thickness, model)
    except CTEnhanceError as error:
        return Understanding(REFUSED, (str(error),))
    facts = verdict.facts
    if verdict.level == REFUSED or facts is None:
        return Understanding(REFUSED, verdict.reasons, facts)
    reasons = _without_repetition(verdict, warnings)
    voxels_in = int(np.prod(facts.size))
    slices_out = len(thin_positions(facts.slices, facts.interval, spacing))
    voxels_out = voxels_in // facts.slices * slices_out
    return Understanding(WARNING if reasons else FIT, reasons, facts, voxels_in, slices_out, voxels_out)


def _model_warnings(image: Any, spacing: float, thickness: float | None, model: ModelSpec | None) -> list[str]:
    if model is None:
        return []
    from CTEnhanceLib.ct.acquisition import resolve_acquisition
    from CTEnhanceLib.ct.geometry import slice_geometry
    from CTEnhanceLib.enhancement.suitability import require_model_fits

    acquisition = resolve_acquisition(image, thickness=thickness, model_profile=model.slice_profile)
    return require_model_fits(model, acquisition, slice_geometry(image), spacing)


def _without_repetition(verdict: Verdict, warnings: list[str]) -> tuple[str, ...]:
    """Gaps between slices are a matter of the volume and of the model; once is enough."""
    said_gaps = any("gaps" in reason for reason in verdict.reasons)
    return (*verdict.reasons, *(w for w in warnings if not (said_gaps and "was not measured" in w)))


def _in_plane(facts: VolumeFacts, values: tuple) -> list:
    axis = "ijk".index(facts.slice_axis)
    return [value for index, value in enumerate(values) if index != axis]


def _plane_words(plane: str) -> str:
    words = {
        "axial": _("axial"),
        "coronal": _("coronal"),
        "sagittal": _("sagittal"),
        "oblique": _("oblique"),
    }
    return words[plane]


def _source_words(source: str) -> str:
    words = {
        "user": _("typed in"),
        "DICOM": _("DICOM"),
        "spacing": _("spacing"),
        "interval": _("assumed as the interval"),
    }
    return words.get(source, source)
