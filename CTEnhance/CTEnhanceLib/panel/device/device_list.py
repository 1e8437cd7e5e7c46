"""The list of devices in Advanced: the CPU at once, graphics cards when a process of its own has looked for them."""

from __future__ import annotations

from typing import Callable

import qt
from slicer.i18n import tr as _

from CTEnhanceLib.panel.device.devices import Device, parse_devices, processor
from CTEnhanceLib.panel.dialogs import reported
from CTEnhanceLib.panel.run.process import QtWorker, Worker, WorkerEnd

AUTOMATIC = "auto"


class DeviceList:
    """Fills the selector and knows which device a run would take.

    Args:
        selector: The combo box.
        on_change: Called when the devices, or the choice, changed.
        worker: What looks for devices.
    """

    def __init__(self, selector: qt.QComboBox, on_change: Callable[[], None], worker: Worker | None = None) -> None:
        self._selector, self._on_change = selector, on_change
        self._worker = worker
        self.devices: list[Device] = [processor()]
        self._asked = False
        self._show(AUTOMATIC)
        selector.connect("currentIndexChanged(int)", self._chosen)

    @property
    def key(self) -> str:
        """What is passed to ``--device``."""
        return str(self._selector.itemData(self._selector.currentIndex) or AUTOMATIC)

    @key.setter
    def key(self, key: str) -> None:
        if key != self.key:
            self._show(key)

    @property
    def expected(self) -> Device:
        """The device that a run would use; for Automatic the best that was found."""
        return next((device for device in self.devices if device.key == self.key), self.devices[0])

    def look(self) -> None:
        """Look for graphics cards, once."""
        if not self._asked:
            self._asked = True
            self._worker = self._worker or QtWorker("CTEnhanceLib.panel.device.devices")
            self._worker.start([], self._line_came, self._ended)

    def stop(self) -> None:
        """Stop looking, when the panel goes away."""
        if self._worker is not None:
            self._worker.stop_now()

    def _line_came(self, line: str) -> None:
        devices = parse_devices(line)
        if devices:
            self.devices = devices
            self._show(self.key)
            self._on_change()

    def _ended(self, _end: WorkerEnd) -> None:
        """Without an answer the CPU stays in the list."""

    def _show(self, key: str) -> None:
        self._selector.blockSignals(True)
        self._selector.clear()
        self._selector.addItem(_("Automatic ({device})").format(device=self.devices[0].name), AUTOMATIC)
        for device in self.devices:
            self._selector.addItem(device.words(), device.key)
        if key not in {AUTOMATIC, *(device.key for device in self.devices)}:
            self._selector.addItem(_("{device} (not here)").format(device=key), key)  # chosen on another computer
        self._selector.currentIndex = self._selector.findData(key)
        self._selector.blockSignals(False)

    @reported
    def _chosen(self, _index: int) -> None:
        self._on_change()
