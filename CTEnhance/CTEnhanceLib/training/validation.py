"""The figure that chooses the checkpoint: what a stack gains over cubic + back-projection on volumes it never saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CTEnhanceLib.ct.geometry import slice_geometry, to_slices
from CTEnhanceLib.ct.intensity import STORED_MAX, to_stored
from CTEnhanceLib.ct.placement import at_positions, common_positions, interval_along, place
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.dicom.volumes import read_volume
from CTEnhanceLib.enhancement.pipeline import enhance
from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.evaluation.baselines import YARDSTICK, baseline_slices
from CTEnhanceLib.evaluation.measures.metrics import psnr_of
from CTEnhanceLib.evaluation.measures.regions import counted_slices, region_masks
from CTEnhanceLib.evaluation.measures.spectrum import slice_axis_energy
from CTEnhanceLib.training.config.data_files import existing_data
from CTEnhanceLib.training.config.sections import ValidationCase
from CTEnhanceLib.training.data.interpolated import data_warnings

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTEnhanceLib.model.stack import Stack


@dataclass(frozen=True)
class Figures:
    """What a stack reaches on one case.

    Attributes:
        bone, whole: PSNR gained over cubic + back-projection, dB.
        bias: Mean error in bone, HU.
        energy: Slice-axis energy over the reference's.
    """

    bone: float
    whole: float
    bias: float
    energy: float


@dataclass(frozen=True)
class Case:
    """A validation case, loaded.

    Attributes:
        settings: What the configuration says.
        thin: The reference.
        thick: The thick slices.
        profile: The profile that made them.
        first_slice: Index of the first slice of the reference in its file.
    """

    settings: ValidationCase
    thin: sitk.Image
    thick: sitk.Image
    profile: SliceProfile
    first_slice: int = 0

    @property
    def warnings(self) -> list[str]:
        """A line that names the slices of the reference that were not measured; none where all were."""
        import SimpleITK as sitk

        return data_warnings(self.settings.thin, sitk.GetArrayViewFromImage(self.thin), self.first_slice)


def load_case(settings: ValidationCase, cropped: bool = True) -> Case:
    """Read a case and thicken it.

    Args:
        settings: What the configuration says.
        cropped: Whether to cut the volume down as the configuration says, for speed. The slices that the case is
            limited to are kept to in any case.

    Raises:
        UsageError: A file is not there, or the case leaves nothing of it.
    """
    profile = SliceProfile(settings.shape, settings.fwhm_mm or settings.thickness_mm)
    thin = read_volume(existing_data(settings.thin, "validation"))
    thick = read_volume(existing_data(settings.thick, "validation")) if settings.thick else None
    limits = list(settings.crop) if cropped else []
    if thick is not None:
        thick = _crop(thick, limits[:4])
    limits = _within(limits, settings, thin.GetSize())
    thin = _crop(thin, limits)
    if thick is None:
        thick = thicken(thin, settings.thickness_mm, profile=profile)
    return Case(settings, thin, thick, profile, limits[4])


def figures_of(case: Case, stack: Stack, precision: str = "auto") -> tuple[Figures, dict[str, np.ndarray]]:
    """Enhance the thick slices of a case and measure the result.

    Args:
        case: The case.
        stack: What is measured.
        precision: As in `enhance`.

    Returns:
        The figures, and the slices they were taken on by name ("cubic + back-projection", "computed", "reference").
    """
    spacing = interval_along(case.thin, case.thick)
    computed = enhance(
        case.thick, stack, spacing=spacing, profile=case.profile, precision=precision, device=str(stack.device)
    ).volume
    placed = {name: place(image, case.thick, name) for name, image in (("computed", computed), ("thin", case.thin))}
    positions = common_positions(placed["thin"], {"computed": placed["computed"]})
    reference, _ = at_positions(placed["thin"], positions, "thin")
    candidate, _ = at_positions(placed["computed"], positions, "computed")
    thick = to_slices(case.thick)
    yardstick = baseline_slices(thick, slice_geometry(case.thick).positions, positions, YARDSTICK, case.profile)
    counted, _ = counted_slices(len(positions))
    masks = {name: mask[counted] for name, mask in region_masks(reference).items()}
    shown = {YARDSTICK: yardstick[counted], "computed": candidate[counted], "reference": reference[counted]}
    truth = shown["reference"].astype(np.float32)
    error = {name: (to_stored(shown[name]) - to_stored(truth)) / STORED_MAX for name in (YARDSTICK, "computed")}
    gain = {
        region: float(
            psnr_of(np.mean(error["computed"][masks[region]] ** 2))
            - psnr_of(np.mean(error[YARDSTICK][masks[region]] ** 2))
        )
        for region in ("bone", "whole")
    }
    bias = float(np.mean((shown["computed"] - truth)[masks["bone"]]))
    energy = slice_axis_energy(shown["computed"].astype(np.float32), truth, masks["bone"])
    return Figures(gain["bone"], gain["whole"], bias, float(energy if energy is not None else np.nan)), shown


def _within(limits: list[int], settings: ValidationCase, size: tuple[int, ...]) -> list[int]:
    """Limit what is cut out to the slices of the case."""
    limits = [*limits, *[0, size[0], 0, size[1], 0, size[2]][len(limits) :]]
    limits[4:] = max(limits[4], settings.slices[0]), min(limits[5], settings.slices[1], size[2])
    if limits[4] + 1 >= limits[5]:
        raise UsageError(
            f"slices {list(settings.slices)} and crop {list(settings.crop)} of the validation case "
            f"{settings.name!r} leave nothing of {settings.thin}, which has {size[2]} slices: widen them."
        )
    return limits


def _crop(image: sitk.Image, limits: list[int]) -> sitk.Image:
    spans = [slice(limits[i], limits[i + 1]) for i in range(0, len(limits), 2)]
    return image[tuple(spans + [slice(None)] * (3 - len(spans)))]
