from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import SimpleITK as sitk

from CTEnhanceLib.cli import COMMANDS, main
from stacks import random_stack_folder


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "usage: ctenhance" in capsys.readouterr().out


def test_opening_the_package_and_the_help_import_nothing_heavy() -> None:
    """A panel imports the package when Slicer starts; torch may even be missing."""
    heavy = "torch skimage matplotlib statsmodels pydicom lightning"
    code = (
        "import sys, CTEnhanceLib, CTEnhanceLib.cli, CTEnhanceLib.model.folder\n"
        "CTEnhanceLib.cli.build_parser()\n"
        f"print([m for m in '{heavy}'.split() if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_an_internal_error_says_so_and_keeps_the_trace(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("CTEnhanceLib.commands.models.installed_models", broken)
    assert main(["models"]) == 1
    errors = capsys.readouterr().err
    assert "Traceback" in errors
    assert errors.splitlines()[-1].startswith("ctenhance: Internal error (ZeroDivisionError: on purpose)")


def test_models_are_listed_verified_and_refused_when_changed(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = random_stack_folder(tmp_path / "tiny")
    assert main(["models", "verify", str(folder)]) == 0
    assert "1 generators load" in capsys.readouterr().out
    assert main(["models", "list", str(folder)]) == 0
    assert "sha256" in capsys.readouterr().out
    (folder / "LICENSE").write_text("changed")
    assert main(["models", "verify", str(folder)]) == 4


def test_thicken_writes_thick_slices(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    import numpy as np

    thin = sitk.GetImageFromArray(np.random.default_rng(0).normal(0, 300, (18, 8, 8)).astype(np.int16))
    sitk.WriteImage(thin, str(tmp_path / "thin.nrrd"))
    call = ["thicken", str(tmp_path / "thin.nrrd")]
    assert main([*call, str(tmp_path / "thick.mha"), "--thickness", "3"]) == 0
    assert sitk.ReadImage(str(tmp_path / "thick.mha")).GetSize() == (8, 8, 6)
    assert main([*call, str(tmp_path / "t.nrrd"), "--thickness", "3", "--profile", "triangle", "--fwhm", "2.7"]) == 0
    assert main([*call, str(tmp_path / "t2.nrrd"), "--thickness", "0.1"]) == 3
    assert "1 mm apart" in capsys.readouterr().err
    assert not (tmp_path / "t2.nrrd").exists()
