"""The deck's questions, one click away, and the demo's equivalents: texts to compare, and captions to look
at.

The wording of the deck's own is kept to the letter, a missing article and all.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.types import unknown

DECK = "the deck"
DEMO = "the demo's equivalent"


@dataclass(frozen=True, slots=True)
class PicturePreset:
    """Texts whose pictures are laid side by side. `datasets` are where it is meant to be asked, best first;
    `classnames` what counts as right where those are classes there; `ladder` says that each text adds to the
    one before."""

    name: str
    title: str
    question: str
    texts: tuple[str, ...]
    datasets: tuple[str, ...]
    source: str
    classnames: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    ladder: bool = False


@dataclass(frozen=True, slots=True)
class CaptionPreset:
    """One caption to find, and other wordings to lay beside it."""

    name: str
    title: str
    caption: str
    datasets: tuple[str, ...]
    source: str
    beside: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class TemplatePreset:
    """A prompt set measured on a data set. `remark` says what to know about the deck's figures there."""

    name: str
    title: str
    prompt_set: str
    datasets: tuple[str, ...]
    source: str
    remark: str = ""


_OBJECTS = ("demo-objects",)
_DECK_DOUBT = (
    "The deck titles these figures a satellite set; its values and its 157 batches fit CIFAR-100 with "
    "ViT-B/32. Run both and see which is which."
)

PICTURES: tuple[PicturePreset, ...] = (
    PicturePreset(
        "deck-style",
        "Prompt style: apples",
        "Does the style word bring that style?",
        ("a photo of apples", "a drawing of apples"),
        ("coco",),
        DECK,
    ),
    PicturePreset(
        "deck-noun",
        "Subject noun: oranges, apples",
        "Does the noun bring that fruit?",
        ("a photo of oranges", "a photo of apples"),
        ("coco",),
        DECK,
    ),
    PicturePreset(
        "deck-adjectives",
        "Adjectives: bird",
        "Does each adjective refine the list?",
        ("a photo of bird", "a photo of white bird", "a photo of flying white bird", "bird, white, flying"),
        ("imagenet_mini",),
        DECK,
        ladder=True,
    ),
    PicturePreset(
        "deck-fish",
        "Where it lives: fish",
        "Do ocean and river bring other fish?",
        ("fish", "a photo of ocean fish", "a photo of river fish"),
        ("imagenet_mini",),
        DECK,
    ),
    PicturePreset(
        "demo-style",
        "Prompt style: apples",
        "Does the style word bring that style?",
        ("a photo of apples", "a drawing of apples"),
        (*_OBJECTS, "demo-captions"),
        DEMO,
        ("apple",),
    ),
    PicturePreset(
        "demo-noun",
        "Subject noun: oranges, apples",
        "Does the noun bring that fruit?",
        ("a photo of oranges", "a photo of apples"),
        (*_OBJECTS, "demo-captions"),
        DEMO,
        ("orange", "apple"),
    ),
    PicturePreset(
        "demo-adjectives",
        "Adjectives: bird",
        "Does each adjective refine the list?",
        ("a photo of bird", "a photo of white bird", "a photo of flying white bird", "bird, white, flying"),
        ("demo-captions", *_OBJECTS),
        DEMO,
        ("bird",),
        ladder=True,
    ),
    PicturePreset(
        "demo-fish",
        "Where it lives: fish",
        "Do ocean and river bring other fish?",
        ("fish", "a photo of ocean fish", "a photo of river fish"),
        ("demo-captions", *_OBJECTS),
        DEMO,
        ("fish",),
    ),
    PicturePreset(
        "demo-minus",
        "Without water",
        "Can a meaning be taken away?",
        ("a bird",),
        ("demo-captions", *_OBJECTS),
        DEMO,
        ("bird",),
        ("water",),
    ),
)

CAPTIONS: tuple[CaptionPreset, ...] = (
    CaptionPreset(
        "deck-bears",
        "Three teddy bears",
        "Three teddy bears, each a different color, snuggling together.",
        ("coco",),
        DECK,
        ("Teddy bear",),
        "A caption with a number, a colour and a pose, beside the bare noun.",
    ),
    CaptionPreset(
        "deck-people",
        "A group photo",
        "The people are posing for a group photo.",
        ("coco",),
        DECK,
        (),
        "Many pictures fit this caption.",
    ),
    CaptionPreset(
        "deck-meal",
        "A meal on a table",
        "A meal is lying on a plate on a table.",
        ("coco",),
        DECK,
        (),
        "Many pictures fit this caption.",
    ),
    CaptionPreset(
        "demo-bears",
        "Three teddy bears",
        "Three teddy bears, each a different color, snuggling together in the city.",
        ("demo-captions",),
        DEMO,
        ("Teddy bear",),
        "A caption with a number and colours, beside the bare noun.",
    ),
    CaptionPreset(
        "demo-people",
        "A group of people",
        "The people are posing for a group photo.",
        ("demo-captions",),
        DEMO,
        ("People",),
        "Many pictures fit this caption.",
    ),
    CaptionPreset(
        "demo-meal",
        "A meal on a table",
        "A meal is lying on a plate on a table.",
        ("demo-captions",),
        DEMO,
        ("Food",),
        "Many pictures fit this caption.",
    ),
)

TEMPLATES: tuple[TemplatePreset, ...] = (
    TemplatePreset("deck-eurosat", "The deck's seven templates, as titled", "deck", ("eurosat",), DECK, _DECK_DOUBT),
    TemplatePreset(
        "deck-cifar100", "The deck's seven templates, as its numbers fit", "deck", ("cifar100",), DECK, _DECK_DOUBT
    ),
    TemplatePreset("demo-satellite", "The deck's seven templates, seen from above", "deck", ("demo-satellite",), DEMO),
    TemplatePreset("demo-objects", "The deck's seven templates on things", "deck", _OBJECTS, DEMO),
)


def picture_presets(dataset: str) -> tuple[PicturePreset, ...]:
    """The presets meant for a data set; the demo's for any other."""
    meant = tuple(p for p in PICTURES if dataset in p.datasets)
    return meant or tuple(p for p in PICTURES if p.source == DEMO)


def caption_presets(dataset: str) -> tuple[CaptionPreset, ...]:
    """The presets meant for a data set with captions; the deck's for any other."""
    meant = tuple(p for p in CAPTIONS if dataset in p.datasets)
    return meant or tuple(p for p in CAPTIONS if p.source == DECK)


def find_picture_preset(name: str) -> PicturePreset:
    """The preset of this name; `UnknownName` with the closest ones otherwise."""
    for preset in PICTURES:
        if preset.name == name:
            return preset
    raise unknown("preset", name, [p.name for p in PICTURES])
