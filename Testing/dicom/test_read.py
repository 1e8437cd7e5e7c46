"""A healthy series becomes a volume on the exact grid, however its files are called and stored."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from CTEnhanceLib.dicom import read_series
from CTEnhanceLib.errors import InputRefusedError


def test_slices_are_sorted_by_position_and_not_by_name(make_series):
    image = read_series(make_series())
    values = sitk.GetArrayFromImage(image)
    assert image.GetPixelID() == sitk.sitkInt16
    assert values.shape == (6, 40, 36)
    assert values[:, 15, 15].tolist() == [700, 701, 702, 703, 704, 705]
    assert values[0, 0, 0] == -1000


def test_the_grid_is_that_of_the_headers(make_series):
    image = read_series(make_series(interval=2.5))
    assert image.GetSpacing() == pytest.approx((0.4, 0.5, 2.5))
    assert image.GetOrigin() == pytest.approx((-10.5, -20.25, 100.0))
    assert image.GetDirection() == pytest.approx((1, 0, 0, 0, 1, 0, 0, 0, 1))


def test_facts_are_kept_and_the_patient_is_not(make_series):
    image = read_series(make_series())
    facts = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    assert float(facts["0018|0050"]) == 3.0
    assert facts["0018|1210"] == "B70"
    assert facts["0020|000e"] == "2.25.2"
    assert facts["0008|0060"] == "CT"
    assert not any("ller" in text or "4711" in text or "Handgelenk" in text for text in facts.values())


@given(
    st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1),
    st.permutations(range(5)),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_orientation_puts_every_voxel_where_its_header_says(make_series, quaternion, order):
    transform = sitk.VersorTransform()
    transform.SetRotation((np.array(quaternion) / np.linalg.norm(quaternion)).tolist())
    rotation = np.reshape(transform.GetMatrix(), (3, 3))
    first = np.array([5.0, -7.0, 11.0])

    def turn(dataset, index):
        dataset.ImageOrientationPatient = [round(x, 12) for x in (*rotation[:, 0], *rotation[:, 1])]
        dataset.ImagePositionPatient = [round(x, 10) for x in first + rotation[:, 2] * 3.0 * order[index]]

    image = read_series(make_series(turn, count=5))
    values = sitk.GetArrayFromImage(image)
    assert np.linalg.det(np.reshape(image.GetDirection(), (3, 3))) == pytest.approx(1)
    assert values[:, 15, 15].tolist() == [700 + order.index(k) for k in range(5)]
    corner = image.TransformContinuousIndexToPhysicalPoint((35.0, 39.0, 4.0))
    assert np.allclose(corner, first + rotation @ [35 * 0.4, 39 * 0.5, 12.0], atol=1e-6)


def test_subfolders_foreign_files_an_index_and_unusual_letters_in_paths_do_not_matter(make_series, tmp_path):
    folder = tmp_path / "Klinik Überlingen" / "日本"
    shutil.copytree(make_series(), folder / "disk 1")
    (folder / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    (folder / "readme.txt").write_text("no image")
    (folder / ".hidden").write_bytes(b"\0" * 128 + b"DICM")
    assert read_series(folder).GetSize() == (36, 40, 6)


def test_scouts_and_reports_beside_the_series_are_passed_over(make_series, make_slice, save_slice):
    folder = make_series()
    scout = make_slice(0)
    scout.ImageType, scout.SeriesInstanceUID = ["ORIGINAL", "PRIMARY", "LOCALIZER"], "2.25.9"
    save_slice(folder / "scout", scout)
    report = make_slice(0)
    report.SOPClassUID, report.Modality, report.SeriesInstanceUID = "1.2.840.10008.5.1.4.1.1.88.67", "SR", "2.25.8"
    del report.PixelData, report.Rows, report.Columns
    save_slice(folder / "dose", report)
    assert read_series(folder).GetSize() == (36, 40, 6)


def test_slope_intercept_and_padding_are_applied(make_series):
    def scale(dataset, index):
        stored = np.full((40, 36), 600, dtype="<i2")
        stored[0, 0], stored[0, 1], stored[0, 2] = -2000, 0, -1990
        dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 1, 16, 15
        dataset.RescaleSlope, dataset.RescaleIntercept = 2.5, -1000.5
        dataset.PixelPaddingValue = 63536  # -2000, written with the wrong sign as several scanners do
        dataset["PixelPaddingValue"].VR = "US"
        dataset.add_new("PixelPaddingRangeLimit", "SS", -1990)
        dataset.PixelData = stored.tobytes()

    values = sitk.GetArrayFromImage(read_series(make_series(scale)))
    assert values[2, 0, :4].tolist() == [-1024, -1000, -1024, 500]


def test_a_padding_value_among_tissue_does_not_punch_holes(make_series):
    def pad(dataset, index):
        dataset.add_new("PixelPaddingValue", "US", 1064)

    values = sitk.GetArrayFromImage(read_series(make_series(pad)))
    assert values[0, 9, 7] == 40


def test_a_file_without_preamble_is_read(make_series):
    folder = make_series()
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[132:])
    assert read_series(folder).GetSize() == (36, 40, 6)


def test_run_length_compression_changes_no_value(make_series):
    import pydicom

    folder = make_series()
    plain = sitk.GetArrayFromImage(read_series(folder))
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.compress(pydicom.uid.RLELossless)
        dataset.save_as(path)
    assert (sitk.GetArrayFromImage(read_series(folder)) == plain).all()


def test_headers_that_bend_the_standard_are_read_in_silence(make_series, recwarn, caplog):
    def bend(dataset, index):
        dataset.add_new("StudyID", "SH", "more than sixteen characters")
        dataset.add_new("AccessionNumber", "SH", "more than sixteen characters")

    folder = make_series(bend)
    recwarn.clear()
    caplog.clear()
    read_series(folder)
    assert [str(warning.message) for warning in recwarn] == []
    assert caplog.records == []


def test_a_multi_frame_file_is_a_volume(multi_frame):
    path = multi_frame([9.0, 0.0, 3.0, 6.0])
    for place in (path, path.parent):
        image = read_series(place)
        assert image.GetSpacing() == pytest.approx((0.4, 0.5, 3.0))
        assert sitk.GetArrayFromImage(image)[:, 15, 15].tolist() == [701, 702, 703, 700]
        assert float(image.GetMetaData("0018|0050")) == 3.0
        assert image.GetMetaData("0018|1210") == "B70"


def test_a_frame_that_nothing_describes_is_not_dropped(multi_frame):
    import pydicom

    path = multi_frame([0.0, 3.0, 6.0, 9.0, 12.0])
    whole = pydicom.dcmread(path)
    whole.PerFrameFunctionalGroupsSequence.pop()
    whole.save_as(path)
    with pytest.raises(InputRefusedError, match=r"multi.dcm states 5 frames and describes 4"):
        read_series(path)
