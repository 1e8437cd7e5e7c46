"""A model folder that anyone may have written: used, or refused in a short sentence before anything large is built."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import CTEnhanceLib
from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.files.json_schema import check_schema
from CTEnhanceLib.model.folder import load_stack, open_model, read_description
from stacks import random_stack_folder

SCHEMA = json.loads((Path(CTEnhanceLib.__file__).parent / "schemas" / "model.schema.json").read_text())
INSTALLED = Path(CTEnhanceLib.__file__).parent.parent / "Resources" / "Models" / "context" / "model.json"

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(["", "x" * 70000, "../../etc/passwd", "any", "raw", 0, -1, 10**9, 1e300, True]),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner)),
    max_leaves=6,
)


def places(content: Any, path: tuple = ()) -> list[tuple]:
    """Every place in nested JSON."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path] * bool(path) + [place for key, value in items for place in places(value, (*path, key))]


def replaced(content: Any, place: tuple, value: Any, remove: bool) -> Any:
    changed = json.loads(json.dumps(content))
    inside = changed
    for key in place[:-1]:
        inside = inside[key]
    if remove:
        del inside[place[-1]]
    else:
        inside[place[-1]] = value
    return changed


mutations = st.builds(
    lambda place, value, remove: replaced(json.loads(INSTALLED.read_text()), place, value, remove),
    st.sampled_from(places(json.loads(INSTALLED.read_text()))),
    anything,
    st.booleans(),
)


def refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises(ModelRefusedError) as caught:
        call(*arguments)
    return str(caught.value)


@given(mutations)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_model_json_is_read_or_refused_in_a_short_sentence(tmp_path, content):
    (tmp_path / "model.json").write_text(json.dumps(content))
    try:
        read_description(tmp_path)
    except ModelRefusedError as error:
        assert len(str(error)) < 400
        assert str(error).isprintable()


@given(mutations)
@settings(max_examples=150, deadline=None)
def test_the_own_schema_check_answers_as_the_library_does(content):
    try:
        check_schema(content, "model")
        fits = True
    except ValueError:
        fits = False
    assert fits == jsonschema.Draft202012Validator(SCHEMA).is_valid(content)


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_that_are_no_json_are_refused(tmp_path, raw):
    (tmp_path / "model.json").write_bytes(raw)
    refusal(read_description, tmp_path)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"[" * 100_000, "nested deeper"),
        (b'{"a":' * 90_000 + b"1" + b"}" * 90_000, "nested deeper"),
        (b'{"schema_version": ' + b"9" * 100_000 + b"}", "digits"),
        (b'{"schema_version": NaN}', "NaN is no number"),
        (b'{"schema_version": 1e999}', "too large"),
        (b'{"schema_version": 1, "schema_version": 1}', "twice"),
        (b" " * (1 << 20) + b"{}", "larger than 1024 kB"),
        (b'{"name": "' + b"x" * 500_000 + b'"}', "schema version None"),
        (b"\xff\xfe{}", "cannot be read"),
        (b"null", "schema version None"),
    ],
)
def test_hostile_json_is_refused_at_once(tmp_path, raw, words):
    (tmp_path / "model.json").write_bytes(raw)
    assert words in refusal(read_description, tmp_path)


def edit(folder: Path, **changes: Any) -> None:
    content = json.loads((folder / "model.json").read_text())
    content.update(changes)
    (folder / "model.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"context": 3, "width": 256, "depth": 6, "head": 256}, "has the shape"),
        ({"context": 3, "width": 10**9, "depth": 2, "head": 8}, "out of range"),
        ({"context": 3, "width": 8, "depth": 10**9, "head": 8}, "out of range"),
        ({"context": 3, "width": 8, "depth": 2, "head": 8, "levels": 3}, "does not fit"),
        ({"context": 5, "width": 8, "depth": 2, "head": 8}, "sees 5 slices and the stack 3"),
    ],
)
def test_hostile_sizes_are_refused_before_anything_is_built(tmp_path, arguments, words):
    folder = random_stack_folder(tmp_path / "model")
    content = json.loads((folder / "model.json").read_text())
    content["generators"][0]["arguments"] = arguments
    edit(folder, generators=content["generators"])
    assert words in refusal(load_stack, folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_though_their_hash_is_right(tmp_path, value):
    from safetensors.torch import load_file, save_file

    folder = random_stack_folder(tmp_path / "model")
    weights = load_file(folder / "generator.safetensors")
    weights["last.bias"][0] = torch.tensor(value)
    save_file(weights, folder / "generator.safetensors")
    content = json.loads((folder / "model.json").read_text())
    content["sha256"]["generator.safetensors"] = hashlib.sha256(
        (folder / "generator.safetensors").read_bytes()
    ).hexdigest()
    edit(folder, sha256=content["sha256"])
    assert "last.bias holds NaN or infinite weights" in refusal(load_stack, folder)


def test_weights_cut_short_are_refused_though_their_hash_is_right(tmp_path):
    folder = random_stack_folder(tmp_path / "model")
    raw = (folder / "generator.safetensors").read_bytes()[:-100]
    (folder / "generator.safetensors").write_bytes(raw)
    content = json.loads((folder / "model.json").read_text())
    edit(folder, sha256={**content["sha256"], "generator.safetensors": hashlib.sha256(raw).hexdigest()})
    assert "does not fit" in refusal(load_stack, folder)


def test_a_pipe_or_a_device_in_place_of_the_weights_is_not_opened(tmp_path):
    folder = random_stack_folder(tmp_path / "model")
    (folder / "generator.safetensors").unlink()
    os.mkfifo(folder / "generator.safetensors")
    assert "missing" in refusal(open_model, folder)
    (folder / "generator.safetensors").unlink()
    (folder / "generator.safetensors").symlink_to("/dev/zero")
    assert "missing" in refusal(open_model, folder)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "\n" * 10, "../.."])
def test_a_hostile_name_of_a_model_is_refused(name):
    assert "no model" in refusal(open_model, name)
