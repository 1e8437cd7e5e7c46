"""The slider between the accurate and the crisp end: there for models with both, silent for others."""

from __future__ import annotations

import pytest

from CTEnhanceLib.panel.run.settings import command_arguments
from stacks import random_stack_folder


@pytest.fixture
def two_ends(module, tmp_path):
    """The module with a model chosen that has an accurate and a crisp end."""
    module.panel.models.add_folder(str(random_stack_folder(tmp_path / "two ends", default_detail=0.25)))
    return module


def test_a_model_of_one_set_of_weights_shows_no_slider(module, wrist, tmp_path):
    module.ui.inputSelector.setCurrentNode(wrist)
    assert module.ui.detailSlider.isHidden() and module.ui.detailLabel.isHidden()
    assert "--detail" not in command_arguments(tmp_path, module.panel.settings)


def test_the_slider_stands_at_the_default_until_moved(two_ends, tmp_path):
    module = two_ends
    assert not module.ui.detailSlider.isHidden()
    assert module.ui.detailSlider.value == 0.25
    assert "0.25" in module.ui.detailSlider.toolTip
    assert "--detail" not in command_arguments(tmp_path, module.panel.settings)
    module.ui.detailSlider.value = 0.75
    arguments = command_arguments(tmp_path, module.panel.settings)
    assert arguments[arguments.index("--detail") + 1] == "0.75"


def test_another_model_takes_its_own_default_again(two_ends, model_folder, tmp_path):
    module = two_ends
    module.ui.detailSlider.value = 0.75
    module.ui.modelComboBox.currentIndex = 0
    assert module.panel.settings.detail is None
    module.ui.modelComboBox.currentIndex = module.ui.modelComboBox.count - 1
    assert module.ui.detailSlider.value == 0.25
