"""What is compared with what."""

from __future__ import annotations

from dataclasses import dataclass

import slicer

from CTEnhanceLib.scene.comparison.layouts import Side


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

    def of(self, side: Side) -> slicer.vtkMRMLScalarVolumeNode:
        """The volume a side shows before anything is laid over it."""
        if side is Side.MEASURED:
            return self.left
        return self.computed if side is Side.COMPUTED or self.reference is None else self.reference
