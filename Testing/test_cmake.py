from __future__ import annotations

import ast
import json
import re

import pytest

import cmake_lists

TOP = (cmake_lists.REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [cmake_lists.SCRIPTS, cmake_lists.RESOURCES])
def test_cmake_installs_what_is_there_and_nothing_else(name):
    assert cmake_lists.files_listed()[name] == cmake_lists.files_in_tree()[name], (
        "run: python Testing/cmake_lists.py --write"
    )


def test_the_lists_hold_what_a_run_in_slicer_needs():
    listed = {file for files in cmake_lists.files_in_tree().values() for file in files}
    assert {
        "CTEnhance.py",
        "CTEnhanceLib/__main__.py",
        "CTEnhanceLib/cli.py",
        "CTEnhanceLib/panel/panel.py",
        "Resources/Icons/CTEnhance.png",
        "Resources/UI/CTEnhance.ui",
        "Resources/requirements.txt",
    } <= listed


def test_every_folder_with_scripts_is_a_package():
    folders = {file.rpartition("/")[0] for file in cmake_lists.files_in_tree()[cmake_lists.SCRIPTS][1:]}
    scripts = cmake_lists.files_in_tree()[cmake_lists.SCRIPTS]
    assert all(f"{folder}/__init__.py" in scripts for folder in folders)


def test_all_that_slicer_loads_is_python_3_9():
    for name in cmake_lists.files_in_tree()[cmake_lists.SCRIPTS]:
        ast.parse((cmake_lists.MODULE / name).read_text(encoding="utf-8"), name, feature_version=(3, 9))


def test_the_extension_index_entry_agrees_with_cmake():
    entry = json.loads((cmake_lists.REPOSITORY / "CTEnhance.json").read_text(encoding="utf-8"))
    assert set(entry) == {
        "$schema",
        "build_dependencies",
        "build_subdirectory",
        "category",
        "scm_revision",
        "scm_url",
        "tier",
    }
    assert (entry["category"], entry["tier"]) == ("Image Synthesis", 3)
    repository = re.fullmatch(r"https://github\.com/[\w-]+/(Slicer\w+)\.git", entry["scm_url"])
    assert repository
    assert f"https://github.com/CTEnhance/{repository[1]}" in TOP
    assert f'set(EXTENSION_DEPENDS "{" ".join(entry["build_dependencies"])}")' in TOP
    assert re.search(r"^project\(CTEnhance\)$", TOP, re.MULTILINE)


@pytest.mark.parametrize("variable", ["EXTENSION_ICONURL", "EXTENSION_SCREENSHOTURLS"])
def test_pictures_of_the_index_are_in_the_repository(variable):
    for url in re.search(rf'set\({variable} "([^"]+)"\)', TOP)[1].split():
        path = cmake_lists.REPOSITORY / url.partition("/main/")[2]
        assert path.read_bytes().startswith(b"\x89PNG")


def test_the_icon_is_128_pixels_square():
    for icon in ("CTEnhance.png", "CTEnhance/Resources/Icons/CTEnhance.png"):
        header = (cmake_lists.REPOSITORY / icon).read_bytes()[16:24]
        assert (int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")) == (128, 128)


def test_texts_of_the_extension_use_unix_line_ends():
    for name in ("CTEnhance.json", "CMakeLists.txt", "CTEnhance/CMakeLists.txt"):
        assert b"\r" not in (cmake_lists.REPOSITORY / name).read_bytes()
