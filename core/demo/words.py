"""Sentences about a scene, as people would write them: full, short, as tags, and vague.

Every sentence is true of the picture: colours are not named in a pencil sketch, a style is only named
where the picture has it, and "flying" only where something flies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from random import Random

from core.demo.things import NOUNS
from core.demo.world import WATER, Scene, Thing

OPENERS: dict[str, tuple[str, ...]] = {
    "photo": ("a photo of", "a photo of", "a picture of", "a photograph of"),
    "drawing": ("a drawing of", "a drawing of", "a picture of", "an artistic rendering of"),
    "sketch": ("a sketch of", "a sketch of", "a pencil sketch of", "an artistic rendering of"),
    "cartoon": ("a cartoon of", "a cartoon of", "a picture of", "an artistic rendering of"),
    "low-resolution photo": ("a low-resolution photo of", "a low resolution photo of", "a blurry photo of"),
}
WHERE: dict[str, tuple[str, ...]] = {
    "sky": ("in the sky", "up in the sky", "in front of clouds"),
    "ocean": ("in the ocean", "in the sea", "on the ocean"),
    "river": ("in the river", "by the river", "in a river"),
    "beach": ("on the beach", "on the sand", "at the beach"),
    "meadow": ("in a green field", "in a meadow", "on the grass"),
    "forest": ("in the forest", "in the woods", "among trees"),
    "city": ("in the city", "in front of tall buildings", "in the city"),
    "road": ("on the road", "on the street", "on a road"),
    "snow": ("in the snow", "in the snow", "on a snowy day"),
    "desert": ("in the desert", "in the desert", "on a sand dune"),
    "night": ("at night", "under the stars", "at night"),
    "room": ("in a room", "inside a house", "in the house"),
    "table": ("on a table", "on a wooden table", "on the table"),
    "plate": ("on a plate", "on a plate on a table", "on a white plate"),
}
OVER = {
    "ocean": "over the ocean",
    "river": "over the river",
    "beach": "over the beach",
    "city": "over the city",
    "meadow": "over a green field",
    "forest": "over the forest",
    "night": "in the night sky",
}
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four"}
_KIND_WORDS = {
    "food": "some food",
    "bird": "a bird",
    "swimmer": "a sea animal",
    "animal": "an animal",
    "vehicle": "a vehicle",
    "object": "a thing",
    "person": "a person",
}
_KIND_PLURALS = {
    "food": "some food",
    "bird": "some birds",
    "swimmer": "some sea animals",
    "animal": "some animals",
    "vehicle": "some vehicles",
    "object": "some things",
    "person": "a group of people",
}


def article(words: str) -> str:
    """The words with "a" or "an" before them."""
    return ("an " if words[0] in "aeiou" else "a ") + words


def join(parts: Sequence[str]) -> str:
    """Listed as in a sentence: "x", "x and y", "x, y and z"."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def seen_colour(thing: Thing, scene: Scene, rng: Random, own: float = 0.4) -> str:
    """The colour one may name: a painted one always, a natural one with chance `own`, none in a sketch."""
    if scene.style == "sketch":
        return ""
    return thing.colour or (NOUNS[thing.noun].colour if rng.random() < own else "")


def is_many_coloured(scene: Scene) -> bool:
    """Several things of one noun, each painted in another colour."""
    colours = {thing.colour for thing in scene.things}
    return len(scene.nouns) == 1 and len(scene.things) > 1 and len(colours) == len(scene.things)


def is_group(scene: Scene) -> bool:
    """Three or more people and nothing else."""
    return len(scene.things) > 2 and scene.kinds == {"person"}


def is_meal(scene: Scene) -> bool:
    """Food on a plate: several kinds of it, or a dish that is a meal by itself."""
    dish = len(scene.nouns) > 1 or scene.nouns[0] in ("pizza", "hamburger")
    return scene.place == "plate" and scene.kinds == {"food"} and dish


def _counted(thing: Thing, count: int, scene: Scene, rng: Random, plain: bool) -> str:
    noun = NOUNS[thing.noun]
    size = scene.size if noun.kind != "person" and rng.random() < 0.7 else ""
    words = [] if plain else [size, seen_colour(thing, scene, rng)]
    phrase = " ".join(filter(None, [*words, noun.name if count == 1 else noun.plural]))
    if count == 1:
        return article(phrase)
    lead = "" if plain and rng.random() < 0.6 else NUMBERS[count] + " "
    return lead + phrase


def _coloured_group(scene: Scene, rng: Random) -> str:
    noun, count = NOUNS[scene.things[0].noun], len(scene.things)
    if scene.style == "sketch":
        return f"{NUMBERS[count]} {noun.plural}"
    forms = (
        f"{NUMBERS[count]} {noun.plural}, each a different color",
        f"{NUMBERS[count]} {noun.plural} of different colors",
        join([article(f"{thing.colour} {noun.name}") for thing in scene.things]),
    )
    return rng.choice(forms)


def subject(scene: Scene, rng: Random, plain: bool = False) -> str:
    """Who or what is shown, "two white birds"; `plain` leaves size and colour out."""
    if is_many_coloured(scene) and not plain:
        return _coloured_group(scene, rng)
    groups = [(thing, len(list(rest))) for thing, rest in groupby(sorted(scene.things, key=_group_key))]
    if plain and len(scene.nouns) == 1:
        groups = [(scene.things[0], len(scene.things))]
    return join([_counted(thing, count, scene, rng, plain) for thing, count in groups])


