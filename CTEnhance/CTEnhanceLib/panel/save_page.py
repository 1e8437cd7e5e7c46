""" "Save report": one page of a computed volume, from what is in the scene."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from CTEnhanceLib.panel.dialogs import ask_for_file


def save_page(computed: Any) -> str:
    """Let the user choose a file and write the page of a computed volume.

    Returns:
        The file; empty when the user thought better of it.

    Raises:
        CTEnhanceError: The measured volume is gone, or the file cannot be written.
    """
    path = ask_for_file(_("Save report"), "CTEnhance report.html", _("Page (*.html)"))
    if not path:
        return ""
    from CTEnhanceLib.files.atomic import write_text
    from CTEnhanceLib.page.report_page import report_page
    from CTEnhanceLib.scene.nodes import image_from_node
    from CTEnhanceLib.scene.output import measured_of, uncertainty_of
    from CTEnhanceLib.scene.provenance import report_of

    bars = uncertainty_of(computed)
    uncertainty = None if bars is None else image_from_node(bars)
    measured = image_from_node(measured_of(computed))
    write_text(report_page(report_of(computed), measured, image_from_node(computed), uncertainty), path)
    return path
