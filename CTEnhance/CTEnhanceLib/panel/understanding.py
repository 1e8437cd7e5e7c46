"""What was understood of the chosen volume, and whether thin slices can be computed from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError
from CTEnhanceLib.panel.translation import translated

if TYPE_CHECKING:
    from CTEnhanceLib.ct.acquisition import StatedSlices
    from CTEnhanceLib.ct.thick_volume import ThickVolume
    from CTEnhanceLib.model.spec import ModelSpec

FIT, WARNING, REFUSED = "fit", "warning", "refused"  # as in ct.checks, which is imported only when there is a volume


@dataclass(frozen=True)
class Understanding:
    """What the panel says below the input selector; it holds no voxels.

    Attributes:
        verdict: ``fit``, ``warning`` or ``refused``.
        reasons: Sentences: the one reason of a refusal, or all warnings.
        words: Size, spacing, slices, and where each number comes from; empty where there is no volume to describe.
        geometry_words: The same for a bug report, nothing about the patient.
        voxels_in: Voxels of the measured volume.
        slices_out: Number of thin slices.
        voxels_out: Voxels of the computed volume.
        profile: The slice profile that would be assumed, and where it is known from.
    """

    verdict: str
    reasons: tuple[str, ...]
    words: str = ""
    geometry_words: str = "no volume"
    voxels_in: int = 0
    slices_out: int = 0
    voxels_out: int = 0
    profile: str = ""

    @property
    def heading(self) -> str:
        """The verdict in a word or two."""
        return {FIT: _("Suitable"), WARNING: _("Suitable, but:"), REFUSED: _("Cannot be enhanced:")}[self.verdict]

    def verdict_words(self) -> str:
        """The verdict and its reasons."""
        return " ".join([self.heading, *self.reasons])


def understand(
    node: slicer.vtkMRMLScalarVolumeNode, spacing: float, stated: StatedSlices, model: ModelSpec | None
) -> Understanding:
    """Check a volume as the pipeline does, so that what it would refuse is refused here.

    Args:
        node: The chosen volume.
        spacing: Distance of the thin slices asked for, mm.
        stated: What the user typed in about the slices.
        model: The chosen model; None leaves out whether it was made for such slices.
    """
    from CTEnhanceLib.ct.geometry import thin_positions
    from CTEnhanceLib.ct.thick_volume import thick_volume
    from CTEnhanceLib.enhancement.plan import require_model_fits
    from CTEnhanceLib.scene.distortion import hidden_distortion
    from CTEnhanceLib.scene.nodes import image_from_node

    hidden = hidden_distortion(node)
    if hidden:
        return Understanding(REFUSED, (translated(hidden),))
    words = geometry_words = ""
    try:
        volume = thick_volume(
            image_from_node(node),
            stated=stated,
            spacing=spacing,
            model_profile=model.slice_profile if model is not None else None,
        )
        words, geometry_words, profile = _words(volume), _geometry_words(volume), _profile_words(volume)
        volume.require_fit()
        warnings = require_model_fits(model, volume, spacing) if model is not None else []
    except CTEnhanceError as error:
        return Understanding(REFUSED, (translated(str(error)),), words, geometry_words)
    reasons = tuple(translated(reason) for reason in (*volume.verdict.reasons, *warnings))
    count = volume.geometry.count
    voxels_in = int(np.prod(volume.size))
    slices_out = len(thin_positions(count, volume.geometry.interval, spacing))
    voxels_out = voxels_in // count * slices_out
    return Understanding(
        WARNING if reasons else FIT, reasons, words, geometry_words, voxels_in, slices_out, voxels_out, profile
    )


def _words(volume: ThickVolume) -> str:
    acquisition = volume.acquisition
    return _(
        "{count} {plane} slices, {thickness:.4g} mm thick ({thickness_source}), every {interval:.4g} mm "
        "({interval_source}). {size} pixels of {pixel} mm."
    ).format(
        count=volume.geometry.count,
        plane=_plane_words(volume.plane),
        thickness=acquisition.thickness,
        thickness_source=_source_words(acquisition.sources["thickness"]),
        interval=acquisition.interval,
        interval_source=_source_words(acquisition.sources["interval"]),
        size=" \u00d7 ".join(str(number) for number in _in_plane(volume, volume.size)),
        pixel=" \u00d7 ".join(sorted({f"{mm:.3g}" for mm in _in_plane(volume, volume.spacing)})),
    )


def _profile_words(volume: ThickVolume) -> str:
    from CTEnhanceLib.scene.provenance import profile_words, source_words

    profile, sources = volume.acquisition.profile, volume.acquisition.sources
    return _("Taken to be {profile}; shape from {shape}, width from {width}.").format(
        profile=profile_words(profile.shape, profile.fwhm),
        shape=source_words(sources["shape"]),
        width=source_words(sources["fwhm"]),
    )


def _geometry_words(volume: ThickVolume) -> str:
    acquisition, spacing = volume.acquisition, " x ".join(f"{mm:.4g}" for mm in volume.spacing)
    return (
        f"{' x '.join(map(str, volume.size))} voxels of {spacing} mm, "
        f"{volume.plane} slices along {volume.slice_axis}, "
        f"interval {acquisition.interval:.4g} mm ({acquisition.sources['interval']}), "
        f"thickness {acquisition.thickness:.4g} mm ({acquisition.sources['thickness']})"
    )


def _in_plane(volume: ThickVolume, values: tuple) -> list:
    return [value for axis, value in enumerate(values) if axis != volume.geometry.axis]


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
        "interval": _("not stated: taken to be their distance"),
    }
    return words.get(source, source)
