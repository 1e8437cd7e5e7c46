"""Draws what a reviewer wants to look at and the documentation does not show (`make layouts`).

python tools/draw_layouts.py [FOLDER]    writes panel-*.png and layout-*.png, by default into build/layouts

The panel at 300 and 360 pixels, light and dark, with everything open; every layout of the comparison on the sample
wrist in the 860 and 1500 pixels that windows of 1280 x 720 and 1920 x 1080 leave for views. Plots and tables are
Qt's and stay empty here.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from draw_panel import NARROW, USUAL, Studio  # noqa: E402 - found through the line above

from CTEnhanceLib.scene.headless.picture import write_png  # noqa: E402

WINDOWS = ((860, 560), (1500, 900))
SECTIONS = ("volume", "advanced", "compare", "bone3D", "figures", "installation")


def panels(studio: Studio) -> None:
    """Everything open, in both widths and styles."""
    studio.check_installation()
    for name in SECTIONS:
        getattr(studio.module.ui, f"{name}CollapsibleButton").collapsed = False
    studio.module.panel.reading.widgets.section.collapsed = False
    for width in (USUAL, NARROW):
        for dark in (False, True):
            studio.take(f"panel-{width}-{'dark' if dark else 'light'}", width, dark=dark)


def layouts(studio: Studio, comparison: Any) -> None:
    """Every layout, and the blends and surfaces in one of them."""
    from CTEnhanceLib.scene.comparison.views.layouts import LAYOUTS

    width = studio.view_host.size[0]

    def draw(name: str) -> None:
        write_png(studio.view_host.picture(), studio.folder / f"layout-{width}-{name}.png")

    for name in LAYOUTS:
        comparison.show(name)
        draw(name)
    comparison.show("coronal")
    for blend in ("reveal", "checkerboard", "difference"):
        comparison.set(blend=blend)
        draw(f"coronal-{blend}")
    comparison.set(blend="none", bone_as="surface")
    comparison.show("3d")
    draw("3d-surface")
    comparison.set(bone_as="rendering")


def main(arguments: list[str]) -> None:
    """Take all pictures."""
    folder = Path(arguments[0]) if arguments else HERE.parent / "build" / "layouts"
    folder.mkdir(parents=True, exist_ok=True)
    studio = Studio(folder, WINDOWS[0])
    studio.compute()
    studio.show_end("done")
    studio.show_comparison()
    comparison = studio.module.panel.comparison.comparison
    for window in WINDOWS:
        studio.view_host.size = window
        layouts(studio, comparison)
    panels(studio)
    studio.module.cleanup()
    studio.view_host.close()


if __name__ == "__main__":
    main(sys.argv[1:])
