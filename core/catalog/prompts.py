"""Prompt sets: templates that are averaged together in the embedding space."""

from __future__ import annotations

from core.catalog.classes import clip_source, clip_templates
from core.types import PromptSet, unknown

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
    PromptSet("photo", "One photo prompt", ("a photo of a {}.",), "CLIP paper, section 3.1.4"),
    PromptSet("deck", "The deck's seven", _DECK, "the deck's prompt study"),
    PromptSet("demo", "Demo styles", _DEMO, "the styles in which the demo's pictures are drawn"),
    PromptSet("cifar100", "CLIP's 18 for CIFAR-100", clip_templates("cifar100"), clip_source()),
    PromptSet("imagenet", "CLIP's 80 for ImageNet", clip_templates("imagenet"), clip_source()),
    PromptSet("food101", "CLIP's one for Food-101", clip_templates("food101"), clip_source()),
    PromptSet("eurosat", "CLIP's three for EuroSAT", clip_templates("eurosat"), clip_source()),
)


def find_prompt_set(name: str) -> PromptSet:
    """The prompt set of this name; `UnknownName` with the closest ones otherwise."""
    for prompt_set in PROMPT_SETS:
        if prompt_set.name == name:
            return prompt_set
    raise unknown("prompt set", name, [prompt_set.name for prompt_set in PROMPT_SETS])
