"""The encoder process: loads models when asked, keeps the last few, answers on a local socket, ends when
idle."""

from __future__ import annotations

import contextlib
import importlib
import os
import socketserver
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.encoders.service.wire import receive, send, socket_path
from core.encoders.stored_texts import encode_texts
from core.errors import BadFrame, EncoderWarming, TMVError
from core.store import TextStore, write_card
from core.system.locks import FileLock
from core.types import Encoder, FloatArray

MOST_MODELS = 3
_LOAD_PATIENCE = 0.5
_LOCK_SECONDS = 10.0


class Models(Protocol):
    """Where models come from."""

    def stamp(self, name: str) -> Hashable:
        """Cheap; changes when the model must be loaded again. Raises `TMVError` for a model that cannot be
        loaded."""

    def load(self, name: str) -> Encoder:
        """Load the model."""


class CatalogModels:
    """The models that the catalog resolves and whose weights are on this machine; nothing is downloaded
    here."""

    def stamp(self, name: str) -> Hashable:
        """The weight files with their sizes and times."""
        from core.catalog.models import find_model
        from core.encoders import weights
        from core.errors import NotHere

        spec = find_model(name)
        state = weights.state(spec)
        if state.state != "ready":
            said = f"New texts need the weights of {name}, which are not on this machine"
            todo = f" ({state.why}): download them under Data & models, Models."
            raise NotHere(f"{said}{todo}" if state.state == "downloadable" else f"{said}. {state.why}")
        files = weights.locate(spec)
        return tuple(_file_stamp(path) for path in files.paths) if files is not None else ()

    def load(self, name: str) -> Encoder:
        """Load the model on this machine's device."""
        from core.encoders.encoder import load_encoder

        return load_encoder(name)


def _file_stamp(path: Path) -> tuple[str, int, int, int]:
    found = path.stat()
    return str(path), found.st_size, found.st_mtime_ns, found.st_ino


@dataclass(slots=True, kw_only=True)
class _Slot:
    """One model: being loaded, loaded, or failed."""

    stamp: Hashable
    started: float = field(default_factory=time.monotonic)
    finished: threading.Event = field(default_factory=threading.Event)
    encoder: Encoder | None = None
    error: TMVError | None = None


class Shelf:
    """The models in memory: loaded in the background one after the other, the least recently used put
    away."""

    def __init__(self, models: Models, root: Path, most: int = MOST_MODELS) -> None:
        self._models, self._root, self._most = models, root, most
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._lock, self._loading = threading.Lock(), threading.Lock()

    def get(self, name: str) -> Encoder:
        """The encoder. Raises `EncoderWarming` while it loads, and once whatever kept it from loading."""
        stamp = self._models.stamp(name)
        with self._lock:
            slot = self._slots.get(name)
            if slot is None or slot.stamp != stamp:
                slot = self._slots[name] = _Slot(stamp=stamp)
                threading.Thread(target=self._load, args=(name, slot), daemon=True).start()
            self._slots.move_to_end(name)
        slot.finished.wait(_LOAD_PATIENCE)
        if slot.error is not None:
            with self._lock:
                if self._slots.get(name) is slot:
                    del self._slots[name]
            raise slot.error
        if slot.encoder is None:
            raise EncoderWarming(name, time.monotonic() - slot.started)
        return slot.encoder

    @property
    def busy(self) -> bool:
        """Whether a model is being loaded."""
        return any(not slot.finished.is_set() for slot in list(self._slots.values()))

    def _load(self, name: str, slot: _Slot) -> None:
        try:
            with self._loading:
                encoder = self._models.load(name)
            write_card(self._root, encoder.card)
            slot.encoder = encoder
        except TMVError as error:
            slot.error = error
        except BaseException as error:
            traceback.print_exc()
            slot.error = TMVError(f"{name} could not be loaded: {type(error).__name__} ({_short(error)}).")
        slot.finished.set()
        self._put_away()

    def _put_away(self) -> None:
        with self._lock:
            loaded = [name for name, slot in self._slots.items() if slot.finished.is_set()]
            for name in loaded[: max(0, len(loaded) - self._most)]:
                del self._slots[name]


class EncoderServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers questions, one thread a connection, one computation at a time."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, root: Path, path: Path, shelf: Shelf, idle: float) -> None:
        self.shelf, self.texts, self._idle = shelf, TextStore(root), idle
        self._used, self._active = time.monotonic(), 0
        self._count, self._computing = threading.Lock(), threading.Lock()
        super().__init__(os.fspath(path), _Handler)

    def service_actions(self) -> None:
        """Called about twice a second: end when nobody asked anything for long."""
        idle = time.monotonic() - self._used > self._idle
        if idle and not self._active and not self.shelf.busy:
            self.end()

    def end(self) -> None:
        """Stop serving, from any thread."""
        threading.Thread(target=self.shutdown, daemon=True).start()

    @contextlib.contextmanager
    def working(self) -> Any:
        """Counts the question as use."""
        with self._count:
            self._active += 1
        try:
            yield
        finally:
            with self._count:
                self._active -= 1
                self._used = time.monotonic()

    def answer(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes | memoryview]:
        """The answer to one question; errors are answers too."""
        try:
            return self._vectors(header, body)
        except EncoderWarming as warming:
            return {"warming": warming.seconds}, b""
        except TMVError as error:
            return {"error": str(error), "type": type(error).__name__}, b""
        except Exception as error:
            traceback.print_exc()
            sentence = f"The encoder process failed: {type(error).__name__} ({_short(error)})."
            return {"error": sentence, "type": ""}, b""

    def _vectors(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes | memoryview]:
        encoder = self.shelf.get(str(header["model"]))
        if header["op"] == "warm":
            return {"ok": True}, b""
        compute = {"texts": self._texts, "image": self._image}.get(str(header["op"]))
        if compute is None:
            raise TMVError(f"The encoder process knows no question {header['op']!r}.")
        with self._computing:
            vectors = np.ascontiguousarray(compute(encoder, header, body), "<f4")
        return {"d": vectors.shape[1]}, vectors.tobytes()

    def _texts(self, encoder: Encoder, header: dict[str, Any], body: bytes) -> FloatArray:
        return encode_texts(encoder, self.texts, [str(text) for text in header["texts"]])

    def _image(self, encoder: Encoder, header: dict[str, Any], body: bytes) -> FloatArray:
        from core.images.decode import to_rgb

        return encoder.encode_images(encoder.preprocess(to_rgb(body))[None])


class _Handler(socketserver.BaseRequestHandler):
    """One connection: questions until the other side closes."""

    server: EncoderServer

    def handle(self) -> None:
        with contextlib.suppress(OSError, BadFrame):
            while (message := receive(self.request)) is not None:
                if message[0].get("op") == "stop":
                    send(self.request, {"ok": True})
                    self.server.end()
                    return
                with self.server.working():
                    send(self.request, *self.server.answer(*message))


def serve(root: Path, models: str, idle: float) -> int:
    """Serve until idle. Only one process a cache folder does; a second one ends at once."""
    lock = FileLock(root / "run" / "encoder.lock")
    deadline = time.monotonic() + _LOCK_SECONDS
    while not lock.try_hold():  # whoever looks whether we live holds it for an instant
        if time.monotonic() > deadline:
            return 0
        time.sleep(0.02)
    path = socket_path(root)
    try:
        path.unlink(missing_ok=True)
        with _listening(root, path, Shelf(_class(models)(), root), idle) as server:
            (root / "run" / "encoder.started").unlink(missing_ok=True)
            print(f"serving on {path}", file=sys.stderr)
            server.serve_forever(poll_interval=0.5)
    finally:
        path.unlink(missing_ok=True)
        lock.release()
    return 0


def _listening(root: Path, path: Path, shelf: Shelf, idle: float) -> EncoderServer:
    """The server on a socket that only this user may open."""
    before = os.umask(0o077)
    try:
        return EncoderServer(root, path, shelf, idle)
    finally:
        os.umask(before)


def _class(name: str) -> Callable[[], Models]:
    module, _, attribute = name.partition(":")
    found: Callable[[], Models] = getattr(importlib.import_module(module), attribute)
    return found


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or "no detail"
