"""A wrist for those who have none at hand: Slicer's Sample Data module makes it on this computer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

CATEGORY = "CTEnhance"
WINDOW = (-200.0, 1300.0)
_SPACING = (0.4, 0.4, 1.0)
_THICKNESS = 3.0


def register_sample_data(icons: str | Path) -> None:
    """Offer the phantom and its truth; nothing is computed before somebody asks for them.

    Args:
        icons: Folder of the thumbnails.
    """
    import SampleData

    for name, file, thickness in (
        (_("CTEnhance wrist (phantom, 3 mm)"), "CTEnhanceWrist3mm", _THICKNESS),
        (_("CTEnhance wrist (phantom, 1 mm, truth)"), "CTEnhanceWrist1mm", None),
    ):
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=name,
            uris="",  # None raises; nothing is downloaded
            fileNames="",
            nodeNames=name,
            customDownloader=lambda _source, name=name, thickness=thickness: _make_and_say(name, thickness),
            thumbnailFileName=str(Path(icons) / f"{file}.png"),
        )


def _make_and_say(name: str, thickness: float | None) -> Any:
    """Make it while a progress window says so: it takes some seconds, in which Slicer does not react."""
    progress = None
    if slicer.util.mainWindow() is not None:
        words = _("Making the wrist phantom on this computer; it takes some seconds.")
        progress = slicer.util.createProgressDialog(labelText=words, value=20, maximum=100)
        slicer.app.processEvents()
    try:
        return make_sample(name, thickness)
    finally:
        if progress is not None:
            progress.close()


def make_sample(name: str, thickness: float | None = None) -> Any:
    """Make the wrist phantom and add it to the scene.

    Args:
        name: Name of the node.
        thickness: Thickness and interval of the slices in mm; None keeps the thin ones.

    Returns:
        The new volume node.
    """
    from CTEnhanceLib.ct.thicken import thicken
    from CTEnhanceLib.phantom import wrist_phantom
    from CTEnhanceLib.scene.nodes import add_volume

    image = wrist_phantom(spacing=_SPACING)
    if thickness is not None:
        image = thicken(image, thickness)
    return add_volume(slicer.mrmlScene, image, name, WINDOW)
