"""What a check of the installation found, in words: what it is, and what to press."""

from __future__ import annotations

from slicer.i18n import tr as _

from CTEnhanceLib.panel.install.check import (
    BROKEN,
    LONG_PATH,
    MISSING,
    NO_BRIDGE,
    NO_NETWORK,
    OLD,
    SLICERS_OWN,
    Finding,
)


def sentence(finding: Finding) -> str:
    """One package in one sentence; empty where all is well."""
    state = finding.state
    if state == MISSING and finding.package == "torch":
        state = "missing torch"
    elif state == BROKEN and finding.package in SLICERS_OWN:
        state = "broken Slicer"
    return (
        _sentences()
        .get(state, "")
        .format(name=finding.package, version=finding.version, detail=finding.detail, characters=len(finding.detail))
    )


def _sentences() -> dict[str, str]:
    return {
        MISSING: _("{name} is not installed: press Repair, or From a folder without access to the internet."),
        "missing torch": _(
            "PyTorch, which computes, is not installed: press Repair. Slicer gets it through its PyTorch extension "
            "(View > Extensions Manager); without access to the internet press From a folder."
        ),
        BROKEN: _(
            "{name} {version} is installed only in part, or lacks a library ({detail}): press Repair, then restart "
            "Slicer."
        ),
        "broken Slicer": _("{name} {version} belongs to Slicer and cannot be used ({detail}): reinstall Slicer."),
        OLD: _("{name} {version} is too old: press Repair, then restart Slicer."),
        LONG_PATH: _(
            "Slicer's folder has {characters} characters; PyTorch's files below it would exceed what Windows allows "
            "(260): install Slicer in a shorter folder such as C:\\Slicer."
        ),
        NO_NETWORK: _(
            "Packages cannot be downloaded from here ({detail}): prepare a folder of wheels on another computer and "
            "press From a folder."
        ),
        NO_BRIDGE: _(
            "PyTorch {version} was built for an older NumPy than Slicer's. CTEnhance hands arrays over another way "
            "and works; other extensions may say 'Numpy is not available'."
        ),
    }


def all_words(findings: list[Finding]) -> str:
    """The whole check as the panel says it."""
    said = [sentence(finding) for finding in findings]
    said = [text for text in said if text]
    if not any(finding.is_fatal for finding in findings):
        versions = ", ".join(f"{f.package} {f.version}" for f in findings if f.package in ("torch", "numpy"))
        said.insert(0, _("Everything that a run needs is there and works ({versions}).").format(versions=versions))
    return " ".join(said)


def report(findings: list[Finding], system: list[str], log: str) -> str:
    """What "Copy report" puts on the clipboard.

    Args:
        findings: What the check found.
        system: Lines on versions and the machine.
        log: What the check wrote to standard error.
    """
    lines = [f"{f.package}: {f.state} {f.version} {f.detail}".rstrip() for f in findings]
    where = "Please send this to https://discourse.slicer.org with the word CTEnhance in the title."
    return "\n".join([where, *system, "Packages:", *lines, *(["Log:", log.strip()] if log.strip() else [])]) + "\n"
