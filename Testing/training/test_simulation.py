"""Pairs made on the fly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from CTEnhanceLib.training.simulation.pairs import draw_pair
from CTEnhanceLib.training.simulation.settings import Simulation
from CTEnhanceLib.training.simulation.volume import ThinVolume
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


def test_dense_bone_becomes_one_even_material_and_soft_tissue_stays():
    steep = np.broadcast_to((np.arange(40, dtype=np.int16) * 200) % 2600, (80, 40, 40))  # all values in any patch
    volume = ThinVolume(steep, (0.7, 0.7, 1.0))
    real, plastic = draw(volume, PLAIN, 1), draw(volume, replace(PLAIN, plastic=1.0), 1)
    hu = [(pair.target + 1) * 4095 / 2 - 1024 for pair in (real, plastic)]
    bone, soft = hu[0] > 1500, hu[0] < 200
    assert soft.any() and hu[0][bone].std() > 200 and hu[1][bone].std() < 5
    assert np.abs(hu[1] - hu[0])[soft].max() < 3


def test_no_two_pairs_share_their_noise():
    flat = ThinVolume(np.zeros((60, 64, 64), np.int16), (0.7, 0.7, 1.0))
    noisy = replace(PLAIN, patch=64, noise=(20.0, 20.0))
    first, second = (draw(flat, noisy, seed).target[0].ravel() for seed in (1, 2))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_the_noise_of_a_sharp_kernel_has_less_of_the_coarse_half():
    flat = ThinVolume(np.zeros((60, 64, 64), np.int16), (0.7, 0.7, 1.0))

    def coarse_share(crispness: float) -> float:
        noisy = replace(PLAIN, patch=64, noise=(30.0, 30.0), grain=(0.6, 0.6), crispness=(crispness, crispness))
        target = draw(flat, noisy).target[1]
        return target.reshape(8, 8, 8, 8).mean((1, 3)).std() / target.std()

    assert coarse_share(0.9) < 0.5 * coarse_share(0.0)


def test_noise_of_overlapping_thin_slices_is_correlated():
    flat = ThinVolume(np.zeros((60, 64, 64), np.int16), (0.7, 0.7, 1.0))
    pair = draw(flat, replace(PLAIN, patch=64, noise=(30.0, 30.0), overlap=(0.5, 0.5)))
    assert np.corrcoef(pair.target[0].ravel(), pair.target[1].ravel())[0, 1] == pytest.approx(0.5, abs=0.08)
    assert pair.target.std() * 4095 / 2 == pytest.approx(30, rel=0.1)


def test_coarse_targets_are_means_of_thin_slices_and_their_thick_slice_is_as_much_wider():
    pair = draw(RISING, replace(PLAIN, coarse=1.0, coarse_by=(2.0, 2.0)))
    steps = np.diff(pair.target.mean((1, 2))) * 4095 / 2
    assert np.allclose(steps, 20, atol=0.5)  # two slices of 10 HU
    assert np.allclose(pair.target.mean(0), pair.context[1], atol=1e-3)
    assert np.allclose(pair.offset, [-1 / 3, 0, 1 / 3])
    assert pair.condition[2] == pytest.approx(3)


def test_an_oblique_slice_axis_sees_a_slope_under_an_angle():
    slope = np.cos(np.radians(20))
    settings = replace(PLAIN, oblique=1.0, oblique_by=0.0)
    assert np.allclose(draw(RISING, settings).target, draw(RISING, PLAIN).target, atol=1e-3)
    long = ThinVolume(np.broadcast_to(np.arange(200, dtype=np.int16)[:, None, None] * 10, (200, 60, 60)), (1, 1, 1))
    turned = [draw(long, replace(PLAIN, oblique=1.0, oblique_by=20.0), seed) for seed in range(8)]
    steps = np.array([np.diff(pair.target.mean((1, 2))).mean() * 4095 / 2 for pair in turned])
    assert (steps < 10.02).all()
    assert (steps > 10 * slope - 0.1).all()
    assert steps.std() > 0.05


def test_a_cut_makes_bone_darker_along_a_plane_or_displaces_it():
    solid = ThinVolume(np.full((60, 48, 48), 900, np.int16), (0.7, 0.7, 0.7))
    hu = [(draw(solid, replace(PLAIN, cut=1.0), seed).target + 1) * 4095 / 2 - 1024 for seed in range(10)]
    dark = [float((image < 600).mean()) for image in hu]
    assert sum(share > 0 for share in dark) >= 4
    assert max(dark) < 0.5
    assert all(image.max() < 901 for image in hu)


def test_metal_is_brighter_than_bone_and_throws_streaks():
    soft = ThinVolume(np.full((60, 48, 48), 40, np.int16), (0.7, 0.7, 0.7))
    hu = [(draw(soft, replace(PLAIN, metal=1.0, patch=48), seed).target + 1) * 4095 / 2 - 1024 for seed in range(6)]
    assert all(image.max() > 2000 for image in hu)
    assert all(np.abs(image[image < 1500] - 40).max() > 30 for image in hu)


def test_cortex_that_faces_the_slice_axis_is_looked_at_when_asked_for():
    slices = np.full((60, 40, 40), 0, np.int16)
    slices[30:] = 900  # one surface, facing the slice axis
    volume = ThinVolume(slices, (1, 1, 1))
    rng = np.random.default_rng(0)
    places = np.array([volume.anchor(0, 1.0, 1.0, rng) for _ in range(20)])
    assert (np.abs(places[:, 0] - 29.5) < 1).all()
