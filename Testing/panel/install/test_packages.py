"""Installing packages, without installing any."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def requirements(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("# a comment\n\n--no-index\nnumpy>=1.0\nno-such-package>=2\n")
    return path


@pytest.fixture
def installed(host, scene, monkeypatch):
    """What pip was asked for; PyTorch is there."""
    import slicer

    from CTEnhanceLib.panel.install import packages as dependencies

    asked = []
    monkeypatch.setattr(slicer.util, "pip_install", lambda wanted, **_: asked.append(wanted))
    monkeypatch.setattr(dependencies, "torch_is_missing", lambda: False)
    monkeypatch.setattr(dependencies.importlib.util, "find_spec", lambda name: None)  # Slicer before 5.12
    return asked


def test_only_what_is_missing_is_installed_after_asking(host, installed, requirements):
    from CTEnhanceLib.panel.install.packages import ensure_packages

    ensure_packages(requirements)
    assert installed == [["--only-binary", ":all:", "no-such-package>=2"]]
    assert "no-such-package" in host.messages[0][1]


def test_nobody_is_asked_when_all_is_there(host, installed, requirements):
    from CTEnhanceLib.panel.install.packages import ensure_packages

    requirements.write_text("numpy>=1.0\n")
    ensure_packages(requirements)
    assert installed == [] and host.messages == []


def test_who_declines_is_told_what_is_missing(host, installed, requirements):
    from CTEnhanceLib.errors import UsageError
    from CTEnhanceLib.panel.install.packages import ensure_packages

    host.answers["confirmOkCancelDisplay"] = False
    with pytest.raises(UsageError, match="press Enhance to be asked again"):
        ensure_packages(requirements)
    assert installed == []


def test_slicers_own_installer_is_used_where_there_is_one(host, scene, requirements, monkeypatch):
    import slicer

    from CTEnhanceLib.panel.install import packages as dependencies

    asked = []
    packaging = types.ModuleType("slicer.packaging")
    packaging.load_requirements = lambda path: Path(path).read_text()
    packaging.pip_ensure = lambda wanted, requester: asked.append((wanted, requester))
    monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
    monkeypatch.setattr(slicer, "packaging", packaging, raising=False)
    monkeypatch.setattr(dependencies.importlib.util, "find_spec", lambda name: object())
    dependencies.ensure_packages(requirements)
    assert asked == [(requirements.read_text(), "CTEnhance")]


def test_torch_comes_through_the_pytorch_extension(host, installed, requirements, monkeypatch):
    from CTEnhanceLib.panel.install import packages as dependencies

    asked = []

    class PyTorchUtilsLogic:
        def installTorch(self, **options):
            asked.append(options)
            return object()

    extension = types.SimpleNamespace(PyTorchUtilsLogic=PyTorchUtilsLogic)
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    monkeypatch.setattr(dependencies, "torch_is_missing", lambda: True)
    requirements.write_text("")
    dependencies.ensure_packages(requirements)
    assert asked == [{"askConfirmation": True, "torchVersionRequirement": ">=2.0"}]
    assert installed == []


def test_without_the_pytorch_extension_the_user_is_told_both_ways(host, installed, requirements, monkeypatch):
    from CTEnhanceLib.errors import UsageError
    from CTEnhanceLib.panel.install import packages as dependencies

    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    monkeypatch.setattr(dependencies, "torch_is_missing", lambda: True)
    requirements.write_text("")
    with pytest.raises(UsageError, match=r"Extensions Manager.*From a folder"):
        dependencies.ensure_packages(requirements)
    assert installed == []


def test_a_folder_of_wheels_is_installed_without_any_network(installed, requirements, tmp_path, monkeypatch):
    from CTEnhanceLib.panel.install import packages as dependencies

    monkeypatch.setattr(dependencies, "torch_is_missing", lambda: True)
    wheels = tmp_path / "mit Leerzeichen"
    wheels.mkdir()
    (wheels / "torch-2.9-cp312-none-linux.whl").touch()
    assert dependencies.install_from_folder(wheels, requirements) == ["no-such-package>=2", "torch>=2.0"]
    assert installed[0][:3] == ["--no-index", "--find-links", str(wheels)]


def test_a_folder_without_wheels_is_refused_with_how_to_make_one(installed, requirements, tmp_path):
    from CTEnhanceLib.errors import UsageError
    from CTEnhanceLib.panel.install.packages import install_from_folder

    with pytest.raises(UsageError, match="pip download"):
        install_from_folder(tmp_path, requirements)


def test_a_failed_installation_is_told_in_a_sentence(host, installed, requirements, monkeypatch):
    import slicer

    from CTEnhanceLib.errors import UsageError
    from CTEnhanceLib.panel.install.packages import ensure_packages

    def fail(_wanted, **_options):
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(slicer.util, "pip_install", fail)
    with pytest.raises(UsageError, match="could not be installed"):
        ensure_packages(requirements)


def test_prereleases_of_slicers_own_packages_will_do(host):
    from CTEnhanceLib.panel.install import packages as dependencies

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dependencies.metadata, "version", lambda name: "2.5.0rc1.dev7")
        assert dependencies.missing_requirements(["SimpleITK>=2.2"]) == []


def test_packages_that_slicer_brings_are_never_asked_for():
    lines = (REPOSITORY / "CTEnhance" / "Resources" / "requirements.txt").read_text().splitlines()
    names = {line.partition(">")[0] for line in lines if line and not line.startswith("#")}
    assert names.isdisjoint({"torch", "numpy", "scipy", "SimpleITK", "vtk", "pydicom", "requests"})


def test_opening_the_module_imports_nothing_heavy():
    program = f"""
import sys
sys.path.insert(0, {str(REPOSITORY / "Testing" / "host")!r})
from slicer_host import Host
Host().start().open_module()
heavy = ("torch", "SimpleITK", "scipy", "skimage", "matplotlib", "statsmodels", "pydicom", "safetensors")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
