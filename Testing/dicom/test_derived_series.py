"""A computed series is the same when made again, keeps what is known of patient and study, and passes validators."""

from __future__ import annotations

import logging
import shutil
import subprocess

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib.dicom import read_series, write_derived_series
from CTEnhanceLib.errors import InputRefusedError, OutputError
from full_disk import full_disk

# one of each module that is kept
KEPT = {
    "PatientBirthTime": "083000",
    "OtherPatientIDs": ["A1", "B2"],
    "OtherPatientNames": "Maiden^Name",
    "EthnicGroup": "unknown",
    "PatientComments": "a comment",
    "PregnancyStatus": 1,
    "Allergies": "iodine",
    "MedicalAlerts": "pacemaker",
    "InstitutionName": "Klinik Überlingen",
    "InstitutionAddress": "Road 1",
    "TimezoneOffsetFromUTC": "+0100",
    "ClinicalTrialSponsorName": "sponsor",
    "ClinicalTrialSubjectID": "subject 7",
    "ClinicalTrialTimePointID": "week 6",
    "ClinicalTrialCoordinatingCenterName": "centre",
    "AdditionalPatientHistory": "fell on the hand",
    "AdmissionID": "4711-1",
    "PhysiciansOfRecord": "Doe^Jane",
    "ReasonForVisit": "pain",
    "ProtocolName": "wrist",
    "PatientSex": "F",
    "PatientAge": "042Y",
}


def thin(values: np.ndarray | None = None) -> sitk.Image:
    if values is None:
        values = np.random.default_rng(0).integers(-1000, 2000, (12, 40, 36)).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.4, 0.5, 1.0))
    image.SetOrigin((-10.5, -20.25, 100.0))
    return image


def datasets(folder):
    import pydicom

    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def uids(folder) -> list[tuple[str, str]]:
    return [(dataset.SeriesInstanceUID, dataset.SOPInstanceUID) for dataset in datasets(folder)]


def test_a_second_run_is_the_same_series_and_another_run_is_another(make_series, tmp_path):
    source = make_series()
    report = {"seconds": 1.0, "model": {"detail": 0.0}}
    common = {"model": "context", "model_sha256": "ab" * 32}
    other_values = sitk.GetArrayFromImage(thin())
    other_values[3, 3, 3] += 1
    runs = {
        "first": (thin(), {**common, "report": report}),
        "second": (thin(), {**common, "report": {**report, "seconds": 2.0}}),
        "other model": (thin(), {**common, "model_sha256": "cd" * 32, "report": report}),
        "other option": (thin(), {**common, "report": {**report, "model": {"detail": 1.0}}}),
        "other voxels": (thin(other_values), {**common, "report": report}),
    }
    for name, (image, options) in runs.items():
        write_derived_series(image, tmp_path / name, source, **options)
    first = uids(tmp_path / "first")
    assert uids(tmp_path / "second") == first
    assert len({uid for _, uid in first}) == 12
    for name in ("other model", "other option", "other voxels"):
        assert not {uid for pair in uids(tmp_path / name) for uid in pair} & {uid for pair in first for uid in pair}, (
            name
        )
    assert all(len(uid) <= 64 and uid.startswith("2.25.") for pair in first for uid in pair)


def test_what_is_known_of_patient_study_and_trial_is_kept(make_series, tmp_path):
    from pydicom.dataset import Dataset

    def tell(dataset, index):
        for name, value in KEPT.items():
            setattr(dataset, name, value)
        other = Dataset()
        other.PatientID, other.TypeOfPatientID = "other", "TEXT"
        dataset.OtherPatientIDsSequence = [other]
        request = Dataset()
        request.RequestedProcedureID, request.ScheduledProcedureStepID = "R1", "S1"
        dataset.RequestAttributesSequence = [request]

    source = make_series(tell)
    write_derived_series(thin(), tmp_path / "out", source)
    measured, computed = datasets(source)[0], datasets(tmp_path / "out")[0]
    for name in (*KEPT, "OtherPatientIDsSequence", "RequestAttributesSequence"):
        assert computed[name].value == measured[name].value, name


