"""Stored image vectors that fit the model and the pictures as they are now, and computing those that are missing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core import readers
from core.catalog.models import find_model
from core.embedding.data import Data
from core.embedding.speed import remember_speed
from core.encoders import weights
from core.encoders.service.local import Encoding
from core.errors import Damaged, NotHere, TMVError
from core.store import Results, Store
from core.store.data_notes import skipped_note
from core.store.manifest import MANIFEST
from core.system.memo import Memo
from core.system.progress import Progress
from core.types import EmbeddingKey, EmbeddingSet, ModelCard, ModelSpec, Note, Place, State

if TYPE_CHECKING:
    from core.embedding.backends import Backend
    from core.embedding.parts import PartReport, PlanReport
    from core.embedding.run import EmbeddingRun, EmbedReport, Share
    from core.embedding.workers import Request
    from core.store import ChunkRun

BUILT_IN = "built in"
"""The tokenizer of a model that splits texts as CLIP does."""
SETS = 128
"""Sets of vectors that a process keeps open; they are mapped from disk, not read."""


class Vectors:
    """Sets of vectors by `Place`. `tell` hears in one sentence of what was damaged and is computed again; `ray` is the
    address of the cluster that embeds, where there is one."""

    def __init__(
        self,
        *,
        store: Store,
        results: Results,
        data: Data,
        encoding: Encoding,
        cache_dir: Path,
        tell: Callable[[str], None],
        ray: str | None = None,
    ) -> None:
        self._ray = ray
        self.store, self._results, self._data, self._encoding = store, results, data, encoding
        self._memo_dir, self._tell = cache_dir / "digests", tell
        self._sets = Memo(SETS)

    def model_states(self, specs: Iterable[ModelSpec]) -> tuple[tuple[ModelSpec, State], ...]:
        """Each of these models with what can be done with it here; the cache is listed once for all."""
        stored = {entry.key.model for entry in self.store.entries()}
        return tuple((spec, _with_vectors(weights.state(spec), spec.name in stored)) for spec in specs)

    def model_state(self, spec: ModelSpec) -> State:
        """Ready also means: no weights here, but cached vectors that can be studied."""
        state = weights.state(spec)
        stored = state.state != "ready" and any(e.key.model == spec.name for e in self.store.entries())
        return _with_vectors(state, stored)

    def tokenizer(self, spec: ModelSpec) -> str | None:
        """`BUILT_IN`, or the repository of the hub that a model's tokenizer comes from; None where that is not known,
        because its configuration is not here or asks for what is not known here."""
        try:
            text = weights.text_config(spec)
        except TMVError:
            return None
        return None if text is None else text.tokenizer or BUILT_IN

    def computable(self, spec: ModelSpec) -> State:
        """Whether the model itself is here or can be downloaded, whatever vectors of it there are."""
        return weights.state(spec)

    def find(self, place: Place) -> EmbeddingSet | None:
        """The stored vectors that fit the model and the data as they are now, or None. Never computes. Raises `Damaged`
        where they are not what was written."""
        (model, dataset, split), precision = place.names, self._encoding.precision
        if not self.store.holds(model, dataset, split):
            return None  # no picture needs to be read to know it
        key = self.store.find(
            model,
            dataset,
            split,
            self._encoding.model_digest(model),
            self._data.digest(dataset, split),
            precision=precision,
        )
        return None if key is None else self._as_read_now(self._load(key))

    def require(self, place: Place) -> EmbeddingSet:
        """`find`, or `NotHere` with the command that makes them."""
        found = self.find(place)
        if found is not None:
            return found
        model, dataset, split = place.names
        raise NotHere(
            f"The images of {dataset} ({split}) are not embedded with {model} yet; compute them under Data & models "
            f"or with: python -m core embed --model {model} --data {dataset} --split {split}"
        )

    def has_classes(self, dataset: str) -> bool:
        """Whether its pictures have labels, so that they can be classified and not only searched."""
        spec = self._data.find(dataset)
        if spec.kind != "classification" or spec.classnames:
            return spec.kind == "classification"
        try:
            rows = self._data.rows(dataset)
            return rows.labels is not None or rows.label_pairs is not None
        except NotHere:
            stored = [entry.key for entry in self._data.stored(dataset) if entry.complete]
            images = self._load(stored[-1]) if stored else None
            return images is not None and (images.labels is not None or images.label_pairs is not None)

    def has_several_labels(self, dataset: str) -> bool:
        """Whether its stored images may have none or several labels each."""
        stored = [entry.key for entry in self._data.stored(dataset) if entry.complete]
        return bool(stored) and self._load(stored[-1]).label_pairs is not None

    def _load(self, key: EmbeddingKey) -> EmbeddingSet:
        return self._sets.get(key, lambda: self.store.load(key))

    def _as_read_now(self, images: EmbeddingSet) -> EmbeddingSet:
        """Stored vectors with what the data set's reader says of it today: notes and curated names change no vector."""
        try:
            rows = self._data.rows(images.key.dataset, images.key.split)
            read = rows.notes
        except NotHere as error:
            rows = None
            found = (*images.provenance.data_notes, *self._not_here(images, error))
            read = tuple(Note(self._data.names.without_folder(note), note.code, note.level) for note in found)
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
        notes = [Note(f"The images are not on this machine; these are their vectors of {day}.", "pictures_not_here")]
        if readers.stands_there(key.dataset, self._data.folder):
            text = f"The data cannot be read as they are now, so these are their vectors of {day}: {error}"
            notes = [Note(text, "pictures_not_here", "warning")]
        if (versions := self.store.versions(key.model, key.dataset, key.split)) > 1:
            text = f"{versions} versions of these images or captions were embedded; this is the one of {day}."
            notes.append(Note(text, "older_versions", "warning"))
        return notes

    # --- computing ------------------------------------------------------------------------------------

    def embed(self, place: Place, progress: Progress | None = None) -> EmbedReport:
        """Embed what is missing, in this process; resumes, and joins a run of the same key elsewhere.

        What is damaged is computed again; an entry whose manifest is damaged goes once its split is embedded.
        """
        from core.embedding.run import embed

        self._check_precision(place)
        model, dataset, split = place.names
        self._data.ensure_demo(dataset)
        stored = self._same_images(place)
        report = embed(
            lambda: self._encoding.encoder(model),
            self._data.rows(dataset, split),
            self.store,
            self._encoding.texts,
            memo_dir=self._memo_dir,
            progress=progress,
            card=self._card(place),
            backend=stored,
            share=None if stored else self._share(place),
        )
        self._data.keep_templates(report.key)
        card = self._encoding.card(model)
        if report.images_per_second and stored is None and card is not None:
            remember_speed(self._results, report, card.device)
        for folder in self.store.drop_damaged(model, dataset, split):
            self._tell(f"{folder / MANIFEST} was damaged, so that entry is dropped.")
        return report

    def _share(self, place: Place) -> Share | None:
        """Who computes, where that is not this process: a cluster, or a process for each of several devices."""
        devices = self._encoding.devices
        if self._ray is None and len(devices) < 2:
            return None

        def share(run: ChunkRun, chunks: Sequence[int]) -> Generator[int]:
            from core.embedding.sharing import share_on_devices, share_on_ray

            request = self._request(place, run.plan.parts.fingerprint)
            if self._ray is not None:
                yield from share_on_ray(self._ray, request, run, chunks)
            else:
                yield from share_on_devices(devices, request, run, chunks)

        return share

    def _request(self, place: Place, fingerprint: str = "") -> Request:
        from core.embedding.workers import Request

        return Request(
            model=place.model.name,
            dataset=place.dataset.name,
            split=place.split,
            fingerprint=fingerprint,
            cache_dir=str(self.store.root),
            data_dir=str(self._data.folder),
            device=self._encoding.device,
            precision=self._encoding.asked,
        )

    def _card(self, place: Place) -> ModelCard | None:
        """What is known of the model as it computes: here, or on the machines of the cluster."""
        card = self._encoding.usable_card(place.model.name)
        if self._ray is None:
            return card
        from core.embedding.sharing import card_on_ray

        return card_on_ray(self._ray, self._request(place), card)

    def plan(self, place: Place) -> PlanReport:
        """Begin a run that parts on any machine compute, or find it."""
        from core.embedding import parts

        return parts.plan(self._shared_run(place))

    def part(self, place: Place, part: int, of: int, progress: Progress | None = None) -> PartReport:
        """Compute part 1 to `of` of a run, in this process."""
        from core.embedding import parts

        run = self._shared_run(place, progress)
        return parts.compute_part(run, lambda: self._encoding.encoder(place.model.name), part, of)

    def finish(self, place: Place, progress: Progress | None = None) -> EmbedReport:
        """Make the entry of a run whose parts are all done."""
        from core.embedding import parts

        run = self._shared_run(place, progress)
        report = parts.finish(run, lambda: self._encoding.encoder(place.model.name))
        self._data.keep_templates(report.key)
        return report

    def _shared_run(self, place: Place, progress: Progress | None = None) -> EmbeddingRun:
        """A run as every machine sees it; the model is loaded where no card tells of it."""
        from core.embedding.backends import LocalThreads
        from core.embedding.run import EmbeddingRun, content_parts, silent

        self._check_precision(place)
        model, dataset, split = place.names
        self._data.ensure_demo(dataset)
        rows, card = self._data.rows(dataset, split), self._encoding.usable_card(model)
        if card is None or not card.batch_size:
            card = self._encoding.encoder(model).card
        return EmbeddingRun(
            dataset=rows,
            store=self.store,
            texts=self._encoding.texts,
            card=card,
            parts=content_parts(card, rows, self.store, self._memo_dir),
            progress=progress or silent,
            backend=LocalThreads(),
            memo_dir=self._memo_dir,
        )

    def _same_images(self, place: Place) -> Backend | None:
        """For texts in another language: the vectors of the images are those of the model itself, where it has them."""
        if not place.model.language:
            return None
        from core.embedding.backends import StoredRows

        images = self.find(replace(place, model=find_model(place.model.weights_name)))
        return None if images is None else StoredRows(images)

    def ensure(self, place: Place, progress: Progress | None = None) -> EmbeddingSet:
        """The stored vectors, computed first where they are missing or damaged."""
        self._check_precision(place)
        self._data.ensure_demo(place.dataset.name)
        try:
            found = self.find(place)
        except Damaged as damage:
            self._mend(damage, place, progress)
            found = None
        if found is None:
            self.embed(place, progress)
            found = self.require(place)
        return found

    def _check_precision(self, place: Place) -> None:
        """Refuse a number format that cannot be before the images are read; stored vectors may be of another machine,
        and need no model."""
        if not self.store.versions(*place.names):
            self._encoding.check_precision()

    def _mend(self, damage: Damaged, place: Place, progress: Progress | None) -> None:
        """Compute damaged vectors again and say so; where the pictures or the weights are not here, `Damaged` says what
        to do. Good blocks are kept."""
        self._tell(f"{damage.what}; what is damaged is computed again.")
        try:
            self.embed(place, progress)
        except NotHere as error:
            raise Damaged(
                f"{damage.what}, and cannot be computed again, because {error} Or copy the cache again."
            ) from error


def _with_vectors(state: State, stored: bool) -> State:
    if state.state == "ready" or not stored:
        return state
    return State(state="ready", why="Its cached vectors are here; its weights are not.", vectors_only=True)
