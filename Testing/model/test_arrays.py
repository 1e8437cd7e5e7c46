"""torch built for NumPy 1 beside NumPy 2, as on every Mac with a stable Slicer: three calls raise there."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

import stacks
from CTEnhanceLib import enhance
from CTEnhanceLib.model.arrays import array_of, has_numpy_bridge, tensor_of

LIBRARY = Path(__file__).resolve().parents[2] / "CTEnhance" / "CTEnhanceLib"
BORDER = LIBRARY / "model" / "arrays.py"


def no_bridge(*_arguments, **_options):
    raise RuntimeError("Numpy is not available")


@pytest.fixture
def without_bridge(monkeypatch):
    monkeypatch.setattr(torch, "from_numpy", no_bridge)
    monkeypatch.setattr(torch.Tensor, "numpy", no_bridge)
    monkeypatch.setattr(torch.Tensor, "__array__", no_bridge)


def thick_image():
    rng = np.random.default_rng(3)
    values = rng.normal(0, 300, (9, 40, 36))
    values[:, 10:30, 10:26] += 900
    values[:, :4] = -1000
    image = sitk.GetImageFromArray(values.astype(np.int16))
    image.SetSpacing((0.7, 0.7, 3.0))
    return image


def test_the_same_voxels_are_computed_without_the_bridge(request):
    image, stack = thick_image(), stacks.offset_stack(0.2)
    expected = sitk.GetArrayFromImage(enhance(image, stack).volume)
    request.getfixturevalue("without_bridge")
    assert not has_numpy_bridge()
    assert np.array_equal(sitk.GetArrayFromImage(enhance(image, stack).volume), expected)


@pytest.mark.parametrize("kind", ["float32", "int16", "bool", "uint8", "int64"])
def test_arrays_come_back_as_they_were(without_bridge, kind):
    array = np.arange(24).reshape(2, 3, 4).astype(kind)[:, ::-1]
    tensor = tensor_of(array)
    assert tensor.shape == array.shape
    back = array_of(tensor)
    assert back.dtype == array.dtype and np.array_equal(back, array) and back.flags.writeable


def test_empty_and_read_only_arrays_will_do(without_bridge):
    assert tensor_of(np.empty((0, 4), np.float32)).shape == (0, 4)
    fixed = np.ones(3, np.float32)
    fixed.flags.writeable = False
    assert array_of(tensor_of(fixed)).tolist() == [1, 1, 1]


@pytest.mark.parametrize("room", ["model", "enhancement", "training", "evaluation", "commands"])
def test_arrays_and_tensors_meet_in_one_place(room):
    """Training crosses the border, too: nothing else may make the calls that raise."""
    for path in sorted((LIBRARY / room).rglob("*.py")):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        names = {call.attr for call in calls if isinstance(call, ast.Attribute)}
        assert path == BORDER or not names & {"from_numpy", "numpy"}, path
