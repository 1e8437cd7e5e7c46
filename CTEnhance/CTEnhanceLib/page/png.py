"""Arrays as PNG pictures inside a page."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

BONE_WINDOW_HU = (-400.0, 1400.0)
_CLEAR_BELOW = 0.1


def grey(slices: np.ndarray, window: tuple[float, float] = BONE_WINDOW_HU) -> np.ndarray:
    """Give HU as grey values, uint8 (rows, columns, 3)."""
    low, high = window
    shade = np.clip((slices.astype(np.float32) - low) / (high - low), 0, 1)
    return np.repeat((255 * shade).astype(np.uint8)[..., None], 3, axis=2)


def heat(amount: np.ndarray, over: np.ndarray, full: float) -> np.ndarray:
    """Lay amounts over a grey picture: clear below a tenth of `full`, then yellow, then red at `full`.

    Args:
        amount: HU, (rows, columns), >= 0.
        over: uint8 (rows, columns, 3).
        full: HU at which the colour is full.
    """
    share = np.clip((amount / full - _CLEAR_BELOW) / (1 - _CLEAR_BELOW), 0, 1)[..., None]
    colour = np.concatenate([np.full_like(share, 255), 230 * (1 - share), np.zeros_like(share)], axis=2)
    opacity = 0.75 * np.sqrt(share)
    return np.rint(over * (1 - opacity) + colour * opacity).astype(np.uint8)


def difference(amount: np.ndarray, full: float) -> np.ndarray:
    """Give a signed difference as colours: red positive, white zero, blue negative, uint8 (rows, columns, 3).

    Args:
        amount: HU, (rows, columns).
        full: HU at which a colour is full.
    """
    share = np.clip(amount / full, -1, 1)[..., None]
    red, blue = 1 - np.maximum(-share, 0), 1 - np.maximum(share, 0)
    return np.rint(255 * np.concatenate([red, np.minimum(red, blue), blue], axis=2)).astype(np.uint8)


def data_uri(picture: np.ndarray) -> str:
    """Give an RGB picture, uint8 (rows, columns, 3), as a data URI (PNG, ISO/IEC 15948)."""
    rows, columns, _ = picture.shape
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), picture.reshape(rows, -1)], axis=1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 9)
    png = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
