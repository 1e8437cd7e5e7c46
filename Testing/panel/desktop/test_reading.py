"""A reading study's views beside the desktop: nothing on the console, nothing left behind, the user's layout back."""

from __future__ import annotations

import pytest

OWN_LAYOUT = 6  # one red slice view


@pytest.fixture
def images(wrist):
    """Four images to read."""
    from CTEnhanceLib.scene.nodes import image_from_node
    from CTEnhanceLib.scene.reading.views import LetteredImage

    return [LetteredImage(letter, image_from_node(wrist)) for letter in "ABCD"]


@pytest.fixture
def views(use):
    """The views of a study."""
    from CTEnhanceLib.scene.comparison.views.view_host import DesktopViewHost
    from CTEnhanceLib.scene.reading.views import ReadingViews

    return ReadingViews(DesktopViewHost(), (-200.0, 1300.0))


def test_sets_come_and_go_and_nothing_is_left(use, views, images, console, window):
    use.settle()
    before = use.nodes()
    for plane, count in (("axial", 2), ("axial", 4), ("3d", 2)):
        views.show(images[:count], plane)
        use.settle()
        views.close()
        use.settle()
        assert use.nodes() == before
    assert (use.desktop.layout, use.desktop.width) == (OWN_LAYOUT, window[0])
    assert console() == []


@pytest.mark.parametrize("window", [(860, 500)], ids=["laptop"])
def test_closing_the_scene_while_reading_brings_the_users_layout_back(use, views, images, console):
    views.show(images, "axial")
    use.settle()
    use.scene.Clear(False)
    views.forget()
    use.settle()
    assert use.desktop.layout == OWN_LAYOUT
    assert [node for node in use.nodes() if "NodeCTER" in node] == []
    assert console() == []
