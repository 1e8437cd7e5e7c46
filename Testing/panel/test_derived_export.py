"""A computed volume leaves the panel as DICOM that says it is derived, with or without the images it came from."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

import stacks
from odd_series import phantom, write_series

SLICES = 6


@pytest.fixture
def database(host, scene, tmp_path, monkeypatch):
    """Slicer's DICOM database with one measured series in it."""
    import slicer
    from dicom_database import DicomDatabase

    opened = DicomDatabase(tmp_path / "database")
    opened.take(str(write_series(tmp_path / "disk", phantom()[:SLICES])), False)
    monkeypatch.setattr(slicer, "dicomDatabase", opened, raising=False)
    return opened


def loaded(scene, tmp_path, reverse=False):
    """The measured series as Slicer loads it: instance UIDs in the order of the slices, no other facts."""
    import SimpleITK as sitk

    from CTEnhanceLib.dicom import read_series
    from CTEnhanceLib.scene.nodes import add_volume

    image = read_series(tmp_path / "disk")
    if reverse:  # as a version loads it that leaves the grid left-handed
        image = sitk.Flip(image, (False, False, True))
    for key in image.GetMetaDataKeys():
        image.EraseMetaData(key)
    node = add_volume(scene, image, "Müller, Anna")
    node.SetAttribute("DICOM.instanceUIDs", " ".join(f"2.25.1{index:03d}" for index in range(SLICES)))
    return node


def computed_in(module, measured):
    from CTEnhanceLib.scene.output import enhance_node

    computed = enhance_node(measured, model=stacks.offset_stack(20.0))
    module.panel.parameters.comparedVolume = computed
    module.panel.update()
    return computed


def pressed(button, monkeypatch, folder: Path | None = None) -> None:
    from CTEnhanceLib.panel import derived_export

    monkeypatch.setattr(derived_export, "ask_for_folder", lambda *_: str(folder or ""))
    button.click()


def headers(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.rglob("*")) if path.is_file()]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_computed_volume_goes_to_a_folder_and_names_its_source_images(
    module, database, scene, tmp_path, monkeypatch, host, reverse
):
    import SimpleITK as sitk

    from CTEnhanceLib.dicom import read_series
    from CTEnhanceLib.scene.nodes import image_from_node

    computed = computed_in(module, loaded(scene, tmp_path, reverse))
    (tmp_path / "out").mkdir()
    pressed(module.ui.exportFolderButton, monkeypatch, tmp_path / "out")
    assert [kind for kind, _ in host.messages] == ["infoDisplay"]
    (folder,) = (tmp_path / "out").iterdir()
    found = headers(folder)
    assert len(found) == 3 * SLICES
    for header in found:
        assert list(header.ImageType) == ["DERIVED", "SECONDARY", "AXIAL"]
        assert (header.StudyInstanceUID, header.FrameOfReferenceUID) == ("2.25.1", "2.25.3")
        assert header.PatientID == "4711"
        assert {item.ReferencedSOPInstanceUID[:6] for item in header.SourceImageSequence} == {"2.25.1"}
    back, there = read_series(folder), image_from_node(computed)
    for index in ((0, 0, 0), (10, 50, 7), (40, 40, 17)):
        place = there.TransformIndexToPhysicalPoint(index)
        assert back[back.TransformPhysicalPointToIndex(place)] == there[index]
    assert sitk.GetArrayViewFromImage(back).shape == sitk.GetArrayViewFromImage(there).shape


def test_it_goes_into_slicers_database_once(module, database, scene, tmp_path, monkeypatch, host, workplace):
    computed_in(module, loaded(scene, tmp_path))
    assert module.ui.exportDatabaseButton.enabled
    for words in ("18 images that say", "already"):
        pressed(module.ui.exportDatabaseButton, monkeypatch)
        assert words in host.messages[-1][1]
    assert len(headers(tmp_path / "database")) == 3 * SLICES
    assert not list(workplace.glob("CTEnhanceExport-*"))


def test_a_part_of_a_series_names_its_source_images_too(module, database, scene, tmp_path, monkeypatch):
    import slicer

    from CTEnhanceLib.scene.box_volume import box_volume

    measured = loaded(scene, tmp_path)
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    bounds = [0.0] * 6
    measured.GetRASBounds(bounds)
    roi.SetCenter(*[(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)])
    roi.SetSize(10, 10, 20)
    computed_in(module, box_volume(measured, roi))
    (tmp_path / "out").mkdir()
    pressed(module.ui.exportFolderButton, monkeypatch, tmp_path / "out")
    found = headers(tmp_path / "out")
    assert found
    assert all(header.StudyInstanceUID == "2.25.1" and header.Columns < 96 for header in found)
    assert slicer.mrmlScene is scene


@pytest.mark.parametrize(("answer", "folders"), [(True, 1), (False, 0)])
@pytest.mark.parametrize("lost", ["no DICOM", "a file", "the volume", "the database"])
def test_where_source_images_are_missing_it_is_said_before(
    module, database, scene, tmp_path, monkeypatch, host, lost, answer, folders
):
    measured = loaded(scene, tmp_path)
    if lost == "no DICOM":
        measured.SetAttribute("DICOM.instanceUIDs", None)
    computed_in(module, measured)
    if lost == "a file":
        (tmp_path / "disk" / "IM0003.dcm").unlink()
    if lost == "the volume":
        scene.RemoveNode(measured)
    database.isOpen = lost != "the database"
    host.answers["confirmOkCancelDisplay"] = answer
    (tmp_path / "out").mkdir()
    pressed(module.ui.exportFolderButton, monkeypatch, tmp_path / "out")
    asked = next(text for kind, text in host.messages if kind == "confirmOkCancelDisplay")
    assert "anonymous study" in asked
    assert len(list((tmp_path / "out").iterdir())) == folders
    for header in headers(tmp_path / "out"):
        assert "SourceImageSequence" not in header
        assert header.PatientName == "Anonymous"
        assert list(header.ImageType)[:2] == ["DERIVED", "SECONDARY"]


def test_the_panel_warns_of_slicers_own_export(module, database, scene, tmp_path):
    assert module.ui.exportWidget.isHidden()
    computed_in(module, loaded(scene, tmp_path))
    assert not module.ui.exportWidget.isHidden()
    assert "ORIGINAL" in module.ui.exportWarningLabel.text


def test_without_a_database_only_the_folder_is_offered(module, scene, wrist):
    computed_in(module, wrist)
    assert module.ui.exportFolderButton.enabled
    assert not module.ui.exportDatabaseButton.enabled


def test_a_database_that_takes_only_some_images_is_said(module, database, scene, tmp_path, monkeypatch, host):
    computed_in(module, loaded(scene, tmp_path))
    whole = database.take
    monkeypatch.setattr(
        database, "take", lambda folder, copy: (next(Path(folder).iterdir()).unlink(), whole(folder, copy))
    )
    pressed(module.ui.exportDatabaseButton, monkeypatch)
    assert "took 17 of 18 images" in host.messages[-1][1]


def test_a_full_disk_is_one_sentence(module, database, scene, tmp_path, monkeypatch, host):
    from full_disk import full_disk

    computed_in(module, loaded(scene, tmp_path))
    (tmp_path / "out").mkdir()
    with full_disk(2000):
        pressed(module.ui.exportFolderButton, monkeypatch, tmp_path / "out")
    assert host.messages[-1][0] == "errorDisplay"
    assert "could not be written" in host.messages[-1][1]
    assert list((tmp_path / "out").iterdir()) == []
