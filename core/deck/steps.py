"""The deck as a story: its experiments in order, its claims, and what does not fit in its figures.

Everything a step shows is computed from what is on the machine; here stands only what was asked and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import unknown

StepKind = Literal["table", "bars", "pictures", "templates", "caption", "claims", "faults"]
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
        name="general",
        title="How well are general images named?",
        said="The original study's table on CIFAR-100: general, small images, many classes.",
        kind="table",
        datasets=("cifar100", "demo-objects"),
        page="accuracy",
    ),
    Step(
        name="benchmark",
        title="And images like a benchmark's?",
        said="The original study's table on ImageNet-mini: all 1,000 classes of ImageNet, few images each.",
        kind="table",
        datasets=("imagenet_mini", "demo-objects"),
        page="accuracy",
    ),
    Step(
        name="fine",
        title="And dishes that look alike?",
        said="The original study's table on Food-101: fine-grained classes.",
        kind="table",
        datasets=("food101", "demo-objects"),
        page="accuracy",
    ),
    Step(
        name="satellite",
        title="And the earth from above?",
        said="The original study's table on EuroSAT: satellite images, unlike what the models were trained on.",
        kind="table",
        datasets=("eurosat", "demo-satellite"),
        page="accuracy",
    ),
    Step(
        name="first",
        title="Is the first answer as good as a trained probe's?",
        said="The original study's first bar chart: top-1 without training beside a linear probe on the test images.",
        kind="bars",
        datasets=_EVERY,
        metric="acc1",
        page="accuracy",
    ),
    Step(
        name="five",
        title="Are five answers as good as a trained probe's one?",
        said="The original study's second bar chart: zero-shot top-5 beside probe top-1, five guesses against one.",
        kind="bars",
        datasets=_EVERY,
        metric="acc5",
        page="accuracy",
    ),
    Step(
        name="style",
        title="Does a style word bring that style?",
        said="The original study asked COCO for a photo and for a drawing of apples, and looked at the ten best.",
        kind="pictures",
        datasets=("coco", "demo-objects", "demo-captions"),
        presets=("deck-style", "demo-style"),
        page="prompt_results",
    ),
    Step(
        name="templates-above",
        title="What does the template change, from above?",
        said="The original study titled these seven figures EuroSAT; 157 batches took 13 minutes a template.",
        kind="templates",
        datasets=("eurosat", "demo-satellite"),
        presets=("deck-eurosat", "demo-satellite"),
        page="compare_templates",
    ),
    Step(
        name="templates-things",
        title="And the same templates on things?",
        said="The same seven figures beside CIFAR-100, which their values and their 157 batches fit.",
        kind="templates",
        datasets=("cifar100", "demo-objects"),
        presets=("deck-cifar100", "demo-objects"),
        page="compare_templates",
    ),
    Step(
        name="noun",
        title="Does the noun bring that fruit?",
        said="The original study asked COCO for oranges and for apples.",
        kind="pictures",
        datasets=("coco", "demo-objects", "demo-captions"),
        presets=("deck-noun", "demo-noun"),
        page="prompt_results",
    ),
    Step(
        name="adjectives",
        title="Does each adjective refine the list?",
        said="The original study searched ImageNet-mini for a bird, a white one, a flying one, and for words alone.",
        kind="pictures",
        datasets=("imagenet_mini", "demo-captions", "demo-objects"),
        presets=("deck-adjectives", "demo-adjectives"),
        page="prompt_results",
    ),
    Step(
        name="fish",
        title="Do ocean and river bring other fish?",
        said="The original study asked ImageNet-mini for fish, ocean fish and river fish.",
        kind="pictures",
        datasets=("imagenet_mini", "demo-captions", "demo-objects"),
        presets=("deck-fish", "demo-fish"),
        page="prompt_results",
    ),
    Step(
        name="bears",
        title="Does a caption find its own image?",
        said="The original study asked COCO with a caption that has a number, a colour and a pose.",
        kind="caption",
        datasets=("coco", "demo-captions"),
        presets=("deck-bears", "demo-bears"),
        page="inspect_caption",
    ),
    Step(
        name="people",
        title="Does it, where many images are alike? A group",
        said="The original study's second caption: many images of COCO fit it.",
        kind="caption",
        datasets=("coco", "demo-captions"),
        presets=("deck-people", "demo-people"),
        page="inspect_caption",
    ),
    Step(
        name="meal",
        title="Does it, where many images are alike? A meal",
        said="The original study's third caption: many images of COCO fit it.",
        kind="caption",
        datasets=("coco", "demo-captions"),
        presets=("deck-meal", "demo-meal"),
        page="inspect_caption",
    ),
    Step(
        name="claims",
        title="Do the original study's claims hold?",
        said="Each claim again, on the images that are here.",
        kind="claims",
        datasets=_EVERY,
        page="accuracy",
    ),
    Step(
        name="faults",
        title="What does not fit in the original study?",
        said="Its own figures, asked by the audit.",
        kind="faults",
    ),
)

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
        said="OpenCLIP and OpenAI CLIP favour different styles or concepts.",
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
        title="One cell stands in the table twice",
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
        title="EuroSAT asked by folder names",
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
        "regularisation was not chosen, or the splits number their classes differently.",
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
