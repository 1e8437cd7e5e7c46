from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.errors import InputRefusedError, UsageError


@pytest.fixture
def thin() -> sitk.Image:
    rng = np.random.default_rng(0)
    image = sitk.GetImageFromArray(rng.integers(-1000, 2000, (20, 6, 5)).astype(np.int16))
    image.SetSpacing([0.5, 0.5, 1.0])
    image.SetOrigin([1, 2, 3])
    return image


def test_a_box_gives_the_mean_of_three_slices_at_the_middle_one(thin: sitk.Image) -> None:
    thick = thicken(thin, 3.0)
    values = sitk.GetArrayFromImage(thin)[:18].reshape(6, 3, 6, 5).mean(axis=1)
    assert np.array_equal(sitk.GetArrayFromImage(thick), np.rint(values).astype(np.int16))
    assert thick.GetOrigin() == (1, 2, 4)
    assert thick.GetSpacing() == (0.5, 0.5, 3.0)


def test_a_smaller_interval_makes_overlapping_slices(thin: sitk.Image) -> None:
    thick = thicken(thin, 3.0, interval=2.0)
    assert thick.GetSize()[2] == 10
    assert thick.GetSpacing()[2] == 2.0


def test_the_profile_matters(thin: sitk.Image) -> None:
    box, triangle = thicken(thin, 3.0), thicken(thin, 3.0, profile=SliceProfile("triangle", 3.0))
    assert box.GetSize() == triangle.GetSize()
    assert not np.array_equal(sitk.GetArrayFromImage(box), sitk.GetArrayFromImage(triangle))


def test_slices_that_are_already_thicker_are_refused(thin: sitk.Image) -> None:
    with pytest.raises(InputRefusedError, match=r"1 mm apart.*0\.5 mm"):
        thicken(thin, 0.5)
    with pytest.raises(InputRefusedError, match="longer volume"):
        thicken(thin, 15.0)
    with pytest.raises(UsageError, match="-3"):
        thicken(thin, -3.0)
