"""Real MRML without a desktop: a scene, a view host, and a small pair of volumes to compare."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("slicer", reason="slicer-core is not installed (it needs Python 3.10 or newer)")

import slicer

from CTEnhanceLib.evaluation.baselines import baseline_volume
from CTEnhanceLib.scene.headless.offscreen import OffscreenViewHost
from CTEnhanceLib.scene.nodes import add_volume
from CTEnhanceLib.scene.output import apply_result

REPORT = {
    "model": {"name": "test", "sha256": "ab" * 32},
    "acquisition": {
        "interval_mm": {"value": 3.0, "source": "spacing"},
        "thickness_mm": {"value": 3.0, "source": "interval"},
        "profile_shape": {"value": "box", "source": "model"},
        "profile_fwhm_mm": {"value": 3.0, "source": "thickness"},
    },
    "consistency": {"applied": True, "before": 12.0, "after": 0.5, "cubic": 12.0},
}
WINDOW = (-300.0, 1500.0)


def oblique_tube(spacing: tuple[float, float, float]) -> sitk.Image:
    """A cortical tube with a gap, leaning against the slice axis, in soft tissue: 48 x 40 x 36 mm."""
    size = np.array([48, 40, 36]) / spacing
    i, j, k = (np.arange(round(n)) * s for n, s in zip(size, spacing))
    z, y, x = np.meshgrid(k, j, i, indexing="ij")
    distance = np.hypot(x - 18 - 0.35 * z, y - 20)
    values = np.where(np.hypot(x - 24, y - 20) < 18, 40.0, -1000.0)
    values[distance < 8] = 1200.0
    values[distance < 5.5] = 250.0
    values[(np.abs(z - 18 - 0.4 * (x - 24)) < 1.2) & (distance < 8)] = 60.0
    image = sitk.GetImageFromArray(values.astype(np.int16))
    image.SetSpacing(spacing)
    image.SetOrigin((-20.0, 30.0, 100.0))
    return image


@pytest.fixture
def scene() -> slicer.vtkMRMLScene:
    """An empty scene."""
    return slicer.vtkMRMLScene()


@pytest.fixture
def view_host() -> Iterator[OffscreenViewHost]:
    """Views of 640 x 480 pixels in all, showing nothing of the comparison yet."""
    with OffscreenViewHost((640, 480), window_width=2000) as view_host:
        view_host.show_layout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
        yield view_host


@pytest.fixture
def measured(view_host: OffscreenViewHost) -> slicer.vtkMRMLScalarVolumeNode:
    """A tube in 3 mm slices."""
    from CTEnhanceLib.ct.thicken import thicken

    return add_volume(view_host.scene, thicken(oblique_tube((0.8, 0.8, 1.0)), 3.0), "tube", WINDOW)


@pytest.fixture
def computed(measured: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLScalarVolumeNode:
    """The same, made 1 mm by cubic interpolation and back-projection."""
    from CTEnhanceLib.scene.nodes import image_from_node

    thin = sitk.Cast(baseline_volume(image_from_node(measured), "cubic + back-projection"), sitk.sitkInt16)
    return apply_result(measured, thin, REPORT, 1.0)


@pytest.fixture
def reference(measured: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLScalarVolumeNode:
    """The true 1 mm slices."""
    return add_volume(measured.GetScene(), oblique_tube((0.8, 0.8, 1.0)), "true tube", WINDOW)
