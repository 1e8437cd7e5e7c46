"""docs/trust.md shows the figures of the model that ships, and nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from CTEnhanceLib.model.figures import read_metrics
from CTEnhanceLib.model.folder import find_model

TOOL = Path(__file__).resolve().parents[3] / "tools" / "trust_page.py"


@pytest.fixture(scope="module")
def tool():
    described = importlib.util.spec_from_file_location("trust_page", TOOL)
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


def test_the_page_shows_what_the_model_says_of_itself(tool) -> None:
    page = tool.PAGE.read_text(encoding="utf-8")
    assert tool.filled(page, read_metrics(find_model("context"))) == page, "run tools/trust_page.py --write"


def test_a_block_is_replaced_and_the_words_around_it_stay(tool) -> None:
    figures = {
        "rank": 0.5,
        "gradient_rank": 0.4,
        "worst": 0.3,
        "gradient_worst": 0.2,
        "oracle_worst": 0.6,
        "covered": 0.951,
        "covered_apart": 0.938,
    }
    metrics = {"uncertainty": [{"case": "a skull", "detail": 0.1, "bone": figures}]}
    page = "before\n<!-- uncertainty -->\nearlier words\n<!-- end uncertainty -->\nafter\n"
    after = tool.filled(page, metrics)
    assert after.startswith("before\n") and after.endswith("after\n") and "earlier words" not in after
    assert "| a skull | 0.1 | bone | 0.50 (0.40) | 30 % (20, 60) | 95.1 % (93.8 %) |" in after
    with pytest.raises(ValueError, match="no block 'uncertainty'"):
        tool.filled("nothing", metrics)
