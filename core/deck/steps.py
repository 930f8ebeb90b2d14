"""The original study ("the deck") as a presentation: its experiments in order, its claims, and what
is inconsistent in its figures.

Everything a step shows is computed from what is on the machine; here stands only what was asked and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import unknown

StepKind = Literal["opening", "table", "bars", "pictures", "templates", "caption", "claims", "faults"]
TEN = 10
"""The deck looks at the ten best pictures of a prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `datasets` are where it can be asked, best first; `presets` name what is asked there: of the deck,
    and of the demo; `page` is the page that has the whole of it, `metric` the one that bars are of."""

    name: str
    title: str
    said: str
    kind: StepKind
    datasets: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    metric: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence of the deck, and in words what would make it hold here."""

    name: str
    said: str
    holds_if: str


@dataclass(frozen=True, slots=True, kw_only=True)
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
        name="opening",
        title="What do CLIP models see in these images?",
        said="The same ten images and what each model calls them; framed where the label is correct.",
        kind="opening",
        datasets=_EVERY,
        page="accuracy",
    ),
    Step(
        name="first",
        title="Is zero-shot as accurate as a linear probe?",
        said="Zero-shot top-1 beside the top-1 of a linear probe on the test images.",
        kind="bars",
        datasets=_EVERY,
        metric="acc1",
        page="accuracy",
    ),
    Step(
        name="five",
        title="Does zero-shot top-5 match a probe's top-1?",
        said="The original study compared these two: five guesses against one.",
        kind="bars",
        datasets=_EVERY,
        metric="acc5",
        page="accuracy",
    ),
    Step(
        name="general",
        title="How well do models label general images?",
        said="CIFAR-100: small images of everyday things in 100 classes. The original study's table, measured again.",
        kind="table",
        datasets=("cifar100", "demo-objects"),
        page="accuracy",
    ),
    Step(
        name="benchmark",
        title="How well do they label ImageNet's classes?",
        said="ImageNet-mini: all 1,000 classes, a few images each. The original study's table, measured again.",
        kind="table",
        datasets=("imagenet_mini", "demo-objects"),
        page="accuracy",
    ),
    Step(
        name="fine",
        title="How well do they label dishes that look alike?",
        said="Food-101: fine-grained classes. The original study's table, measured again.",
        kind="table",
        datasets=("food101", "demo-objects"),
        page="accuracy",
    ),
    Step(
        name="satellite",
        title="How well do they label satellite images?",
        said="EuroSAT: unlike most of what the models were trained on. The original study's table, measured again.",
        kind="table",
        datasets=("eurosat", "demo-satellite"),
        page="accuracy",
    ),
    Step(
        name="style",
        title="Does a style word find images of that style?",
        said="The original study searched COCO for a photo and a drawing of apples, and looked at ten images.",
        kind="pictures",
        datasets=("coco", "demo-objects", "demo-captions"),
        presets=("deck-style", "demo-style"),
        page="prompt_results",
    ),
    Step(
        name="templates-above",
        title="How much does the template matter on satellite images?",
        said="Seven templates of the original study, which says that its figures are of a satellite data set.",
        kind="templates",
        datasets=("eurosat", "demo-satellite"),
        presets=("deck-eurosat", "demo-satellite"),
        page="compare_templates",
    ),
    Step(
        name="templates-things",
        title="How much does the template matter on everyday things?",
        said="The same seven templates on CIFAR-100, which fits the original study's figures better.",
        kind="templates",
        datasets=("cifar100", "demo-objects"),
        presets=("deck-cifar100", "demo-objects"),
        page="compare_templates",
    ),
    Step(
        name="noun",
        title="Does the noun find that fruit?",
        said="The original study searched COCO for oranges and for apples.",
        kind="pictures",
        datasets=("coco", "demo-objects", "demo-captions"),
        presets=("deck-noun", "demo-noun"),
        page="prompt_results",
    ),
    Step(
        name="adjectives",
        title="Does each adjective refine the list?",
        said="The original study searched ImageNet-mini for a bird, a white one, a flying white one, and bare words.",
        kind="pictures",
        datasets=("imagenet_mini", "demo-captions", "demo-objects"),
        presets=("deck-adjectives", "demo-adjectives"),
        page="prompt_results",
    ),
    Step(
        name="fish",
        title="Do ocean and river find other fish?",
        said="The original study searched ImageNet-mini for fish, ocean fish and river fish.",
        kind="pictures",
        datasets=("imagenet_mini", "demo-captions", "demo-objects"),
        presets=("deck-fish", "demo-fish"),
        page="prompt_results",
    ),
    Step(
        name="bears",
        title="Does a caption find its own image?",
        said="A caption of COCO with a number, a color and a pose.",
        kind="caption",
        datasets=("coco", "demo-captions"),
        presets=("deck-bears", "demo-bears"),
        page="inspect_caption",
    ),
    Step(
        name="people",
        title="Does it find a group among many similar images?",
        said="The original study's second caption, which fits many images of COCO.",
        kind="caption",
        datasets=("coco", "demo-captions"),
        presets=("deck-people", "demo-people"),
        page="inspect_caption",
    ),
    Step(
        name="meal",
        title="Does it find a meal among many similar images?",
        said="The original study's third caption, which fits many images of COCO.",
        kind="caption",
        datasets=("coco", "demo-captions"),
        presets=("deck-meal", "demo-meal"),
        page="inspect_caption",
    ),
    Step(
        name="claims",
        title="Do the original study's claims hold?",
        said="Each claim, tested again on the images that are here.",
        kind="claims",
        datasets=_EVERY,
        page="accuracy",
    ),
    Step(
        name="faults",
        title="What is inconsistent in the original study?",
        said="The same checks as under Check my number, on the study's own figures.",
        kind="faults",
    ),
)

