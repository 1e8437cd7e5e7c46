"""Pages of the documentation site that are made while it is built: a reference for each room (a hook of mkdocs)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

REPOSITORY = Path(__file__).resolve().parent.parent
LIBRARY = REPOSITORY / "CTEnhance" / "CTEnhanceLib"
# Slicer's own modules cannot be read everywhere; these rooms are for those who read the source
LEFT_OUT = {"panel", "scene", "commands", "cli", "__main__"}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of reference and the changelog."""
    for room in sorted(path for path in LIBRARY.iterdir() if path.is_dir() and (path / "__init__.py").is_file()):
        if room.name not in LEFT_OUT:
            files.append(File.generated(config, f"reference/{room.name}.md", content=_page(room)))
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8").replace("(docs/", "(")
    files.append(File.generated(config, "changelog.md", content=changelog))
    return files


def _page(room: Path) -> str:
    lines = [f"# {room.name}", ""]
    for path in sorted(room.rglob("*.py")):
        if path.name != "__init__.py":
            module = ".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts)
            lines += [f"::: {module}", ""]
    return "\n".join(lines)
