"""Unpacking archives, hostile ones included, and fetching a set from a server on this machine."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import Cancelled, NotHere, TMVError, UnknownName
from core.readers import dataset_state, download_dataset, open_dataset
from core.readers.archives import safe_name, unpack
from core.readers.sets import BY_NAME
from tests.data_files import coco_json, picture, tar

MEGABYTE = 1_000_000


def zipped(path: Path, members: dict[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            container.writestr(info, content)
    return path


def with_member(path: Path, **fields: object) -> Path:
    with tarfile.open(path, "w") as container:
        info = tarfile.TarInfo("good.txt")
        container.addfile(info, io.BytesIO())
        bad = tarfile.TarInfo(str(fields.pop("name", "bad")))
        for field, value in fields.items():
            setattr(bad, field, value)
        container.addfile(bad, io.BytesIO(b"x" * bad.size))
    return path


def tree(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


# --- archives ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_comes_out_as_it_went_in(mode: str, tmp_path: Path) -> None:
    members = {f"set/{i % 3}/{i}.txt": f"content {i}".encode() for i in range(500)}
    seen: list[tuple[int, int]] = []
    archive = tar(tmp_path / "a.tar", dict(members), mode=mode)
    unpack(archive, tmp_path / "out", most_bytes=MEGABYTE, progress=lambda *step: seen.append(step))
    assert tree(tmp_path / "out") == members
    assert seen[-1][0] == seen[-1][1] > 0 and [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_zip_comes_out_as_it_went_in(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"x/": b"", "x/1.txt": b"one", "é猫.txt": b"two"})
    unpack(archive, tmp_path / "out", most_bytes=MEGABYTE)
    assert tree(tmp_path / "out") == {"x/1.txt": b"one", "é猫.txt": b"two"}


HOSTILE: dict[str, Callable[[Path], Path]] = {
    "parent": lambda p: with_member(p, name="../evil"),
    "deep parent": lambda p: with_member(p, name="a/../../evil"),
    "absolute": lambda p: with_member(p, name="/tmp/evil"),
    "symlink": lambda p: with_member(p, type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": lambda p: with_member(p, type=tarfile.LNKTYPE, linkname="../../etc/passwd"),
    "device": lambda p: with_member(p, type=tarfile.CHRTYPE),
    "pipe": lambda p: with_member(p, type=tarfile.FIFOTYPE),
    "twice": lambda p: with_member(p, name="good.txt", size=5),
    "too much": lambda p: with_member(p, size=2 * MEGABYTE),
    "zip parent": lambda p: zipped(p, {"../evil": b"x"}),
    "zip backslash": lambda p: zipped(p, {"..\\evil": b"x"}),
    "zip drive": lambda p: zipped(p, {"C:/evil": b"x"}),
    "zip symlink": lambda p: zipped(p, {"link": b"/etc/passwd"}, stat.S_IFLNK | 0o777),
    "zip bomb": lambda p: zipped(p, {"zeros": bytes(3 * MEGABYTE)}),
    "not an archive": lambda p: write(p, b"hello"),
    "cut zip": lambda p: write(p, zipped(p, {"a": os.urandom(5000)}).read_bytes()[:3000]),
    "cut tar": lambda p: write(p, tar(p, {"a": os.urandom(5000)}, mode="w:gz").read_bytes()[:3000]),
}


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_refused_wholly(make: Callable[[Path], Path], tmp_path: Path) -> None:
    archive = make(tmp_path / "archive")
    inner = tmp_path / "inner" / "deeper"
    with pytest.raises(TMVError):
        unpack(archive, inner / "out", most_bytes=MEGABYTE)
    assert list(inner.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive", "inner"]
    assert not Path("/tmp/evil").exists()


@pytest.mark.parametrize("packing", ["stored", "deflated", "bzip2", "lzma", "w", "w:gz", "w:bz2", "w:xz"])
def test_an_archive_with_any_byte_changed_is_unpacked_or_refused(packing: str, tmp_path: Path) -> None:
    path, random = tmp_path / "a", np.random.default_rng(0)
    members = {"a/x.png": bytes(range(250)), "b/é.png": bytes(50)}
    if packing.startswith("w"):
        with tarfile.open(path, packing, format=tarfile.PAX_FORMAT) as container:  # type: ignore[call-overload]
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                container.addfile(info, io.BytesIO(content))
    else:
        with zipfile.ZipFile(path, "w", getattr(zipfile, f"ZIP_{packing.upper()}")) as container:
            for name, content in members.items():
                container.writestr(name, content)
    whole, out, refused = path.read_bytes(), tmp_path / "out", 0
    for position in random.choice(len(whole), min(len(whole), 150), replace=False):
        damaged = bytearray(whole)
        damaged[position] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        try:
            unpack(path, out, most_bytes=MEGABYTE)
        except TMVError as error:
            refused += "a " in str(error)
        shutil.rmtree(out, ignore_errors=True)
        assert list(tmp_path.iterdir()) == [path]
    assert refused


def test_modes_in_the_archive_do_not_count(tmp_path: Path) -> None:
    unpack(with_member(tmp_path / "a.tar", name="x", mode=0o4777), tmp_path / "out", most_bytes=MEGABYTE)
    assert stat.S_IMODE((tmp_path / "out" / "x").stat().st_mode) == 0o644


def test_a_stop_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        unpack(zipped(tmp_path / "a.zip", {"a": b"x"}), tmp_path / "out", most_bytes=9, progress=stop)
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_safe_names() -> None:
    assert safe_name("./a//b.txt") == "a/b.txt" and safe_name("a..b/..c") == "a..b/..c"


# --- downloads --------------------------------------------------------------------------------------------


def test_every_address_has_a_checksum_and_a_known_set() -> None:
    for name, archives in ((known.spec.name, known.archives) for known in BY_NAME.values() if known.archives):
        assert dataset_state(name, Path("/nonexistent")).state == "downloadable"
        for archive in archives:
            assert archive.url.startswith("http") and len(bytes.fromhex(archive.md5)) == 16
            assert archive.size < archive.most and safe_name(archive.target) == archive.target


def test_what_has_no_public_address(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match="kaggle"):
        download_dataset("imagenet_mini", tmp_path)
    with pytest.raises(UnknownName):
        download_dataset("imagenet", tmp_path)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "served"
    folder.mkdir()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


def redirect(monkeypatch: pytest.MonkeyPatch, name: str, files: list[Path], base: str, **changes: Any) -> None:
    archives = tuple(
        replace(archive, url=f"{base}/{file.name}", md5=hashlib.md5(file.read_bytes()).hexdigest(), **changes)
        for archive, file in zip(BY_NAME[name].archives, files, strict=True)
    )
    monkeypatch.setitem(BY_NAME, name, replace(BY_NAME[name], archives=archives))


def test_coco_arrives_in_two_archives(
    server: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, base = server
    pictures = zipped(folder / "val2017.zip", {"val2017/": b"", "val2017/1.jpg": picture(1)})
    text = coco_json({"1.jpg": ["One."]}).encode()
    members = {"annotations/captions_val2017.json": text, "annotations/x.json": b""}
    notes = zipped(folder / "annotations.zip", members)
    redirect(monkeypatch, "coco", [pictures, notes], base)
    seen: list[tuple[int, int]] = []
    download_dataset("coco", tmp_path / "data", lambda *step: seen.append(step))
    assert open_dataset("coco", data_dir=tmp_path / "data").captions == ("One.",)
    assert dataset_state("coco", tmp_path / "data").state == "ready"
    totals = {total for _, total in seen}
    assert len(totals) == 1 and seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert not list((tmp_path / "data" / ".downloads").glob("*.zip")), "archives go once they are unpacked"
    (folder / "val2017.zip").unlink()
    (folder / "annotations.zip").unlink()
    download_dataset("coco", tmp_path / "data")


def test_eurosat_and_food_arrive(server: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, base = server
    euro = zipped(folder / "EuroSAT.zip", {f"2750/River/River_{i}.jpg": picture(i) for i in range(4)})
    redirect(monkeypatch, "eurosat", [euro], base)
    download_dataset("eurosat", tmp_path)
    assert len(open_dataset("eurosat", "all", tmp_path)) == 4
    members: dict[str, bytes | str] = {
        "food-101/images/waffles/1.jpg": picture(1),
        "food-101/meta/test.txt": "waffles/1\n",
    }
    food = tar(folder / "food-101.tar.gz", members, mode="w:gz")
    redirect(monkeypatch, "food101", [food], base)
    download_dataset("food101", tmp_path)
    assert open_dataset("food101", data_dir=tmp_path).ids == ("waffles/1.jpg",)


def test_a_wrong_checksum_or_content_leaves_nothing(
    server: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, base = server
    euro = zipped(folder / "EuroSAT.zip", {"2750/River/River_1.jpg": picture(1)})
    redirect(monkeypatch, "eurosat", [euro], base)
    wrong = (replace(BY_NAME["eurosat"].archives[0], md5="0" * 32),)
    monkeypatch.setitem(BY_NAME, "eurosat", replace(BY_NAME["eurosat"], archives=wrong))
    with pytest.raises(TMVError):
        download_dataset("eurosat", tmp_path / "data")
    redirect(monkeypatch, "eurosat", [euro], base, inner="other")
    with pytest.raises(TMVError, match="lacks the folder other"):
        download_dataset("eurosat", tmp_path / "data")
    assert dataset_state("eurosat", tmp_path / "data").state == "downloadable"
    assert not list((tmp_path / "data" / "eurosat").iterdir())


def test_a_folder_that_cannot_be_written(server: tuple[Path, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TMVError, match="could not be written"):
        download_dataset("eurosat", tmp_path / "file" / "data")
