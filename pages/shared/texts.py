"""Lists of texts in the address, whole however long they are.

A short list is spelled out, one text a parameter. Proxies cut addresses at four to eight thousand characters,
so a longer list is kept beside the results under the digest of its content, and the address names that: the
same list always has the same name, and a link works wherever the cache folder is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence

from core.engine import Engine
from core.errors import TMVError
from pages.shared.url_state import LONGEST, address, get_choice, set_choice

MOST_TEXTS = 2000
IN_ADDRESS = 2500
"""Characters of an address that one list may take before it is kept on the server."""
_KEPT = re.compile(r"^list:([0-9a-f]{20})$")


def get_texts(engine: Engine, name: str) -> tuple[str, ...]:
    """The list chosen under `name`; `TMVError` where the address names a list that is not kept here."""
    return written_out(engine, get_choice(name, MOST_TEXTS))


def written_out(engine: Engine, values: tuple[str, ...]) -> tuple[str, ...]:
    """The values of an address as they are, or the list kept here that they name."""
    named = _KEPT.match(values[0]) if len(values) == 1 else None
    if named is None:
        return values
    kept = engine.results.get(_key(named.group(1)))
    if not isinstance(kept, list):
        raise TMVError(
            "This link names a long list of texts that is not on this server; ask whoever sent it for the texts, "
            "or copy the results folder of their cache."
        )
    return tuple(str(text) for text in kept)


def set_texts(engine: Engine, name: str, values: Iterable[str]) -> None:
    """Set the list of `name`; only from a widget's callback. `TMVError` for a list or a text that is too long."""
    wanted = _checked(list(dict.fromkeys(v for v in values if v)))
    if len(address({name: wanted})) > IN_ADDRESS:
        digest = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:20]
        engine.results.put(_key(digest), wanted)
        wanted = [f"list:{digest}"]
    set_choice(name, wanted)


def box_key(name: str, values: Sequence[str]) -> str:
    """The key of a text box that opens with these values: a new one when they change elsewhere, so that the box
    never shows what is no longer chosen. (A box in a closed popover forgets a value set through the session.)"""
    return f"box-{name}-{hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()[:8]}"


def lines(text: str) -> list[str]:
    """The lines of a text box that say something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def checked_lines(text: str, check: Callable[[Sequence[str]], object]) -> list[str]:
    """`lines`, after `check` had its say about them."""
    found = lines(text)
    if found:
        check(found)
    return found


def short_enough(text: str, what: str, most: int = LONGEST) -> str:
    """The text itself. Raises `TMVError` for one longer than an address keeps; a limit of the box alone would drop what
    is pasted without a word."""
    if len(text) > most:
        raise TMVError(f"{what} has {len(text):,} characters; at most {most} are read. Shorten it.")
    return text


def _checked(values: list[str]) -> list[str]:
    if len(values) > MOST_TEXTS:
        raise TMVError(f"At most {MOST_TEXTS:,} texts are compared at once, got {len(values):,}.")
    for place, value in enumerate(values, 1):
        if len(value) > LONGEST:
            raise TMVError(
                f"Text {place} has {len(value):,} characters; at most {LONGEST} are kept, which is more than a model "
                "of this kind reads."
            )
    return values


def _key(digest: str) -> str:
    return f"texts/{digest}"
