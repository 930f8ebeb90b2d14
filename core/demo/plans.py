"""Which pictures are in the demo's three sets: a list of small values, decided by seeds alone.

No scene here is a training scene: training uses the seeds from 0, the sets use seeds of their own far above.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from PIL import Image

from core.demo.satellite import LAND_USES, render_land
from core.demo.things import COLOURS
from core.demo.words import five_captions, is_group, is_meal
from core.demo.world import (
    FOODS,
    HABITATS,
    PEOPLE,
    Scene,
    Thing,
    place_for,
    random_colour,
    random_scene,
    random_style,
    render,
    state_for,
)
from core.errors import unknown

SIDE = 128
DEMO_SETS = ("demo-objects", "demo-satellite", "demo-captions")
OBJECTS = (
    "apple",
    "orange",
    "pear",
    "lemon",
    "banana",
    "strawberry",
    "pineapple",
    "carrot",
    "tomato",
    "mushroom",
    "pizza",
    "hamburger",
    "donut",
    "cake",
    "bird",
    "duck",
    "owl",
    "penguin",
    "fish",
    "shark",
    "dolphin",
    "crab",
    "turtle",
    "bear",
    "teddy bear",
    "dog",
    "cat",
    "rabbit",
    "cow",
    "horse",
    "elephant",
    "butterfly",
    "car",
    "bus",
    "bicycle",
    "airplane",
    "sailboat",
    "house",
    "tree",
    "umbrella",
)
OBJECT_SHOTS = {"train": 25, "test": 25}
SATELLITE_SHOTS = {"train": 30, "test": 40}
CAPTIONED = 1_000
_SEEDS = {"demo-objects": 1_000_000_000, "demo-satellite": 1_100_000_000, "demo-captions": 1_200_000_000}
# Every class has the same mix of styles in 25 pictures, so that classes differ in nothing but their noun.
_STYLE_CYCLE = ("photo", "drawing", "photo", "cartoon", "sketch") * 4 + (
    "photo",
    "drawing",
    "low-resolution photo",
    "cartoon",
    "photo",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of a set: where it goes, relative to the set's folder, and what it shows."""

    path: str
    scene: Scene | None = None
    land_use: str = ""
    seed: int = 0
    captions: tuple[str, ...] = ()

    def draw(self) -> Image.Image:
        """The picture itself, 128 x 128 RGB."""
        return render(self.scene, SIDE) if self.scene else render_land(self.land_use, self.seed, SIDE)


def classnames(name: str) -> tuple[str, ...]:
    """Human class names of a classification set, in the order of its labels; () for captions."""
    return {"demo-objects": OBJECTS, "demo-satellite": tuple(LAND_USES), "demo-captions": ()}[_known(name)]


def class_folders(name: str) -> tuple[str, ...]:
    """The folders of `classnames(name)`: underscores instead of spaces."""
    return tuple(words.replace(" ", "_") for words in classnames(name))


def pictures(name: str) -> tuple[Picture, ...]:
    """Every picture of the set, always in the same order. Raises UnknownName for another name."""
    plan = {"demo-objects": _objects, "demo-satellite": _satellite, "demo-captions": _captions}
    return tuple(plan[_known(name)]())


def draw_one(name: str, split: str, picture_id: str) -> Image.Image | None:
    """One image of a set by its id in a split, drawn now; None where the set has no such image."""
    picture = _by_path(name).get(f"{split}/{picture_id}")
    return picture.draw() if picture else None


@cache
def _by_path(name: str) -> dict[str, Picture]:
    return {picture.path: picture for picture in pictures(name)}


def _known(name: str) -> str:
    if name not in DEMO_SETS:
        raise unknown("demo set", name, DEMO_SETS)
    return name


def _slots(name: str, shots: dict[str, int]) -> Iterator[tuple[str, str, int, int]]:
    """(path, class name, number within the class, seed) for every picture of a classification set."""
    seed = _SEEDS[name]
    for split, count in shots.items():
        for folder, words in zip(class_folders(name), classnames(name), strict=True):
            for number in range(count):
                yield f"{split}/{folder}/{folder}_{number:03d}.png", words, number, seed
                seed += 1


def _objects() -> Iterator[Picture]:
    for path, noun, number, seed in _slots("demo-objects", OBJECT_SHOTS):
        yield Picture(path=path, scene=object_scene(noun, _STYLE_CYCLE[number % len(_STYLE_CYCLE)], seed))


