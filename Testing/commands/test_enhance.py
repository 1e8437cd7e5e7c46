from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import SimpleITK as sitk

import CTEnhanceLib
from CTEnhanceLib.cli import main
from stacks import random_stack_folder, with_uncertainty

SCHEMAS = Path(CTEnhanceLib.__file__).parent / "schemas"


def ct(size: tuple[int, ...] = (40, 36, 8), spacing: float = 3.0, dtype: type = np.int16) -> sitk.Image:
    values = np.random.default_rng(0).normal(100, 200, size[::-1])
    values[..., :5] = -1000
    image = sitk.GetImageFromArray(values.astype(dtype))
    image.SetSpacing([0.5] * (len(size) - 1) + [spacing])
    return image


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return random_stack_folder(tmp_path / "models" / "tiny")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with a space and letters beyond ASCII, as users have them."""
    folder = tmp_path / "Bilder Händchen 手"
    folder.mkdir()
    sitk.WriteImage(ct(), str(folder / "thick.nrrd"))
    return folder


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
def test_a_volume_goes_in_and_a_thin_one_comes_out(work: Path, model: Path, suffix: str) -> None:
    output = work / f"thin{suffix}"
    assert main(["enhance", str(work / "thick.nrrd"), str(output), "--model", str(model)]) == 0
    thin, thick = sitk.ReadImage(str(output)), sitk.ReadImage(str(work / "thick.nrrd"))
    assert thin.GetSize() == (40, 36, 24)
    assert thin.GetPixelID() == sitk.sitkInt16
    assert thin.GetSpacing() == pytest.approx((0.5, 0.5, 1.0), abs=1e-6)
    assert thin.GetOrigin() == pytest.approx((0, 0, -1), abs=1e-4)
    assert thin.GetDirection() == pytest.approx(thick.GetDirection(), abs=1e-6)
    assert sorted(p.name for p in work.iterdir()) == sorted(["thick.nrrd", output.name])


def test_no_output_may_be_the_input_or_another_output(
    work: Path, model: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = (work / "thick.nrrd").read_bytes()
    (work / "link.nrrd").symlink_to(work / "thick.nrrd")
    (work / "hard.nrrd").hardlink_to(work / "thick.nrrd")
    monkeypatch.chdir(work)
    thick = "thick.nrrd"
    for outputs in (
        [thick],
        [str(work / ".." / work.name / thick)],
        ["link.nrrd"],
        ["hard.nrrd"],
        ["o.nrrd", "--uncertainty", "./o.nrrd"],
        ["o.nrrd", "--report", "o.nrrd"],
        ["o.nrrd", "--report", thick],
        ["o.nrrd", "--uncertainty", "c.nrrd", "--report", str(work / "c.nrrd")],
    ):
        assert main(["enhance", thick, *outputs, "--model", str(model)]) == 2, outputs
        assert "are the same file" in capsys.readouterr().err
        assert (work / thick).read_bytes() == measured
    assert main(["thicken", thick, "link.nrrd", "--thickness", "6"]) == 2
    assert sorted(p.name for p in work.iterdir()) == ["hard.nrrd", "link.nrrd", thick]


def test_report_and_progress_lines_fit_their_schemas(work: Path, model: Path, capsys: pytest.CaptureFixture) -> None:
    words = ["--model", str(model), "--report", str(work / "r.json")]
    assert main(["enhance", str(work / "thick.nrrd"), str(work / "o.nrrd"), *words, "--progress", "json"]) == 0
    schema = json.loads((SCHEMAS / "progress.schema.json").read_text())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for line in lines:
        jsonschema.validate(line, schema)
    assert lines[0]["stage"] == "read"
    assert lines[-1]["stage"] == "write"
    assert [line["done"] for line in lines if line["stage"] == "enhance"][-1] == 24
    assert lines[-1]["seconds_left"] == 0.0
    jsonschema.validate(
        json.loads((work / "r.json").read_text(encoding="utf-8")),
        json.loads((SCHEMAS / "report.schema.json").read_text()),
    )


@pytest.mark.parametrize("option", ["--uncertainty", "--confidence"])
def test_the_uncertainty_is_written_under_its_new_and_its_old_option(work: Path, tmp_path: Path, option: str) -> None:
    model = with_uncertainty(random_stack_folder(tmp_path / "sure"))
    paths = [str(work / name) for name in ("thick.nrrd", "o.nrrd", "u.nrrd")]
    assert main(["enhance", *paths[:2], "--model", str(model), option, paths[2]]) == 0
    uncertainty, computed = sitk.ReadImage(paths[2]), sitk.ReadImage(paths[1])
    assert uncertainty.GetPixelID() == sitk.sitkFloat32
    assert uncertainty.GetSize() == computed.GetSize()
    assert sitk.GetArrayFromImage(uncertainty).min() > 0


def test_the_uncertainty_can_be_a_second_derived_series(work: Path, tmp_path: Path) -> None:
    import pydicom

    model = with_uncertainty(random_stack_folder(tmp_path / "sure"))
    words = [str(work / "thick.nrrd"), str(work / "o.nrrd"), "--model", str(model), "--uncertainty", str(work / "bars")]
    assert main(["enhance", *words]) == 0
    files = sorted(path for path in (work / "bars").rglob("*") if path.is_file())
    assert len(files) == 24
    header = pydicom.dcmread(files[0])
    assert list(header.ImageType)[:2] == ["DERIVED", "SECONDARY"]
    assert "uncertainty" in header.SeriesDescription


def test_a_model_that_has_no_uncertainty_refuses_it(work: Path, model: Path, capsys: pytest.CaptureFixture) -> None:
    words = [str(work / "thick.nrrd"), str(work / "o.nrrd"), "--model", str(model)]
    assert main(["enhance", *words, "--uncertainty", str(work / "u.nrrd")]) == 4
    assert "gives no uncertainty" in capsys.readouterr().err
    assert sorted(path.name for path in work.iterdir()) == ["thick.nrrd"]


def bad_inputs(folder: Path) -> dict[str, sitk.Image]:
    nan = sitk.GetArrayFromImage(ct(dtype=np.float32))
    nan[3, 3, 3] = np.nan
    not_a_number = sitk.GetImageFromArray(nan)
    not_a_number.SetSpacing([0.5, 0.5, 3.0])
    grey = sitk.GetImageFromArray(np.random.default_rng(0).integers(0, 255, (8, 36, 40)).astype(np.uint8))
    grey.SetSpacing([0.5, 0.5, 3.0])
    return {"2d": ct((40, 36)), "one": ct((40, 36, 1)), "nan": not_a_number, "grey": grey, "thin": ct(spacing=1.0)}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("2d", "2D image"),
        ("one", "single slice"),
        ("nan", "NaN"),
        ("grey", "not CT"),
        ("thin", "already thin"),
    ],
)
def test_an_input_that_cannot_be_worked_on_is_refused_in_one_sentence(
    work: Path, model: Path, capsys: pytest.CaptureFixture, name: str, words: str
) -> None:
    sitk.WriteImage(bad_inputs(work)[name], str(work / "bad.nrrd"))
    refused(work, ["enhance", str(work / "bad.nrrd"), str(work / "out.nrrd"), "--model", str(model)], 3, words, capsys)


def test_what_is_no_volume_is_refused(work: Path, model: Path, capsys: pytest.CaptureFixture) -> None:
    (work / "text.nrrd").write_text("not a volume")
    out = ["--model", str(model)]
    refused(work, ["enhance", str(work / "text.nrrd"), str(work / "o.nrrd"), *out], 3, "damaged or cut short", capsys)
    refused(work, ["enhance", str(work / "absent.nrrd"), str(work / "o.nrrd"), *out], 3, "does not exist", capsys)


def test_models_are_refused_with_their_own_exit_code(work: Path, model: Path, capsys: pytest.CaptureFixture) -> None:
    call = ["enhance", str(work / "thick.nrrd"), str(work / "o.nrrd"), "--model"]
    refused(work, [*call, "no-such-model"], 4, "no model", capsys)
    weights = model / "generator.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    refused(work, [*call, str(model)], 4, "sha256 differs", capsys)


def test_outputs_that_cannot_be_written_are_refused_before_computing(
    work: Path, model: Path, capsys: pytest.CaptureFixture
) -> None:
    call = ["enhance", str(work / "thick.nrrd")]
    refused(work, [*call, str(work / "no" / "o.nrrd"), "--model", str(model)], 6, "does not exist", capsys)
    refused(work, [*call, str(work / "o.jpeg"), "--model", str(model)], 6, "cannot be written", capsys)


def test_usage_errors_have_their_exit_code(work: Path, model: Path, capsys: pytest.CaptureFixture) -> None:
    call = ["enhance", str(work / "thick.nrrd"), str(work / "o.nrrd"), "--model", str(model)]
    refused(work, [*call, "--spacing", "-1"], 2, "positive", capsys)
    refused(work, [*call, "--fwhm", "0"], 2, "positive", capsys)
    refused(work, [*call, "--device", "abacus"], 2, "abacus", capsys)
    refused(work, ["enhance"], 2, "--help", capsys)
    refused(work, [*call, "--device", "cuda:77"], 5, "choose cpu", capsys)


def refused(work: Path, words: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture) -> None:
    before = sorted(work.rglob("*"))
    assert main(words) == code
    captured = capsys.readouterr()
    assert captured.err.startswith("ctenhance: ")
    assert captured.err.count("\n") == 1, "one line"
    assert sentence in captured.err
    assert "Traceback" not in captured.err
    assert sorted(work.rglob("*")) == before, "nothing is left behind"


def test_a_dicom_folder_comes_out_for_a_name_without_suffix(work: Path, model: Path) -> None:
    assert main(["enhance", str(work / "thick.nrrd"), str(work / "thin"), "--model", str(model)]) == 0
    assert len(list((work / "thin").iterdir())) == 24


def test_a_dicom_folder_that_holds_something_is_refused_before_computing(
    work: Path, model: Path, capsys: pytest.CaptureFixture
) -> None:
    (work / "mine").mkdir()
    (work / "mine" / "note.txt").write_text("precious")
    call = ["enhance", str(work / "thick.nrrd"), str(work / "mine"), "--model", str(model)]
    refused(work, call, 6, "not empty", capsys)


@pytest.fixture
def slow_run(work: Path, tmp_path: Path) -> list[str]:
    """A run of many seconds: a wide generator on a larger volume."""
    sitk.WriteImage(ct((256, 256, 60)), str(work / "large.nrrd"))
    described = {"context": 3, "width": 96, "depth": 2, "head": 96}
    from CTEnhanceLib.model.spec import GeneratorSpec

    generators = (GeneratorSpec("generator.safetensors", "context_unet", described, "any"),)
    folder = random_stack_folder(tmp_path / "models" / "wide", generators=generators)
    call = [sys.executable, "-u", "-m", "CTEnhanceLib", "enhance", str(work / "large.nrrd"), str(work / "o.nrrd")]
    return [*call, "--model", str(folder), "--progress", "json", "--precision", "fp32"]


def start(words: list[str], **arguments: object) -> subprocess.Popen:
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **arguments
    )
    for line in process.stdout:
        if json.loads(line)["stage"] == "enhance":
            return process
    raise AssertionError(process.stderr.read().decode())


def test_the_run_ends_before_it_is_done_when_its_lifeline_is_cut(work: Path, slow_run: list[str]) -> None:
    process = start([*slow_run, "--lifeline", "stdin"])
    assert os.getpgid(process.pid) == process.pid, "it has a process group of its own"
    process.stdin.close()
    rest = [json.loads(line)["stage"] for line in process.stdout]
    assert process.wait(timeout=60) == 130
    assert "write" not in rest, "it ended before it was done"
    assert sorted(p.name for p in work.iterdir()) == ["large.nrrd", "thick.nrrd"]


def test_without_a_lifeline_standard_input_is_not_read(work: Path, model: Path) -> None:
    call = [sys.executable, "-m", "CTEnhanceLib", "enhance", str(work / "thick.nrrd"), str(work / "o.nrrd")]
    done = subprocess.run([*call, "--model", str(model)], stdin=subprocess.DEVNULL, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (work / "o.nrrd").is_file()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_and_leaves_nothing(work: Path, slow_run: list[str], sent: signal.Signals) -> None:
    # whoever runs the tests in the background may have told all children to ignore SIGINT
    process = start(slow_run, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    process.send_signal(sent)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"cancelled" in errors
    assert sorted(p.name for p in work.iterdir()) == ["large.nrrd", "thick.nrrd"]


def test_slices_are_seen_while_the_run_goes_on_those_wanted_first_before_the_others(work: Path, model: Path) -> None:
    plain, other, folder = work / "plain.nrrd", work / "other.nrrd", work / "seen"
    call = ["enhance", str(work / "thick.nrrd")]
    assert main([*call, str(plain), "--model", str(model)]) == 0
    assert main([*call, str(other), "--model", str(model), "--first", "20", "--preview", str(folder)]) == 0
    assert plain.read_bytes() == other.read_bytes(), "the order changes no voxel"
    seen = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert {path.name for path in seen} == {f"{index}.npy" for index in range(24)}
    assert abs(int(seen[0].stem) - 20) <= 3
    one = np.load(seen[0])
    assert (one.shape, one.dtype) == ((36, 40), np.int16)
    assert main([*call, str(other), "--model", str(model), "--first", "-1"]) == 2
