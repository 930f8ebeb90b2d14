"""The deck's questions, one click away, and the demo's equivalents: texts to compare, and captions to look
at.

The wording of the deck's own is kept to the letter, a missing article and all.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import unknown

DECK = "the original study"
DEMO = "the demo's equivalent"


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionPreset:
    """One caption to find, and other wordings to lay beside it."""

    name: str
    title: str
    caption: str
    datasets: tuple[str, ...]
    source: str
    beside: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
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
    "The original study titles these figures a satellite set; its values and its 157 batches fit CIFAR-100 with "
    "ViT-B/32. Run both to see which it is."
)

PICTURES: tuple[PicturePreset, ...] = (
    PicturePreset(
        name="deck-style",
        title="Prompt style: apples",
        question="Does the style word bring that style?",
        texts=("a photo of apples", "a drawing of apples"),
        datasets=("coco",),
        source=DECK,
    ),
    PicturePreset(
        name="deck-noun",
        title="Subject noun: oranges, apples",
        question="Does the noun bring that fruit?",
        texts=("a photo of oranges", "a photo of apples"),
        datasets=("coco",),
        source=DECK,
    ),
    PicturePreset(
        name="deck-adjectives",
        title="Adjectives: bird",
        question="Does each adjective refine the list?",
        texts=("a photo of bird", "a photo of white bird", "a photo of flying white bird", "bird, white, flying"),
        datasets=("imagenet_mini",),
        source=DECK,
        ladder=True,
    ),
    PicturePreset(
        name="deck-fish",
        title="Where it lives: fish",
        question="Do ocean and river bring other fish?",
        texts=("fish", "a photo of ocean fish", "a photo of river fish"),
        datasets=("imagenet_mini",),
        source=DECK,
    ),
    PicturePreset(
        name="demo-style",
        title="Prompt style: apples",
        question="Does the style word bring that style?",
        texts=("a photo of apples", "a drawing of apples"),
        datasets=(*_OBJECTS, "demo-captions"),
        source=DEMO,
        classnames=("apple",),
    ),
    PicturePreset(
        name="demo-noun",
        title="Subject noun: oranges, apples",
        question="Does the noun bring that fruit?",
        texts=("a photo of oranges", "a photo of apples"),
        datasets=(*_OBJECTS, "demo-captions"),
        source=DEMO,
        classnames=("orange", "apple"),
    ),
    PicturePreset(
        name="demo-adjectives",
        title="Adjectives: bird",
        question="Does each adjective refine the list?",
        texts=("a photo of bird", "a photo of white bird", "a photo of flying white bird", "bird, white, flying"),
        datasets=("demo-captions", *_OBJECTS),
        source=DEMO,
        classnames=("bird",),
        ladder=True,
    ),
    PicturePreset(
        name="demo-fish",
        title="Where it lives: fish",
        question="Do ocean and river bring other fish?",
        texts=("fish", "a photo of ocean fish", "a photo of river fish"),
        datasets=("demo-captions", *_OBJECTS),
        source=DEMO,
        classnames=("fish",),
    ),
    PicturePreset(
        name="demo-minus",
        title="Without water",
        question="Can a meaning be taken away?",
        texts=("a bird",),
        datasets=("demo-captions", *_OBJECTS),
        source=DEMO,
        classnames=("bird",),
        minus=("water",),
    ),
)

CAPTIONS: tuple[CaptionPreset, ...] = (
    CaptionPreset(
        name="deck-bears",
        title="Three teddy bears",
        caption="Three teddy bears, each a different color, snuggling together.",
        datasets=("coco",),
        source=DECK,
        beside=("Teddy bear",),
        why="A caption with a number, a color and a pose, beside the bare noun.",
    ),
    CaptionPreset(
        name="deck-people",
        title="A group photo",
        caption="The people are posing for a group photo.",
        datasets=("coco",),
        source=DECK,
        beside=(),
        why="Many images fit this caption.",
    ),
    CaptionPreset(
        name="deck-meal",
        title="A meal on a table",
        caption="A meal is lying on a plate on a table.",
        datasets=("coco",),
        source=DECK,
        beside=(),
        why="Many images fit this caption.",
    ),
    CaptionPreset(
        name="demo-bears",
        title="Three teddy bears",
        caption="Three teddy bears, each a different color, snuggling together in the city.",
        datasets=("demo-captions",),
        source=DEMO,
        beside=("Teddy bear",),
        why="A caption with a number and colors, beside the bare noun.",
    ),
    CaptionPreset(
        name="demo-people",
        title="A group of people",
        caption="The people are posing for a group photo.",
        datasets=("demo-captions",),
        source=DEMO,
        beside=("People",),
        why="Many images fit this caption.",
    ),
    CaptionPreset(
        name="demo-meal",
        title="A meal on a table",
        caption="A meal is lying on a plate on a table.",
        datasets=("demo-captions",),
        source=DEMO,
        beside=("Food",),
        why="Many images fit this caption.",
    ),
)

TEMPLATES: tuple[TemplatePreset, ...] = (
    TemplatePreset(
        name="deck-eurosat",
        title="Seven templates of the original study, as titled",
        prompt_set="deck",
        datasets=("eurosat",),
        source=DECK,
        remark=_DECK_DOUBT,
    ),
    TemplatePreset(
        name="deck-cifar100",
        title="Seven templates of the original study, as its numbers fit",
        prompt_set="deck",
        datasets=("cifar100",),
        source=DECK,
        remark=_DECK_DOUBT,
    ),
    TemplatePreset(
        name="demo-satellite",
        title="Seven templates of the original study, seen from above",
        prompt_set="deck",
        datasets=("demo-satellite",),
        source=DEMO,
    ),
    TemplatePreset(
        name="demo-objects",
        title="Seven templates of the original study, on objects",
        prompt_set="deck",
        datasets=_OBJECTS,
        source=DEMO,
    ),
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