def object_scene(noun: str, style: str, seed: int) -> Scene:
    """One to three of the noun and nothing else, in its own or another colour, somewhere."""
    rng = Random(f"object {seed}")
    count = rng.choices((1, 2, 3), weights=(80, 12, 8))[0]
    thing = Thing(noun=noun, colour=random_colour(noun, rng, own=0.6))
    place = place_for(noun, rng)
    size = rng.choice(("", "", "", "small", "big"))
    return Scene(
        things=(thing,) * count, place=place, style=style, state=state_for(noun, place, rng), size=size, seed=seed
    )


def _satellite() -> Iterator[Picture]:
    for path, use, _, seed in _slots("demo-satellite", SATELLITE_SHOTS):
        yield Picture(path=path, land_use=use, seed=seed)


def _captions() -> Iterator[Picture]:
    scenes = list(_asked_scenes(Random("asked scenes")))
    scenes += [random_scene(_SEEDS["demo-captions"] + 100_000 + i) for i in range(CAPTIONED - len(scenes))]
    Random("order of the captioned scenes").shuffle(scenes)
    seen: Counter[str] = Counter()
    for number, scene in enumerate(scenes):
        scene = replace(scene, seed=_SEEDS["demo-captions"] + number)
        word = _file_word(scene)
        yield Picture(path=f"val/{word}_{seen[word]:03d}.png", scene=scene, captions=tuple(five_captions(scene)))
        seen[word] += 1


def _file_word(scene: Scene) -> str:
    if is_group(scene):
        return "people"
    return "meal" if is_meal(scene) else scene.nouns[0].replace(" ", "_")


def _asked_scenes(rng: Random) -> Iterator[Scene]:
    """The pictures that the study's questions ask for, among others that are nearly so."""
    yield from _fruit(rng)
    yield from _birds(rng)
    yield from _fish(rng)
    yield from _teddy_bears(rng)
    yield from _look_alikes(rng)


def _fruit(rng: Random) -> Iterator[Scene]:
    """Apples and oranges, several in a picture, in every style."""
    for noun in ("apple", "orange"):
        for style, count in (("photo", 16), ("drawing", 12), ("sketch", 6), ("cartoon", 8)):
            for _ in range(count):
                things = (Thing(noun=noun, colour=random_colour(noun, rng, own=0.8)),) * rng.choice((1, 2, 2, 3, 3))
                yield Scene(things=things, place=rng.choice(HABITATS["food"]), style=style)


def _birds(rng: Random) -> Iterator[Scene]:
    """Birds of six colours, flying and not; more white ones."""
    styles = ("photo", "photo", "photo", "drawing", "cartoon")
    for colour, count in (("white", 14), ("blue", 7), ("red", 7), ("black", 4), ("yellow", 4), ("", 8)):
        for state in ("flying", ""):
            for _ in range(count):
                places = ("sky", "ocean", "beach", "city", "meadow") if state else HABITATS["bird"]
                things = (Thing(noun="bird", colour=colour),) * rng.choice((1, 1, 2))
                yield Scene(things=things, place=rng.choice(places), style=rng.choice(styles), state=state)


def _fish(rng: Random) -> Iterator[Scene]:
    """The same fish in the ocean and in the river."""
    for place in ("ocean", "river"):
        for _ in range(22):
            thing = Thing(noun="fish", colour=random_colour("fish", rng))
            yield Scene(things=(thing,) * rng.choice((1, 1, 2)), place=place, style=random_style(rng), state="swimming")


def _teddy_bears(rng: Random) -> Iterator[Scene]:
    """Three of different colours, among three of one colour, two, and one."""
    for count, mixed, times in ((3, True, 14), (3, False, 12), (2, True, 8), (2, False, 8), (1, False, 8)):
        for _ in range(times):
            one = random_colour("teddy bear", rng)
            colours = rng.sample(tuple(COLOURS), count) if mixed else [one] * count
            things = tuple(Thing(noun="teddy bear", colour=colour) for colour in colours)
            style = rng.choice(("photo", "photo", "drawing", "cartoon"))
            yield Scene(things=things, place=place_for("teddy bear", rng), style=style)


def _look_alikes(rng: Random) -> Iterator[Scene]:
    """Groups of people and meals: many pictures that one short sentence fits."""
    for _ in range(45):
        people = tuple(Thing(noun=rng.choice(PEOPLE)) for _ in range(rng.choice((3, 4))))
        yield Scene(things=people, place=rng.choice(HABITATS["person"]), style=random_style(rng))
    for _ in range(55):
        meal = tuple(Thing(noun=name) for name in rng.sample(FOODS, rng.choice((2, 3))))
        yield Scene(things=meal, place="plate", style=random_style(rng))
