"""Numbers and lists as people read them: shares, points, intervals, counts, a few of many names."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.types import Interval

SPACE = "\u00a0"


def percent(share: float, decimals: int = 1) -> str:
    """ "61.2 %", with a space that does not break."""
    return f"{share * 100:.{decimals}f}{SPACE}%"


def points(difference: float, signed: bool = False) -> str:
    """ "10.1 points" for 0.101; signed with a true minus: "−10.1 points"."""
    number = in_points(difference, signed)
    return f"{number}{SPACE}point{'' if number.lstrip('+−') == '1.0' else 's'}"


def in_points(difference: float, signed: bool = False) -> str:
    """The number of `points` alone: "10.1", "−10.1"."""
    return f"{difference * 100:+.1f}".replace("-", "−") if signed else f"{abs(difference) * 100:.1f}"


def points_between(interval: Interval) -> str:
    """ "−2.1 to +3.4" for (-0.021, 0.034)."""
    return " to ".join(in_points(end, signed=True) for end in interval)


def interval_text(interval: Interval) -> str:
    """ "57.6–65.3 %" for (0.576, 0.653)."""
    return f"{interval[0] * 100:.1f}–{interval[1] * 100:.1f}{SPACE}%"


def count(n: int, noun: str, plural: str = "") -> str:
    """ "1 picture", "10,000 pictures"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def verb(n: int, one: str = "is", many: str = "are") -> str:
    """The verb of a count that stands apart from it."""
    return one if n == 1 else many


def some_of(n: int, of: int, noun: str, one: str = "is", many: str = "are") -> str:
    """ "1 of 12 pictures is", "3 of 12 pictures are"."""
    return f"{n:,} of {count(of, noun, 'classes' if noun == 'class' else '')} {verb(n, one, many)}"


def span(low: int, high: int) -> str:
    """ "5", or "1 to 5"."""
    return f"{low}" if low == high else f"{low} to {high}"


def listed(names: Sequence[str], limit: int | None = None) -> str:
    """ "a, b and c"; beyond `limit` "a, b, c and 7 more"."""
    shown = list(names[:limit])
    if len(names) > len(shown):
        shown.append(f"{len(names) - len(shown):,} more")
    return "".join(shown) if len(shown) < 2 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def quoted(names: Sequence[str], limit: int = 3) -> str:
    """ "“a”, “b” and 7 more", for class names."""
    return listed([f"“{name}”" for name in names], limit)


def either(names: Sequence[str]) -> str:
    """ "“cat” or “dog”", for class names."""
    return " or ".join(f"“{name}”" for name in names)


def few_of(names: Sequence[str], limit: int = 3) -> str:
    """ "a, b, c and 7 more", and without an "and" where they are all named."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit:,} more"


def setting(value: float) -> str:
    """A C (or another setting from 0 on) in plain digits: "0.0178", "1,000"."""
    if value <= 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(value))) if value < 100 else 0
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:,.0f}"


def p_value(p: float) -> str:
    """ "= 0.032", "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


def duration(seconds: float) -> str:
    """28.4 -> "28 s", 190 -> "3 min", 7300 -> "2 h 2 min"."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    if whole < 5400:
        return f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(n_bytes: float) -> str:
    """12_345_678 -> "12.3 MB"."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= step:
            return f"{n_bytes / step:.1f} {unit}"
    return f"{int(n_bytes)} bytes"


def millions(n: int) -> str:
    """151_277_313 -> "151 million"; small models keep a decimal."""
    value = n / 1e6
    return f"{value:.0f} million" if value >= 10 else f"{value:.1f} million"


def upper_first(clause: str) -> str:
    """A clause as the beginning of a sentence."""
    return clause[:1].upper() + clause[1:]


def lower_first(sentence: str) -> str:
    """A sentence as a part of another."""
    return sentence[:1].lower() + sentence[1:]


def full_stop(sentence: str) -> str:
    """A headline as a sentence in running text."""
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."


def without_stop(sentence: str) -> str:
    """A sentence without its full stop, for brackets."""
    return sentence.removesuffix(".")
