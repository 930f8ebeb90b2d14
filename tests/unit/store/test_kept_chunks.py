"""An entry whose vectors are too many to be copied keeps its chunks, and answers as one with a single file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import Damaged
from core.store import Store
from core.store.manifest import entry_folder
from core.store.shards import ShardRows
from core.store.verify import verify
from core.types import EmbeddingKey
from tests.fakes import fake_dataset
from tests.unit.embedding.test_embed import Kit

N, BROKEN = 150, (0, 3, 64, 65, 149)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Kit, EmbeddingKey, np.ndarray]:
    """The world, the key of an entry of three chunks, and its vectors in one array."""
    whole = Kit(tmp_path / "one").vectors(fake_dataset(N, broken=BROKEN))
    monkeypatch.setattr("core.store.finish.KEEP_CHUNKS_FROM", 0)
    kit = Kit(tmp_path / "many")
    return kit, kit.embed(fake_dataset(N, broken=BROKEN)).key, whole


def test_its_rows_are_those_of_one_array(kept: tuple[Kit, EmbeddingKey, np.ndarray]) -> None:
    kit, key, whole = kept
    rows, n = kit.store.load(key).image_embeddings, len(whole)
    assert isinstance(rows, ShardRows) and rows.shape == whole.shape and rows.dtype == whole.dtype
    assert sorted(path.name for path in entry_folder(kit.root, key).iterdir()) == [
        "classes.parquet",
        "images",
        "manifest.json",
        "rows.parquet",
    ]
    asked = (
        slice(None),
        slice(0, 0),
        slice(5, 140, 7),
        slice(None, None, -1),
        slice(60, 70),
        slice(-3, None),
        0,
        n - 1,
        -1,
        np.int64(63),
        [4, 2, 2, n - 1],
        np.arange(n)[::-1],
        np.zeros(0, np.int64),
        np.arange(n) % 3 == 0,
        np.array([[1, 2], [70, 3]]),
        (slice(2, 9), slice(0, 3)),
        (slice(None), 1),
    )
    for index in asked:
        np.testing.assert_array_equal(rows[index], whole[index])
    np.testing.assert_array_equal(np.asarray(rows), whole)
    np.testing.assert_allclose(rows @ whole.T, whole @ whole.T, atol=1e-4)
    for wrong in (n, -n - 1, [0, n]):
        with pytest.raises(IndexError):
            rows[wrong]


def test_a_damaged_chunk_is_noticed_when_it_is_read_and_mended_alone(
    kept: tuple[Kit, EmbeddingKey, np.ndarray],
) -> None:
    kit, key, whole = kept
    path = entry_folder(kit.root, key) / "images/000001.chunk"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    rows = Store(kit.root).load(key).image_embeddings
    np.testing.assert_array_equal(rows[:60], whole[:60])
    with pytest.raises(Damaged, match=r"000001.chunk is damaged"):
        rows[60:70]
    report = verify(kit.store)
    assert "images/000001.chunk damaged" in report.damaged[0] and "2 of 3 chunks are good" in report.mended[0]
    again = kit.embed(fake_dataset(N, broken=BROKEN))
    assert again.reused == N - 64
    np.testing.assert_array_equal(np.asarray(kit.store.load(key).image_embeddings), whole)
    assert verify(kit.store).damaged == ()


@pytest.mark.parametrize("name", ["images/000002.chunk", "images/plan.json", "rows.parquet"])
def test_a_missing_file_is_noticed_at_once(kept: tuple[Kit, EmbeddingKey, np.ndarray], name: str) -> None:
    kit, key, whole = kept
    (entry_folder(kit.root, key) / name).unlink()
    assert not kit.store.is_whole(key)
    with pytest.raises(Damaged, match="damaged"):
        kit.store.load(key)
    np.testing.assert_array_equal(kit.vectors(fake_dataset(N, broken=BROKEN)), whole)


def test_killed_between_the_chunks_and_the_manifest_nothing_is_computed_again(
    kept: tuple[Kit, EmbeddingKey, np.ndarray],
) -> None:
    kit, key, whole = kept
    folder = entry_folder(kit.root, key)
    (folder / "manifest.json").unlink()
    report = kit.embed(fake_dataset(N, broken=BROKEN))
    assert report.reused == N
    np.testing.assert_array_equal(np.asarray(kit.store.load(key).image_embeddings), whole)
