"""The drawing of the imports in docs/architecture.md, made from the source.

python tools/draw_house.py [--write]    prints the mermaid graph, or writes it between the marks of the page
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LIBRARY = REPOSITORY / "CTEnhance" / "CTEnhanceLib"
PAGE = REPOSITORY / "docs" / "architecture.md"
BEGIN, END = "<!-- house: begin -->", "<!-- house: end -->"
LEFT_OUT = {"errors", "version", "cli", "__main__", "__init__", "schemas"}


def rooms() -> dict[str, set[str]]:
    """Give what each room imports of the others."""
    found: dict[str, set[str]] = {}
    for path in sorted(LIBRARY.rglob("*.py")):
        room = path.relative_to(LIBRARY).parts[0].removesuffix(".py")
        if room in LEFT_OUT:
            continue
        others = found.setdefault(room, set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("CTEnhanceLib."):
                others.add(node.module.split(".")[1])
        others -= LEFT_OUT | {room}
    return found


def necessary(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """Leave out what is imported by way of another room as well: the drawing shows the floors, not every beam."""
    below: dict[str, set[str]] = {}

    def all_below(room: str) -> set[str]:
        if room not in below:
            below[room] = set()
            for other in imports.get(room, set()):
                below[room] |= {other} | all_below(other)
        return below[room]

    return {
        room: {other for other in others if not any(other in all_below(via) for via in others - {other})}
        for room, others in imports.items()
    }


def drawing() -> str:
    """Give the graph in mermaid's words."""
    lines = ["```mermaid", "flowchart TD"]
    for room, others in sorted(necessary(rooms()).items()):
        lines += [f"    {room} --> {other}" for other in sorted(others)]
    return "\n".join([*lines, "```"])


def main() -> None:
    """Print or write the drawing."""
    if "--write" not in sys.argv:
        print(drawing())
        return
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{drawing()}\n{END}{rest.partition(END)[2]}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
