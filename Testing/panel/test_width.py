"""The panel beside the views: Slicer's window grows to what its panel needs, so ours needs little."""

from __future__ import annotations

import pytest

NARROWEST = 300
FOLDED = ("advanced", "compare", "bone3D", "figures", "installation")


def unfold(module, on=True):
    for name in FOLDED:
        getattr(module.ui, f"{name}CollapsibleButton").collapsed = not on


@pytest.mark.parametrize("state", ["chosen", "failed"])
def test_the_panel_fits_300_pixels_with_everything_open(host, module, wrist, state):
    from CTEnhanceLib.panel.run.outcome import Outcome

    wrist.SetName("A name of a series that is as long as scanners write them, 3.0 mm Br60 axial")
    module.ui.inputSelector.setCurrentNode(wrist)
    unfold(module)
    module.ui.comparisonControlsWidget.visible = True
    if state == "failed":
        module.panel.run_section.run_ended(Outcome("failed", "The process failed; the log says more.", log="x"))
    host.panel.show()
    host.wait(lambda: False, 0.05)
    assert host.panel.minimumSizeHint.width() <= NARROWEST
    unfold(module, on=False)


def test_after_a_run_outcome_and_first_controls_are_above_the_fold(host, module, wrist):
    """At 1280 x 720 Slicer leaves some 375 pixels of height for a module, below its help and above the Data Probe."""
    module.ui.inputSelector.setCurrentNode(wrist)
    module.ui.outcomeLabel.text = "Done in 6 s. " + "Averaged over the slice thickness it differs by 0.2 HU. " * 2
    module.ui.outcomeLabel.visible = True
    module.panel._fold_for_looking()
    module.ui.comparisonControlsWidget.visible = True
    host.panel.resize(360, 900)
    host.panel.show()
    host.wait(lambda: False, 0.05)
    for widget in (module.ui.outcomeLabel, module.ui.compareButton, module.ui.layoutComboBox, module.ui.blendComboBox):
        bottom = widget.mapTo(host.panel, widget.rect.bottomLeft()).y()
        assert bottom < 375, widget.name
