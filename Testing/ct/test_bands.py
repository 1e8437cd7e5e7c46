from __future__ import annotations

import numpy as np
import pytest

from CTEnhanceLib.ct.bands import Bands, Held, Waiting
from CTEnhanceLib.ct.consistency import STEPS, correction_bands, covering_bands
from CTEnhanceLib.ct.geometry import slice_positions, thin_positions
from CTEnhanceLib.ct.interpolation import interpolation_bands
from CTEnhanceLib.ct.profile import SliceProfile, thickening_bands

RNG = np.random.default_rng(0)


def test_a_slice_made_of_others_is_their_weighted_sum() -> None:
    bands = Bands.of([0, 1], [np.array([0.5, 0.5]), np.array([0.25, 0.0, 0.75])], 4)
    slices = RNG.integers(-1000, 3000, (4, 150, 130)).astype(np.int16)
    for row in range(2):
        made = bands.combine(row, slices.__getitem__)
        assert made.dtype == np.float32
        assert np.allclose(made, np.tensordot(bands.dense()[row], slices, 1), atol=1e-3)


def test_weights_that_do_not_matter_are_dropped_at_both_ends_only() -> None:
    bands = Bands.of([3], [np.array([1e-9, 0.5, 0.0, 0.5, 1e-9])], 9)
    assert list(bands.inputs(0)) == [4, 5, 6]


@pytest.mark.parametrize(
    "profile", [SliceProfile("box", 3.0), SliceProfile("triangle", 2.7), SliceProfile("gaussian", 3)]
)
@pytest.mark.parametrize(("interval", "spacing"), [(3.0, 1.0), (3.27, 0.7), (5.0, 1.0)])
def test_all_steps_of_the_back_projection_are_one_short_matrix(
    profile: SliceProfile, interval: float, spacing: float
) -> None:
    """Also where the volume is longer than the blocks it is worked out in."""
    count = 150
    thick, thin = slice_positions(count, interval), thin_positions(count, interval, spacing)
    thickening, covering = thickening_bands(thick, thin, profile), covering_bands(thick, thin)
    remaining = np.eye(count) - thickening.dense() @ covering.dense()
    expected = sum(np.linalg.matrix_power(remaining, step) for step in range(STEPS))
    correction = correction_bands(thickening, covering)
    assert np.allclose(correction.dense(), expected, atol=1e-5)
    assert max(len(row) for row in correction.weights) < 60


def test_the_rows_of_a_long_volume_are_no_longer_than_those_of_a_short_one() -> None:
    for count in (40, 400):
        bands = interpolation_bands(slice_positions(count, 3.0), thin_positions(count, 3.0, 1.0))
        assert max(len(row) for row in bands.weights) <= 34
        assert np.allclose([row.sum() for row in bands.weights], 1)


def test_rows_are_ready_when_their_columns_are_there_in_any_order() -> None:
    bands = Bands.of([0, 0, 2], [np.ones(2), np.ones(3), np.ones(2)], 5)
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1]):
        waiting, there, made = Waiting(bands), set(), []
        for column in order:
            there.add(column)
            for row in waiting.arrived(column):
                assert set(bands.inputs(row)) <= there
                made.append(row)
        assert sorted(made) == [0, 1, 2]
    assert Waiting(bands).uses == [2, 2, 2, 1, 0]


def test_a_slice_is_held_until_its_last_use() -> None:
    held, one = Held(), np.zeros((2, 2))
    held.keep(7, one, 2)
    held.keep(8, one, 0)
    assert 7 in held
    assert 8 not in held
    held.used([7])
    assert held[7] is one
    held.used([7])
    assert len(held) == 0
