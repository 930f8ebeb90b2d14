"""The one door that the pages, the command line and a notebook use.

Everything here is cheap: it looks into the cache, multiplies matrices, or hands long work to a job. Torch is
imported only by `Engine(in_process=True)`, and only when a vector is missing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core import readers
from core.catalog import datasets as dataset_catalog
from core.catalog import models as model_catalog
from core.catalog import prompts as prompt_catalog
from core.catalog.class_words import equal_names
from core.catalog.published import deck_figures, published
from core.embedding.speed import SpeedRecords
from core.encoders import weights
from core.encoders.service.local import Encoding
from core.engine_audit import AuditStudies
from core.engine_bundle import BundleDoor
from core.engine_few_shot import FewShotStudies
from core.engine_few_shot_draw import FewShotDraws
from core.engine_jobs import JobDoor
from core.engine_pictures import PictureStudies
from core.engine_probe import ProbeStudies
from core.engine_prompts import PromptStudies
from core.engine_report import ReportDoor
from core.engine_retrieval import RetrievalStudies
from core.engine_texts import TextNotes
from core.errors import Damaged, NotHere, TMVError
from core.images.thumbnails import Thumbnails
from core.images.uploads import Uploads
from core.jobs.jobs import Jobs
from core.readers.base import canonical_split
from core.store import Entry, Heads, Results, Store, TextStore, read_card
from core.store.data_notes import skipped_note, with_name_notes
from core.store.manifest import MANIFEST
from core.studies.zero_shot import classify as zero_shot
from core.system.memo import Latest, Memo
from core.types import Dataset, DatasetSpec, EmbeddingSet, FloatArray, ModelSpec, Note, Progress, State, beside

if TYPE_CHECKING:
    from core.embedding.run import EmbedReport
    from core.encoders.encoder import LoadedEncoder

T = TypeVar("T")


def _silent(said: str) -> None:
    """Where nobody listens."""


class Engine(
    JobDoor,
    PromptStudies,
    PictureStudies,
    RetrievalStudies,
    ProbeStudies,
    FewShotStudies,
    FewShotDraws,
    AuditStudies,
    BundleDoor,
    ReportDoor,
    SpeedRecords,
    TextNotes,
):
    """Models, data sets, their vectors and the studies on them.

    `in_process=True` loads encoders into this process when a vector is missing (command line, notebook).
    `in_process=False` asks the warm encoder process instead and raises `EncoderWarming` until it is up (web).
    `rescan_seconds` is how long a listing of a data set's folder may be reused before the disk is asked again. `tell`
    hears in one sentence of what was damaged in the cache and is computed again.
    """

    def __init__(
        self,
        cache_dir: Path | str | None = None,
        data_dir: Path | str | None = None,
        *,
        in_process: bool = True,
        rescan_seconds: float = 0.0,
        device: str | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.cache_dir = Path(cache_dir or os.environ.get("TMV_CACHE", "cache")).absolute()
        self.data_dir = Path(data_dir or os.environ.get("TMV_DATA", "data")).absolute()
        self._rescan, self.tell = rescan_seconds, tell or _silent
        self.store, self.texts = Store(self.cache_dir), TextStore(self.cache_dir)
        self.results: Results = Results(self.cache_dir)
        self.jobs = Jobs(self.cache_dir, self.data_dir)
        self.thumbnails = Thumbnails(self.cache_dir / "thumbnails")
        self.uploads = Uploads(self.cache_dir / "uploads")
        self._encoding = Encoding(self.cache_dir, self.texts, device=device, in_process=in_process)
        self._sets, self._heads, self._kept_heads = Memo(128), Memo(24), Heads(self.results)
        self.studies: Memo = Memo(128)
        self.galleries: Memo = Memo(48)
        self.latest: Latest = Latest()
        self._seen = Memo(48)

    # --- what exists ----------------------------------------------------------------------------------

    def model(self, name: str) -> ModelSpec:
        """The record of a model; `UnknownName` with the closest names otherwise."""
        return model_catalog.find_model(name)

    def dataset(self, name: str) -> DatasetSpec:
        """The record of a data set; `UnknownName` with the closest names otherwise."""
        return dataset_catalog.find_dataset(name)

    def models(self) -> tuple[tuple[ModelSpec, State], ...]:
        """Every catalog model with what can be done with it here."""
        return tuple((spec, self.model_state(spec)) for spec in model_catalog.MODELS)

    def model_state(self, spec: ModelSpec) -> State:
        """Ready also means: no weights here, but cached vectors that can be studied."""
        state = weights.state(spec)
        if state.state != "ready" and any(e.key.model == spec.name for e in self.store.entries()):
            return State(state="ready", why="Its cached vectors are here; its weights are not.")
        return state

    def datasets(self) -> tuple[tuple[DatasetSpec, State], ...]:
        """Every catalog data set with what can be done with it here."""
        return tuple((spec, self.dataset_state(spec.name)) for spec in dataset_catalog.DATASETS)

    def dataset_state(self, name: str) -> State:
        """Ready also means: no pictures here, but cached vectors that can be studied."""
        state = readers.dataset_state(name, self.data_dir, self.cache_dir)
        if state.state != "ready" and any(e.key.dataset == name for e in self.store.entries()):
            return State(state="ready", why="Its cached vectors are here; its pictures are not.")
        return state

    # --- rows and vectors -----------------------------------------------------------------------------

    def split_of(self, dataset: str, split: str | None) -> str:
        """`split`, or the one that the data set is measured on; for own data the reader knows which that is."""
        if split:
            return self._split_called(dataset, split)
        if split := self.dataset(dataset).default_split:
            return split
        try:
            rows = self._look(
                ("default", dataset), lambda: readers.open_dataset(dataset, None, self.data_dir, self.cache_dir)
            )
        except NotHere:
            stored = self._stored(dataset)
            if not stored:
                raise
            return min((entry.key.split for entry in stored), key=readers.measured_first)
        return rows.split

    def _split_called(self, dataset: str, split: str) -> str:
        """A split asked for in another spelling ("VALID") by the name that it has here."""
        word = canonical_split(split)
        if word in (None, split):
            return split
        there = self.splits(dataset)
        return split if split in there or word not in there else word or split

    def _stored(self, dataset: str) -> list[Entry]:
        """The entries of a data set whose pictures are not here. Raises `Damaged` where one of them cannot be read: the
        others must not answer in its place without a word."""
        if damaged := self.store.damaged(dataset):
            raise Damaged(
                f"{damaged[0] / MANIFEST}, which says what is stored of {dataset}, is damaged, and its pictures are "
                "not on this machine: copy the cache again, or drop that entry with `python -m core verify`."
            )
        return [entry for entry in self.store.entries() if entry.key.dataset == dataset]

    def splits(self, dataset: str) -> tuple[str, ...]:
        """The splits of a data set: those on this disk (of the catalog where it is not here), and those whose
        vectors are in the cache."""
        try:
            there = self._look(
                ("splits", dataset), lambda: readers.describe_dataset(dataset, self.data_dir, self.cache_dir).splits
            )
        except NotHere:
            there = ()
        stored = [entry.key.split for entry in self.store.entries() if entry.key.dataset == dataset]
        return tuple(dict.fromkeys((*there, *stored)))

    def dataset_rows(self, dataset: str, split: str | None = None) -> Dataset:
        """The rows on disk; `NotHere` when the data set is not on this machine."""
        split = self.split_of(dataset, split)
        return self._look(
            ("rows", dataset, split), lambda: readers.open_dataset(dataset, split, self.data_dir, self.cache_dir)
        )

    def has_classes(self, dataset: str) -> bool:
        """Whether its pictures have labels, so that they can be classified and not only searched."""
        spec = self.dataset(dataset)
        if spec.kind != "classification" or spec.classnames:
            return spec.kind == "classification"
        try:
            return self.dataset_rows(dataset).labels is not None
        except NotHere:
            stored = [entry.key for entry in self._stored(dataset) if entry.complete]
            return bool(stored) and self._sets.get(stored[-1], lambda: self.store.load(stored[-1])).labels is not None

    def _look(self, key: tuple[str, ...], look: Callable[[], T]) -> T:
        """What `look` sees on the disk, at most `rescan_seconds` old."""
        if not self._rescan:
            return look()
        return self._seen.get((*key, int(time.monotonic() / self._rescan)), look)

    def data_digest(self, dataset: str, split: str | None = None) -> str | None:
        """The digest of the rows and their pictures; None when the data set is not on this machine."""
        try:
            rows = self.dataset_rows(dataset, split)
        except NotHere:
            return None
        return self._look(
            ("digest", dataset, rows.split), lambda: readers.data_digest(rows, self.cache_dir / "digests")
        )

    def embeddings(self, model: str, dataset: str, split: str | None = None) -> EmbeddingSet | None:
        """The stored vectors that fit the model and the data as they are now, or None. Never computes. Raises `Damaged`
        where they are not what was written."""
        split = self.split_of(dataset, split)
        key = self.store.find(model, dataset, split, self.model_digest(model), self.data_digest(dataset, split))
        return None if key is None else self._as_read_now(self._sets.get(key, lambda: self.store.load(key)))

    def _as_read_now(self, images: EmbeddingSet) -> EmbeddingSet:
        """Stored vectors with what the data set's reader says of it today: notes and curated names change no vector."""
        try:
            rows = self.dataset_rows(images.key.dataset, images.key.split)
            read = rows.notes
        except NotHere as error:
            rows = None
            read = (*images.provenance.data_notes, *self._not_here(images, error))
        names = images.classnames if rows is None else rows.classnames
        notes = (*read, *skipped_note(images))
        now = replace(images.provenance, data_notes=notes)
        levels = tuple(note.level for note in notes)
        return self._sets.get(
            (images.key, names, notes, levels), lambda: replace(images, classnames=names, provenance=now)
        )

    def _not_here(self, images: EmbeddingSet, error: NotHere) -> list[Note]:
        """That nobody can look whether the pictures have changed since; a warning where something else lies in their
        place, or where they are known to have changed before."""
        key, day = images.key, images.provenance.date[:10]
        notes = [Note(f"The pictures are not on this machine; these are their vectors of {day}.", "pictures_not_here")]
        if readers.stands_there(key.dataset, self.data_dir):
            text = f"The data cannot be read as they are now, so these are their vectors of {day}: {error}"
            notes = [Note(text, "pictures_not_here", "warning")]
        if (versions := self.store.versions(key.model, key.dataset, key.split)) > 1:
            text = f"{versions} versions of these pictures or captions were embedded; this is the one of {day}."
            notes.append(Note(text, "older_versions", "warning"))
        return notes

    def needed(self, model: str, dataset: str, split: str | None = None) -> EmbeddingSet:
        """`embeddings`, or `NotHere` with the command that makes them."""
        found = self.embeddings(model, dataset, split)
        if found is not None:
            return found
        self.model(model)
        split = self.split_of(dataset, split)
        raise NotHere(
            f"The pictures of {dataset} ({split}) are not embedded with {model} yet; embed them in the library "
            f"or with: python -m core embed --model {model} --data {dataset} --split {split}"
        )

    def embed(
        self, model: str, dataset: str, split: str | None = None, progress: Progress | None = None
    ) -> EmbedReport:
        """Embed what is missing, in this process; resumes, and joins a run of the same key elsewhere.

        What is damaged is computed again; an entry whose manifest is damaged goes once its split is embedded.
        """
        from core.embedding.run import embed

        self.ensure_demo(dataset)
        rows = self.dataset_rows(dataset, self.split_of(dataset, split))
        report = embed(
            lambda: self.encoder(model),
            rows,
            self.store,
            self.texts,
            memo_dir=self.cache_dir / "digests",
            progress=progress,
            card=read_card(self.cache_dir, model) if self.model_digest(model) else None,
        )
        self.keep_templates(report.key)
        if report.images_per_second:
            self.remember_speed(report, self.encoder(model).card.device)
        for folder in self.store.drop_damaged(model, dataset, rows.split):
            self.tell(f"{folder / MANIFEST} was damaged, so that entry is dropped.")
        return report

    def ensure(
        self, model: str, dataset: str, split: str | None = None, progress: Progress | None = None
    ) -> EmbeddingSet:
        """The stored vectors, computed first where they are missing or damaged."""
        self.ensure_demo(dataset)
        try:
            found = self.embeddings(model, dataset, split)
        except Damaged as damage:
            self._mend(damage, model, dataset, split, progress)
            found = None
        if found is None:
            self.embed(model, dataset, split, progress)
            found = self.needed(model, dataset, split)
        return found

    def _mend(self, damage: Damaged, model: str, dataset: str, split: str | None, progress: Progress | None) -> None:
        """Compute damaged vectors again and say so; where the pictures or the weights are not here, `Damaged` says what
        to do. Good blocks are kept."""
        self.tell(f"{str(damage).split(': run ')[0]}; what is damaged is computed again.")
        try:
            self.embed(model, dataset, split, progress)
        except NotHere as error:
            raise Damaged(
                f"{str(damage).split(': run ')[0]}, and cannot be computed again, because {error} "
                "Or copy the cache again."
            ) from error

    def ensure_demo(self, dataset: str, progress: Progress | None = None) -> None:
        """Draw a demo set if it has not been drawn yet; does nothing for other data."""
        # Cached vectors of an older demo make a set usable, but its pictures must be drawn to be embedded anew.
        drawn = readers.dataset_state(dataset, self.data_dir, self.cache_dir)
        if dataset.startswith("demo-") and drawn.state != "ready":
            readers.make_demo(dataset, self.cache_dir, progress)
            self._seen = Memo(48)

    # --- encoders -------------------------------------------------------------------------------------

    def model_digest(self, model: str) -> str | None:
        """The digest of the weights as last loaded; "" when the file here is another one; None when never loaded."""
        return self._encoding.model_digest(self.model(model))

    def encoder(self, model: str, progress: Progress | None = None) -> LoadedEncoder:
        """The model, loaded into this process once for each state of its weights."""
        return self._encoding.encoder(self.model(model), progress)

    def encode_texts(self, model: str, texts: Sequence[str], progress: Progress | None = None) -> FloatArray:
        """(m, d) unnormalised text vectors: from the store, the rest from the encoder.

        Raises `EncoderWarming` when this process may not load models and the encoder process is not up yet.
        """
        return self._encoding.encode_texts(self.model(model), texts, progress)

    def encode_image(self, model: str, picture: bytes) -> FloatArray:
        """(d,) unnormalised vector of one picture file, for example an upload."""
        return self._encoding.encode_image(self.model(model), picture)

    # --- zero-shot classification ---------------------------------------------------------------------

    def classnames(self, images: EmbeddingSet, kind: str) -> tuple[str, ...]:
        """Class names of stored rows: "curated", "raw", or the path of a file with one name a line."""
        return self.named(images, kind)[1]

    def named(self, images: EmbeddingSet, kind: str) -> tuple[EmbeddingSet, tuple[str, ...]]:
        """The rows, with what is to be said of these class names, and the names (c,); see `classnames`."""
        if images.labels is None:
            raise TMVError(
                f"{self.dataset(images.key.dataset).title} ({images.key.split}) has no classes, so its pictures cannot "
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
            others = [split for split in self.splits(name) if self.dataset_rows(name, split).labels is not None]
        except NotHere:
            others = []
        if others:
            return f"its split {others[0]} has classes: --split {others[0]}"
        if name.startswith("wds:"):
            wrong = [f" ({note.removesuffix('.')})" for note in images.provenance.beside if note.level != "info"]
            return "".join(["its shards hold no label in .cls or .json that is read", *wrong[:1]])
        return "put them into one folder for each class, or choose a data set with labels"

    def templates(
        self, dataset: str, templates: Sequence[str] | None = None, prompt_set: str | None = None
    ) -> tuple[str, ...]:
        """The user's templates, else those of `prompt_set`, else those that shards bring, else the data set's own set;
        checked."""
        chosen = tuple(templates or ()) or (() if prompt_set else self.own_templates(dataset))
        if not chosen:
            name = prompt_set or self.dataset(dataset).prompt_set
            chosen = prompt_catalog.find_prompt_set(name).templates
        return zero_shot.check_templates(chosen)

    def class_head(
        self, model: str, templates: Sequence[str], classnames: Sequence[str], progress: Progress | None = None
    ) -> FloatArray:
        """(c, d) normalised class vectors: each template's text vectors averaged as CLIP does."""
        names, forms = tuple(classnames), tuple(templates)

        digest = self.model_digest(model)

        def make() -> FloatArray:
            if (kept := self._kept_heads.get(digest, forms, names)) is not None:
                return kept
            texts = zero_shot.fill(forms, names)
            vectors = self.encode_texts(model, texts, progress)
            head = zero_shot.class_embeddings(vectors.reshape(len(forms), len(names), -1))
            if digest == self.model_digest(model):  # not where the weights were changed meanwhile
                self._kept_heads.put(digest, forms, names, head)
            return head

        return self._heads.get((model, digest, forms, names), make)

    def zero_shot(
        self,
        model: str,
        dataset: str,
        split: str | None = None,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
        classnames: str = "curated",
        progress: Progress | None = None,
    ) -> zero_shot.ZeroShotResult:
        """Zero-shot classification of stored vectors; see `core.studies.zero_shot.classify.classify`."""
        images = self.needed(model, dataset, split)
        forms = self.templates(dataset, templates, prompt_set)
        images, names = self.named(images, classnames)

        def make() -> zero_shot.ZeroShotResult:
            spec, data = self.model(model), self.dataset(dataset)
            found = zero_shot.classify(
                images,
                self.class_head(model, forms, names, progress),
                classnames=names,
                templates=forms,
                classnames_kind=classnames,
                published=published(spec, data, "zeroshot_"),
                deck=deck_figures(spec, data, "zeroshot_"),
            )
            return replace(found, notes=beside(found.notes, self.prompt_notes(images, forms, names)))

        return self.studies.get(("zero-shot", images.key, forms, names, classnames, images.provenance.beside), make)

    # --- pictures -------------------------------------------------------------------------------------

    def thumbnail(self, dataset: str, split: str | None, picture_id: str, size: int = 224) -> bytes:
        """A webp square-fitting picture of at most `size` pixels a side, kept on disk."""
        split = self.split_of(dataset, split)
        try:
            rows: Dataset | None = self.dataset_rows(dataset, split)
        except NotHere:
            rows = None
        return self.thumbnails.get(rows, dataset, split, picture_id, size)

    def picture(self, dataset: str, split: str | None, picture_id: str) -> bytes:
        """The whole picture as webp, at most 1,024 pixels a side."""
        return self.thumbnail(dataset, split, picture_id, size=1024)
