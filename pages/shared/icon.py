"""The mark in the browser's tab and the product's name, drawn here so that nothing is fetched from anywhere."""

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
_INK = {"light": ("#33566B", "#14181B", "#D55E00"), "dark": ("#8FB4C8", "#E8EBED", "#F0863C")}


def logo(theme: str) -> str:
    """The mark and the name in one line, as SVG; readable on the background of this theme."""
    ink, text, accent = _INK[theme]
    bars = "".join(
        f'<rect x="2" y="{top}" width="{width}" height="3" fill="{ink}"/>'
        for top, width in ((3, 22), (8, 16), (13, 8), (18, 8))
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="190" height="26" viewBox="0 0 190 26" role="img">'
        f"<title>Text Meets Vision</title>{bars}"
        f'<rect x="13.5" y="13.5" width="10" height="10" fill="none" stroke="{ink}" stroke-width="3"/>'
        f'<rect x="17" y="17" width="3" height="3" fill="{accent}"/>'
        '<text x="34" y="19" font-family="system-ui, sans-serif" '
        f'font-size="16" font-weight="600" textLength="150" lengthAdjust="spacingAndGlyphs" fill="{text}">'
        "Text Meets Vision</text></svg>"
    )
