"""Pictures to vectors, once: plan the run, compute what is missing, keep every finished chunk, then complete
the entry.

A run can be killed at any moment and goes on from its last whole chunk with the same vectors; two runs of the
same key join; a stale vector is never taken for a fresh one, because the key covers model, weights,
preprocessing, precision and the content of the data. The content is known once every picture was read, which happens
only here: until then a run lies under the listing of its pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from core.embedding.backends import Backend, LocalThreads, one_torch_thread
from core.embedding.part import compute_chunks
from core.encoders.stored_texts import encode_texts
from core.errors import Damaged, TMVError
from core.stats.numbers import count, verb
from core.store import ChunkPlan, ChunkRun, KeyParts, Store, TextStore
from core.store.chunks import chunk_rows
from core.store.manifest import LISTING
from core.store.rows import Rows, kept_rows
from core.system.progress import Progress
from core.types import Dataset, EmbeddingKey, Encoder, FloatArray, ModelCard, Note, Skipped

TEXT_BLOCK = 256
DEFAULT_BATCH = 8
_ATTEMPTS = 3


Share = Callable[[ChunkRun, Sequence[int]], Generator[int]]
"""Has chunks computed elsewhere; gives rows as `compute_chunks` does, and stops when it is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedReport:
    """What a call of `embed` did: `n` vectors are stored, `reused` rows were found in the cache.

    `seconds` is the whole call; `images_per_second` counts only rows computed now, 0 when there were none.
    """

    key: EmbeddingKey
    n: int
    seconds: float
    images_per_second: float
    reused: int
    skipped: tuple[Skipped, ...]


def embed(
    encoder: Encoder | Callable[[], Encoder],
    dataset: Dataset,
    store: Store,
    texts: TextStore,
    *,
    memo_dir: Path,
    progress: Progress | None = None,
    reuse: bool = True,
    card: ModelCard | None = None,
    data_digest: str | None = None,
    backend: Backend | None = None,
    share: Share | None = None,
) -> EmbedReport:
    """Compute and store the vectors of every row of `dataset` that are not stored yet.

    `encoder` may be a function that loads it; with `card` (what its last loading told) it is not called when
    all vectors are there. `reuse=False` computes everything anew and replaces the entry when done. `progress`
    counts rows, then captions, always from the calling thread; when it raises, the finished chunks stay.
    `backend` computes; by default the threads of this process, or the workers that `share` gives a run's chunks to, and
    then the model is not loaded here where `card` tells of it. Broken pictures are skipped and listed. Raises
    `TMVError` when no picture could be used, when the data changed meanwhile, or when the disk is full.
    """
    start, load = time.monotonic(), once(encoder)
    known = card or load().card
    while True:
        run = EmbeddingRun(
            dataset=dataset,
            store=store,
            texts=texts,
            card=known,
            parts=content_parts(known, dataset, store, memo_dir, data_digest, progress),
            progress=progress or silent,
            backend=backend or LocalThreads(),
            memo_dir=None if data_digest else memo_dir,
            share=share if card else None,
        )
        report = run.report(load, reuse)
        if report is not None:
            break
        known = load().card  # the weights are others than the remembered card says, or another process read the data
    return replace(report, seconds=time.monotonic() - start)


def content_parts(
    card: ModelCard,
    dataset: Dataset,
    store: Store,
    memo_dir: Path,
    data_digest: str | None = None,
    progress: Progress | None = None,
) -> KeyParts:
    """What the vectors are made of. The pictures are read for it only where vectors of the same rows are stored, which
    may be theirs: else a listing stands in for their content until they are read to be embedded."""
    from core.readers.digest import data_digest as read_digest
    from core.readers.digest import listing_digest, remembered_digest

    digest = data_digest or remembered_digest(dataset, memo_dir)
    listed = KeyParts.of(card, f"{LISTING}{listing_digest(dataset)}")
    if digest is None:
        model, name, split = card.name, dataset.spec.name, dataset.split
        begun = any(run.plan.parts == listed for run in store.runs(model, name, split))
        if begun or not store.knows(model, name, split):
            return listed
        digest = read_digest(dataset, memo_dir, progress)
    return KeyParts.of(card, digest)


