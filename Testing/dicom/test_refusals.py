"""What is no CT volume is refused in one sentence that names it."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

from CTEnhanceLib.dicom import read_series
from CTEnhanceLib.errors import InputRefusedError


def refusal(folder) -> str:
    with pytest.raises(InputRefusedError) as caught:
        read_series(folder)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def setting(**values):
    """Give a change that sets attributes; a callable value gets the index of the slice."""

    def change(dataset, index):
        for name, value in values.items():
            setattr(dataset, name, value(index) if callable(value) else value)

    return change


def _drop(*names):
    def change(dataset, index):
        for name in names:
            del dataset[name]

    return change


def _at(*heights):
    return setting(ImagePositionPatient=lambda index: [0, 0, heights[index]])


TILT = np.radians(15)
CASES = {
    "MR is not CT": (setting(Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4"), "not CT .modality MR."),
    "scouts only": (setting(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), "localizer"),
    "a captured screen": (setting(SOPClassUID="1.2.840.10008.5.1.4.1.1.7"), "secondary capture"),
    "electron density": (setting(RescaleType="ED"), "holds ED images instead of slices in Hounsfield units"),
    "a perfusion map": (setting(ImageType=["DERIVED", "PRIMARY", "PERFUSION"]), "PERFUSION"),
    "a projection": (setting(ImageType=["DERIVED", "SECONDARY", "AXIAL", "MIP"]), "holds MIP images"),
    "no rescale": (_drop("RescaleSlope", "RescaleIntercept"), "no rescale slope"),
    "colour": (setting(SamplesPerPixel=3), "colour"),
    "no position": (_drop("ImagePositionPatient"), "no position"),
    "no pixel spacing": (_drop("PixelSpacing"), "no pixel spacing"),
    "two sizes": (setting(Rows=lambda index: 40 if index else 20), "differ in size .36 x 20 and 36 x 40"),
    "two pixel spacings": (setting(PixelSpacing=lambda i: [0.5, 0.4 if i else 0.45]), "pixel spacing .0.4 to 0.5"),
    "turning slices": (
        setting(ImageOrientationPatient=lambda i: [np.cos(i), round(np.sin(i), 8), 0, 0, 0, 1]),
        "parallel planes",
    ),
    "tilt that the positions show": (
        setting(ImageOrientationPatient=[1, 0, 0, 0, round(np.cos(TILT), 10), round(-np.sin(TILT), 10)]),
        "tilted by 15.0 degrees",
    ),
    "tilt that only the header states": (setting(GantryDetectorTilt=12), "gantry tilt of 12 degrees"),
    "slices shifted sideways": (
        setting(ImagePositionPatient=lambda index: [2.0 * (index in (0, 5)), 0, 3 * index]),
        "shifted sideways against each other by up to 1.3 mm",
    ),
    "one slice missing": (_at(0, 3, 6, 12, 15, 18), "1 slice is missing .first after 6.00 mm.* 3 mm apart"),
    "several slices missing": (_at(0, 3, 12, 15, 18, 24), "3 slices are missing"),
    "uneven": (_at(0, 3, 6, 10, 13, 16), r"unevenly spaced \(3 to 4 mm"),
    "mixed thickness": (setting(SliceThickness=lambda i: 3 if i < 4 else 5), "mixes slices of 3 mm and 5 mm"),
    "one position": (_at(*[7] * 6), "All 6 images lie at one position"),
    "two phases": (_at(0, 3, 6, 0, 3, 6), "2 images at each of 3 positions"),
    "one slice twice": (_at(0, 3, 6, 9, 9, 12), "1 slice is there twice"),
    "no pixels": (_drop("PixelData"), "no pixels"),
    "cut short": (setting(PixelData=b"\0" * 100), "damaged or cut short"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_series_is_refused_that_has(case, make_series):
    change, expected = CASES[case]
    sentence = refusal(make_series(change))
    assert re.search(expected, sentence), sentence


@pytest.mark.parametrize(("count", "expected"), [(1, "a single slice"), (3, "only 3 slices")])
def test_too_few_slices_are_refused(make_series, count, expected):
    assert expected in refusal(make_series(count=count))


def test_slices_that_were_resampled_out_of_a_tilt_are_taken(make_series):
    rows = [1, 0, 0, 0, round(np.cos(TILT), 10), round(-np.sin(TILT), 10)]
    normal = np.array([0, np.sin(TILT), np.cos(TILT)])
    change = setting(
        ImageOrientationPatient=rows,
        GantryDetectorTilt=15,
        ImagePositionPatient=lambda index: [round(x, 8) for x in normal * 3 * index],
    )
    assert read_series(make_series(change)).GetSpacing()[2] == pytest.approx(3)


def test_positions_rounded_by_a_scanner_are_taken(make_series):
    change = setting(ImagePositionPatient=lambda index: [0, 0, round(3.27 * index, 1)])
    assert read_series(make_series(change)).GetSpacing()[2] == pytest.approx(3.27, abs=0.02)


def test_several_series_are_named(make_series, tmp_path):
    make_series(name="both")
    folder = make_series(setting(SeriesInstanceUID="2.25.7", SeriesNumber=5), count=4, name="other")
    shutil.copytree(folder, tmp_path / "both" / "more")
    sentence = refusal(tmp_path / "both")
    assert "2 CT series" in sentence
    assert "number 4 'Handgelenk 3.0', 6 slices" in sentence
    assert "number 5 'Handgelenk 3.0', 4 slices" in sentence


@pytest.mark.parametrize("length", [140, 400, 900, 1500])
def test_a_last_slice_that_was_cut_off_anywhere_is_not_dropped_silently(make_series, length):
    folder = make_series()
    last = folder / "IM0001"
    last.write_bytes(last.read_bytes()[:length])
    refusal(folder)


def test_a_copied_file_is_noticed(make_series):
    folder = make_series()
    shutil.copy(folder / "IM0003", folder / "copy of IM0003")
    assert "there twice" in refusal(folder)


def test_what_holds_no_dicom_is_told_apart(tmp_path):
    assert "no folder" in refusal(tmp_path / "missing")
    assert "is empty" in refusal(tmp_path)
    note = tmp_path / "note.txt"
    note.write_text("not an image")
    assert "None of the 1 files" in refusal(tmp_path)
    assert "not a DICOM file" in refusal(note)


def test_a_transfer_syntax_that_nothing_decodes_is_named_with_the_remedy(make_series, tmp_path, save_slice, make_slice):
    from pydicom.encaps import encapsulate

    folder = tmp_path / "video"
    folder.mkdir()
    for index in range(4):
        dataset = make_slice(index)
        dataset.PixelData = encapsulate([b"\0" * 64])
        dataset["PixelData"].is_undefined_length = True
        save_slice(folder / str(index), dataset, "1.2.840.10008.1.2.4.100")
    sentence = refusal(folder)
    assert "MPEG2" in sentence
    assert "CTEnhance[dicom-codecs]" in sentence
