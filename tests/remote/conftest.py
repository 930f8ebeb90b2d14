"""Pictures on the disk, and the same in a bucket and on a web server of this machine."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.readers import remote, remote_outline, remote_s3, remote_sets, remote_web
from core.system.memo import Latest
from tests.data_files import tar
from tests.fakes import png
from tests.remote.servers import Server

N = 24
CLASSES = ("red circle", "blue square")
COLOURS = ((200, 60, 40), (40, 60, 200))


@dataclass
class Bucket:
    """A bucket behind a server that counts and misbehaves."""

    server: Server
    client: Any

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket="pictures", Key=key, Body=content)

    def put_folder(self, folder: Path, prefix: str) -> None:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self.put(f"{prefix}/{file.relative_to(folder).as_posix()}", file.read_bytes())

    def empty(self) -> None:
        for each in self.client.list_objects_v2(Bucket="pictures").get("Contents", ()):
            self.client.delete_object(Bucket="pictures", Key=each["Key"])


@pytest.fixture(scope="session")
def s3() -> Iterator[Bucket]:
    pytest.importorskip("s3fs")
    import boto3
    from moto.server import ThreadedMotoServer

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "key-of-the-test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        moto.start()
        server = Server(behind=moto.get_host_and_port())
        patch.setenv("AWS_ENDPOINT_URL_S3", server.address)
        host, port = moto.get_host_and_port()
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
        client.create_bucket(Bucket="pictures")
        yield Bucket(server, client)
        server.end()
        moto.stop()


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing remembered, and short pauses."""
    monkeypatch.setattr(remote, "PAUSES", (0.01, 0.02, 0.04))
    remote_outline._SEEN.clear()
    monkeypatch.setattr(remote_sets, "_LAST", Latest(12))
    remote_s3._bucket_of.cache_clear()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of silence that a test can wait for; a busy machine answers well within it."""
    for module in (remote_s3, remote_web):
        monkeypatch.setattr(module, "SILENT_SECONDS", 5.0)


@pytest.fixture
def bucket(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setenv("TMV_REMOTE", "s3://pictures")
    s3.empty()
    s3.server.misbehave()
    s3.server.log.clear()
    return s3


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Generator[Server]:
    server = Server()
    monkeypatch.setenv("TMV_REMOTE", f"{server.address}/sets")
    yield server
    server.end()


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    return [png(COLOURS[i % 2], seed=i, size=48) for i in range(N)]


@pytest.fixture
def shards(tmp_path: Path, pictures: list[bytes]) -> Path:
    """Three shards of two classes, with names and templates."""
    folder = tmp_path / "data" / "shapes"
    for shard in range(3):
        members: dict[str, bytes | str] = {}
        for i in range(shard * 8, shard * 8 + 8):
            members |= {f"{i:04d}.png": pictures[i], f"{i:04d}.cls": str(i % 2)}
        tar(folder / f"x-{shard:03d}.tar", members)
    (folder / "classnames.txt").write_text("\n".join(CLASSES))
    (folder / "zeroshot_classification_templates.txt").write_text("a drawing of a {c}.\n")
    return folder


@pytest.fixture
def folders(tmp_path: Path, pictures: list[bytes]) -> Path:
    """Class folders below train and test."""
    folder = tmp_path / "data" / "apart"
    for i, content in enumerate(pictures):
        file = folder / ("train", "test")[i % 3 == 0] / CLASSES[i % 2] / f"{i:04d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


@pytest.fixture
def serve(web: Server) -> Callable[[Path], str]:
    """Put a folder of shards on the web server; gives their name."""

    def put(folder: Path) -> str:
        for file in folder.iterdir():
            web.files[f"/sets/{folder.name}/{file.name}"] = file.read_bytes()
        return f"wds:{web.address}/sets/{folder.name}/x-{{000..002}}.tar"

    return put
