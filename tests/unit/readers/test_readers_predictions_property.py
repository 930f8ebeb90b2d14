"""Tables of predictions as people write them, made at random: the accuracy is that of a slow, obvious count, or the
table is refused, or a note of at least a warning says how it was read."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest

from core.errors import TMVError
from core.readers.external import Classes, Predictions
from core.readers.predictions import parse_predictions

WORDS = ("cat", "dog", "bear", "hot dog", "sea_lake", "Crane", "loss leader", "owl", "n01440764", "7-Eleven")
EXTRAS = ("loss", "index", "fold", "score", "epoch", "note", "", "seconds", "image_id2", "rank")
IMAGES = ("image", "filepath", "image_path", "filename", "Image Name", "path")
LABELS = ("label", "true_class", "y_true", "Ground Truth", "target", "true-label")
ANSWERS = ("prediction", "pred_class", "y_pred", "Predicted", "pred")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A table as text, and what a person would count in it."""

    text: str
    acc1: float
    names: tuple[str, ...]


def made(seed: int) -> Made:
    rng = random.Random(seed)
    c, n = rng.randint(2, 6), rng.randint(4, 14)
    names = tuple(rng.sample(WORDS, c)) if rng.random() < 0.7 else tuple(map(str, range(c)))
    labels = [rng.randrange(c) for _ in range(n)]
    weights = [
        [rng.random() ** 2 + 1e-3 + (2.0 if j == y and rng.random() < 0.6 else 0.0) for j in range(c)] for y in labels
    ]
    rows = [[round(w / sum(row), 4) for w in row] for row in weights]
    answers = [max(range(c), key=row.__getitem__) for row in rows]
    by_number = rng.random() < 0.2
    columns: list[tuple[str, list[str]]] = [(rng.choice(IMAGES), [f"d/{i}.png" for i in range(n)])]
    columns.append((rng.choice(LABELS), [str(y) if by_number else names[y] for y in labels]))
    if rng.random() < 0.5:
        columns.append((rng.choice(ANSWERS), [str(a) if by_number else names[a] for a in answers]))
    else:
        prefix, order = rng.choice(("", "", "prob_", "p(", "score ")), rng.sample(range(c), c)
        for j in order:
            head = f"{prefix}{names[j]}" + (")" if prefix == "p(" else "")
            columns.append((head, [written(rng, row[j]) for row in rows]))
    for extra in rng.sample(EXTRAS, rng.randint(0, 3)):
        columns.append(
            (extra, [str(i) if extra in ("", "index", "note") else f"{rng.uniform(0, 9):.3f}" for i in range(n)])
        )
    if rng.random() < 0.5:
        rng.shuffle(columns)
    mark = rng.choice(",;\t|")
    lines = [[head for head, _ in columns], *([values[i] for _, values in columns] for i in range(n))]
    text = rng.choice(("\n", "\r\n", "\r")).join(mark.join(cell(v, mark) for v in line) for line in lines)
    return Made(
        text=text + rng.choice(("", "\n")),
        acc1=sum(a == y for a, y in zip(answers, labels, strict=True)) / n,
        names=names,
    )


def written(rng: random.Random, value: float) -> str:
    return rng.choice((f"{value:.4f}", f"{value:.4f}", f"{value:.4f}".replace(".", ","), f"{100 * value:.2f} %"))


def cell(value: str, mark: str) -> str:
    return f'"{value}"' if mark in value else value


def counted(found: Predictions) -> float:
    return float(np.mean(np.asarray(found.predicted) == np.asarray(found.labels)))


@pytest.mark.parametrize("part", range(4))
def test_never_another_number_without_a_word(part: int) -> None:
    right = refused = 0
    for seed in range(part * 250, part * 250 + 250):
        table = made(seed)
        answers = {}
        for known in (Classes(), Classes(names=table.names)):
            try:
                (found,) = parse_predictions(table.text.encode(), "mine.csv", known)
            except TMVError as error:
                refused += 1
                assert str(error).endswith(".") and "mine.csv" in str(error)
                continue
            answers[bool(known.names)] = counted(found)
            if not any(note.level != "info" for note in found.notes):
                assert counted(found) == pytest.approx(table.acc1), (seed, table.text)
                right += 1
        assert len(set(answers.values())) <= 1, (seed, table.text, answers)
    assert right > 350 and refused < 100
