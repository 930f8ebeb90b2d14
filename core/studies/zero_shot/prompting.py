"""How pictures are asked about: templates, class names, the class vectors of both, and what is to be said of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

from core import readers
from core.catalog.class_words import equal_names
from core.catalog.models import find_model
from core.catalog.prompts import find_prompt_set
from core.embedding.data import Data
from core.encoders.service.local import Encoding
from core.encoders.tokens import cut_note, token_keys
from core.errors import NotHere, TMVError
from core.readers.datasets import find_dataset
from core.stats.numbers import without_stop
from core.store import Heads, Results
from core.store.data_notes import with_name_notes
from core.studies.labels import check_one_label
from core.studies.zero_shot.classify import check_templates, class_embeddings, fill, same_note
from core.system.memo import Memo
from core.system.progress import Progress
from core.types import EmbeddingSet, FloatArray, ModelCard, ModelSpec, Note

HEADS = 24
"""Class vectors that a process holds."""


class Prompting:
    """Templates and class names of a data set, and (c, d) class vectors by model."""

    def __init__(self, *, data: Data, encoding: Encoding, results: Results) -> None:
        self._data, self._encoding = data, encoding
        self._heads, self._kept_heads = Memo(HEADS), Heads(results)

    def templates(
        self, dataset: str, templates: Sequence[str] | None = None, prompt_set: str | None = None
    ) -> tuple[str, ...]:
        """The user's templates, else those of `prompt_set`, else those that shards bring, else the data set's own set;
        checked."""
        chosen = tuple(templates or ()) or (() if prompt_set else self._data.own_templates(dataset))
        if not chosen:
            chosen = find_prompt_set(prompt_set or find_dataset(dataset).prompt_set).templates
        return check_templates(chosen)

    def classnames(self, images: EmbeddingSet, kind: str) -> tuple[str, ...]:
        """Class names of stored rows: "curated", "raw", or the path of a file with one name a line."""
        return self.named(images, kind)[1]

    def named(self, images: EmbeddingSet, kind: str, *, several: bool = False) -> tuple[EmbeddingSet, tuple[str, ...]]:
        """The rows, with what is to be said of these class names, and the names (c,); see `classnames`. Images that may
        have `several` labels are refused where that is not expected."""
        if not several:
            check_one_label(images)
        if images.labels is None and images.label_pairs is None:
            raise TMVError(
                f"{find_dataset(images.key.dataset).title} ({images.key.split}) has no classes, so its images cannot "
                f"be classified; {self._labelled_instead(images)}."
            )
        if kind == "curated":
            return images, images.classnames
        if kind == "raw":
            raw = images.raw_classnames
            return with_name_notes(images, equal_names(raw, raw)), raw
        read = readers.read_classnames(Path(kind), images)
        return with_name_notes(images, read.notes), read.names

    def _labelled_instead(self, images: EmbeddingSet) -> str:
        """What to do about pictures without classes: another split that has some, or class folders."""
        name = images.key.dataset
        try:
            others = [split for split in self._data.splits(name) if self._data.rows(name, split).labels is not None]
        except NotHere:
            others = []
        if others:
            return f"its split {others[0]} has classes: --split {others[0]}"
        if name.startswith("wds:"):
            wrong = [f" ({without_stop(note)})" for note in images.provenance.beside if note.level != "info"]
            return "".join(["its shards hold no label in .cls or .json that is read", *wrong[:1]])
        return "put them into one folder for each class, or choose a data set with labels"

    def class_head(
        self, model: str, templates: Sequence[str], classnames: Sequence[str], progress: Progress | None = None
    ) -> FloatArray:
        """(c, d) normalised class vectors: each template's text vectors averaged as CLIP does."""
        names, forms = tuple(classnames), tuple(templates)
        digest = self._encoding.model_digest(model)

        def make() -> FloatArray:
            if (kept := self._kept_heads.get(digest, forms, names)) is not None:
                return kept
            vectors = self._encoding.encode_texts(model, fill(forms, names), progress)
            head = class_embeddings(vectors.reshape(len(forms), len(names), -1))
            if digest == self._encoding.model_digest(model):  # not where the weights were changed meanwhile
                self._kept_heads.put(digest, forms, names, head)
            return head

        return self._heads.get((model, digest, forms, names), make)

    def text_notes(self, model: str, texts: Sequence[str], what: str, code: str) -> tuple[Note, ...]:
        """How many of the texts are longer than the model reads; see `core.encoders.tokens`."""
        spec = find_model(model)
        return cut_note(spec, self._encoding.card(spec.name), texts, what, code)

    def notes(self, images: EmbeddingSet, templates: Sequence[str], classnames: Sequence[str]) -> tuple[Note, ...]:
        """Where the templates come from if shards brought them, which are one to the model, and how many prompts are
        cut."""
        model = images.key.model
        same = same_note(templates, self.same_templates(model, templates, classnames))
        cut = self.text_notes(model, fill(templates, classnames), "prompts", "cut_prompts")
        return (*self._whence(images, templates), *same, *cut)

    def same_templates(
        self, model: str, templates: Sequence[str], classnames: Sequence[str]
    ) -> tuple[tuple[str, ...], ...]:
        """Groups of templates that are one to this model: its tokenizer makes the same tokens of them with every class
        name. () where the tokenizer is not here."""
        spec = find_model(model)
        card, groups = self._encoding.card(spec.name), [tuple(dict.fromkeys(templates))]
        for names in filter(None, (classnames[:1], classnames[1:])):  # few templates are left after one name
            groups = [part for group in groups for part in _alike(spec, card, group, names)]
        return tuple(groups)

    def _whence(self, images: EmbeddingSet, templates: Sequence[str]) -> tuple[Note, ...]:
        own = self._data.own_templates(images.key.dataset)
        if own and tuple(templates) == own:
            self._data.keep_templates(images.key)
            return (Note(f"Templates of the shards: {readers.TEMPLATES} ({len(own):,}).", "own_templates"),)
        if not own and any(note.code == "own_templates" for note in images.provenance.beside):
            text = f"The shards' own templates ({readers.TEMPLATES}) are not on this machine; others are used."
            return (Note(text, "own_templates", "warning"),)
        return ()


def _alike(
    spec: ModelSpec, card: ModelCard | None, templates: Sequence[str], classnames: Sequence[str]
) -> list[tuple[str, ...]]:
    """Those of the templates that have the same tokens with each of these names, in groups of two and more."""
    keys = token_keys(spec, card, fill(templates, classnames))
    if keys is None:
        return []
    c, groups = len(classnames), dict[tuple[Hashable, ...], list[str]]()
    for i, template in enumerate(templates):
        groups.setdefault(tuple(keys[i * c : (i + 1) * c]), []).append(template)
    return [tuple(group) for group in groups.values() if len(group) > 1]
