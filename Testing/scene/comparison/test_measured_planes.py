"""Where several series were measured, the left side shows each in its own plane."""

from __future__ import annotations

import numpy as np
import pytest

from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.further_series import remember_further
from CTEnhanceLib.scene.nodes import add_volume

from ..conftest import WINDOW, oblique_tube


@pytest.fixture
def coronal(view_host, computed):
    node = add_volume(view_host.scene, thicken(oblique_tube((0.8, 0.8, 1.0)), 3.2, axis=1), "tube coronal", WINDOW)
    remember_further(computed, [node], {"further_series": [{"used": True}]})
    return node


def shown_left(comparison):
    view = comparison.slice_views[0]
    return view.composite.GetBackgroundVolumeID()


def test_the_coronal_view_shows_the_coronal_series_and_the_others_the_main_one(view_host, measured, computed, coronal):
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("coronal")
    assert shown_left(comparison) == coronal.GetID()
    assert comparison.slice_views[1].composite.GetBackgroundVolumeID() == computed.GetID()
    for plane in ("axial", "sagittal"):
        comparison.show(plane)
        assert shown_left(comparison) == measured.GetID()


def test_what_was_measured_in_the_plane_of_a_view_looks_as_fine_there_as_what_was_computed(
    view_host, measured, computed, coronal
):
    with_series = Comparison(measured, computed, view_host=view_host)
    with_series.show("coronal")
    fine = changes(view_host.grab(with_series.slice_views[0].tag))
    remember_further(computed, [], {})
    with_series.show("axial")
    with_series.show("coronal")
    assert fine > 1.3 * changes(view_host.grab(with_series.slice_views[0].tag))


def test_a_blend_lays_over_what_the_left_side_shows(view_host, measured, computed, coronal):
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("coronal")
    comparison.set(blend="checkerboard")
    assert comparison.slice_views[1].composite.GetForegroundVolumeID() == coronal.GetID()


def changes(picture: np.ndarray) -> float:
    """Tell how often a row of a picture differs from the one above it: thick slices seen from the side seldom do."""
    grey = picture.astype(float).mean(axis=2)
    grey = grey[len(grey) // 4 : -len(grey) // 4]
    return float((np.abs(np.diff(grey, axis=0)).mean(axis=1) > 0.05).mean())
