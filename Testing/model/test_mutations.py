"""Every mutation of the default's model.json is read or refused in one short sentence (others: `make mutations`)."""

from __future__ import annotations

from pathlib import Path

import CTEnhanceLib
from CTEnhanceLib.errors import ModelRefusedError
from CTEnhanceLib.model.folder import read_description
from model_mutations import mutations

DEFAULT = Path(CTEnhanceLib.__file__).parent.parent / "Resources" / "Models" / "context" / "model.json"


def test_a_mutated_description_is_read_or_refused_in_one_sentence(tmp_path):
    counts = {"read": 0, "refused": 0}
    for what, text in mutations(DEFAULT.read_text(encoding="utf-8")):
        (tmp_path / "model.json").write_text(text, encoding="utf-8")
        try:
            read_description(tmp_path)
            counts["read"] += 1
        except ModelRefusedError as error:
            counts["refused"] += 1
            assert len(str(error)) < 400, what
            assert str(error).isprintable(), what
            assert str(error).endswith("."), what
    assert counts["refused"] > 10 * counts["read"]
