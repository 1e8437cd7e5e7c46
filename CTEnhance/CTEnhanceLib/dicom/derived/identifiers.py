"""UIDs of computed objects: the same source, model and options give the same ones, anything else gives others."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from CTEnhanceLib.version import __version__

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTEnhanceLib.dicom.derived.source import SourceSeries

_NAMESPACE = uuid.UUID("6f2c9a52-7a0e-5c1b-9d57-43e1b1f0c7aa")
# what of a report says how a volume was computed; the rest says how long it took and what was found
_OPTIONS = ("model", "acquisition", "precision", "output", "profile", "detail")


def derived_uid(*parts: str) -> str:
    """Give a UID that depends on nothing but `parts` (PS3.5 B.2, from a UUID by name)."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(0).join(parts)).int}"


def series_identity(
    image: sitk.Image,
    sources: Sequence[SourceSeries],
    model_sha256: str,
    description: str,
    report: dict[str, Any] | None,
) -> str:
    """Say what a computed series was made of and what it holds, as one hash.

    Voxels belong to it: objects with other pixels must not have the same UID, and another device may round differently.

    Args:
        image: The computed volume.
        sources: The measured series.
        model_sha256: Hash of the model.
        description: Series Description asked for.
        report: Report of the run.
    """
    import SimpleITK as sitk

    digest = hashlib.sha256()
    options = {name: report[name] for name in _OPTIONS if name in report} if report else None
    grid = (image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    seen = sorted(f"{header.sop_uid}:{header.frame}" for source in sources for header in source.headers)
    told = (__version__, model_sha256, description, options, grid, seen)
    digest.update(json.dumps(told, sort_keys=True, default=str).encode())
    for part in sitk.GetArrayViewFromImage(image):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
