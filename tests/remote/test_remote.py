"""The same rows, vectors and figures as from the disk, one range for each picture, and no wrong answer when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core import Engine, ZeroShot
from core.errors import BadImage, NotHere, TMVError
from core.readers import open_dataset, remote_drawing, remote_outline
from core.types import Dataset
from tests.remote.conftest import CLASSES, Bucket, N
from tests.remote.servers import Server

ROOT = Path(__file__).parents[2]
MODEL = "demo-rn/demo"


def alike(there: Dataset, here: Dataset) -> None:
    assert there.ids == here.ids
    assert there.split == here.split
    assert there.classnames == here.classnames and there.raw_classnames == here.raw_classnames
    assert there.captions == here.captions
    for one, other in ((there.labels, here.labels), (there.image_index, here.image_index)):
        assert (one is None and other is None) or np.array_equal(one, other)  # type: ignore[arg-type]
    assert [note.code for note in there.notes] == [note.code for note in here.notes]
    assert [there.pictures.read(i) for i in range(len(there))] == [here.pictures.read(i) for i in range(len(here))]


def measured(engine: Engine, name: str) -> tuple[bytes, float, str]:
    study = ZeroShot.at(engine, MODEL, name)
    images = engine.vectors.ensure(study.place)
    result = engine.run(study)
    return np.asarray(images.image_embeddings).tobytes(), result.acc1, result.provenance.data_digest


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "cache", tmp_path / "data")


# --- as on the disk -----------------------------------------------------------------------------------------


def test_shards_in_a_bucket_are_those_on_the_disk(bucket: Bucket, shards: Path, engine: Engine) -> None:
    bucket.put_folder(shards, "sets/shapes")
    name = "wds:s3://pictures/sets/shapes"
    alike(engine.data.rows(name), engine.data.rows("wds:shapes"))
    assert engine.data.own_templates(name) == ("a drawing of a {}.",)
    assert measured(engine, name) == measured(engine, "wds:shapes")


def test_folders_in_a_bucket_are_those_on_the_disk(bucket: Bucket, folders: Path, engine: Engine) -> None:
    bucket.put_folder(folders, "sets/apart")
    name = "folder:s3://pictures/sets/apart/"
    for split in ("train", "test"):
        alike(engine.data.rows(name, split), engine.data.rows("folder:apart", split))
    assert measured(engine, name) == measured(engine, "folder:apart")
    assert {entry.key.dataset for entry in engine.store.entries()} == {
        "folder:s3://pictures/sets/apart",
        "folder:apart",
    }


def test_a_table_of_labels_in_a_bucket(bucket: Bucket, tmp_path: Path, pictures: list[bytes]) -> None:
    folder = tmp_path / "data" / "table"
    folder.mkdir(parents=True)
    for i in range(6):
        (folder / f"{i}.png").write_bytes(pictures[i])
    (folder / "labels.csv").write_text("image,labels\n" + "".join(f"{i}.png,{CLASSES[i % 2]}\n" for i in range(6)))
    bucket.put_folder(folder, "table")
    there = open_dataset("folder:s3://pictures/table", None, tmp_path / "data", tmp_path / "cache")
    alike(there, open_dataset("folder:table", None, tmp_path / "data", tmp_path / "cache"))


def test_shards_on_a_web_server_are_those_on_the_disk(
    web: Server, serve: Callable[[Path], str], shards: Path, engine: Engine
) -> None:
    name = serve(shards)
    alike(engine.data.rows(name), engine.data.rows("wds:shapes"))
    assert measured(engine, name) == measured(engine, "wds:shapes")


@pytest.mark.parametrize("pattern", ["x-{000..001}.tar", "x-00[01].tar", "x-000.tar"])
def test_a_pattern_names_the_same_shards(bucket: Bucket, shards: Path, engine: Engine, pattern: str) -> None:
    bucket.put_folder(shards, "sets/shapes")
    alike(engine.data.rows(f"wds:s3://pictures/sets/shapes/{pattern}"), engine.data.rows(f"wds:shapes/{pattern}"))


def test_a_missing_shard_is_told_as_on_the_disk(
    web: Server, serve: Callable[[Path], str], shards: Path, engine: Engine
) -> None:
    name = serve(shards)
    del web.files["/sets/shapes/x-001.tar"]
    (shards / "x-001.tar").unlink()
    there, here = engine.data.rows(name), engine.data.rows("wds:shapes/x-{000..002}.tar")
    alike(there, here)
    assert "shards_missing" in [note.code for note in there.notes]


@pytest.mark.parametrize("keep", [100, 5000, 12_345])
def test_a_shard_that_is_cut_off_is_refused_as_on_the_disk(
    bucket: Bucket, shards: Path, engine: Engine, keep: int
) -> None:
    file = shards / "x-001.tar"
    file.write_bytes(file.read_bytes()[:keep])
    bucket.put_folder(shards, "sets/shapes")
    with pytest.raises(TMVError) as here:
        engine.data.rows("wds:shapes")
    with pytest.raises(TMVError) as there:
        engine.data.rows("wds:s3://pictures/sets/shapes")
    assert str(there.value) == str(here.value).replace(str(shards), "s3://pictures/sets/shapes")


def test_just_what_is_allowed_is_enough(
    bucket: Bucket, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put_folder(shards, "sets/shapes")
    bucket.put("sets/classnames.txt", b"wrong\nnames\n")
    monkeypatch.setenv("TMV_REMOTE", "s3://pictures/sets/shapes")
    for name in ("wds:s3://pictures/sets/shapes", "wds:s3://pictures/sets/shapes/x-{000..001}.tar"):
        assert open_dataset(name, None, tmp_path, tmp_path / "cache").classnames == CLASSES
    assert not [path for _, path, _ in bucket.server.log if path.startswith("/pictures/sets/") and "shapes" not in path]
    monkeypatch.setenv("TMV_REMOTE", "s3://pictures/sets/shapes/x-000.tar")
    assert len(open_dataset("wds:s3://pictures/sets/shapes/x-000.tar", None, tmp_path, tmp_path / "cache")) == 8
    remote_outline._SEEN.clear()
    for name in ("wds:s3://pictures/sets/shapes", "wds:s3://pictures/sets/shapes/x-{000..001}.tar"):
        with pytest.raises(TMVError, match="TMV_REMOTE"):
            open_dataset(name, None, tmp_path, tmp_path / "cache")


# --- how often is asked -------------------------------------------------------------------------------------


def test_one_range_for_each_picture_and_none_for_a_second_listing(bucket: Bucket, shards: Path, tmp_path: Path) -> None:
    bucket.put_folder(shards, "sets/shapes")
    name = "wds:s3://pictures/sets/shapes"
    rows = open_dataset(name, None, tmp_path / "data", tmp_path / "cache")
    bucket.server.log.clear()
    assert open_dataset(name, None, tmp_path / "data", tmp_path / "cache") is rows
    assert len({rows.pictures.stamp(i) for i in range(N)}) == N
    assert not bucket.server.log
    for i in range(N):
        rows.pictures.read(i)
    spans = [span for _, _, span in bucket.server.gets()]
    assert len(spans) == N == len(set(bucket.server.log)) and all(spans)


def test_another_process_lists_and_looks_into_no_shard_again(bucket: Bucket, shards: Path, tmp_path: Path) -> None:
    bucket.put_folder(shards, "sets/shapes")
    name = "wds:s3://pictures/sets/shapes"
    before = open_dataset(name, None, tmp_path / "data", tmp_path / "cache")
    remote_outline._SEEN.clear()  # as another process begins
    bucket.server.log.clear()
    rows = open_dataset(name, None, tmp_path / "data", tmp_path / "cache")
    assert [path.partition("?")[0] for _, path, _ in bucket.server.log if "txt" not in path] == ["/pictures"]
    assert rows.ids == before.ids
    # One shard that is new is the only one looked at
    bucket.put("sets/shapes/x-002.tar", (shards / "x-001.tar").read_bytes())
    remote_outline._SEEN.clear()
    bucket.server.log.clear()
    open_dataset(name, None, tmp_path / "data", tmp_path / "cache")
    assert {path for _, path, _ in bucket.server.log if ".tar" in path} == {"/pictures/sets/shapes/x-002.tar"}


def test_large_images_are_skipped_when_a_shard_is_looked_through(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.data_files import tar

    members: dict[str, bytes | str] = {}
    for i in range(6):
        members |= {f"{i}.png": bytes([i + 1]) * 400_000, f"{i}.cls": str(i % 2)}
    file = tar(tmp_path / "large.tar", members)
    bucket.put("large.tar", file.read_bytes())
    monkeypatch.setattr(remote_drawing, "STEP", 20_000)
    monkeypatch.setattr(remote_drawing, "SHORT_STEP", 4_096)
    rows = open_dataset("wds:s3://pictures/large.tar", None, tmp_path, tmp_path / "cache")
    asked = [span.removeprefix("bytes=").split("-") for _, path, span in bucket.server.log if ".tar" in path and span]
    assert sum(int(last) - int(first) + 1 for first, last in asked) < file.stat().st_size / 10
    assert [rows.pictures.read(i)[:1] for i in range(6)] == [bytes([i + 1]) for i in range(6)]


# --- when it fails ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["cut", "500", "503", "slow"])
def test_what_may_pass_is_tried_again(bucket: Bucket, shards: Path, tmp_path: Path, fault: str) -> None:
    bucket.put_folder(shards, "sets/shapes")
    rows = open_dataset("wds:s3://pictures/sets/shapes", None, tmp_path, tmp_path / "cache")
    here = open_dataset(f"wds:{shards}", None, tmp_path, tmp_path / "cache")
    bucket.server.log.clear()
    bucket.server.misbehave(fault, fault, fault)
    assert rows.pictures.read(3) == here.pictures.read(3)
    assert len(bucket.server.gets()) == 4


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["cut", "500", "429", "slow"])
def test_a_web_server_is_asked_again_too(
    web: Server, serve: Callable[[Path], str], shards: Path, tmp_path: Path, fault: str
) -> None:
    rows = open_dataset(serve(shards), None, tmp_path, tmp_path / "cache")
    here = open_dataset(f"wds:{shards}", None, tmp_path, tmp_path / "cache")
    web.log.clear()
    web.misbehave(fault, fault, fault)
    assert rows.pictures.read(3) == here.pictures.read(3)
    assert len(web.log) == 4


def test_one_image_that_is_gone_is_a_broken_image(bucket: Bucket, folders: Path, engine: Engine) -> None:
    bucket.put_folder(folders, "sets/apart")
    name = "folder:s3://pictures/sets/apart"
    rows = engine.data.rows(name, "test")
    bucket.client.delete_object(Bucket="pictures", Key=f"sets/apart/test/{rows.ids[2]}")
    bucket.server.log.clear()
    with pytest.raises(BadImage):
        rows.pictures.read(2)
    assert len(bucket.server.log) == 1  # not tried again
    report = engine.vectors.embed(engine.place(MODEL, name, "test"))
    assert [skip.id for skip in engine.store.manifest(report.key).skipped] == [rows.ids[2]]


@pytest.mark.parametrize("fault", ["403", "500", "cut"])
def test_one_image_that_cannot_be_had_is_a_broken_image(
    bucket: Bucket, folders: Path, engine: Engine, fault: str
) -> None:
    bucket.put_folder(folders, "sets/apart")
    rows = engine.data.rows("folder:s3://pictures/sets/apart", "test")
    bucket.server.misbehave(fault, only=lambda path: path.endswith(".png"), lasting=True)
    bucket.server.log.clear()
    with pytest.raises(BadImage):
        rows.pictures.read(0)
    tries = [path for _, path, _ in bucket.server.log if path.endswith(".png")]
    assert len(tries) == (1 if fault == "403" else 4)


@pytest.mark.parametrize("fault", ["403", "500", "cut"])
def test_an_outage_stops_a_run_and_skips_no_image(bucket: Bucket, folders: Path, engine: Engine, fault: str) -> None:
    bucket.put_folder(folders, "sets/apart")
    name = "folder:s3://pictures/sets/apart"
    place = engine.place(MODEL, name, "test")
    engine.data.rows(name, "test")  # listed before it begins
    bucket.server.misbehave(fault, lasting=True)
    with pytest.raises(NotHere, match="s3://pictures/sets/apart"):
        engine.vectors.embed(place)
    bucket.server.misbehave()
    report = engine.vectors.embed(place)
    assert not engine.store.manifest(report.key).skipped


def test_an_image_that_changed_meanwhile_is_not_taken_for_the_listed_one(
    bucket: Bucket, folders: Path, engine: Engine, pictures: list[bytes]
) -> None:
    bucket.put_folder(folders, "sets/apart")
    name = "folder:s3://pictures/sets/apart"
    rows = engine.data.rows(name, "test")
    before = engine.data.digest(name, "test")
    content = bytes(rows.pictures.read(0))
    bucket.put(f"sets/apart/test/{rows.ids[0]}", content[:-1] + b"\0")
    with pytest.raises(NotHere, match="changed"):
        rows.pictures.read(0)
    assert engine.data.rows(name, "test").pictures.read(0) != content  # listed anew by itself
    assert engine.data.digest(name, "test") != before


@pytest.mark.parametrize("fault", ["403", "404", "500", "whole", "302"])
def test_a_shard_that_cannot_be_read_is_named(
    web: Server, serve: Callable[[Path], str], shards: Path, tmp_path: Path, fault: str
) -> None:
    name = serve(shards)
    web.misbehave(fault, lasting=True, only=lambda path: path.endswith(".tar"))
    with pytest.raises(NotHere, match=r"127\.0\.0\.1"):
        open_dataset(name, None, tmp_path, tmp_path / "cache")
    assert not any("elsewhere" in path for _, path, _ in web.log)


def test_a_bucket_that_is_not_there(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMV_REMOTE", "s3://nothing-here")
    with pytest.raises(NotHere, match="s3://nothing-here"):
        open_dataset("wds:s3://nothing-here/x", None, tmp_path, tmp_path / "cache")
    monkeypatch.setenv("TMV_REMOTE", "s3://pictures")
    with pytest.raises(NotHere, match="s3://pictures/empty"):
        open_dataset("folder:s3://pictures/empty", None, tmp_path, tmp_path / "cache")


def test_without_credentials_it_is_said_which(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(NotHere, match="AWS_ACCESS_KEY_ID"):
        open_dataset("wds:s3://pictures/x", None, tmp_path, tmp_path / "cache")


# --- through command and page -------------------------------------------------------------------------------


def command(tmp_path: Path, *args: str, **extra: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "TMV_CACHE": str(tmp_path / "cache"), "TMV_DATA": str(tmp_path / "data"), **extra}
    return subprocess.run(
        [sys.executable, "-m", "core", *args],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def test_the_command_measures_what_is_in_a_bucket(bucket: Bucket, shards: Path, tmp_path: Path) -> None:
    bucket.put_folder(shards, "sets/shapes")
    done = command(tmp_path, "classify", "--model", MODEL, "--data", "wds:s3://pictures/sets/shapes/")
    assert done.returncode == 0, done.stderr
    assert "s3://pictures/sets/shapes" in done.stdout
    assert "secret-of-the-test" not in done.stdout + done.stderr
    refused = command(
        tmp_path, "embed", "--model", MODEL, "--data", "wds:s3://pictures/sets/shapes", TMV_REMOTE="s3://pictures/other"
    )
    assert refused.returncode and "TMV_REMOTE" in refused.stderr and not refused.stdout


def test_a_page_shows_a_bucket_by_name(
    bucket: Bucket, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pages.shared.own_data import page_dataset
    from pages.shared.pickers import here

    bucket.put_folder(shards, "sets/shapes")
    web_engine = Engine(tmp_path / "cache", tmp_path / "data", in_process=False, rescan_seconds=2.0)
    name = "wds:s3://pictures/sets/shapes"
    assert here(web_engine, page_dataset(web_engine, name)).name == name
    found = web_engine.data.on_disk(name)
    assert (found.images, found.classes, found.carries) == (N, 2, "classes")
    assert web_engine.thumbnail(name, "all", found.sample)[:4] == b"RIFF"
    monkeypatch.setenv("TMV_REMOTE", "")
    remote_outline._SEEN.clear()
    other = Engine(tmp_path / "cache", tmp_path / "data", in_process=False)
    with pytest.raises(NotHere, match="TMV_REMOTE"):
        here(other, page_dataset(other, name))
    for bad in ("s3://key:secret@pictures/x", "https://pictures/x.tar?X-Amz-Signature=secret"):
        with pytest.raises(TMVError) as error:
            page_dataset(other, f"wds:{bad}")
        assert "secret" not in str(error.value)
