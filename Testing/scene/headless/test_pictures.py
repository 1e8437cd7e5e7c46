"""Pictures to look at, in build/pictures: of a generated wrist and, where it is present, of a real knee."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.headless.offscreen import OffscreenViewHost
from CTEnhanceLib.scene.headless.picture import write_png
from CTEnhanceLib.scene.nodes import add_volume
from CTEnhanceLib.scene.output import enhance_node

from ..conftest import WINDOW

FOLDER = Path(__file__).resolve().parents[3] / "build" / "pictures"


def _wrist() -> sitk.Image:
    from CTEnhanceLib.ct.thicken import thicken
    from CTEnhanceLib.phantom import wrist_phantom

    return thicken(wrist_phantom(0, (0.6, 0.6, 1.0)), 3.0)


@pytest.fixture(scope="module", params=["wrist", "sts_028"])
def comparison(request):
    if request.param == "wrist":
        thick = _wrist()
    else:
        path = request.getfixturevalue("data_dir") / "real_thick" / "sts_028_3p27mm.nrrd"
        if not path.is_file():
            pytest.skip(f"{path} is not here")
        thick = sitk.ReadImage(str(path))
    with OffscreenViewHost((1200, 620)) as view_host:
        measured = add_volume(view_host.scene, thick, request.param, WINDOW)
        computed = enhance_node(measured)
        comparison = Comparison(measured, computed, view_host=view_host)
        yield comparison
        comparison.leave()


def _keep(comparison, name):
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture = comparison.view_host.picture()
    write_png(picture, FOLDER / f"{comparison.volumes.measured.GetName()}_{name}.png")
    half = picture.shape[1] // 2 - 6
    return picture[:, :half].astype(int), picture[:, -half:].astype(int)


def _warm(picture):
    return (picture[..., 0] - picture[..., 2] > 25).mean()


def test_the_coronal_pair_is_blocky_on_the_left_and_smooth_on_the_right(comparison):
    comparison.show("coronal")
    left, right = _keep(comparison, "pair")
    inner = slice(150, -120)
    rows = [np.abs(np.diff(picture[inner, 60:-120].mean(2), axis=0)) for picture in (left, right)]
    # repeated rows of pixels: most neighbours are equal where the slices are thick
    assert (rows[0] == 0).mean() > (rows[1] == 0).mean() + 0.02


def test_bone_stands_in_both_3d_views(comparison):
    comparison.show("3d")
    left, right = _keep(comparison, "3d")
    assert min(_warm(left), _warm(right)) > 0.03
    assert abs(_warm(left) - _warm(right)) < 0.5 * _warm(left)


def test_the_difference_map_has_both_colours(comparison):
    comparison.show("coronal")
    comparison.set(blend="difference")
    _, right = _keep(comparison, "difference")
    comparison.set(blend="none")
    inner = right[150:-120, 120:-60]
    assert (inner[..., 0] - inner[..., 2] > 60).mean() > 0.002
    assert (inner[..., 2] - inner[..., 0] > 60).mean() > 0.002


def test_the_reveal_cursor_joins_both(comparison):
    comparison.show("coronal")
    plain = comparison.view_host.grab("CTECCoronal").astype(int)
    comparison.set(blend="reveal")
    _keep(comparison, "reveal")
    mixed = comparison.view_host.grab("CTECCoronal").astype(int)
    comparison.set(blend="none")
    changed = np.abs(mixed - plain)[150:-120].max((0, 2))
    assert changed[: len(changed) // 2 - 2].max() > 20
    assert changed[len(changed) // 2 + 2 : -30].max() < 3


def test_the_distance_of_the_surfaces_is_coloured(comparison):
    comparison.show("3d")
    comparison.set(bone_as="surface")
    _, right = _keep(comparison, "surface")
    comparison.set(bone_as="rendering")
    assert (right[..., 0] - right[..., 2] > 30).any() and (right[..., 2] - right[..., 0] > 30).any()


def test_the_uncertainty_is_shown_on_the_surface(comparison):
    comparison.show("3d")
    comparison.set(bone_as="uncertainty")
    _, right = _keep(comparison, "uncertain_surface")
    comparison.set(bone_as="rendering")
    assert (right[..., 2] - right[..., 1] > 20).mean() > 0.02  # violet: most of the bone is well known


def test_the_fracture_layout_shows_everything_at_once(comparison):
    comparison.show("fracture")
    left, right = _keep(comparison, "fracture")
    assert np.abs(left - right).max() > 60