NUMBERED = (
    "general",
    "benchmark",
    "fine",
    "satellite",
    "first",
    "five",
    "style",
    "templates-above",
    "templates-things",
    "noun",
    "adjectives",
    "fish",
    "bears",
    "people",
    "meal",
    "claims",
    "faults",
)
"""The steps as they were once numbered from 1: what a link with a number means, however they are ordered now."""

CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="top5-probe",
        said="Zero-shot top-5 matches or beats the probe's accuracy in many cells.",
        holds_if="in at least half of the cells top-5 is not below the probe by more than the interval",
    ),
    Claim(
        name="general",
        said="General objects do better than satellite or fine-grained ones.",
        holds_if="every model does better on each general set than on each special one, beyond the interval",
    ),
    Claim(
        name="training",
        said="The pre-training data changes the result under the same prompt.",
        holds_if="the same architecture with other training data differs beyond the interval in at least "
        "half of the cells",
    ),
    Claim(
        name="wording",
        said="Small changes of wording change results a lot.",
        holds_if="the best of the original study's templates is at least five points above the worst, beyond the "
        "interval, in at least "
        "half of the studies",
    ),
    Claim(
        name="favour",
        said="OpenCLIP and OpenAI CLIP favor different styles or concepts.",
        holds_if="each of the two families names some classes right more often than the other, beyond chance "
        "over all classes",
    ),
    Claim(
        name="search",
        said="Good prompts search well without fine-tuning.",
        holds_if="at least half of the ten best images are right on average, and no question does worse than chance",
    ),
)

DOUBTS: tuple[Doubt, ...] = (
    Doubt(
        name="copied",
        title="One cell is in the table twice",
        cause="ImageNet-mini with ViT-B/32 has the same two figures for OpenAI and for LAION-2B. Beside the published "
        "ones LAION-2B's fit; OpenAI's are the copy.",
        check="copied",
    ),
    Doubt(
        name="collapse",
        title="Predictions that collapse",
        cause="Top-1 near guessing beside a high top-5: one or two classes win nearly everywhere. Shuffled "
        "labels would "
        "take top-5 down too.",
        check="collapse",
        datasets=("eurosat",),
    ),
    Doubt(
        name="names",
        title="EuroSAT with folder names as class names",
        cause="All seven figures are far below the published ones, most likely because classes were called "
        "AnnualCrop and "
        "HerbaceousVegetation instead of annual crop land and herbaceous vegetation.",
        check="published",
        datasets=("eurosat",),
    ),
    Doubt(
        name="mode",
        title="ConvNeXt measured in training mode",
        cause="It is too low on every set, and it alone of the seven has layers that act at random unless the model is "
        "switched to evaluation.",
        check="published",
        models=(_CONVNEXT,),
    ),
    Doubt(
        name="probe",
        title="A probe that learned by heart",
        cause="All or most training images right, yet fewer test images than without any training: the "
        "regularization was not chosen, or the splits number their classes differently.",
        check="probe-fit",
        probe=True,
    ),
    Doubt(
        name="unlike",
        title="Top-5 compared with top-1",
        cause="The second bar chart lays five guesses beside the probe's one. Like with like, it says "
        "something else: see "
        "the first claim.",
    ),
    Doubt(
        name="titled",
        title="The template study is of another set",
        cause="55 to 63 % with one model cannot be EuroSAT, where the table has 12 to 42 %; it fits CIFAR-100 with "
        "ViT-B/32, of which 157 batches are 10,000 images.",
    ),
)


def find_step(name: str) -> Step:
    """The step of this name; `UnknownName` with the closest ones otherwise."""
    for step in STEPS:
        if step.name == name:
            return step
    raise unknown("step", name, [step.name for step in STEPS])


def place_of(asked: str) -> int | None:
    """The place, from 1, of the step that a link means by its name or, in links of earlier versions, by a number;
    None for no step."""
    if asked.isascii() and asked.isdigit() and len(asked) < 6 and 1 <= int(asked) <= len(NUMBERED):
        asked = NUMBERED[int(asked) - 1]
    return next((place for place, step in enumerate(STEPS, 1) if step.name == asked), None)
