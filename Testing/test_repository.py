"""What stands around the code: the drawing of the imports, the workflow, the changelog, the issue template."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from broken_on_purpose import FAULTS
from CTEnhanceLib.version import RESEARCH_ONLY, __version__
from faults_in_slicer import FAULTS_IN_SLICER

REPOSITORY = Path(__file__).resolve().parent.parent


def test_the_drawing_of_the_imports_is_that_of_the_source() -> None:
    described = importlib.util.spec_from_file_location("draw_house", REPOSITORY / "tools" / "draw_house.py")
    tool = importlib.util.module_from_spec(described)
    described.loader.exec_module(tool)
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert tool.drawing() in page, "run python tools/draw_house.py --write"


def test_the_page_on_architecture_names_every_room_and_no_other() -> None:
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    library = REPOSITORY / "CTEnhance" / "CTEnhanceLib"
    rooms = {path.name for path in library.iterdir() if path.is_dir() and (path / "__init__.py").is_file()}
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == rooms


def test_every_fault_that_can_be_put_back_still_has_its_place() -> None:
    library = REPOSITORY / "CTEnhance" / "CTEnhanceLib"
    faults = (*FAULTS, *FAULTS_IN_SLICER)
    stale = [fault.name for fault in faults if fault.right not in (library / fault.file).read_text(encoding="utf-8")]
    assert not stale, "change these in broken_on_purpose.py or faults_in_slicer.py with the code"
    missing = [fault.name for fault in faults if not (REPOSITORY / "Testing" / fault.test[0]).exists()]
    assert not missing


def test_the_workflow_runs_make_test_on_every_python_that_is_supported() -> None:
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    test = workflow["jobs"]["test"]
    assert test["strategy"]["matrix"]["python"] == ["3.10", "3.11", "3.12", "3.13"]
    commands = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    targets = set(re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    made = {words.split()[-1] for words in commands if words.startswith("make")}
    assert {"test", "docs"} <= made <= targets


def test_the_module_says_what_its_slices_are_for_in_the_words_of_everything_else() -> None:
    """Texts that are translated stand in full where they are used."""
    module = REPOSITORY / "CTEnhance"
    for path in (module / "CTEnhance.py", module / "Resources" / "UI" / "CTEnhance.ui"):
        assert RESEARCH_ONLY in path.read_text(encoding="utf-8")


def test_an_issue_asks_for_the_report_of_the_panel() -> None:
    yaml = pytest.importorskip("yaml")
    form = yaml.safe_load((REPOSITORY / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8"))
    asked = {field.get("id"): field for field in form["body"]}
    assert asked["report"]["validations"]["required"] and "Copy report" in str(asked["report"])


def test_the_changelog_keeps_its_form_and_knows_this_version() -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[([^\]]+)\]", text, re.MULTILINE)
    assert versions[0] == "Unreleased" and __version__ in versions
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
