"""From a flat scene to a photo, drawing, sketch, cartoon or low-resolution photo."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

STYLES = ("photo", "drawing", "sketch", "cartoon", "low-resolution photo")
_Pixels = NDArray[np.float32]


def is_photo(style: str) -> bool:
    """Whether things are shown without a drawn outline in this style."""
    return style.endswith("photo")


def finish(picture: Image.Image, style: str, rng: np.random.Generator) -> Image.Image:
    """Give a flat RGB scene its style; `rng` decides light, grain and hatching."""
    return _FINISHES[style](picture, rng)


def floats(picture: Image.Image) -> _Pixels:
    """The channels of a picture, 0-1."""
    return np.asarray(np.asarray(picture, np.float32) / 255, np.float32)


def _image(pixels: _Pixels) -> Image.Image:
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


def _grid(side: int) -> tuple[_Pixels, _Pixels]:
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    return axis[None, :], axis[:, None]


def smooth_noise(side: int, cells: int, rng: np.random.Generator) -> _Pixels:
    """(side, side) noise of mean 0 with blobs about side/cells wide."""
    small = Image.fromarray(rng.standard_normal((cells, cells)).astype(np.float32))
    return np.asarray(small.resize((side, side), Image.Resampling.BICUBIC), np.float32)


def _photo(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    side = picture.width
    pixels = floats(picture.filter(ImageFilter.GaussianBlur(side * rng.uniform(0.004, 0.009))))
    x, y = _grid(side)
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + 0.12 * (x * np.cos(angle) + y * np.sin(angle)) - 0.2 * (x * x + y * y) * rng.uniform(0.5, 1)
    light = light + 0.04 * smooth_noise(side, 6, rng)
    tint = 1 + rng.uniform(-0.05, 0.05, 3)
    exposure = rng.uniform(0.86, 1.08)
    grain = rng.standard_normal((side, side, 1), dtype=np.float32) * rng.uniform(0.015, 0.035)
    return _image((pixels * light[..., None] * (tint * exposure)).astype(np.float32) + grain)


def _low_resolution(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    side = picture.width
    small = int(side / rng.uniform(3.6, 5.0))
    coarse = _photo(picture, rng).resize((small, small), Image.Resampling.BOX)
    return coarse.resize((side, side), Image.Resampling.NEAREST)


def _drawing(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    side = picture.width
    pixels = floats(picture)
    ink = np.clip(1 - pixels.max(axis=2, keepdims=True) * 2.5, 0, 1)
    strength = rng.uniform(0.48, 0.62)
    washed = 1 - (1 - pixels) * strength
    x, y = _grid(side)
    stripes = np.sin((x + y * rng.choice([-1.0, 1.0])) * 54) * 0.035
    paper = 0.02 * smooth_noise(side, side // 4, rng)
    warm = np.array([1.0, 0.985, 0.95], np.float32)
    return _image(((washed + (stripes + paper)[..., None]) * warm * (1 - 0.75 * ink)).astype(np.float32))


def _sketch(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    side = picture.width
    grey = picture.convert("L")
    fine = floats(grey.filter(ImageFilter.GaussianBlur(side * 0.006)))
    wide = floats(grey.filter(ImageFilter.GaussianBlur(side * 0.016)))
    lines = np.clip((wide - fine) * 4.5, 0, 1)
    tone = 0.16 * (1 - wide)
    grain = 0.03 * rng.standard_normal((side, side), dtype=np.float32)
    sheet = np.clip(0.97 - lines * rng.uniform(0.8, 1.0) - tone + grain, 0, 1)
    return _image(np.repeat(sheet[..., None], 3, axis=2).astype(np.float32))


def _cartoon(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    pixels = floats(picture)
    grey = pixels.mean(axis=2, keepdims=True)
    vivid = grey + (pixels - grey) * rng.uniform(1.3, 1.6)
    contrast = (vivid - 0.5) * 1.2 + 0.54
    return _image((np.round(np.clip(contrast, 0, 1) * 6) / 6).astype(np.float32))


_FINISHES: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "photo": _photo,
    "drawing": _drawing,
    "sketch": _sketch,
    "cartoon": _cartoon,
    "low-resolution photo": _low_resolution,
}
