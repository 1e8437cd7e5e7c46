"""What a comparison derives from its volumes: made when first asked for, kept while it is true, removed as one.

Interpolation, difference map and surfaces live in the scene while the comparison is open and are made anew when a
saved one is opened.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import slicer

from CTEnhanceLib.ct.geometry import from_slices, slice_geometry, to_slices
from CTEnhanceLib.ct.interpolation import KINDS, apply_along_slices, interpolation_matrix
from CTEnhanceLib.ct.placement import place
from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.scene.comparison.maps import DifferenceMap
from CTEnhanceLib.scene.comparison.settings import AS_MEASURED, Settings
from CTEnhanceLib.scene.comparison.volumes import Volumes
from CTEnhanceLib.scene.figures.surface import SurfaceOptions, SurfacePair
from CTEnhanceLib.scene.nodes import ANY_WINDOW, add_volume, image_from_node, look_like, remove_with_belongings
from CTEnhanceLib.scene.provenance import Kind, mark


class DerivedVolumes:
    """Interpolation, difference map and surfaces of the compared volumes.

    Args:
        volumes: What is compared; its left side follows the settings.

    Attributes:
        volumes: The same.
    """

    def __init__(self, volumes: Volumes) -> None:
        self.volumes = volumes
        self._difference: DifferenceMap | None = None
        self._surfaces: SurfacePair | None = None

    def changed(self, before: Settings, settings: Settings) -> DerivedVolumes:
        """Derived volumes for other settings: what stays true is shared, the rest is made when asked for."""
        if settings.left != before.left:
            return DerivedVolumes(replace(self.volumes, left=self.volumes.measured))
        other = DerivedVolumes(self.volumes)
        other._difference = self._difference
        if (settings.surface_hu, settings.distance_mm) == (before.surface_hu, before.distance_mm):
            other._surfaces = self._surfaces
        return other

    def prepare(self, settings: Settings) -> None:
        """Make what the settings are about to show, so that a refusal comes before anything on show is changed.

        Raises:
            CTEnhanceError: It cannot be made; what was made before it is kept until `drop`.
        """
        self.fill_left(settings)
        if settings.blend == "difference":
            self.difference(settings)
        if settings.bone_as != "rendering":
            self.surfaces(settings)

    def fill_left(self, settings: Settings) -> None:
        """Put on the left what the settings ask for."""
        volumes = self.volumes
        if settings.left != AS_MEASURED and volumes.left is volumes.measured:
            volumes.left = interpolated_node(volumes.measured, volumes.computed, settings.left)

    def difference(self, settings: Settings) -> DifferenceMap:
        """Against what stands on the left; the measured slices as they are count as repeated."""
        if self._difference is None:
            measured, computed, left = self.volumes.measured, self.volumes.computed, self.volumes.left
            other = interpolated_node(measured, computed, "nearest") if left is measured else left
            self._difference = DifferenceMap(other, computed, settings.difference_hu)
            if other is not left:
                remove_with_belongings(other)
        return self._difference

    def surfaces(self, settings: Settings) -> SurfacePair:
        """The bone of both sides."""
        if self._surfaces is None:
            options = SurfaceOptions(threshold=settings.surface_hu)
            self._surfaces = SurfacePair(self.volumes.left, self.volumes.computed, options, settings.distance_mm)
        return self._surfaces

    def follow(self, settings: Settings) -> None:
        """Take over what can be changed without making anything anew."""
        if self._difference is not None:
            self._difference.set_range(settings.difference_hu)

    def same_as(self, other: DerivedVolumes) -> bool:
        """Whether everything that the other has made is here too."""
        return (
            other.volumes.left is self.volumes.left
            and other._difference in (None, self._difference)
            and other._surfaces in (None, self._surfaces)
        )

    def drop(self, kept: DerivedVolumes | None = None) -> None:
        """Remove everything that `kept` does not share; nothing may show it any more."""
        if self._surfaces is not None and (kept is None or kept._surfaces is not self._surfaces):
            self._surfaces.remove()
        if self._difference is not None and (kept is None or kept._difference is not self._difference):
            self._difference.remove()
        self._surfaces = self._difference = None
        volumes = self.volumes
        if volumes.left is not volumes.measured and (kept is None or kept.volumes.left is not volumes.left):
            remove_with_belongings(volumes.left)
            volumes.left = volumes.measured


def interpolated_node(
    measured: slicer.vtkMRMLScalarVolumeNode, computed: slicer.vtkMRMLScalarVolumeNode, kind: str
) -> slicer.vtkMRMLScalarVolumeNode:
    """Interpolate the measured slices onto the computed volume's grid.

    Args:
        measured: The thick-slice volume.
        computed: Gives the positions of the thin slices.
        kind: ``nearest``, ``linear`` or ``cubic``, the baselines of every table.

    Returns:
        A new volume with the measured one's grey scale, not saved with the scene.

    Raises:
        UsageError: The kind is unknown.
        InputRefusedError: The two volumes do not share their in-plane grid.
    """
    if kind not in KINDS:
        raise UsageError(f"'{kind}' is no interpolation: choose one of {', '.join(KINDS)}.")
    thick = image_from_node(measured)
    thin = place(image_from_node(computed), thick, f"'{computed.GetName()}'")
    matrix = interpolation_matrix(slice_geometry(thick).positions, thin.positions, kind)
    if kind == "nearest":
        slices = to_slices(thick)[matrix.argmax(1)].astype(np.int16, copy=False)
    else:
        slices = np.rint(apply_along_slices(matrix, to_slices(thick))).astype(np.int16)
    image = from_slices(slices, thick, float(thin.positions[0]), thin.spacing)
    node = add_volume(measured.GetScene(), image, f"{measured.GetName()} [{kind}]", ANY_WINDOW)
    mark(node, Kind.INTERPOLATED, f"{kind}, {thin.spacing:.3g} mm slices")
    look_like(node, measured)
    return node
