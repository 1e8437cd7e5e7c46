from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from CTEnhanceLib.ct.geometry import slice_positions, thin_positions
from CTEnhanceLib.ct.profile import SliceProfile, standard_deviation, thickening_matrix
from CTEnhanceLib.errors import InputRefusedError, UsageError

# shapes with a width, and a measured one (evidence: least-squares weights of a scanner's 5 mm slices)
MEASURED = (0.001, 0.021, 0.068, 0.126, 0.181, 0.204, 0.174, 0.130, 0.067, 0.025, -0.002)
profiles = st.one_of(
    st.builds(SliceProfile, st.sampled_from(["box", "triangle", "gaussian"]), st.floats(0.5, 8.0)),
    st.just(SliceProfile("weights", 4.5, MEASURED, 1.0)),
)


@given(profile=profiles)
@settings(max_examples=80, deadline=None)
def test_all_weight_of_a_profile_is_one_and_half_of_it_lies_below_the_centre(profile: SliceProfile) -> None:
    assert profile.cumulative(np.array([-50.0]))[0] == pytest.approx(0, abs=1e-9)
    assert profile.cumulative(np.array([50.0]))[0] == pytest.approx(1, abs=1e-9)
    assert profile.cumulative(np.array([0.0]))[0] == pytest.approx(0.5, abs=0.02)


@given(shape=st.sampled_from(["box", "triangle", "gaussian"]), fwhm=st.floats(0.5, 8.0))
@settings(max_examples=60, deadline=None)
def test_the_weight_at_half_the_fwhm_is_half_of_the_weight_at_the_centre(shape: str, fwhm: float) -> None:
    profile = SliceProfile(shape, fwhm)
    step = fwhm * 1e-4

    def density(z: float) -> float:
        low, high = profile.cumulative(np.array([z - step, z + step]))
        return (high - low) / (2 * step)

    assert density(fwhm / 2) == pytest.approx(density(0) / 2, rel=1e-3)


@given(profile=profiles)
@settings(max_examples=40, deadline=None)
def test_the_standard_deviation_is_that_of_the_weights(profile: SliceProfile) -> None:
    z = np.linspace(-30, 30, 60001)
    weights = np.diff(profile.cumulative(z))
    middle = (z[1:] + z[:-1]) / 2
    mean = weights @ middle
    assert standard_deviation(profile) == pytest.approx(np.sqrt(weights @ (middle - mean) ** 2), rel=2e-3)


@given(profile=profiles, count=st.integers(3, 12), interval=st.floats(1.0, 5.0), spacing=st.floats(0.3, 1.0))
@settings(max_examples=80, deadline=None)
def test_thickening_keeps_a_constant_volume(profile: SliceProfile, count: int, interval: float, spacing: float) -> None:
    weights = thickening_matrix(slice_positions(count, interval), thin_positions(count, interval, spacing), profile)
    assert np.allclose(weights.sum(axis=1), 1)


def test_a_box_of_three_thin_slices_is_their_mean() -> None:
    weights = thickening_matrix(slice_positions(4, 3.0), thin_positions(4, 3.0, 1.0), SliceProfile("box", 3.0))
    assert np.allclose(weights, np.kron(np.eye(4), np.full((1, 3), 1 / 3)))


def test_thickness_and_interval_are_separate_numbers() -> None:
    """The thesis' Fig. 1 (right): 3 mm thick slices every 1.5 mm share half of their tissue."""
    weights = thickening_matrix(np.array([1.0, 2.5]), slice_positions(8, 0.5, 0.0), SliceProfile("box", 3.0))
    shared = np.minimum(weights[0], weights[1]).sum()
    assert shared == pytest.approx(0.5, abs=0.1)


def test_a_thick_slice_outside_the_thin_volume_is_refused_with_its_position() -> None:
    with pytest.raises(InputRefusedError, match="40 mm"):
        thickening_matrix(np.array([0.0, 40.0]), slice_positions(5, 1.0), SliceProfile("box", 3.0))


@pytest.mark.parametrize("arguments", [("boxy", 3.0), ("box", 0.0), ("box", float("nan")), ("weights", 3.0)])
def test_a_profile_that_makes_no_sense_is_refused(arguments: tuple[str, float]) -> None:
    with pytest.raises(UsageError):
        SliceProfile(*arguments)
