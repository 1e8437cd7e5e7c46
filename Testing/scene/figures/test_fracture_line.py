"""Gap and step of a fracture that is known, read off volumes with slices of several directions and thicknesses."""

from __future__ import annotations

import numpy as np
import pytest

from CTEnhanceLib.scene.figures.fracture_line import gap_width, line_figures

EDGE = 0.35
"""Softness of edges, mm: that of a sharp CT kernel."""


def broken_plate(gap, step):
    """Two plates of bone (1200 HU) in soft tissue (40 HU): a gap along x, the right one lies lower by a step along z.

    Returns:
        What reads HU at world points.
    """

    def inside(distance):
        return 1 / (1 + np.exp(-distance / EDGE * 2))

    def sample(points):
        x, _y, z = np.asarray(points, float).T
        left = inside(-gap / 2 - x) * inside(-z)
        right = inside(x - gap / 2) * inside(-step - z)
        return 40 + 1160 * np.maximum(left, right)

    return sample


@pytest.mark.parametrize("gap", [1.0, 2.0, 3.5])
@pytest.mark.parametrize("step", [0.0, 1.2, 2.5])
def test_a_known_gap_and_a_known_step_are_found(gap, step):
    start, end = np.array([-6.0, 0.0, -4.0]), np.array([6.0, 0.0, -4.0])
    found = line_figures(broken_plate(gap, step), start, end, np.array([0.0, 1.0, 0.0]))
    assert found.gap == pytest.approx(gap, abs=0.1)
    assert found.step == pytest.approx(step, abs=0.1)


def test_the_direction_of_the_line_changes_nothing():
    sample, normal = broken_plate(2.0, 1.5), np.array([0.0, 1.0, 0.0])
    start, end = np.array([-6.0, 0.0, -4.0]), np.array([6.0, 0.0, -4.0])
    one, other = line_figures(sample, start, end, normal), line_figures(sample, end, start, -normal)
    assert (one.gap, one.step) == pytest.approx((other.gap, other.step), abs=1e-6)


def test_whole_bone_has_no_gap():
    whole = broken_plate(-20.0, 0.0)
    found = line_figures(whole, np.array([-6.0, 0.0, -4.0]), np.array([6.0, 0.0, -4.0]), np.array([0.0, 1.0, 0.0]))
    assert np.isnan(found.gap) and found.step == pytest.approx(0.0, abs=0.01)


def test_the_gap_counts_at_half_its_depth():
    distances = np.linspace(0, 10, 101)
    values = 1000 - 800 * np.exp(-(((distances - 5) / 1.0) ** 2))
    assert gap_width(distances, values) == pytest.approx(2 * np.sqrt(np.log(2)), abs=0.05)


def test_a_line_that_leaves_the_volume_is_measured_on_what_is_in_it():
    distances = np.linspace(0, 10, 101)
    values = np.where(np.abs(distances - 5) < 1, 100.0, 1000.0)
    values[:10] = np.nan
    assert gap_width(distances, values) == pytest.approx(2.0, abs=0.11)
