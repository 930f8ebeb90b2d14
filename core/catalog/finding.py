"""Models found by words: what a reader types is looked for in all that the catalog says of a model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from core.catalog.families import family_of
from core.catalog.licences import commercial_use
from core.catalog.models import every_model
from core.types import ModelSpec


def searched_text(spec: ModelSpec) -> str:
    """What is searched of a model, a line for each thing, in small letters."""
    return _searched_text(spec.name, spec.title, spec.training_data, spec.licence)


@lru_cache(maxsize=1024)
def _searched_text(name: str, title: str, training_data: str, licence: str) -> str:
    parts = (name, title, family_of(name), training_data, licence, commercial_use(licence))
    plain = "\n".join(parts).lower()
    return f"{plain}\n{_squeezed(plain)}"


def fits(spec: ModelSpec, words: Iterable[str]) -> bool:
    """Whether every one of these words occurs in what is known of the model. Case, and hyphens, underscores and slashes
    inside a word do not matter: "b/16", "B-16" and "b16" are one. A number is a whole number: "b-16" is not "b160k"."""
    text = searched_text(spec)
    return all(_pattern(word).search(text) for word in words)


def find_by_words(typed: str, specs: Iterable[ModelSpec] | None = None) -> tuple[ModelSpec, ...]:
    """Of these models, by default of all that are listed, those that all the typed words fit, in the same order."""
    words = typed.split()
    return tuple(spec for spec in (every_model() if specs is None else specs) if fits(spec, words))


def narrowed(
    specs: Iterable[ModelSpec], *, family: str = "", most_bytes: int = 0, use: str = ""
) -> tuple[ModelSpec, ...]:
    """Those of a family, of a download of at most so many bytes and of this `commercial_use`, each where it is given.
    A model whose size is not known is not among the small ones."""
    return tuple(
        spec
        for spec in specs
        if (not family or family_of(spec.name) == family)
        and (not most_bytes or (bool(spec.parameters) and spec.download_bytes <= most_bytes))
        and (not use or commercial_use(spec.licence) == use)
    )


@lru_cache(maxsize=256)
def _pattern(word: str) -> re.Pattern[str]:
    forms = dict.fromkeys(form for form in (word.lower(), _squeezed(word.lower())) if form)
    return re.compile("|".join(_whole_numbers(form) for form in forms))


def _whole_numbers(form: str) -> str:
    before, after = (r"(?<!\d)" if form[0].isdigit() else ""), (r"(?!\d)" if form[-1].isdigit() else "")
    return f"{before}{re.escape(form)}{after}"


def _squeezed(text: str) -> str:
    return re.sub(r"[-_/·]+", "", text)
