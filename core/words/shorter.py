"""Long names of runs, shortened to what tells them apart: of eight checkpoints of one experiment nobody reads the
settings that are the same in all of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

LONG, LONGEST = 28, 44
"""A name of so many characters is not shortened, and one of more than the second has lost its middle, whatever it is
shown with: a sentence with two of them could not be read."""
PART = 16
"""A part of so many characters stays whole, whatever hyphens are in it ("lr5e-4", "vit-b-32")."""
GONE = "…"
_BREAKS = re.compile(r"[^_/\s]*[_/\s]?")
_HYPHENS = re.compile(r"(?:[^-]|(?<=\d[eE])-(?=\d))*-?")
"""Up to a hyphen, which the one of 3e-4 is not."""


def shortened(said: Mapping[str, str]) -> dict[str, str]:
    """Key -> text, of long texts that begin alike without what is the same in each; none becomes like another one: two
    that would, of different beginnings, keep these."""
    families: dict[str, list[str]] = {}
    for key, text in said.items():
        if len(text) > LONG:
            families.setdefault(_tokens(text)[0], []).append(key)
    short, begun = dict(said), dict[str, str]()
    for start, keys in families.items():
        if len(keys) > 1:
            short |= dict(zip(keys, _without_common([_tokens(said[key]) for key in keys]), strict=True))
            begun |= {key: start.rstrip("_/-") + GONE + short[key].removeprefix(GONE) for key in keys}
    for fuller in (begun, dict(said)):
        times = Counter(short.values())
        short |= {key: fuller.get(key, text) for key, text in short.items() if times[text] > 1}
    return _without_middle(short)


def _without_middle(said: Mapping[str, str]) -> dict[str, str]:
    """Texts that are still too long without their middle, where that makes none like another one."""
    short = {key: middle_out(text, LONGEST) for key, text in said.items()}
    times = Counter(short.values())
    return {key: text if times[text] == 1 else said[key] for key, text in short.items()}


def middle_out(name: str, width: int) -> str:
    """A name of at most so many characters: what is too much goes from its middle, since names differ at their ends."""
    if len(name) <= width:
        return name
    tail = (width - 1) * 2 // 3
    return name[: width - 1 - tail].rstrip() + GONE + name[-tail:].lstrip()


def _tokens(text: str) -> list[str]:
    """The parts of a name, each with the mark that ends it; at hyphens only where a part is long."""
    parts = filter(None, _BREAKS.findall(text))
    return [bit for part in parts for bit in (_HYPHENS.findall(part) if len(part) > PART else [part]) if bit]


def _without_common(names: Sequence[Sequence[str]]) -> list[str]:
    """Each name without the parts that all of them share: place by place where they have as many, else at both ends."""
    if len({len(name) for name in names}) == 1:
        differs = [len({part.rstrip("_/-") for part in place}) > 1 for place in zip(*names, strict=True)]
        return [_kept(name, differs) for name in names]
    first = _shared(names)
    last = min(_shared([name[::-1] for name in names]), min(map(len, names)) - first)
    return [_kept(name, [first <= i < len(name) - last for i in range(len(name))]) for name in names]


def _shared(names: Sequence[Sequence[str]]) -> int:
    """How many parts all of them begin with."""
    same = (len({part.rstrip("_/-") for part in place}) == 1 for place in zip(*names, strict=False))
    return next((i for i, alike in enumerate(same) if not alike), min(map(len, names)))


def _kept(name: Sequence[str], wanted: Sequence[bool]) -> str:
    """The wanted parts, a number with the word before it, and a mark for each gap."""
    keep = [
        want or (i + 1 < len(name) and wanted[i + 1] and name[i + 1][:1].isdigit() and not name[i][:1].isdigit())
        for i, want in enumerate(wanted)
    ]
    if not any(keep):
        return "".join(name)
    text = ""
    for part, want in zip(name, keep, strict=True):
        text = text + part if want else text if text.endswith(GONE) else text.rstrip("_/-") + GONE
    return text.rstrip("_/-")
