"""Backgrounds of the generated world: one small painter per place, all sizes as shares of the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from PIL import Image, ImageDraw

from core.demo.things import Rgb

SKIES: tuple[Rgb, ...] = ((160, 208, 255), (180, 222, 246), (206, 226, 240), (255, 206, 168), (190, 200, 214))
WALLS: tuple[Rgb, ...] = ((240, 232, 214), (214, 196, 222), (206, 226, 208), (246, 216, 190), (196, 206, 220))


@dataclass(frozen=True, slots=True, kw_only=True)
class Brush:
    """A canvas in shares of its side: `box(x0, y0, x1, y1)` takes 0-1 coordinates."""

    image: Image.Image
    rng: Random
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "draw", ImageDraw.Draw(self.image))

    def points(self, *xy: float) -> list[tuple[float, float]]:
        """Pixels of places given as shares of the side: x, y, x, y, ..."""
        side = self.image.width
        return [(x * side, y * side) for x, y in zip(xy[::2], xy[1::2], strict=True)]

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Rgb) -> None:
        """A filled rectangle."""
        self.draw.rectangle(self.points(x0, y0, x1, y1), fill=fill)

    def oval(self, x0: float, y0: float, x1: float, y1: float, fill: Rgb) -> None:
        """A filled ellipse."""
        self.draw.ellipse(self.points(x0, y0, x1, y1), fill=fill)

    def shape(self, fill: Rgb, *xy: float) -> None:
        """A filled polygon."""
        self.draw.polygon(self.points(*xy), fill=fill)

    def near(self, colour: Rgb, spread: int = 14) -> Rgb:
        """The colour, shifted a little, so that no two meadows are the same green."""
        r, g, b = (min(255, max(0, c + self.rng.randint(-spread, spread))) for c in colour)
        return r, g, b


def _sky(brush: Brush) -> None:
    brush.box(0, 0, 1, 1, brush.near(brush.rng.choice(SKIES), 8))


def _clouds(brush: Brush, count: int, top: float = 0.5) -> None:
    for _ in range(count):
        x, y = brush.rng.uniform(-0.1, 0.9), brush.rng.uniform(0, top)
        for step in range(3):
            size = brush.rng.uniform(0.1, 0.17)
            brush.oval(x + step * 0.08, y, x + step * 0.08 + size, y + size * 0.6, (250, 251, 253))


def _in_the_sky(brush: Brush) -> None:
    _sky(brush)
    _clouds(brush, brush.rng.randint(2, 4), 0.9)


def _ocean(brush: Brush) -> None:
    _sky(brush)
    top = brush.rng.uniform(0.08, 0.26)
    brush.box(0, top, 1, 1, brush.near((28, 96, 176)))
    side = brush.image.width
    y = top + 0.05
    while y < 1:
        x = brush.rng.uniform(-0.1, 0)
        while x < 1:
            (x0, y0), (x1, y1) = brush.points(x, y, x + 0.09, y + 0.045)
            brush.draw.arc((x0, y0, x1, y1), 200, 340, fill=(150, 196, 232), width=max(1, side // 80))
            x += 0.15
        y += 0.09


def _river(brush: Brush) -> None:
    _sky(brush)
    top, bank = brush.rng.uniform(0.16, 0.3), brush.near((104, 164, 80))
    brush.box(0, top, 1, 1, bank)
    lean = brush.rng.uniform(-0.2, 0.2)
    water = brush.near((86, 152, 226))
    brush.shape(water, 0.42 + lean, top, 0.6 + lean, top, 0.95 + lean / 3, 1.0, 0.0 + lean / 3, 1.0)


def _beach(brush: Brush) -> None:
    _sky(brush)
    top = brush.rng.uniform(0.3, 0.42)
    brush.box(0, top, 1, top + 0.14, brush.near((58, 134, 204)))
    brush.box(0, top + 0.14, 1, 1, brush.near((236, 206, 150)))


def _meadow(brush: Brush) -> None:
    _sky(brush)
    _clouds(brush, brush.rng.randint(0, 2), 0.25)
    top = brush.rng.uniform(0.38, 0.52)
    brush.box(0, top, 1, 1, brush.near((104, 178, 74)))
    brush.shape(brush.near((86, 158, 64)), 0, 1, 0, top + 0.22, 0.5, top + 0.1, 1, top + 0.26, 1, 1)


def _forest(brush: Brush) -> None:
    _sky(brush)
    brush.box(0, 0.55, 1, 1, brush.near((52, 106, 54)))
    for step in range(6):
        x, tip = step * 0.2 + brush.rng.uniform(-0.08, 0.08), brush.rng.uniform(0.02, 0.2)
        brush.box(x - 0.015, 0.6, x + 0.015, 0.72, (96, 66, 42))
        brush.shape(brush.near((28, 92, 52), 12), x - 0.13, 0.64, x, tip, x + 0.13, 0.64)


def _city(brush: Brush) -> None:
    _sky(brush)
    x = -0.05
    while x < 1:
        width, top = brush.rng.uniform(0.13, 0.22), brush.rng.uniform(0.05, 0.3)
        brush.box(x, top, x + width, 0.64, brush.near((124, 122, 142), 26))
        for column in range(2):
            for row in range(4):
                left, upper = x + 0.03 + column * width / 2.2, top + 0.04 + row * 0.09
                brush.box(left, upper, left + 0.03, upper + 0.035, (250, 226, 140))
        x += width + 0.005
    brush.box(0, 0.6, 1, 1, brush.near((142, 142, 146), 8))


def _road(brush: Brush) -> None:
    _sky(brush)
    top = brush.rng.uniform(0.36, 0.46)
    brush.box(0, top, 1, 1, brush.near((118, 164, 86)))
    brush.shape(brush.near((92, 92, 98), 8), 0.44, top, 0.56, top, 1.05, 1, -0.05, 1)
    for y in (0.52, 0.66, 0.84):
        brush.shape((246, 246, 240), 0.49, y, 0.51, y, 0.52, y + 0.09, 0.48, y + 0.09)


def _snow(brush: Brush) -> None:
    _sky(brush)
    peak = brush.rng.uniform(0.25, 0.75)
    brush.shape(brush.near((168, 178, 204)), peak - 0.45, 0.5, peak, 0.12, peak + 0.45, 0.5)
    brush.box(0, 0.48, 1, 1, (240, 244, 250))
    for _ in range(34):
        x, y, size = brush.rng.random(), brush.rng.random(), brush.rng.uniform(0.012, 0.026)
        brush.oval(x, y, x + size, y + size, (255, 255, 255))


def _desert(brush: Brush) -> None:
    _sky(brush)
    top = brush.rng.uniform(0.4, 0.5)
    brush.box(0, top, 1, 1, brush.near((226, 184, 116)))
    middle = brush.rng.uniform(0.1, 0.9)
    brush.oval(middle - 0.5, top - 0.1, middle + 0.5, top + 0.5, brush.near((216, 168, 98), 8))


def _night(brush: Brush) -> None:
    brush.box(0, 0, 1, 1, brush.near((18, 24, 62), 8))
    for _ in range(26):
        x, y = brush.rng.random(), brush.rng.uniform(0, 0.7)
        brush.oval(x, y, x + 0.014, y + 0.014, (236, 236, 220))
    x, y = brush.rng.uniform(0.05, 0.75), brush.rng.uniform(0.04, 0.16)
    brush.oval(x, y, x + 0.16, y + 0.16, (248, 244, 216))
    brush.box(0, 0.76, 1, 1, (26, 44, 40))


def _room(brush: Brush) -> None:
    brush.box(0, 0, 1, 1, brush.near(brush.rng.choice(WALLS), 8))
    x = brush.rng.uniform(0.1, 0.6)
    brush.box(x, 0.07, x + 0.28, 0.38, (252, 252, 250))
    brush.box(x + 0.025, 0.095, x + 0.255, 0.355, (164, 208, 244))
    brush.box(0, 0.62, 1, 1, brush.near((164, 112, 72)))


def _table(brush: Brush) -> None:
    brush.box(0, 0, 1, 1, brush.near(brush.rng.choice(WALLS), 8))
    top, wood = brush.rng.uniform(0.34, 0.46), brush.near((150, 94, 54))
    brush.box(0, top, 1, 1, wood)
    for y in range(4):
        line = top + 0.06 + y * 0.15
        brush.box(0, line, 1, line + 0.008, (112, 68, 40))


def _plate(brush: Brush) -> None:
    brush.box(0, 0, 1, 1, brush.near((158, 104, 62)))
    for y in range(6):
        brush.box(0, y * 0.18, 1, y * 0.18 + 0.008, (112, 68, 40))
    brush.oval(0.04, 0.1, 0.96, 0.94, (206, 206, 210))
    brush.oval(0.06, 0.1, 0.94, 0.91, (250, 250, 250))
    brush.oval(0.16, 0.2, 0.84, 0.82, (238, 240, 243))


PLACES: dict[str, Callable[[Brush], None]] = {
    "sky": _in_the_sky,
    "ocean": _ocean,
    "river": _river,
    "beach": _beach,
    "meadow": _meadow,
    "forest": _forest,
    "city": _city,
    "road": _road,
    "snow": _snow,
    "desert": _desert,
    "night": _night,
    "room": _room,
    "table": _table,
    "plate": _plate,
}


def paint_place(place: str, side: int, rng: Random) -> Image.Image:
    """A `side` x `side` RGB background of the named place, varied by `rng`."""
    image = Image.new("RGB", (side, side))
    PLACES[place](Brush(image=image, rng=rng))
    return image
