from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def sources(host, module):
    import slicer

    vars(slicer.modules).pop("sampleDataSources", None)
    slicer.app.startupCompleted.emit()
    return slicer.modules.sampleDataSources["CTEnhance"][-2:]  # modules of earlier tests offer theirs, too


def test_the_wrist_and_its_truth_are_offered_once_slicer_has_started(sources):
    assert [source.sampleName for source in sources] == [
        "CTEnhance wrist (phantom, 3 mm)",
        "CTEnhance wrist (phantom, 1 mm, truth)",
    ]


def test_thumbnails_have_the_size_that_slicer_asks_for(sources):
    for source in sources:
        header = Path(source.thumbnailFileName).read_bytes()[16:24]
        assert (int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")) == (260, 280)


def test_the_thick_sample_is_the_truth_in_slices_of_3_mm(sources, monkeypatch):
    from CTEnhanceLib import phantom
    from CTEnhanceLib.panel import sample_data
    from CTEnhanceLib.scene.nodes import voxels

    monkeypatch.setattr(sample_data, "_SPACING", (1.0, 1.0, 1.0))  # seconds, not a minute
    small = functools.partial(phantom.wrist_phantom, size_mm=(40.0, 36.0, 30.0))
    monkeypatch.setattr(phantom, "wrist_phantom", small)
    thick, thin = (source.customDownloader(source) for source in sources)
    assert thick.GetSpacing() == pytest.approx((1.0, 1.0, 3.0))
    assert thin.GetSpacing() == pytest.approx((1.0, 1.0, 1.0))
    assert [thick.GetName(), thin.GetName()] == [source.sampleName for source in sources]
    averaged = voxels(thin).astype(float)[: 3 * len(voxels(thick))].reshape(-1, 3, *voxels(thin).shape[1:]).mean(axis=1)
    middle = slice(2, -2)
    assert np.abs(averaged[middle] - voxels(thick)[middle]).max() < 1.0
    assert voxels(thick).max() > 1000


def test_a_window_says_that_the_wrist_is_being_made_and_goes_again(sources, monkeypatch):
    import slicer

    from CTEnhanceLib.panel import sample_data

    seen = []

    class Dialog:
        def close(self):
            seen.append("closed")

    def make(name, thickness):
        seen.append("made")
        raise MemoryError

    def dialog(**words):
        seen.append(words["labelText"])
        return Dialog()

    monkeypatch.setattr(slicer.util, "mainWindow", lambda: object())
    monkeypatch.setattr(slicer.util, "createProgressDialog", dialog)
    monkeypatch.setattr(sample_data, "make_sample", make)
    with pytest.raises(MemoryError):
        sources[0].customDownloader(sources[0])
    assert "Making the wrist phantom" in seen[0] and seen[1:] == ["made", "closed"]
