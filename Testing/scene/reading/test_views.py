"""The images of a set in real views: linked, alike, and silent about what they are."""

from __future__ import annotations

import numpy as np
import pytest
from slicer.util import arrayFromVolume

from CTEnhanceLib.evaluation.reading.blind import read_blinded, read_blinded_image
from CTEnhanceLib.evaluation.reading.session import ReadingSession
from CTEnhanceLib.scene.headless.offscreen import OffscreenViewHost
from CTEnhanceLib.scene.reading.loaded import guess_assignments, image_source, other_volumes, study_of_nodes
from CTEnhanceLib.scene.reading.views import LetteredImage, ReadingViews
from reading_studies import KINDS, case_images, planned, study_of

OWN_LAYOUT = 6


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return planned(tmp_path_factory.mktemp("study"), study_of(1))


@pytest.fixture
def view_host():
    with OffscreenViewHost((480, 320)) as made:
        made.show_layout(OWN_LAYOUT)
        made.slice_view("Red")
        yield made


@pytest.fixture
def images(study):
    folder, _ = study
    blinded, _ = read_blinded(folder)
    session = ReadingSession(folder, "Anna")
    page = session.page
    session.close()
    return [LetteredImage(s.letter, read_blinded_image(folder, blinded, s.image)) for s in page.shown]


def views_of(view_host, images, plane="axial", **options):
    views = ReadingViews(view_host, (-200.0, 1300.0), **options)
    views.show(images, plane)
    return views


def offsets(views):
    return {round(view.node.GetSliceOffset(), 6) for view in views.views.values()}


def test_all_images_of_a_set_are_shown_in_views_that_scroll_together(view_host, images):
    views = views_of(view_host, images)
    assert list(views.views) == list("ABCD")
    logic = views.views["C"].logic
    logic.StartSliceOffsetInteraction()
    logic.SetSliceOffset(14.0)
    logic.EndSliceOffsetInteraction()
    assert offsets(views) == {14.0}
    views.look("coronal")
    assert {view.node.GetOrientation() for view in views.views.values()} == {"Coronal"}
    views.look("axial")
    assert offsets(views) == {14.0}  # where it was left
    views.close()


def test_bone_in_3d_has_one_camera_and_one_transfer_function(view_host, images):
    views = views_of(view_host, images, "3d")
    positions = {view.camera.GetPosition() for view in views.views.values()}
    assert len(positions) == 1
    displays = [node for node in nodes(view_host.scene) if node.IsA("vtkMRMLVolumeRenderingDisplayNode")]
    assert len(displays) == 4
    assert len({display.GetVolumePropertyNodeID() for display in displays}) == 1
    assert [display.GetNumberOfViewNodeIDs() for display in displays] == [1] * 4
    views.close()


def test_one_image_at_a_time_is_the_chosen_one(view_host, images):
    views = views_of(view_host, images)
    views.show_alone(True)
    assert list(views.views) == ["A"]
    views.choose("C")
    assert list(views.views) == ["C"]
    shown = view_host.scene.GetNodeByID(views.views["C"].composite.GetBackgroundVolumeID())
    assert shown is views.volumes["C"]
    views.show_alone(False)
    assert list(views.views) == list("ABCD")
    views.close()


def test_a_fixed_grey_scale_cannot_be_changed_and_a_free_one_changes_for_all(view_host, images):
    views = views_of(view_host, images)
    display = views.volumes["B"].GetDisplayNode()
    display.SetWindowLevelMinMax(0, 50)
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (-200.0, 1300.0)
    views.close()
    views = views_of(view_host, images, free_window=True)
    views.volumes["B"].GetDisplayNode().SetWindowLevelMinMax(0, 50)
    assert {volume.GetDisplayNode().GetWindowLevelMax() for volume in views.volumes.values()} == {50.0}
    views.close()


def test_a_click_into_a_view_chooses_its_image(view_host, images):
    picked = []
    views = views_of(view_host, images, on_pick=picked.append)
    views.views["D"].interactor.InvokeEvent("LeftButtonPressEvent")
    assert picked == ["D"]
    views.close()


def test_labels_say_letter_and_answer_only(view_host, images):
    views = views_of(view_host, images, note_of=lambda letter: "· 2" if letter == "B" else "")
    assert views.labels == {"A": "A", "B": "B  · 2", "C": "C", "D": "D"}
    views.close()


def nodes(scene):
    return [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]


def strings_of(node):
    """Everything a user or a script can read of a node, its own XML included."""
    found = [node.GetName() or "", node.GetID() or "", node.GetDescription() or "", str(node)]
    found += [f"{name}={node.GetAttribute(name)}" for name in node.GetAttributeNames()]
    return found


def test_no_node_tells_the_kind(view_host, images):
    views = views_of(view_host, images, "3d")
    views.look("axial")
    texts = " ".join(text for node in nodes(view_host.scene) for text in strings_of(node)).replace("true", "")
    for word in (*[kind for kind in KINDS if kind not in ("true", "thick")], "thick ", "patient", "C1-", "nrrd"):
        assert word not in texts, word
    facts = {
        (
            volume.GetImageData().GetDimensions(),
            volume.GetSpacing(),
            volume.GetOrigin(),
            volume.GetImageData().GetScalarTypeAsString(),
            volume.GetNumberOfStorageNodes(),
            tuple(volume.GetAttributeNames()),
        )
        for volume in views.volumes.values()
    }
    assert len(facts) == 1
    assert sorted(volume.GetName() for volume in views.volumes.values()) == [f"Image {letter}" for letter in "ABCD"]
    views.close()


def test_closing_leaves_the_scene_as_it_was(view_host, images):
    before = [node.GetID() for node in nodes(view_host.scene)]
    views = views_of(view_host, images, "3d")
    views.look("axial")
    views.show(images[:2], "axial")
    views.close()
    left = [node for node in nodes(view_host.scene) if node.GetID() not in before]
    assert [f"{node.GetID()} {node.GetName()}" for node in left if not node.IsA("vtkMRMLSubjectHierarchyNode")] == []
    assert view_host.layout() == OWN_LAYOUT


def test_a_study_is_made_of_loaded_volumes(view_host, tmp_path):
    from CTEnhanceLib.scene.nodes import add_volume

    for kind, image in case_images(0).items():
        add_volume(view_host.scene, image, f"wrist {kind}")
    add_volume(view_host.scene, image, "being computed").SetHideFromEditors(True)  # as a run shows its slices
    assigned = guess_assignments(view_host.scene)
    assert [each.case for each in assigned] == [f"wrist {kind}" for kind in case_images(0)]
    given = [type(each)(each.node, "wrist", each.node.GetName().split()[-1]) for each in assigned]
    study = study_of_nodes(given, "Wrists", ["Anna"])
    assert set(study.kinds) == set(KINDS)
    thick = image_source(given)("wrist", "thick")
    assert thick.GetSize() == case_images(0)["thick"].GetSize()
    assert np.array_equal(arrayFromVolume(given[0].node).shape, case_images(0)["thick"].GetSize()[::-1])
    assert other_volumes(view_host.scene) == 5
