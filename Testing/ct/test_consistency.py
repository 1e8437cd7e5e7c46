from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from CTEnhanceLib.ct.consistency import back_project, covering_matrix, residual_rmse
from CTEnhanceLib.ct.geometry import slice_positions, thin_positions
from CTEnhanceLib.ct.interpolation import apply_along_slices, interpolation_matrix
from CTEnhanceLib.ct.profile import SliceProfile, thickening_matrix


def world(count: int, interval: float, spacing: float, profile: SliceProfile) -> tuple[np.ndarray, ...]:
    thick, thin = slice_positions(count, interval), thin_positions(count, interval, spacing)
    truth = np.random.default_rng(0).normal(0, 300, (len(thin), 6, 5)).astype(np.float32)
    thickening = thickening_matrix(thick, thin, profile)
    measured = apply_along_slices(thickening, truth)
    cubic = apply_along_slices(interpolation_matrix(thick, thin), measured)
    return measured, cubic, thickening, covering_matrix(thick, thin), truth


@given(
    shape=st.sampled_from(["box", "triangle", "gaussian"]),
    interval=st.floats(2.0, 5.0),
    spacing=st.floats(0.5, 1.0),
    width=st.floats(0.8, 1.1),
)
@settings(max_examples=40, deadline=None)
def test_back_projection_brings_thin_slices_to_the_measured_ones(
    shape: str, interval: float, spacing: float, width: float
) -> None:
    measured, cubic, thickening, covering, _ = world(9, interval, spacing, SliceProfile(shape, width * interval))
    before = residual_rmse(cubic, measured, thickening)
    after = residual_rmse(back_project(cubic.copy(), measured, thickening, covering), measured, thickening)
    assert after < 0.15 * before


def test_the_closed_form_is_eight_steps_of_adding_the_residual() -> None:
    measured, cubic, thickening, covering, _ = world(8, 3.0, 1.0, SliceProfile("triangle", 2.7))
    stepped = cubic.astype(np.float64)
    for _ in range(8):
        residual = measured - np.einsum("kz,zrc->krc", thickening, stepped)
        stepped = stepped + np.einsum("zk,krc->zrc", covering, residual)
    assert np.allclose(back_project(cubic.copy(), measured, thickening, covering), stepped, atol=1e-2)


def test_slices_that_agree_already_stay_as_they_are() -> None:
    measured, _, thickening, covering, truth = world(8, 3.0, 1.0, SliceProfile("box", 3.0))
    assert np.allclose(back_project(truth.copy(), measured, thickening, covering), truth, atol=1e-2)


def test_a_wrong_profile_cannot_see_what_is_wrong() -> None:
    """Measured for the design: consistent under a box says nothing about slices a triangle made."""
    profile = SliceProfile("triangle", 3.0)
    measured, cubic, thickening, covering, _ = world(9, 3.0, 1.0, profile)
    box = thickening_matrix(slice_positions(9, 3.0), thin_positions(9, 3.0, 1.0), SliceProfile("box", 3.0))
    wrong = back_project(cubic.copy(), measured, box, covering)
    assert residual_rmse(wrong, measured, box) < 0.1
    assert residual_rmse(wrong, measured, thickening) > 10
