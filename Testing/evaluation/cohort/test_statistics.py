from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wilcoxon

from CTEnhanceLib.evaluation.cohort.statistics import compare_paired, signed_rank_p


def test_three_patients_cannot_give_less_than_a_quarter_and_it_is_said():
    result = compare_paired(np.array([5.0, 6.0, 7.0]))
    assert result.p == pytest.approx(0.25)
    assert "0.25" in result.note
    assert "cannot reach 0.05" in result.note


def test_six_patients_can():
    result = compare_paired(np.arange(1.0, 7.0))
    assert result.p == pytest.approx(2 / 64)
    assert result.note is None


def test_the_signed_rank_test_is_that_of_scipy():
    differences = np.random.default_rng(0).normal(0.4, 1, 11)
    assert signed_rank_p(differences) == pytest.approx(wilcoxon(differences, method="exact").pvalue)
    many = np.random.default_rng(1).normal(0.4, 1, 30)
    assert signed_rank_p(many) == pytest.approx(wilcoxon(many).pvalue)


def test_ties_are_enumerated_exactly():
    """1, 1, -1 have equal ranks: |sum of signs| >= 1 always, so p is 1."""
    assert signed_rank_p(np.array([1.0, 1.0, -1.0])) == 1
    assert signed_rank_p(np.zeros(4)) is None


def test_the_interval_holds_the_mean_and_is_the_same_again():
    differences = np.random.default_rng(0).normal(1, 0.5, 8)
    first, second = compare_paired(differences), compare_paired(differences)
    assert first.low < first.mean < first.high
    assert (first.low, first.high) == (second.low, second.high)
    assert first.high - first.low == pytest.approx(2 * 1.96 * differences.std() / np.sqrt(8), rel=0.15)


def test_one_patient_has_no_interval():
    result = compare_paired(np.array([2.0]))
    assert result.low is None
    assert "One patient" in result.note
