"""The web process's way to an encoder: a process of its own that starts on demand and stays warm. No torch
here."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.encoders.service.wire import receive, send, socket_path
from core.errors import BadFrame, BadImage, EncoderStopped, EncoderWarming, NotHere, TMVError, UnknownName
from core.system.files import write_atomic
from core.system.locks import FileLock, is_held
from core.system.processes import start_worker
from core.system.progress import Progress
from core.types import FloatArray

CATALOG = "core.encoders.service.server:CatalogModels"
TEXT_BLOCK = 256
_START_SECONDS, _YOUNG_SECONDS = 30.0, 120.0
_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 300.0
_ERRORS: dict[str, type[TMVError]] = {"BadImage": BadImage, "NotHere": NotHere, "UnknownName": UnknownName}


class WarmEncoder:
    """Asks the encoder process of a cache folder, and starts it when there is none.

    One process serves everyone who uses the folder. Its answers also go into the text store. `models` names
    the class that finds and loads models there; `idle` is how many seconds without a question end it.
    """

    def __init__(
        self, root: Path | str, data_dir: Path | None = None, *, models: str = CATALOG, idle: float = 900.0
    ) -> None:
        self._root, self._data_dir = Path(root), data_dir
        self._models, self._idle = models, idle
        self._asked: dict[str, float] = {}
        self._died: int | None = None
        self._lock = threading.Lock()

    def encode_texts(self, model: str, texts: Sequence[str], progress: Progress | None = None) -> FloatArray:
        """(m, d) float32 unnormalised. Raises `EncoderWarming` until the model is loaded there."""
        blocks = list[FloatArray]()
        for start in range(0, len(texts), TEXT_BLOCK):
            block = list(texts[start : start + TEXT_BLOCK])
            header = {"op": "texts", "model": model, "texts": block}
            blocks.append(self._vectors(model, header, b"", len(block)))
            if progress is not None:
                progress(start + len(block), len(texts))
        if not blocks:
            raise TMVError("There must be at least one text to encode, got none.")
        return np.concatenate(blocks)

    def encode_image(self, model: str, picture: bytes) -> FloatArray:
        """(d,) float32 unnormalised, of one picture file. Raises `BadImage`, and `EncoderWarming` as
        above."""
        vector: FloatArray = self._vectors(model, {"op": "image", "model": model}, picture, 1)[0]
        return vector

    def warm(self, model: str) -> None:
        """Start the process and load the model, so that it is there when it is needed; does not wait."""
        with contextlib.suppress(EncoderWarming):
            self._ask(model, {"op": "warm", "model": model}, b"")

    def stop(self) -> None:
        """End the process, if there is one."""
        with contextlib.suppress(OSError, BadFrame), self._connect() as connection:
            send(connection, {"op": "stop"})
            receive(connection)

    # --- asking -------------------------------------------------------------------------------------------

    def _vectors(self, model: str, header: dict[str, Any], body: bytes, rows: int) -> FloatArray:
        answer, data = self._ask(model, header, body)
        width = int(answer["d"])
        if len(data) != rows * width * 4:
            raise TMVError(f"Expected {rows} vectors, the encoder process gave {len(data)} bytes; ask again.")
        return np.frombuffer(data, "<f4").reshape(rows, width).astype(np.float32)

    def _ask(self, model: str, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        try:
            with self._connect() as connection:
                connection.settimeout(_ANSWER_SECONDS)
                send(connection, header, body)
                found = receive(connection)
        except TimeoutError as error:
            sentence = f"The encoder process gave no answer in {_ANSWER_SECONDS:.0f} s; ask again."
            raise TMVError(sentence) from error
        except (OSError, BadFrame):
            found = None
        if found is None:
            self._start()
            raise self._warming(model, 0.0)
        return self._result(model, *found)

    def _result(self, model: str, answer: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        if "warming" in answer:
            raise self._warming(model, float(answer["warming"]))
        if "error" in answer:
            raise _ERRORS.get(str(answer.get("type")), TMVError)(str(answer["error"]))
        self._asked.pop(model, None)
        return answer, data

    def _warming(self, model: str, seconds: float) -> EncoderWarming:
        asked = self._asked.setdefault(model, time.monotonic())
        return EncoderWarming(model, max(seconds, time.monotonic() - asked))

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_CONNECT_SECONDS)
        try:
            connection.connect(os.fspath(socket_path(self._root)))
        except BaseException:
            connection.close()
            raise
        return connection

    # --- starting -----------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Start the process unless someone just did; of any number of threads and processes, one starts
        it."""
        run = self._root / "run"
        with self._lock, FileLock(run / "encoder-start.lock").hold(poll=0.02):
            # Say once that the process died young, instead of starting it over and over in silence
            if self._died is not None:
                status, self._died = self._died, None
                self._asked.clear()
                raise EncoderStopped(status)
            if is_held(run / "encoder.lock") or _age(run / "encoder.started") < _START_SECONDS:
                return
            write_atomic(run / "encoder.started", b"")
            start_worker(
                ["serve", "--models", self._models, "--idle", str(self._idle)],
                run / "encoder.log",
                cache_dir=self._root,
                data_dir=self._data_dir,
                at_exit=partial(self._ended, time.monotonic()),
                environment={"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 2) - 1))},
            )

    def _ended(self, started: float, status: int) -> None:
        with contextlib.suppress(OSError):
            (self._root / "run" / "encoder.started").unlink(missing_ok=True)
        if status and time.monotonic() - started < _YOUNG_SECONDS:
            self._died = status


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
