from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from CTEnhanceLib.ct.geometry import from_slices, slice_geometry, thin_positions, to_slices

lengths = st.floats(0.3, 6.0)


def rotation(angles: tuple[float, float, float]) -> np.ndarray:
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*angles)
    return np.array(turn.GetMatrix()).reshape(3, 3)


def volume(size: tuple[int, int, int], spacing: list[float], direction: np.ndarray) -> sitk.Image:
    """A volume whose value is its own number, so that every voxel can be told apart."""
    image = sitk.GetImageFromArray(np.arange(np.prod(size), dtype=np.int32).reshape(size[::-1]))
    image.SetSpacing(spacing)
    image.SetDirection(direction.ravel().tolist())
    image.SetOrigin([12.5, -30.25, 101.0])
    return image


@settings(max_examples=60, deadline=None)
@given(
    axis=st.integers(0, 2),
    signs=st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3),
    angles=st.tuples(*[st.floats(-3.1, 3.1)] * 3),
    permutation=st.permutations([0, 1, 2]),
)
def test_slices_run_towards_the_largest_positive_lps_component_and_come_back_in_place(
    axis: int, signs: tuple[float, ...], angles: tuple[float, float, float], permutation: list[int]
) -> None:
    spacing = [0.5, 0.6, 0.7]
    spacing[axis] = 3.0
    direction = rotation(angles)[:, permutation] * np.array(signs)
    image = volume((4, 5, 6), spacing, direction)
    geometry = slice_geometry(image)
    slices = to_slices(image)

    assert geometry.axis == axis
    assert slices.shape[0] == image.GetSize()[axis] == geometry.count
    step = [0, 0, 0]
    step[axis] = 1
    towards = np.subtract(image.TransformIndexToPhysicalPoint(step), image.GetOrigin())
    towards = -towards if geometry.flipped else towards
    assert towards[np.argmax(np.abs(towards))] > 0

    again = from_slices(slices, image, 0.0, 3.0)
    assert np.array_equal(sitk.GetArrayFromImage(again), sitk.GetArrayFromImage(image))
    assert np.allclose(again.GetOrigin(), image.GetOrigin(), atol=1e-9)
    assert again.GetDirection() == image.GetDirection()
    assert again.GetSpacing() == image.GetSpacing()


@settings(max_examples=60, deadline=None)
@given(angles=st.tuples(*[st.floats(-3.1, 3.1)] * 3), first=st.floats(-4, 4), count=st.integers(2, 9))
def test_a_new_slice_lies_where_its_position_says(angles: tuple[float, float, float], first: float, count: int) -> None:
    image = volume((5, 4, 6), [0.5, 0.5, 3.0], rotation(angles))
    geometry = slice_geometry(image)
    made = from_slices(np.zeros((count, 4, 5), np.int16), image, first, 1.0)

    corner = [0, 0, geometry.count - 1 if geometry.flipped else 0]
    made_corner = [0, 0, count - 1 if geometry.flipped else 0]
    column = np.array(image.GetDirection()).reshape(3, 3)[:, 2] * (-1 if geometry.flipped else 1)
    expected = np.array(image.TransformIndexToPhysicalPoint(corner)) + column * first
    assert np.allclose(made.TransformIndexToPhysicalPoint(made_corner), expected, atol=1e-9)


@settings(max_examples=200, deadline=None)
@given(count=st.integers(2, 400), interval=lengths, spacing=st.floats(0.2, 3.0))
def test_thin_slices_fill_the_thick_extent(count: int, interval: float, spacing: float) -> None:
    if count * interval < spacing:
        return
    positions = thin_positions(count, interval, spacing)
    assert np.allclose(np.diff(positions), spacing)
    assert abs(positions[0] - spacing / 2 - -interval / 2) <= spacing / 4 + 1e-9
    assert abs(positions[-1] + spacing / 2 - (count - 0.5) * interval) <= spacing / 4 + 1e-9


@given(count=st.integers(2, 50), spacing=st.floats(0.3, 2.0), ratio=st.sampled_from([3, 5]))
@settings(max_examples=50, deadline=None)
def test_at_an_odd_ratio_the_thin_slice_c_lies_on_the_thick_centre(count: int, spacing: float, ratio: int) -> None:
    positions = thin_positions(count, ratio * spacing, spacing)
    assert len(positions) == ratio * count
    assert np.allclose(positions[ratio // 2 :: ratio], np.arange(count) * ratio * spacing, atol=1e-3)


def test_the_thesis_ratio_of_seven_thick_slices_gives_thirty_thin_ones() -> None:
    assert len(thin_positions(7, 3.0, 0.7)) == 30


def test_a_thin_volume_can_be_read_along_the_axis_of_its_thick_one() -> None:
    image = volume((5, 4, 6), [0.9, 0.9, 0.7], np.eye(3))
    assert slice_geometry(image).axis != 2
    assert to_slices(image, axis=2).shape == (6, 4, 5)
