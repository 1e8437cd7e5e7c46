"""What views say of the measured slices."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed (it needs Python 3.10 or newer)")

from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.scene.nodes import add_volume
from CTEnhanceLib.scene.provenance import assumed_slices
from scene.conftest import REPORT, WINDOW, oblique_tube


def test_an_estimated_profile_is_named_with_its_uncertainty(scene):
    measured = add_volume(scene, thicken(oblique_tube((1.6, 1.6, 1.0)), 3.0), "tube", WINDOW)
    computed = add_volume(scene, oblique_tube((1.6, 1.6, 1.0)), "tube [1 mm computed]", WINDOW)
    width = {"value": 2.913, "source": "estimated", "uncertainty_mm": 0.31}
    acquisition = {
        **REPORT["acquisition"],
        "profile_shape": {"value": "gaussian", "source": "assumed"},
        "profile_fwhm_mm": width,
    }
    computed.SetAttribute("CTEnhance.Report", json.dumps({**REPORT, "acquisition": acquisition}))
    assumed = assumed_slices(measured, computed)
    assert assumed.text == (
        "slices every 3 mm, assumed to be Gaussian means, 2.91 mm wide (estimated from the slices themselves, "
        "\u00b1 0.3 mm)"
    )
    assert assumed.thickness == 2.913
