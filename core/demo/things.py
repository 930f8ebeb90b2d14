"""The nouns and colours of the generated world, as plain tables.

Every noun names an OpenMoji glyph (CC BY-SA 4.0), its plural, its kind (which decides where it is
found and what it can do) and, where one colour is clearly its own, that colour.
"""

from __future__ import annotations

from dataclasses import dataclass

Rgb = tuple[int, int, int]

COLOURS: dict[str, Rgb] = {
    "red": (222, 40, 44),
    "yellow": (250, 214, 30),
    "green": (62, 160, 60),
    "blue": (42, 92, 222),
    "purple": (150, 62, 190),
    "pink": (248, 136, 178),
    "brown": (128, 80, 44),
    "black": (48, 46, 50),
    "white": (248, 248, 246),
    "gray": (146, 148, 152),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """One kind of thing: `glyph` is the emoji drawn for it, `airborne` another one used when it flies."""

    name: str
    plural: str
    glyph: str
    kind: str
    colour: str = ""
    airborne: str = ""


def _nouns(kind: str, rows: str) -> list[Noun]:
    found = []
    for row in rows.strip().splitlines():
        name, plural, glyph, colour, *rest = (cell.strip() for cell in row.split("|"))
        found.append(
            Noun(name=name, plural=plural, glyph=glyph, kind=kind, colour=colour, airborne=rest[0] if rest else "")
        )
    return found


_FOOD = """
apple|apples|🍎|red
orange|oranges|🍊|
pear|pears|🍐|green
lemon|lemons|🍋|yellow
banana|bananas|🍌|yellow
strawberry|strawberries|🍓|red
cherry|cherries|🍒|red
pineapple|pineapples|🍍|
carrot|carrots|🥕|
tomato|tomatoes|🍅|red
mushroom|mushrooms|🍄|red
sandwich|sandwiches|🥪|
cookie|cookies|🍪|brown
pizza|pizzas|🍕|
hamburger|hamburgers|🍔|
donut|donuts|🍩|
egg|eggs|🥚|white
cake|cakes|🎂|
"""
_BIRDS = """
bird|birds|🐦|brown|🕊
duck|ducks|🦆|
swan|swans|🦢|white
owl|owls|🦉|
penguin|penguins|🐧|
"""
_SWIMMERS = """
fish|fish|🐟|blue
shark|sharks|🦈|gray
dolphin|dolphins|🐬|gray
octopus|octopuses|🐙|red
crab|crabs|🦀|red
turtle|turtles|🐢|green
"""
_ANIMALS = """
bear|bears|🐻|brown
teddy bear|teddy bears|🧸|brown
dog|dogs|🐕|
cat|cats|🐈|
rabbit|rabbits|🐰|black
lion|lions|🦁|
cow|cows|🐄|
pig|pigs|🐖|pink
frog|frogs|🐸|green
horse|horses|🐎|brown
elephant|elephants|🐘|gray
butterfly|butterflies|🦋|blue
"""
_VEHICLES = """
car|cars|🚗|red
bus|buses|🚌|
bicycle|bicycles|🚲|red
train|trains|🚂|
airplane|airplanes|✈|gray
sailboat|sailboats|⛵|
"""
_OBJECTS = """
house|houses|🏠|
tree|trees|🌲|green
cactus|cactuses|🌵|green
rose|roses|🌹|red
sunflower|sunflowers|🌻|yellow
ball|balls|⚽|
balloon|balloons|🎈|red
umbrella|umbrellas|☂|purple
hat|hats|🎩|
shoe|shoes|👟|gray
guitar|guitars|🎸|red
book|books|📖|
chair|chairs|🪑|yellow
clock|clocks|🕰|
teapot|teapots|🫖|gray
"""
_PEOPLE = """
man|men|👨|
woman|women|👩|
boy|boys|👦|
girl|girls|👧|
"""

NOUNS: dict[str, Noun] = {
    noun.name: noun
    for kind, rows in (
        ("food", _FOOD),
        ("bird", _BIRDS),
        ("swimmer", _SWIMMERS),
        ("animal", _ANIMALS),
        ("vehicle", _VEHICLES),
        ("object", _OBJECTS),
        ("person", _PEOPLE),
    )
    for noun in _nouns(kind, rows)
}

# Things that may be shown in the air; "bird" then has spread wings.
FLIERS = frozenset({"bird", "owl", "butterfly", "airplane", "balloon", "duck"})
