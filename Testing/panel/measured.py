"""Volumes for the panel's tests."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk


def add_measured(scene, name="Müller, Anna", size=(40, 36, 12), spacing=(0.5, 0.5, 3.0)):
    """A cylinder of bone in soft tissue in air."""
    from CTEnhanceLib.scene.nodes import add_volume

    k, j, i = np.indices(size[::-1])
    radius = np.hypot(i - size[0] / 2, j - size[1] / 2) / (size[0] / 2)
    hu = np.where(radius < 0.4, 700 + 20 * (k % 3), np.where(radius < 0.8, 40, -1000)).astype(np.int16)
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing(spacing)
    return add_volume(scene, image, name, (-200, 1300))