def plan_of(parts: KeyParts, dataset: Dataset, card: ModelCard) -> ChunkPlan:
    """How the rows are cut: by model, kind of device and number, never by timing, so that any two runs agree to the
    bit."""
    from core.readers.digest import listing_digest

    size = card.batch_size or DEFAULT_BATCH
    return ChunkPlan(
        parts=parts,
        dataset=dataset.spec.name,
        split=dataset.split,
        n=len(dataset),
        chunk_rows=chunk_rows(len(dataset), size, accelerator=not card.device.startswith("cpu")),
        batch_rows=size,
        listing=listing_digest(dataset),
    )


def once(encoder: Encoder | Callable[[], Encoder]) -> Callable[[], Encoder]:
    """What loads it at its first call."""
    loaded: list[Encoder] = []

    def load() -> Encoder:
        if not loaded:
            loaded.append(encoder() if callable(encoder) else encoder)
        return loaded[0]

    return load


def silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(slots=True, kw_only=True)
class EmbeddingRun:
    """One call of `embed` for one key."""

    dataset: Dataset
    store: Store
    texts: TextStore
    card: ModelCard
    parts: KeyParts
    progress: Progress
    backend: Backend
    memo_dir: Path | None
    """Where the digests of pictures are kept; None where the content is known without looking."""
    share: Share | None = None

    @property
    def key(self) -> EmbeddingKey:
        """Names the vectors that it makes."""
        return self.parts.key(self.dataset.spec.name, self.dataset.split)

    @property
    def total(self) -> int:
        """Rows and captions."""
        return len(self.dataset) + len(self.dataset.captions)

    def report(self, load: Callable[[], Encoder], reuse: bool) -> EmbedReport | None:
        """The report, or None when what the vectors are made of turns out to be known better by now."""
        if reuse and self.store.is_whole(self.key):
            return self.found()
        with self.store.lock(self.key).hold(self._watch_other) as waited:
            if (reuse or waited) and self.store.is_whole(self.key):
                return self.found()
            if waited and self._was_read():
                return None
            if self.share is None:
                self.card = load().card
                if KeyParts.of(self.card, self.parts.data_digest) != self.parts:
                    return None
            return self._make(load, reuse)

    def _was_read(self) -> bool:
        """Whether the process that was waited for has read the pictures of which only a listing was known."""
        from core.readers.digest import remembered_digest

        known = self.memo_dir is not None and self.parts.provisional
        return known and remembered_digest(self.dataset, self.memo_dir or Path()) is not None

    def _watch_other(self) -> None:
        """While another process computes the same key: its progress is ours."""
        done, _ = self.store.rows_done(self.key)
        self.progress(done, self.total)

    def found(self) -> EmbedReport:
        """The report of an entry that is there."""
        manifest = self.store.manifest(self.key)
        self.progress(self.total, self.total)
        return EmbedReport(
            key=self.key, n=manifest.n, seconds=0.0, images_per_second=0.0, reused=manifest.n, skipped=manifest.skipped
        )

    def _make(self, load: Callable[[], Encoder], reuse: bool) -> EmbedReport:
        if not len(self.dataset):
            raise TMVError(f"{self.dataset.spec.name} ({self.dataset.split}) has no images to embed.")
        self.store.withdraw_damaged(self.key)
        if not reuse:
            self.store.discard_run(self.key)
        with one_torch_thread():
            start, run = time.monotonic(), self.begin(self.card)
            missing = run.missing()
            reused = len(self.dataset) - run.rows_in(missing)
            for attempt in range(_ATTEMPTS):
                self._compute(load, run, missing)
                seconds = time.monotonic() - start
                try:
                    skipped = self.complete(load, run)
                    break
                except (Damaged, FileNotFoundError):  # a chunk went bad on the disk: compute it again
                    if attempt + 1 == _ATTEMPTS:
                        raise
                    run.drop_damaged()
                    missing = run.missing()
        computed = len(self.dataset) - reused
        rate = computed / max(seconds, 1e-9) if computed else 0.0
        return EmbedReport(
            key=self.key,
            n=len(self.dataset) - len(skipped),
            seconds=0.0,
            images_per_second=rate,
            reused=reused,
            skipped=skipped,
        )

    def begin(self, card: ModelCard) -> ChunkRun:
        """The run that was interrupted, or a new one. Hold the lock."""
        name, split = self.dataset.spec.name, self.dataset.split
        found = self.store.interrupted_run(self.parts, name, split)
        return found or self.store.open_run(plan_of(self.parts, self.dataset, card))

    def _compute(self, load: Callable[[], Encoder], run: ChunkRun, missing: tuple[int, ...]) -> None:
        """Compute and write the missing chunks, with progress; while none is finished, a chance to notice a stop."""
        done = len(self.dataset) - run.rows_in(missing)
        self.progress(done, self.total)
        if not missing:
            return
        work = self.share or (lambda run, chunks: compute_chunks(load(), self.dataset, run, chunks, self.backend))
        with closing(work(run, missing)) as batches:
            for rows in batches:
                done += rows
                self.progress(done, self.total)

    # --- from chunks to an entry --------------------------------------------------------------------------

    def complete(self, load: Callable[[], Encoder], run: ChunkRun) -> tuple[Skipped, ...]:
        """Make the entry of a run whose chunks are all there; `load` is called where captions are new. Gives the rows
        without a vector."""
        heads = list(run.heads())
        rows = kept_rows(self.dataset, [row for head in heads for row, _ in head.skipped])
        done = len(self.dataset) + len(self.dataset.captions) - len(rows.captions)
        for block in self._text_blocks(load, rows):
            done += len(block)
            self.progress(done, self.total)
        self.parts = self._read_parts([head.records for head in heads])
        lock = nullcontext() if self.key == run.plan.key else self.store.lock(self.key).hold()
        with lock:
            manifest = self.store.complete(
                run, rows, self.card, self._notes(rows), self.dataset.notes, self._text_blocks(load, rows), self.parts
            )
        return manifest.skipped

    def _read_parts(self, records: list[bytes]) -> KeyParts:
        """The parts by the content that was read. Raises `TMVError` where the files are no longer those, or are not
        those of which the run was begun."""
        from core.readers.digest import data_digest, remember_records

        if self.memo_dir is None:
            return self.parts
        read = remember_records(self.dataset, self.memo_dir, b"".join(records)) if all(records) else None
        digest = data_digest(self.dataset, self.memo_dir)
        begun = digest if self.parts.provisional else self.parts.data_digest
        if read not in (None, digest) or begun != digest:
            self.store.discard_run(self.key)
            name = self.dataset.spec.name
            raise TMVError(f"The files of {name} changed while they were read; embed it again.")
        return replace(self.parts, data_digest=digest)

    def _text_blocks(self, load: Callable[[], Encoder], rows: Rows) -> Iterator[FloatArray]:
        """The vectors of the captions in order, (up to 256, d) at a time; unknown ones are encoded and
        kept."""
        for start in range(0, len(rows.captions), TEXT_BLOCK):
            yield encode_texts(load(), self.texts, rows.captions[start : start + TEXT_BLOCK])

    def _notes(self, rows: Rows) -> tuple[Note, ...]:
        lost = len(self.dataset.captions) - len(rows.captions)
        said = f"{count(lost, 'caption belongs', 'captions belong')} to skipped images and {verb(lost)} left out."
        lines = [Note(said, "lost_captions")] if lost else []
        return (*self.card.notes, *lines)
