"""What befalls a run from outside: no memory, no disk to write to, no network; and what of the patient it lets out."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTEnhanceLib.cli import main
from CTEnhanceLib.errors import is_out_of_memory
from CTEnhanceLib.files.abandoned import PREFIX
from odd_series import phantom, write_series
from stacks import random_stack_folder

SECRETS = ("Secret", "4711", "19700101")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return random_stack_folder(tmp_path / "model")


def thick(path: Path, pixels: int = 48, slices: int = 8) -> Path:
    values = np.random.default_rng(0).normal(100, 200, (slices, pixels, pixels))
    values[..., :5] = -1000
    image = sitk.GetImageFromArray(values.astype(np.int16))
    image.SetSpacing((0.5, 0.5, 3.0))
    sitk.WriteImage(image, str(path))
    return path


LIMITED = """
import os, resource, sys
from CTEnhanceLib.cli import main
import CTEnhanceLib.dicom, CTEnhanceLib.enhancement.pipeline, torch, scipy.ndimage, SimpleITK
source, output, model, *rooms = sys.argv[1:]
words = ["enhance", source, output, "--model", model, "--device", "cpu"]
for room in rooms:
    child = os.fork()
    if not child:
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        limit = used + (int(room) << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        os._exit(main(words))
    print(room, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), os.path.exists(output), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="memory of a process is limited on Unix only")
def test_a_memory_limit_ends_a_run_in_one_sentence_and_without_a_file(tmp_path, model):
    source, output = thick(tmp_path / "thick.nrrd", 400), tmp_path / "thin.nrrd"
    rooms = ("1", "4", "10", "20", "40")
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(source), str(output), str(model), *rooms],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    ends = [line.split()[1:] for line in run.stdout.splitlines()]
    assert len(ends) == len(rooms), run.stderr
    # a volume that is too large for what is left is refused as input, before it is read
    assert all(end in (["5", "False"], ["3", "False"]) for end in ends), (ends, run.stderr)
    said = run.stderr.splitlines()
    assert len(said) == len(rooms), run.stderr
    assert all("emory" in line for line in said)
    assert not list(tmp_path.glob(f"{PREFIX}*"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("Failed to allocate memory for image."), True),
        (RuntimeError("can't start new thread"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_the_words_of_each_library_for_no_memory_are_known(error, expected):
    assert is_out_of_memory(error) is expected


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder where nobody can write, as /proc is")
@pytest.mark.parametrize("name", ["thin.nrrd", "thin.nii.gz", "thin.mha", "series"])
def test_where_nobody_can_write_a_run_ends_before_it_computes(tmp_path, model, name, capsys):
    source = thick(tmp_path / "thick.nrrd")
    for words in ([f"/proc/{name}"], [str(tmp_path / name), "--report", "/proc/report.json"]):
        assert main(["enhance", str(source), *words, "--model", str(model), "--device", "cpu"]) == 6
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "The folder /proc" in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "thick.nrrd"]


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="the superuser may write into any folder")
def test_a_folder_without_permission_is_said_before_computing(tmp_path, model, capsys):
    source, folder = thick(tmp_path / "thick.nrrd"), tmp_path / "locked"
    folder.mkdir(mode=0o555)
    assert main(["enhance", str(source), str(folder / "thin.nrrd"), "--model", str(model)]) == 6
    assert "write-protected" in capsys.readouterr().err


def _may_unshare() -> bool:
    found = shutil.which("unshare")
    return bool(found) and subprocess.run([found, "-n", "true"], capture_output=True, check=False).returncode == 0


def test_without_a_network_everything_runs(tmp_path, model):
    if not _may_unshare():
        pytest.skip("unshare -n is not permitted here")
    source = write_series(tmp_path / "disk", phantom()[:6, ::2, ::2])
    words = ["enhance", str(source), str(tmp_path / "out"), "--report", str(tmp_path / "report.html")]
    run = subprocess.run(
        ["unshare", "-n", sys.executable, "-m", "CTEnhanceLib", *words, "--model", str(model)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr


class Watch:
    """What this process opens, makes and connects to, told by Python's audit events; a hook cannot be taken away."""

    def __init__(self) -> None:
        self.on, self.paths, self.connections = False, [], []

    def __call__(self, event: str, arguments: tuple) -> None:
        if not self.on:
            return
        if event in ("open", "os.mkdir", "os.rename", "shutil.copyfile"):
            self.paths += [str(argument) for argument in arguments[:2]]
        elif event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request"):
            self.connections.append(event)


@pytest.fixture(scope="module")
def watch() -> Watch:
    made = Watch()
    sys.addaudithook(made)
    return made


@pytest.mark.parametrize("output", ["out.nrrd", "out"])
def test_no_patient_data_leave_by_logs_reports_or_temporary_names_and_nothing_is_asked_of_a_network(
    tmp_path, model, output, watch, capfd, caplog, monkeypatch
):
    caplog.set_level("DEBUG")
    source = write_series(tmp_path / "disk", phantom()[:6, ::2, ::2])
    monkeypatch.setattr(socket, "create_connection", None)
    for report in ("report.json", "report.html"):
        words = ["enhance", str(source), str(tmp_path / output), "--report", str(tmp_path / report)]
        watch.on = True
        try:
            assert main([*words, "--model", str(model), "--device", "cpu", "--progress", "json"]) == 0
        finally:
            watch.on = False
        if output == "out" and report == "report.json":
            shutil.rmtree(tmp_path / output)
    told = capfd.readouterr()
    texts = {
        "stdout": told.out,
        "stderr": told.err,
        "log": caplog.text,
        "paths": "\n".join(watch.paths),
        "json": (tmp_path / "report.json").read_text(encoding="utf-8"),
        "html": (tmp_path / "report.html").read_text(encoding="utf-8"),
    }
    if output == "out.nrrd":
        texts["volume"] = (tmp_path / output).read_bytes()[:4096].decode("latin-1")
    for name, text in texts.items():
        assert not [secret for secret in SECRETS if secret in text], name
    assert json.loads(texts["json"])["statement"]
    assert any(PREFIX in path for path in watch.paths)
    assert watch.connections == []
    watch.paths.clear()


def test_a_refusal_names_no_patient(tmp_path, model, capfd):
    def two(dataset, index):
        dataset.PatientName, dataset.PatientID = ("Secret^Person", "4711") if index else ("Other^Secret", "47112")

    source = write_series(tmp_path / "disk", phantom()[:6, ::2, ::2], two)
    assert main(["enhance", str(source), str(tmp_path / "out.nrrd"), "--model", str(model)]) == 3
    told = capfd.readouterr()
    assert "2 patients" in told.err
    assert not [secret for secret in SECRETS if secret in told.out + told.err]
