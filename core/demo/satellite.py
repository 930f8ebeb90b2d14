"""Views from above: ten land-use classes after EuroSAT's, painted with noise, fields, roofs and roads.

No model of this project is trained on them; they are the demo's example of pictures unlike the training
data. Each name holds a word that the demo models know, where EuroSAT's own may not, so that no two classes are
the same text to them. All painters work on a (side, side) grid of coordinates in shares of the picture.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.demo.styles import smooth_noise

_Pixels = NDArray[np.float32]
_Rgb = tuple[float, float, float]
_Rng = np.random.Generator

_SOILS: tuple[_Rgb, ...] = (
    (0.42, 0.52, 0.22),
    (0.55, 0.62, 0.30),
    (0.62, 0.50, 0.34),
    (0.47, 0.37, 0.26),
    (0.80, 0.74, 0.48),
    (0.33, 0.44, 0.18),
    (0.56, 0.46, 0.33),
)
_GREENS: tuple[_Rgb, ...] = ((0.34, 0.47, 0.22), (0.42, 0.50, 0.25), (0.50, 0.48, 0.30), (0.36, 0.38, 0.22))


def _turned(side: int, rng: _Rng) -> tuple[_Pixels, _Pixels]:
    """Coordinates u, v (side, side) of a frame turned by any angle, in shares of the picture."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    angle = rng.uniform(0, np.pi)
    u = x * np.cos(angle) + y * np.sin(angle)
    return u.astype(np.float32), (y * np.cos(angle) - x * np.sin(angle)).astype(np.float32)


def _pick(colours: tuple[_Rgb, ...], numbers: NDArray[np.int64], rng: _Rng) -> _Pixels:
    """(side, side, 3) colours, one for each number, each slightly off its palette entry."""
    palette = np.array(colours, np.float32)[rng.integers(0, len(colours), 512)]
    palette = palette * rng.uniform(0.82, 1.15, (512, 1)).astype(np.float32)
    return np.asarray(palette[numbers % 512], np.float32)


def _plots(side: int, colours: tuple[_Rgb, ...], size: float, rng: _Rng) -> _Pixels:
    """A patchwork of rectangular fields about `size` wide."""
    u, v = _turned(side, rng)
    column = np.floor(u / size + 50)
    row = np.floor((v + (column * 0.37) % 1 * size) / (size * rng.uniform(0.8, 1.8)) + 50)
    return _pick(colours, (column * 31 + row).astype(np.int64), rng)


def _flat(side: int, colour: _Rgb) -> _Pixels:
    return np.broadcast_to(np.array(colour, np.float32), (side, side, 3)).copy()


def _between(one: _Rgb, other: _Rgb, share: float) -> _Rgb:
    r, g, b = (a + (z - a) * share for a, z in zip(one, other, strict=True))
    return r, g, b


