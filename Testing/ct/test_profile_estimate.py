from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter

from CTEnhanceLib.ct.profile import SliceProfile, profile_of_deviation, standard_deviation, thickening_matrix
from CTEnhanceLib.ct.profile_estimate import WIDER, estimate_profile

PIXEL = (0.5, 0.5)


def bones(seed: int = 0, count: int = 72, size: int = 112) -> np.ndarray:
    """Hollow ellipsoids of bone in soft tissue, 1 mm slices of 0.5 mm pixels, HU."""
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[:count, :size, :size].astype(np.float32)
    volume = np.full(z.shape, 40.0, np.float32)
    for _ in range(9):
        centre = rng.uniform(0.1, 0.9, 3) * (count, size / 2, size / 2)
        axes = rng.uniform(5, 12, 3)
        radius = np.sqrt(
            ((z - centre[0]) / axes[0]) ** 2
            + ((y / 2 - centre[1]) / axes[1]) ** 2
            + ((x / 2 - centre[2]) / axes[2]) ** 2
        )
        volume[radius < 1] = 300.0
        volume[(radius < 1) & (radius > 1 - 2.5 / axes.mean())] = 1200.0
    volume = gaussian_filter(volume, (0.5, 1.0, 1.0))
    return volume + rng.normal(0, 10, volume.shape).astype(np.float32)


@pytest.fixture(scope="module")
def thin() -> np.ndarray:
    return bones()


def thickened(thin: np.ndarray, profile: SliceProfile, interval: float = 3.0) -> np.ndarray:
    positions = np.arange(interval, len(thin) - interval, interval)
    return np.tensordot(thickening_matrix(positions, np.arange(float(len(thin))), profile), thin, axes=1)


def test_wider_profiles_give_wider_estimates(thin: np.ndarray) -> None:
    found = [estimate_profile(thickened(thin, SliceProfile("triangle", w)), 3.0, PIXEL) for w in (2.0, 3.0, 4.5)]
    widths = [estimate.deviation for estimate in found if estimate is not None]
    assert len(widths) == 3
    assert widths == sorted(widths)
    assert widths[2] > 1.3 * widths[0]


@pytest.mark.parametrize("shape", ["box", "triangle", "gaussian"])
def test_the_width_is_told_whatever_the_shape(thin: np.ndarray, shape: str) -> None:
    found = estimate_profile(thickened(thin, profile_of_deviation(shape, 1.2)), 3.0, PIXEL)
    assert found is not None
    assert found.deviation == pytest.approx(1.2, rel=0.3)
    assert standard_deviation(found.profile) == pytest.approx(WIDER * found.deviation)
    assert standard_deviation(found.of_shape(shape)) == pytest.approx(found.deviation)


def test_the_answer_depends_on_the_arguments_only(thin: np.ndarray) -> None:
    slices = thickened(thin, SliceProfile("box", 3.0))
    np.random.seed(1)
    first = estimate_profile(slices, 3.0, PIXEL)
    np.random.seed(2)
    assert estimate_profile(slices, 3.0, PIXEL) == first


def test_without_edges_of_bone_nothing_is_said() -> None:
    soft = np.random.default_rng(0).normal(40, 10, (20, 96, 96))
    assert estimate_profile(soft, 3.0, PIXEL) is None
    assert estimate_profile(soft[:4], 3.0, PIXEL) is None


def test_the_scanners_own_thick_series_is_told_from_itself(data_dir: Path) -> None:
    image = sitk.ReadImage(str(data_dir / "validation" / "phil_head_5mm_UB.nrrd"))
    found = estimate_profile(sitk.GetArrayFromImage(image), 5.0, image.GetSpacing()[1::-1])
    assert found is not None
    assert found.deviation == pytest.approx(standard_deviation(SliceProfile("triangle", 4.5)), rel=0.2)


def test_the_estimate_does_not_depend_on_which_places_are_drawn() -> None:
    slices = thickened(bones(count=150, size=224), SliceProfile("triangle", 3.0))
    turned = (slices, slices[:, ::-1], slices[:, :, ::-1], slices[:, ::-1, ::-1], slices[::-1], slices[::-1, ::-1])
    found = [estimate_profile(np.ascontiguousarray(one), 3.0, PIXEL) for one in turned]
    widths = [estimate.deviation for estimate in found if estimate is not None]
    assert len(widths) == len(turned)
    assert max(widths) / min(widths) < 1.02
