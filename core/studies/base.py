"""A study is a request: a frozen value that says what is asked, and where.

`Engine.run(study)` answers it, `Engine.kept(study)` looks for the answer without computing, `Engine.submit(study)`
hands a long one to a process of its own. What is cheap and asked in passing is a plain function `(lab, place, ...)`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar

from core.errors import TMVError, unknown
from core.stats.gallery import Gallery
from core.store import Results
from core.system.memo import Memory
from core.system.progress import Progress
from core.types import EmbeddingSet, Place

if TYPE_CHECKING:
    from core.embedding.data import Data
    from core.embedding.vectors import Vectors
    from core.encoders.service.local import Encoding
    from core.studies.zero_shot.prompting import Prompting

R = TypeVar("R")


class Lab(Protocol):
    """The engine as a study sees it, and all that it may ask of it; see `core.engine.Engine`."""

    @property
    def results(self) -> Results:
        """Small results on disk, by key."""

    @property
    def memory(self) -> Memory:
        """Results of this process."""

    @property
    def data(self) -> Data:
        """The data sets of this machine."""

    @property
    def vectors(self) -> Vectors:
        """Stored image vectors."""

    @property
    def encoding(self) -> Encoding:
        """Vectors of new texts and pictures."""

    @property
    def prompting(self) -> Prompting:
        """Templates, class names, and the class vectors made of both."""

    def place(self, model: str, dataset: str, split: str | None = None) -> Place:
        """Names as given, resolved."""

    def run(self, study: Study[R], progress: Progress | None = None) -> R:
        """The answer of another study."""

    def kept(self, study: Study[R]) -> R | None:
        """The answer of another study where that needs no computing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study(ABC, Generic[R]):
    """What is asked of one model on one split. Fields are the request's parameters; `kind` is its name in jobs,
    commands and keys of kept results."""

    place: Place
    kind: ClassVar[str]

    @classmethod
    def at(cls, lab: Lab, model: str, dataset: str, split: str | None = None, **parameters: Any) -> Self:
        """The request by names as a user writes them. Raises `UnknownName` with the closest ones."""
        return cls(place=lab.place(model, dataset, split), **parameters)

    def key(self, lab: Lab) -> Hashable | None:
        """Equal for equal answers, so that they are made once in a process; None: not held in memory."""
        return None

    def needs(self, lab: Lab) -> tuple[Place, ...]:
        """The vectors that it is made of."""
        return (self.place,)

    def kept(self, lab: Lab) -> R | None:
        """The answer from disk; never computes. May raise `NotHere` while vectors are missing."""
        return None

    @abstractmethod
    def run(self, lab: Lab, progress: Progress | None = None) -> R:
        """The answer. Raises `NotHere` while vectors are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LongStudy(Study[R]):
    """A study that may run as a job, in a process of its own; `title` is the job's, of {model}, {dataset}, {split}."""

    title: ClassVar[str]
    embeds_first: ClassVar[bool] = True
    """Whether its job embeds what it `needs`; otherwise missing vectors are an error."""

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Its parameters beside the place, ready for JSON: a job is told them, and gives them to `at`."""

    @abstractmethod
    def job_key(self) -> str:
        """Equal for equal work, so that two who ask for it share one job."""

    def job_params(self) -> dict[str, Any]:
        """What a job is told."""
        model, dataset, split = self.place.names
        return {"model": model, "dataset": dataset, "split": split, **self.options()}

    @classmethod
    def of_job(cls, lab: Lab, params: Mapping[str, Any]) -> Self:
        """The request that a job was told, by this version or an earlier one."""
        options = {name: value for name, value in params.items() if name not in ("model", "dataset", "split")}
        return cls.at(lab, str(params["model"]), str(params["dataset"]), str(params["split"]), **options)

    def beside(self) -> tuple[Study[Any], ...]:
        """Studies that its job also runs, because this one says little alone."""
        return ()


def gallery_of(lab: Lab, images: EmbeddingSet, side: str = "images") -> Gallery:
    """The pictures (or, side "texts", the captions) of a stored set, ready to be searched; made once."""
    vectors = images.image_embeddings if side == "images" else images.text_embeddings
    if vectors is None:
        raise TMVError(
            f"{images.key.dataset} ({images.key.split}) has no captions; choose a data set with captions "
            "such as demo-captions or coco."
        )
    return lab.memory.galleries.get((images.key, side), lambda: Gallery.of(vectors))


def row_of(images: EmbeddingSet, picture_id: str) -> int:
    """The row of a picture by its id; `UnknownName` with the closest ids otherwise."""
    try:
        return images.ids.index(picture_id)
    except ValueError:
        raise unknown("image", picture_id, images.ids[:5000]) from None
