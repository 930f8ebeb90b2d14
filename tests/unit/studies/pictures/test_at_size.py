"""Searches by an index: which way is taken, what it changes, and what it must not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.commands import cli
from core.engine import Engine
from core.errors import BadArgument
from core.studies.pictures import at_size
from core.studies.pictures.query import ask
from core.studies.pictures.study import compare_lists, rank_of, search, similar
from core.types import EmbeddingSet, Place
from core.work import start, tasks
from tests.slow_index import SlowIndex, with_index
from tests.worlds import GOOD, POOR, paint, point, squares


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    monkeypatch.setattr(at_size, "faiss_is_here", lambda: False)
    return Engine()


@pytest.fixture
def place(engine: Engine, tmp_path: Path) -> Place:
    return engine.place(GOOD, squares(tmp_path))


@pytest.fixture
def images(engine: Engine, place: Place) -> EmbeddingSet:
    return engine.vectors.ensure(place)


def read_out(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def ids(found: object) -> list[str]:
    return [hit.id for hit in found.hits]  # type: ignore[attr-defined]


# --- which way --------------------------------------------------------------------------------------------


def test_few_vectors_are_searched_exactly_and_nothing_is_timed(
    engine: Engine, place: Place, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_size, "_timed", lambda d: pytest.fail("timed"))
    found = search(engine, place, query="a red square")
    assert found.index is None and "index" not in found.to_record() and found.notes == found.provenance.beside
    assert at_size.way_of(engine, images) == at_size.Way()


def test_the_limit_is_what_this_machine_scans_in_a_second_timed_once(
    engine: Engine, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed = list[int]()
    monkeypatch.setattr(at_size, "FEW", 1)

    def time_it(d: int) -> float:
        timed.append(d)
        return 39.0

    monkeypatch.setattr(at_size, "_timed", time_it)
    assert at_size.takes_long(engine, images)  # 40 images
    monkeypatch.setenv(at_size.SCAN_SECONDS, "1.1")
    assert not at_size.takes_long(engine, images)
    assert not at_size.takes_long(Engine(), images) and timed == [images.image_embeddings.shape[1]]


def test_a_scan_is_timed_in_rows_a_second() -> None:
    assert at_size._timed(512) > 1000


@pytest.mark.parametrize("said", ["-1", "soon", "nan", "inf"])
def test_a_limit_that_cannot_be_is_refused(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(at_size.SCAN_SECONDS, said)
    with pytest.raises(BadArgument, match=at_size.SCAN_SECONDS):
        at_size.scan_seconds()


def test_without_an_index_the_list_is_exact_and_a_note_says_how_to_get_one(
    engine: Engine, place: Place, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = search(engine, place, query="a red square")
    monkeypatch.setenv(at_size.SCAN_SECONDS, "0")
    found = search(engine, place, query="a red square")
    assert found.hits == before.hits and np.array_equal(found.scores, before.scores)
    (note,) = found.notes
    assert note.code == at_size.NO_INDEX and "requirements-search.txt" in note and place.dataset.name in note
    monkeypatch.setattr(at_size, "faiss_is_here", lambda: True)
    (note,) = search(engine, place, query="a red square").notes
    assert note.code == at_size.NO_INDEX and "requirements-search.txt" not in note


def test_a_damaged_index_gives_way_to_the_exact_list(
    engine: Engine, place: Place, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = with_index(monkeypatch, engine, images)
    engine.store.indexes.file(images.key).write_bytes(b"an inde!")
    found = search(engine, place, query="a red square")
    assert [note.code for note in found.notes] == [at_size.DAMAGED_INDEX] and index.asked == 0 and found.index is None


# --- by an index ------------------------------------------------------------------------------------------


def test_an_index_that_misses_nothing_gives_the_exact_list(
    engine: Engine, place: Place, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask("a red square", minus=["blue"])
    before = search(engine, place, query=asked, k=8, classes=["red"])
    alike = similar(engine, place, picture=images.ids[7])
    index = with_index(monkeypatch, engine, images)
    found = search(engine, place, query=asked, k=8, classes=["red"])
    assert index.asked == 1 and found.hits == before.hits and found.precision == before.precision
    assert similar(engine, place, picture=images.ids[7]).hits == alike.hits
    record = found.to_record()
    assert record["index"]["recall"]["10"] == {"value": 0.996, "at_least": 0.987} and not record["index"]["checked"]
    assert record["scores"]["sampled"] == len(images) and record["scores"]["mean"] == pytest.approx(
        before.spread.mean, abs=1e-5
    )
    (note,) = found.notes
    said = note.replace("\u00a0", " ").replace("\u202f", " ")
    assert note.code == at_size.BY_INDEX and all(n in said for n in ("99.6 %", "98.7 %", "97.5 %", "500 prompts"))


def test_what_it_misses_is_missing_and_the_check_says_so(
    engine: Engine, place: Place, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = search(engine, place, query="a red square", k=10)
    with_index(monkeypatch, engine, images, missed=before.rows[[1, 4]].tolist())
    found = search(engine, place, query="a red square", k=10)
    assert ids(found)[:8] == [i for place, i in enumerate(ids(before)) if place not in (1, 4)]
    seen = list[tuple[int, int]]()
    checked = search(
        engine, place, query="a red square", k=10, exact=True, progress=lambda done, total: seen.append((done, total))
    )
    assert checked.hits == before.hits and seen[-1] == (40, 40)
    assert checked.index is not None and checked.index.right == 8 and checked.to_record()["index"]["checked"]
    assert checked.protocol == before.protocol != found.protocol
    assert [note.code for note in checked.notes] == ["checked"]


def test_lists_compare_by_the_rows_that_were_ranked(
    engine: Engine, place: Place, images: EmbeddingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = engine.place(POOR, squares(tmp_path))
    engine.vectors.ensure(other)
    exact = [search(engine, each, query="a red square", k=5) for each in (place, other)]
    plain = compare_lists(engine, exact[0], exact[1])
    missed = int(exact[1].rows[0])
    index = with_index(monkeypatch, engine, images, missed=[missed])
    a, b = (search(engine, each, query="a red square", k=5) for each in (place, other))
    assert a.index is not None and b.index is None and index.asked == 1
    pair = compare_lists(engine, a, b)
    ranks = {m.id: m.rank_a for m in pair.moved}
    assert ranks[images.ids[missed]] is None
    whole = [i for i in ids(search(engine, place, query="a red square", k=40, exact=True)) if i != images.ids[missed]]
    assert all(rank == whole.index(i) + 1 for i, rank in ranks.items() if rank is not None)
    assert {m.id: m.rank_b for m in pair.moved if m.in_b} == {m.id: m.rank_b for m in plain.moved if m.in_b}


def test_the_rank_of_one_image_is_that_among_all(
    engine: Engine, place: Place, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = search(engine, place, query="a red square", k=3)
    ranks = [rank_of(engine, before, i) for i in images.ids]
    with_index(monkeypatch, engine, images, missed=range(20))
    found = search(engine, place, query="a red square", k=3)
    assert [rank_of(engine, found, i) for i in images.ids] == ranks


def test_scores_of_a_sample_are_those_of_the_same_rows_each_time(
    engine: Engine, images: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_size, "SAMPLE", 10)
    query = SlowIndex(images.image_embeddings).unit[4]
    found = at_size.sampled_scores(engine, images, query)
    every = {round(float(s), 5) for s in SlowIndex(images.image_embeddings).unit @ query}
    assert len(found) == 10 and {round(float(s), 5) for s in found} <= every
    assert np.array_equal(at_size.sampled_scores(Engine(), images, query), found)


# --- command and job --------------------------------------------------------------------------------------


def test_the_command_checks_exactly(
    engine: Engine,
    place: Place,
    images: EmbeddingSet,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with_index(monkeypatch, engine, images)
    line = ["search", "a red square", "--model", GOOD, "--data", place.dataset.name, "--json", "-"]
    assert cli.main(line) == 0 and not read_out(capsys)["results"][0]["index"]["checked"]
    assert cli.main([*line, "--exact"]) == 0
    found = read_out(capsys)["results"][0]
    assert found["index"]["checked"] and found["index"]["right"] == 10 and found["notes"][0]["code"] == "checked"


def test_embedding_rows_that_changed_lines_up_a_new_index(
    engine: Engine, place: Place, images: EmbeddingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = list[Place]()
    monkeypatch.setattr(start, "index", lambda jobs, at: begun.append(at))
    monkeypatch.setattr("core.studies.pictures.indexing.faiss_is_here", lambda: True)
    params = dict(zip(("model", "dataset", "split"), place.names, strict=True))
    tasks.embed(engine, params, lambda done, total: None)
    with_index(monkeypatch, engine, images)
    tasks.embed(engine, params, lambda done, total: None)
    assert begun == []
    (tmp_path / "squares" / "red" / "0.png").unlink()
    tasks.embed(Engine(), params, lambda done, total: None)
    assert [at.names for at in begun] == [place.names]
