"""What every part of a report is made from: the request, the studies it may ask, and what is gathered on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from core.engine import Engine
from core.errors import EncoderWarming, TMVError
from core.report.page import Section, Shot
from core.studies.result import StudyResult
from core.types import Provenance
from core.words.names import file_part, say_pair

T = TypeVar("T")
THUMBNAIL = 224


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A report: these models on these data sets, the `studies` (of `core.report.KINDS`; none: all) that the cache can
    answer, asked with these prompts; at most `pictures` small pictures of mistakes for each model and data set. `made`
    is the date that it bears."""

    models: tuple[str, ...]
    datasets: tuple[str, ...]
    studies: tuple[str, ...] = ()
    title: str = ""
    split: str | None = None
    templates: tuple[str, ...] | None = None
    prompt_set: str | None = None
    classnames: str = "curated"
    pictures: int = 12
    made: str = ""

    @property
    def prompts(self) -> dict[str, Any]:
        """How pictures are asked about, as studies take it."""
        return {"templates": self.templates, "prompt_set": self.prompt_set, "classnames": self.classnames}


@dataclass(slots=True, kw_only=True)
class Gathered:
    """Where the numbers so far come from, by what they are of, and what could not be put in, each with its reason."""

    provenance: dict[tuple[str, str, str], Provenance] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def note(self, model: str, dataset: str, split: str, provenance: Provenance) -> None:
        """Remember where numbers of this model on this split come from."""
        self.provenance.setdefault((model, dataset, split), provenance)

    def ask(self, study: Callable[[], T], said: str) -> T | None:
        """The study, or None with the reason noted."""
        try:
            return study()
        except EncoderWarming:
            self.missing.append(f"{said}: its texts are not encoded yet.")
        except TMVError as error:
            self.missing.append(f"{said}: {error}")
        return None

    def answers(
        self, said: str, models: Iterable[str], dataset: str, answer: Callable[[str, str], T | None]
    ) -> list[T]:
        """What each model answers on a data set, and where the numbers come from; why not is noted under `said`."""
        found = list[T]()
        for model in models:
            result = self.ask(partial(answer, model, dataset), f"{said}, {say_pair(model, dataset)}")
            if result is not None:
                found.append(result)
            if isinstance(result, StudyResult):
                self.note(result.model, result.dataset, result.split, result.provenance)
        return found


Build = Callable[[Engine, Request, Sequence[str], Gathered], Iterable[Section]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a study puts into a report: `build` on data sets of the kind `on` ("": any)."""

    on: str
    build: Build


def shot(engine: Engine, dataset: str, split: str, picture: str, alt: str, under: str, right: bool) -> Shot | None:
    """One small picture; None where it is not on this machine."""
    try:
        return Shot(webp=engine.thumbnail(dataset, split, picture, THUMBNAIL), alt=alt, under=under, right=right)
    except TMVError:
        return None


def file_name(*parts: str) -> str:
    """A name for files from names of models and data sets; another one for each, also of files and folders that have
    one name in two places."""
    return "-".join(file_part(part) for part in parts)[:120]
