"""Whatever the panel prints can be translated, wherever it is raised."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

PANEL = Path(__file__).resolve().parents[2] / "CTEnhance" / "CTEnhanceLib" / "panel"
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


def test_an_error_is_shown_in_the_users_language_only():
    """Wherever the panel shows the text of an error, it stands in `translated(...)`."""
    for path in PANEL.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        shown = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and not is_named(node, "translated")]
        bare = [node.lineno for node in shown for argument in node.args if ast.unparse(argument) == "str(error)"]
        assert not bare, f"{path.name}, lines {bare}"


def is_named(call: ast.Call, name: str) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == name


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
            "The slices are tilted by 12.5 degrees against the direction in which they are stacked (gantry tilt); give "
            "a series without tilt, or one that the scanner has resampled.",
            "TILTED BY 12.5 DEGREES",
        ),
        ("There is no image C here: choose A to B.", "THERE IS NO IMAGE C HERE"),
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
