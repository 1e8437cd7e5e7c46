"""The check of the installation: what is missing, half installed or does not fit, and what to press."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.fixture
def section(module):
    module.ui.installationCollapsibleButton.blockSignals(True)
    return module.panel.installation


def finding(package, state, version="2.9", detail=""):
    from CTEnhanceLib.panel.install.check import Finding

    return Finding(package, state, version, detail)


def test_here_everything_is_there_and_works():
    done = subprocess.run(
        [sys.executable, "-m", "CTEnhanceLib.panel.install.check"], capture_output=True, text=True, check=True
    )
    states = {each["package"]: each["state"] for each in json.loads(done.stdout)["packages"]}
    assert states.pop("torch") in ("ok", "no bridge")
    assert set(states.values()) == {"ok"}


@pytest.mark.parametrize(
    ("package", "state", "detail", "words"),
    [
        ("torch", "missing", "", "press Repair. Slicer gets it through its PyTorch extension"),
        ("safetensors", "missing", "", "safetensors is not installed: press Repair"),
        ("torch", "broken", "OSError: libtorch.so", "only in part, or lacks a library (OSError: libtorch.so)"),
        ("numpy", "broken", "ImportError: x", "belongs to Slicer and cannot be used (ImportError: x): reinstall"),
        ("torch", "old", "", "2.9 is too old"),
        ("torch", "no bridge", "", "was built for an older NumPy"),
        ("network", "no network", "URLError: timed out", "cannot be downloaded from here (URLError: timed out)"),
        ("torch", "long path", "C:/" + "x" * 200, "has 203 characters"),
    ],
)
def test_each_finding_is_said_in_words(host, package, state, detail, words):
    from CTEnhanceLib.panel.install.words import sentence

    assert words in sentence(finding(package, state, detail=detail))


def test_a_torch_with_half_of_its_files_is_found(tmp_path, monkeypatch):
    """What an interrupted installation leaves: the list of packages knows it, its import fails."""
    from CTEnhanceLib.panel.install.check import _look_at

    (tmp_path / "halftorch").mkdir()
    (tmp_path / "halftorch" / "__init__.py").write_text("raise OSError('libtorch_cpu.so: cannot open')")
    (tmp_path / "halftorch-2.0.dist-info").mkdir()
    (tmp_path / "halftorch-2.0.dist-info" / "METADATA").write_text("Name: halftorch\nVersion: 2.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = _look_at("halftorch", "1.0")
    assert (found.state, found.version) == ("broken", "2.0") and "libtorch_cpu.so" in found.detail


def test_the_network_is_asked_only_when_something_has_to_be_installed(monkeypatch):
    from CTEnhanceLib.panel.install import check

    asked = []
    monkeypatch.setattr(check, "network_trouble", lambda: asked.append(1) or "URLError: no route")
    monkeypatch.setattr(check, "PACKAGES", {"numpy": "1.0"})
    assert [finding.state for finding in check.find()] == ["ok"] and not asked
    monkeypatch.setattr(check, "PACKAGES", {"no_such_package": "1.0"})
    assert [finding.state for finding in check.find()] == ["missing", "no network"]


def test_a_long_folder_on_windows_is_too_long():
    from CTEnhanceLib.panel.install.check import too_long_for_torch

    assert too_long_for_torch("C:\\" + "x" * 120, "win32")
    assert not too_long_for_torch("C:\\Slicer", "win32") and not too_long_for_torch("/" + "x" * 200, "linux")


def test_pressing_check_says_what_was_found_and_the_report_names_no_patient(host, section, module):
    import slicer

    module.ui.checkInstallationButton.click()
    assert host.wait(lambda: not section.is_checking, 120)
    assert "Everything that a run needs is there" in module.ui.installationLabel.text
    module.ui.copyInstallationButton.click()
    report = slicer.app.clipboard().text()
    assert "discourse.slicer.org" in report and "numpy: ok" in report


def test_repair_removes_what_is_broken_and_installs_it_again(host, section, module, monkeypatch):
    import slicer

    from CTEnhanceLib.panel.install import packages

    asked = []
    monkeypatch.setattr(slicer.util, "pip_uninstall", lambda wanted: asked.append(("remove", wanted)), raising=False)
    monkeypatch.setattr(packages, "_install_torch", lambda: asked.append("torch"))
    monkeypatch.setattr(packages, "_ensure_requirements", lambda _path: None)
    section.findings = [finding("numpy", "ok"), finding("torch", "broken", detail="OSError")]
    module.ui.repairInstallationButton.click()
    assert asked == [("remove", ["torch"]), "torch"]
    assert "Restart Slicer" in module.ui.installationLabel.text


def test_repair_never_touches_slicers_own_packages(host, section, module, monkeypatch):
    from CTEnhanceLib.panel.install import packages

    monkeypatch.setattr(packages, "ensure_packages", lambda _path: None)
    assert packages.repair([finding("numpy", "broken")], "requirements.txt") == []
