"""The commands that README and pages name: each can be given as it stands there."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from CTEnhanceLib.cli import build_parser
from CTEnhanceLib.errors import UsageError

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
PROGRAMS = ("ctenhance", "make", "python")
INCOMPLETE = ("arguments are required", "is required")


def commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Give the commands of a page, and whether each stands in a line of its own, where it has to be complete."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            if line.strip().split(" ")[0] in PROGRAMS:
                yield line.strip(), True
    for words in re.findall(r"`([^`\n]+)`", text):
        if words.split(" ")[0] in PROGRAMS and " " in words and "..." not in words:
            yield words, False


def targets() -> set[str]:
    return set(re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def check_ctenhance(words: list[str], complete: bool) -> None:
    if words[0] == "COMMAND":
        return
    try:
        build_parser().parse_args(words)
    except UsageError as error:
        assert not complete and any(part in str(error) for part in INCOMPLETE), error


def check_python(words: list[str]) -> None:
    if words[0] == "-m":
        assert importlib.util.find_spec(words[1]) is not None, f"there is no module {words[1]}"
    else:
        assert (REPOSITORY / words[0]).is_file(), f"there is no file {words[0]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_can_be_given(page: Path) -> None:
    for line, complete in commands(page):
        # a page's placeholders: <volume>, and N for a number
        program, *words = shlex.split(re.sub(r"<[^>]*>", "X", line), comments=True)
        words = ["1" if word == "N" else word for word in words]
        if program == "ctenhance":
            check_ctenhance(words, complete)
        elif program == "make":
            wanted = {word for word in words if "=" not in word and re.fullmatch(r"[\w-]+", word)}
            assert wanted <= targets(), f"the Makefile has no {wanted - targets()}"
        else:
            check_python(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_of_the_repository_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:configs|tools|Testing|docs|CTEnhance|Resources)/[\w./-]+\.\w+)`", text):
        assert (REPOSITORY / name).exists() or (REPOSITORY / "CTEnhance" / name).exists(), f"there is no {name}"


def test_options_that_are_not_there_are_noticed() -> None:
    with pytest.raises(AssertionError):
        check_ctenhance(["enhance", "in.nrrd", "out.nrrd", "--sharpness", "3"], complete=False)
    with pytest.raises(AssertionError):
        check_python(["tools/none.py"])
