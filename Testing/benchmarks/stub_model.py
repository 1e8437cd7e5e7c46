"""A model that computes next to nothing: with it the time and memory of everything around the network show."""

from __future__ import annotations

from pathlib import Path

from CTEnhanceLib.model.context_unet import ContextUNet
from CTEnhanceLib.model.folder import save_stack
from CTEnhanceLib.model.spec import GeneratorSpec, ModelSpec

ARGUMENTS = {"context": 5, "width": 8, "depth": 1, "head": 8}


def stub_model(folder: Path) -> Path:
    """Write a model folder whose untrained generator gives the interpolated slices."""
    generator = ContextUNet(**ARGUMENTS)
    spec = ModelSpec(
        name="stub",
        description="computes next to nothing, for benchmarks",
        method="residual",
        base="interpolated",
        context=5,
        generators=(GeneratorSpec("generator.safetensors", "context_unet", ARGUMENTS, "any"),),
        spacing_range_mm=(0.2, 3.0),
        thickness_range_mm=(0.5, 10.0),
        interval_range_mm=(1.0, 10.0),
        pixel_spacing_range_mm=(0.1, 2.0),
        kernels="any",
        slice_profile={"shape": "box", "fwhm_ratio": 1.0},
        crop_margin_px=generator.crop_margin,
    )
    save_stack(folder, spec, [generator], {"MODEL_CARD.md": "# stub\n", "LICENSE": "none\n", "metrics.json": "{}\n"})
    return folder
