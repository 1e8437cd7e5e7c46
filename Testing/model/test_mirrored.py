"""A mirrored model sees the slices once more, in a mirror across the slice axis and x."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib.enhancement.pipeline import enhance
from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.model.folder import load_stack
from stacks import random_stack, random_stack_folder, spec


def thick_slices() -> np.ndarray:
    return np.random.default_rng(0).integers(-200, 1200, (8, 32, 32)).astype(np.int16)


def computed(slices: np.ndarray, stack) -> np.ndarray:
    image = sitk.GetImageFromArray(slices)
    image.SetSpacing((0.8, 0.8, 3.0))
    return sitk.GetArrayFromImage(enhance(image, stack, consistency=False).volume).astype(int)


def test_the_mirror_image_of_a_volume_gives_the_mirror_image_of_the_result(tmp_path):
    stack = random_stack(tmp_path / "mirrored", mirrored=True)
    slices = thick_slices()
    straight, turned = computed(slices, stack), computed(slices[::-1, :, ::-1].copy(), stack)
    assert np.abs(turned[::-1, :, ::-1] - straight).max() <= 1
    plain = random_stack(tmp_path / "plain")
    assert np.abs(computed(slices[::-1, :, ::-1].copy(), plain)[::-1, :, ::-1] - computed(slices, plain)).max() > 1


def test_what_is_mirrored_stands_in_the_model_folder(tmp_path):
    assert load_stack(random_stack_folder(tmp_path / "model", mirrored=True)).spec.mirrored
    assert "mirrored" not in spec().to_json({})


def test_a_generator_of_listed_offsets_cannot_be_mirrored():
    described = json.loads(json.dumps(spec(mirrored=True).to_json({"generator.safetensors": "0" * 64})))
    described["generators"][0]["offsets"] = [0.0]
    with pytest.raises(ModelRefusedError, match="mirrored"):
        type(spec()).from_json(described)
