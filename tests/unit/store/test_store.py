"""Stored image vectors: finding, loading, listing, removing; what a stale or damaged entry does."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.embedding.run import embed
from core.errors import Damaged, NotHere, TMVError
from core.store import Chunk, ChunkPlan, KeyParts, Store, TextStore, read_card, write_card
from core.store.manifest import entry_folder
from core.store.rows import Rows, kept_rows, read_rows, write_rows
from core.store.verify import verify
from core.types import Dataset, EmbeddingKey, ModelCard, Note, Skipped
from tests.fakes import FakeEncoder, fake_dataset

ROOT = Path(__file__).parents[3]


def stored(
    root: Path,
    digest: str = "pictures",
    *,
    encoder: FakeEncoder | None = None,
    n: int = 20,
    kind: str = "classification",
    broken: tuple[int, ...] = (3,),
) -> EmbeddingKey:
    """One complete entry of fakes."""
    data = fake_dataset(n, kind, broken=broken)
    return embed(encoder or FakeEncoder(), data, Store(root), TextStore(root), memo_dir=root, data_digest=digest).key


def expected_vectors(data: Dataset, rows: list[int]) -> np.ndarray:
    """One picture at a time, by the fake's own arithmetic."""
    from core.images.decode import to_rgb

    encoder = FakeEncoder()
    return np.concatenate(
        [encoder.encode_images(encoder.preprocess(to_rgb(data.pictures.read(r)))[None]) for r in rows]
    )


def test_an_entry_holds_the_vectors_and_rows_of_every_good_picture(tmp_path: Path) -> None:
    data = fake_dataset(20, broken=(3, 7))
    key = stored(tmp_path, broken=(3, 7))
    found = Store(tmp_path).load(key)
    good = [i for i in range(20) if i not in (3, 7)]
    np.testing.assert_allclose(found.image_embeddings, expected_vectors(data, good), rtol=1e-5, atol=1e-5)
    assert found.ids == tuple(data.ids[i] for i in good)
    assert data.labels is not None and found.labels is not None
    assert found.labels.tolist() == data.labels[good].tolist()
    assert found.classnames == data.classnames and found.raw_classnames == data.raw_classnames
    assert [s.id for s in found.skipped] == [data.ids[3], data.ids[7]] and all(s.reason for s in found.skipped)
    assert found.logit_scale == 50.0 and found.provenance.skipped == 2 and found.provenance.data_digest == "pictures"
    assert found.provenance.preprocessing["size"] == 16 and found.provenance.versions == {"fake": "1"}


