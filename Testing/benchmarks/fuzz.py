"""Fuzz the readers of files that anyone may have written, guided by coverage (atheris): `make fuzz`.

python Testing/benchmarks/fuzz.py TARGET EXECUTIONS

Targets: `model` (model.json), `header` (the quick look at a DICOM header), `dicom` (the whole way of a DICOM file, as
far as its header goes), `volume` (headers of .nrrd, .nii, .mha). Each may refuse in its own way; any other exception is
a fault: libFuzzer then stops with the input. Executions done without a fault are counted in docs/reliability.json.
"""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

with atheris.instrument_imports(include=["CTEnhanceLib.files", "CTEnhanceLib.dicom", "CTEnhanceLib.model.spec"]):
    from CTEnhanceLib.dicom.checks import check_headers
    from CTEnhanceLib.dicom.folder import scan
    from CTEnhanceLib.dicom.folder.select import find_ct_series
    from CTEnhanceLib.dicom.tolerance import tolerant_of_headers
    from CTEnhanceLib.errors import InputRefusedError, ModelRefusedError
    from CTEnhanceLib.files import content
    from CTEnhanceLib.files.strict_json import parse_json
    from CTEnhanceLib.model.spec import ModelSpec

MODELS = Path(__file__).resolve().parents[2] / "CTEnhance" / "Resources" / "Models"
SUFFIXES = (".nrrd", ".nii", ".mha")
PLACE = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def model(data: bytes) -> None:
    """model.json: refused or used."""
    try:
        ModelSpec.from_json(parse_json(data))
    except (ValueError, ModelRefusedError):
        return


def header(data: bytes) -> None:
    """A DICOM header after its preamble: told apart, or left to pydicom."""
    try:
        scan._parse(b"\0" * 128 + b"DICM" + data)
    except (scan._Unusual, struct.error, ValueError):
        return


def dicom(data: bytes) -> None:
    """A DICOM file: its series found and its header checked, or one short sentence."""
    path = PLACE / "slice.dcm"
    path.write_bytes(b"\0" * 128 + b"DICM" + data)
    try:
        with tolerant_of_headers():
            check_headers(find_ct_series([path]))
    except InputRefusedError as error:
        assert len(str(error)) < 300
        assert str(error).isprintable()


def volume(data: bytes) -> None:
    """The header of a volume file: what it claims, or a refusal."""
    path = PLACE / ("v" + SUFFIXES[data[0] % len(SUFFIXES)] if data else "v.nrrd")
    path.write_bytes(data[1:])
    try:
        content.check_content(path)
    except InputRefusedError as error:
        assert len(str(error)) < 300
        assert str(error).isprintable()


TARGETS: dict[str, Callable[[bytes], None]] = {"model": model, "header": header, "dicom": dicom, "volume": volume}


def seeds(name: str, folder: Path) -> None:
    """Write whole files to begin with."""
    if name == "model":
        for number, path in enumerate(MODELS.glob("*/model.json")):
            (folder / str(number)).write_bytes(path.read_bytes())
        return
    import SimpleITK as sitk

    from odd_series import file_of, phantom, write_series

    if name in ("header", "dicom"):
        series = write_series(PLACE / "series", phantom()[:1, ::8, ::8])
        whole = file_of(series, 0)
        (folder / "0").write_bytes(whole.read_bytes()[132:])
        whole.unlink()
        series.rmdir()
        return
    for number, suffix in enumerate(SUFFIXES):
        path = PLACE / f"seed{suffix}"
        sitk.WriteImage(sitk.Image(8, 8, 8, sitk.sitkInt16), str(path))
        (folder / str(number)).write_bytes(bytes([number]) + path.read_bytes())


def main() -> None:
    """Fuzz one target for a number of executions."""
    name, runs = sys.argv[1], int(sys.argv[2])
    corpus = Path(tempfile.mkdtemp())
    seeds(name, corpus)
    target, done, began = TARGETS[name], 0, time.process_time()

    def counted(data: bytes) -> None:
        nonlocal done
        target(data)
        done += 1
        if done >= runs:
            from reliability import record_fuzz

            record_fuzz(name, done)
            print(f"{name}: {done:,} executions without a fault, {time.process_time() - began:.0f} s of one core")
            sys.stdout.flush()
            os._exit(0)  # libFuzzer itself ends without running what comes after it

    words = [str(corpus), "-max_len=6000", "-timeout=10", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=0"]
    atheris.Setup(["fuzz", *words], counted)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
