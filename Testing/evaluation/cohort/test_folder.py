from __future__ import annotations

import pytest

from CTEnhanceLib.errors import InputRefusedError
from CTEnhanceLib.evaluation.cohort.folder import read_cohort


@pytest.fixture
def cohort(tmp_path):
    for name in ("p1", "p2"):
        (tmp_path / name).mkdir()
        for series in ("thick", "thin"):
            (tmp_path / name / f"{series}.nrrd").touch()
    (tmp_path / "cohort.csv").write_text("patient,split\np1,training\np2,test\n")
    return tmp_path


def test_patients_come_in_the_order_of_the_sheet(cohort):
    patients = read_cohort(cohort)
    assert [(p.name, p.split) for p in patients] == [("p1", "training"), ("p2", "test")]
    assert patients[1].thin == cohort / "p2" / "thin.nrrd"


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("patient,split\np1,validation\n", "Line 2 .* 'validation': write training or test"),
        ("patient,split\np1,test\np3,test\n", "Line 3 .* 'p3'"),
        ("patient,split\n../p1,test\n", "'../p1'"),
        ("patient,group\np1,test\n", "no column 'split'"),
        ("patient,split\np1,test\np1,training\n", "'p1' twice"),
        ("patient,split\n", "lists no patient"),
    ],
)
def test_a_bad_sheet_is_refused_with_line_and_value(cohort, sheet, message):
    (cohort / "cohort.csv").write_text(sheet)
    with pytest.raises(InputRefusedError, match=message):
        read_cohort(cohort)


def test_a_folder_without_sheet_is_refused(tmp_path):
    with pytest.raises(InputRefusedError, match=r"cohort\.csv does not exist"):
        read_cohort(tmp_path)
