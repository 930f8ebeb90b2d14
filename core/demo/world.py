"""Scenes of the generated world: what is in a picture, decided by a seed, and the picture itself.

A `Scene` is a plain value; `random_scene(seed)` and the sets make them, `render` draws one. The same
scene always gives the same picture in one version of Pillow and NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image

from core.demo.glyphs import shadow_of, thing_picture
from core.demo.places import PLACES, paint_place
from core.demo.styles import STYLES, finish, is_photo
from core.demo.things import COLOURS, FLIERS, NOUNS

HABITATS: dict[str, tuple[str, ...]] = {
    "food": ("table", "plate", "plate", "table", "room"),
    "bird": ("meadow", "snow", "beach", "forest", "river", "ocean", "city"),
    "swimmer": ("ocean", "ocean", "river", "river", "beach"),
    "animal": ("meadow", "forest", "snow", "desert", "road", "room", "beach"),
    "vehicle": ("road", "city", "desert", "snow", "meadow", "beach"),
    "object": ("room", "table", "meadow", "city", "beach"),
    "person": ("city", "beach", "meadow", "snow", "room", "forest"),
}
OVERHEAD = ("sky", "sky", "ocean", "meadow", "beach", "city", "night", "forest")
WATER = frozenset({"ocean", "river"})
PEOPLE = tuple(name for name, noun in NOUNS.items() if noun.kind == "person")
FOODS = tuple(name for name, noun in NOUNS.items() if noun.kind == "food")
_SIZES = ("", "", "", "", "small", "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing in a scene; `colour` "" means the colours it has by nature."""

    noun: str
    colour: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a picture shows. `state` is flying, swimming, sailing or ""; `size` small, big or "".

    `seed` varies what words do not say: positions, tilt, light, grain.
    """

    things: tuple[Thing, ...]
    place: str
    style: str
    state: str = ""
    size: str = ""
    seed: int = 0

    @property
    def nouns(self) -> tuple[str, ...]:
        """The different nouns, in order of appearance."""
        return tuple(dict.fromkeys(thing.noun for thing in self.things))

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of thing that are shown: food, bird, person, ..."""
        return frozenset(NOUNS[thing.noun].kind for thing in self.things)


def state_for(noun: str, place: str, rng: Random) -> str:
    """What the noun does there: swimmers and ducks swim in water, sailboats sail, fliers may fly."""
    if place in WATER:
        if NOUNS[noun].kind == "swimmer" or noun in ("duck", "swan"):
            return "swimming"
        if noun == "sailboat":
            return "sailing"
    if noun in FLIERS and place in OVERHEAD and (place == "sky" or rng.random() < 0.45):
        return "flying"
    return ""


def place_for(noun: str, rng: Random, usual: float = 0.6) -> str:
    """A place for the noun: with chance `usual` one of its own places, otherwise any."""
    if rng.random() >= usual:
        return rng.choice(tuple(PLACES))
    if noun in FLIERS and rng.random() < 0.45:
        return rng.choice(OVERHEAD)
    if noun == "sailboat":
        return rng.choice(("ocean", "ocean", "river", "beach"))
    return rng.choice(HABITATS[NOUNS[noun].kind])


def random_style(rng: Random) -> str:
    """One of STYLES; nearly half are photographs."""
    return rng.choices(STYLES, weights=(40, 20, 14, 20, 6))[0]


def random_colour(noun: str, rng: Random, own: float = 0.5) -> str:
    """One of COLOURS, or "" for the noun's own colours (always so for people)."""
    if NOUNS[noun].kind == "person" or rng.random() < own:
        return ""
    return rng.choice(tuple(COLOURS))


def _alike(noun: str, rng: Random) -> tuple[Thing, ...]:
    count = rng.choices((1, 2, 3), weights=(70, 17, 13))[0]
    return (Thing(noun=noun, colour=random_colour(noun, rng)),) * count


def _many_coloured(noun: str, rng: Random) -> tuple[Thing, ...]:
    colours = rng.sample(tuple(COLOURS), rng.choice((2, 3, 3)))
    return tuple(Thing(noun=noun, colour=colour) for colour in colours)


