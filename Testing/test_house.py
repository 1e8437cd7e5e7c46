"""The shape of the house, read off the imports: what may know what, and what Slicer's Python 3.9 can read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

MODULE = Path(__file__).resolve().parent.parent / "CTEnhance"
LIBRARY = MODULE / "CTEnhanceLib"
SOURCES = sorted(LIBRARY.rglob("*.py"))

# what each room may import of the others; a file beside the rooms is a room of its own name
BELOW = {
    "ct": {"errors"},
    "phantom": {"ct", "errors"},
    "model": {"ct", "files", "errors"},
    "enhancement": {"ct", "model", "errors", "version"},
    "evaluation": {"ct", "files", "errors", "version"},
    "training": {"evaluation", "enhancement", "model", "phantom", "dicom", "ct", "files", "errors", "version"},
    "dicom": {"ct", "files", "errors", "version"},
    "batch": {"ct", "dicom", "enhancement", "model", "files", "errors", "memory", "version"},
    "page": {"ct", "evaluation"},
    "files": {"errors"},
    "errors": set(),
    "memory": set(),
    "version": set(),
}
BELOW["scene"] = set(BELOW) - {"training"}
BELOW["panel"] = BELOW["scene"] | {"scene"}
BELOW["commands"] = set(BELOW) - {"scene", "panel"}
BELOW["cli"] = {"commands", "errors", "memory", "version"}
BELOW["__main__"] = {"cli"}
BELOW["__init__"] = {"enhancement", "model", "version"}

MOST_MODULES = 14

# which rooms may import what is heavy or not everywhere, and only there; "inside" = only inside functions
ONLY_IN = {"qt": {"panel"}, "ctk": {"panel"}, "slicer": {"scene", "panel"}, "vtk": {"scene", "panel"}}
NEVER_AT_IMPORT = {
    "torch",
    "skimage",
    "matplotlib",
    "statsmodels",
    "pydicom",
    "lightning",
    "safetensors",
    "tensorboard",
}
HEAVY_ROOMS = {"model", "training"}
# the desktop's timers, the one thing of Qt that a comparison needs; only where there is a desktop
DESKTOP = LIBRARY / "scene" / "comparison" / "views" / "view_host.py"


def room(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def package_of(path: Path) -> tuple[str, ...]:
    return ("CTEnhanceLib", *path.relative_to(LIBRARY).parts[:-1])


def imported(tree: ast.AST, package: Sequence[str] = ()) -> list[str]:
    """Names that are imported, in full also where the import is relative to `package`."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = (
                ".".join([*package[: len(package) - node.level + 1], node.module or ""]) if node.level else node.module
            )
            names += [f"{module}.{alias.name}".replace("..", ".") for alias in node.names]
    return names


def at_import(tree: ast.Module) -> list[str]:
    """Imports that run when the file is imported: not in functions, not under TYPE_CHECKING."""
    running = [
        node
        for node in tree.body
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
    ]
    return imported(ast.Module(running, []))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(LIBRARY)))
def test_imports_run_one_way(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = room(path)
    for name in imported(tree, package_of(path)):
        first, _, rest = name.partition(".")
        if first == "CTEnhanceLib" and rest:
            other = rest.split(".")[0]
            if (LIBRARY / other).is_dir() or (LIBRARY / f"{other}.py").is_file():
                assert other == own or other in BELOW[own], f"{own} may not import {other}"
        if first in ONLY_IN and not (first == "qt" and path == DESKTOP):
            assert own in ONLY_IN[first], f"{own} may not know {first}"


def test_a_relative_import_is_seen_like_any_other() -> None:
    here = package_of(LIBRARY / "ct" / "geometry.py")
    for text, name in (
        ("from ..panel import panel", "CTEnhanceLib.panel.panel"),
        ("from ..panel.run import run", "CTEnhanceLib.panel.run.run"),
        ("from . import profile", "CTEnhanceLib.ct.profile"),
        ("from .profile import SliceProfile", "CTEnhanceLib.ct.profile.SliceProfile"),
    ):
        assert imported(ast.parse(text), here) == [name]


def test_no_import_leads_back_to_where_it_began() -> None:
    """No circle of modules, also where an import is for types only or stands inside a function."""
    files = {".".join((*package_of(path), path.stem)).removesuffix(".__init__"): path for path in SOURCES}
    imports: dict[str, set[str]] = {}
    for module, path in files.items():
        named = imported(ast.parse(path.read_text(encoding="utf-8")), package_of(path))
        owners = {next((n for n in (name, name.rpartition(".")[0]) if n in files), "") for name in named}
        imports[module] = owners - {module, "", "CTEnhanceLib"}
    while True:  # take away what imports nothing that is left: what stays is a circle
        free = {module for module, others in imports.items() if not others & imports.keys()}
        if not free:
            break
        imports = {module: others for module, others in imports.items() if module not in free}
    assert not imports, f"a circle is among {sorted(imports)}"


def test_no_folder_holds_more_than_a_reader_can_take_in() -> None:
    for folder in {path.parent for path in SOURCES}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= MOST_MODULES, f"{folder.relative_to(LIBRARY)} wants to be two"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(LIBRARY)))
