"""The slices of a run, seen while it goes on: those looked at first, and nothing of them left when it ends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from panel.run.test_run import begin, left_behind  # noqa: F401

STEP = json.dumps({"stage": "enhance", "done": 3, "total": 36, "seconds_left": 2.0})


def come(worker, index, value):
    """A computed slice arrives, as the worker leaves it."""
    folder = Path(worker.arguments[worker.arguments.index("--preview") + 1])
    folder.mkdir(exist_ok=True)
    np.save(folder / f"{index}.npy", np.full((36, 40), value, np.int16))
    worker.say(STEP)


@pytest.fixture
def red(scene, wrist):
    """The plain axial view, which shows the wrist at its ninth slice."""
    import slicer

    view = scene.AddNode(slicer.vtkMRMLSliceNode())
    view.SetLayoutName("Red")
    view.SetOrientationToAxial() if hasattr(view, "SetOrientationToAxial") else None
    centre = [0.0] * 6
    wrist.GetRASBounds(centre)
    matrix = view.GetSliceToRAS()
    for row in range(3):
        for column in range(3):
            matrix.SetElement(row, column, float(row == column))
    matrix.SetElement(2, 3, centre[4] + 8.5 * 3.0)
    composite = scene.AddNode(slicer.vtkMRMLSliceCompositeNode())
    composite.SetLayoutName("Red")
    composite.SetBackgroundVolumeID(wrist.GetID())
    other = scene.AddNode(slicer.vtkMRMLSliceCompositeNode())
    other.SetLayoutName("CTEnhanceMeasured")
    other.SetBackgroundVolumeID(wrist.GetID())
    return composite, other


@pytest.fixture
def seen(begin, wrist, monkeypatch):  # noqa: F811
    from CTEnhanceLib.panel.run import run as module
    from CTEnhanceLib.panel.run.settings import Settings

    monkeypatch.setattr(module, "_PREVIEW_SECONDS", 0.0)

    def start():
        return begin(wrist, settings=Settings("context", preview=True))

    return start


def nodes_named(scene, words):
    found = (scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes()))
    return [node for node in found if node.GetName() and words in node.GetName()]


def test_the_slice_looked_at_is_asked_for_first(seen, red):
    _, worker, _ = seen()
    first = int(worker.arguments[worker.arguments.index("--first") + 1])
    assert abs(first - (8 * 3 + 1)) <= 1


def test_slices_replace_measured_ones_in_the_plain_views_as_they_come(seen, red, scene, wrist):
    from CTEnhanceLib.scene.nodes import voxels

    plain, comparison = red
    nodes_before = scene.GetNumberOfNodes()
    _, worker, _ = seen()
    worker.say(STEP)
    assert scene.GetNumberOfNodes() == nodes_before, "nothing is made before there is something to see"
    come(worker, 25, 777)
    (node,) = [n for n in nodes_named(scene, "being computed") if n.IsA("vtkMRMLScalarVolumeNode")]
    assert plain.GetBackgroundVolumeID() == node.GetID()
    assert comparison.GetBackgroundVolumeID() == wrist.GetID(), "a labelled view keeps what its label says"
    assert not node.GetSaveWithScene()
    assert node.GetHideFromEditors()
    shown, measured = voxels(node), voxels(wrist)
    assert shown.shape == (36, 36, 40)
    assert (shown[25] == 777).all()
    assert np.array_equal(shown[4], measured[1])
    come(worker, 4, 888)
    assert (voxels(node)[4] == 888).all()


@pytest.mark.parametrize("end", ["done", "failed", "cancelled"])
def test_nothing_of_the_preview_stays(seen, red, scene, wrist, end):
    nodes_before = scene.GetNumberOfNodes()
    run, worker, ear = seen()
    come(worker, 25, 777)
    if end == "cancelled":
        run.cancel()
    if end == "done":
        worker.write_result()
    worker.end({"done": 0, "failed": 3, "cancelled": 130}[end], log="ctenhance: No.\n")
    assert ear.outcome.kind == end
    assert nodes_named(scene, "being computed") == []
    assert red[0].GetBackgroundVolumeID() == wrist.GetID()
    if end != "done":
        assert scene.GetNumberOfNodes() == nodes_before
    assert left_behind() == []


def test_a_preview_that_fails_or_is_deleted_does_not_spoil_the_run(seen, red, scene):
    _, worker, ear = seen()
    come(worker, 25, 777)
    scene.RemoveNode(next(n for n in nodes_named(scene, "being computed") if n.IsA("vtkMRMLScalarVolumeNode")))
    come(worker, 26, 777)
    folder = Path(worker.arguments[worker.arguments.index("--preview") + 1])
    (folder / "27.npy").write_bytes(b"no array")
    worker.say(STEP)
    worker.write_result()
    worker.end(0)
    assert ear.outcome.kind == "done"


def test_a_scene_that_is_closed_takes_the_preview_with_it(seen, red, scene):
    _, worker, ear = seen()
    come(worker, 25, 777)
    scene.Clear(False)
    worker.end(130)
    assert ear.outcome.kind == "cancelled"
    assert nodes_named(scene, "being computed") == []
