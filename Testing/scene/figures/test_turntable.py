from __future__ import annotations

import numpy as np
import pytest
from skimage.io import imread

from CTEnhanceLib.errors import OutputError, UsageError
from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.figures.turntable import turntable


def test_both_renderings_turn_once_around_together(view_host, measured, computed, tmp_path):
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("3d")
    before = [view.camera.GetPosition() for view in comparison.volume_views]
    paths = turntable(comparison.volume_views, tmp_path, frames=4)
    after = [view.camera.GetPosition() for view in comparison.volume_views]
    assert [path.name for path in paths] == [f"turntable_{frame:03d}.png" for frame in range(4)]
    pictures = [imread(path).astype(float) for path in paths]
    assert pictures[0].shape == (480, 628, 3)
    assert all(np.abs(a - b).max() > 40 for a, b in zip(pictures, pictures[1:]))
    assert np.allclose(before, after, atol=1e-6)


def test_a_film_needs_views_and_a_folder(view_host, measured, computed, tmp_path):
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("coronal")
    with pytest.raises(UsageError, match="No 3D view is on show"):
        turntable(comparison.volume_views, tmp_path)
    comparison.show("3d")
    with pytest.raises(OutputError, match="does not exist"):
        turntable(comparison.volume_views, tmp_path / "missing")
