"""A made-up model and data set with faults planted in them: what the audit's benchmark and its tests look at.

Pictures and texts are vectors around class directions, so that everything a CLIP study does can be done to
them in plain NumPy. A `World` says how it is done, right by default; a fault changes one thing; `case_of`
does the study and hands the audit what a user's study would know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.stats import metrics
from core.stats.answers import Answers as StatsAnswers
from core.studies.audit import (
    NAMES,
    OTHER,
    PROTOCOL,
    TEMPLATES,
    Alternative,
    Asked,
    Case,
    CaseAnswers,
    CaseVectors,
    Cell,
    Known,
    Repeat,
    TextSide,
)
from core.types import FloatArray, IntArray, Reference, ScoreRule

TRANSFORM = {
    "size": 224,
    "mean": (0.48, 0.46, 0.41),
    "std": (0.27, 0.26, 0.28),
    "interpolation": "bicubic",
    "resize_mode": "shortest",
}
ENSEMBLE = tuple(f"a photo of a {{}}, way {i}." for i in range(6))
SINGLE = ENSEMBLE[:1]
WIDTH = 96
TRAIN = 900


@dataclass(frozen=True, slots=True)
class World:
    """One study. `skill` is how far pictures lie towards their class, `rough` how far one template's text
    lies from it; the rest is what a fault changes."""

    seed: int = 0
    n: int = 1000
    c: int = 20
    skill: float = 1.3
    rough: float = 1.1
    uneven: bool = False
    templates: tuple[str, ...] = ENSEMBLE
    raw_names: bool = False
    moved: Callable[[World, IntArray], IntArray] | None = None
    hub: float = 0.0
    lengths: bool = False
    scale: float = 100.0
    split: str = "test"
    cut: int = 0
    seen: float = 0.0
    copied: bool = False
    shaky: float = 0.0
    stale: float = 0.0
    transform: Mapping[str, Any] = field(default_factory=lambda: TRANSFORM)
    weights_note: str = ""
    worse: float = 0.0
    kept_softmax: bool = False
    uncleaned: bool = False
    unfilled: bool = False
    foreign: int = 0
    guessed: bool = False
    turned: int = 0
    poor_way: bool = False


def _rng(world: World, *parts: int) -> np.random.Generator:
    return np.random.default_rng([586, world.seed, *parts])


def _centres(world: World) -> FloatArray:
    return _rng(world, 1).standard_normal((world.c, WIDTH)).astype(np.float32)


def _labels(world: World, split: str) -> IntArray:
    rng, n = _rng(world, 2, len(split)), world.n if split == "test" else TRAIN
    shares = rng.dirichlet(np.full(world.c, 2.0)) if world.uneven else np.full(world.c, 1 / world.c)
    drawn = rng.choice(world.c, n, p=shares)
    drawn[: 2 * world.c] = np.arange(2 * world.c) % world.c
    return drawn.astype(np.int64)


def _known_best(world: World) -> NDArray[np.float64]:
    """(c,) how well the model knows each class."""
    return _rng(world, 4).uniform(0.7, 1.2, world.c)


def _images(world: World, split: str, model: int = 0) -> FloatArray:
    """Pictures of lengths of their own, as encoders give them; `model` another encoder of the same pictures."""
    labels, rng = _labels(world, split), _rng(world, 3, len(split), model)
    hard = _known_best(world)[labels, None]
    shared = _rng(world, 5).standard_normal(WIDTH)
    noise = rng.standard_normal((len(labels), WIDTH)) * (4.2 + world.worse)
    found = world.skill * hard * _centres(world)[labels] + noise + shared
    return (found * rng.uniform(8, 12, (len(labels), 1))).astype(np.float32)


def _texts(world: World, templates: tuple[str, ...], raw: bool, model: int = 0) -> FloatArray:
    """(t, c, d) of every class name in every template: folder names lie farther from their classes."""
    far = 2.2 if raw else 0.0
    names = _rng(world, 6, raw, model).standard_normal((world.c, WIDTH)) * far
    ways = [_rng(world, 7, int(t.split("way ")[1][:-1]), model).standard_normal((world.c, WIDTH)) for t in templates]
    return np.stack([_centres(world) + names + world.rough * 1.6 * way for way in ways]).astype(np.float32)


def _heads(world: World, templates: tuple[str, ...], raw: bool, model: int = 0) -> FloatArray:
    return metrics.normalise(metrics.normalise(_texts(world, templates, raw, model)).mean(axis=0))


def _faulty_heads(world: World, images: FloatArray, model: int = 0) -> FloatArray:
    heads = _heads(world, world.templates, world.raw_names, model)
    if world.hub:
        middle = metrics.normalise(images).mean(axis=0)
        heads[0] = metrics.normalise(heads[0] + world.hub * middle / np.linalg.norm(middle))
    if world.foreign:
        # Names that the model does not know: a few vectors for all of them, which mean no class.
        groups = np.arange(world.c) % world.foreign
        heads = metrics.normalise(_rng(world, 10, model).standard_normal((world.foreign, WIDTH)))[groups]
    if world.guessed:
        heads = metrics.normalise(_rng(world, 11, model).standard_normal((world.c, WIDTH)))
    if world.lengths:
        heads = heads * _rng(world, 8).uniform(0.5, 2.0, (world.c, 1)).astype(np.float32)
    return heads


def _pictures(world: World, model: int = 0) -> tuple[FloatArray, IntArray]:
    images, labels = _images(world, world.split, model), _labels(world, world.split)
    if world.seen and world.split == "test":
        again = int(world.seen * len(images))
        images[:again], labels[:again] = _images(world, "train", model)[:again], _labels(world, "train")[:again]
    if world.stale or world.shaky:
        # Stored in training mode: a part of the numbers dropped, other ones in every picture.
        dropped = _rng(world, 9, model).random(images.shape) < max(world.stale, world.shaky)
        images = np.where(dropped, np.float32(0), images)
    keep = slice(0, len(images) - world.cut)
    return images[keep], labels[keep]


def _answer(images: FloatArray, heads: FloatArray, labels: IntArray) -> StatsAnswers:
    """As a study does it, but without making the class vectors even: that is the study's own work to get right."""
    scores = metrics.normalise(images) @ heads.T
    top, probability = metrics.top_k(scores, min(5, len(heads))), metrics.softmax(scores, 100.0)
    first = np.take_along_axis(probability, top[:, :1], axis=1)
    return StatsAnswers(
        ranks=metrics.rank_of(scores, labels), top=top, probability=first, tied=np.zeros(len(labels), np.bool_)
    )


