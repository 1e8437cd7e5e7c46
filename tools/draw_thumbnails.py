"""Draws the thumbnails of the sample data: a coronal slice of the wrist phantom, 3 mm and 1 mm.

python tools/draw_thumbnails.py    writes CTEnhance/Resources/Icons/CTEnhanceWrist{3,1}mm.png
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.phantom import wrist_phantom

ICONS = Path(__file__).resolve().parent.parent / "CTEnhance" / "Resources" / "Icons"
WIDTH, HEIGHT = 260, 280
WINDOW = (-200.0, 1300.0)


def coronal(image: sitk.Image) -> QImage:
    """The coronal slice with most bone, as voxels, superior side up."""
    volume = sitk.GetArrayFromImage(image)
    row = int((volume > 300).sum(axis=(0, 2)).argmax())
    grey = np.clip((volume[::-1, row, :] - WINDOW[0]) / (WINDOW[1] - WINDOW[0]) * 255, 0, 255).astype(np.uint8)
    grey = np.ascontiguousarray(grey)
    picture = QImage(grey.data, grey.shape[1], grey.shape[0], grey.strides[0], QImage.Format.Format_Grayscale8).copy()
    millimetres = image.GetSize()[0] * image.GetSpacing()[0], image.GetSize()[2] * image.GetSpacing()[2]
    scale = max(WIDTH / millimetres[0], HEIGHT / millimetres[1])
    size = [round(length * scale) for length in millimetres]
    plain, fast = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.FastTransformation
    scaled = picture.scaled(*size, plain, fast)
    return scaled.copy((size[0] - WIDTH) // 2, (size[1] - HEIGHT) // 2, WIDTH, HEIGHT)


if __name__ == "__main__":
    thin = wrist_phantom(spacing=(0.4, 0.4, 1.0))
    coronal(thin).save(str(ICONS / "CTEnhanceWrist1mm.png"))
    coronal(thicken(thin, 3.0)).save(str(ICONS / "CTEnhanceWrist3mm.png"))
