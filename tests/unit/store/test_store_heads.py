"""Class vectors that are kept: the same bytes again, never those of another plan, never damaged ones."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from core.engine import Engine
from core.store import Heads, Results, heads
from core.store import TextStore as Texts
from core.studies.zero_shot.study import ZeroShot
from core.types import FloatArray
from tests.worlds import GOOD, paint, point, run_study, squares

FORMS, NAMES = ("a photo of a {}", "{}"), ("cat", "dog", "b{d}")


@pytest.fixture(autouse=True)
def every_head_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "WORTH", 1)


@pytest.fixture
def head() -> FloatArray:
    made = np.random.default_rng(0).standard_normal((len(NAMES), 7)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True))


def test_a_head_comes_back_whole_through_another_object(tmp_path: Path, head: FloatArray) -> None:
    Heads(Results(tmp_path)).put("digest", FORMS, NAMES, head)
    found = Heads(Results(tmp_path)).get("digest", FORMS, NAMES)
    assert found is not None and found.dtype == np.float32
    np.testing.assert_array_equal(found, head)


@pytest.mark.parametrize(
    ("digest", "forms", "names"),
    [
        ("other", FORMS, NAMES),
        ("", FORMS, NAMES),
        (None, FORMS, NAMES),
        ("digest", FORMS[::-1], NAMES),
        ("digest", FORMS[:1], NAMES),
        ("digest", FORMS, ("dog", "cat", "b{d}")),
        ("digest", FORMS, ("cat", "dog", "bird")),
        ("digest", (*FORMS, "cat"), ("dog", "b{d}")),
    ],
)
def test_another_plan_has_no_head(
    tmp_path: Path, head: FloatArray, digest: str | None, forms: tuple[str, ...], names: tuple[str, ...]
) -> None:
    kept = Heads(Results(tmp_path))
    kept.put("digest", FORMS, NAMES, head)
    kept.put("", FORMS, NAMES, head)
    assert kept.get(digest, forms, names) is None


def test_small_ensembles_are_not_kept(tmp_path: Path, head: FloatArray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "WORTH", len(FORMS) * len(NAMES) + 1)
    Heads(Results(tmp_path)).put("digest", FORMS, NAMES, head)
    assert not (tmp_path / "results").exists()


def test_a_damaged_or_foreign_row_counts_as_missing(tmp_path: Path, head: FloatArray) -> None:
    results = Results(tmp_path)
    kept = Heads(results)
    kept.put("digest", FORMS, NAMES, head)
    (key,) = results.keys()
    for foreign in ({"a": 1}, b"", b"12345", (3 * head).tobytes(), np.full_like(head, np.nan).tobytes()):
        results.put(key, foreign)
        assert kept.get("digest", FORMS, NAMES) is None
    kept.put("digest", FORMS, NAMES, head)
    results.close()
    with sqlite3.connect(tmp_path / "results" / "cache.db") as database:
        (value,) = database.execute("SELECT value FROM Cache").fetchone()
        database.execute("UPDATE Cache SET value = ?", (value[:-1] + bytes([value[-1] ^ 1]),))
    assert Heads(Results(tmp_path)).get("digest", FORMS, NAMES) is None


def test_a_restarted_engine_answers_the_same_without_reading_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(tmp_path)
    encoders = point(monkeypatch, tmp_path)
    first = Engine()
    first.vectors.ensure(first.place(GOOD, squares(tmp_path)))
    before = first.run(ZeroShot.at(first, GOOD, squares(tmp_path), templates=FORMS))

    def fail(self: Texts, digest: str, texts: object) -> None:
        raise AssertionError("texts were read")

    monkeypatch.setattr(Texts, "get", fail)
    again, seen = Engine(), encoders[GOOD].texts_seen
    after = run_study(again, ZeroShot, GOOD, squares(tmp_path), templates=FORMS)
    np.testing.assert_array_equal(after.ranks, before.ranks)
    np.testing.assert_array_equal(after.top5_probability, before.top5_probability)
    assert encoders[GOOD].texts_seen == seen
    with pytest.raises(AssertionError, match="texts were read"):
        run_study(again, ZeroShot, GOOD, squares(tmp_path), templates=FORMS[::-1])