def names_of(world: World, raw: bool) -> tuple[str, ...]:
    """Class names: words, or as folders have them."""
    return tuple(
        f"GluedName{i:03d}" if raw else f"spoken name {chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(world.c)
    )


def case_of(world: World) -> Case:
    """The study of a world, as the audit gets it."""
    images, true = _pictures(world)
    labels = true if world.moved is None else world.moved(world, true)
    found = _answer(images, _faulty_heads(world, images), labels)
    rival_images, _ = _pictures(world, 1)
    rival = _answer(rival_images, _faulty_heads(world, rival_images, 1), labels)
    if world.copied:
        found = rival
    curated, raw = names_of(world, False), names_of(world, True)
    used = raw if world.raw_names else curated
    asked = Asked(
        classnames=tuple(f"fremdes wort {i}" for i in range(world.c)) if world.foreign else used,
        curated=curated,
        raw=raw,
        templates=world.templates,
        reference=() if world.poor_way else ENSEMBLE,
    )
    answers = CaseAnswers(
        ids=tuple(f"{world.split}/{i}.png" for i in range(len(labels))),
        labels=labels,
        top=found.top,
        ranks=found.ranks,
        probability=found.probability[:, 0],
    )
    scores = {"acc1": float(answers.correct.mean())} | (
        {"acc5": float((found.ranks <= 5).mean())} if world.c > 5 else {}
    )
    repeat = Repeat(
        pictures=4, again=0.3 if world.shaky else 1e-6, stored=0.3 if world.stale or world.shaky else 2e-6, limit=1e-3
    )
    return Case(
        title="planted",
        model="planted/one",
        dataset="planted",
        split=world.split,
        scores=scores,
        n=len(labels),
        c=world.c,
        classnames=asked.classnames,
        answers=answers,
        asked=asked,
        known=_known(world),
        vectors=CaseVectors(
            images=images,
            classes=_faulty_heads(world, images),
            train=_images(world, "train"),
            logit_scale=world.scale,
            rule=ScoreRule(scale=world.scale) if world.kept_softmax else _rule(world),
        ),
        preprocessing=world.transform,
        repeat=repeat,
        alternatives=_alternatives(world, images, labels),
        others=(
            Cell(
                title="another model",
                model="planted/two",
                scores={"acc1": float((rival.top[:, 0] == labels).mean())},
                n=len(labels),
                predicted=rival.top[:, 0],
                images=rival_images,
            ),
        ),
    )


