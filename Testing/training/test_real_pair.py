"""Pairs read from a thick and a thin series of one scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib.ct.interpolation import apply_along_slices
from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix
from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.training.data.real_pair import RealPair
from CTEnhanceLib.training.simulation.settings import Simulation
from training_runs import bony_slices, image_of

SIMULATION = Simulation(patch=16, context=3, targets=3, flips=False)


def series(interval: float = 5.0, profile: SliceProfile | None = None, off: float = 0.0):
    """A thin series, and a thick one whose tissue lies `off` mm from where its geometry says."""
    slices = bony_slices(count=90)
    first = 7.0
    positions = first + np.arange(14) * interval
    matrix = thickening_matrix(positions + off, np.arange(90.0), profile or SliceProfile("triangle", 4.5))
    thick = image_of(apply_along_slices(matrix, slices).astype(np.float32), (0.7, 0.7, interval))
    thick.SetOrigin((0, 0, first))
    return thick, image_of(slices)


def test_the_slice_profile_is_measured():
    measured = RealPair(*series()).measured
    assert measured.profile.fwhm == pytest.approx(4.5, abs=0.35)
    assert measured.shift == pytest.approx(0, abs=0.05)
    assert measured.residual < 2


def test_a_shift_below_one_slice_is_estimated():
    measured = RealPair(*series(off=0.4)).measured
    assert measured.shift == pytest.approx(0.4, abs=0.08)


def test_the_measured_profile_is_what_a_model_folder_stores():
    content = RealPair(*series(profile=SliceProfile("box", 5.0))).measured.as_json()
    assert content["shape"] == "weights"
    assert content["fwhm_mm"] == pytest.approx(5, abs=0.8)
    SliceProfile(content["shape"], content["fwhm_mm"], tuple(content["weights"]), content["step_mm"])


def test_pairs_come_from_the_same_place_in_both_series():
    pair = RealPair(*series()).draw(SIMULATION, np.random.default_rng(0))
    assert pair.context.shape == (3, 16, 16)
    assert np.abs(pair.offset).max() <= 1
    error = np.abs(pair.base - pair.target).mean(), np.abs(pair.base[::-1] - pair.target).mean()
    assert error[0] < error[1]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_series_that_run_the_other_way_give_the_same_pairs(axis):
    thick, thin = series()
    flips = [axis == a for a in range(3)]
    turned = [sitk.Flip(image, flips) for image in (thick, thin)]
    settings = replace(SIMULATION, bone=1.0)
    measured = RealPair(*turned).measured
    assert measured.profile.fwhm == pytest.approx(4.5, abs=0.35)
    pair = RealPair(*turned).draw(settings, np.random.default_rng(1))
    assert np.abs(pair.base - pair.target).mean() < 0.2


def test_a_pair_outlives_the_images_it_was_made_from():
    thick, thin = series()
    pair = RealPair(thick, thin)
    assert not np.shares_memory(pair.thick, sitk.GetArrayViewFromImage(thick))
    assert not np.shares_memory(pair.thin, sitk.GetArrayViewFromImage(thin))


def test_series_of_different_scans_are_refused():
    thick, thin = series()
    with pytest.raises(InputRefusedError, match="in-plane"):
        RealPair(thick[:40], thin)
    thin.SetOrigin((5.0, 0, 0))
    with pytest.raises(InputRefusedError, match="in-plane"):
        RealPair(thick, thin)
