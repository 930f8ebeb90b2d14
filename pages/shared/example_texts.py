"""Texts that fit the data: what a page opens with where nobody has asked anything yet. A question about apples says
nothing about fields seen from above."""

from __future__ import annotations

from core.studies.prompts.compose import starts_with_vowel_sound
from core.types import EmbeddingSet

FEW = 5


def fitting_text(images: EmbeddingSet | None) -> str:
    """The shortest caption among the first, or the first class in a photo; "" where the images have neither."""
    if images is None:
        return ""
    if images.captions:
        return min(images.captions[:50], key=len)
    name = _fitting_class(images)
    return f"a photo of a {name}." if name else ""


def fitting_prompts(images: EmbeddingSet | None) -> tuple[str, ...]:
    """One class in two templates of the original study, whose texts most caches hold, or the two shortest captions of
    the first; () where the images have neither."""
    if images is None:
        return ()
    if images.captions:
        return tuple(sorted(dict.fromkeys(images.captions[:50]), key=len)[:2])
    name = _fitting_class(images)
    return (f"a photo of a {name}", f"a drawing of a {name}") if name else ()


def fitting_labels(classnames: tuple[str, ...]) -> str:
    """The first classes, one a line."""
    return "\n".join(classnames[:FEW])


def _fitting_class(images: EmbeddingSet) -> str:
    """The first class that takes the article of the usual template, whose vector is there."""
    fits = (name for name in images.classnames if not starts_with_vowel_sound(name))
    return next(fits, next(iter(images.classnames), ""))
