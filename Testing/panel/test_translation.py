"""Whatever the panel prints can be translated, wherever it is raised."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "collect_sentences.py"


def shout(text: str) -> str:
    """A language that differs from English in its letters only; fields stay."""
    return text.upper()


@pytest.fixture
def translated(host):
    from CTEnhanceLib.panel.translation import translated

    return translated


def test_the_collected_sentences_are_those_of_the_source():
    described = importlib.util.spec_from_file_location("collect_sentences", TOOL)
    tool = importlib.util.module_from_spec(described)
    described.loader.exec_module(tool)
    assert tool.TARGET.read_text(encoding="utf-8") == tool.written(), f"run python tools/{TOOL.name} --write"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("There are only 5 slices; the outer ones are computed with less to go by.", "ONLY 5 SLICES"),
        (
            "The slices are already thin: they lie 1.2 mm apart and 1 mm was asked for; choose the thick series, or "
            "ask for thinner slices.",
            "THEY LIE 1.2 MM APART AND 1 MM WAS ASKED FOR",
        ),
        (
            "The slices are 1.9 mm apart. The model 'context' works at 2 to 5 mm; choose another model or check the "
            "volume's spacing.",
            "THE MODEL 'context' WORKS AT 2 to 5 mm",
        ),
    ],
)
def test_a_sentence_is_known_again_with_its_values(translated, sentence, expected):
    assert expected in translated(sentence, shout)
    assert translated(sentence, lambda text: text) == sentence


def test_a_sentence_that_is_not_known_stays_as_it_is(translated):
    assert translated("Something that nobody wrote {0}.", shout) == "Something that nobody wrote {0}."
