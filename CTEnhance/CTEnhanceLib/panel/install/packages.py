"""The Python packages that a run needs: asked for when they are needed, never at start-up.

torch comes through the PyTorch extension, which knows which build fits the graphics card. Behind a hospital's
firewall neither can be downloaded: a folder of wheels, prepared on another computer, takes their place.
"""

from __future__ import annotations

import importlib.util
import logging
import re
from importlib import metadata
from pathlib import Path

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.panel.install.check import LONG_PATH, SLICERS_OWN, Finding

logger = logging.getLogger(__name__)

REQUESTER = "CTEnhance"
TORCH_VERSIONS = ">=2.0"


def read_requirements(path: str | Path) -> list[str]:
    """The lines of a requirements.txt without comments and options."""
    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def missing_requirements(requirements: list[str]) -> list[str]:
    """Those that are not installed in a version that will do.

    Our requirements all read ``name>=version``; a release candidate of a later version will do.
    """
    missing = []
    for line in requirements:
        name, _separator, wanted = line.partition(">=")
        try:
            installed = metadata.version(name.strip())
        except metadata.PackageNotFoundError:
            missing.append(line)
            continue
        if _numbers(installed) < _numbers(wanted):
            missing.append(line)
    return missing


def _numbers(version: str) -> tuple[int, ...]:
    begin = re.match(r"[\d.]+", version.strip())
    return tuple(int(part) for part in begin[0].strip(".").split(".")) if begin else ()


def torch_is_missing() -> bool:
    """Whether torch would have to be installed (looked up, not imported)."""
    return importlib.util.find_spec("torch") is None


def ensure_packages(requirements_file: str | Path) -> None:
    """Install what is missing, after asking.

    Raises:
        UsageError: The user declined, or an installation failed; the sentence says what to do.
    """
    try:
        _ensure_requirements(requirements_file)
        if torch_is_missing():
            _install_torch()
    except UsageError:
        raise
    except Exception as error:  # pip reports in many ways; the log has the details
        logger.exception("Installing packages failed")
        raise UsageError(
            _(
                "The Python packages could not be installed ({error}). Without access to the internet, use "
                "Installation > From a folder."
            ).format(error=error)
        ) from error


def install_from_folder(folder: str | Path, requirements_file: str | Path) -> list[str]:
    """Install what is missing from wheels in a folder, without any network.

    Returns:
        What was installed; empty when nothing was missing.

    Raises:
        UsageError: The folder holds no wheels, or they do not fit.
    """
    wanted = missing_requirements(read_requirements(requirements_file))
    if torch_is_missing():
        wanted.append(f"torch{TORCH_VERSIONS}")
    if not wanted:
        return []
    if not any(Path(folder).glob("*.whl")):
        raise UsageError(_("{folder} holds no wheels (*.whl): {how}").format(folder=folder, how=wheels_advice()))
    try:
        # A list: the folder's name may hold spaces.
        slicer.util.pip_install(["--no-index", "--find-links", str(folder), "--only-binary", ":all:", *wanted])
    except Exception as error:
        raise UsageError(
            _("The wheels in {folder} do not fit ({error}): {how}").format(
                folder=folder, error=error, how=wheels_advice()
            )
        ) from error
    importlib.invalidate_caches()
    return wanted


def repair(findings: list[Finding], requirements_file: str | Path) -> list[str]:
    """Remove what is broken or too old and install it again, after asking; what is missing is installed.

    Args:
        findings: What the check found; nothing is done about Slicer's own packages.
        requirements_file: Path of requirements.txt.

    Returns:
        Names of what was installed anew; empty where nothing had to be done.

    Raises:
        UsageError: The user declined, or it failed; the sentence says what to do.
    """
    bad = [f.package for f in findings if f.is_fatal and f.package not in SLICERS_OWN and f.state != LONG_PATH]
    if not bad:
        ensure_packages(requirements_file)
        return []
    question = _("Remove what is there of {packages} and install it again? Slicer has to be restarted afterwards.")
    if not slicer.util.confirmOkCancelDisplay(question.format(packages=", ".join(bad)), REQUESTER):
        return []
    try:
        with slicer.util.WaitCursor():
            for name in bad:
                if is_installed(name):
                    slicer.util.pip_uninstall([name])
            importlib.invalidate_caches()
            _ensure_requirements(requirements_file)
            if "torch" in bad:
                _install_torch()
    except UsageError:
        raise
    except Exception as error:
        logger.exception("Repairing packages failed")
        raise UsageError(
            _(
                "{packages} could not be repaired ({error}): restart Slicer and press Repair before anything else, or "
                "use Installation > From a folder without access to the internet."
            ).format(packages=", ".join(bad), error=error)
        ) from error
    return bad


def is_installed(name: str) -> bool:
    """Whether Python's own list of packages holds it, whole or not."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def wheels_advice() -> str:
    """How to prepare the folder, for this Slicer's Python."""
    import sys

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return _(
        "on a computer with internet access, the same operating system and Python {version}, run "
        "'pip download --only-binary :all: torch safetensors -d wheels' and bring the folder 'wheels' here."
    ).format(version=version)


def _ensure_requirements(path: str | Path) -> None:
    missing = missing_requirements(read_requirements(path))
    if not missing:
        return
    if importlib.util.find_spec("slicer.packaging") is not None:  # Slicer 5.12 and later
        from slicer import packaging as slicer_packaging

        try:
            slicer_packaging.pip_ensure(slicer_packaging.load_requirements(path), requester=REQUESTER)
        except RuntimeError as error:
            raise UsageError(_declined()) from error
        return
    question = _("CTEnhance needs Python packages that are not installed: {packages}.\n\nInstall them now?")
    if not slicer.util.confirmOkCancelDisplay(question.format(packages=", ".join(missing)), REQUESTER):
        raise UsageError(_declined())
    with slicer.util.WaitCursor():
        slicer.util.pip_install(["--only-binary", ":all:", *missing])
    importlib.invalidate_caches()


def _install_torch() -> None:
    try:
        import PyTorchUtils
    except ImportError as error:
        raise UsageError(
            _(
                "CTEnhance computes with PyTorch: install the PyTorch extension (View > Extensions Manager), restart "
                "Slicer and press Enhance again. Without access to the internet, use "
                "Installation > From a folder."
            )
        ) from error
    torch = PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=True, torchVersionRequirement=TORCH_VERSIONS)
    if torch is None:
        raise UsageError(_declined())


def _declined() -> str:
    return _("The run needs these Python packages, and they were not installed; press Enhance to be asked again.")
