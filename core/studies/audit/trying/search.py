"""Trying ways, cheapest first: how to ask (no image is encoded), how to encode a sample, then two departures at once.
It ends as soon as one way explains what was brought."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.stats.same_answers import same_answers
from core.studies.audit.case import Asked
from core.studies.audit.trying.asking import Question, WayOfAsking, questions
from core.studies.audit.trying.result import (
    Attempt,
    Compared,
    Trial,
    agreement,
    explained,
    judge,
    judge_accuracy,
    leaders,
    reaches,
)
from core.studies.audit.trying.rows import WayOfRows, best_shuffle, orders
from core.studies.base import Lab
from core.studies.zero_shot.classify import fill
from core.system.progress import Progress
from core.types import EmbeddingSet, FloatArray, IntArray

if TYPE_CHECKING:
    from core.encoders.wrong_ways import WayOfEncoding, WrongWays

SAMPLE, FIRST, ASKED = 320, 256, 4000
"""Images that are encoded again, drawn from all classes alike; the first of the data set, for ways in which neighbors
matter; images whose stored vectors are asked in other ways."""
CONFIRM, MOST_CONFIRMED = 2000, 4
"""Images that are encoded where the sample is too small to tell ways apart that all explain it, and how many ways."""
MOST_TEXTS, MOST_PAIRS, SEED = 4000, 40, 586
RIGHT = "the right way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What is to be explained of n stored images: the answers (n,) int64, -1 where there is none; None for the stored
    vectors themselves, which are the same within `limit` of their length. With an `accuracy` alone the answers are the
    labels, and it is the number of right ones that is held against it."""

    answers: IntArray | None = None
    limit: float = 1e-3
    accuracy: float | None = None


