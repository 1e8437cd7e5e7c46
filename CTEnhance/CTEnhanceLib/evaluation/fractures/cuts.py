"""Gaps and steps of known size, cut into thin slices as a scanner would have shown them."""

from __future__ import annotations

import numpy as np

from CTEnhanceLib.evaluation.fractures.places import Place

GAP_HU = 50.0
"""What fills a gap: blood and soft tissue."""
_BLUR_MM = 0.5
_FULL_MM, _GONE_MM = 5.0, 7.0
"""A cut is whole within the first distance of its centre and gone beyond the second."""


def cut_gap(slices: np.ndarray, spacing: tuple[float, float, float], place: Place, width: float) -> None:
    """Cut a gap into thin slices, in place.

    The share of a voxel that the gap fills is the gap convolved with the scanner's blur, a Gaussian of 0.5 mm standard
    deviation; so a gap narrower than a voxel darkens it by its share.

    Args:
        slices: float32 (n_slices, rows, columns), HU.
        spacing: mm along the three axes.
        place: Where.
        width: mm.
    """
    from scipy.special import ndtr

    block, offsets = _around(slices, spacing, place.centre)
    distance = offsets @ place.normal
    share = ndtr((distance + width / 2) / _BLUR_MM) - ndtr((distance - width / 2) / _BLUR_MM)
    share *= _fade(np.sqrt(np.maximum((offsets**2).sum(axis=-1) - distance**2, 0)))
    values = slices[block]
    slices[block] = values - (share * np.maximum(values - GAP_HU, 0)).astype(np.float32)


def cut_step(slices: np.ndarray, spacing: tuple[float, float, float], place: Place, height: float) -> None:
    """Shift the bone on one side of the plane outward, in place; arguments as in `cut_gap`.

    Args:
        slices: Thin slices, HU, (n, rows, columns); changed in place.
        spacing: mm along the three axes.
        place: Where the step is made.
        height: Of the step, mm.
    """
    from scipy import ndimage

    block, offsets = _around(slices, spacing, place.centre)
    distance = offsets @ place.normal
    # a voxel takes its value from where it was before the shift; the shift fades out with the distance from the centre
    shift = height * np.clip(distance / 0.5 + 0.5, 0, 1) * _fade(np.linalg.norm(offsets, axis=-1))
    origin = [part.start for part in block]
    index = np.stack(np.meshgrid(*[np.arange(p.start, p.stop) for p in block], indexing="ij"), axis=-1) - origin
    source = index - shift[..., None] * place.across / np.asarray(spacing)
    slices[block] = ndimage.map_coordinates(slices[block], np.moveaxis(source, -1, 0), order=1, mode="nearest")


def _around(
    slices: np.ndarray, spacing: tuple[float, float, float], centre: np.ndarray
) -> tuple[tuple[slice, ...], np.ndarray]:
    """Give the block within reach of a place and the mm of its voxels from the centre, shape (..., 3)."""
    block = tuple(
        slice(max(0, int((c - _GONE_MM) / step)), min(size, int((c + _GONE_MM) / step) + 2))
        for c, step, size in zip(centre, spacing, slices.shape)
    )
    axes = [np.arange(part.start, part.stop) * step - c for part, step, c in zip(block, spacing, centre)]
    return block, np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def _fade(distance: np.ndarray) -> np.ndarray:
    return np.clip((_GONE_MM - distance) / (_GONE_MM - _FULL_MM), 0, 1)
