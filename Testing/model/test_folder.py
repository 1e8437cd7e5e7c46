from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import torch

import CTEnhanceLib
from CTEnhanceLib.errors import ModelRefusedError, OutputError
from CTEnhanceLib.model.folder import installed_models, load_stack, open_model, save_stack
from CTEnhanceLib.model.stack import build_generator
from stacks import random_stack_folder, spec


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return random_stack_folder(tmp_path / "model")


def edit(folder: Path, **changes: object) -> None:
    content = json.loads((folder / "model.json").read_text())
    content.update(changes)
    (folder / "model.json").write_text(json.dumps(content))


def test_a_stack_comes_back_with_its_weights_in_half_precision(folder: Path) -> None:
    stack = load_stack(folder)
    torch.manual_seed(0)
    twin = build_generator(spec().generators[0])
    for parameter in twin.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    for loaded, original in zip(stack.modules[0].state_dict().values(), twin.state_dict().values()):
        assert loaded.dtype == torch.float32
        assert torch.equal(loaded, original.half().float())
    assert not stack.modules[0].training


def test_model_json_fits_its_schema(folder: Path) -> None:
    schema = json.loads((Path(CTEnhanceLib.__file__).parent / "schemas" / "model.schema.json").read_text())
    content = json.loads((folder / "model.json").read_text())
    jsonschema.validate(content, schema)
    assert set(content["sha256"]) == {"generator.safetensors", "MODEL_CARD.md", "LICENSE", "metrics.json"}


@pytest.mark.parametrize("file", ["generator.safetensors", "MODEL_CARD.md"])
def test_a_changed_file_is_refused(folder: Path, file: str) -> None:
    changed = bytearray((folder / file).read_bytes())
    changed[-1] ^= 1
    (folder / file).write_bytes(changed)
    with pytest.raises(ModelRefusedError, match="sha256 differs"):
        load_stack(folder)


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / "generator.safetensors").unlink()
    with pytest.raises(ModelRefusedError, match="missing"):
        load_stack(folder)


def test_weights_without_a_hash_are_refused(folder: Path) -> None:
    edit(folder, sha256={})
    with pytest.raises(ModelRefusedError, match="no sha256"):
        load_stack(folder)


def test_a_hash_may_not_name_a_file_outside_the_folder(folder: Path) -> None:
    (folder.parent / "secret").write_text("x")
    content = json.loads((folder / "model.json").read_text())
    edit(folder, sha256={**content["sha256"], "../secret": "0" * 64})
    with pytest.raises(ModelRefusedError):
        open_model(folder)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema_version": 99}, "schema version 99"),
        ({"method": "magic"}, "magic"),
        ({"method": "raw"}, "base"),
        ({"context": 4}, "context must be one of"),
        ({"generators": []}, "generators is too short"),
        ({"interval_range_mm": 3}, "must be array"),
        ({"intensity": {"hu_min": 0, "stored_max": 255}}, "intensity"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused_with_what_was_met(
    folder: Path, changes: dict, words: str
) -> None:
    edit(folder, **changes)
    with pytest.raises(ModelRefusedError, match=words):
        open_model(folder)


def test_weights_that_do_not_fit_the_description_are_refused(folder: Path) -> None:
    content = json.loads((folder / "model.json").read_text())
    content["generators"][0]["arguments"]["width"] = 12
    edit(folder, generators=content["generators"])
    with pytest.raises(ModelRefusedError, match="does not fit"):
        load_stack(folder)


def test_an_unknown_model_is_refused_with_the_names_of_those_installed() -> None:
    with pytest.raises(ModelRefusedError, match="installed are"):
        load_stack("no-such-model")


def test_a_model_folder_replaces_only_a_model_folder(folder: Path, tmp_path: Path) -> None:
    random_stack_folder(folder)
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "thesis.txt").write_text("precious")
    with pytest.raises(OutputError, match="holds no model"):
        save_stack(documents, spec(), [build_generator(spec().generators[0])], {})
    assert (documents / "thesis.txt").read_text() == "precious"


def test_every_installed_model_fits_the_schema_and_loads() -> None:
    schema = json.loads((Path(CTEnhanceLib.__file__).parent / "schemas" / "model.schema.json").read_text())
    names = installed_models()
    assert names[0] == "context"
    for name in names:
        model = open_model(name)
        jsonschema.validate(json.loads((model.path / "model.json").read_text()), schema)
        assert "not for diagnosis" in model.card
        assert len(load_stack(name).modules) == len(model.spec.generators)