def test_what_is_bone_and_what_is_body_is_said_in_one_file(path: Path) -> None:
    """Names of a threshold for bone or body, and comparisons with the numbers themselves, stand in ct/intensity.py."""
    if path == LIBRARY / "ct" / "intensity.py":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and is_number(node.value):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            own = [name for name in names if name.endswith("_HU") and {"BONE", "BODY"} & set(name.split("_"))]
            assert not own, f"{own} is a second threshold: take that of ct/intensity.py, or say in its name what it is"
        if isinstance(node, ast.Compare):
            numbers = [ast.literal_eval(side) for side in [node.left, *node.comparators] if is_number(side)]
            assert not {200, -300} & set(numbers), f"line {node.lineno} compares with a number that has a name"


def is_number(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(inner, ast.Constant) and isinstance(inner.value, (int, float))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(LIBRARY)))
def test_nothing_heavy_is_imported_before_it_is_needed(path: Path) -> None:
    if room(path) in HEAVY_ROOMS and path.name not in {"__init__.py", "folder.py", "spec.py"}:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    heavy = {name.split(".")[0] for name in at_import(tree)} & NEVER_AT_IMPORT
    assert not heavy, f"import {heavy} inside a function"


@pytest.mark.parametrize("path", [MODULE / "CTEnhance.py", *SOURCES], ids=lambda p: p.name)
def test_slicer_5_8_can_read_every_file(path: Path) -> None:
    """Its Python is 3.9: newer syntax fails there, as do new unions outside of postponed annotations.

    CTEnhance.py cannot postpone them, because parameterNodeWrapper reads them.
    """
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 9))
    if path.name != "CTEnhance.py" and any(
        isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in ast.walk(tree)
    ):
        assert "from __future__ import annotations" in text


ARRAY = re.compile(r"\b(ndarray|Tensor)\b")
SHAPE = re.compile(r"\([A-Za-z_0-9*' ]+,[^)]*\)|shape")
UNIT = re.compile(
    r"\b(HU|mm|dB|RGB|RAS|unit|stored|mask|boolean|index|indices|matrix|weights?|shares?|values?|pixels?|voxels?|counts?"
    r"|scale|logits?|answers?|0 to 1)\b|0\.\.1|\[-?[01], 1\]"
)


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Functions and methods that others call, with those that make an object callable."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and (method.name == "__call__" or method.name[0] != "_"):
                    yield method


def parameters(function: ast.FunctionDef) -> list[ast.arg]:
    given = function.args
    return [arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs) if arg.arg not in {"self", "cls"}]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(LIBRARY)))
def test_public_functions_say_shapes_units_and_arguments(path: Path) -> None:
    for function in public_functions(ast.parse(path.read_text(encoding="utf-8"))):
        words, given = ast.get_docstring(function) or "", parameters(function)
        if any(arg.annotation and ARRAY.search(ast.unparse(arg.annotation)) for arg in given):
            assert SHAPE.search(words), f"{function.name} takes an array: say its shape"
            assert UNIT.search(words), f"{function.name} takes an array: say its unit"
        assert len(given) < 3 or "Args:" in words, f"{function.name} takes three arguments or more: say what they are"
