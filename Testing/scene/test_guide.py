from __future__ import annotations

import re
from pathlib import Path

import pytest
import slicer

import stacks
from CTEnhanceLib.model import folder
from CTEnhanceLib.scene.comparison.settings import BLENDS, BONE_AS, LEFT, THIRD
from CTEnhanceLib.scene.comparison.views.layouts import LAYOUTS

from .comparison.test_view_host import SETTLED, desktop, events  # noqa: F401

REPOSITORY = Path(__file__).resolve().parents[2]
GUIDE = (REPOSITORY / "docs" / "comparison.md").read_text(encoding="utf-8")
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def scripts():
    return re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def test_the_scripts_of_the_guide_run_as_they_are_printed(
    scripts,
    desktop,  # noqa: F811
    events,  # noqa: F811
    view_host,
    measured,
    reference,
    monkeypatch,
):
    monkeypatch.setattr(folder, "load_stack", lambda name: stacks.offset_stack(0.0))
    first, figures = scripts
    assert len([line for line in first.splitlines() if line.strip()]) == 10
    layout = desktop.layout
    names = {"slicer": slicer}
    exec(first, names)
    events.turn(SETTLED)
    assert desktop.layout == layout
    line = view_host.scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode")
    line.AddControlPointWorld(-4.0, -50.0, 104.0)
    line.AddControlPointWorld(-4.0, -50.0, 130.0)
    names["comparison"] = type(names["comparison"])(measured, names["computed"])
    exec(figures, {**names, "reference": reference, "line": line})
    assert view_host.layout() == LAYOUTS["figures"].forms[0].identifier
    names["comparison"].leave()
    events.turn(SETTLED)


def test_the_readme_prints_the_same_ten_lines(scripts):
    assert f"```python\n{scripts[0]}```" in README


def test_the_guide_names_everything_that_can_be_chosen():
    for choice in (*LAYOUTS, *LEFT, *BLENDS, *THIRD, *BONE_AS):
        assert f"`{choice}`" in GUIDE
