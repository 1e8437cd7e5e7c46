"""A thin volume is not only refused: CTEnhance can be tested on it, and the page with the result opens."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Callable

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.panel.dialogs import reported
from CTEnhanceLib.panel.run.outcome import failure_sentence
from CTEnhanceLib.panel.run.process import Worker, WorkerEnd
from CTEnhanceLib.panel.run.progress import parse_progress, progress_text

THINNEST_THICK_MM = 1.5
"""Slices up to this distance are thin enough to make 3 mm ones of."""


def open_page(path: Path) -> None:
    """Open a page in the user's browser."""
    import qt

    qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(path)))


class SelfCheck:
    """The button below a refusal; it starts the test, and ends it when pressed again.

    Args:
        button: "Test CTEnhance on it".
        make_worker: Makes the process of a test.
        show: Called with the page when it is there.
    """

    def __init__(
        self, button: Any, make_worker: Callable[[], Worker], show: Callable[[Path], None] = open_page
    ) -> None:
        self._button, self._make_worker, self._show = button, make_worker, show
        self._node: Any = None
        self._model = ""
        self._worker: Worker | None = None
        self._page = Path()
        button.connect("clicked(bool)", self._pressed)

    def refresh(self, node: Any, verdict: str, model: str) -> None:
        """Offer the test for a volume that is refused because its slices are thin already.

        Args:
            node: The chosen volume, or None.
            verdict: ``fit``, ``warning`` or ``refused``.
            model: Name or folder of the chosen model; empty: none.
        """
        self._node, self._model = node, model
        offered = node is not None and verdict == "refused" and max(node.GetSpacing()) <= THINNEST_THICK_MM
        self._button.visible = bool(model) and (offered or self._worker is not None)
        if self._worker is None:
            self._button.text = _("Test CTEnhance on it")

    def stop(self) -> None:
        """End a test and wait for its end: Slicer quits or reloads the module."""
        if self._worker is not None:
            self._worker.stop_now()

    @reported
    def _pressed(self) -> None:
        if self._worker is not None:
            self._worker.cancel()
            return
        from CTEnhanceLib.scene.output import volume_to_file

        folder = Path(tempfile.mkdtemp(prefix="CTEnhanceTest-", dir=slicer.app.temporaryPath))
        thin = volume_to_file(self._node, folder / "thin.nrrd")
        self._page = folder / "page.html"
        arguments = ["selfcheck", str(thin), "--model", self._model, "--page", str(self._page)]
        self._worker = self._make_worker()
        self._button.text = _("Testing: press to end")
        self._worker.start([*arguments, "--progress", "json", "--lifeline", "stdin"], self._line, self._ended)

    def _line(self, line: str) -> None:
        progress = parse_progress(line)
        if progress is not None:
            self._button.text = _("{words} (press to end)").format(words=progress_text(progress))

    def _ended(self, end: WorkerEnd) -> None:
        self._worker = None
        (self._page.parent / "thin.nrrd").unlink(missing_ok=True)
        self._button.text = _("Test CTEnhance on it")
        if end.exit_code == 0:
            self._show(self._page)
        elif end.exit_code not in (None, 130):
            slicer.util.errorDisplay(failure_sentence(end))
