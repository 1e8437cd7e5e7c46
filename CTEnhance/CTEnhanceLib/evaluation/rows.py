"""All figures of one volume against the reference: `measure`, and what they are measured against: `Truth`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from CTEnhanceLib.ct.consistency import residual_rmse
from CTEnhanceLib.evaluation import catalogue
from CTEnhanceLib.evaluation.baselines import BASELINES, YARDSTICK
from CTEnhanceLib.evaluation.catalogue import Figure
from CTEnhanceLib.evaluation.measures.bone_values import BoneValues, bone_values
from CTEnhanceLib.evaluation.measures.edges import Edges, edge_width, find_edges
from CTEnhanceLib.evaluation.measures.gaps import GapFigures, Gaps, find_gaps, gap_figures
from CTEnhanceLib.evaluation.measures.metrics import SliceFigures, compare
from CTEnhanceLib.evaluation.measures.noise import noise_inconsistency
from CTEnhanceLib.evaluation.measures.regions import region_masks
from CTEnhanceLib.evaluation.measures.sfrc import Agreement, Patches, Scan, agreement, lay_patches, scan
from CTEnhanceLib.evaluation.measures.spectrum import Spectrum, slice_axis_energy, slice_axis_spectrum

HISTOGRAM_HU = np.arange(-1000, 3001, 20)


@dataclass(frozen=True)
class Truth:
    """The reference, prepared once for all volumes that are measured against it.

    Attributes:
        slices: reference in HU, every slice that is compared, (n_slices, rows, cols).
        positions: their positions in mm from the first thick slice's centre, (n_slices,).
        counted: the slices that enter the figures (the ends are left out).
        masks: regions of the counted slices.
        edges: cortical edges of the counted slices.
        gaps: gaps between bone of the counted slices.
        patches: patches of the counted slices for the ring correlation.
        thick: measured slices in HU, (n_thick, rows, cols).
        thickening: matrix that makes thick slices of the compared ones, (n_thick, n_slices).
        spacing, interval: mm between thin and between thick slices.
    """

    slices: np.ndarray
    positions: np.ndarray
    counted: slice
    masks: dict[str, np.ndarray]
    edges: Edges
    gaps: Gaps
    patches: Patches
    thick: np.ndarray
    thickening: np.ndarray
    spacing: float
    interval: float

    @property
    def inner(self) -> np.ndarray:
        """The counted slices, HU."""
        return self.slices[self.counted]

    @property
    def bone(self) -> np.ndarray:
        """Bone mask of the counted slices."""
        return self.masks["bone"]

    @property
    def soft_tissue(self) -> np.ndarray:
        """Body without bone, of the counted slices."""
        return self.masks["body"] & ~self.masks["bone"]


@dataclass(frozen=True)
class Row:
    """Figures of one volume; None where the reference does not allow a figure (no bone, no edge, too few slices).

    Attributes:
        name: what the tables call it.
        is_baseline: whether it is one of the baselines.
        regions: PSNR, MSE and SSIM by region and slice.
        edge_width: 10-90 % across cortex along the slice axis, mm.
        gap: contrast and width of gaps between bone across the slice axis.
        energy: slice-axis energy over the reference's.
        spectrum: power and coherence along the slice axis in bone.
        bone: bias and histogram shift in bone.
        histogram: counts of bone voxels in the bins of `HISTOGRAM_HU`.
        noise_inconsistency: slice-to-slice change of the noise over its level.
        consistency: RMSE against the measured slices under the slice profile, HU.
        agreement: ring correlation with the reference, patch by patch.
        scan: patches that disagree with the reference beyond chance.
    """

    name: str
    is_baseline: bool
    regions: dict[str, SliceFigures]
    edge_width: float | None
    gap: GapFigures | None
    energy: float | None
    spectrum: Spectrum | None
    bone: BoneValues | None
    histogram: np.ndarray
    noise_inconsistency: float
    consistency: float
    agreement: Agreement
    scan: Scan | None

    @property
    def fidelity(self) -> dict[Figure, float | None]:
        """The value of every figure of `catalogue.FIDELITY`."""
        gap, spectrum, bone = self.gap, self.spectrum, self.bone
        patches = self.scan.figures() if self.scan else None
        return {
            catalogue.EDGE_WIDTH: self.edge_width,
            catalogue.GAP_CONTRAST: gap.contrast if gap else None,
            catalogue.GAP_WIDTH: gap.width if gap else None,
            catalogue.ENERGY: self.energy,
            catalogue.HIGH_FREQUENCY_SHARE: spectrum.high_frequency_share if spectrum else None,
            catalogue.HIGH_FREQUENCY_COHERENCE: spectrum.high_frequency_coherence if spectrum else None,
            catalogue.BIAS: bone.bias if bone else None,
            catalogue.HISTOGRAM_SHIFT: bone.wasserstein if bone else None,
            catalogue.NOISE_STEP: self.noise_inconsistency,
            catalogue.CONSISTENCY: self.consistency,
            catalogue.MARKED: patches["marked_share"] if patches else None,
            catalogue.INVENTED: patches["invented_share"] if patches else None,
        }


def prepare_truth(
    reference: np.ndarray,
    positions: np.ndarray,
    counted: slice,
    thick: np.ndarray,
    thickening: np.ndarray,
    interval: float,
) -> Truth:
    """Find regions, edges and patches of the reference once; the arguments are as in `Truth`.

    Args:
        reference: HU, every slice that is compared, (n_slices, rows, cols).
        positions: mm from the first thick slice's centre, (n_slices,).
        counted: The slices that enter the figures.
        thick: Measured slices, HU, (n_thick, rows, cols).
        thickening: Matrix that makes thick slices of the compared ones, (n_thick, n_slices).
        interval: Distance of thick slices, mm.
    """
    spacing = float(positions[1] - positions[0])
    masks = {name: mask[counted] for name, mask in region_masks(reference).items()}
    inner = reference[counted]
    return Truth(
        slices=reference,
        positions=positions,
        counted=counted,
        masks=masks,
        edges=find_edges(inner, masks["bone"], spacing, interval),
        gaps=find_gaps(inner, masks["bone"], spacing, interval),
        patches=lay_patches(masks["bone"]),
        thick=thick,
        thickening=thickening,
        spacing=spacing,
        interval=interval,
    )


def measure(name: str, slices: np.ndarray, truth: Truth) -> Row:
    """All figures of one volume, but for the scan, which `with_scans` adds.

    Args:
        name: what the tables call it.
        slices: HU on the compared slices of the truth, (n_slices, rows, cols).
        truth: the prepared reference.
    """
    inner, reference = slices[truth.counted], truth.inner
    return Row(
        name=name,
        is_baseline=name in BASELINES,
        regions=compare(inner, reference, truth.masks),
        edge_width=edge_width(inner, truth.edges),
        gap=gap_figures(inner, truth.gaps),
        energy=slice_axis_energy(inner, reference, truth.bone),
        spectrum=slice_axis_spectrum(inner, reference, truth.bone, truth.spacing, truth.interval),
        bone=bone_values(inner, reference, truth.bone),
        histogram=np.histogram(inner[truth.bone], HISTOGRAM_HU)[0],
        noise_inconsistency=noise_inconsistency(inner, truth.soft_tissue),
        consistency=residual_rmse(slices, truth.thick, truth.thickening),
        agreement=agreement(inner, reference, truth.patches),
        scan=None,
    )


def with_scans(rows: list[Row], truth: Truth) -> list[Row]:
    """Scan every row for patches that disagree with the reference; the baselines among them set the limits."""
    by_name = {row.name: row.agreement for row in rows}
    return [replace(row, scan=scan(row.agreement, truth.patches, by_name[YARDSTICK], by_name["cubic"])) for row in rows]
