"""What every part of a report is made from: the request, the studies it may ask, and what is gathered on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from core.errors import EncoderWarming, TMVError
from core.report.page import Shot
from core.studies.audit import AuditResult
from core.studies.captions.retrieval import RetrievalResult
from core.studies.few_shot.result import FewShotResult
from core.studies.probe.result import ProbeResult
from core.studies.prompts.accuracy import PromptStudyResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.names import file_part
from core.types import DatasetSpec, ModelSpec, Provenance

T = TypeVar("T")
THUMBNAIL = 224


class Studies(Protocol):
    """The engine as a report sees it: studies from the cache, and small pictures."""

    def model(self, name: str) -> ModelSpec: ...

    def dataset(self, name: str) -> DatasetSpec: ...

    def zero_shot(
        self,
        model: str,
        dataset: str,
        split: str | None = None,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
        classnames: str = "curated",
    ) -> ZeroShotResult: ...

    def prompts(
        self,
        model: str,
        dataset: str,
        split: str | None = None,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
        classnames: str = "curated",
    ) -> PromptStudyResult: ...

    def retrieve(self, model: str, dataset: str, split: str | None = None) -> RetrievalResult: ...

    def probe_cached(self, model: str, dataset: str, split: str | None = None) -> ProbeResult | None: ...

    def few_shot_cached(self, model: str, dataset: str, split: str | None = None) -> FewShotResult | None: ...

    def audit(
        self,
        model: str,
        dataset: str,
        split: str | None = None,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
        classnames: str = "curated",
    ) -> AuditResult: ...

    def thumbnail(self, dataset: str, split: str | None, picture_id: str, size: int = THUMBNAIL) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A report: these models on these data sets, the `studies` (of `core.report.KINDS`) that the cache can answer,
    asked with these prompts; at most `pictures` small pictures of mistakes for each model and data set. `made` is the
    date that it bears."""

    models: tuple[str, ...]
    datasets: tuple[str, ...]
    studies: tuple[str, ...]
    title: str = "Text Meets Vision"
    split: str | None = None
    templates: tuple[str, ...] | None = None
    prompt_set: str | None = None
    classnames: str = "curated"
    pictures: int = 12
    made: str = ""


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


def shot(studies: Studies, dataset: str, split: str, picture: str, alt: str, under: str, right: bool) -> Shot | None:
    """One small picture; None where it is not on this machine."""
    try:
        return Shot(webp=studies.thumbnail(dataset, split, picture, THUMBNAIL), alt=alt, under=under, right=right)
    except TMVError:
        return None


def file_name(*parts: str) -> str:
    """A name for files from names of models and data sets; another one for each, also of files and folders that have
    one name in two places."""
    return "-".join(file_part(part) for part in parts)[:120]