def test_captions_of_a_skipped_picture_go_with_it_and_the_others_follow_their_pictures(tmp_path: Path) -> None:
    data = fake_dataset(6, "captions", broken=(2,))
    found = Store(tmp_path).load(stored(tmp_path, n=6, kind="captions", broken=(2,)))
    pairs = {(data.ids[i // 2], caption) for i, caption in enumerate(data.captions) if i // 2 != 2}
    assert found.image_index is not None and found.text_embeddings is not None
    assert {(found.ids[i], c) for i, c in zip(found.image_index, found.captions, strict=True)} == pairs
    assert np.array_equal(found.text_embeddings, FakeEncoder().encode_texts(found.captions))
    assert "2 captions belong to skipped images and are left out." in found.provenance.notes


def test_vectors_are_memory_mapped_and_read_only(tmp_path: Path) -> None:
    found = Store(tmp_path).load(stored(tmp_path, kind="captions"))
    for array in (found.image_embeddings, found.text_embeddings):
        assert isinstance(array, np.memmap) and array.mode == "r"
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


def test_an_entry_is_found_only_by_the_parts_that_made_it(tmp_path: Path) -> None:
    store, encoder = Store(tmp_path), FakeEncoder()
    key = stored(tmp_path, encoder=encoder)
    where, digest = ("fake/colours", "fake-colours", "test"), encoder.card.model_digest
    assert store.find(*where) == store.find(*where, digest) == store.find(*where, digest, "pictures") == key
    assert store.find(*where, None, "pictures") == store.find(*where, fingerprint=key.fingerprint) == key
    assert store.find(*where, digest, "other images") is None
    assert store.find(*where, "other weights", "pictures") is None
    assert store.find(*where, "", None) is None
    assert store.find("fake/other", "fake-colours", "test") is None
    assert store.find("fake/colours", "fake", "colours-test") is None  # the same folder, another name
    assert store.find("fake/colours", "fake-colours", "train") is None


def test_every_part_changes_the_fingerprint() -> None:
    changes: tuple[tuple[str, Any], ...] = (
        ("size", 32),
        ("mean", (0, 0, 0)),
        ("std", (1, 1, 1)),
        ("version", 2),
        ("interpolation", "bilinear"),
        ("resize_mode", "longest"),
    )
    card = FakeEncoder().card
    parts = [
        KeyParts.of(card, "a"),
        KeyParts.of(card, "b"),
        KeyParts.of(replace(card, name="fake/b"), "a"),
        KeyParts.of(replace(card, model_digest="b"), "a"),
        KeyParts.of(replace(card, precision="float16"), "a"),
        *(
            KeyParts.of(replace(card, preprocessing=replace(card.preprocessing, **{name: value})), "a")
            for name, value in changes
        ),
    ]
    assert len({p.fingerprint for p in parts}) == len(parts)
    assert KeyParts.of(replace(card, device="cuda"), "a").fingerprint == parts[0].fingerprint


def test_the_newest_of_several_entries_wins(tmp_path: Path) -> None:
    first, second = stored(tmp_path, "old"), stored(tmp_path, "new")
    store = Store(tmp_path)
    where = ("fake/colours", "fake-colours", "test")
    assert first != second and store.find(*where) == second and store.find(*where, None, "old") == first


def test_changed_pictures_weights_or_transform_never_meet_a_stale_vector(tmp_path: Path) -> None:
    texts, memo = TextStore(tmp_path), tmp_path / "digests"
    store, seen = Store(tmp_path), []
    for seed, weights in ((0, "a"), (1, "a"), (1, "b"), (0, "a")):
        encoder = FakeEncoder(digest=weights)
        report = embed(encoder, fake_dataset(8, seed=seed), store, texts, memo_dir=memo)
        seen.append((report.key.fingerprint, report.reused))
        np.testing.assert_allclose(
            store.load(report.key).image_embeddings,
            expected_vectors(fake_dataset(8, seed=seed), list(range(8))),
            rtol=1e-5,
            atol=1e-5,
        )
    assert len({fingerprint for fingerprint, _ in seen}) == 3
    assert [reused for _, reused in seen] == [0, 0, 0, 8]


def test_a_copied_folder_serves_without_models_and_pictures(tmp_path: Path) -> None:
    key = stored(tmp_path / "here", kind="captions")
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    before, after = Store(tmp_path / "here").load(key), Store(tmp_path / "there")
    shutil.rmtree(tmp_path / "here")
    found = after.find("fake/colours", "fake-colours", "test")
    assert found == key
    assert np.array_equal(after.load(key).image_embeddings, before.image_embeddings)
    assert verify(after).damaged == ()


def test_a_read_only_folder_can_be_read() -> None:
    # In a process without rights: whoever runs the tests may be root, whom no mode stops.
    code = (
        "import os, sys; from pathlib import Path; from core.store import Store, TextStore\n"
        "Store(Path(sys.argv[1])).load(Store(Path(sys.argv[1])).entries()[0].key)  # imports what it needs\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "root = Path(sys.argv[1]); entry = Store(root).entries()[0]; found = Store(root).load(entry.key)\n"
        "texts = TextStore(root).get(found.provenance.model_digest, found.captions)[1]\n"
        "try: (root / 'x').touch()\n"
        "except PermissionError: print(entry.complete, len(found), texts.all())\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        stored(Path(folder), kind="captions")
        for path in [Path(folder), *Path(folder).rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        run = subprocess.run([sys.executable, "-B", "-c", code, folder], cwd=ROOT, capture_output=True, text=True)
        for path in [Path(folder), *Path(folder).rglob("*")]:
            path.chmod(0o755)
    assert run.stdout.strip() == "True 19 True", run.stderr


def test_entries_tell_complete_ones_from_interrupted_ones(tmp_path: Path) -> None:
    key, store = stored(tmp_path), Store(tmp_path)
    plan = ChunkPlan(
        parts=KeyParts.of(FakeEncoder().card, "other"),
        dataset="fake-colours",
        split="test",
        n=100,
        chunk_rows=30,
        batch_rows=10,
    )
    run = store.open_run(plan)
    run.write(1, Chunk(vectors=np.ones((30, 4), np.float32)))
    by_state = {e.complete: e for e in store.entries()}
    whole, part = by_state[True], by_state[False]
    assert (whole.key, whole.n, whole.d, whole.skipped, whole.done) == (key, 19, 32, 1, 20)
    assert whole.bytes == sum(
        p.stat().st_size for p in entry_folder(tmp_path, key).iterdir() if p.name != "manifest.json"
    )
    assert (part.key, part.n, part.done, part.running) == (plan.parts.key("fake-colours", "test"), 100, 30, False)
    lock = store.lock(part.key)
    assert lock.try_hold()
    assert [e.running for e in store.entries() if not e.complete] == [True]
    lock.release()
    assert store.find("fake/colours", "fake-colours", "test", None, "other") is None
    with pytest.raises(NotHere, match="not stored here"):
        store.load(part.key)


def test_an_entry_can_be_removed_but_not_while_it_is_made(tmp_path: Path) -> None:
    key, store = stored(tmp_path), Store(tmp_path)
    lock = store.lock(key)
    assert lock.try_hold()
    with pytest.raises(TMVError, match="being computed; cancel"):
        store.remove(key)
    lock.release()
    store.remove(key)
    assert store.entries() == () and store.find("fake/colours", "fake-colours", "test") is None
    assert list((tmp_path / "embeddings").iterdir()) == []
    store.remove(key)


@pytest.mark.parametrize("fingerprint", ["", "../../../../x", "0" * 15, "0" * 17, "g" * 16, "A" * 16])
def test_a_key_from_outside_cannot_name_another_folder(tmp_path: Path, fingerprint: str) -> None:
    with pytest.raises(TMVError, match="16 hex digits"):
        Store(tmp_path).load(EmbeddingKey(model="a", dataset="b", split="c", fingerprint=fingerprint))


@pytest.mark.parametrize("name", ["images.npy", "texts.npy", "rows.parquet", "captions.parquet"])
@pytest.mark.parametrize("how", ["cut", "gone", "longer"])
def test_missing_or_cut_files_are_noticed_on_loading(tmp_path: Path, name: str, how: str) -> None:
    key, store = stored(tmp_path, kind="captions"), Store(tmp_path)
    path = entry_folder(tmp_path, key) / name
    content = path.read_bytes()
    path.unlink()
    if how != "gone":
        path.write_bytes(content[:-5] if how == "cut" else content + b"x")
    assert not store.is_whole(key)
    with pytest.raises(Damaged, match="verify"):
        store.load(key)


def test_a_damaged_header_or_table_of_the_right_size_is_a_clear_error(tmp_path: Path) -> None:
    key, store = stored(tmp_path), Store(tmp_path)
    folder = entry_folder(tmp_path, key)
    for name, old, new in (("images.npy", b"(19, 32)", b"(32, 19)"), ("rows.parquet", b"PAR1", b"XXXX")):
        content = (folder / name).read_bytes()
        assert old in content
        (folder / name).write_bytes(content.replace(old, new))
        with pytest.raises(Damaged, match="verify"):
            store.load(key)
        (folder / name).write_bytes(content)
    store.load(key)


def test_a_pickled_array_is_refused(tmp_path: Path) -> None:
    key, store = stored(tmp_path), Store(tmp_path)
    path = entry_folder(tmp_path, key) / "images.npy"
    size = path.stat().st_size
    np.save(path, np.array([Bomb()], object), allow_pickle=True)
    content = path.read_bytes()
    path.write_bytes(content + bytes(size - len(content)))
    with pytest.raises(Damaged):
        store.load(key)
    assert Bomb.exploded == 0


class Bomb:
    """Counts how often it was unpickled."""

    exploded = 0

    def __reduce__(self) -> tuple[object, tuple[()]]:
        return _explode, ()


def _explode() -> None:
    Bomb.exploded += 1


def test_the_manifest_is_read_once_and_again_when_it_changed(tmp_path: Path) -> None:
    key, store = stored(tmp_path), Store(tmp_path)
    assert store.manifest(key) is store.manifest(key)
    before = store.manifest(key)
    embed(
        FakeEncoder(),
        fake_dataset(20, broken=(3,)),
        Store(tmp_path),
        TextStore(tmp_path),
        memo_dir=tmp_path,
        data_digest="pictures",
        reuse=False,
    )
    assert store.manifest(key) is not before and store.manifest(key).date > before.date


def test_a_hundred_thousand_rows_are_cheap(tmp_path: Path) -> None:
    # Time is not asserted; size is: about ten bytes a row, where JSON or pickle take several times that.
    n = 100_000
    rows = Rows(
        ids=tuple(f"class_{i % 1000:04d}/image_{i:08d}.jpg" for i in range(n)),
        labels=np.arange(n) % 1000,
        classnames=tuple(f"class {i}" for i in range(1000)),
    )
    start = time.perf_counter()
    write_rows(tmp_path, rows)
    found = read_rows(tmp_path, rows.files())
    print(f"{n} rows written and read in {time.perf_counter() - start:.2f} s")
    assert found.ids == rows.ids and found.labels is not None and rows.labels is not None
    assert np.array_equal(found.labels, rows.labels)
    assert (tmp_path / "rows.parquet").stat().st_size < 12 * n


def test_rows_keep_names_that_are_no_valid_unicode_and_odd_captions(tmp_path: Path) -> None:
    rows = Rows(
        ids=("ok.png", "bad-\udcff.png", "line\nbreak", ""),
        labels=None,
        classnames=("a", "b"),
        raw_classnames=("A", "B"),
        captions=("", "é" * 3000, "nul\0byte"),
        image_index=np.array([0, 1, 3], np.int64),
    )
    write_rows(tmp_path, rows)
    found = read_rows(tmp_path, rows.files())
    assert (found.ids, found.labels, found.captions) == (rows.ids, None, rows.captions)
    assert found.image_index is not None and found.image_index.tolist() == [0, 1, 3]
    assert (found.classnames, found.raw_classnames) == (("a", "b"), ("A", "B"))


def test_kept_rows_worked_by_hand() -> None:
    # Pictures 0 1 2 3, the second one skipped; captions point to 3 1 0 1 2.
    data = replace(
        fake_dataset(4, "captions"), captions=("d", "b1", "a", "b2", "c"), image_index=np.array([3, 1, 0, 1, 2])
    )
    kept = kept_rows(data, {1})
    assert kept.ids == (data.ids[0], data.ids[2], data.ids[3])
    assert kept.captions == ("d", "a", "c")
    assert kept.image_index is not None and kept.image_index.tolist() == [2, 0, 1]


def test_a_card_comes_back_as_it_was(tmp_path: Path) -> None:
    card = replace(
        FakeEncoder().card, weights=({"path": "a.bin", "size": 3, "mtime_ns": 10**18},), notes=(Note("n", "x"),)
    )
    assert read_card(tmp_path, card.name) is None
    write_card(tmp_path, card)
    assert read_card(tmp_path, card.name) == card
    assert isinstance(read_card(tmp_path, card.name), ModelCard)
    path = tmp_path / "models" / "fake%2Fcolours.json"
    path.write_text(path.read_text().replace("50.0", "51.0"))
    assert read_card(tmp_path, card.name) is None
    write_card(tmp_path, card)
    assert read_card(tmp_path, card.name) == card
    shutil.copy(path, tmp_path / "models" / "fake%2Fother.json")
    assert read_card(tmp_path, "fake/other") is None


def test_skipped_rows_are_plain_data(tmp_path: Path) -> None:
    found = Store(tmp_path).load(stored(tmp_path))
    assert found.skipped == (Skipped(id="white/00003.png", reason=found.skipped[0].reason),)
