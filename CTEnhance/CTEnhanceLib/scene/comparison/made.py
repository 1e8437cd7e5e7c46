"""What a comparison makes of its volumes: made when first asked for, kept while it is true, removed as one."""

from __future__ import annotations

from CTEnhanceLib.scene.comparison.captions import Volumes
from CTEnhanceLib.scene.comparison.derived import interpolated_node
from CTEnhanceLib.scene.comparison.maps import DifferenceMap
from CTEnhanceLib.scene.comparison.settings import AS_MEASURED, Settings
from CTEnhanceLib.scene.figures.surface import SurfaceOptions, SurfacePair
from CTEnhanceLib.scene.nodes import remove_with_belongings


class Made:
    """Interpolation, difference map and surfaces of the compared volumes.

    Args:
        volumes: What is compared; its left side follows the settings.
    """

    def __init__(self, volumes: Volumes) -> None:
        self._volumes = volumes
        self._difference: DifferenceMap | None = None
        self._surfaces: SurfacePair | None = None

    def fill_left(self, settings: Settings) -> None:
        """Put on the left what the settings ask for."""
        volumes = self._volumes
        if settings.left != AS_MEASURED and volumes.left is volumes.measured:
            volumes.left = interpolated_node(volumes.measured, volumes.computed, settings.left)

    def difference(self, settings: Settings) -> DifferenceMap:
        """Against what stands on the left; the measured slices as they are count as repeated."""
        if self._difference is None:
            measured, computed, left = self._volumes.measured, self._volumes.computed, self._volumes.left
            other = interpolated_node(measured, computed, "nearest") if left is measured else left
            self._difference = DifferenceMap(other, computed, settings.difference_hu)
            if other is not left:
                remove_with_belongings(other)
        return self._difference

    def surfaces(self, settings: Settings) -> SurfacePair:
        """The bone of both sides."""
        if self._surfaces is None:
            options = SurfaceOptions(threshold=settings.surface_hu)
            self._surfaces = SurfacePair(self._volumes.left, self._volumes.computed, options, settings.distance_mm)
        return self._surfaces

    def follow(self, settings: Settings) -> None:
        """Take over what can be changed without making anything anew."""
        if self._difference is not None:
            self._difference.set_range(settings.difference_hu)

    def drop_surfaces(self) -> None:
        """Remove the surfaces; nothing may show them any more."""
        if self._surfaces is not None:
            self._surfaces.remove()
            self._surfaces = None

    def drop(self) -> None:
        """Remove everything; nothing may show it any more."""
        self.drop_surfaces()
        if self._difference is not None:
            self._difference.remove()
            self._difference = None
        if self._volumes.left is not self._volumes.measured:
            remove_with_belongings(self._volumes.left)
            self._volumes.left = self._volumes.measured
