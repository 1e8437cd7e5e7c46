from __future__ import annotations

import json
from pathlib import Path

import pytest

import CTEnhanceLib
from CTEnhanceLib.evaluation import catalogue
from CTEnhanceLib.evaluation.catalogue import BIAS, ENERGY, FIDELITY, MARKED, MSE, PSNR, SSIM, Figure, directions

FIGURES = [value for value in vars(catalogue).values() if isinstance(value, Figure)]
SCHEMAS = Path(CTEnhanceLib.__file__).parent / "schemas"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "evaluation.md"


def test_every_figure_has_a_name_and_a_key_of_its_own():
    assert len({figure.name for figure in FIGURES}) == len({figure.key for figure in FIGURES}) == len(FIGURES)


def test_a_value_is_written_with_the_digits_sign_and_dash_of_its_figure():
    assert (PSNR.text(31.276), MSE.text(0.000123456), SSIM.text(0.98765)) == ("31.28", "0.0001235", "0.9877")
    assert (BIAS.text(2.04), BIAS.text(-2.06), MARKED.text(0.0312)) == ("+2.0", "-2.1", "3.1%")
    assert PSNR.text(None) == PSNR.text(float("nan")) == "-"
    assert PSNR.text(31.276, digits=5) == "31.27600"


@pytest.mark.parametrize(
    ("figure", "values", "best"),
    [
        (PSNR, (30.0, 31.0), 31.0),
        (MSE, (0.002, 0.001), 0.001),
        (BIAS, (-5.0, 4.0), 4.0),
        (ENERGY, (0.8, 1.1, 1.4), 1.1),
    ],
)
def test_the_best_value_is_the_one_in_the_direction_of_the_figure(figure, values, best):
    assert figure.best(values) == best


def test_the_best_edge_width_is_the_one_nearest_to_that_of_the_reference():
    assert catalogue.EDGE_WIDTH.best((0.9, 1.4, 2.0), reference=1.5) == 1.4


def test_a_line_below_a_table_says_which_values_are_better():
    assert directions((PSNR, SSIM, ENERGY)) == "Higher is better: PSNR, SSIM. Best near 1: energy."


def test_the_schema_of_the_tables_knows_the_keys():
    schema = json.loads((SCHEMAS / "tables.schema.json").read_text())
    text = json.dumps(schema)
    required = ("edge_mm", "energy", "hf_share", "hf_coherence", "bias_hu", "consistency_hu")
    assert {figure.key for figure in FIDELITY} >= set(required)
    assert all(f'"{key}"' in text for key in required)


def test_the_page_on_evaluation_lists_every_figure_as_the_catalogue_says():
    page = PAGE.read_text(encoding="utf-8")
    for figure in FIGURES:
        assert f"| {figure.heading} | {figure.name} | {figure.unit or '-'} | {figure.better.value} |" in page