def _rule(world: World) -> ScoreRule:
    """How the weights were trained to score, SigLIP's way."""
    return ScoreRule(function="sigmoid", scale=world.scale, bias=-12.0)


def _known(world: World) -> Known:
    figure = Reference(
        metric="zeroshot_acc1_ensemble", value=_published(world), protocol="prompt ensemble", source="made up"
    )
    return Known(
        rule=_rule(world),
        texts=TextSide(
            clean="canonicalize", context=64, filled=True, seen=(not world.uncleaned, 12 if world.unfilled else 64)
        ),
        sizes={"test": world.n, "train": TRAIN},
        classes=world.c,
        measured_on=("test",),
        published=(figure,),
        weights_note=world.weights_note,
        own_preprocessing=TRANSFORM,
        turned=world.turned,
    )


def _published(world: World) -> float:
    """What the sound study gives on many pictures of the same kind."""
    return _sound_accuracy(world.seed, world.c, world.skill, world.rough, world.uneven)


@cache
def _sound_accuracy(seed: int, c: int, skill: float, rough: float, uneven: bool) -> float:
    sound = World(seed=seed, n=6000, c=c, skill=skill, rough=rough, uneven=uneven)
    images, labels = _images(sound, "test"), _labels(sound, "test")
    return float((_answer(images, _heads(sound, ENSEMBLE, False), labels).ranks == 1).mean())


def _alternatives(world: World, images: FloatArray, labels: IntArray) -> tuple[Alternative, ...]:
    """Asked right in one respect or in all, as the engine would."""
    ways = {
        (PROTOCOL,): (ENSEMBLE, False),
        (NAMES,): (world.templates, False),
        (TEMPLATES,): (ENSEMBLE, world.raw_names),
    }
    used = (world.templates, world.raw_names)
    found = list[Alternative]()
    for changes, way in ways.items():
        if way != used or (world.foreign and TEMPLATES not in changes):
            predicted = _answer(images, _heads(world, *way), labels).top[:, 0]
            found.append(
                Alternative(
                    changes=(OTHER,) if world.poor_way else changes,
                    said=f"asked with other {changes[0]}",
                    predicted=predicted,
                    correct=predicted == labels,
                )
            )
    return tuple(found)


# --- the faults -------------------------------------------------------------------------------------------


def _shuffled(world: World, labels: IntArray) -> IntArray:
    order: NDArray[np.int64] = np.random.default_rng(1).permutation(world.c).astype(np.int64)
    return order[labels]


def _off_by_one(world: World, labels: IntArray) -> IntArray:
    return (labels + 1) % world.c


def _two_swapped(world: World, labels: IntArray) -> IntArray:
    """The two classes that the model knows best: of those that it does not know nobody can tell."""
    order, (a, b) = np.arange(world.c), np.argsort(_known_best(world))[-2:]
    order[[a, b]] = order[[b, a]]
    return order[labels]


