"""The encoder process: starts once on demand, says so while it warms, needs no pickle, ends when idle."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.encoders.service import wire
from core.encoders.service.client import WarmEncoder
from core.encoders.service.server import CatalogModels, Shelf
from core.encoders.service.wire import receive, send, socket_path
from core.errors import BadFrame, BadImage, EncoderStopped, EncoderWarming, NotHere, TMVError, UnknownName
from core.store import TextStore, read_card
from core.system.locks import is_held
from core.types import ModelSpec, State
from tests.fakes import FakeEncoder, FakeModels, png

ROOT = Path(__file__).parents[4]
MODELS = "tests.fakes:FakeModels"
WAIT = 60.0


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[WarmEncoder]:
    """A client whose process is gone when the test ends."""
    client = WarmEncoder(tmp_path, models=MODELS)
    yield client
    client.stop()
    until(lambda: not is_held(tmp_path / "run" / "encoder.lock"))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def patiently(ask: Callable[[], Any]) -> Any:
    """Ask again while the encoder warms, as a page does."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            return ask()
        except EncoderWarming:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def server_processes(root: Path) -> list[int]:
    """Encoder processes of this cache folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue
        if b"core.work.worker\0serve" in command and f"TMV_CACHE={root}\0".encode() in environment:
            found.append(int(folder.name))
    return found


# --- asking -----------------------------------------------------------------------------------------------


def test_texts_and_pictures_are_encoded_as_the_model_does(warm: WarmEncoder, tmp_path: Path) -> None:
    texts = ["red", "a blue square", "späße", ""]
    with pytest.raises(EncoderWarming, match=r"The encoder of fake/colours is starting \(0 s so far\)"):
        warm.encode_texts("fake/colours", texts)
    vectors = patiently(lambda: warm.encode_texts("fake/colours", texts))
    assert vectors.dtype == np.float32 and np.array_equal(vectors, FakeEncoder().encode_texts(texts))
    picture = png((220, 40, 40))
    encoder = FakeEncoder()
    from core.images.decode import to_rgb

    expected = encoder.encode_images(encoder.preprocess(to_rgb(picture))[None])[0]
    assert np.array_equal(warm.encode_image("fake/colours", picture), expected)
    card = read_card(tmp_path, "fake/colours")
    assert card == FakeEncoder().card
    found_vectors, found = TextStore(tmp_path).get(card.model_digest, texts)
    assert found.all() and np.array_equal(found_vectors, vectors)


def test_many_texts_go_in_blocks_with_progress(warm: WarmEncoder) -> None:
    patiently(lambda: warm.encode_texts("fake/colours", ["warm up"]))
    texts, calls = [f"text {i}" for i in range(600)], list[tuple[int, int]]()
    vectors = warm.encode_texts("fake/colours", texts, lambda done, total: calls.append((done, total)))
    assert np.array_equal(vectors, FakeEncoder().encode_texts(texts))
    assert calls == [(256, 600), (512, 600), (600, 600)]
    with pytest.raises(TMVError, match="at least one text"):
        warm.encode_texts("fake/colours", [])


def test_errors_come_back_as_sentences_of_their_kind(warm: WarmEncoder) -> None:
    patiently(lambda: warm.encode_texts("fake/colours", ["a"]))
    with pytest.raises(BadImage, match="not an image"):
        warm.encode_image("fake/colours", b"no picture")
    with pytest.raises(UnknownName, match="No model is called 'other/colors'"):
        warm.encode_texts("other/colors", ["a"])
    for _ in range(2):  # said every time, because it is tried anew every time
        with pytest.raises(TMVError, match=r"could not be loaded: RuntimeError \(no such layer\)"):
            patiently(lambda: warm.encode_texts("fake/broken", ["a"]))
    assert warm.encode_texts("fake/colours", ["a"]).shape == (1, 32)


def test_while_a_model_loads_the_seconds_grow_and_other_models_answer(warm: WarmEncoder) -> None:
    patiently(lambda: warm.encode_texts("fake/colours", ["a"]))
    seconds: list[float] = []
    while True:
        try:
            warm.encode_texts("fake/slow", ["a"])
            break
        except EncoderWarming as warming:
            assert warming.model == "fake/slow"
            seconds.append(warming.seconds)
            assert warm.encode_texts("fake/colours", ["b"]).shape == (1, 32)
    # How often there is time to ask is up to the machine.
    assert seconds and seconds == sorted(seconds) and 0 < seconds[-1] < WAIT


def test_warming_ahead_does_not_wait(warm: WarmEncoder, tmp_path: Path) -> None:
    warm.warm("fake/slow")

    def is_there() -> bool:
        warm.warm("fake/slow")
        return read_card(tmp_path, "fake/slow") is not None

    until(is_there)
    assert warm.encode_texts("fake/slow", ["a"]).shape == (1, 32)


# --- one process ------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")
def test_many_that_ask_at_once_start_one_process(warm: WarmEncoder, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from core.encoders.service.client import WarmEncoder\n"
        "from core.errors import EncoderWarming\n"
        f"client = WarmEncoder(Path(sys.argv[1]), models={MODELS!r})\n"
        "for _ in range(600):\n"
        "    try: print(client.encode_texts('fake/colours', ['red']).shape); break\n"
        "    except EncoderWarming: time.sleep(0.1)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    shapes: list[Any] = []

    def ask() -> None:
        shapes.append(patiently(lambda: warm.encode_texts("fake/colours", ["red"])).shape)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.communicate()[0].strip() for process in processes] == ["(1, 32)"] * 4
    assert shapes == [(1, 32)] * 20 and len(server_processes(tmp_path)) == 1
    assert (tmp_path / "run" / "encoder.log").read_text().count("serving on") == 1


def test_a_second_server_ends_at_once(warm: WarmEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.encoders.service.server import serve

    patiently(lambda: warm.encode_texts("fake/colours", ["a"]))
    monkeypatch.setattr("core.encoders.service.server._LOCK_SECONDS", 0.1)
    assert serve(tmp_path, MODELS, 900) == 0
    assert warm.encode_texts("fake/colours", ["b"]).shape == (1, 32)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")
def test_a_killed_process_is_said_once_and_then_started_anew(warm: WarmEncoder, tmp_path: Path) -> None:
    patiently(lambda: warm.encode_texts("fake/colours", ["a"]))
    (server,) = server_processes(tmp_path)
    os.kill(server, signal.SIGKILL)
    until(lambda: not is_held(tmp_path / "run" / "encoder.lock") and warm._died is not None)
    with pytest.raises(EncoderStopped, match=r"stopped from outside \(SIGKILL, .*; try again"):
        warm.encode_texts("fake/colours", ["a"])
    assert patiently(lambda: warm.encode_texts("fake/colours", ["a"])).shape == (1, 32)
    assert server_processes(tmp_path) != [server]


def test_it_ends_when_nobody_asks_and_starts_again(tmp_path: Path) -> None:
    client = WarmEncoder(tmp_path, models=MODELS, idle=0.5)
    patiently(lambda: client.encode_texts("fake/colours", ["a"]))
    until(lambda: not is_held(tmp_path / "run" / "encoder.lock"))
    assert not socket_path(tmp_path).exists()
    assert patiently(lambda: client.encode_texts("fake/colours", ["b"])).shape == (1, 32)
    client.stop()
    until(lambda: not is_held(tmp_path / "run" / "encoder.lock"))


def test_a_server_that_cannot_start_is_a_clear_error(tmp_path: Path) -> None:
    client = WarmEncoder(tmp_path, models="tests.fakes:Nothing")
    with pytest.raises(EncoderWarming):
        client.encode_texts("fake/colours", ["a"])
    until(lambda: client._died is not None)
    with pytest.raises(EncoderStopped, match=r"ended with an error \(status 1\) before it could answer; try again"):
        client.encode_texts("fake/colours", ["a"])
    assert "AttributeError" in (tmp_path / "run" / "encoder.log").read_text()


# --- the socket -------------------------------------------------------------------------------------------


def test_only_this_user_may_ask(warm: WarmEncoder, tmp_path: Path) -> None:
    patiently(lambda: warm.encode_texts("fake/colours", ["a"]))
    path = socket_path(tmp_path)
    assert path == tmp_path / "run" / "encoder.sock" and stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_rude_clients_do_not_disturb_the_others(warm: WarmEncoder, tmp_path: Path) -> None:
    patiently(lambda: warm.encode_texts("fake/colours", ["a"]))
    frames = [
        b"",
        b"TMV1",
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("<4sIQ", b"TMV1", 1 << 31, 0),
        struct.pack("<4sIQ", b"TMV1", 2, 1 << 40),
        struct.pack("<4sIQ", b"TMV1", 4, 0) + b"null",
        struct.pack("<4sIQ", b"TMV1", 4, 0) + b"\x80\x04]q",
        struct.pack("<4sIQ", b"TMV1", 400, 0) + b"cut",
    ]
    for frame in frames:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(socket_path(tmp_path)))
            connection.sendall(frame)
    model = "fake/colours"
    for header in ({}, {"op": "texts"}, {"op": 1, "model": model}, {"op": "texts", "model": model}):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(socket_path(tmp_path)))
            send(connection, header)
            answer = receive(connection)
            assert answer is not None and "error" in answer[0]
    assert warm.encode_texts("fake/colours", ["b"]).shape == (1, 32)


def test_a_cache_folder_with_a_very_long_path_works(tmp_path: Path) -> None:
    root = tmp_path / ("deep" * 20) / ("deeper" * 20)
    client = WarmEncoder(root, models=MODELS)
    path = socket_path(root)
    assert len(os.fsencode(path)) <= 100 and path.parent != root / "run"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700 and path.parent.stat().st_uid == os.getuid()
    assert patiently(lambda: client.encode_texts("fake/colours", ["a"])).shape == (1, 32)
    assert path.exists()
    client.stop()
    until(lambda: not path.exists())


def test_a_private_folder_that_somebody_else_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    root = tmp_path / ("deep" * 30)
    trap = tmp_path / f"text-meets-vision-{os.getuid()}"
    trap.mkdir(mode=0o755)
    trap.chmod(0o755)
    with pytest.raises(TMVError, match="must be a private folder of this user"):
        socket_path(root)
    trap.rmdir()
    trap.symlink_to(tmp_path)
    with pytest.raises(TMVError, match="must be a private folder of this user"):
        socket_path(root)


def test_messages_come_through_whole() -> None:
    left, right = socket.socketpair()
    body = os.urandom(3_000_000)
    sender = threading.Thread(target=send, args=(left, {"op": "ü", "n": [1, None]}, body))
    sender.start()
    assert receive(right) == ({"op": "ü", "n": [1, None]}, body)
    sender.join()
    send(left, {})
    assert receive(right) == ({}, b"")
    left.close()
    assert receive(right) is None


@pytest.mark.parametrize("cut", [1, 15, 17, 25])
def test_a_message_that_is_cut_off_is_noticed(cut: int) -> None:
    left, right = socket.socketpair()
    text = json.dumps({"op": "x"}).encode()
    left.sendall((struct.pack("<4sIQ", wire.MAGIC, len(text), 5) + text + b"12345")[:cut])
    left.close()
    with pytest.raises(BadFrame, match="cut off"):
        receive(right)


# --- the shelf of models ----------------------------------------------------------------------------------


class Counted(FakeModels):
    """Counts the loadings; `version` is the stamp of all files."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.version = 1

    def stamp(self, name: str) -> Any:
        return self.version

    def load(self, name: str) -> FakeEncoder:
        self.loaded.append(name)
        return FakeEncoder(name)


