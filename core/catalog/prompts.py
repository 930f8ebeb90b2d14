"""Prompt sets: templates that are averaged together in the embedding space."""

from __future__ import annotations

from core.catalog.classes import clip_source, clip_templates
from core.errors import unknown
from core.types import PromptSet

_DECK = (
    "a photo of a {}",
    "a sketch of a {}",
    "a drawing of a {}",
    "a cartoon of a {}",
    "an artistic rendering of a {}",
    "a low-resolution photo of a {}",
    "{}",
)
_DEMO = ("a photo of a {}.", "a drawing of a {}.", "a cartoon of a {}.", "a picture of a {}.")

PROMPT_SETS: tuple[PromptSet, ...] = (
    PromptSet(
        name="photo", title="One photo prompt", templates=("a photo of a {}.",), source="CLIP paper, section 3.1.4"
    ),
    PromptSet(
        name="deck",
        title="Seven of the original study",
        templates=_DECK,
        source="the prompt study of the original study",
    ),
    PromptSet(
        name="demo", title="Demo styles", templates=_DEMO, source="the styles in which the demo's pictures are drawn"
    ),
    PromptSet(
        name="cifar100", title="CLIP's 18 for CIFAR-100", templates=clip_templates("cifar100"), source=clip_source()
    ),
    PromptSet(
        name="imagenet", title="CLIP's 80 for ImageNet", templates=clip_templates("imagenet"), source=clip_source()
    ),
    PromptSet(
        name="food101", title="CLIP's one for Food-101", templates=clip_templates("food101"), source=clip_source()
    ),
    PromptSet(
        name="eurosat", title="CLIP's three for EuroSAT", templates=clip_templates("eurosat"), source=clip_source()
    ),
)


def find_prompt_set(name: str) -> PromptSet:
    """The prompt set of this name; `UnknownName` with the closest ones otherwise."""
    for prompt_set in PROMPT_SETS:
        if prompt_set.name == name:
            return prompt_set
    raise unknown("prompt set", name, [prompt_set.name for prompt_set in PROMPT_SETS])


FIRST_TEXTS = (
    "a photo of an apple",
    "a drawing of an apple",
    "a red umbrella",
    "an animal that can fly",
    "something to eat",
    "a vehicle with two wheels",
)
"""What a newcomer can press on Demo objects before typing anything; their vectors come with the product."""