def _pair(noun: str, rng: Random) -> tuple[Thing, ...]:
    other = rng.choice([name for name in NOUNS if name != noun])
    return tuple(Thing(noun=name, colour=random_colour(name, rng)) for name in (noun, other))


def random_things(rng: Random) -> tuple[Thing, ...]:
    """Mostly one to three of one noun; some pairs, mixed colours, groups of people and meals."""
    noun = rng.choice(tuple(NOUNS))
    pick = rng.random()
    if pick < 0.08 and NOUNS[noun].kind != "person":
        return _many_coloured(noun, rng)
    if pick < 0.15:
        return _pair(noun, rng)
    if pick < 0.18:
        return tuple(Thing(noun=rng.choice(PEOPLE)) for _ in range(rng.choice((3, 4))))
    if pick < 0.21:
        return tuple(Thing(noun=name) for name in rng.sample(FOODS, rng.choice((2, 3))))
    return _alike(noun, rng)


def random_scene(seed: int) -> Scene:
    """The training world's scene number `seed`."""
    rng = Random(f"scene {seed}")
    things = random_things(rng)
    meal = len({t.noun for t in things}) > 1 and all(t.noun in FOODS for t in things)
    noun = things[0].noun
    place = "plate" if meal else place_for(noun, rng)
    return Scene(
        things=things,
        place=place,
        style=random_style(rng),
        state=state_for(noun, place, rng),
        size=rng.choice(_SIZES),
        seed=seed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    x: float
    y: float
    size: float


def _spots(scene: Scene, rng: Random) -> list[_Spot]:
    """Centres and sizes in shares of the picture: one big, or several side by side with some overlap."""
    count = len(scene.things)
    small, big, usual = rng.uniform(0.3, 0.4), rng.uniform(0.8, 0.92), rng.uniform(0.48, 0.74)
    size = {"small": small, "big": big}.get(scene.size, usual)
    if count > 1:
        size = min(size, 0.62) * (0.86 if count == 2 else 0.7)
    middle = rng.uniform(0.3, 0.5) if scene.state == "flying" else rng.uniform(0.54, 0.66)
    if scene.place == "plate":
        middle = 0.52
    half = size / 2
    low, high = half * 0.9, 1 - half * 0.9
    spots = []
    for index in range(count):
        share = (index + 0.5) / count if count > 1 else rng.uniform(0.36, 0.64)
        x = min(high, max(low, share + rng.uniform(-0.04, 0.04)))
        y = min(high, max(low, middle + rng.uniform(-0.09, 0.09)))
        spots.append(_Spot(x=x, y=y, size=size * rng.uniform(0.9, 1.08)))
    return spots


def _paste(canvas: Image.Image, thing: Thing, spot: _Spot, scene: Scene, rng: Random) -> None:
    soft, side = is_photo(scene.style), canvas.width
    picture = thing_picture(thing.noun, thing.colour, scene.state == "flying", soft)
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    scale = spot.size * side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    picture = picture.rotate(rng.uniform(-11, 11), Image.Resampling.BILINEAR, expand=True)
    left, top = round(spot.x * side - picture.width / 2), round(spot.y * side - picture.height / 2)
    if soft and scene.state != "flying":
        flat = shadow_of(picture, 0.4).resize((picture.width, max(1, picture.height // 5)))
        canvas.paste((24, 24, 30), (left, top + picture.height - flat.height * 3 // 4), flat)
    canvas.paste(picture, (left, top), picture)


def render(scene: Scene, side: int = 96) -> Image.Image:
    """Draw the scene as a `side` x `side` RGB picture."""
    rng = Random(f"picture {scene.seed}")
    canvas = paint_place(scene.place, side, rng)
    for thing, spot in zip(scene.things, _spots(scene, rng), strict=True):
        _paste(canvas, thing, spot, scene, rng)
    return finish(canvas, scene.style, np.random.default_rng(scene.seed))
