from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from CTEnhanceLib.ct.geometry import slice_positions, thin_positions
from CTEnhanceLib.ct.interpolation import KINDS, apply_along_slices, interpolation_matrix


@given(kind=st.sampled_from(KINDS), count=st.integers(1, 20), spacing=st.floats(0.3, 2.0))
@settings(max_examples=60, deadline=None)
def test_interpolation_keeps_a_constant_and_gives_back_the_slices_at_their_centres(
    kind: str, count: int, spacing: float
) -> None:
    source = slice_positions(count, 3.0)
    assert np.allclose(interpolation_matrix(source, thin_positions(count, 3.0, spacing), kind).sum(axis=1), 1)
    assert np.allclose(interpolation_matrix(source, source, kind), np.eye(count), atol=1e-7)


def test_cubic_is_the_order_three_spline_with_symmetric_edges_of_scipy() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=12)
    target = thin_positions(12, 3.0, 1.0)
    # zoom in grid mode puts thin centres where thin_positions does
    expected = ndimage.zoom(values, 3, order=3, mode="reflect", grid_mode=True)
    assert np.allclose(interpolation_matrix(slice_positions(12, 3.0), target) @ values, expected, atol=1e-5)


def test_a_ramp_is_interpolated_exactly_between_slices() -> None:
    source, target = slice_positions(20, 3.0), np.linspace(24, 33, 19)
    assert np.allclose(interpolation_matrix(source, target, "linear") @ source, target)
    assert np.allclose(interpolation_matrix(source, target, "cubic") @ source, target, atol=1e-3)


@pytest.mark.parametrize("rows", [1, 7])
def test_blocks_do_not_change_the_result(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    slices = rng.normal(size=(5, rows, 9)).astype(np.float32)
    weights = rng.normal(size=(8, 5))
    whole = apply_along_slices(weights, slices)
    monkeypatch.setattr("CTEnhanceLib.ct.interpolation._BLOCK_BYTES", 500)
    assert np.allclose(apply_along_slices(weights, slices), whole, atol=1e-5)
    assert np.allclose(whole, np.einsum("ts,src->trc", weights, slices), atol=1e-4)