def test_a_value_that_the_standard_does_not_allow_is_not_copied_but_said_without_the_value(
    make_series, tmp_path, caplog, recwarn
):
    def bend(dataset, index):
        dataset.add_new("StudyID", "SH", "more than sixteen characters")
        dataset.add_new("PatientAge", "AS", "secret age")

    source = make_series(bend)
    recwarn.clear()
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        write_derived_series(thin(), tmp_path / "out", source)
    computed = datasets(tmp_path / "out")[0]
    assert computed.StudyID == ""
    assert "PatientAge" not in computed
    (said,) = [record.getMessage() for record in caplog.records]
    assert "StudyID" in said
    assert "PatientAge" in said
    assert "secret" not in said
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (1, -1024), (1, -8192), (0.5, -1024)])
def test_the_rescale_is_that_of_the_measured_series(make_series, tmp_path, slope, intercept):
    def scale(dataset, index):
        values = np.frombuffer(dataset.PixelData, "<u2").astype(int) - 1024
        stored = (values - intercept) / slope
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept
        dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 15, 1
        dataset.PixelData = stored.astype("<i2").tobytes()

    source = make_series(scale)
    write_derived_series(thin(), tmp_path / "out", source)
    computed = datasets(tmp_path / "out")[0]
    assert (float(computed.RescaleSlope), float(computed.RescaleIntercept)) == (slope, intercept)
    found = sitk.GetArrayFromImage(read_series(tmp_path / "out"))
    assert (found == sitk.GetArrayFromImage(thin())).all()


def test_a_rescale_that_cannot_hold_whole_hounsfield_units_is_replaced(make_series, tmp_path):
    def scale(dataset, index):
        dataset.RescaleSlope = 0.7

    write_derived_series(thin(), tmp_path / "out", make_series(scale))
    assert float(datasets(tmp_path / "out")[0].RescaleSlope) == 1
    found = sitk.GetArrayFromImage(read_series(tmp_path / "out"))
    assert (found == sitk.GetArrayFromImage(thin())).all()


@pytest.mark.parametrize("room", [0, 1000, 3000])
def test_on_a_full_disk_one_sentence_is_said_and_nothing_is_left(tmp_path, room, capsys):
    with full_disk(room), pytest.raises(OutputError, match="could not be written"):
        write_derived_series(thin(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == ""


def errors_of(program: str, *files: str) -> list[str]:
    done = subprocess.run([program, *files], capture_output=True, text=True, errors="replace", check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]


NO_VALIDATORS = pytest.mark.skipif(
    not (shutil.which("dciodvfy") and shutil.which("dcentvfy")),
    reason="dicom3tools are not installed (apt-get install dicom3tools)",
)
WORDS_OF_THE_SECOND = "uncertainty of the computed slices, HU"


def check_with_validators(image: sitk.Image, folder, place) -> None:
    """Write a volume and its uncertainty; neither may have an error, nor may they differ about the study."""
    for name, words in (("out", ""), ("uncertainty", WORDS_OF_THE_SECOND)):
        facts = {"model": "context", "model_sha256": "ab" * 32, "report": {"a": 1}}
        write_derived_series(image, place / name, folder, description=words, **facts)
    files = [sorted(str(path) for path in (place / name).iterdir()) for name in ("out", "uncertainty")]
    for file in (files[0][0], files[0][len(files[0]) // 2], files[0][-1], files[1][0], files[1][-1]):
        assert errors_of("dciodvfy", file) == [], file
    # two series of which the source is not known are two studies of nobody
    together = [files[0], files[1]] if folder is None else [[*files[0], *files[1]]]
    for group in together:
        assert errors_of("dcentvfy", *group) == []


@NO_VALIDATORS
@pytest.mark.parametrize("source", ["generated", "none"])
def test_the_validators_of_dicom3tools_find_no_error(make_series, tmp_path, source):
    check_with_validators(thin(), make_series() if source == "generated" else None, tmp_path)


@NO_VALIDATORS
def test_the_validators_find_no_error_in_what_is_made_of_any_real_series_that_is_read(data_dir, tmp_path):
    places = [data_dir / "dicom", *(path for path in sorted((data_dir / "dicom").rglob("*")) if path.is_dir())]
    read = 0
    for number, folder in enumerate(places):
        try:
            thick = read_series(folder)[:, :, :8]
        except InputRefusedError:
            continue
        read += 1
        grid = (thick.GetOrigin(), (*thick.GetSpacing()[:2], 1.0), thick.GetDirection())
        image = sitk.Resample(thick, (*thick.GetSize()[:2], 16), sitk.Transform(), sitk.sitkLinear, *grid, -1000.0)
        (tmp_path / str(number)).mkdir()
        check_with_validators(image, folder, tmp_path / str(number))
        measured = [str(path) for path in sorted(folder.rglob("*")) if path.is_file()]
        computed = [str(path) for path in sorted((tmp_path / str(number) / "out").iterdir())]
        assert errors_of("dcentvfy", *measured, *computed) == []
    assert read
