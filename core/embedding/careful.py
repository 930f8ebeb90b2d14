"""Pictures that another process reads and decodes first, with a limit of time: one that hangs, or ends the process,
is a broken picture and no more. Slow, so only chunks that ended a worker are read so."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadImage
from core.types import Pictures

LIMIT_SECONDS = 60.0


class CarefulPictures:
    """`pictures` as they are, but `BadImage` for one that takes longer than `seconds` to read and decode, or ends the
    process that tries. The process is started at the first use, and again after each of those."""

    def __init__(self, pictures: Pictures, seconds: float = LIMIT_SECONDS) -> None:
        self._pictures, self._seconds = pictures, seconds
        self._one_at_a_time = threading.Lock()
        self._running: tuple[Any, Connection] | None = None

    def __len__(self) -> int:
        return len(self._pictures)

    def stamp(self, index: int) -> str:
        """As of the pictures."""
        return self._pictures.stamp(index)

    def read(self, index: int) -> bytes | NDArray[np.uint8]:
        """As of the pictures, once the other process has decoded it."""
        with self._one_at_a_time:
            _, pipe = self._running = self._running or self._start()
            pipe.send(index)
            content = self._answer(pipe, "read", None)
            if content is None:
                return self._pictures.read(index)  # with the reason why it cannot be
            self._answer(pipe, "decode", content)
        return content  # type: ignore[no-any-return]

    def _answer(self, pipe: Connection, what: str, content: Any) -> Any:
        try:
            if pipe.poll(self._seconds):
                return pipe.recv()
            reason = f"To {what} it takes longer than {self._seconds:g} seconds."
        except (EOFError, OSError):
            reason = f"To {what} it ends the process that tries."
        self.close()
        raise BadImage(reason, content)

    def _start(self) -> tuple[Any, Connection]:
        context = multiprocessing.get_context("spawn")
        pipe, other = context.Pipe()
        process = context.Process(target=_serve, args=(other, self._pictures), daemon=True)
        process.start()
        other.close()
        if not pipe.poll(10 * self._seconds):
            process.kill()
            raise BadImage("The process that reads images carefully does not start.")
        pipe.recv()
        return process, pipe

    def close(self) -> None:
        """End the process."""
        if self._running is not None:
            process, pipe = self._running
            process.kill()
            process.join()
            pipe.close()
        self._running = None


def _serve(pipe: Connection, pictures: Pictures) -> None:
    """For each number that comes: what was read, or None, then None once it is decoded, whatever that gave."""
    from core.images.decode import to_rgb

    pipe.send(None)
    while True:
        try:
            index = pipe.recv()
        except EOFError:
            return
        content = None
        with contextlib.suppress(BadImage, OSError):
            content = pictures.read(index)
        pipe.send(content)
        if content is not None:
            with contextlib.suppress(BadImage):
                to_rgb(content)
            pipe.send(None)
