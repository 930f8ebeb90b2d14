"""The index itself, built by faiss: what it nominates, and whether the recall beside the lists is the true one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("faiss")

from core.commands import cli
from core.engine import Engine
from core.errors import Cancelled, Damaged
from core.stats.gallery import Gallery
from core.stats.metrics import normalise
from core.store.faiss_index import FaissIndex, lists_of, probed_of
from core.studies.pictures import at_size, indexing
from core.studies.pictures.study import search
from core.types import EmbeddingSet, FloatArray
from core.work import tasks
from tests.unit.studies.pictures.test_pictures import embedding_set
from tests.worlds import GOOD, paint, point, squares, told

N, D = 20_000, 32


@pytest.fixture(scope="module")
def vectors() -> FloatArray:
    """Clusters, with three hundred equal rows."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(60, D))
    made = (centres[rng.integers(0, 60, N)] + 0.6 * rng.normal(size=(N, D))) * rng.uniform(0.3, 5, size=(N, 1))
    made[100:400] = made[50]
    return made.astype(np.float32)


@pytest.fixture(scope="module")
def prompts(vectors: FloatArray) -> FloatArray:
    """As far from the clusters as texts are from images; the first is one of the equal rows."""
    rng = np.random.default_rng(4)
    near = normalise(vectors[rng.integers(0, N, 80)]) + 1.2 / np.sqrt(D) * rng.normal(size=(80, D))
    near[0] = vectors[50]
    return normalise(near.astype(np.float32))


def filled(vectors: FloatArray) -> FaissIndex:
    images = embedding_set(vectors)
    index = indexing._learned(images, lambda done, total: None)
    indexing._fill(index, images, lambda done, total: None)
    return index


def slowly(vectors: FloatArray, query: FloatArray) -> list[int]:
    gallery = Gallery.of(vectors)
    scores = gallery.exact(np.arange(len(vectors)), query)
    return sorted(range(len(scores)), key=lambda row: -scores[row])


def test_an_index_that_looks_everywhere_gives_the_exact_list(vectors: FloatArray, prompts: FloatArray) -> None:
    index = filled(vectors)
    index._index.nprobe = lists_of(N)
    lab = lab_of(vectors)
    lab.memory.galleries.get(("index", "f", "x"), lambda: index)
    record: Any = SimpleNamespace(key=SimpleNamespace(fingerprint="f"), file=SimpleNamespace(sha256="x"))
    for query in prompts[1:12]:
        found, _ = at_size.listed(lab, embedding_set(vectors), record, query, 10)
        assert found.rows.tolist() == slowly(vectors, query)[:10]
    tied, _ = at_size.listed(lab, embedding_set(vectors), record, prompts[0], 100)
    assert set(tied.rows) <= {50, *range(100, 400)} and sorted(tied.rows) == tied.rows.tolist()
    exact, use = at_size.listed(lab, embedding_set(vectors), record, prompts[0], 100, exact=True)
    assert exact.rows.tolist() == [50, *range(100, 199)] and use.checked


def lab_of(vectors: FloatArray, **more: Any) -> Any:
    from core.system.memo import Memory

    return SimpleNamespace(memory=Memory(), **more)


def test_the_recall_is_that_of_a_plain_loop(vectors: FloatArray, prompts: FloatArray) -> None:
    index, images = filled(vectors), embedding_set(vectors)
    index._index.nprobe = 2  # so that it misses some
    found = indexing.measure(index, images, prompts)
    gallery = Gallery.of(vectors)
    for recall in found:
        shares = []
        for query in prompts:
            rows = index.nominate(query, at_size.candidates(recall.k))
            scores = gallery.exact(rows, query)
            mine = {rows[i] for i in sorted(range(len(rows)), key=lambda i: (-scores[i], rows[i]))[: recall.k]}
            shares.append(len(mine & set(slowly(vectors, query)[: recall.k])) / recall.k)
        assert recall.value == pytest.approx(np.mean(shares)) and 0.2 < recall.value < 1
        assert 0 < recall.at_least < recall.value
    assert [r.k for r in found] == [10, 100]


def test_the_same_vectors_give_the_same_index(vectors: FloatArray, prompts: FloatArray) -> None:
    one, other = filled(vectors), filled(vectors)
    assert all(np.array_equal(one.nominate(q, 240), other.nominate(q, 240)) for q in prompts)
    assert (lists_of(N), probed_of(lists_of(N))) == (500, 32)
    assert lists_of(3) == 1 and probed_of(1) == 1 and probed_of(lists_of(100_000_000)) == 512


