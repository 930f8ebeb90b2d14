"""What is asked for: texts with weights, and a picture.

A query is a weighted sum of unit vectors, scaled to length 1:

    q = unit( sum_i w_i unit(text_i) + w_image unit(picture) )

and a picture's score is its cosine with q. A negative weight takes a meaning away ("bird" minus "water").
Sorting by this score is the same as sorting by the weighted sum of the single cosines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.stats.gallery import unit_vector
from core.stats.metrics import normalise
from core.types import FloatArray

MINUS_WEIGHT = 0.5
"""Weight of a negative word unless the user gives another: enough to turn a list, too little to rule it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One text of a query and its weight; a negative weight takes its meaning away."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked: texts, and a picture of weight `image_weight` if `image` names one."""

    terms: tuple[Term, ...] = ()
    image: str = ""
    image_weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.terms and not self.image:
            raise TMVError("A search needs a text or an image; write for example 'a photo of a bird'.")
        if empty := [t for t in self.terms if not t.text.strip()]:
            raise TMVError(f"A search text must not be empty, got {empty[0].text!r}; leave it out instead.")
        if not all(np.isfinite(w) for w in (self.image_weight, *(t.weight for t in self.terms))):
            raise TMVError("The weights of a search must be ordinary numbers.")

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts to encode, in order."""
        return tuple(term.text for term in self.terms)

    @property
    def words(self) -> str:
        """The whole question on one line: 'bird - 0.5 water + picture.jpg'."""
        parts = [(t.weight, t.text) for t in self.terms] + ([(self.image_weight, self.image)] if self.image else [])
        lead = [_signed(weight, text, first=not i) for i, (weight, text) in enumerate(parts)]
        return " ".join(lead)


def _signed(weight: float, text: str, first: bool) -> str:
    size = "" if abs(weight) == 1 else f"{abs(weight):g} "
    sign = ("- " if weight < 0 else "") if first else ("- " if weight < 0 else "+ ")
    return f"{sign}{size}{text}"


def ask(
    text: str = "",
    *,
    plus: Sequence[str] = (),
    minus: Sequence[str] = (),
    minus_weight: float = MINUS_WEIGHT,
    image: str = "",
    image_weight: float = 1.0,
) -> Query:
    """A query from one text, further texts to add, texts to take away, and a picture by name."""
    terms = [Term(text=t) for t in (text, *plus) if t.strip()]
    return Query(
        terms=(*terms, *(Term(text=t, weight=-abs(minus_weight)) for t in minus)),
        image=image,
        image_weight=image_weight,
    )


def query_vector(query: Query, text_vectors: NDArray[Any], image_vector: NDArray[Any] | None = None) -> FloatArray:
    """The unit vector (d,) of a query; its texts' vectors (m, d) and its picture's (d,) come unnormalised."""
    if len(text_vectors) != len(query.terms) or bool(query.image) != (image_vector is not None):
        raise TMVError(
            f"The query has {len(query.terms)} texts and {int(bool(query.image))} images; got "
            f"{len(text_vectors)} text vectors and {int(image_vector is not None)} of images."
        )
    parts = (
        [term.weight * row for term, row in zip(query.terms, normalise(text_vectors), strict=True)]
        if query.terms
        else []
    )
    if image_vector is not None:
        parts.append(query.image_weight * normalise(image_vector))
    return unit_vector(np.sum(parts, axis=0))
