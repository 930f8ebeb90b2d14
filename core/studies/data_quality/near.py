"""The request for images that look nearly the same to a model, within a split and between it and its training split."""

from __future__ import annotations

import io
import json
from collections.abc import Hashable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, ClassVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.errors import EncoderWarming, TMVError
from core.stats.intervals import wilson
from core.stats.near import NearPairs, groups, near_between, near_within
from core.studies.audit.files import same_pixels
from core.studies.base import Lab, LongStudy
from core.studies.probe.splits import TRAIN
from core.studies.result import StudyResult, place_of
from core.studies.zero_shot.study import ZeroShot
from core.system.progress import Progress, Steps
from core.types import EmbeddingSet, EvalProtocol, Interval

SHOWN = 60
"""Pairs of each kind whose files are compared, since these are shown."""
QUICK = 30_000_000
"""So many pairs of vectors take a second or two, and need no job."""
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Accuracy of all images, and of those that are left when near-duplicates are counted once and those of training
    images not at all; `protocol` is how the images were asked about. `without` is NaN where no image is left."""

    acc1: float
    acc1_ci95: Interval
    left: int
    without: float
    without_ci95: Interval
    protocol: EvalProtocol

    def to_record(self) -> dict[str, Any]:
        """JSON-ready: both accuracies, each with its interval and the images that it counts."""
        return {
            "acc1": self.acc1,
            "acc1_ci95": list(self.acc1_ci95),
            "n_without": self.left,
            "acc1_without": self.without if self.left else None,
            "acc1_without_ci95": list(self.without_ci95) if self.left else None,
            "protocol": asdict(self.protocol),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NearResult(StudyResult):
    """`within` the split and, where its training split is embedded, `seen` between the two. `ids` (n,) and `train_ids`
    (m,) name the rows; `same_within` and `same_seen` say of the first pairs whether they are the same pixel for pixel,
    () where the files are not here. `counted` for images with labels."""

    ids: tuple[str, ...]
    train_ids: tuple[str, ...]
    within: NearPairs
    seen: NearPairs | None
    same_within: tuple[bool, ...]
    same_seen: tuple[bool, ...]
    counted: Counted | None = None

    @property
    def n(self) -> int:
        """Images of the split."""
        return len(self.ids)

    def to_record(self) -> dict[str, Any]:
        """The JSON record of `near-duplicates`: `pairs` are nearest first, `same_pixels` null where not compared;
        `n_seen` and `n_train` are null where no training split is embedded."""
        seen = self.seen
        return {
            **self.place_record(),
            "n": self.n,
            "n_within": len(self.within.left_rows),
            "n_train": None if seen is None else len(self.train_ids),
            "n_seen": None if seen is None else len(seen.left_rows),
            "threshold": self.within.threshold,
            "usual": self.within.usual,
            "pairs_capped": self.within.capped or (seen is not None and seen.capped),
            "accuracy": None if self.counted is None else self.counted.to_record(),
            "pairs": self.pairs(),
            **self.source_record(),
        }

    def pairs(self) -> list[dict[str, Any]]:
        """One record for each pair, nearest first: `kind` is "within" the split or "training"."""
        rows = _pair_records(self.within, "within", self.ids, self.ids, self.same_within)
        if self.seen is not None:
            rows += _pair_records(self.seen, "training", self.ids, self.train_ids, self.same_seen)
        return sorted(rows, key=lambda row: -float(row["cosine"]))


def _pair_records(
    pairs: NearPairs, kind: str, ids: tuple[str, ...], others: tuple[str, ...], same: tuple[bool, ...]
) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "id": ids[a],
            "other": others[b],
            "cosine": float(cosine),
            "same_pixels": same[i] if i < len(same) else None,
        }
        for i, (a, b, cosine) in enumerate(zip(pairs.left, pairs.right, pairs.cosine, strict=True))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicates(LongStudy[NearResult]):
    """Pairs of images that look nearly the same to the model; how near that is, is read from the set itself. See
    `core.stats.near`."""

    kind: ClassVar[str] = "near-duplicates"
    title: ClassVar[str] = "Near-duplicates of {dataset} ({split}) with {model}"

    def key(self, lab: Lab) -> Hashable:
        """The two sets of vectors."""
        return self._kept_key(*self._sets(lab))

    def kept(self, lab: Lab) -> NearResult | None:
        """From the pairs on disk."""
        images, train = self._sets(lab)
        found = lab.results.read(self._kept_key(images, train), _from_bytes)
        return None if found is None else _result(lab, self, images, train, *found)

    def run(self, lab: Lab, progress: Progress | None = None) -> NearResult:
        """Raises `NotHere` while the split is not embedded."""
        images, train = self._sets(lab)
        key = self._kept_key(images, train)
        found = lab.results.read(key, _from_bytes)
        if found is None:
            found = _search(lab, images, train, progress or _silent)
            lab.results.keep(key, _to_bytes(*found))
        return _result(lab, self, images, train, *found)

    def quick(self, lab: Lab) -> bool:
        """Whether it is done at once."""
        images, train = self._sets(lab)
        return len(images) * (len(images) // 2 + (0 if train is None else len(train))) <= QUICK

    def options(self) -> dict[str, Any]:
        """See `LongStudy.options`."""
        return {}

    def job_key(self) -> str:
        """See `LongStudy.job_key`."""
        return f"near-duplicates/{'/'.join(self.place.names)}"

    def _sets(self, lab: Lab) -> tuple[EmbeddingSet, EmbeddingSet | None]:
        images = lab.vectors.require(self.place)
        if images.key.split == TRAIN:
            return images, None
        try:
            return images, lab.vectors.find(lab.place(images.key.model, images.key.dataset, TRAIN))
        except TMVError:
            return images, None

    def _kept_key(self, images: EmbeddingSet, train: EmbeddingSet | None) -> str:
        beside = "none" if train is None else train.key.fingerprint
        return f"{self.kind}/{images.key.fingerprint}/{beside}/{_VERSION}"


Found = tuple[NearPairs, NearPairs | None, tuple[bool, ...], tuple[bool, ...]]


def _silent(done: int, total: int) -> None:
    """Nobody waits."""


def _search(lab: Lab, images: EmbeddingSet, train: EmbeddingSet | None, progress: Progress) -> Found:
    steps = Steps(1 if train is None else 2, progress)
    pairs = list[NearPairs]()
    steps.step(lambda report: pairs.append(near_within(images.image_embeddings, report)))
    if train is not None:
        others = train.image_embeddings
        steps.step(lambda report: pairs.append(near_between(images.image_embeddings, others, report)))
    same = [
        _same(lab, images, other, found)
        for other, found in zip((images, *([] if train is None else [train])), pairs, strict=True)
    ]
    return pairs[0], pairs[1] if train is not None else None, same[0], same[1] if train is not None else ()


def _same(lab: Lab, left: EmbeddingSet, right: EmbeddingSet, pairs: NearPairs) -> tuple[bool, ...]:
    some = list(zip(pairs.left[:SHOWN].tolist(), pairs.right[:SHOWN].tolist(), strict=True))
    return tuple(same_pixels(lab, left, right, some) or ()) if some else ()


def _result(
    lab: Lab,
    study: NearDuplicates,
    images: EmbeddingSet,
    train: EmbeddingSet | None,
    within: NearPairs,
    seen: NearPairs | None,
    same_within: tuple[bool, ...],
    same_seen: tuple[bool, ...],
) -> NearResult:
    return NearResult(
        **place_of(images),
        ids=images.ids,
        train_ids=() if train is None else train.ids,
        within=within,
        seen=seen,
        same_within=same_within,
        same_seen=same_seen,
        counted=_counted(lab, study, images, within, seen),
    )


def _counted(
    lab: Lab, study: NearDuplicates, images: EmbeddingSet, within: NearPairs, seen: NearPairs | None
) -> Counted | None:
    if images.labels is None:
        return None
    try:
        asked = lab.run(ZeroShot(place=study.place))
    except EncoderWarming:
        raise  # an answer without its accuracy would stay in memory
    except TMVError:
        return None
    correct = asked.correct
    keep = kept_once(len(images), within, seen)
    hits = int(correct[keep].sum())
    left = int(keep.sum())
    return Counted(
        acc1=float(correct.mean()),
        acc1_ci95=asked.acc1_ci95,
        left=left,
        without=hits / left if left else float("nan"),
        without_ci95=wilson(hits, left) if left else (0.0, 1.0),
        protocol=asked.protocol,
    )


def kept_once(n: int, within: NearPairs, seen: NearPairs | None) -> NDArray[np.bool_]:
    """(n,) the first image of each group of near-duplicates, but none that looks like a training image."""
    keep: NDArray[np.bool_] = groups(n, within) == np.arange(n)
    if seen is not None:
        keep[seen.left_rows] = False
    return keep


_ARRAYS = ("left", "right", "cosine", "left_rows")


def _to_bytes(
    within: NearPairs, seen: NearPairs | None, same_within: tuple[bool, ...], same_seen: tuple[bool, ...]
) -> bytes:
    """Arrays as .npy, the rest as JSON; `_from_bytes` reads it back."""
    plain = partial(json.dumps, separators=(",", ":"))
    arrays, record = dict[str, Any](), dict[str, Any](same_within=list(same_within), same_seen=list(same_seen))
    for name, pairs in (("within", within), ("seen", seen)):
        if pairs is not None:
            arrays |= {f"{name}_{a}": getattr(pairs, a) for a in _ARRAYS}
            record[name] = {"threshold": pairs.threshold, "usual": pairs.usual, "capped": pairs.capped}
    out = io.BytesIO()
    np.savez(out, record=np.frombuffer(plain(record).encode(), np.uint8), **arrays)
    return out.getvalue()


def _from_bytes(kept: bytes) -> Found:
    """Raises `ValueError` for bytes that `_to_bytes` did not write."""
    try:
        with np.load(io.BytesIO(kept), allow_pickle=False) as stored:
            record = json.loads(stored["record"].tobytes())
            pairs = [
                NearPairs(**{a: stored[f"{name}_{a}"] for a in _ARRAYS}, **record[name]) if name in record else None
                for name in ("within", "seen")
            ]
    except (BadZipFile, ValueError, KeyError, TypeError, EOFError, OSError) as error:
        raise ValueError("no near-duplicates") from error
    if pairs[0] is None:
        raise ValueError("no near-duplicates")
    return pairs[0], pairs[1], tuple(record["same_within"]), tuple(record["same_seen"])
