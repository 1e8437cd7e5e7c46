"""Headers that nobody vouches for: read, or refused in a short sentence; the quick look says what pydicom says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from CTEnhanceLib.dicom.folder.scan import quick_header
from CTEnhanceLib.dicom.folder.series import list_series
from CTEnhanceLib.dicom.header import read_headers
from CTEnhanceLib.errors import InputRefusedError
from odd_series import file_of, phantom, write_series

quickly = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    folder = write_series(tmp_path_factory.mktemp("whole") / "series", phantom()[:1, ::8, ::8])
    return file_of(folder, 0).read_bytes()


@st.composite
def damage(draw) -> list[tuple]:
    """Bytes replaced, cut out or put in at any place of the header."""
    kinds = st.sampled_from(["replace", "insert", "remove", "truncate", "copy"])
    return draw(
        st.lists(
            st.tuples(kinds, st.integers(0, 1400), st.binary(min_size=1, max_size=12), st.integers(1, 40)),
            min_size=1,
            max_size=4,
        )
    )


def damaged(raw: bytes, changes: list[tuple]) -> bytes:
    for kind, place, new, length in changes:
        if kind == "replace":
            raw = raw[:place] + new + raw[place + len(new) :]
        elif kind == "insert":
            raw = raw[:place] + new + raw[place:]
        elif kind == "remove":
            raw = raw[:place] + raw[place + length :]
        elif kind == "copy":
            raw = raw[:place] + raw[place : place + length] + raw[place:]
        else:
            raw = raw[:place]
    return raw


def looked_at(path: Path) -> None:
    """Read a header both ways; every refusal is a short sentence."""
    for read in (read_headers, lambda one: list_series([one])):
        try:
            read(path)
        except InputRefusedError as error:
            assert len(str(error)) < 300
            assert str(error).isprintable()
    quick_header(path)


@given(damage())
@quickly
def test_a_damaged_header_is_read_or_refused(tmp_path, whole, changes):
    path = tmp_path / "slice.dcm"
    path.write_bytes(damaged(whole, changes))
    looked_at(path)


@given(st.binary(max_size=300))
@quickly
def test_any_bytes_after_the_mark_of_dicom_are_read_or_refused(tmp_path, raw):
    path = tmp_path / "slice.dcm"
    path.write_bytes(b"\0" * 128 + b"DICM" + raw)
    looked_at(path)


@given(damage())
@quickly
def test_what_the_quick_look_says_of_class_and_series_pydicom_says_too(tmp_path, whole, changes):
    path = tmp_path / "slice.dcm"
    path.write_bytes(damaged(whole, changes))
    quick = quick_header(path)
    if quick is None:
        return
    try:
        (header,) = read_headers(path)
    except (InputRefusedError, ValueError):
        return
    assert (quick.sop_class, quick.series_uid) == (
        header.sop_class.strip("\0 "),
        header.series_uid.strip("\0 "),
    )
