"""A computed series says that it is computed, from what, and comes back exactly as it went out."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from CTEnhanceLib.cli import main
from CTEnhanceLib.dicom import check_output_folder, read_series, write_derived_series
from CTEnhanceLib.errors import InputRefusedError, OutputError, UsageError
from stacks import random_stack_folder

TYPE_1 = [
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Modality",
    "ImageType",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelSpacing",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "RescaleIntercept",
    "RescaleSlope",
    "PixelData",
]
TYPE_2 = [
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
    "SeriesNumber",
    "PatientPosition",
    "PositionReferenceIndicator",
    "Manufacturer",
    "InstanceNumber",
    "SliceThickness",
    "KVP",
    "AcquisitionNumber",
]


def thin(values: np.ndarray | None = None, spacing=(0.4, 0.5, 1.0), origin=(-10.5, -20.25, 99.0)) -> sitk.Image:
    """A volume on the slices of the generated series, by default 1 mm slices over its whole extent."""
    if values is None:
        values = np.random.default_rng(0).integers(-1024, 3071, (18, 40, 36)).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    return image


def datasets(folder):
    import pydicom

    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def assert_same_volume(one: sitk.Image, other: sitk.Image) -> None:
    assert one.GetSize() == other.GetSize()
    assert np.allclose(one.GetOrigin(), other.GetOrigin(), atol=1e-4)
    assert np.allclose(one.GetSpacing(), other.GetSpacing(), atol=1e-6)
    assert np.allclose(one.GetDirection(), other.GetDirection(), atol=1e-6)
    assert (sitk.GetArrayFromImage(one) == sitk.GetArrayFromImage(other)).all()


@given(
    st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1),
    st.lists(st.floats(-500, 500), min_size=3, max_size=3),
    st.floats(0.3, 1.0),
    st.sampled_from([-3024, -1024]),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_written_volume_is_read_back_identically(tmp_path_factory, quaternion, origin, pixel, lowest):
    values = np.random.default_rng(1).integers(lowest, 3071, (5, 7, 6)).astype(np.int16)
    values[0, 0, 0] = lowest
    image = thin(values, (pixel, pixel * 1.1, 0.7), origin)
    rotation = sitk.VersorTransform()
    rotation.SetRotation((np.array(quaternion) / np.linalg.norm(quaternion)).tolist())
    image.SetDirection(rotation.GetMatrix())
    folder = tmp_path_factory.mktemp("out") / "Ä series"
    write_derived_series(image, folder, axis=2)
    assert_same_volume(read_series(folder), image)


def test_another_reader_sees_the_same_volume(tmp_path):
    image = thin()
    write_derived_series(image, tmp_path / "out")
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path / "out")))
    assert_same_volume(reader.Execute(), image)


@pytest.mark.parametrize("with_source", [True, False])
def test_every_image_has_what_the_standard_requires(make_series, tmp_path, with_source):
    write_derived_series(thin(), tmp_path / "out", make_series() if with_source else None)
    images = datasets(tmp_path / "out")
    assert len(images) == 18
    for number, dataset in enumerate(images):
        assert [name for name in TYPE_1 if name not in dataset or dataset[name].is_empty] == []
        assert [name for name in TYPE_2 if name not in dataset] == []
        assert dataset.InstanceNumber == number + 1
        assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
        assert dataset.SOPClassUID.name == "CT Image Storage"
    assert len({dataset.SOPInstanceUID for dataset in images}) == 18
    assert len({dataset.SeriesInstanceUID for dataset in images}) == 1


def test_the_derivation_names_the_detail_that_computed(make_series, tmp_path):
    report = {"model": {"name": "context", "detail": 0.25}}
    write_derived_series(thin(), tmp_path / "out", make_series(), model="context", report=report)
    (description,) = {dataset.DerivationDescription for dataset in datasets(tmp_path / "out")}
    assert "model context, detail 0.25 between accurate (0) and crisp (1)" in description


def test_the_images_are_marked_as_computed(make_series, tmp_path):
    report = {"model": "default", "größe": [1.5, None]}
    source = make_series()
    write_derived_series(thin(), tmp_path / "out", source, model="default", model_sha256="ab" * 32, report=report)
    dataset = datasets(tmp_path / "out")[3]
    assert list(dataset.ImageType) == ["DERIVED", "SECONDARY", "AXIAL"]
    assert dataset.SeriesDescription == "Handgelenk 3.0 [1 mm computed] research, not for diagnosis"
    assert "not for diagnosis" in dataset.DerivationDescription
    assert "ab" * 32 in dataset.DerivationDescription
    assert dataset.DerivationCodeSequence[0].CodeValue == "113085"
    assert dataset.BurnedInAnnotation == "NO"
    assert dataset.LossyImageCompression == "00"
    assert dataset.Manufacturer == "CTEnhance"
    assert [item.Manufacturer for item in dataset.ContributingEquipmentSequence] == ["ACME", "CTEnhance"]
    assert dataset.SliceThickness == dataset.SpacingBetweenSlices == 1
    kept = dataset.private_block(0x0099, "CTENHANCE")[0x01].value
    assert json.loads(kept.decode() if isinstance(kept, bytes) else kept) == report


def test_the_images_join_the_study_and_name_their_sources(make_series, tmp_path):
    source = make_series()
    write_derived_series(thin(), tmp_path / "out", source)
    measured = {float(d.ImagePositionPatient[2]): d for d in datasets(source)}
    first = measured[100.0]
    for dataset in datasets(tmp_path / "out"):
        assert dataset.StudyInstanceUID == first.StudyInstanceUID
        assert dataset.FrameOfReferenceUID == first.FrameOfReferenceUID
        assert dataset.PatientID == "4711"
        assert str(dataset.PatientName) == "Müller^Jörg"
        assert dataset.SeriesInstanceUID != first.SeriesInstanceUID
        (series,) = dataset.ReferencedSeriesSequence
        assert series.SeriesInstanceUID == first.SeriesInstanceUID
        assert len(series.ReferencedInstanceSequence) == 6
        height = float(dataset.ImagePositionPatient[2])
        expected = {d.SOPInstanceUID for z, d in measured.items() if abs(z - height) <= 7.5}
        assert {item.ReferencedSOPInstanceUID for item in dataset.SourceImageSequence} == expected


def test_the_frames_of_a_multi_frame_source_are_named(multi_frame, tmp_path):
    source = multi_frame([9.0, 0.0, 3.0, 6.0]).parent
    write_derived_series(thin(origin=(0, 0, 0)), tmp_path / "out", source)
    first = datasets(tmp_path / "out")[0]
    (item,) = first.SourceImageSequence
    assert item.ReferencedSOPInstanceUID == datasets(source)[0].SOPInstanceUID
    assert sorted(item.ReferencedFrameNumber) == [2, 3, 4]  # the frames at 0, 3 and 6 mm
    assert first.ConvolutionKernel == "B70"


def test_a_multi_frame_file_keeps_patient_and_study_through_the_command(multi_frame, tmp_path):
    import pydicom

    source = multi_frame([0.0, 3.0, 6.0, 9.0, 12.0, 15.0])
    model = random_stack_folder(tmp_path / "models" / "tiny")
    assert main(["enhance", str(source), str(tmp_path / "out"), "--model", str(model)]) == 0
    first, measured = datasets(tmp_path / "out")[0], pydicom.dcmread(source)
    for name in ("PatientName", "PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert first[name].value == measured[name].value, name
    assert first.SourceImageSequence[0].ReferencedSOPInstanceUID == measured.SOPInstanceUID


def test_without_a_source_the_study_is_anonymous_and_new(tmp_path):
    for name in ("one", "two"):
        write_derived_series(thin(), tmp_path / name)
    one, two = (datasets(tmp_path / name)[0] for name in ("one", "two"))
    assert one.StudyInstanceUID != two.StudyInstanceUID
    assert one.PatientID != two.PatientID
    assert str(one.PatientName) == "Anonymous"
    assert "SourceImageSequence" not in one


@pytest.mark.parametrize("axis", [0, 1])
def test_slices_that_are_not_stacked_along_the_third_axis_are_written_one_by_one(tmp_path, axis):
    values = np.random.default_rng(0).integers(-1000, 1500, (24, 30, 36)).astype(np.int16)
    spacing = [0.4, 0.4, 0.4]
    spacing[axis] = 0.5
    image = thin(values, tuple(spacing))
    write_derived_series(image, tmp_path / "out", axis=axis)
    (first, *_), count = datasets(tmp_path / "out"), image.GetSize()[axis]
    assert len(datasets(tmp_path / "out")) == count
    assert first.SeriesDescription.startswith("[0.5 mm computed]")
    assert (first.SliceThickness, list(first.PixelSpacing)) == (0.5, [0.4, 0.4])
    again = sitk.Resample(read_series(tmp_path / "out"), image, sitk.Transform(), sitk.sitkNearestNeighbor, -9999)
    assert np.array_equal(sitk.GetArrayFromImage(again), values)


@pytest.mark.parametrize(("highest", "bits", "intercept"), [(3071, 12, -1024), (3072, 16, 0), (20000, 16, 0)])
def test_the_twelve_bit_scale_is_taken_where_it_holds_the_values(tmp_path, highest, bits, intercept):
    image = thin(np.full((4, 40, 36), highest, dtype=np.int16))
    write_derived_series(image, tmp_path / "out")
    dataset = datasets(tmp_path / "out")[0]
    assert (dataset.BitsStored, dataset.RescaleIntercept) == (bits, intercept)
    assert (sitk.GetArrayFromImage(read_series(tmp_path / "out")) == highest).all()


def test_an_endless_description_is_cut_but_keeps_the_warning(tmp_path):
    write_derived_series(thin(), tmp_path / "out", description="Handgelenk rechts " * 9)
    told = datasets(tmp_path / "out")[0].SeriesDescription
    assert len(told) <= 64
    assert told.endswith("[1 mm computed] research, not for diagnosis")


def test_a_folder_in_use_can_be_told_before_a_long_run(tmp_path):
    check_output_folder(tmp_path / "new")
    (tmp_path / "old").mkdir()
    check_output_folder(tmp_path / "old")
    (tmp_path / "old" / "mine.txt").write_text("keep")
    with pytest.raises(OutputError, match="not empty"):
        check_output_folder(tmp_path / "old")


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(OutputError, match="not empty"):
        write_derived_series(thin(), tmp_path / "out")
    with pytest.raises(OutputError, match="is a file"):
        write_derived_series(thin(), tmp_path / "out" / "mine.txt")
    with pytest.raises(OutputError, match="does not exist"):
        write_derived_series(thin(), tmp_path / "missing" / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_volume_from_elsewhere_is_not_put_into_the_patients_study(make_series, tmp_path):
    source = make_series()
    for stranger in (thin(origin=(0, 0, 99)), thin(origin=(-10.5, -20.25, 300)), thin(spacing=(0.41, 0.5, 1))):
        with pytest.raises(UsageError, match="not derived from that series"):
            write_derived_series(stranger, tmp_path / "out", source)
    with pytest.raises(InputRefusedError, match="no folder"):
        write_derived_series(thin(), tmp_path / "out", tmp_path / "nowhere")
    assert not (tmp_path / "out").exists()
