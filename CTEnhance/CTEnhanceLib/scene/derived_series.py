"""A computed volume node out as a derived DICOM series that names the images in Slicer's database it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer

from CTEnhanceLib.ct.geometry import slice_axis
from CTEnhanceLib.scene.box_volume import SOURCE_REFERENCE
from CTEnhanceLib.scene.further_series import further_of
from CTEnhanceLib.scene.nodes import image_from_node
from CTEnhanceLib.scene.output import INPUT_REFERENCE
from CTEnhanceLib.scene.provenance import report_of

INSTANCES_ATTRIBUTE = "DICOM.instanceUIDs"
"""Slicer writes the SOP Instance UIDs of the slices here when it loads a series."""


@dataclass(frozen=True)
class Sources:
    """The DICOM files that a computed volume was made from.

    Attributes:
        main: Files of the main series; empty where there are none.
        further: Files of each further series that entered the volume.
        missing: Why there are none, or not all, in a sentence; empty when all are there.
    """

    main: tuple[Path, ...]
    further: tuple[tuple[Path, ...], ...]
    missing: str


def sources_of(computed: slicer.vtkMRMLScalarVolumeNode) -> Sources:
    """Find the DICOM files that the measured volumes of a computed one were loaded from, in Slicer's database."""
    measured = computed.GetNodeReference(INPUT_REFERENCE)
    if measured is None:
        return Sources((), (), "The measured volume is no longer in the scene.")
    main, missing = _files(measured)
    further = []
    for node in further_of(computed) if main else ():
        files, why = _files(node)
        missing = missing or why
        if files:
            further.append(files)
    return Sources(main, tuple(further), missing)


def write_series_of(computed: slicer.vtkMRMLScalarVolumeNode, folder: Path, sources: Sources) -> str:
    """Write a computed volume as a DICOM series that says that it is derived.

    A transform above the volume is left out: the series lies where the measured one lies in its frame of reference.

    Args:
        computed: A volume with a report.
        folder: Folder to make; it may exist if it is empty.
        sources: What it was computed from; without a main series it becomes an anonymous study of its own.

    Returns:
        Series Instance UID.

    Raises:
        OutputError: The folder cannot be written.
        UsageError: The volume no longer lies on the slices of its source.
        InputRefusedError: The source files are no usable CT series any more.
    """
    from CTEnhanceLib.dicom import write_derived_series

    report = report_of(computed)
    model = report.get("model", {})
    return write_derived_series(
        image_from_node(computed),
        folder,
        list(sources.main) or None,
        also=[(list(files), None) for files in sources.further],
        model=str(model.get("name", "")),
        model_sha256=str(model.get("sha256", "")),
        report=report,
        axis=slice_axis(report["input"]["spacing_mm"]),
    )


def _files(measured: slicer.vtkMRMLScalarVolumeNode) -> tuple[tuple[Path, ...], str]:
    """Give the files of a measured volume, or why there are none."""
    whole = measured.GetNodeReference(SOURCE_REFERENCE) or measured
    uids = (whole.GetAttribute(INSTANCES_ATTRIBUTE) or "").split()
    if not uids:
        return (), f"'{whole.GetName()}' was not loaded from DICOM."
    database: Any = getattr(slicer, "dicomDatabase", None)
    if database is None or not database.isOpen:
        return (), "Slicer's DICOM database is not open."
    paths = _paths([database.fileForInstance(uid) for uid in uids])
    if len(paths) < len(set(uids)):
        lost = len(set(uids)) - len(paths)
        return (), f"Slicer's DICOM database has lost {lost} of the {len(set(uids))} images of '{whole.GetName()}'."
    return paths, ""


def _paths(names: Sequence[str]) -> tuple[Path, ...]:
    """Give each file once, those that are there."""
    return tuple(path for path in dict.fromkeys(Path(name) for name in names if name) if path.is_file())
