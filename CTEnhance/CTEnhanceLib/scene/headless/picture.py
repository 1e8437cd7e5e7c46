"""Pictures of the comparison: a whole layout with a heading, as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

_BACKGROUND = (14, 16, 20)
_MARGIN = 18
_SEPARATOR = " · "


def with_heading(
    picture: np.ndarray, title: str, lines: Sequence[str], color: tuple[float, float, float] = (1, 1, 1)
) -> np.ndarray:
    """Put a title and further lines above a picture.

    Args:
        picture: (rows, columns, 3) uint8, first row on top.
        title: Written large; shortened by the picture's edge if it is too long.
        lines: Written smaller, one under the other; one that is too long goes on below, where it has a " · ".
        color: Of the title, RGB in 0..1.

    Returns:
        The picture with the heading, (more rows, columns, 3) uint8.
    """
    width = picture.shape[1]
    size = max(14, round(width / 62))
    rows = [text_image(title, size, color, bold=True)]
    rows += [row for line in lines for row in _broken(line, round(0.68 * size), width - 2 * _MARGIN)]
    gap = round(0.45 * size)
    height = 2 * _MARGIN + sum(row.shape[0] for row in rows) + gap * (len(rows) - 1)
    heading = np.empty((height, width, 3), np.uint8)
    heading[:] = _BACKGROUND
    y = _MARGIN
    for row in rows:
        part = heading[y : y + row.shape[0], _MARGIN : _MARGIN + row.shape[1]]
        cut = row[: part.shape[0], : part.shape[1]].astype(float)
        alpha = cut[..., 3:] / 255
        part[:] = np.rint(alpha * cut[..., :3] + (1 - alpha) * part).astype(np.uint8)
        y += row.shape[0] + gap
    return np.vstack([heading, picture])


def _broken(line: str, size: int, width: int) -> list[np.ndarray]:
    """Draw a line in as many rows as it needs."""
    color = (0.80, 0.83, 0.86)
    parts, rows, first = line.split(_SEPARATOR), [], 0
    for last in range(1, len(parts) + 1):
        too_long = last < len(parts) and (
            text_image(_SEPARATOR.join(parts[first : last + 1]), size, color).shape[1] > width
        )
        if too_long or last == len(parts):
            rows.append(text_image(_SEPARATOR.join(parts[first:last]), size, color))
            first = last
    return rows


def text_image(text: str, size: int, color: tuple[float, float, float], *, bold: bool = False) -> np.ndarray:
    """Draw a line of text: (rows, columns, 4) uint8, transparent around the letters.

    Args:
        text: The line.
        size: Of the letters, in points.
        color: RGB in 0..1.
        bold: Whether the letters are bold.
    """
    style = vtk.vtkTextProperty()
    style.SetFontFamilyToArial()
    style.SetFontSize(size)
    style.SetColor(*color)
    style.SetBold(bold)
    image = vtk.vtkImageData()
    drawn = [0, 0]
    vtk.vtkTextRenderer.GetInstance().RenderString(style, text, image, drawn, 72)
    width, height, _ = image.GetDimensions()
    array = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return array[: drawn[1], : drawn[0]][::-1].copy()


def grab_window(window: vtk.vtkRenderWindow) -> np.ndarray:
    """What a render window drew last, (rows, columns, 3) uint8, first row on top."""
    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(window)
    grabber.ReadFrontBufferOff()
    grabber.ShouldRerenderOff()
    grabber.Update()
    image = grabber.GetOutput()
    columns, rows, _ = image.GetDimensions()
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, -1)[::-1, :, :3].copy()


def write_png(picture: np.ndarray, path: str | Path) -> Path:
    """Write a picture, (rows, columns, 3) uint8, first row on top.

    Args:
        picture: RGB values, 0 to 255.
        path: Of the file.
    """
    rows, columns = picture.shape[:2]
    image = vtk.vtkImageData()
    image.SetDimensions(columns, rows, 1)
    scalars = numpy_to_vtk(np.ascontiguousarray(picture[::-1]).reshape(-1, 3), deep=True)
    image.GetPointData().SetScalars(scalars)
    writer = vtk.vtkPNGWriter()
    writer.SetFileName(str(path))
    writer.SetInputData(image)
    writer.Write()
    return Path(path)
