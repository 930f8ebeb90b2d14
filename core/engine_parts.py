"""What a study needs of the engine, so that its methods can live in a file of their own.

`Engine` is one class, the one door; it inherits the methods of its studies from classes such as
`core.engine_prompts.PromptStudies`, which know the engine by this description alone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol, TypeVar

from core.errors import TMVError, unknown
from core.jobs.jobs import Jobs
from core.stats.gallery import Gallery
from core.store import Results
from core.studies.zero_shot.classify import ZeroShotResult
from core.system.memo import Latest
from core.types import DatasetSpec, EmbeddingSet, FloatArray, ModelSpec, Note, Progress

T = TypeVar("T")


class Memory(Protocol):
    """Computes a missing value once, whoever asks at the same time."""

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`, made by `make` if it is not there."""


class EngineParts(Protocol):
    """The engine as its studies see it; see `core.engine.Engine` for what each part does."""

    @property
    def results(self) -> Results: ...

    @property
    def jobs(self) -> Jobs: ...

    @property
    def studies(self) -> Memory: ...

    @property
    def galleries(self) -> Memory: ...

    @property
    def latest(self) -> Latest: ...

    def model(self, name: str) -> ModelSpec: ...

    def dataset(self, name: str) -> DatasetSpec: ...

    def split_of(self, dataset: str, split: str | None) -> str: ...

    def splits(self, dataset: str) -> tuple[str, ...]: ...

    def needed(self, model: str, dataset: str, split: str | None = None) -> EmbeddingSet: ...

    def classnames(self, images: EmbeddingSet, kind: str) -> tuple[str, ...]: ...

    def named(self, images: EmbeddingSet, kind: str) -> tuple[EmbeddingSet, tuple[str, ...]]: ...

    def templates(
        self, dataset: str, templates: Sequence[str] | None = None, prompt_set: str | None = None
    ) -> tuple[str, ...]: ...

    def text_notes(self, model: str, texts: Sequence[str], what: str, code: str) -> tuple[Note, ...]: ...

    def prompt_notes(
        self, images: EmbeddingSet, templates: Sequence[str], classnames: Sequence[str]
    ) -> tuple[Note, ...]: ...

    def zero_shot(
        self,
        model: str,
        dataset: str,
        split: str | None = None,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
        classnames: str = "curated",
        progress: Progress | None = None,
    ) -> ZeroShotResult: ...

    def class_head(self, model: str, templates: Sequence[str], classnames: Sequence[str]) -> FloatArray: ...

    def encode_texts(self, model: str, texts: Sequence[str]) -> FloatArray: ...

    def encode_image(self, model: str, picture: bytes) -> FloatArray: ...


def gallery_of(parts: EngineParts, images: EmbeddingSet, side: str = "images") -> Gallery:
    """The pictures (or, side "texts", the captions) of a stored set, ready to be searched; made once."""
    vectors = images.image_embeddings if side == "images" else images.text_embeddings
    if vectors is None:
        raise TMVError(
            f"{images.key.dataset} ({images.key.split}) has no captions; choose a data set with captions "
            "such as demo-captions or coco."
        )
    return parts.galleries.get((images.key, side), lambda: Gallery.of(vectors))


def row_of(images: EmbeddingSet, picture_id: str) -> int:
    """The row of a picture by its id; `UnknownName` with the closest ids otherwise."""
    try:
        return images.ids.index(picture_id)
    except ValueError:
        raise unknown("picture", picture_id, images.ids[:5000]) from None
