"""What Slicer installs, as CTEnhance/CMakeLists.txt lists it: compared with the tree, or written from it.

python Testing/cmake_lists.py           says what differs, exit code 1 when something does
python Testing/cmake_lists.py --write   writes both lists
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
MODULE = REPOSITORY / "CTEnhance"
CMAKE_FILE = MODULE / "CMakeLists.txt"
SCRIPTS, RESOURCES = "MODULE_PYTHON_SCRIPTS", "MODULE_PYTHON_RESOURCES"
_SCRIPT_FOLDERS = ("CTEnhanceLib",)
_RESOURCE_FOLDERS = ("CTEnhanceLib", "Resources")


def files_in_tree() -> dict[str, list[str]]:
    """The files that Slicer needs, by list, sorted."""
    files = [path for path in MODULE.rglob("*") if path.is_file() and _belongs(path.relative_to(MODULE))]
    names = sorted(path.relative_to(MODULE).as_posix() for path in files)
    scripts = [name for name in names if name.endswith(".py") and name.startswith(_SCRIPT_FOLDERS)]
    resources = [name for name in names if not name.endswith(".py") and name.startswith(_RESOURCE_FOLDERS)]
    return {SCRIPTS: ["CTEnhance.py", *scripts], RESOURCES: resources}


def files_listed() -> dict[str, list[str]]:
    """The files that CMakeLists.txt lists."""
    text = CMAKE_FILE.read_text(encoding="utf-8")
    return {name: _block(name).search(text)[1].split() for name in (SCRIPTS, RESOURCES)}  # type: ignore[index]


def write_lists() -> None:
    """Write both lists from the tree."""
    text = CMAKE_FILE.read_text(encoding="utf-8")
    for name, files in files_in_tree().items():
        lines = "".join(f"  {file}\n" for file in files)
        text = _block(name).sub(f"set({name}\n{lines}  )", text)
    CMAKE_FILE.write_text(text, encoding="utf-8", newline="\n")


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"set\({name}\n([^)]*?)  \)")


def _belongs(path: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return not hidden and path.suffix != ".pyc"


def main(arguments: list[str]) -> int:
    """Compare, or write."""
    if arguments == ["--write"]:
        write_lists()
    tree, listed = files_in_tree(), files_listed()
    for name in tree:
        for word, files in (
            ("missing from", set(tree[name]) - set(listed[name])),
            ("only in", set(listed[name]) - set(tree[name])),
        ):
            for file in sorted(files):
                sys.stderr.write(f"{file} is {word} {name}\n")
    return int(tree != listed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
