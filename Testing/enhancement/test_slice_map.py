from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from CTEnhanceLib.ct.geometry import slice_positions, thin_positions
from CTEnhanceLib.enhancement.slice_map import context_indices, slice_map, unreached
from CTEnhanceLib.model.prediction import ANY_OFFSET

FIVE = (-2.0, -1.0, 0.0, 1.0, 2.0)


def shares(predictions: list) -> dict[int, list]:
    by_thin = defaultdict(list)
    for prediction in predictions:
        by_thin[prediction.thin].append(prediction)
    return by_thin


@given(count=st.integers(2, 40), interval=st.floats(1.5, 6.0), spacing=st.floats(0.3, 1.4))
@settings(max_examples=80, deadline=None)
def test_a_generator_with_the_true_offset_reaches_every_slice_from_both_sides(
    count: int, interval: float, spacing: float
) -> None:
    thick, thin = slice_positions(count, interval), thin_positions(count, interval, spacing)
    predictions = slice_map(thick, thin, interval, ANY_OFFSET)
    assert unreached(predictions, len(thin)) == []
    for index, several in shares(predictions).items():
        assert sum(p.weight for p in several) == pytest.approx(1)
        for p in several:
            assert thin[index] - thick[p.thick] == pytest.approx(p.offset)
            assert abs(p.offset) < interval
        inside = thick[0] + 1e-5 < thin[index] < thick[-1] - 1e-5
        on_a_centre = np.abs(thin[index] - thick).min() < 1e-5
        if inside and not on_a_centre:
            assert len(several) == 2


def test_the_five_positions_cover_three_to_one_and_overlap_as_in_the_thesis() -> None:
    thick, thin = slice_positions(6, 3.0), thin_positions(6, 3.0, 1.0)
    by_thin = shares(slice_map(thick, thin, 3.0, FIVE))
    assert sorted(by_thin) == list(range(18))
    # the thin slice 1 mm after thick slice 1 is its 1N and the 2P of thick slice 2, nearer counts double
    assert [(p.thick, FIVE[p.channel], round(p.weight, 6)) for p in by_thin[5]] == [
        (1, 1.0, pytest.approx(2 / 3, abs=1e-5)),
        (2, -2.0, pytest.approx(1 / 3, abs=1e-5)),
    ]
    assert [(p.thick, FIVE[p.channel], p.weight) for p in by_thin[4]] == [(1, 0.0, 1.0)]


def test_five_positions_leave_gaps_at_a_broken_interval() -> None:
    thin = thin_positions(20, 3.27, 1.0)
    gaps = unreached(slice_map(slice_positions(20, 3.27), thin, 3.27, FIVE), len(thin))
    assert 0 < len(gaps) < len(thin)


def test_the_thesis_interval_of_0_7_mm_is_covered_within_a_quarter_slice() -> None:
    thick, thin = slice_positions(7, 3.0), thin_positions(7, 3.0, 0.7)
    offsets = tuple(0.7 * n for n in (-2, -1, 0, 1, 2))
    predictions = slice_map(thick, thin, 3.0, offsets)
    for p in predictions:
        assert abs(offsets[p.channel] - p.offset) <= 0.7 / 4 + 1e-6


@given(index=st.integers(0, 9), context=st.sampled_from([1, 3, 5, 7]))
def test_context_is_centred_and_repeats_edge_slices(index: int, context: int) -> None:
    seen = context_indices(index, context, 10)
    assert len(seen) == context
    assert seen[context // 2] == index
    assert seen == [min(max(index + d, 0), 9) for d in range(-(context // 2), context // 2 + 1)]
