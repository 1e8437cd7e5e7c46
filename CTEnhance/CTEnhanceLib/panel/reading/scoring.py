"""The score of a study as table and plots in Slicer; needs the key, so it is closed while a study is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import slicer
from slicer.i18n import tr as _

from CTEnhanceLib.errors import CTEnhanceError
from CTEnhanceLib.panel.dialogs import ask_for_existing_file, reported
from CTEnhanceLib.panel.translation import translated

if TYPE_CHECKING:
    from CTEnhanceLib.scene.comparison.views.view_host import ViewHost
    from CTEnhanceLib.scene.reading.score_nodes import ScoreViews


class ScoreDisplay:
    """Shows and closes a score.

    Args:
        widgets: Of the section.
        view_host: Gives the place where views stand.
        say: Says something in the section.
    """

    def __init__(self, widgets: Any, view_host: Callable[[], ViewHost], say: Callable[..., None]) -> None:
        self._widgets, self._view_host, self._say = widgets, view_host, say
        self.shown: ScoreViews | None = None
        widgets.scoreButton.connect(
            "clicked(bool)", reported(lambda _on=False: self._clicked(widgets.scoreButton.checked))
        )

    def show(self, folder: str, key_path: str) -> dict[str, Any]:
        """Score the answers of a study's folder and show them.

        Returns:
            The score.

        Raises:
            CTEnhanceError: Answers or key cannot be read, or do not belong together.
        """
        from CTEnhanceLib.evaluation.reading.blind import read_key
        from CTEnhanceLib.evaluation.reading.results import read_results
        from CTEnhanceLib.evaluation.reading.scoring.score import score
        from CTEnhanceLib.scene.reading.score_nodes import ScoreViews

        result = score(read_key(key_path), read_results([folder]))
        self.close()
        self.shown = ScoreViews(self._view_host(), result)
        self._widgets.scoreButton.checked = True
        simulated = ", ".join(result["simulated"])
        if simulated:
            self._say(_("{readers}: simulated, no person; says nothing about images.").format(readers=simulated))
        return result

    def close(self) -> None:
        """Bring the layout back."""
        shown, self.shown = self.shown, None
        if shown is not None:
            shown.close()
        self._widgets.scoreButton.checked = False

    def forget(self) -> None:
        """The scene was closed: the score went with it."""
        self.shown = None
        self._widgets.scoreButton.checked = False

    def _clicked(self, on: bool) -> None:
        if not on:
            self.close()
            return
        self._widgets.scoreButton.checked = False
        folder = self._widgets.folderLineEdit.text.strip()
        if not folder:
            self._say(_("Choose the folder of the study first."), "warning")
            return
        key_path = ask_for_existing_file(_("Choose the key of the study"), _("Key (*.json)"))
        if not key_path:
            return
        try:
            with slicer.util.WaitCursor():
                self.show(folder, key_path)
        except CTEnhanceError as error:
            self._say(translated(str(error)), "refused")
