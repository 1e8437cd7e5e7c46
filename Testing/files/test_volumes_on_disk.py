"""A volume file is read whole or refused, and written whole or not at all."""

from __future__ import annotations

import gzip
import resource
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib.errors import InputRefusedError, OutputError
from CTEnhanceLib.files.abandoned import PREFIX
from CTEnhanceLib.files.atomic import appearing, check_writable, write_text
from CTEnhanceLib.files.volumes import read_volume_file, write_volume
from full_disk import full_disk

FORMATS = ("v.nrrd", "v.nii.gz", "v.mha")
PACKED = ("packed.nrrd", "packed.mha", "v.nii", "v.nii.gz")
# header and voxels in two files
APART = ("v.nhdr", "packed.nhdr", "v.mhd", "packed.mhd")


def volume(kind: type = np.int16) -> sitk.Image:
    values = np.random.default_rng(0).integers(-1000, 2000, (12, 40, 36)).astype(kind)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.4, 0.5, 3.0))
    image.SetOrigin((-3.5, 7.0, 100.0))
    return image


def write_any(path: Path, kind: type = np.int16) -> Path:
    sitk.WriteImage(volume(kind), str(path), useCompression="packed" in path.name)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputRefusedError) as caught:
        read_volume_file(path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert len(sentence) < 300
    return sentence


@pytest.mark.parametrize("kind", [np.int16, np.uint8, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("name", sorted({*FORMATS, *PACKED, *APART}))
def test_a_whole_file_is_read(tmp_path, name, kind):
    found = read_volume_file(write_any(tmp_path / name, kind))
    assert (sitk.GetArrayFromImage(found) == sitk.GetArrayFromImage(volume(kind))).all()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99, 0.9999])
@pytest.mark.parametrize("name", sorted({*FORMATS, *PACKED}))
def test_a_file_cut_short_is_refused(tmp_path, name, share):
    path = write_any(tmp_path / name)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    assert "damaged or cut short" in refusal(path) or "is cut short" in refusal(path)


@pytest.mark.parametrize("share", [0.5, 0.99])
@pytest.mark.parametrize("name", APART)
def test_voxels_cut_short_in_a_file_of_their_own_are_refused(tmp_path, name, share):
    path = write_any(tmp_path / name)
    (voxels,) = (each for each in tmp_path.iterdir() if each != path)
    raw = voxels.read_bytes()
    voxels.write_bytes(raw[: int(len(raw) * share)])
    assert "cut short" in refusal(path)


@pytest.mark.parametrize("name", ["v.nhdr", "v.mhd"])
def test_voxels_in_another_folder_or_missing_are_refused(tmp_path, name):
    path = write_any(tmp_path / name)
    (voxels,) = (each for each in tmp_path.iterdir() if each != path)
    text = path.read_text(encoding="latin-1")
    outside = tmp_path.parent / "outside.raw"
    outside.write_bytes(voxels.read_bytes())
    for wanted in (str(outside), "../outside.raw", "/dev/zero"):
        path.write_text(text.replace(voxels.name, wanted), encoding="latin-1")
        assert "in another folder" in refusal(path)
    path.write_text(text.replace(voxels.name, "gone.raw"), encoding="latin-1")
    assert "is missing" in refusal(path)


@pytest.mark.parametrize("suffix", [".vtk", ".gipl", ".hdr", ".tif"])
def test_a_format_in_which_nothing_tells_that_voxels_are_missing_is_refused(tmp_path, suffix):
    assert "cannot be told whether anything is missing" in refusal(write_any(tmp_path / f"v{suffix}"))


@pytest.mark.parametrize("name", ["v.nrrd", "packed.nrrd", "v.mha", "packed.mha", "v.nii", "v.nii.gz"])
def test_a_header_that_claims_less_than_is_there_is_refused(tmp_path, name):
    path = write_any(tmp_path / name)
    raw = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    if ".nii" in name:
        raw = raw[:44] + struct.pack("<h", 36) + raw[46:]
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    else:
        path.write_bytes(raw.replace(b"36 40 12", b"36 36 12", 1))
    assert "more voxels than its header claims" in refusal(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_voxel_of_a_nifti_file_that_is_no_number_is_refused_not_zeroed(tmp_path, kind, value):
    values = sitk.GetArrayFromImage(volume(kind))
    values[5, 3, 4] = value
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "v.nii.gz"))
    assert "hold no number" in refusal(tmp_path / "v.nii.gz")


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (268, 60.0, "qform and its sform"),
        (320, -3.0, "qform and its sform"),
        (320, 5.0, "one size by pixdim and another by srow"),
        (88, 9.0, "one size by pixdim and another by srow"),
        (112, float("nan"), "scale of values"),
        (116, 100.0, "scale of values"),
    ],
)
def test_a_nifti_header_that_readers_understand_in_two_ways_is_refused(tmp_path, name, place, value, words):
    path = write_any(tmp_path / name)
    raw = bytearray(gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes())
    if place == 116:
        raw[112:116] = bytes(4)
    raw[place : place + 4] = struct.pack("<f", value)
    path.write_bytes(gzip.compress(bytes(raw)) if name.endswith(".gz") else bytes(raw))
    assert words in refusal(path)


