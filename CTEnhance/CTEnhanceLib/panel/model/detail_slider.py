"""The slider between the accurate and the crisp end of a model, in Advanced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from slicer.i18n import tr as _

from CTEnhanceLib.panel.dialogs import reported

if TYPE_CHECKING:
    from CTEnhanceLib.model.spec import ModelSpec

AS_THE_MODEL = -1.0
"""What the parameter node keeps while the user has not moved the slider."""


class DetailSlider:
    """Shows the detail of the chosen model; not there for a model that has one set of weights.

    Args:
        slider: The slider, 0 to 1.
        label: The words beside it.
        on_change: Called with the new detail when the user moved it.
    """

    def __init__(self, slider: Any, label: Any, on_change: Callable[[float], None]) -> None:
        self._slider, self._label, self._on_change = slider, label, on_change
        slider.connect("valueChanged(double)", self._moved)

    def show(self, spec: ModelSpec | None, chosen: float) -> None:
        """Show what a run would take.

        Args:
            spec: What the chosen model says of itself; None where there is none.
            chosen: The detail chosen, or `AS_THE_MODEL`.
        """
        default = spec.default_detail if spec is not None else None
        self._slider.visible = self._label.visible = default is not None
        if default is None:
            return
        self._slider.blockSignals(True)
        self._slider.value = default if chosen < 0 else chosen
        self._slider.blockSignals(False)
        self._slider.toolTip = self._label.toolTip = _(
            "0 is accurate: nearest to the truth on average, softer to the eye. 1 is crisp: as sharp as a thin scan, "
            "at the cost of larger errors and of fine texture that was not measured. The model's own choice is "
            "{default:g}; its card gives the figures of both ends."
        ).format(default=default)

    def detail(self, spec: ModelSpec | None, chosen: float) -> float | None:
        """Give what a run is asked for; None leaves it to the model."""
        return None if spec is None or spec.default_detail is None or chosen < 0 else chosen

    @reported
    def _moved(self, value: float) -> None:
        self._on_change(value)
