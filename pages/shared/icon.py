"""The mark in the browser's tab, drawn here so that nothing is fetched from anywhere."""

from __future__ import annotations

import numpy as np
from PIL import Image


def _mark(side: int = 64) -> Image.Image:
    """A text line meeting a frame: four bars of a page, the last one inside a square."""
    pixels = np.zeros((side, side, 4), np.uint8)
    ink, accent = (0x33, 0x56, 0x6B, 255), (0xD5, 0x5E, 0x00, 255)
    for top, right in ((8, 56), (20, 44), (32, 24), (44, 24)):
        pixels[top : top + 7, 8:right] = ink
    pixels[32:58, 32:58] = ink
    pixels[38:52, 38:52] = 0
    pixels[42:48, 42:48] = accent
    return Image.fromarray(pixels)


ICON = _mark()
