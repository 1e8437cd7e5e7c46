"""Pairs made on the fly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from CTEnhanceLib.training.simulation import Simulation, ThinVolume, draw_pair
from training_runs import bony_slices

PLAIN = Simulation(
    patch=16,
    context=3,
    ratio=(3.0, 3.0),
    offsets=(-1.0, 0.0, 1.0),
    axes=(0.0, 0.0, 1.0),
    shapes=(1.0, 0.0, 0.0),
    plain=1.0,
    zoom=(1.0, 1.0),
    soften=(0.0, 0.0),
    sharpen=(0.0, 0.0),
    noise=(0.0, 0.0),
    dry=0.0,
    edge=0.0,
    flips=False,
)
VOLUME = ThinVolume(bony_slices(), (0.7, 0.7, 1.0))
RISING = ThinVolume(np.broadcast_to(np.arange(80, dtype=np.int16)[:, None, None] * 10, (80, 40, 40)), (0.7, 0.7, 1.0))


def draw(volume: ThinVolume, simulation: Simulation, seed: int = 0):
    return draw_pair(volume, simulation, np.random.default_rng(seed))


def test_the_same_random_state_draws_the_same_pair():
    first, again, other = draw(VOLUME, Simulation(), 3), draw(VOLUME, Simulation(), 3), draw(VOLUME, Simulation(), 4)
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    assert not np.array_equal(first.context, other.context)


def test_three_thin_slices_add_up_to_the_thick_one_they_lie_in():
    pair = draw(VOLUME, PLAIN)
    assert np.allclose(pair.target.mean(0), pair.context[1], atol=1e-5)
    assert np.allclose(pair.weight, 1 / 3)
    assert np.allclose(pair.offset, [-1 / 3, 0, 1 / 3])


def test_the_base_is_the_thick_slice_or_the_interpolated_one():
    thick = draw(VOLUME, replace(PLAIN, base="thick"))
    assert np.allclose(thick.base, thick.context[1], atol=1e-6)
    interpolated = draw(RISING, PLAIN)
    assert np.allclose(interpolated.base, interpolated.target, atol=2e-3)


def test_positive_offsets_lie_further_along_the_axis():
    pair = draw(RISING, replace(PLAIN, offsets=()))
    steps = np.diff(pair.target.mean((1, 2)))
    assert (np.diff(pair.offset) > 0).all()
    assert (steps > 0).all()
    assert (np.diff(pair.context.mean((1, 2))) > 0).all()


def test_flipping_the_axis_keeps_brightness_and_offset_together():
    for seed in range(6):
        pair = draw(RISING, replace(PLAIN, offsets=(), flips=True), seed)
        along = np.sign(np.diff(pair.context.mean((1, 2)))[0])
        assert (np.sign(np.diff(pair.target.mean((1, 2)))) == along * np.sign(np.diff(pair.offset))).all()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000), ratio=st.floats(2, 6), context=st.sampled_from([1, 3, 5]), edge=st.sampled_from([0, 1])
)
def test_any_pair_stays_on_the_scale_and_within_one_interval(seed, ratio, context, edge):
    pair = draw(VOLUME, Simulation(patch=16, ratio=(ratio, ratio), context=context, targets=3, edge=float(edge)), seed)
    assert pair.context.shape == (context, 16, 16)
    assert pair.base.shape == pair.target.shape == (3, 16, 16)
    assert all(np.isfinite(array).all() for array in pair)
    assert max(np.abs(array).max() for array in pair[:3]) <= 1
    assert np.abs(pair.offset).max() <= 1 + 1e-6
    assert np.allclose(np.abs(np.diff(pair.offset)), 1 / ratio, atol=1e-5)


def test_offsets_between_thin_slices_are_met_exactly():
    pair = draw(RISING, replace(PLAIN, offsets=(0.5,)))
    middle = (pair.context[1].mean() + 1) * 4095 / 2
    target = (pair.target[0].mean() + 1) * 4095 / 2
    assert target - middle == pytest.approx(5.0, abs=0.2)  # half a slice of 10 HU


def test_at_an_end_of_the_volume_the_edge_slice_is_repeated():
    at_end = [draw(RISING, replace(PLAIN, edge=1.0, context=5, offsets=(0.0,)), seed) for seed in range(12)]
    repeats = [min(np.abs(np.diff(pair.context.mean((1, 2))))) < 1e-6 for pair in at_end]
    assert all(repeats)


def test_noise_in_a_thick_slice_is_that_of_its_thin_slices():
    flat = ThinVolume(np.zeros((60, 64, 64), np.int16), (0.7, 0.7, 1.0))
    pair = draw(flat, replace(PLAIN, patch=64, noise=(30.0, 30.0), grain=(0.6, 0.6)))
    thin, thick = pair.target.std() * 4095 / 2, pair.context[1].std() * 4095 / 2
    assert thin == pytest.approx(30, rel=0.15)
    assert thick == pytest.approx(30 / np.sqrt(3), rel=0.2)
    assert np.allclose(pair.target.mean(0), pair.context[1], atol=1e-5)


def test_a_dry_bone_keeps_its_bone_and_loses_its_soft_tissue():
    wet, dry = draw(VOLUME, PLAIN), draw(VOLUME, replace(PLAIN, dry=1.0))
    hu = [(pair.target + 1) * 4095 / 2 - 1024 for pair in (wet, dry)]
    bone, soft = hu[0] > 800, (hu[0] > 0) & (hu[0] < 80)
    assert np.abs(hu[1] - hu[0])[bone].max() < 100
    assert hu[1][soft].mean() < -600
