"""Every odd series comes out right or is refused by a short sentence that names it; none becomes a wrong picture."""

from __future__ import annotations

import re

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib.dicom import read_series
from CTEnhanceLib.errors import InputRefusedError
from odd_series import CASES, SCALES, Case, ankle, phantom


@pytest.fixture(scope="module", params=["phantom", "ankle"])
def anatomy(request) -> np.ndarray:
    return phantom() if request.param == "phantom" else ankle(request.getfixturevalue("data_dir"))


def _right_or_refused(case: Case, folder, values: np.ndarray) -> None:
    case.write(folder, values)
    if not case.expected:
        assert (sitk.GetArrayFromImage(read_series(folder)) == values).all()
        return
    with pytest.raises(InputRefusedError) as caught:
        read_series(folder)
    sentence = str(caught.value)
    assert re.search(case.expected, sentence), sentence
    assert len(sentence) < 300
    assert sentence.isprintable()
    assert sentence.endswith(".")
    assert folder.name in sentence or re.search(r"IM\d{4}", sentence), sentence
    assert not re.search("Secret|Person|4711|4712", sentence), sentence


@pytest.mark.parametrize("name", CASES)
def test_an_odd_series_is_right_or_refused(name, tmp_path):
    _right_or_refused(CASES[name], tmp_path / "odd folder", phantom())


@pytest.mark.parametrize("name", SCALES)
def test_an_odd_scale_is_right_or_refused(name, tmp_path, anatomy):
    _right_or_refused(SCALES[name], tmp_path / "odd folder", anatomy)