def test_the_few_most_recent_models_stay(tmp_path: Path) -> None:
    models = Counted()
    shelf = Shelf(models, tmp_path, most=2)
    for name in ("fake/a", "fake/b", "fake/a", "fake/c", "fake/a", "fake/b"):
        assert patiently(partial(shelf.get, name)).card.name == name
        until(lambda: not shelf.busy and len(shelf._slots) <= 2)
    assert models.loaded == ["fake/a", "fake/b", "fake/c", "fake/b"]


def test_changed_weights_are_loaded_again(tmp_path: Path) -> None:
    models = Counted()
    shelf = Shelf(models, tmp_path)
    first = patiently(lambda: shelf.get("fake/a"))
    assert shelf.get("fake/a") is first
    models.version = 2
    assert patiently(lambda: shelf.get("fake/a")) is not first and models.loaded == ["fake/a"] * 2


def test_only_catalog_models_whose_weights_are_here_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.encoders import weights

    models = CatalogModels()
    with pytest.raises(UnknownName):
        models.stamp("no-such/model")

    def absent(spec: ModelSpec) -> State:
        return State(state="downloadable", why="338 MB from its publisher")

    monkeypatch.setattr(weights, "state", absent)
    with pytest.raises(
        NotHere,
        match=r"weights of demo-vit/demo, which are not on this machine \(338 MB from its publisher\): download",
    ):
        models.stamp("demo-vit/demo")
