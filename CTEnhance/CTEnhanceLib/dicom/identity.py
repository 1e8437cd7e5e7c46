"""One Series Instance UID should stand for one scan; where it holds two, there is no one volume to compute from."""

from __future__ import annotations

from itertools import groupby

from CTEnhanceLib.dicom.header import SliceHeader
from CTEnhanceLib.errors import InputRefusedError, shown

_IN_STEPS = ("acquisitions", "times")
# fewer blocks than this are two scans under one name rather than the steps of one scan
_MIN_STEPS = 3


def check_one_scan(headers: list[SliceHeader]) -> None:
    """Refuse slices that differ in patient, study, frame of reference, kernel, tube voltage or patient position.

    Args:
        headers: Headers of one series, in any order.

    Raises:
        InputRefusedError: Naming what differs and two files that differ in it; never the patient.
    """
    for what in headers[0].shared:
        if what not in _IN_STEPS:
            _check_shared(headers, what)


def check_one_acquisition(headers: list[SliceHeader]) -> None:
    """Refuse slices of two acquisitions (PS3.3 C.7.6.1) or times, between which the patient moves and contrast flows.

    A scanner that moves the table step by step numbers the steps: those are three or more, each a block of neighbouring
    slices, and make one volume.

    Args:
        headers: Headers of one series along the slice axis.

    Raises:
        InputRefusedError: Naming two files of different acquisitions or times.
    """
    for what in _IN_STEPS:
        numbers = [header.shared[what] for header in headers]
        blocks = len(list(groupby(numbers)))
        if blocks == len(set(numbers)) >= _MIN_STEPS:
            continue
        _check_shared(headers, what)


def _check_shared(headers: list[SliceHeader], what: str) -> None:
    first = headers[0]
    kinds = {header.shared[what] for header in headers}
    if len(kinds) == 1:
        return
    other = next(header for header in headers if header.shared[what] != first.shared[what])
    raise InputRefusedError(
        f"The series holds slices of {len(kinds)} {what} ({shown(first.path.name)} and {shown(other.path.name)} "
        "differ), which make no one volume; put the files of one into a folder of their own."
    )