Fault = Callable[[World], World]
FAULTS: dict[str, tuple[str, Fault]] = {
    "model in training mode": ("deterministic", lambda w: replace(w, shaky=0.1)),
    "vectors stored in training mode": ("deterministic", lambda w: replace(w, stale=0.1)),
    "another preprocessing": ("weights", lambda w: replace(w, transform=TRANSFORM | {"mean": (0.5, 0.5, 0.5)})),
    "weights without their QuickGELU": ("weights", lambda w: replace(w, weights_note="These need QuickGELU.")),
    "folder names": ("class-names", lambda w: replace(w, raw_names=True)),
    "one template": ("templates", lambda w: replace(w, templates=SINGLE)),
    "labels shuffled": ("label-order", lambda w: replace(w, moved=_shuffled)),
    "labels off by one": ("label-order", lambda w: replace(w, moved=_off_by_one)),
    "two labels swapped": ("label-order", lambda w: replace(w, moved=_two_swapped)),
    "one class wins": ("collapse", lambda w: replace(w, hub=6.0)),
    "a copied cell": ("copied", lambda w: replace(w, copied=True)),
    "the training split": ("split", lambda w: replace(w, split="train")),
    "a part of the pictures": ("split", lambda w: replace(w, cut=60)),
    "test pictures in training": ("duplicates", lambda w: replace(w, seen=0.05)),
    "class vectors not normalised": ("normalised", lambda w: replace(w, lengths=True)),
    "logarithm of the logit scale": ("logit-scale", lambda w: replace(w, scale=4.6)),
    "a softmax kept of a model trained with a sigmoid": ("score-rule", lambda w: replace(w, kept_softmax=True)),
    "texts not cleaned": ("text-cleaning", lambda w: replace(w, uncleaned=True)),
    "texts not filled up": ("text-padding", lambda w: replace(w, unfilled=True)),
    "few pictures": ("enough", lambda w: replace(w, n=160)),
    "other weights": ("published", lambda w: replace(w, worse=3.5)),
    "files that are turned": ("turned", lambda w: replace(w, turned=30)),
}
"""Each fault, the check that must find it, and how it is planted."""


ONLY_ALONE: dict[str, tuple[str, Fault]] = {
    "class names in another language": ("known-names", lambda w: replace(w, foreign=max(2, w.c // 3))),
    "class names that mean nothing": ("known-names", lambda w: replace(w, foreign=w.c)),
    "answers that are guesses": ("chance", lambda w: replace(w, guessed=True)),
    "a way to ask that is known to be worse": ("better-way", lambda w: replace(w, poor_way=True, templates=SINGLE)),
}
"""Faults beside which others cannot be seen: where names mean nothing or answers are guesses, no order of labels."""


def sound_worlds(count: int) -> list[World]:
    """Studies without a fault, easy and hard, of few and many classes, even and uneven."""
    kinds = [(c, skill, uneven) for c in (4, 10, 20, 60) for skill in (0.5, 0.9, 1.5) for uneven in (False, True)]
    return [
        World(
            seed=i,
            c=kinds[i % len(kinds)][0],
            skill=kinds[i % len(kinds)][1],
            uneven=kinds[i % len(kinds)][2],
            n=1000 + 500 * (i % 3),
        )
        for i in range(count)
    ]


def pairs() -> list[tuple[str, str]]:
    """Every two faults that can be planted together: not two of one check, and nothing that undoes the other."""
    names = list(FAULTS)
    return [
        (a, b)
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if FAULTS[a][0] != FAULTS[b][0] and {a, b} not in IMPOSSIBLE
    ]


IMPOSSIBLE: list[set[str]] = [
    {"the training split", "test pictures in training"},  # all of them are training pictures then
    {"the training split", "few pictures"},  # the training split has its own size
    {"model in training mode", "test pictures in training"},  # no vector is like another one then
    {"vectors stored in training mode", "test pictures in training"},
]
