"""One run by many hands: a plan, any number of parts in any order and on any machine that sees the folder, and a
finish. Each may be done again, and does nothing that is done.

A plain `embed` is the three in one, and goes on with whatever they left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

from core.embedding.backends import one_torch_thread
from core.embedding.part import compute_chunks
from core.embedding.run import EmbeddingRun, EmbedReport
from core.errors import BadArgument, Damaged, NotHere, TMVError
from core.stats.numbers import count, verb
from core.store import ChunkRun
from core.store.salvage import plan_of_entry
from core.types import EmbeddingKey, Encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    """A run as it stands: n rows in `chunks` of `chunk_rows`, computed in batches of `batch_rows`; `missing` chunks are
    still to compute; `complete` when the entry is there."""

    key: EmbeddingKey
    n: int
    chunks: int
    chunk_rows: int
    batch_rows: int
    missing: int
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReport:
    """What one part did: `computed` of its `chunks`, `images` of them, in `seconds`. The run has `missing` chunks."""

    key: EmbeddingKey
    part: int
    parts: int
    chunks: int = 0
    computed: int = 0
    images: int = 0
    seconds: float
    missing: int = 0


def plan(run: EmbeddingRun) -> PlanReport:
    """Begin a run, or find the one that was begun."""
    with run.store.lock(run.key).hold():
        if complete := run.store.is_whole(run.key):
            cut, missing = plan_of_entry(run.store.manifest(run.key)), 0
        elif not len(run.dataset):
            raise TMVError(f"{run.dataset.spec.name} ({run.dataset.split}) has no images to embed.")
        else:
            begun = run.begin(run.card)
            cut, missing = begun.plan, len(begun.missing())
    return PlanReport(
        key=cut.key,
        n=cut.n,
        chunks=cut.chunks,
        chunk_rows=cut.chunk_rows,
        batch_rows=cut.batch_rows,
        missing=missing,
        complete=complete,
    )


def own_chunks(chunks: int, part: int, parts: int) -> range:
    """The chunks of part 1 to `parts`: neighbours, so that each part reads its own stretch of the pictures."""
    return range(chunks * (part - 1) // parts, chunks * part // parts)


def compute_part(run: EmbeddingRun, load: Callable[[], Encoder], part: int, parts: int) -> PartReport:
    """Compute the chunks of one part that are missing; needs no lock, since a chunk is written whole and is the same
    whoever writes it. Makes the plan where there is none."""
    start = time.monotonic()
    if run.store.is_whole(run.key):
        return PartReport(key=run.key, part=part, parts=parts, seconds=0.0)
    found = _begun(run) or _after_plan(run)
    mine = own_chunks(found.plan.chunks, part, parts)
    missing = found.missing(mine)
    _compute(run, load, found, mine, missing)
    return PartReport(
        key=found.plan.key,
        part=part,
        parts=parts,
        chunks=len(mine),
        computed=len(missing),
        images=found.rows_in(missing),
        seconds=time.monotonic() - start,
        missing=len(found.missing()),
    )


def _compute(
    run: EmbeddingRun, load: Callable[[], Encoder], found: ChunkRun, mine: range, missing: tuple[int, ...]
) -> None:
    total = found.rows_in(mine)
    done = total - found.rows_in(missing)
    run.progress(done, total)
    if not missing:
        return
    encoder = load()
    with one_torch_thread(), closing(compute_chunks(encoder, run.dataset, found, missing, run.backend)) as batches:
        for rows in batches:
            done += rows
            run.progress(done, total)


def _after_plan(run: EmbeddingRun) -> ChunkRun:
    plan(run)
    found = _begun(run)
    if found is None:
        raise TMVError(f"The run of {run.dataset.spec.name} was finished or removed meanwhile; start the part again.")
    return found


def finish(run: EmbeddingRun, load: Callable[[], Encoder]) -> EmbedReport:
    """Make the entry of a run whose chunks are all there, each read once more. Raises `NotHere` without a run,
    `TMVError` while chunks are missing, or where the pictures are no longer those that were read."""
    start = time.monotonic()
    if run.store.is_whole(run.key):
        return run.found()
    found = _begun(run)
    if found is None:
        raise NotHere(f"Nothing of {_names(run)} was begun here; begin with: embed plan")
    with run.store.lock(found.plan.key).hold():
        _expect_all(run, found)
        run.parts = found.plan.parts
        try:
            skipped = run.complete(load, found)
        except (Damaged, FileNotFoundError):
            found.drop_damaged()
            _expect_all(run, found)
            raise
    n = len(run.dataset)
    return EmbedReport(
        key=run.key,
        n=n - len(skipped),
        seconds=time.monotonic() - start,
        images_per_second=0.0,
        reused=n,
        skipped=skipped,
    )


def _expect_all(run: EmbeddingRun, found: ChunkRun) -> None:
    if missing := found.missing():
        rows = found.plan.rows(missing[0])
        raise TMVError(
            f"{len(missing):,} of the {count(found.plan.chunks, 'chunk')} of {_names(run)} "
            f"{verb(len(missing))} missing, the first has rows "
            f"{rows.start:,} to {rows.stop - 1:,}: run their part again (embed --part I/N), or all that is left "
            "with a plain embed."
        )


def _begun(run: EmbeddingRun) -> ChunkRun | None:
    """The run of these rows that somebody began, on whatever machine. Raises `BadArgument` where it was planned for
    other weights, preprocessing or precision than those here."""
    from core.readers.digest import listing_digest

    model, listing = run.card.name, listing_digest(run.dataset)
    runs = run.store.runs(model, run.dataset.spec.name, run.dataset.split)
    same = [found for found in runs if found.plan.listing == listing]
    for found in same:
        if replace(found.plan.parts, data_digest=run.parts.data_digest) == run.parts:
            return found
    if same:
        raise BadArgument(
            f"{_names(run)} was planned with {_differences(same[0], run)}: use the same weights and the same "
            "--precision on every machine, or remove that run and plan again."
        )
    return None


def _differences(found: ChunkRun, run: EmbeddingRun) -> str:
    there, here = found.plan.parts, run.parts
    lines = [("precision", there.precision, here.precision), ("weights", there.model_digest, here.model_digest)]
    named = [f"{name} {a[:12]} where this machine has {b[:12]}" for name, a, b in lines if a != b]
    return ", ".join(named) or "another preprocessing than this machine has"


def _names(run: EmbeddingRun) -> str:
    return f"{run.dataset.spec.name} ({run.dataset.split}) by {run.card.name}"
