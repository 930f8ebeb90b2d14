"""Pictures to vectors, once: plan the run, compute what is missing, keep every finished chunk, then complete
the entry.

A run can be killed at any moment and goes on from its last whole chunk with the same vectors; two runs of the
same key join; a stale vector is never taken for a fresh one, because the key covers model, weights,
preprocessing, precision and the content of the data.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from core.embedding.backends import Backend, LocalThreads, on_accelerator, one_torch_thread
from core.embedding.batches import Batch
from core.encoders.stored_texts import encode_texts
from core.errors import Damaged, TMVError
from core.store import ChunkPlan, ChunkRun, KeyParts, Store, TextStore
from core.store.chunks import Chunk, chunk_rows
from core.store.rows import Rows, kept_rows
from core.system.progress import Progress
from core.types import Dataset, EmbeddingKey, Encoder, FloatArray, ModelCard, Note, Skipped

TEXT_BLOCK = 256
DEFAULT_BATCH = 8
LARGE_MODEL, LARGE_MODEL_BATCH = 250_000_000, 4
_ATTEMPTS = 3


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
) -> EmbedReport:
    """Compute and store the vectors of every row of `dataset` that are not stored yet.

    `encoder` may be a function that loads it; with `card` (what its last loading told) it is not called when
    all vectors are there. `reuse=False` computes everything anew and replaces the entry when done. `progress`
    counts rows, then captions, always from the calling thread; when it raises, the finished chunks stay.
    `backend` computes; by default the threads of this process. Broken pictures are skipped and listed. Raises
    `TMVError` when no picture could be used, when the data changed meanwhile, or when the disk is full.
    """
    start, load = time.monotonic(), _once(encoder)
    digest = data_digest or _digest(dataset, memo_dir, progress)
    known = card or load().card
    while True:
        run = EmbeddingRun(
            dataset=dataset,
            store=store,
            texts=texts,
            card=known,
            parts=KeyParts.of(known, digest),
            progress=progress or _silent,
            backend=backend or LocalThreads(),
            data_is_same=lambda: digest == (data_digest or _digest(dataset, memo_dir)),
        )
        report = run.report(load, reuse)
        if report is not None:
            break
        known = load().card  # the weights are others than the remembered card says
    return replace(report, seconds=time.monotonic() - start)


def _digest(dataset: Dataset, memo_dir: Path, progress: Progress | None = None) -> str:
    from core.readers import data_digest

    return data_digest(dataset, memo_dir, progress)


def _once(encoder: Encoder | Callable[[], Encoder]) -> Callable[[], Encoder]:
    loaded: list[Encoder] = []

    def load() -> Encoder:
        if not loaded:
            loaded.append(encoder() if callable(encoder) else encoder)
        return loaded[0]

    return load


def _silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


def batch_rows(encoder: Encoder) -> int:
    """Rows of a batch: the encoder's own `batch_size`, fewer for the largest models on a CPU.

    Fixed by model and kind of device, never by timing, so that any two runs agree to the bit.
    """
    size = int(getattr(encoder, "batch_size", DEFAULT_BATCH))
    parameters = int(getattr(getattr(encoder, "spec", None), "parameters", 0))
    large = parameters >= LARGE_MODEL and not on_accelerator(encoder)
    return min(size, LARGE_MODEL_BATCH) if large else size


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
    data_is_same: Callable[[], bool]

    @property
    def key(self) -> EmbeddingKey:
        """Names the vectors that it makes."""
        return self.parts.key(self.dataset.spec.name, self.dataset.split)

    @property
    def total(self) -> int:
        """Rows and captions."""
        return len(self.dataset) + len(self.dataset.captions)

    def report(self, load: Callable[[], Encoder], reuse: bool) -> EmbedReport | None:
        """The report, or None when the encoder turns out to be another one than the card says."""
        if reuse and self.store.is_whole(self.key):
            return self._found()
        with self.store.lock(self.key).hold(self._watch_other) as waited:
            if (reuse or waited) and self.store.is_whole(self.key):
                return self._found()
            encoder = load()
            if KeyParts.of(encoder.card, self.parts.data_digest) != self.parts:
                return None
            self.card = encoder.card
            return self._make(encoder, reuse)

    def _watch_other(self) -> None:
        """While another process computes the same key: its progress is ours."""
        done, _ = self.store.rows_done(self.key)
        self.progress(done, self.total)

    def _found(self) -> EmbedReport:
        manifest = self.store.manifest(self.key)
        self.progress(self.total, self.total)
        return EmbedReport(
            key=self.key, n=manifest.n, seconds=0.0, images_per_second=0.0, reused=manifest.n, skipped=manifest.skipped
        )

    def _make(self, encoder: Encoder, reuse: bool) -> EmbedReport:
        if not len(self.dataset):
            raise TMVError(f"{self.dataset.spec.name} ({self.dataset.split}) has no images to embed.")
        self.store.withdraw_damaged(self.key)
        if not reuse:
            self.store.discard_run(self.key)
        with one_torch_thread():
            start = time.monotonic()
            run, ready = self._begin(encoder)
            reused = len(self.dataset) - run.rows_in(run.missing())
            for attempt in range(_ATTEMPTS):
                self._compute(encoder, run, ready)
                seconds = time.monotonic() - start
                try:
                    skipped = self._complete(encoder, run)
                    break
                except (Damaged, FileNotFoundError):  # a chunk went bad on the disk: compute it again
                    if attempt + 1 == _ATTEMPTS:
                        raise
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

    def _begin(self, encoder: Encoder) -> tuple[ChunkRun, list[Batch]]:
        """The run that was interrupted, or a new one and its first batches.

        These, one for each worker, are timed so that a chunk takes a second or two.
        """
        found = self.store.interrupted_run(self.key)
        if found is not None:
            return found, []
        n, size, start = len(self.dataset), batch_rows(encoder), time.monotonic()
        first = [range(row, min(row + size, n)) for row in range(0, min(n, size * self.backend.workers), size)]
        ready = list(self._batches(encoder, first, 0))
        rate = sum(len(batch.rows) for batch in ready) / max(time.monotonic() - start, 1e-6)
        name, split = self.dataset.spec.name, self.dataset.split
        plan = ChunkPlan(
            parts=self.parts, dataset=name, split=split, n=n, chunk_rows=chunk_rows(n, rate, size), batch_rows=size
        )
        return self.store.open_run(plan), ready

    def _batches(self, encoder: Encoder, wanted: list[range], done: int) -> Generator[Batch]:
        """Batches as they are finished, with progress; while there is none, a chance to notice a stop."""
        self.progress(done, self.total)
        with closing(self.backend.encode(encoder, self.dataset, wanted)) as batches:
            for batch in batches:
                if batch is not None:
                    yield batch
                    done += len(batch.rows)
                self.progress(done, self.total)

    def _compute(self, encoder: Encoder, run: ChunkRun, ready: list[Batch]) -> None:
        """Compute and write the missing chunks; `ready` batches are taken as they are."""
        missing = run.missing()
        chunk_of = {rows: index for index in missing for rows in run.plan.batches(index)}
        ready = [batch for batch in ready if batch.rows in chunk_of]
        known = {batch.rows for batch in ready}
        wanted = [rows for rows in chunk_of if rows not in known]
        parts: dict[int, list[Batch]] = {}
        done = len(self.dataset) - sum(map(len, wanted))
        with closing(self._batches(encoder, wanted, done)) as batches:
            for batch in chain(ready, batches):
                index = chunk_of[batch.rows]
                parts.setdefault(index, []).append(batch)
                if len(parts[index]) == len(run.plan.batches(index)):
                    run.write(index, _chunk(parts.pop(index)))

    # --- from chunks to an entry --------------------------------------------------------------------------

    def _complete(self, encoder: Encoder, run: ChunkRun) -> tuple[Skipped, ...]:
        gaps = [row for _, chunk in run.chunks() for row, _ in chunk.skipped]
        rows = kept_rows(self.dataset, gaps)
        done = len(self.dataset) + len(self.dataset.captions) - len(rows.captions)
        for block in self._text_blocks(encoder, rows):
            done += len(block)
            self.progress(done, self.total)
        if not self.data_is_same():
            self.store.discard_run(self.key)
            name = self.dataset.spec.name
            raise TMVError(f"The files of {name} changed while they were read; embed it again.")
        manifest = self.store.complete(
            run, rows, self.card, self._notes(rows), self.dataset.notes, self._text_blocks(encoder, rows)
        )
        return manifest.skipped

    def _text_blocks(self, encoder: Encoder, rows: Rows) -> Iterator[FloatArray]:
        """The vectors of the captions in order, (up to 256, d) at a time; unknown ones are encoded and
        kept."""
        for start in range(0, len(rows.captions), TEXT_BLOCK):
            yield encode_texts(encoder, self.texts, rows.captions[start : start + TEXT_BLOCK])

    def _notes(self, rows: Rows) -> tuple[Note, ...]:
        lost = len(self.dataset.captions) - len(rows.captions)
        lines = [Note(f"{lost} captions belong to skipped images and are left out.", "lost_captions")] if lost else []
        return (*self.card.notes, *lines)


def _chunk(batches: list[Batch]) -> Chunk:
    batches.sort(key=lambda batch: batch.rows.start)
    with_vectors = [batch.vectors for batch in batches if len(batch.vectors)] or [batches[0].vectors]
    return Chunk(vectors=np.concatenate(with_vectors), skipped=tuple(gap for batch in batches for gap in batch.skipped))
