"""The deck as a story: its experiments in order, its claims, and what does not fit in its figures.

Everything a step shows is computed from what is on the machine; here stands only what was asked and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.types import unknown

Kind = Literal["table", "bars", "pictures", "templates", "caption", "claims", "faults"]
TEN = 10
"""The deck looks at the ten best pictures of a prompt."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `datasets` are where it can be asked, best first; `presets` name what is asked there: of the deck,
    and of the demo; `page` is the page that has the whole of it, `metric` the one that bars are of."""

    name: str
    title: str
    said: str
    kind: Kind
    datasets: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    metric: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the deck, and in words what would make it hold here."""

    name: str
    said: str
    holds_if: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something in the deck that does not fit: the check of the audit that shows it and the figures it is about
    (empty: any), and what most likely happened."""

    name: str
    title: str
    cause: str
    check: str = ""
    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    probe: bool = False


GENERAL = ("cifar100", "imagenet_mini", "demo-objects")
SPECIAL = {"eurosat": "satellite", "food101": "fine-grained", "demo-satellite": "satellite"}
"""The deck's kinds of data sets, and the demo's of the same kind."""

_EVERY = ("cifar100", "imagenet_mini", "food101", "eurosat", "demo-objects", "demo-satellite")
_CONVNEXT = "convnext_base/laion400m_s13b_b51k"

STEPS: tuple[Step, ...] = (
    Step(
        "general",
        "How well are general pictures named?",
        "The deck's table on CIFAR-100: general, small pictures, many classes.",
        "table",
        ("cifar100", "demo-objects"),
        page="accuracy",
    ),
    Step(
        "benchmark",
        "And pictures like a benchmark's?",
        "The deck's table on ImageNet-mini: all 1,000 classes of ImageNet, few pictures each.",
        "table",
        ("imagenet_mini", "demo-objects"),
        page="accuracy",
    ),
    Step(
        "fine",
        "And dishes that look alike?",
        "The deck's table on Food-101: fine-grained classes.",
        "table",
        ("food101", "demo-objects"),
        page="accuracy",
    ),
    Step(
        "satellite",
        "And the earth from above?",
        "The deck's table on EuroSAT: satellite pictures, unlike what the models were trained on.",
        "table",
        ("eurosat", "demo-satellite"),
        page="accuracy",
    ),
    Step(
        "first",
        "Is the first answer as good as a trained probe's?",
        "The deck's first bar chart: top-1 without training beside a linear probe on the test pictures.",
        "bars",
        _EVERY,
        metric="acc1",
        page="accuracy",
    ),
    Step(
        "five",
        "Are five answers as good as a trained probe's one?",
        "The deck's second bar chart: top-5 without training beside the probe's top-1. Five guesses against one.",
        "bars",
        _EVERY,
        metric="acc5",
        page="accuracy",
    ),
    Step(
        "style",
        "Does a style word bring that style?",
        "The deck asked COCO for a photo and for a drawing of apples, and looked at the ten best.",
        "pictures",
        ("coco", "demo-objects", "demo-captions"),
        ("deck-style", "demo-style"),
        page="pictures",
    ),
    Step(
        "templates-above",
        "What does the template change, from above?",
        "The deck titled these seven figures EuroSAT; 157 batches took 13 minutes a template.",
        "templates",
        ("eurosat", "demo-satellite"),
        ("deck-eurosat", "demo-satellite"),
        page="templates",
    ),
    Step(
        "templates-things",
        "And the same templates on things?",
        "The same seven figures beside CIFAR-100, which their values and their 157 batches fit.",
        "templates",
        ("cifar100", "demo-objects"),
        ("deck-cifar100", "demo-objects"),
        page="templates",
    ),
    Step(
        "noun",
        "Does the noun bring that fruit?",
        "The deck asked COCO for oranges and for apples.",
        "pictures",
        ("coco", "demo-objects", "demo-captions"),
        ("deck-noun", "demo-noun"),
        page="pictures",
    ),
    Step(
        "adjectives",
        "Does each adjective refine the list?",
        "The deck asked ImageNet-mini for a bird, a white one, a flying white one, and for the bare words.",
        "pictures",
        ("imagenet_mini", "demo-captions", "demo-objects"),
        ("deck-adjectives", "demo-adjectives"),
        page="pictures",
    ),
    Step(
        "fish",
        "Do ocean and river bring other fish?",
        "The deck asked ImageNet-mini for fish, ocean fish and river fish.",
        "pictures",
        ("imagenet_mini", "demo-captions", "demo-objects"),
        ("deck-fish", "demo-fish"),
        page="pictures",
    ),
    Step(
        "bears",
        "Does a caption find its own picture?",
        "The deck asked COCO with a caption that has a number, a colour and a pose.",
        "caption",
        ("coco", "demo-captions"),
        ("deck-bears", "demo-bears"),
        page="one_caption",
    ),
    Step(
        "people",
        "Does it, where many pictures are alike? A group",
        "The deck's second caption: many pictures of COCO fit it.",
        "caption",
        ("coco", "demo-captions"),
        ("deck-people", "demo-people"),
        page="one_caption",
    ),
    Step(
        "meal",
        "Does it, where many pictures are alike? A meal",
        "The deck's third caption: many pictures of COCO fit it.",
        "caption",
        ("coco", "demo-captions"),
        ("deck-meal", "demo-meal"),
        page="one_caption",
    ),
    Step(
        "claims",
        "Do the deck's claims hold?",
        "Each claim again, on the pictures that are here.",
        "claims",
        _EVERY,
        page="accuracy",
    ),
    Step("faults", "What does not fit in the deck?", "Its own figures, asked by the audit.", "faults"),
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "top5-probe",
        "Zero-shot top-5 matches or beats the probe's accuracy in many cells.",
        "in at least half of the cells top-5 is not below the probe by more than the interval",
    ),
    Claim(
        "general",
        "General objects do better than satellite or fine-grained ones.",
        "every model does better on each general set than on each special one, beyond the interval",
    ),
    Claim(
        "training",
        "The pre-training data changes the result under the same prompt.",
        "the same architecture with other training data differs beyond the interval in at least half of the cells",
    ),
    Claim(
        "wording",
        "Small changes of wording change results a lot.",
        "the best of the deck's templates is at least five points above the worst, beyond the interval, in at least "
        "half of the studies",
    ),
    Claim(
        "favour",
        "OpenCLIP and OpenAI CLIP favour different styles or concepts.",
        "each of the two families names some classes right more often than the other, beyond chance over all classes",
    ),
    Claim(
        "search",
        "Good prompts search well without fine-tuning.",
        "at least half of the ten best pictures are right on average, and no question does worse than chance",
    ),
)

DOUBTS: tuple[Doubt, ...] = (
    Doubt(
        "copied",
        "One cell stands in the table twice",
        "ImageNet-mini with ViT-B/32 has the same two figures for OpenAI and for LAION-2B. Beside the published "
        "ones LAION-2B's fit; OpenAI's are the copy.",
        check="copied",
    ),
    Doubt(
        "collapse",
        "Predictions that collapse",
        "Top-1 near guessing beside a high top-5: one or two classes win nearly everywhere. Shuffled labels would "
        "take top-5 down too.",
        check="collapse",
        datasets=("eurosat",),
    ),
    Doubt(
        "names",
        "EuroSAT asked by folder names",
        "All seven figures are far below the published ones, most likely because classes were called AnnualCrop and "
        "HerbaceousVegetation instead of annual crop land and herbaceous vegetation.",
        check="published",
        datasets=("eurosat",),
    ),
    Doubt(
        "mode",
        "ConvNeXt measured in training mode",
        "It is too low on every set, and it alone of the seven has layers that act at random unless the model is "
        "switched to evaluation.",
        check="published",
        models=(_CONVNEXT,),
    ),
    Doubt(
        "probe",
        "A probe that learned by heart",
        "All or most training pictures right, yet fewer test pictures than without any training: the "
        "regularisation was not chosen, or the splits number their classes differently.",
        check="probe-fit",
        probe=True,
    ),
    Doubt(
        "unlike",
        "Top-5 compared with top-1",
        "The second bar chart lays five guesses beside the probe's one. Like with like, it says something else: see "
        "the first claim.",
    ),
    Doubt(
        "titled",
        "The template study is of another set",
        "55 to 63 % with one model cannot be EuroSAT, where the table has 12 to 42 %; it fits CIFAR-100 with "
        "ViT-B/32, of which 157 batches are 10,000 pictures.",
    ),
)


def find_step(name: str) -> Step:
    """The step of this name; `UnknownName` with the closest ones otherwise."""
    for step in STEPS:
        if step.name == name:
            return step
    raise unknown("step", name, [step.name for step in STEPS])
