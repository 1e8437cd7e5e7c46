"""The views' part of the tests that Slicer itself will run, beside the desktop first."""

from __future__ import annotations

import importlib.util
import unittest
from types import SimpleNamespace

import pytest

from cmake_lists import MODULE


@pytest.mark.parametrize("window", [(860, 500)], ids=["laptop"])
def test_the_test_of_the_views_for_a_real_slicer_holds_here(use, window, monkeypatch):
    import slicer

    path = MODULE / "Testing" / "Python" / "CTEnhanceInSlicerTest.py"
    spec = importlib.util.spec_from_file_location("CTEnhanceInSlicerTest", path)
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: SimpleNamespace(width=use.desktop.width))
    monkeypatch.setattr(slicer.util, "selectModule", lambda name: use.host.enter(use.module))
    monkeypatch.setattr(slicer.util, "getModuleWidget", lambda name: use.module)
    result = unittest.TestResult()
    name = "test_a_comparison_shows_bone_keeps_the_window_and_leaves_nothing_behind"
    tests.CTEnhanceInSlicerTest(name).run(result)
    assert result.testsRun == 1 and not result.skipped
    assert result.wasSuccessful(), result.failures + result.errors
    assert use.desktop.width == window[0]
