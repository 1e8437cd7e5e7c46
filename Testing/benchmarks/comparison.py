"""How fast the comparison of a 512 x 512 x 300 volume is: switching layouts, the reveal cursor, 3D.

    .venv/bin/python Testing/benchmarks/comparison.py [--slices 300] [--size 512]

Prints seconds and frames per second; targets are in brackets. Views are 512 x 512, drawn by software.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import numpy as np
import SimpleITK as sitk

from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.comparison.views.layouts import LAYOUTS
from CTEnhanceLib.scene.headless.offscreen import OUTER_GAP, OffscreenViewHost
from CTEnhanceLib.scene.nodes import add_volume
from CTEnhanceLib.scene.output import apply_result

FRAMES = 60


def limb(size: int, slices: int, spacing: float) -> sitk.Image:
    """Two bones in soft tissue with noise; int16."""
    y, x = np.mgrid[:size, :size] / size - 0.5
    noise = np.random.default_rng(0).normal(0, 20, (size, size))
    array = np.empty((slices, size, size), np.int16)
    for k in range(slices):
        values = np.where(np.hypot(x, 1.4 * y) < 0.42, 40.0, -1000.0)
        for centre, radius in ((-0.13, 0.1), (0.16, 0.06)):
            distance = np.hypot(x - centre - 0.05 * np.sin(6.0 * k / slices), y)
            values[distance < radius] = 1300
            values[distance < 0.7 * radius] = 250
        array[k] = values + np.roll(noise, 37 * k)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.35, 0.35, spacing))
    return image


def timed(action) -> float:
    """Seconds an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--size", type=int, default=512)
    chosen = parser.parse_args()
    print(f"{chosen.size} x {chosen.size} x {chosen.slices} voxels, {os.cpu_count()} CPUs, views of 512 x 512")
    with OffscreenViewHost((2 * 512 + OUTER_GAP, 512)) as view_host:
        view_host.show_layout(6)  # one of Slicer's own
        measured = add_volume(view_host.scene, limb(chosen.size, chosen.slices // 3, 3.0), "limb", (-300, 1500))
        computed = apply_result(measured, limb(chosen.size, chosen.slices, 1.0), {"model": {}}, 1.0)
        comparison = Comparison(measured, computed, view_host=view_host)
        print(f"opening the coronal pair        {timed(lambda: comparison.show('coronal')):6.2f} s")
        view_host.picture()
        _reveal(comparison, view_host)
        _switching(comparison, view_host)
        for name, change in (
            ("cubic interpolation on the left", {"left": "cubic"}),
            ("difference map", {"blend": "difference"}),
        ):
            print(f"{name:<31} {timed(lambda change=change: comparison.set(**change)):6.2f} s")
        print(f"leaving                         {timed(comparison.leave):6.2f} s")


def _reveal(comparison: Comparison, view_host: OffscreenViewHost) -> None:
    comparison.set(blend="reveal")
    view = comparison.slice_views[1]
    view_host.grab(view.tag)
    window, frames = view.renderer.GetRenderWindow(), []
    for frame in range(FRAMES):
        view.interactor.SetEventInformation(40 + 430 * frame // FRAMES, 256, 0, 0)
        frames.append(timed(lambda: (view.interactor.InvokeEvent("MouseMoveEvent"), window.Render())))
    comparison.set(blend="none")
    median = statistics.median(frames)
    print(f"reveal cursor                   {1 / median:6.1f} frames/s, median of {FRAMES} [at least 15]")


def _switching(comparison: Comparison, view_host: OffscreenViewHost) -> None:
    seconds = {}
    for _ in range(2):  # the first time makes the views, too
        for name in LAYOUTS:
            seconds.setdefault(name, []).append(timed(lambda name=name: comparison.show(name)))
    for name, (first, again) in seconds.items():
        print(f"switching to {name:<18} {again:6.2f} s, first time {first:.2f} s [below 1]")
    comparison.show("3d")
    print(f"one frame of both 3D views      {timed(view_host.picture):6.2f} s, then {timed(view_host.picture):.2f} s")
    comparison.show("coronal")


if __name__ == "__main__":
    main()
