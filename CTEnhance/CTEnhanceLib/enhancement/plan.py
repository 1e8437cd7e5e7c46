"""Everything that is settled before computing: whether the model fits, where the thin slices lie, who predicts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.bands import Bands
from CTEnhanceLib.ct.consistency import correction_bands, covering_bands
from CTEnhanceLib.ct.geometry import thin_positions
from CTEnhanceLib.ct.interpolation import interpolation_bands
from CTEnhanceLib.ct.profile import thickening_bands
from CTEnhanceLib.ct.thick_volume import ThickVolume
from CTEnhanceLib.enhancement.options import Options
from CTEnhanceLib.enhancement.slice_map import slice_map, unreached
from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.model.prediction import Prediction
from CTEnhanceLib.model.spec import ModelSpec

if TYPE_CHECKING:
    from CTEnhanceLib.model.stack import Stack

_SLACK = 0.01


@dataclass(frozen=True)
class Plan:
    """What is computed from what, settled before any computing.

    Attributes:
        volume: The thick slices.
        spec: What the model says of itself.
        model_sha256: Hash of its model.json.
        detail: The mix of accurate (0) and crisp (1) weights that computes; None where the model has one set.
        options: What was asked for.
        thin: Thin slice centres, mm from the first thick centre, shape (n_thin,).
        predictions: Which thick slice predicts which thin slice.
        interpolation: (n_thin, n_thick), cubic.
        thickening: (n_thick, n_thin), the slice profile.
        covering: Which thick slice covers each thin one, shape (n_thin,).
        correction: (n_thick, n_thick), what back-projection adds to the thin slices of each thick slice.
        warnings: Sentences for the user.
    """

    volume: ThickVolume
    spec: ModelSpec
    model_sha256: str
    detail: float | None
    options: Options
    thin: np.ndarray
    predictions: list[Prediction]
    interpolation: Bands
    thickening: Bands
    covering: np.ndarray
    correction: Bands
    warnings: tuple[str, ...]

    @property
    def gives_uncertainty(self) -> bool:
        """Whether the uncertainty of every voxel is computed: asked for, or not refused where the model has one."""
        wanted = self.options.uncertainty
        return self.spec.uncertainty is not None if wanted is None else wanted


def make_plan(volume: ThickVolume, stack: Stack, options: Options) -> Plan:
    """Settle what is computed from what.

    Args:
        volume: The thick slices.
        stack: The model.
        options: What was asked for.

    Raises:
        InputRefusedError: The volume is nothing that thin slices can be computed from.
        ModelRefusedError: The model was not made for it, or gives no uncertainty and one was asked for.
    """
    volume.require_fit()
    spec, geometry = stack.spec, volume.geometry
    warnings = (*volume.verdict.reasons, *require_model_fits(spec, volume, options.spacing))
    thin = thin_positions(geometry.count, geometry.interval, options.spacing)
    predictions = slice_map(geometry.positions, thin, geometry.interval, spec.offsets)
    gaps = unreached(predictions, len(thin))
    if gaps:
        raise ModelRefusedError(
            f"The model {spec.name!r} gives slices at {spec.offsets} mm from each thick slice, which leaves "
            f"{len(gaps)} of {len(thin)} slices at {options.spacing:g} mm without a prediction for an interval of "
            f"{geometry.interval:g} mm; choose a model that takes any offset."
        )
    if options.uncertainty and spec.uncertainty is None:
        raise ModelRefusedError(
            f"The model {spec.name!r} gives no uncertainty; leave it out or choose a model that has one."
        )
    thickening = thickening_bands(geometry.positions, thin, volume.acquisition.profile)
    covering = covering_bands(geometry.positions, thin)
    return Plan(
        volume,
        spec,
        stack.sha256,
        stack.detail,
        options,
        thin,
        predictions,
        interpolation_bands(geometry.positions, thin),
        thickening,
        covering.first,
        correction_bands(thickening, covering),
        warnings,
    )


def require_model_fits(spec: ModelSpec, volume: ThickVolume, spacing: float) -> list[str]:
    """Check that a model was made for these slices.

    Args:
        spec: What the model says of itself.
        volume: The thick slices.
        spacing: Thin spacing asked for, mm.

    Returns:
        Warnings, one sentence each; empty where everything is as in training.

    Raises:
        ModelRefusedError: Interval, thickness or thin spacing is not what the model was made for.
    """
    interval, thickness, name = volume.acquisition.interval, volume.acquisition.thickness, spec.name
    for value, limits, sentence in (
        (
            interval,
            spec.interval_range_mm,
            f"The slices are {interval:.4g} mm apart. The model {name!r} works at {_range(spec.interval_range_mm)}; "
            "choose another model or check the volume's spacing.",
        ),
        (
            thickness,
            spec.thickness_range_mm,
            f"The slices are {thickness:.4g} mm thick. The model {name!r} works at {_range(spec.thickness_range_mm)}; "
            "choose another model or give the slice thickness if it is another one.",
        ),
        (
            spacing,
            spec.spacing_range_mm,
            f"Thin slices {spacing:.4g} mm apart were asked for. The model {name!r} computes them at "
            f"{_range(spec.spacing_range_mm)}; choose another model or another spacing.",
        ),
    ):
        if not limits[0] * (1 - _SLACK) <= value <= limits[1] * (1 + _SLACK):
            raise ModelRefusedError(sentence)
    low, high = spec.pixel_spacing_range_mm
    return [
        f"The pixels are {pixel:.3g} mm wide; the model {spec.name!r} was trained for {low:g} to {high:g} mm."
        for pixel in sorted(set(volume.geometry.pixel_spacing))
        if not low * (1 - _SLACK) <= pixel <= high * (1 + _SLACK)
    ]


def _range(limits: tuple[float, float]) -> str:
    low, high = limits
    return f"{low:g} mm" if low == high else f"{low:g} to {high:g} mm"
