"""Whether a model was made for an input: refused with the reason, or fit with warnings."""

from __future__ import annotations

from CTEnhanceLib.ct.acquisition import Acquisition
from CTEnhanceLib.ct.geometry import SliceGeometry
from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.model.spec import ModelSpec

_SLACK = 0.01


def require_model_fits(spec: ModelSpec, acquisition: Acquisition, geometry: SliceGeometry, spacing: float) -> list[str]:
    """Check that a model was made for these slices.

    Args:
        spec: What the model says of itself.
        acquisition: How the thick slices were made.
        geometry: Where they lie.
        spacing: Thin spacing asked for, mm.

    Returns:
        Warnings, one sentence each; empty where everything is as in training.

    Raises:
        ModelRefusedError: Interval, thickness or thin spacing is not what the model was made for.
    """
    for words, value, (low, high) in (
        ("slices that lie {} apart", acquisition.interval, spec.interval_range_mm),
        ("slices {} thick", acquisition.thickness, spec.thickness_range_mm),
        ("thin slices {} apart", spacing, spec.spacing_range_mm),
    ):
        if not low * (1 - _SLACK) <= value <= high * (1 + _SLACK):
            made_for = f"{low:g} mm" if low == high else f"{low:g} to {high:g} mm"
            raise ModelRefusedError(
                f"The model {spec.name!r} was made for {words.format(made_for)}, but {value:g} mm was met; choose "
                "another model, or check the geometry of the volume."
            )
    low, high = spec.pixel_spacing_range_mm
    return [
        f"The pixels are {pixel:.3g} mm wide; the model {spec.name!r} was trained for {low:g} to {high:g} mm."
        for pixel in sorted(set(geometry.pixel_spacing))
        if not low * (1 - _SLACK) <= pixel <= high * (1 + _SLACK)
    ]
