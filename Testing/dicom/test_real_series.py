"""Real scanners' files: the ankle as it is published, odd series, every transfer syntax."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib.dicom import read_series
from CTEnhanceLib.dicom.header import read_headers
from CTEnhanceLib.dicom.pixels import stored_values, to_hounsfield
from CTEnhanceLib.errors import InputRefusedError

LOSSY_MEAN_ERROR = {"JPEGProcess1T": 25.0, "JPEGProcess2_4": 5.0, "JPEGProcess6_8": 5.0, "JPEGProcess10_12": 5.0}


def test_the_ankle_series_equals_its_published_volume(data_dir):
    image = read_series(data_dir / "dicom" / "sts_028_ankle_3p27mm")
    published = sitk.ReadImage(str(data_dir / "real_thick" / "sts_028_3p27mm.nrrd"))
    assert image.GetSize() == published.GetSize()
    assert np.allclose(image.GetOrigin(), published.GetOrigin(), atol=1e-4)
    assert np.allclose(image.GetSpacing(), published.GetSpacing(), atol=1e-6)
    assert np.allclose(image.GetDirection(), published.GetDirection(), atol=1e-9)
    assert (sitk.GetArrayViewFromImage(image) == sitk.GetArrayViewFromImage(published)).all()
    assert float(image.GetMetaData("0018|0050")) == pytest.approx(3.27)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ge_tilt_variable_spacing", "tilted by 18.5 degrees"),
        ("odd_series/siemens_gantry_tilt", "tilted by 14.0 degrees"),
        ("odd_series/two_slices_only", "not CT (modality MR)"),
        ("odd_series/enhanced_multiframe_ct.dcm", "holds ml/100ml/s images instead of slices"),
        ("odd_series", "2 CT series"),
        ("transfer_syntaxes", "All 16 images lie at one position"),
    ],
)
def test_an_odd_series_is_refused_by_name(data_dir, name, expected):
    with pytest.raises(InputRefusedError) as caught:
        read_series(data_dir / "dicom" / name)
    assert expected in str(caught.value)


def test_every_transfer_syntax_gives_the_same_hounsfield_units(data_dir):
    folder = data_dir / "dicom" / "transfer_syntaxes"
    reference = _hounsfield(folder / "CTImage.dcm")
    paths = sorted(folder.iterdir())
    assert len(paths) == 16
    for path in paths:
        error = np.abs(_hounsfield(path).astype(int) - reference).mean()
        kind = path.name.partition("_")[2]
        lossless = "Lossless" in kind or "Endian" in kind or "Process14" in kind or not kind
        limit = next((value for name, value in LOSSY_MEAN_ERROR.items() if kind.startswith(name)), 1.0)
        assert error <= (0 if lossless else limit), path.name


def _hounsfield(path) -> np.ndarray:
    (header,) = read_headers(path)
    stored, padding = stored_values(path)
    return to_hounsfield(stored[0], header.slope, header.intercept, padding)
