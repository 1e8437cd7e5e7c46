from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from bone_volumes import as_image
from CTEnhanceLib.ct.placement import at_positions, common_positions, place
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.errors import InputRefusedError


def ramp(count=30, spacing=1.0):
    """A volume whose HU tell where its slices lie."""
    slices = np.zeros((count, 4, 5)) + (np.arange(count) * 10.0)[:, None, None]
    slices[:, 0, 1] += 3
    return as_image(slices, spacing=spacing, pixel=0.5)


def test_slices_are_matched_by_where_they_lie_not_by_index():
    image = ramp()
    thick = thicken(image, 3.0)
    part = place(image[:, :, 5:20], thick, "part")
    np.testing.assert_allclose(part.positions, np.arange(5, 20) - 1.0)
    slices, note = at_positions(part, np.array([6.0, 7.0]), "part")
    assert slices[:, 2, 2].tolist() == [70, 80]
    assert note is None


@settings(max_examples=25, deadline=None)
@given(
    st.permutations([0, 1, 2]),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_any_order_and_direction_of_the_index_axes_gives_the_same_slices(order, flips):
    image = ramp()
    thick = thicken(image, 3.0)
    turned = sitk.Flip(sitk.PermuteAxes(image, order), flips)
    ours, plain = place(turned, thick, "turned"), place(image, thick, "plain")
    np.testing.assert_array_equal(ours.slices, plain.slices)
    np.testing.assert_allclose(ours.positions, plain.positions, atol=1e-9)


def test_a_thin_volume_with_wide_pixels_is_read_along_the_thick_axis():
    image = as_image(np.arange(12 * 4 * 5).reshape(12, 4, 5), spacing=0.5, pixel=0.9)
    thick = sitk.Resample(image, (5, 4, 2), sitk.Transform(), sitk.sitkLinear, (3, -7, 12.25), (0.9, 0.9, 3.0))
    assert place(image, thick, "thin").slices.shape == (12, 4, 5)


def test_the_common_slices_are_those_of_the_reference_inside_every_volume():
    image = ramp(32)
    thick = thicken(image, 3.0)
    placed = {"thick": place(thick, thick, "thick"), "part": place(image[:, :, 2:25], thick, "part")}
    common = common_positions(place(image, thick, "reference"), placed)
    np.testing.assert_allclose(common, np.arange(1, 24))


def test_a_candidate_between_the_reference_slices_is_interpolated_and_it_is_said():
    image = ramp()
    thick = thicken(image, 3.0)
    between = ramp(29)
    between.SetOrigin((3.0, -7.0, 11.5))
    slices, note = at_positions(place(between, thick, "net"), np.array([10.0]), "net")
    assert slices[0, 2, 2] == pytest.approx(105, abs=0.1)
    assert "net has no slices" in note
    assert "0.5 mm" in note


def test_other_pixels_in_plane_are_refused():
    image = ramp()
    thick = thicken(image, 3.0)
    with pytest.raises(InputRefusedError, match="4 x 4 pixels"):
        place(image[:4], thick, "small")
    moved = sitk.Image(image)
    moved.SetOrigin((3.1, -7.0, 11.0))
    with pytest.raises(InputRefusedError, match=r"0\.2 pixels beside"):
        place(moved, thick, "moved")


def test_turned_axes_no_numbers_and_pictures_are_refused():
    image = ramp()
    thick = thicken(image, 3.0)
    turned = sitk.Image(image)
    turned.SetDirection(np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]]).ravel())
    with pytest.raises(InputRefusedError, match="turned"):
        place(turned, thick, "turned")
    holes = sitk.Cast(image, sitk.sitkFloat32)
    holes[1, 1, 1] = float("nan")
    with pytest.raises(InputRefusedError, match="1 voxels that are no number"):
        place(holes, thick, "holes")
    with pytest.raises(InputRefusedError, match="an image of 5 x 4 voxels"):
        place(image[:, :, 0], thick, "the reference")


def test_volumes_that_do_not_overlap_are_refused():
    image = ramp()
    thick = thicken(image, 3.0)
    away = sitk.Image(image)
    away.SetOrigin((3.0, -7.0, 500.0))
    with pytest.raises(InputRefusedError, match="overlap"):
        common_positions(place(image, thick, "reference"), {"net": place(away, thick, "net")})
