"""Numbers in the audit's sentences."""

from __future__ import annotations

from collections.abc import Sequence

from core.types import Interval

SPACE = "\u00a0"


def share(value: float) -> str:
    """ "50.1 %" for 0.501."""
    return f"{100 * value:.1f}{SPACE}%"


def points(difference: float) -> str:
    """ "10.1 points", without a sign."""
    number = f"{abs(100 * difference):.1f}"
    return f"{number}{SPACE}point{'' if number == '1.0' else 's'}"


def between(interval: Interval) -> str:
    """ "49.1–51.1 %"."""
    return f"{100 * interval[0]:.1f}–{100 * interval[1]:.1f}{SPACE}%"


def some(names: Sequence[str], limit: int = 3) -> str:
    """ "“a”, “b” and 7 more", for class names."""
    shown = [f"“{name}”" for name in names[:limit]]
    if len(names) > limit:
        shown.append(f"{len(names) - limit:,} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
