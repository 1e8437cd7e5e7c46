from __future__ import annotations

import numpy as np
import pytest

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.evaluation.measures.metrics import compare, ssim_map


def whole(candidate, reference):
    return compare(candidate, reference, {"whole": np.ones(reference.shape, bool)})["whole"]


def test_psnr_and_ssim_are_those_published_for_the_noisy_camera_image():
    """IPOL's imdiff gives 22.40935 dB and 0.357959 (scikit-image pull request 4913); both are free of scale."""
    from skimage import data

    camera = data.camera()
    noise = 20.0 * np.random.RandomState(5).randn(*camera.shape)
    noisy = np.clip(camera + noise, 0, 255).astype(np.uint8)
    in_hu = [image[None] * (4095 / 255) - 1024 for image in (noisy.astype(float), camera.astype(float))]
    figures = whole(*in_hu)
    assert figures.pooled_psnr == pytest.approx(22.409353, abs=1e-4)
    assert figures.mean("ssim") == pytest.approx(0.357959, abs=1e-3)


def test_ssim_is_wangs_formula_with_population_moments():
    """An image as large as the window has one SSIM value, written out here (Wang et al. 2004, equation 13)."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 4095, (2, 11, 11))
    distance = np.arange(11) - 5
    weights = np.exp(-(distance[:, None] ** 2 + distance**2) / (2 * 1.5**2))
    weights /= weights.sum()
    mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
    var_x, var_y = (weights * x**2).sum() - mean_x**2, (weights * y**2).sum() - mean_y**2
    covariance = (weights * x * y).sum() - mean_x * mean_y
    c1, c2 = (0.01 * 4095) ** 2, (0.03 * 4095) ** 2
    ssim = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    ssim /= (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    assert ssim_map(y, x)[0] == pytest.approx(ssim, rel=1e-9)


def test_ssim_is_that_of_scikit_image():
    """Its convention for Wang's paper: Gaussian weights, sigma 1.5, population covariance."""
    from skimage.metrics import structural_similarity

    rng = np.random.default_rng(1)
    reference = rng.uniform(0, 4095, (40, 33))
    candidate = np.clip(reference + rng.normal(0, 200, reference.shape), 0, 4095)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    _, full = structural_similarity(reference, candidate, data_range=4095, full=True, **options)
    mean, inner = ssim_map(candidate, reference)
    assert np.allclose(inner, full[5:-5, 5:-5], atol=1e-12) and mean == pytest.approx(full[5:-5, 5:-5].mean())


def test_an_error_of_41_hu_everywhere_is_40_db():
    reference = np.zeros((2, 16, 16))
    figures = whole(reference + 40.95, reference)
    assert figures.psnr == pytest.approx([40.0, 40.0], abs=1e-3)
    assert figures.pooled_mse == pytest.approx(1e-4, rel=1e-5)


def test_hu_outside_the_12_bit_scale_count_as_its_ends():
    reference = np.full((1, 16, 16), 3071.0)
    assert whole(reference + 500, reference).pooled_mse == 0
    assert whole(np.full((1, 16, 16), -2000.0), np.full((1, 16, 16), -1024.0)).psnr[0] == np.inf


def test_a_region_counts_its_own_voxels_only():
    reference = np.zeros((1, 20, 20))
    candidate = reference.copy()
    candidate[0, 10, 10] = 409.5
    inside = np.zeros(reference.shape, bool)
    inside[0, 10, 8:12] = True
    figures = compare(candidate, reference, {"some": inside, "none": np.zeros_like(inside)})
    assert figures["some"].pooled_mse == pytest.approx(0.01 / 4)
    assert np.isnan(figures["none"].pooled_mse)
    assert np.isnan(figures["none"].mean("psnr"))


def test_pooled_mse_weighs_slices_by_their_voxels():
    reference = np.zeros((2, 16, 16))
    candidate = reference.copy()
    candidate[1] += 40.95
    mask = np.ones(reference.shape, bool)
    mask[1, 8:] = False
    figures = compare(candidate, reference, {"part": mask})["part"]
    assert figures.pooled_mse == pytest.approx(1e-4 / 3, rel=1e-5)


def test_the_ssim_of_the_whole_slice_is_the_mean_of_the_regional_map():
    rng = np.random.default_rng(1)
    reference, candidate = rng.normal(0, 200, (2, 1, 40, 40))
    halves = np.zeros((1, 40, 40), bool)
    halves[:, :20] = True
    figures = compare(candidate, reference, {"whole": np.ones_like(halves), "upper": halves, "lower": ~halves})
    both = (figures["upper"].ssim[0] + figures["lower"].ssim[0]) / 2
    assert figures["whole"].ssim[0] == pytest.approx(both)


def test_a_region_that_touches_only_the_border_of_one_slice_has_the_ssim_of_the_others():
    rng = np.random.default_rng(0)
    reference = rng.normal(0, 300, (3, 32, 32))
    mask = np.zeros(reference.shape, bool)
    mask[:2, 10:20, 10:20] = True
    mask[2, 0, 0] = True
    figures = compare(reference + rng.normal(0, 30, reference.shape), reference, {"bone": mask})["bone"]
    assert figures.mean("ssim") == pytest.approx(figures.ssim[:2].mean())
    assert np.isnan(figures.ssim[2])


def test_slices_smaller_than_the_ssim_window_are_refused():
    with pytest.raises(InputRefusedError, match="10 x 10 pixels"):
        whole(np.zeros((1, 10, 10)), np.zeros((1, 10, 10)))
