from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from CTEnhanceLib.evaluation.measures.gaps import find_gaps, gap_figures
from CTEnhanceLib.evaluation.measures.regions import region_masks


def cleft(width=2):
    """Bone with a dark layer of some slices in its middle."""
    volume = np.full((40, 12, 12), 1000.0)
    volume[20 : 20 + width] = 0.0
    return volume


def gaps_of(volume, interval=3.0):
    return find_gaps(volume, region_masks(volume)["bone"], spacing=1.0, interval=interval)


def test_a_cleft_keeps_contrast_one_and_its_width_in_the_reference():
    reference = cleft()
    figures = gap_figures(reference, gaps_of(reference))
    assert figures.contrast == pytest.approx(1)
    assert figures.width == pytest.approx(2)


def test_a_filled_cleft_has_no_contrast_and_no_width():
    reference = cleft()
    figures = gap_figures(np.full_like(reference, 1000.0), gaps_of(reference))
    assert figures.contrast == pytest.approx(0)
    assert figures.width == 0


def test_averaging_over_three_slices_leaves_a_third_of_the_contrast_of_a_two_slice_cleft():
    """The cleft rises from 0 to 333 HU and its walls fall from 1000 to 667 HU."""
    reference = cleft()
    figures = gap_figures(ndimage.uniform_filter1d(reference, 3, axis=0), gaps_of(reference))
    assert figures.contrast == pytest.approx(1 / 3)
    assert figures.width == pytest.approx(2)


def test_a_cleft_that_moved_by_its_width_has_lost_its_contrast():
    reference = cleft()
    assert gap_figures(np.roll(reference, 2, axis=0), gaps_of(reference)).contrast < 0.1


@pytest.mark.parametrize("width", [7, 12])
def test_a_wide_cavity_is_no_gap(width):
    reference = cleft(width)
    assert gap_figures(reference, gaps_of(reference)) is None


def test_noise_in_bone_is_no_gap():
    noisy = 1000 + np.random.default_rng(0).normal(0, 30, (40, 12, 12))
    assert len(gaps_of(noisy)) == 0
