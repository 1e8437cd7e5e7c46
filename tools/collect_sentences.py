"""The sentences that the panel may show and that are raised below it, collected from the source for translation.

python tools/collect_sentences.py [--write]    lists them, or writes CTEnhanceLib/panel/sentences.py

Slicer's translation tools find only literals inside `_()`. The rooms below the panel know no Slicer, so their sentences
are collected: every text of an error, refusal or warning, its values as numbered fields.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

LIBRARY = Path(__file__).resolve().parent.parent / "CTEnhance" / "CTEnhanceLib"
TARGET = LIBRARY / "panel" / "sentences.py"
# what the panel and the worker that it starts can say; the other commands are not started by the panel
FOLDERS = (
    "ct",
    "dicom",
    "enhancement",
    "evaluation/measures",
    "evaluation/reading",
    "files",
    "model",
    "page",
    "scene",
    "commands/shared",
)
FILES = ("cli.py", "errors.py", "evaluation/selfcheck.py", "commands/enhance.py", "commands/selfcheck.py")
# tables of scores, which the command prints
LEFT_OUT = ("evaluation/reading/scoring/published.py", "evaluation/reading/scoring/report.py")
SHORTEST = 25


def template(node: ast.expr) -> str | None:
    """Give the text of a literal or an f-string with its values as {0}, {1}, ...; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace("{", "{{").replace("}", "}}")
    if not isinstance(node, ast.JoinedStr):
        return None
    parts, count = [], 0
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value).replace("{", "{{").replace("}", "}}"))
        else:
            parts.append(f"{{{count}}}")
            count += 1
    return "".join(parts)


def passed_over(tree: ast.AST) -> set[int]:
    """Give the nodes that are documentation or a piece of another text, not a text for the user."""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    pieces = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    return pieces | {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, (*holders, ast.Expr))
        for statement in (node.body[:1] if isinstance(node, holders) else [node])
        if isinstance(statement, ast.Expr)
        for inner in ast.walk(statement.value)
        if isinstance(statement.value, ast.Constant)
    }


def collect() -> list[str]:
    """Give all sentences, sorted: texts that end as a sentence does."""
    found = set()
    paths = {LIBRARY / name for name in FILES}.union(*((LIBRARY / name).rglob("*.py") for name in FOLDERS))
    for path in paths - {LIBRARY / name for name in LEFT_OUT}:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        passed = passed_over(tree)
        for node in ast.walk(tree):
            text = template(node) if isinstance(node, ast.expr) and id(node) not in passed else None
            if text and text.endswith(".") and len(text) >= SHORTEST and " " in text and "\n" not in text:
                found.add(text)
    return sorted(found)


def written() -> str:
    """Give the module."""
    lines = "\n".join(f"        _({_literal(text)})," for text in collect())
    return f'''"""Sentences that are raised below the panel, for translation; written by tools/collect_sentences.py."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from typing import Callable


def sentences(_: Callable[[str], str]) -> tuple[str, ...]:
    """Give all sentences, each passed through `_`; values are numbered fields."""
    return (
{lines}
    )
'''


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    if "--write" in sys.argv:
        TARGET.write_text(written(), encoding="utf-8", newline="\n")
    else:
        print("\n".join(collect()))
