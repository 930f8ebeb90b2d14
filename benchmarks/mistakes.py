"""Which mistakes the audit finds by making them: someone's answers with each of `_plain.SCRIPTS` planted in them by
open_clip's and torchvision's own calls, and rows shuffled and missing.

The demo's ResNet on Demo objects; a row says whether the mistake is named, with what agreement and in how many seconds.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import Row
from benchmarks._plain import RIGHT, SCRIPTS, Plain
from core.engine import Engine
from core.readers.predictions import parse_predictions
from core.studies.audit import AuditResult
from core.studies.audit.study import audit_classes, audit_predictions
from core.types import EmbeddingSet, IntArray

MODEL, DATA = "demo-rn", "demo-objects"
NO_ROW = {"training mode, batches of 40"}
"""Mistakes that are not among those that are tried: the nearest is the most that can be said."""
UNSEEN = {"the other activation", "half precision", "bilinear", "names in upper case"}
"""Mistakes that change fewer answers here than two sound runs differ in."""


def run() -> list[Row]:
    """A row for each mistake, the sound answers first."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder) / "cache", Path(folder) / "data")
        engine.data.ensure_demo(DATA)
        place = engine.place(f"{MODEL}/demo", DATA)
        engine.vectors.ensure(place)
        images = engine.vectors.require(place)
        root = next(Path(folder).rglob("apple_000.png")).parents[2]
        files = [path if (path := root / i).exists() else root / "test" / i for i in images.ids]
        plain = Plain(MODEL)
        sound = plain.answers(files, images.classnames, RIGHT)
        rows = [_row(engine, images, "nothing", sound, "right")]
        for name, (script, expected) in SCRIPTS.items():
            rows.append(_row(engine, images, name, plain.answers(files, images.classnames, script), expected))
        mixed = np.random.default_rng(1).permutation(len(sound))
        fewer = np.where(np.arange(len(sound)) % 20 == 7, -1, sound)
        return [
            *rows,
            _row(engine, images, "rows shuffled", sound[mixed], "shuffled-default-rng-1"),
            _row(engine, images, "rows shuffled by a DataLoader", sound[_loaded(len(sound))], "shuffled-loader-42"),
            _rows_row(
                engine, images, "rows in no known order", sound[np.argsort(np.sin(1 + 7 * np.arange(len(sound))))]
            ),
            _rows_row(engine, images, "5 % of the rows missing", fewer),
        ]


def _loaded(n: int) -> IntArray:
    """The rows in the order of torch's own DataLoader."""
    import torch
    from torch.utils.data import DataLoader

    torch.manual_seed(42)
    rows: DataLoader[int] = DataLoader(list(range(n)), batch_size=64, shuffle=True)  # type: ignore[arg-type]
    return np.array([int(row) for batch in rows for row in batch])


def _row(engine: Engine, images: EmbeddingSet, name: str, answers: IntArray, expected: str) -> Row:
    began = time.perf_counter()
    result = _audited(engine, images, answers)
    seconds, trial = time.perf_counter() - began, result.case.trial
    assert trial is not None
    wanted = "right" if name in UNSEEN else expected
    found = trial.outcome in ("sound", "named") and trial.named[0].name == wanted
    best = trial.alternative
    said = "; ".join(way.name for way in trial.named) or "-"
    return Row(
        f"mistake found: {name}",
        "-",
        None,
        seconds,
        "s",
        None,
        parity=f"{trial.outcome}: {said}, {best.agreed:,} of {best.of:,} (right way {best.right:,})",
        equal=found or (name in NO_ROW and trial.outcome in ("nearest", "none")),
        note=f"top-1 {float((answers == images.labels).mean()):.3f}; {len(trial.ways)} ways tried",
    )


def _rows_row(engine: Engine, images: EmbeddingSet, name: str, answers: IntArray) -> Row:
    began = time.perf_counter()
    result = _audited(engine, images, answers)
    raised = [f.check for f in result.raised if f.check != "enough"]
    seconds = time.perf_counter() - began
    return Row(
        f"mistake found: {name}",
        "-",
        None,
        seconds,
        "s",
        None,
        parity=f"raised: {', '.join(raised) or 'nothing'}",
        equal=bool(raised),
        note=result.raised[0].evidence if result.raised else result.sentence,
    )


def _audited(engine: Engine, images: EmbeddingSet, answers: IntArray) -> AuditResult:
    (brought,) = parse_predictions(_table(images, answers), "mine.csv", audit_classes(engine, DATA))
    return audit_predictions(engine, brought, f"{MODEL}/demo", DATA, encode=True, attempt=engine.run)


def _table(images: EmbeddingSet, answers: Sequence[int] | IntArray) -> bytes:
    names, labels = images.classnames, np.asarray(images.labels)
    rows = zip(images.ids, labels, answers, strict=True)
    lines = [f"{i},{names[y]},{names[a]}" for i, y, a in rows if a >= 0]
    return os.linesep.join(["image,label,prediction", *lines, ""]).encode()
