"""The schema of model.json and what the program makes of it say the same."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import jsonschema
import pytest

import CTEnhanceLib
from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.model.folder import models_directory
from CTEnhanceLib.model.spec import SCHEMA_VERSION, ModelSpec
from stacks import spec

SCHEMA = json.loads((Path(CTEnhanceLib.__file__).parent / "schemas" / "model.schema.json").read_text(encoding="utf-8"))
CONTENT = json.loads(json.dumps(spec().to_json({"generator.safetensors": "0" * 64})))
REFUSED = {
    "another version": {"schema_version": SCHEMA_VERSION + 1},
    "an even context": {"context": 2},
    "an unknown method": {"method": "magic"},
    "an unknown base": {"base": "thin"},
    "no generator": {"generators": []},
    "another scale": {"intensity": {"hu_min": -1000, "stored_max": 4095}},
    "another normalisation": {"normalisation": {"input": [0, 1], "output": [-1, 1]}},
}


def test_the_schema_knows_every_field_that_is_written_and_no_other() -> None:
    jsonschema.validate(CONTENT, SCHEMA)
    written = set(ModelSpec.__dataclass_fields__) | {"schema_version", "offsets_mm", "sha256"}
    assert set(SCHEMA["properties"]) == written
    assert set(SCHEMA["required"]) <= set(CONTENT)


@pytest.mark.parametrize("case", REFUSED)
def test_what_one_refuses_the_other_refuses(case: str) -> None:
    content = {**copy.deepcopy(CONTENT), **REFUSED[case]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, SCHEMA)
    with pytest.raises(ModelRefusedError):
        ModelSpec.from_json(content)


@pytest.mark.parametrize("folder", sorted(models_directory().iterdir()), ids=lambda folder: folder.name)
def test_an_installed_model_fits_both(folder: Path) -> None:
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    jsonschema.validate(content, SCHEMA)
    ModelSpec.from_json(content)
