"""Both bone renderings turned once around, picture by picture, for a film."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import numpy as np

from CTEnhanceLib.errors import OutputError, UsageError
from CTEnhanceLib.scene.comparison.views.linking import copy_camera
from CTEnhanceLib.scene.comparison.views.view_host import VolumeView
from CTEnhanceLib.scene.headless.picture import grab_window, write_png


def turntable(
    views: list[VolumeView],
    folder: str | Path,
    frames: int = 72,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Path]:
    """Turn the cameras of the 3D views once around what is up in the picture.

    Args:
        views: The 3D views, left to right; all get the first one's camera.
        folder: Where ``turntable_000.png`` and so on are written; it must exist.
        frames: Pictures for one turn.
        progress: Called with ("turntable", pictures done, pictures in all).

    Returns:
        The files, in order.

    Raises:
        UsageError: No 3D view is on show.
        OutputError: The folder does not exist.
    """
    folder = Path(folder)
    if not views:
        raise UsageError("No 3D view is on show: choose the 3D or the fracture layout first.")
    if not folder.is_dir():
        raise OutputError(f"The folder {folder} does not exist: make it first.")
    leader = views[0].camera
    assert leader is not None
    paths = []
    for frame in range(frames):
        pictures = []
        for view in views:
            camera = view.camera
            if camera is not None and camera is not leader:
                copy_camera(leader, camera)
            view.renderer.ResetCameraClippingRange()
            view.renderer.GetRenderWindow().Render()
            pictures.append(grab_window(view.renderer.GetRenderWindow()))
        rows = min(picture.shape[0] for picture in pictures)
        paths.append(write_png(np.hstack([p[:rows] for p in pictures]), folder / f"turntable_{frame:03d}.png"))
        leader.GetCamera().Azimuth(360.0 / frames)
        leader.GetCamera().OrthogonalizeViewUp()
        if progress is not None:
            progress("turntable", frame + 1, frames)
    for view in views[1:]:
        if view.camera is not None:
            copy_camera(leader, view.camera)
    return paths
