from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from bone_volumes import bone_slices
from CTEnhanceLib.evaluation.measures.bone_values import bone_values
from CTEnhanceLib.evaluation.measures.edges import edge_width, find_edges
from CTEnhanceLib.evaluation.measures.noise import noise_inconsistency, slice_noise
from CTEnhanceLib.evaluation.measures.regions import region_masks
from CTEnhanceLib.evaluation.measures.spectrum import slice_axis_energy, slice_axis_spectrum


def block(sigma=0.0):
    """A block of cortex across the slice axis, blurred along it."""
    volume = np.zeros((48, 12, 12))
    volume[16:32] = 1000.0
    return ndimage.gaussian_filter1d(volume, sigma, axis=0) if sigma else volume


def test_the_width_of_a_gaussian_edge_is_2_56_sigma():
    """10-90 % of a Gaussian edge is 2 x 1.2816 sigma."""
    reference = block(1.2)
    edges = find_edges(reference, region_masks(reference)["bone"], spacing=0.5, interval=3.0)
    assert len(edges) == 2 * 144
    assert edge_width(reference, edges) == pytest.approx(2 * 1.2816 * 1.2 * 0.5, rel=0.05)


def test_a_step_between_two_slices_is_as_sharp_as_the_grid_allows():
    reference = block()
    edges = find_edges(reference, region_masks(reference)["bone"], spacing=1.0, interval=3.0)
    assert edge_width(reference, edges) == pytest.approx(0.8)


def test_a_blurred_edge_and_a_displaced_edge_are_wide():
    reference = block()
    edges = find_edges(reference, region_masks(reference)["bone"], spacing=1.0, interval=3.0)
    assert edge_width(block(2.0), edges) > 3.5
    lost = np.full_like(reference, 40.0)
    assert edge_width(lost, edges) == pytest.approx(7.0)


def test_without_bone_there_is_no_edge_width():
    reference = np.zeros((30, 12, 12))
    edges = find_edges(reference, np.zeros(reference.shape, bool), 1.0, 3.0)
    assert edge_width(reference, edges) is None


def test_the_reference_has_share_energy_and_coherence_one():
    reference = bone_slices()
    bone = region_masks(reference)["bone"]
    spectrum = slice_axis_spectrum(reference, reference, bone, 1.0, 3.0)
    assert spectrum.high_frequency_share == pytest.approx(1)
    assert spectrum.high_frequency_coherence == pytest.approx(1)
    assert slice_axis_energy(reference, reference, bone) == pytest.approx(1)
    assert [band["coherence"] for band in spectrum.bands()] == pytest.approx([1.0] * 6)


def test_noise_has_high_frequency_share_but_no_coherence():
    reference = bone_slices(noise=0)
    bone = region_masks(reference)["bone"]
    smooth = ndimage.gaussian_filter1d(reference, 2.0, axis=0)
    noisy = smooth + np.random.default_rng(3).normal(0, 200, reference.shape)
    blurred = slice_axis_spectrum(smooth, reference, bone, 1.0, 3.0)
    invented = slice_axis_spectrum(noisy, reference, bone, 1.0, 3.0)
    assert blurred.high_frequency_share < 0.2
    assert invented.high_frequency_share > 0.8
    assert invented.high_frequency_coherence < 0.5 * blurred.high_frequency_coherence
    assert slice_axis_energy(smooth, reference, bone) < 0.6


def test_the_bands_end_at_the_nyquist_frequency_of_the_thin_slices():
    reference = bone_slices()
    spectrum = slice_axis_spectrum(reference, reference, region_masks(reference)["bone"], 1.0, 3.0)
    bands = spectrum.bands()
    assert bands[0]["from"] == 0
    assert bands[1]["to"] == pytest.approx(1 / 6)
    assert bands[-1]["to"] == pytest.approx(0.5)


def test_a_shift_of_bone_hu_is_bias_and_histogram_distance():
    reference = bone_slices()
    bone = region_masks(reference)["bone"]
    values = bone_values(reference - 30, reference, bone)
    assert values.bias == pytest.approx(-30, abs=0.01)
    assert values.wasserstein == pytest.approx(30, abs=0.01)
    assert values.quantile_shifts[0.5] == pytest.approx(-30, abs=0.01)


def test_a_histogram_can_shift_without_a_bias():
    reference = np.array([0.0, 1000.0] * 50).reshape(1, 10, 10)
    flat = np.full_like(reference, 500.0)
    values = bone_values(flat, reference, np.ones(reference.shape, bool))
    assert values.bias == pytest.approx(0)
    assert values.wasserstein == pytest.approx(500)


def test_the_histogram_distance_is_that_of_scipy():
    from scipy.stats import wasserstein_distance

    rng = np.random.default_rng(0)
    ours, truth = rng.normal(400, 50, (1, 20, 20)), rng.gamma(3, 100, (1, 20, 20))
    values = bone_values(ours, truth, np.ones(truth.shape, bool))
    assert values.wasserstein == pytest.approx(wasserstein_distance(ours.ravel(), truth.ravel()))


def test_the_noise_of_a_slice_is_its_standard_deviation_and_no_ramp():
    ramp = np.linspace(0, 500, 60) + np.zeros((4, 60, 1))
    slices = ramp + np.random.default_rng(0).normal(0, 20, (4, 60, 60))
    assert slice_noise(slices, np.ones(slices.shape, bool)) == pytest.approx([20.0] * 4, rel=0.08)


def test_slices_that_alternate_in_noise_are_inconsistent():
    rng = np.random.default_rng(0)
    soft = np.ones((30, 40, 40), bool)
    steady = rng.normal(0, 20, soft.shape)
    beating = steady * np.where(np.arange(30) % 3 == 1, 1.0, 0.5)[:, None, None]
    assert noise_inconsistency(steady, soft) < 0.08
    assert noise_inconsistency(beating, soft) > 0.25
