"""Saved scenes are opened as Slicer's File menu opens them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import slicer

from CTEnhanceLib.scene.comparison.views.layouts import VIEWS
from CTEnhanceLib.scene.comparison.views.view_host import register_layouts
from CTEnhanceLib.scene.headless.offscreen import OffscreenViewHost


@contextmanager
def reading_bundles(scene: slicer.vtkMRMLScene) -> Iterator[None]:
    """Let a scene read ``.mrb`` files: they are unpacked into a cache that only the desktop has by itself."""
    with tempfile.TemporaryDirectory() as folder:
        cache = slicer.vtkCacheManager()
        cache.SetRemoteCacheDirectory(folder)
        manager = slicer.vtkDataIOManager()
        manager.SetCacheManager(cache)
        scene.SetDataIOManager(manager)
        scene.SetCacheManager(cache)
        try:
            yield
        finally:
            scene.SetDataIOManager(None)
            scene.SetCacheManager(None)


def open_scene(view_host: OffscreenViewHost, path: Path) -> None:
    """Replace the content of a view host's scene by that of a saved one."""
    for tag in {*view_host.rectangles(), *VIEWS}:
        view_host.close_view(tag)
    with reading_bundles(view_host.scene):
        view_host.scene.Clear(False)
        assert view_host.scene.ReadFromMRB(str(path))
    register_layouts(view_host.scene.GetFirstNodeByClass("vtkMRMLLayoutNode"))
    view_host.show_layout(view_host.layout())
