"""What is compared with what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer

from CTEnhanceLib.scene.comparison.views.layouts import Side
from CTEnhanceLib.scene.further_series import measured_in_plane


@dataclass
class Volumes:
    """What is compared.

    Attributes:
        measured: The thick-slice volume.
        computed: The volume computed from it.
        left: What stands on the left: the measured volume, or an interpolation of it.
        reference: A true thin-slice volume, or None.
        uncertainty: How uncertain each computed voxel is, HU, or None.
    """

    measured: slicer.vtkMRMLScalarVolumeNode
    computed: slicer.vtkMRMLScalarVolumeNode
    left: slicer.vtkMRMLScalarVolumeNode
    reference: slicer.vtkMRMLScalarVolumeNode | None = None
    uncertainty: slicer.vtkMRMLScalarVolumeNode | None = None

    def of_view(self, side: Side, normal: np.ndarray) -> slicer.vtkMRMLScalarVolumeNode:
        """The volume a slice view shows: on the left the series measured in its plane, where several were.

        Args:
            side: The side of the view.
            normal: Normal of the view's plane, RAS, shape (3,).
        """
        if side is Side.MEASURED and self.left is self.measured:
            return measured_in_plane(self.measured, self.computed, normal)
        return self.of(side)

    def of(self, side: Side) -> slicer.vtkMRMLScalarVolumeNode:
        """The volume a side shows before anything is laid over it."""
        if side is Side.MEASURED:
            return self.left
        return self.computed if side is Side.COMPUTED or self.reference is None else self.reference
