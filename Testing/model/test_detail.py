from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest
import torch

import CTEnhanceLib
from CTEnhanceLib.errors import ModelRefusedError, UsageError
from CTEnhanceLib.model.folder import load_stack, open_model
from CTEnhanceLib.model.spec import ModelSpec
from CTEnhanceLib.model.stack import Stack
from stacks import random_stack, random_stack_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return random_stack_folder(tmp_path / "model", default_detail=0.25)


def weights(stack: Stack) -> torch.Tensor:
    return torch.cat([value.flatten() for value in stack.modules[0].state_dict().values()])


def test_a_model_of_two_ends_fits_the_schema_and_hashes_both(folder: Path) -> None:
    schema = json.loads((Path(CTEnhanceLib.__file__).parent / "schemas" / "model.schema.json").read_text())
    content = json.loads((folder / "model.json").read_text())
    jsonschema.validate(content, schema)
    assert {"generator.safetensors", "generator_crisp.safetensors"} <= set(content["sha256"])
    assert open_model(folder).spec.default_detail == 0.25


def test_a_changed_crisp_end_is_refused(folder: Path) -> None:
    (folder / "generator_crisp.safetensors").write_bytes((folder / "generator.safetensors").read_bytes())
    with pytest.raises(ModelRefusedError, match=r"generator_crisp.safetensors of .* \(sha256 differs\)"):
        load_stack(folder)


def test_detail_mixes_the_weights_in_a_straight_line(folder: Path) -> None:
    stack = load_stack(folder)
    assert stack.detail == 0.25
    default = weights(stack)
    stack.set_detail(0)
    accurate = weights(stack)
    stack.set_detail(1)
    crisp = weights(stack)
    assert (accurate - crisp).abs().max() > 0.01
    torch.testing.assert_close(default, 0.75 * accurate + 0.25 * crisp)
    stack.set_detail(None)
    assert torch.equal(weights(stack), default)


def test_both_ends_are_the_stored_ones_to_the_bit(folder: Path, tmp_path: Path) -> None:
    stack = load_stack(folder)
    other = random_stack(tmp_path / "accurate")
    stack.set_detail(1)
    stack.set_detail(0)
    assert torch.equal(weights(stack), weights(other))


def test_detail_is_refused_where_there_is_one_set_of_weights(tmp_path: Path) -> None:
    stack = random_stack(tmp_path / "model")
    stack.set_detail(None)
    assert stack.detail is None
    with pytest.raises(ModelRefusedError, match="one set of weights"):
        stack.set_detail(0.5)


@pytest.mark.parametrize("detail", [-0.1, 1.5, float("nan")])
def test_detail_lies_between_0_and_1(folder: Path, detail: float) -> None:
    with pytest.raises(UsageError, match="between 0"):
        load_stack(folder).set_detail(detail)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"default_detail": 2.0}, "default_detail"), ({"default_detail": None}, "crisp_file")],
)
def test_a_description_of_half_a_pair_of_ends_is_refused(folder: Path, change: dict, words: str) -> None:
    spec = dataclasses.replace(open_model(folder).spec, **change)
    with pytest.raises(ModelRefusedError, match=words):
        ModelSpec.from_json(json.loads(json.dumps(spec.to_json(dict.fromkeys(spec.files, "0" * 64)))))