def _group_key(thing: Thing) -> tuple[str, str]:
    return thing.noun, thing.colour


def where(scene: Scene, rng: Random) -> str:
    """The place as an adverb: "on the beach", or "over the sea" for what flies."""
    if scene.state == "flying" and scene.place in OVER:
        return OVER[scene.place]
    return rng.choice(WHERE[scene.place])


def _verb(scene: Scene, rng: Random) -> str:
    if scene.state:
        return scene.state
    if scene.kinds & {"food", "object"}:
        return rng.choice(("", "", "lying")) if scene.kinds == {"food"} else ""
    if scene.kinds == {"person"}:
        return rng.choice(("posing", "standing", "smiling"))
    if scene.kinds == {"animal"} and len(scene.things) > 1 and rng.random() < 0.3:
        return "snuggling together"
    return rng.choice(("", "standing", "sitting")) if scene.kinds <= {"animal", "bird"} else ""


def full_sentence(scene: Scene, rng: Random) -> str:
    """A whole sentence, as in "Two white birds are flying over the ocean."."""
    who, verb, place = subject(scene, rng), _verb(scene, rng), where(scene, rng)
    be = "are" if len(scene.things) > 1 else "is"
    if not verb:
        return _sentence(f"{who} {place}")
    if ", each" in who:
        return _sentence(f"{who}, {verb} {place}")
    return _sentence(rng.choice((f"{who} {be} {verb} {place}", f"{who} {verb} {place}")))


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."


def styled(scene: Scene, rng: Random) -> str:
    """The style, then the scene: "a drawing of two red apples on a table"."""
    tail = " " + where(scene, rng) if rng.random() < 0.4 else ""
    state = scene.state + " " if scene.state and rng.random() < 0.6 else ""
    who = subject(scene, rng)
    if state and who.startswith(("a ", "an ")) and len(scene.things) == 1:
        who = article(state + who.split(" ", 1)[1])
    return f"{rng.choice(OPENERS[scene.style])} {who}{tail}"


def named(scene: Scene, rng: Random) -> str:
    """Only the noun, as in a class name's template: "a photo of a bird", "birds", "an ocean fish"."""
    who = subject(scene, rng, plain=True)
    if scene.place in WATER and len(scene.things) == 1 and rng.random() < 0.35:
        water = "river" if scene.place == "river" else rng.choice(("ocean", "ocean", "sea"))
        who = article(f"{water} {scene.things[0].noun}")
    if rng.random() < 0.2:
        return who.split(" ", 1)[1] if who.startswith(("a ", "an ")) else who
    return f"{rng.choice(OPENERS[scene.style])} {who}"


def tags(scene: Scene, rng: Random) -> str:
    """Words without grammar: "bird, white, flying"."""
    noun = NOUNS[scene.things[0].noun]
    first = noun.plural if len(scene.things) > len(scene.nouns) == 1 else noun.name
    others = [NOUNS[name].name for name in scene.nouns[1:]]
    colours = dict.fromkeys(seen_colour(thing, scene, rng) for thing in scene.things)
    return ", ".join(filter(None, [first, *others, *colours, scene.state, scene.place]))


def vague(scene: Scene, rng: Random) -> str:
    """What many pictures share, as "some food on a plate" or "a group of people"."""
    place = where(scene, rng)
    if is_group(scene):
        forms = (
            "The people are posing for a group photo.",
            f"A group of people {place}.",
            f"{NUMBERS[len(scene.things)].capitalize()} people are posing for a photo.",
        )
        return rng.choice(forms)
    if is_meal(scene):
        return rng.choice(("A meal is lying on a plate on a table.", "A meal on a plate.", "a plate of food"))
    kind = NOUNS[scene.things[0].noun].kind
    if len(scene.kinds) > 1:
        return _sentence(f"{NUMBERS[len(scene.things)]} things {place}")
    what = (_KIND_WORDS if len(scene.things) == 1 else _KIND_PLURALS)[kind]
    verb = f" {scene.state}" if scene.state else ""
    return rng.choice((f"{what}{verb} {place}", _sentence(f"{what}{verb} {place}")))


_Form = Callable[[Scene, Random], str]
_TRAINING: tuple[tuple[_Form, float], ...] = ((full_sentence, 30), (styled, 25), (named, 31), (tags, 6), (vague, 8))


def training_captions(scene: Scene, count: int) -> list[str]:
    """`count` independent captions; often the noun alone, so that class names are learnt."""
    rng = Random(f"training words {scene.seed}")
    forms, weights = zip(*_TRAINING, strict=True)
    return [rng.choices(forms, weights=weights)[0](scene, rng) for _ in range(count)]


def five_captions(scene: Scene) -> list[str]:
    """Five captions as by five people: two full ones, one with the style, one short, one vague."""
    rng = Random(f"five captions {scene.seed}")
    short = rng.choice((named, tags))
    return [form(scene, rng) for form in (full_sentence, styled, full_sentence, short, vague)]
