"""Labels can be read in views of any size, and nothing is drawn over them."""

from __future__ import annotations

import pytest
import vtk

from CTEnhanceLib.scene.comparison.comparison import Comparison
from CTEnhanceLib.scene.comparison.labels import SMALLEST_FONT, LabelText, ViewLabel

NOTE = "slices every 3 mm, assumed to be triangular means, 1.61 mm wide (estimated from the slices themselves)"
BADGES = (
    "MEASURED · 3.27 mm slices",
    "COMPUTED · 1 mm slices",
    "REFERENCE · 1 mm slices",
    "INTERPOLATED · nearest, 1 mm slices",
    "DIFFERENCE · Wrist 3 mm (nearest) minus computed, HU",
    "MEASURED / COMPUTED",
)


@pytest.fixture(params=[(320, 240), (427, 270), (500, 600), (746, 900)], ids=lambda size: f"{size[0]}x{size[1]}")
def window(request):
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetSize(*request.param)
    window.AddRenderer(vtk.vtkRenderer())
    yield window
    window.Finalize()


def texts(renderer):
    """The text actors that a renderer draws, in the order it draws them."""
    props = renderer.GetViewProps()
    found = [props.GetItemAsObject(index) for index in range(props.GetNumberOfItems())]
    return [prop for prop in found if isinstance(prop, vtk.vtkTextActor) and prop.GetVisibility()]


@pytest.mark.parametrize("badge", BADGES)
def test_a_label_can_be_read_in_a_view_of_any_size_and_fits(window, badge):
    renderer = window.GetRenderers().GetFirstRenderer()
    label = ViewLabel(renderer, lambda: LabelText(badge, "Wrist 3 mm", f"{NOTE}\nfor research", (1.0, 1.0, 1.0)))
    window.Render()
    written = texts(renderer)
    assert len(written) == (2 if window.GetSize()[1] >= 480 else 1)
    for actor in written:
        box = [0.0] * 4
        actor.GetBoundingBox(renderer, box)
        assert actor.GetTextProperty().GetFontSize() >= SMALLEST_FONT
        assert box[1] - box[0] <= window.GetSize()[0]
    if len(written) == 2:
        assert NOTE in " ".join(written[1].GetInput().split())
    label.remove()


@pytest.mark.parametrize("blend", ["reveal", "checkerboard"])
def test_labels_are_drawn_after_the_borders_of_a_blend(view_host, measured, computed, blend):
    comparison = Comparison(measured, computed, view_host=view_host)
    comparison.show("coronal")
    comparison.set(blend=blend)
    view = next(view for view in comparison.slice_views if view.tag == "CTECCoronal")
    view_host.grab(view.tag)
    props = view.renderer.GetViewProps()
    drawn = [props.GetItemAsObject(index) for index in range(props.GetNumberOfItems())]
    lines = [n for n, prop in enumerate(drawn) if prop.IsA("vtkActor2D") and _has_lines(prop)]
    badges = [n for n, prop in enumerate(drawn) if prop in texts(view.renderer) and "MEASURED /" in prop.GetInput()]
    assert lines and badges and min(badges) > max(lines)
    comparison.leave()


def _has_lines(prop):
    mapper = prop.GetMapper()
    drawn = mapper.GetInput() if isinstance(mapper, vtk.vtkPolyDataMapper2D) else None
    return drawn is not None and drawn.GetNumberOfLines() > 0


def test_a_reference_was_measured_and_is_labelled_so(view_host, measured, computed, reference):
    comparison = Comparison(measured, computed, view_host=view_host, reference=reference)
    comparison.show("third")
    label = comparison.labels["CTETCoronal"]
    assert label.badge.startswith("REFERENCE") and "assumed" not in label.note
    assert "not for diagnosis" not in label.lines(400, 300)[0]
    comparison.leave()
