"""How an uncertainty is judged: by rank, by what its worst voxels hold, and by how often it is kept."""

from __future__ import annotations

import numpy as np
import pytest

from CTEnhanceLib.evaluation.measures.error_bars import error_bar_figures


def test_the_true_scale_of_normal_errors_is_kept_by_95_of_100_and_a_half_of_it_is_not() -> None:
    rng = np.random.default_rng(0)
    scale = rng.uniform(5, 60, (20, 40, 40))
    reference = np.zeros(scale.shape)
    picture = rng.normal(0, 1, scale.shape) * scale
    everything = np.ones(scale.shape, bool)
    right = error_bar_figures(picture, reference, scale, everything)
    small = error_bar_figures(picture, reference, scale / 2, everything)
    assert right.covered == pytest.approx(0.954, abs=0.01)
    assert right.ratio == pytest.approx(1.96, abs=0.05)
    assert small.covered < 0.75
    assert small.rank == right.rank > 0.4


def test_the_error_itself_is_the_oracle() -> None:
    picture = np.random.default_rng(1).normal(0, 30, (12, 20, 20))
    everything = np.ones(picture.shape, bool)
    found = error_bar_figures(picture, np.zeros(picture.shape), np.abs(picture), everything)
    assert found.rank == pytest.approx(1.0)
    assert found.worst == pytest.approx(found.oracle_worst)
    assert error_bar_figures(picture, picture, picture, ~everything) is None