@pytest.mark.parametrize("angles", [(0.0, 0.0, 0.0), (0.3, -1.2, 2.0), (0.0, np.pi, 0.0)])
@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_a_nifti_file_in_any_orientation_is_read_where_it_was_written(tmp_path, angles, flip):
    turn = sitk.Euler3DTransform((0, 0, 0), *angles).GetMatrix()
    image = volume()
    image.SetDirection((np.reshape(turn, (3, 3)) * (1, 1, flip)).ravel().tolist())
    sitk.WriteImage(image, str(tmp_path / "v.nii.gz"))
    assert np.allclose(read_volume_file(tmp_path / "v.nii.gz").GetDirection(), image.GetDirection(), atol=1e-5)


@pytest.mark.parametrize("name", ["v.nii.gz", "packed.nrrd", "packed.mha"])
def test_a_changed_byte_in_packed_voxels_is_refused(tmp_path, name):
    path = write_any(tmp_path / name)
    raw = bytearray(path.read_bytes())
    raw[-len(raw) // 3] ^= 0x55
    path.write_bytes(raw)
    assert "damaged" in refusal(path)


HUGE = (
    b"NRRD0004\ntype: short\ndimension: 3\nsizes: %s\nencoding: %s\nendian: little\n"
    b"space: left-posterior-superior\nspace directions: (1,0,0) (0,1,0) (0,0,3)\nspace origin: (0,0,0)\n\n"
)


@pytest.mark.parametrize(
    ("sizes", "encoding", "body", "words"),
    [
        (b"30000 30000 4", b"raw", b"\0" * 5000, "30000 x 30000 x 4 voxels, which no CT has"),
        (b"19000 19000 4000", b"raw", b"\0" * 5000, "of memory are free|cut short"),
        (b"512 512 100", b"gzip", gzip.compress(b"\0" * 1000, mtime=0), "cut short"),
        (b"16 16 16", b"gzip", gzip.compress(b"\0" * (64 << 20), mtime=0), "more voxels than its header claims"),
        (b"-5 16 16", b"raw", b"\0" * 5000, "which no CT has"),
        (b"16 x 16", b"raw", b"\0" * 5000, "damaged"),
    ],
)
def test_a_header_that_claims_too_much_is_refused_before_room_is_made(tmp_path, sizes, encoding, body, words):
    path = tmp_path / "bomb.nrrd"
    path.write_bytes(HUGE % (sizes, encoding) + body)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert any(word in refusal(path) for word in words.split("|"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def _nifti_number(place: int, value: float) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        raw = bytearray(gzip.decompress(path.read_bytes()))
        raw[place : place + 4] = struct.pack("<f", value)
        path.write_bytes(gzip.compress(bytes(raw)))

    return spoil


def _text(old: str, new: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        raw = path.read_bytes()
        assert old.encode() in raw
        path.write_bytes(raw.replace(old.encode(), new.encode(), 1))

    return spoil


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("v.nii.gz", _nifti_number(80, float("nan"))),
        ("v.nii.gz", _nifti_number(88, float("inf"))),
        ("v.nii.gz", _nifti_number(88, 0.0)),
        ("v.nii.gz", _nifti_number(292, float("nan"))),
        ("v.nrrd", _text("(0,0,3)", "(0,0,nan)")),
        ("v.nrrd", _text("space origin: (-3.5", "space origin: (inf")),
        ("v.mha", _text("ElementSpacing = 0.4", "ElementSpacing = nan")),
        ("v.mha", _text("ElementSpacing = 0.4", "ElementSpacing = 0.0")),
        ("v.mha", _text("ElementSpacing = 0.4", "ElementSpacing = -.4")),
        ("v.nrrd", _text("(0,0,3)", "(0,0,3e30)")),
        ("v.nrrd", _text("(0,0,3)", "(0,0,500)")),
        ("v.nrrd", _text("space origin: (-3.5", "space origin: (1e30")),
    ],
)
def test_a_grid_that_is_no_number_is_refused(tmp_path, name, spoil):
    path = write_any(tmp_path / name)
    spoil(path)
    refusal(path)


def test_an_archive_is_to_be_unpacked_first(tmp_path):
    path = tmp_path / "series.zip"
    path.write_bytes(b"PK\3\4")
    assert "unpack it first" in refusal(path)


@pytest.mark.parametrize("name", ["V.NRRD", "V.MHA", "V.NII.GZ"])
def test_a_suffix_in_capitals_is_written_too(tmp_path, name):
    write_volume(volume(), tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (sitk.GetArrayFromImage(read_volume_file(tmp_path / name)) == sitk.GetArrayFromImage(volume())).all()


@pytest.mark.parametrize("room", [0, 100, 20_000])
@pytest.mark.parametrize("name", FORMATS)
def test_on_a_full_disk_nothing_appears_and_the_old_file_stays(tmp_path, name, room):
    path = tmp_path / name
    path.write_bytes(b"of yesterday")
    with full_disk(room), pytest.raises(OutputError) as caught:
        write_volume(volume(), path)
    assert name in str(caught.value)
    assert PREFIX not in str(caught.value)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [(name, b"of yesterday")]


def test_a_text_on_a_full_disk_does_not_appear(tmp_path):
    with full_disk(100), pytest.raises(OutputError, match=r"report\.json could not be written"):
        write_text("x" * 1000, tmp_path / "report.json")
    assert list(tmp_path.iterdir()) == []


WRITER = """
import sys, time
from CTEnhanceLib.files.atomic import appearing
with appearing(sys.argv[1]) as partial:
    partial.write_bytes(b"half")
    print("writing", flush=True)
    sys.stdin.read()
"""


def _writer(path: Path) -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"writing\n"
    return process


def test_what_a_killed_run_left_is_removed_by_the_next_and_a_living_run_is_let_be(tmp_path):
    killed, living = _writer(tmp_path / "one.nrrd"), _writer(tmp_path / "two.nrrd")
    try:
        killed.kill()
        killed.wait()
        assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 4
        (tmp_path / f"{PREFIX}old").mkdir()  # as a version without locks left it
        check_writable(tmp_path / "three.nrrd")
        assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 2
    finally:
        living.stdin.close()
        living.wait()
    assert [path.name for path in tmp_path.iterdir()] == ["two.nrrd"]


def test_two_runs_to_one_output_leave_one_whole_file(tmp_path):
    runs = [_writer(tmp_path / "same.nrrd") for _ in range(2)]
    for run in runs:
        run.stdin.close()
        assert run.wait() == 0
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("same.nrrd", b"half")]


def test_a_folder_appears_with_all_that_is_in_it(tmp_path):
    with appearing(tmp_path / "series") as partial:
        partial.mkdir()
        (partial / "one").write_text("1")
        assert not (tmp_path / "series").exists()
    assert [path.name for path in tmp_path.rglob("*")] == ["series", "one"]