def test_it_is_read_from_disk_as_it_was_written(vectors: FloatArray, prompts: FloatArray, tmp_path: Path) -> None:
    index = filled(vectors)
    index.write(tmp_path / "index")
    opened = FaissIndex.opened(tmp_path / "index", 32)
    assert all(np.array_equal(opened.nominate(q, 240), index.nominate(q, 240)) for q in prompts)
    (tmp_path / "index").write_bytes(b"something else")
    with pytest.raises(Damaged):
        FaissIndex.opened(tmp_path / "index", 32)


# --- through the engine -----------------------------------------------------------------------------------


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    monkeypatch.setenv(at_size.SCAN_SECONDS, "0")
    return Engine()


@pytest.mark.parametrize("name", [squares, told])
def test_build_search_damage_and_build_again(
    name: Any, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = engine.place(GOOD, name(tmp_path))
    engine.vectors.ensure(place)
    assert [n.code for n in search(engine, place, query="a red square").notes][-1] == at_size.NO_INDEX
    line = ["index", "--model", GOOD, "--data", place.dataset.name]
    assert cli.main(line) == 0 and "recall@10" in capsys.readouterr().out
    found = search(engine, place, query="a red square", k=5)
    assert found.index is not None and found.notes[-1].code == at_size.BY_INDEX
    assert search(engine, place, query="a red square", k=5, exact=True).hits == found.hits
    made = found.index.index
    assert cli.main(line) == 0 and engine.store.indexes.find(made.key) == made  # it is whole, so it stays
    engine.store.indexes.file(made.key).write_bytes(b"")
    assert search(engine, place, query="a red square", k=5).hits == found.hits
    params = dict(zip(("model", "dataset", "split"), place.names, strict=True))
    tasks.TASKS["index"](engine, params, lambda done, total: None)
    again = search(engine, place, query="a red square", k=5)
    assert (
        again.index is not None and again.hits == found.hits and not engine.store.indexes.problem(made.key.fingerprint)
    )


def test_prompts_are_own_texts_first_and_those_of_the_set_where_they_are_few(engine: Engine, tmp_path: Path) -> None:
    place = engine.place(GOOD, squares(tmp_path))
    images = engine.vectors.ensure(place)
    assert (few := indexing.prompts_of(engine, images)).own < indexing.FEWEST and len(few.vectors) > few.own
    engine.encoding.encode_texts(GOOD, [f"text {i}" for i in range(700)])
    many = indexing.prompts_of(engine, images)
    assert (many.own, many.vectors.shape) == (500, (500, images.image_embeddings.shape[1]))
    np.testing.assert_array_equal(many.vectors, indexing.prompts_of(engine, images).vectors)
    np.testing.assert_allclose(np.linalg.norm(many.vectors, axis=1), 1, atol=1e-5)


def test_without_any_text_it_says_what_to_do(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = engine.place(GOOD, squares(tmp_path))
    images: EmbeddingSet = engine.vectors.ensure(place)
    monkeypatch.setattr(indexing, "_of_the_set", lambda lab, images: np.empty((0, 3), np.float32))
    monkeypatch.setattr(type(engine.encoding.texts), "everything", lambda self, digest: ((), np.empty((0, 0))))
    with pytest.raises(Exception, match="search it"):
        indexing.prompts_of(engine, images)


def test_a_build_that_is_stopped_leaves_no_index(engine: Engine, tmp_path: Path) -> None:
    place = engine.place(GOOD, squares(tmp_path))
    images = engine.vectors.ensure(place)
    for most in range(1, 7):

        def stop(done: int, total: int, most: int = most) -> None:
            if done >= 1000 * (most - 1):
                raise Cancelled("stopped")

        with pytest.raises(Cancelled):
            indexing.build_index(engine, place, stop)
        assert engine.store.indexes.find(images.key) is None or most == 6
    assert not engine.store.indexes.folder.exists() or not list(engine.store.indexes.folder.glob("draft-*"))


def test_searching_few_vectors_does_not_load_it(tmp_path: Path) -> None:
    code = "import sys, core.engine, core.studies.pictures.study, core.work.tasks; print('faiss' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
