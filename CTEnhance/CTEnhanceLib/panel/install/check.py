"""Is everything there that a run needs, and does it work? Looked up in a process of its own.

Run as a program (``python -m CTEnhanceLib.panel.install.check``) it prints what it finds as one JSON line; so this
file imports neither Qt nor Slicer, and nothing else that may be broken before it is looked at.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from dataclasses import asdict, dataclass
from importlib import metadata

PACKAGES = {"numpy": "1.21", "scipy": "1.7", "SimpleITK": "2.2", "pydicom": "2.3", "safetensors": "0.4", "torch": "2.0"}
"""What a run imports, with the oldest version that will do."""
SLICERS_OWN = frozenset({"numpy", "scipy", "SimpleITK", "pydicom"})
MOST_CHARACTERS = 259
"""Windows refuses longer paths where long ones are not switched on (MAX_PATH)."""
_LONGEST_INSIDE_TORCH = 150
"""Characters of the longest path inside an installed torch."""

OK, MISSING, BROKEN, OLD, NO_BRIDGE, LONG_PATH = "ok", "missing", "broken", "old", "no bridge", "long path"
NO_NETWORK = "no network"
_NETWORK_SECONDS = 3.0


@dataclass(frozen=True)
class Finding:
    """What was found of one package.

    Attributes:
        package: Its name.
        state: ``ok``, ``missing``, ``broken`` (there, but it cannot be imported), ``old``, ``no bridge`` (torch built
            for NumPy 1 beside NumPy 2: works, as arrays are handed over another way), ``long path``, ``no network``.
        version: What is installed; empty when nothing is.
        detail: The error, where there is one.
    """

    package: str
    state: str
    version: str = ""
    detail: str = ""

    @property
    def is_fatal(self) -> bool:
        """Whether a run would fail."""
        return self.state in (MISSING, BROKEN, OLD, LONG_PATH)


def find() -> list[Finding]:
    """Look at every package, the ones that others need first."""
    findings = [_look_at(name, least) for name, least in PACKAGES.items()]
    torch = findings[-1]
    if torch.state == MISSING and too_long_for_torch(sys.prefix):
        findings.append(Finding("torch", LONG_PATH, detail=sys.prefix))
    if any(finding.state in (MISSING, BROKEN, OLD) for finding in findings):
        trouble = network_trouble()
        if trouble:
            findings.append(Finding("network", NO_NETWORK, detail=trouble))
    return findings


def network_trouble() -> str:
    """Why packages could not be downloaded; empty where they can. Asked only when something has to be installed."""
    try:
        from urllib.request import Request, urlopen

        from pip._internal.models.index import PyPI

        urlopen(Request(PyPI.simple_url, method="HEAD"), timeout=_NETWORK_SECONDS).close()
    except Exception as error:  # no pip, no name server, a firewall, a proxy that asks for a password, ...
        return f"{type(error).__name__}: {error}"
    return ""


def too_long_for_torch(folder: str, platform: str = sys.platform) -> bool:
    """Whether torch could not be installed below a folder because Windows allows no longer paths."""
    return platform == "win32" and len(folder) + _LONGEST_INSIDE_TORCH > MOST_CHARACTERS


def _look_at(name: str, least: str) -> Finding:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        version = ""
    try:
        known = importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        known = False
    if not known:
        # a folder without its package, or its package without the folder: half an installation
        return Finding(name, BROKEN if version else MISSING, version, "its files are not there" if version else "")
    try:
        module = importlib.import_module(name)
        version = version or str(getattr(module, "__version__", ""))
        if name == "torch":
            return _look_at_torch(module, version)
    except Exception as error:  # a torch without its libraries raises OSError, AttributeError, RuntimeError, ...
        return Finding(name, BROKEN, version, f"{type(error).__name__}: {error}")
    return Finding(name, OK if _numbers(version) >= _numbers(least) else OLD, version)


def _look_at_torch(torch: object, version: str) -> Finding:
    from CTEnhanceLib.model.arrays import has_numpy_bridge

    ones = torch.ones(2)  # type: ignore[attr-defined]
    if float((ones @ ones).item()) != 2.0:
        return Finding("torch", BROKEN, version, "1 + 1 is not 2")
    if _numbers(version) < _numbers(PACKAGES["torch"]):
        return Finding("torch", OLD, version)
    return Finding("torch", OK if has_numpy_bridge() else NO_BRIDGE, version)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.split("+")[0].split(".")[:3]:
        digits = "".join(character for character in part if character.isdigit())
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def parse(line: str) -> list[Finding] | None:
    """Read the line that this file prints when run; None when it is another line."""
    try:
        return [Finding(**each) for each in json.loads(line)["packages"]]
    except (ValueError, KeyError, TypeError):
        return None


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"packages": [asdict(finding) for finding in find()]}) + "\n")
