"""A model that computes next to nothing: with it the time and memory of everything around the network show."""

from __future__ import annotations

import sys
from pathlib import Path

from CTEnhanceLib.model.context_unet import ContextUNet
from CTEnhanceLib.model.folder import save_stack
from CTEnhanceLib.model.spec import GeneratorSpec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import stacks

ARGUMENTS = {"context": 5, "width": 8, "depth": 1, "head": 8}


def stub_model(folder: Path) -> Path:
    """Write a model folder whose untrained generator gives the interpolated slices."""
    generator = ContextUNet(**ARGUMENTS)
    spec = stacks.spec(
        name="stub",
        description="computes next to nothing, for benchmarks",
        context=5,
        generators=(GeneratorSpec("generator.safetensors", "context_unet", ARGUMENTS, "any"),),
        crop_margin_px=generator.crop_margin,
    )
    save_stack(folder, spec, [generator], {"MODEL_CARD.md": "# stub\n", "LICENSE": "none\n", "metrics.json": "{}\n"})
    return folder