@dataclass(slots=True, kw_only=True)
class Search:
    """One search and what it has tried; `run` gives the trial."""

    lab: Lab
    images: EmbeddingSet
    brought: Brought
    asked: Asked
    mistakes: Sequence[str] = ()
    progress: Progress | None = None
    tried: list[Attempt] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    _answers: dict[Any, IntArray] = field(default_factory=dict)
    _texts: dict[Any, FloatArray] = field(default_factory=dict)
    _encoder: WrongWays | None = None
    _made: dict[tuple[str, ...], tuple[tuple[WayOfEncoding, ...], Question]] = field(default_factory=dict)
    _confirmed: bool = False
    _moved: bool = False
    _done: int = 0

    def run(self) -> Trial:
        """Try until something explains what was brought, or nothing is left."""
        began = time.monotonic()
        for _ in self._stages():
            if self.tried and self._settled():
                break
        if self.brought.accuracy is not None:
            left_out = tuple(dict.fromkeys(self.left_out))
            return judge_accuracy(self.tried, self.brought.accuracy, left_out, time.monotonic() - began)
        compared: Compared = "vectors" if self.brought.answers is None else "answers"
        seconds = time.monotonic() - began
        return judge(self.tried, compared, tuple(dict.fromkeys(self.left_out)), seconds)

    def _settled(self) -> bool:
        """Whether it may end; ways that a sample cannot tell apart are held against more images, once."""
        if self.brought.accuracy is not None:
            return reaches(self.tried[0], self.brought.accuracy)
        leading = [a for a in leaders(self.tried) if a.explains and a.parts in self._made]
        unclear = len(leading) > 1 or not explained(self.tried)
        if leading and unclear and not self._confirmed and len(self.images) > SAMPLE:
            self._confirmed = True
            for attempt in leading[:MOST_CONFIRMED]:
                self.tried = [a for a in self.tried if a is not attempt]
                ways, question = self._made[attempt.parts]
                self._encode(ways, [question], CONFIRM)
        return explained(self.tried)

    def _stages(self) -> Iterator[None]:
        """After each a look whether it is explained: ways that are alike are tried together."""
        from core.encoders.wrong_ways import WAYS

        asking = [q for q in self._questions() if self._affordable(q)]
        singles = [q for q in asking if len(q.ways) < 2]
        if self.brought.answers is None:
            self._encode((), singles[:1])
            yield
        else:
            two = [q for q in asking if len(q.ways) > 1 and self.brought.accuracy is None]
            for few in (singles, two):
                for question in few:
                    self._ask(question)
                if few is singles:
                    self._move()
                yield
                if self._moved:
                    return  # the answers are those of the right way in another order; encoding explains nothing
        for _, ways in groupby(WAYS, key=lambda way: way.step):
            for way in ways:
                self._encode((way,), singles if self.brought.accuracy is None else singles[:1])
            yield
        for pair in self._pairs(WAYS) if self.brought.accuracy is None else ():
            self._encode(pair, singles[:1])
            yield

    # --- asking -------------------------------------------------------------------------------------------

    def _questions(self) -> list[Question]:
        found = questions(self.asked, self.mistakes)
        return found if self.brought.answers is not None else found[:1]

    def _affordable(self, question: Question) -> bool:
        """Whether its texts are few, or those of the right way."""
        size = len(question.names) * len(question.templates)
        right = (question.names, question.templates) == (self.asked.curated, self.asked.templates)
        if size > MOST_TEXTS and not right:
            self.left_out += [way.said for way in question.ways if len(question.ways) == 1]
            return False
        return True

    def _ask(self, question: Question) -> None:
        rows = self._known(_spread(np.asarray(self.images.labels), ASKED))
        vectors = self._text_vectors(question, ())
        if vectors is not None:
            self._keep((), question, rows, question.predict(self.images.image_embeddings[rows], vectors))
        self._tell()

    def _move(self) -> None:
        """The right answers beside other images; nothing where not all of them were asked."""
        brought, right = np.asarray(self.brought.answers), self._answers["right"]
        if len(brought) > ASKED or self.brought.accuracy is not None:
            return
        everything = np.arange(len(brought))
        whole = self._questions()[0]
        vectors = self._text_vectors(whole, ())
        made = right if vectors is None else whole.predict(self.images.image_embeddings, vectors)
        for way, rows in orders(self.images.ids, np.asarray(self.images.labels)):
            self._keep((), whole, everything, made[rows], (way,))
        known = brought >= 0
        if known.all() and (found := same_answers(made, brought)).alike:
            self._moved = found.moved
            best, rows, looked = best_shuffle(len(brought), lambda rows: int((made[rows] == brought).sum()))
            self._keep((), whole, everything, made[rows], (best,), looked)

    def _known(self, rows: IntArray) -> IntArray:
        """Those of the rows that have an answer."""
        answers = self.brought.answers
        return rows if answers is None else rows[answers[rows] >= 0]

    def _text_vectors(self, question: Question, ways: Sequence[WayOfEncoding]) -> FloatArray | None:
        """None where this model's texts cannot be made so."""
        changed = tuple(way for way in ways if way.texts)
        key = question.names, question.templates, question.texts, tuple(way.name for way in changed)
        if key not in self._texts:
            model, texts = self.images.key.model, fill(question.templates, question.names)
            if changed:
                self._texts[key] = self._wrong().texts(texts, changed)
            elif not question.texts:
                self._texts[key] = self.lab.encoding.encode_texts(model, texts)
            elif (found := self.lab.encoding.mistaken_texts(model, texts, question.texts, True)) is not None:
                self._texts[key] = found
        return self._texts.get(key)

    # --- encoding -----------------------------------------------------------------------------------------

    def _encode(self, ways: Sequence[WayOfEncoding], asking: Sequence[Question], most: int = SAMPLE) -> None:
        """A sample encoded so, asked in each of these ways."""
        labels = np.asarray(self.images.labels) if self.images.labels is not None else None
        batch = max((way.batch for way in ways), default=0)
        rows = np.arange(min(max(FIRST, batch), len(self.images))) if batch else _spread(labels, most, len(self.images))
        try:
            vectors = self._vectors(ways, rows)
            if self.brought.answers is None:
                self._compare(ways, rows, vectors)
            for question in asking if self.brought.answers is not None else ():
                if question.texts and any(way.texts for way in ways):
                    continue
                texts = self._text_vectors(question, ways)
                if texts is not None:
                    self._keep(ways, question, rows, question.predict(vectors, texts))
        except TMVError:
            self.left_out += [way.said for way in ways if len(ways) == 1]
        self._tell()

    def _vectors(self, ways: Sequence[WayOfEncoding], rows: IntArray) -> FloatArray:
        """(m, d) of the sample; of one departure they are kept, so that a search that was stopped goes on."""
        name = "+".join(way.name for way in ways) or "right"
        key = f"audit/tried-vectors/{self.images.key.fingerprint}/{len(rows)}/{name}/{_VERSION}"
        kept = self.lab.results.read(key, lambda found: np.frombuffer(found, np.float32).reshape(len(rows), -1))
        if kept is not None:
            return kept
        found = self._wrong().images(self._sources(rows), ways)
        if len(ways) < 2 and len(rows) <= SAMPLE:
            self.lab.results.keep(key, found.tobytes())
        return found

    def _wrong(self) -> WrongWays:
        from core.encoders.wrong_ways import WrongWays

        if self._encoder is None:
            self._encoder = WrongWays(self.lab.encoding.encoder(self.images.key.model))
        return self._encoder

    def _sources(self, rows: IntArray) -> list[Any]:
        on_disk = self.lab.data.rows(self.images.key.dataset, self.images.key.split)
        place = {name: i for i, name in enumerate(on_disk.ids)}
        return [on_disk.pictures.read(place[self.images.ids[row]]) for row in rows]

    def _pairs(self, ways: Sequence[WayOfEncoding]) -> list[tuple[WayOfEncoding, WayOfEncoding]]:
        """Two that each change something, the most promising first."""
        alone = {a.parts[0]: a for a in self.tried if len(a.parts) == 1}
        able = [way for way in ways if way.name in alone and not alone[way.name].same]
        pairs = [pair for pair in combinations(able, 2) if pair[0].step != pair[1].step]
        pairs.sort(key=lambda pair: -sum(alone[way.name].share for way in pair))
        return pairs[:MOST_PAIRS]

    # --- what came of it ----------------------------------------------------------------------------------

    def _keep(
        self,
        ways: Sequence[WayOfEncoding],
        question: Question,
        rows: IntArray,
        made: IntArray,
        moved: Sequence[WayOfRows] = (),
        looks: int = 1,
    ) -> None:
        brought = np.asarray(self.brought.answers)
        parts: tuple[WayOfEncoding | WayOfAsking | WayOfRows, ...] = (*ways, *question.ways, *moved)
        if not parts:
            self._answers["right"] = np.full(len(brought), -1, np.int64)
            self._answers["right"][rows] = made
        labels = np.asarray(self.images.labels)[rows]
        known = brought[rows] >= 0
        right = self._answers["right"][rows]
        attempt = Attempt(
            parts=tuple(part.name for part in parts),
            said=" and ".join(part.said for part in parts) or RIGHT,
            agrees=agreement(brought, made, rows),
            correct=int((made == labels)[known].sum()),
            chance=_chance(made[known], brought[rows][known]),
            same=bool((made == right)[right >= 0].all()),
            looks=looks,
        )
        if attempt.of:
            self.tried.append(attempt)
            if ways and not any(way.batch for way in ways):
                self._made[attempt.parts] = (tuple(ways), question)

    def _compare(self, ways: Sequence[WayOfEncoding], rows: IntArray, made: FloatArray) -> None:
        agrees = np.full(len(self.images), -1, np.int8)
        agrees[rows] = _near(made, self.images.image_embeddings[rows], self.brought.limit)
        right = self._vectors((), rows)
        parts = tuple(way.name for way in ways)
        said = " and ".join(way.said for way in ways) or RIGHT
        same = bool(_near(made, right, self.brought.limit).all())
        self.tried.append(Attempt(parts=parts, said=said, agrees=agrees, same=same))

    def _tell(self) -> None:
        self._done += 1
        if self.progress is not None:
            self.progress(self._done, max(self._done + 1, self._planned()))

    def _planned(self) -> int:
        from core.encoders.wrong_ways import WAYS

        return len(self._questions()) + len(WAYS) + MOST_PAIRS


