"""Studies of several thick series, made from one thin volume by plain sampling: nothing of the product is used."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial.transform import Rotation

AXES = {"axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1)}


def measure(
    thin: sitk.Image,
    plane: str,
    *,
    thickness: float = 3.0,
    interval: float | None = None,
    pixel: float | None = None,
    degrees: tuple[float, float] = (0.0, 0.0),
    stated_off: tuple[float, float, float] = (0.0, 0.0, 0.0),
    rotated_off: float = 0.0,
    noise: float = 0.0,
    blur: float = 0.0,
    cover: tuple[float, float] = (0.0, 1.0),
    order: int = 1,
    seed: int = 0,
) -> sitk.Image:
    """Make one thick series: the mean of samples across each slab, a box profile.

    Args:
        thin: Axis-parallel thin volume, HU, slices along k.
        plane: "axial", "coronal" or "sagittal".
        thickness: Extent of a slab, mm.
        interval: Distance of the slabs, mm; the thickness when left out.
        pixel: Pixel width, mm; that of the thin volume when left out.
        degrees: How far the series is turned about its own rows and columns.
        stated_off: The file says that the series lies this far (LPS mm) from where it was measured.
        rotated_off: The file says that it is rotated by this many degrees about its centre.
        noise: Standard deviation of noise of its own, HU.
        blur: Standard deviation of its in-plane blur, mm.
        cover: Which part of the extent along its normal is covered.
        order: Order of the spline that samples the thin volume.
        seed: Of the noise.
    """
    interval = interval or thickness
    values = sitk.GetArrayFromImage(thin).astype(np.float32)
    order_of = list(AXES[plane])
    spacing = np.array(thin.GetSpacing())[::-1]
    axes = np.reshape(thin.GetDirection(), (3, 3))[:, ::-1]
    extent = (np.array(values.shape) * spacing)[order_of]
    centre = np.array(thin.GetOrigin()) + axes @ ((np.array(values.shape) - 1) / 2 * spacing)
    own = axes[:, order_of]
    turn = Rotation.from_rotvec(np.radians(degrees[0]) * own[:, 1] + np.radians(degrees[1]) * own[:, 2]).as_matrix()
    own = turn @ own
    steps = np.array([interval, *((pixel, pixel) if pixel else spacing[order_of[1:]])])
    if not pixel and not any(degrees) and interval == thickness:
        # slabs begin where the thin volume begins, and pixels lie on its voxels
        count = np.array([int(extent[0] / interval + 1e-6), *(values.shape[axis] for axis in order_of[1:])])
        first = (interval - spacing[order_of[0]]) / 2
        origin = np.array(thin.GetOrigin()) + own[:, 0] * first
    else:
        count = np.maximum((extent / steps + 1e-6).astype(int), 1)
        origin = centre - own @ ((count - 1) / 2 * steps)
    numbers = np.arange(round(cover[0] * count[0]), round(cover[1] * count[0]))
    origin, count[0] = origin + own[:, 0] * interval * numbers[0], len(numbers)
    grid = np.stack(np.meshgrid(*[np.arange(n) for n in count], indexing="ij")).reshape(3, -1)
    places = own @ (grid * steps[:, None]) + origin[:, None]
    to_index = np.linalg.inv(axes * spacing)
    voxel = spacing[order_of[0]]
    samples = max(round(thickness / voxel), 1) * (2 if any(degrees) else 1)
    total = np.zeros(grid.shape[1])
    for offset in ((np.arange(samples) + 0.5) / samples - 0.5) * thickness:
        index = to_index @ (places + own[:, :1] * offset - np.array(thin.GetOrigin())[:, None])
        total += map_coordinates(values, index, order=order, mode="nearest")
    slices = (total / samples).reshape(count)
    if blur:
        slices = gaussian_filter(slices, (0, *(blur / steps[1:])))
    slices = slices + np.random.default_rng(seed).normal(0, noise, slices.shape) if noise else slices
    image = sitk.GetImageFromArray(np.rint(slices).astype(np.int16))
    image.SetSpacing(steps[::-1].tolist())
    wrong = Rotation.from_rotvec(np.radians(rotated_off) * np.array([0.6, 0.64, 0.48])).as_matrix()
    middle = origin + own @ ((count - 1) / 2 * steps)
    image.SetOrigin((wrong @ (origin - middle) + middle + np.array(stated_off)).tolist())
    image.SetDirection((wrong @ own)[:, ::-1].ravel().tolist())
    return image
