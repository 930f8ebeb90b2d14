"""What is to be said of the texts of a study: templates that shards bring, and texts that a model cuts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from core import readers
from core.encoders.tokens import cut_note
from core.engine_parts import EngineParts
from core.errors import NotHere
from core.store import Store, read_card
from core.studies.zero_shot.classify import fill
from core.types import EmbeddingKey, EmbeddingSet, Note

T = TypeVar("T")


class TextParts(EngineParts, Protocol):
    """What these methods need of the engine."""

    cache_dir: Path
    store: Store

    def _look(self, key: tuple[str, ...], look: Callable[[], T]) -> T: ...

    def own_templates(self, dataset: str) -> tuple[str, ...]: ...

    def keep_templates(self, key: EmbeddingKey) -> None: ...

    def text_notes(self, model: str, texts: Sequence[str], what: str, code: str) -> tuple[Note, ...]: ...


class TextNotes:
    """Methods of `core.engine.Engine`."""

    def own_templates(self: TextParts, dataset: str) -> tuple[str, ...]:
        """The templates that shards bring; where only their vectors are here, as they were then. () for other data."""
        if not dataset.startswith("wds:"):
            return ()
        try:
            return self._look(("templates", dataset), lambda: readers.brought_templates(dataset))
        except NotHere:
            kept = [self.results.get(_key(e.key)) for e in self.store.entries() if e.key.dataset == dataset]
            return tuple(next(filter(None, reversed(kept)), ()))

    def keep_templates(self: TextParts, key: EmbeddingKey) -> None:
        """Keep them beside the vectors, for a machine without the shards."""
        own = list(self.own_templates(key.dataset))
        if own and self.results.get(_key(key)) != own:
            self.results.put(_key(key), own)

    def text_notes(self: TextParts, model: str, texts: Sequence[str], what: str, code: str) -> tuple[Note, ...]:
        """How many of the texts are longer than the model reads; see `core.encoders.tokens`."""
        spec = self.model(model)
        return cut_note(spec, read_card(self.cache_dir, spec.name), texts, what, code)

    def prompt_notes(
        self: TextParts, images: EmbeddingSet, templates: Sequence[str], classnames: Sequence[str]
    ) -> tuple[Note, ...]:
        """Where the templates come from if shards brought them, and how many prompts are cut."""
        own = self.own_templates(images.key.dataset)
        cut = self.text_notes(images.key.model, fill(templates, classnames), "prompts", "cut_prompts")
        if own and tuple(templates) == own:
            self.keep_templates(images.key)
            return (Note(f"Templates of the shards: {readers.TEMPLATES} ({len(own):,}).", "own_templates"), *cut)
        if not own and any(note.code == "own_templates" for note in images.provenance.beside):
            text = f"The shards' own templates ({readers.TEMPLATES}) are not on this machine; others are used."
            return (Note(text, "own_templates", "warning"), *cut)
        return cut


def _key(key: EmbeddingKey) -> str:
    return f"templates/{key.fingerprint}"
