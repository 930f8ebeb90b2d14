"""Everything that is raised on purpose. A message is one sentence: what was expected, what came, what to do.

TMVError                what a user can mend
├── UnknownName         a name that no catalog knows
├── BadArgument         a value that is well formed but cannot be used
├── NotHere             a data set, picture or weights file that is not on this machine
├── BadImage            a file that cannot be used as a picture
├── Damaged             a stored file that is not what was written
├── DiskFull            no room left for what is being written
├── Unwritable          a place that cannot be written
├── DownloadFailed      a file that did not come
│   ├── Unreachable     no answer from the server
│   └── Refused         an answer, but not the file
├── BadFrame            bytes between processes that are no message
├── GlyphError          the demo's font is missing or draws nothing
├── EncoderWarming      the text encoder is starting: ask again in a moment
├── EncoderStopped      the text encoder's process ended before it could answer
└── Cancelled           work that the user stopped

Anything else that comes up is a fault of the program.
"""

from __future__ import annotations

import difflib
import signal
from collections.abc import Iterable
from typing import Any

VERIFY = "run `python -m core verify` to mend the cache."


class TMVError(Exception):
    """Something a user can mend. The message is one sentence: what was expected, what came, what to do."""


class UnknownName(TMVError):
    """A name that no catalog knows."""


class BadArgument(TMVError):
    """A value that is well formed but cannot be used, such as a template without its place for the class name."""


class NotHere(TMVError):
    """A data set, picture or weights file that is not on this machine; the message says how to get it."""


class BadImage(TMVError):
    """A file that cannot be used as a picture; the message is the one reason why. `content` is what was read of it,
    where it could be read and not decoded, and the reader knows."""

    def __init__(self, reason: str, content: Any = None) -> None:
        self.content = content
        super().__init__(reason)


class Damaged(TMVError):
    """A stored file that is not what was written: `what` it is, and in the message also what to do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = what
        super().__init__(f"{what}: {remedy}" if remedy else what)


class DiskFull(TMVError):
    """No room left for what is being written."""


class Unwritable(TMVError):
    """A place that cannot be written: no rights, a read-only disk, or a file where a folder should be."""


class DownloadFailed(TMVError):
    """A file that did not come; what arrived so far is kept for the next try."""


class Unreachable(DownloadFailed):
    """No answer from the server: no network, refused, or cut off again and again."""


class Refused(DownloadFailed):
    """The server answered, but not with the file. `status` is its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


class BadFrame(TMVError):
    """The bytes are not what the other side of the encoder's connection should have sent."""


class GlyphError(TMVError):
    """The emoji font is missing or draws nothing."""


class EncoderWarming(TMVError):
    """The text encoder is starting in its own process; ask again in a moment."""

    def __init__(self, model: str, seconds: float) -> None:
        self.model, self.seconds = model, seconds
        super().__init__(f"The encoder of {model} is starting ({seconds:.0f} s so far); ask again in a moment.")


class EncoderStopped(TMVError):
    """The text encoder's own process ended before it could answer; asking again starts it anew. `status` is that of its
    exit: below 0 the signal that ended it."""

    def __init__(self, status: int) -> None:
        self.status = status
        how = _signal_said(-status) if status < 0 else f"ended with an error (status {status})"
        super().__init__(
            f"The process that encodes texts {how} before it could answer; try again. What it printed is in "
            "run/encoder.log of the cache folder."
        )


def _signal_said(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    reason = ", often for lack of memory" if name == "SIGKILL" else ""
    return f"was stopped from outside ({name}{reason})"


class Cancelled(TMVError):
    """Work that the user stopped."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """An `UnknownName` that offers the closest names, or else a few that exist."""
    names = list(dict.fromkeys(known))
    close = difflib.get_close_matches(name.lower(), [n.lower() for n in names], n=3, cutoff=0.5)
    offers = [n for n in names if n.lower() in close]
    hint = f"did you mean {' or '.join(offers)}?" if offers else f"there are: {', '.join(names[:12])}."
    return UnknownName(f"No {kind} is called {name!r}; {hint}")
