"""Downloads against a server on this machine: whole, cut off, changed, wrong, refused, cancelled, full."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Cancelled, Refused, TMVError, Unreachable
from core.system import download
from core.system.download import fetch
from core.system.progress import Progress
from tests.hub import Loopback, serve

CONTENT = bytes(range(256)) * 20_000  # 5 MB: several blocks
SHA = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setattr(download, "WAIT_SECONDS", 0.01)
    with serve() as loopback:
        loopback.plain["/a.bin"] = CONTENT
        yield loopback


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith(".lock"))


@pytest.mark.parametrize("checksum", [None, SHA, MD5, SHA.upper().replace("SHA256", "sha256")])
def test_whole(server: Loopback, tmp_path: Path, checksum: str | None) -> None:
    seen: list[tuple[int, int]] = []
    target = fetch(
        f"{server.url}/a.bin",
        tmp_path / "new" / "a.bin",
        checksum=checksum,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert target.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT)) and len(seen) > 2
    assert leftovers(target.parent) == ["a.bin"]


def test_what_is_there_is_not_fetched_again(server: Loopback, tmp_path: Path) -> None:
    for _ in range(2):
        fetch(f"{server.url}/a.bin", tmp_path / "a.bin", checksum=SHA)
    assert len(server.requests) == 1


def test_a_wrong_file_in_place_is_replaced(server: Loopback, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"something else")
    assert fetch(f"{server.url}/a.bin", tmp_path / "a.bin", checksum=SHA).read_bytes() == CONTENT


def test_cut_off_half_way_goes_on_in_the_same_run(server: Loopback, tmp_path: Path) -> None:
    server.cuts = [len(CONTENT) // 2, len(CONTENT) // 4]
    assert fetch(f"{server.url}/a.bin", tmp_path / "a.bin", checksum=SHA).read_bytes() == CONTENT
    asked = [headers.get("Range") for headers in server.gets("a.bin")]
    assert asked == [None, f"bytes={len(CONTENT) // 2}-", f"bytes={len(CONTENT) // 2 + len(CONTENT) // 4}-"]


def stop_after(limit: int) -> Progress:
    def progress(done: int, total: int) -> None:
        if done >= limit:
            raise Cancelled("stopped")

    return progress


@pytest.mark.parametrize("checksum", [None, SHA])
def test_a_later_run_goes_on_where_a_cancelled_one_stopped(
    server: Loopback, tmp_path: Path, checksum: str | None
) -> None:
    target = tmp_path / "a.bin"
    with pytest.raises(Cancelled):
        fetch(f"{server.url}/a.bin", target, checksum=checksum, progress=stop_after(2 << 20))
    kept = (tmp_path / "a.bin.part").stat().st_size
    assert 2 << 20 <= kept < len(CONTENT) and not target.exists()
    assert fetch(f"{server.url}/a.bin", target, checksum=checksum).read_bytes() == CONTENT
    assert server.gets("a.bin")[-1]["Range"] == f"bytes={kept}-"


def test_a_remote_file_that_changed_in_between_is_fetched_from_its_start(server: Loopback, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        fetch(f"{server.url}/a.bin", tmp_path / "a.bin", progress=stop_after(2 << 20))
    server.plain["/a.bin"] = CONTENT[::-1]
    assert fetch(f"{server.url}/a.bin", tmp_path / "a.bin").read_bytes() == CONTENT[::-1]


def test_a_server_without_ranges_sends_it_again(server: Loopback, tmp_path: Path) -> None:
    server.ranges, server.cuts = False, [1000]
    assert fetch(f"{server.url}/a.bin", tmp_path / "a.bin", checksum=SHA).read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(server: Loopback, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT + b"more")
    assert fetch(f"{server.url}/a.bin", tmp_path / "a.bin", checksum=SHA).read_bytes() == CONTENT


def test_a_part_of_unknown_origin_is_not_trusted_without_a_checksum(server: Loopback, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(b"x" * 1000)
    assert fetch(f"{server.url}/a.bin", tmp_path / "a.bin").read_bytes() == CONTENT


def test_wrong_checksum_removes_what_arrived(server: Loopback, tmp_path: Path) -> None:
    server.corrupt = True
    with pytest.raises(TMVError, match="checksum"):
        fetch(f"{server.url}/a.bin", tmp_path / "a.bin", checksum=SHA)
    assert leftovers(tmp_path) == []


def test_refused_connection_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="cannot be reached") as caught:
        fetch(f"http://127.0.0.1:{free_port()}/a.bin", tmp_path / "a.bin")
    assert "\n" not in str(caught.value)


def test_no_network_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_names(*_: object, **__: object) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_names)
    with pytest.raises(Unreachable, match="name resolution"):
        fetch("http://weights.example/a.bin", tmp_path / "a.bin")


def test_an_http_error_names_its_status(server: Loopback, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="404") as caught:
        fetch(f"{server.url}/missing.bin", tmp_path / "a.bin")
    assert caught.value.status == 404


def test_a_connection_that_is_cut_again_and_again_ends(server: Loopback, tmp_path: Path) -> None:
    server.cuts = [1000] + [0] * 20
    with pytest.raises(Unreachable, match="cut"):
        fetch(f"{server.url}/a.bin", tmp_path / "a.bin", checksum=SHA)
    assert (tmp_path / "a.bin.part").stat().st_size == 1000


def test_only_web_addresses(tmp_path: Path) -> None:
    with pytest.raises(TMVError, match="http"):
        fetch("file:///etc/passwd", tmp_path / "a.bin")


def test_a_full_disk_keeps_what_arrived(server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(done: int, total: int) -> None:
        if done > 2 << 20:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(TMVError, match=r"disk .* is full"):
        fetch(f"{server.url}/a.bin", tmp_path / "a.bin", progress=full)
    assert (tmp_path / "a.bin.part").stat().st_size > 2 << 20


def _fetch_in_process(url: str, target: str) -> None:
    fetch(url, Path(target), checksum=SHA)


def test_two_processes_fetch_it_once(server: Loopback, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    both = [
        context.Process(target=_fetch_in_process, args=(f"{server.url}/a.bin", str(tmp_path / "a.bin")))
        for _ in range(2)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [p.exitcode for p in both] == [0, 0]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT and len(server.gets("a.bin")) == 1
