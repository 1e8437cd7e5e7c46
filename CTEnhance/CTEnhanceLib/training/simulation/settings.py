"""How training pairs are drawn; every number of it can be set in a configuration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Simulation:
    """How pairs are drawn; ranges are (lowest, highest), drawn evenly where nothing else is said.

    Attributes:
        patch: Height and width of a patch, pixels.
        context: Thick slices in the input.
        base: What residuals are added to: "interpolated" or "thick".
        ratio: Interval / distance of the thin slices that are the targets.
        coarse: Share of pairs whose targets are themselves thicker than the slices of the volume: the same anatomy
            then counts as smaller, as the bones of a foot do for those of a wrist.
        coarse_by: Thickness of such a target, slices of the volume.
        offsets: Offsets of the targets in thin slices, a whole number of them apart; empty: runs of `targets`
            neighbouring slices that lie anywhere within one interval.
        targets: Length of such a run.
        axes: Index axes (x, y, z) of the volume that may serve as slice axis, with their shares.
        oblique: Share of pairs whose slice axis is turned away from that axis.
        oblique_by: Largest angle of that turn, degrees.
        shapes: Slice profiles (box, triangle, Gaussian) with their shares.
        fwhm: Width of the profile / interval.
        plain: Share of pairs with a profile exactly as wide as the interval.
        zoom: In-plane enlargement; pixels become smaller than those of the volume where it is above one.
        soften: Standard deviation of an in-plane Gaussian, pixels of the volume.
        sharpen: Amount of in-plane unsharp masking.
        noise: Standard deviation of the noise added to thin slices, HU; low levels are drawn more often.
        quiet: Share of pairs to which no noise is added.
        grain: Standard deviation of the Gaussian that correlates that noise in the plane, pixels.
        crispness: How much of the coarser half of that noise a sharp kernel takes away, 0 to 1.
        overlap: Correlation of the noise of neighbouring thin slices.
        dry: Share of pairs whose soft tissue is made air, as in a dry bone.
        plastic: Share of pairs whose densest bone is made one even material, as in a phantom of plastic.
        cut: Share of pairs with a gap or a step cut into the bone.
        metal: Share of pairs with a wire, a plate or a screw.
        bone: Share of patches around a voxel of bone; most others are around a voxel of the body.
        cortex: Share, of the patches around bone, of those around a surface that faces the slice axis.
        edge: Share of pairs in which the thick slice lies at an end of the volume.
        flips: Flip and transpose.
    """

    patch: int = 64
    context: int = 5
    base: str = "interpolated"
    ratio: tuple[float, float] = (2.0, 6.0)
    coarse: float = 0.0
    coarse_by: tuple[float, float] = (1.2, 2.5)
    offsets: tuple[float, ...] = ()
    targets: int = 4
    axes: tuple[float, float, float] = (0.25, 0.25, 0.5)
    oblique: float = 0.0
    oblique_by: float = 30.0
    shapes: tuple[float, float, float] = (0.4, 0.35, 0.25)
    fwhm: tuple[float, float] = (0.8, 1.2)
    plain: float = 0.4
    zoom: tuple[float, float] = (0.7, 2.2)
    soften: tuple[float, float] = (0.0, 1.0)
    sharpen: tuple[float, float] = (0.0, 1.0)
    noise: tuple[float, float] = (0.0, 30.0)
    quiet: float = 0.0
    grain: tuple[float, float] = (0.4, 1.5)
    crispness: tuple[float, float] = (0.0, 0.0)
    overlap: tuple[float, float] = (0.0, 0.0)
    dry: float = 0.1
    plastic: float = 0.0
    cut: float = 0.0
    metal: float = 0.0
    bone: float = 0.65
    cortex: float = 0.0
    edge: float = 0.04
    flips: bool = True