def _speckle(pixels: _Pixels, fine: float, coarse: float, rng: _Rng) -> _Pixels:
    side = len(pixels)
    grain = fine * smooth_noise(side, side // 2, rng) + coarse * smooth_noise(side, 6, rng)
    return np.asarray(pixels * (1 + grain[..., None]), np.float32)


def _annual_crop(side: int, rng: _Rng) -> _Pixels:
    fields = _plots(side, _SOILS, rng.uniform(0.28, 0.45), rng)
    u, _ = _turned(side, rng)
    furrows = 0.06 * np.sin(u * rng.uniform(110, 160))
    return _speckle((fields * (1 + furrows[..., None])).astype(np.float32), 0.03, 0.04, rng)


def _forest(side: int, rng: _Rng) -> _Pixels:
    summer = (rng.uniform(0.08, 0.17), rng.uniform(0.24, 0.34), rng.uniform(0.13, 0.2))
    autumn = (rng.uniform(0.26, 0.4), rng.uniform(0.24, 0.32), rng.uniform(0.14, 0.2))
    leaves = _between(summer, autumn, rng.uniform(0, 1) ** 2)
    return _speckle(_speckle(_flat(side, leaves), 0.22, 0.1, rng), 0.0, 0.08, rng)


def _herbaceous(side: int, rng: _Rng) -> _Pixels:
    dry = np.array((rng.uniform(0.54, 0.72), rng.uniform(0.54, 0.64), rng.uniform(0.28, 0.4)), np.float32)
    fresh = np.array((rng.uniform(0.28, 0.42), rng.uniform(0.38, 0.5), 0.22), np.float32)
    blend = np.clip(0.5 + 0.4 * smooth_noise(side, 5, rng) + 0.18 * smooth_noise(side, 14, rng), 0, 1)[..., None]
    return _speckle((dry * blend + fresh * (1 - blend)).astype(np.float32), 0.06, 0.04, rng)


def _pasture(side: int, rng: _Rng) -> _Pixels:
    fresh = (rng.uniform(0.34, 0.46), rng.uniform(0.5, 0.64), rng.uniform(0.22, 0.32))
    dry = (rng.uniform(0.6, 0.72), rng.uniform(0.56, 0.64), rng.uniform(0.34, 0.44))
    grass = _between(fresh, dry, rng.uniform(0, 1))
    return _speckle(_flat(side, grass), 0.03, 0.05, rng)


def _permanent_crop(side: int, rng: _Rng) -> _Pixels:
    fields = _plots(side, _GREENS, rng.uniform(0.3, 0.5), rng)
    u, v = _turned(side, rng)
    pitch = rng.uniform(120, 170)
    dots = 0.16 * np.sin(u * pitch) * np.sin(v * pitch)
    return _speckle((fields * (1 + dots[..., None])).astype(np.float32), 0.04, 0.04, rng)


def _ribbon(side: int, width: float, rng: _Rng) -> _Pixels:
    """(side, side) coverage 0-1 of a winding band about `width` wide across the picture."""
    u, v = _turned(side, rng)
    middle = u - 0.5 * (u.min() + u.max())
    bends = np.sin(v * rng.uniform(3, 6) + rng.uniform(0, 6))
    path = rng.uniform(-0.12, 0.12) + rng.uniform(0.04, 0.16) * bends
    return np.asarray(np.clip((width / 2 - np.abs(middle - path)) * side / 2 + 0.5, 0, 1), np.float32)


def _lay(ground: _Pixels, band: _Pixels, colour: _Rgb) -> _Pixels:
    share = band[..., None]
    return np.asarray(ground * (1 - share) + np.array(colour, np.float32) * share, np.float32)


def _highway(side: int, rng: _Rng) -> _Pixels:
    ground = _speckle(_plots(side, _SOILS[:6], rng.uniform(0.35, 0.6), rng), 0.04, 0.05, rng)
    grey = rng.uniform(0.56, 0.74)
    return _lay(ground, _ribbon(side, rng.uniform(0.05, 0.09), rng), (grey, grey, grey + 0.02))


def _river(side: int, rng: _Rng) -> _Pixels:
    ground = _speckle(_plots(side, _SOILS, rng.uniform(0.35, 0.6), rng), 0.04, 0.05, rng)
    clear = (rng.uniform(0.12, 0.24), rng.uniform(0.3, 0.42), rng.uniform(0.42, 0.56))
    muddy = (rng.uniform(0.36, 0.46), rng.uniform(0.34, 0.42), rng.uniform(0.24, 0.32))
    water = _between(clear, muddy, rng.uniform(0, 1))
    return _lay(ground, _ribbon(side, rng.uniform(0.15, 0.26), rng), water)


def _sea(side: int, rng: _Rng) -> _Pixels:
    deep = (rng.uniform(0.02, 0.1), rng.uniform(0.16, 0.3), rng.uniform(0.34, 0.52))
    shallow = (rng.uniform(0.1, 0.26), rng.uniform(0.3, 0.42), rng.uniform(0.24, 0.36))
    water = _between(deep, shallow, rng.uniform(0, 1))
    return _speckle(_flat(side, water), 0.03, 0.07, rng)


def _roofs(side: int, ground: _Pixels, pitch: float, size: float, colours: tuple[_Rgb, ...], rng: _Rng) -> _Pixels:
    """Buildings in rows `pitch` apart, each with a shadow to its lower right."""
    u, v = _turned(side, rng)
    column, row = np.floor(u / pitch + 50), np.floor(v / pitch + 50)
    number = (column * 37 + row).astype(np.int64)
    half = size * rng.uniform(0.7, 1.25, 512).astype(np.float32)[number % 512] / 2
    built = rng.random(512)[number % 512] < 0.88
    across, along = (u / pitch) % 1 - 0.5, (v / pitch) % 1 - 0.5

    def covered(shift: float) -> _Pixels:
        inside = (np.abs(across - shift) < half) & (np.abs(along - shift) < half) & built
        return np.asarray(inside, np.float32)

    shaded = ground * (1 - 0.6 * covered(0.1)[..., None])
    roof = covered(0.0)[..., None]
    return np.asarray(shaded * (1 - roof) + _pick(colours, number, rng) * roof, np.float32)


def _streets(side: int, ground: _Pixels, pitch: float, width: float, rng: _Rng) -> _Pixels:
    u, v = _turned(side, rng)
    lines = (((u / pitch) % 1 < width) | ((v / pitch) % 1 < width)).astype(np.float32)
    return _lay(ground, lines, (0.66, 0.65, 0.66))


def _industrial(side: int, rng: _Rng) -> _Pixels:
    tone = rng.uniform(0.44, 0.58)
    earth = _between((tone, tone, tone * 0.95), _SOILS[rng.integers(0, len(_SOILS))], rng.uniform(0, 0.8))
    ground = _speckle(_flat(side, earth), 0.06, 0.06, rng)
    ground = _streets(side, ground, rng.uniform(0.8, 1.1), 0.08, rng)
    pale: tuple[_Rgb, ...] = ((0.86, 0.88, 0.92), (0.72, 0.74, 0.86), (0.78, 0.84, 0.84), (0.5, 0.6, 0.78))
    return _speckle(_roofs(side, ground, rng.uniform(0.36, 0.5), 0.66, pale, rng), 0.02, 0.03, rng)


def _residential(side: int, rng: _Rng) -> _Pixels:
    ground = _speckle(_flat(side, (rng.uniform(0.38, 0.46), 0.55, rng.uniform(0.34, 0.4))), 0.08, 0.06, rng)
    ground = _streets(side, ground, rng.uniform(0.36, 0.5), 0.12, rng)
    tiles: tuple[_Rgb, ...] = ((0.82, 0.38, 0.26), (0.7, 0.3, 0.22), (0.6, 0.54, 0.54), (0.86, 0.46, 0.3))
    return _speckle(_roofs(side, ground, rng.uniform(0.12, 0.16), 0.56, tiles, rng), 0.03, 0.03, rng)


LAND_USES: dict[str, Callable[[int, _Rng], _Pixels]] = {
    "annual crop field": _annual_crop,
    "forest": _forest,
    "grass and herbs": _herbaceous,
    "highway or road": _highway,
    "industrial buildings": _industrial,
    "pasture land": _pasture,
    "plantation of trees": _permanent_crop,
    "residential houses": _residential,
    "river": _river,
    "sea or lake": _sea,
}


def render_land(use: str, seed: int, side: int = 96) -> Image.Image:
    """A `side` x `side` RGB view from above of the named land use, in any season, light and haze."""
    rng = np.random.default_rng((seed, list(LAND_USES).index(use)))
    season = rng.uniform(0.86, 1.14, 3) * rng.uniform(0.72, 1.12)
    haze = 0.22 * rng.random()
    pixels = LAND_USES[use](side, rng) * season * (1 - haze) + haze * 0.7
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))
