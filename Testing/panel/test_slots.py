"""A button that raises looks dead: an exception in a slot leaves a line on the console and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PANEL = Path(__file__).resolve().parents[2] / "CTEnhance" / "CTEnhanceLib" / "panel"
SOURCES = sorted(path for path in PANEL.rglob("*.py") if path.name != "process.py")  # QProcess is no button


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_slot_of_the_panel_says_what_it_could_not_do(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    reported = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(d) == "reported" for d in node.decorator_list)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "connect" and len(call.args) == 2:
            slot = call.args[1]
            wrapped = isinstance(slot, ast.Call) and ast.unparse(slot.func) == "reported"
            assert wrapped or (isinstance(slot, ast.Attribute) and slot.attr in reported), ast.unparse(call)


GONE_IN_QT_6 = {
    "QDesktopWidget", "QRegExp", "QRegExpValidator", "QTextCodec", "QStringRef", "QLinkedList", "QSignalMapper",
    "Background", "Foreground", "MidButton", "exec_", "SystemLocaleShortDate", "TextColorRole", "BackgroundColorRole",
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(PANEL.rglob("*.py")), ids=lambda path: path.stem)
def test_nothing_is_used_that_qt_6_does_not_have(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & GONE_IN_QT_6
