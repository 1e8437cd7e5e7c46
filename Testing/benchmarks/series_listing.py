"""How long it takes to list many DICOM series: python Testing/benchmarks/series_listing.py

A folder of generated CT slices (64 x 64 pixels, headers of about 1 kB), removed afterwards; only headers are read.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from CTEnhanceLib.dicom.folder.series import list_series
from odd_series import ct_dataset, file_of, phantom, save


def template(folder: Path) -> bytes:
    """The bytes of one slice, with marks for what differs from file to file."""
    dataset = ct_dataset(phantom()[:1, ::2, ::2][:, :64, :64], 0)
    dataset.SeriesInstanceUID, dataset.SOPInstanceUID = "2.25.700099999", "2.25.70009999988888"
    dataset.SeriesNumber, dataset.ImagePositionPatient = 7, [-10.5, -20.25, 77777]
    save(file_of(folder, 0), dataset)
    raw = file_of(folder, 0).read_bytes()
    file_of(folder, 0).unlink()
    return raw


def write(folder: Path, series: int, slices: int) -> None:
    raw = template(folder)
    for number in range(series):
        own = raw.replace(b"99999", b"%05d" % number)
        place = folder / f"{number:03d}"
        place.mkdir()
        for index in range(slices):
            one = own.replace(b"88888", b"%05d" % index).replace(b"77777", b"%05d" % (3 * index))
            (place / f"{index:05d}").write_bytes(one)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--slices", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), arguments.series, arguments.slices)
        began, before = time.monotonic(), time.process_time()
        found = list_series(Path(name))
        seconds, own = time.monotonic() - began, time.process_time() - before
    assert [one.slices for one in found] == [arguments.slices] * arguments.series
    assert all(one.interval == 3.0 for one in found)
    total = arguments.series * arguments.slices
    print(
        f"{total:,} files in {arguments.series} series listed in {seconds:.1f} s ({own:.1f} s of one core, "
        f"{platform.machine()}, {os.cpu_count()} cores)"
    )


if __name__ == "__main__":
    main()