_VERSION = 1


def _near(a: FloatArray, b: FloatArray, limit: float) -> NDArray[np.bool_]:
    gap = np.linalg.norm(a - b, axis=1) / np.maximum(np.linalg.norm(b, axis=1), 1e-12)
    near: NDArray[np.bool_] = gap <= limit
    return near


def _chance(a: IntArray, b: IntArray) -> float:
    """How often two lists of answers agree by how often each class is in them."""
    if not len(a):
        return 0.0
    c = int(max(a.max(), b.max())) + 1
    return float((np.bincount(a, minlength=c) / len(a) * (np.bincount(b, minlength=c) / len(b))).sum())


def _spread(labels: IntArray | None, most: int, n: int | None = None) -> IntArray:
    """At most so many rows, drawn with a fixed seed, as many of each class as there are; in order."""
    size = len(labels) if labels is not None else int(n or 0)
    if size <= most:
        return np.arange(size)
    drawn = np.random.default_rng(SEED).permutation(size)
    if labels is None:
        return np.sort(drawn[:most])
    seen, turn = dict[int, int](), np.empty(size, np.int64)
    for i, row in enumerate(drawn):
        turn[i] = seen[int(labels[row])] = seen.get(int(labels[row]), -1) + 1
    return np.sort(drawn[np.argsort(turn, kind="stable")[:most]])
