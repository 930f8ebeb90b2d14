"""Jobs of the rows that are marked in a table, below its buttons."""

from __future__ import annotations

from collections.abc import Sequence

from core.engine import Engine
from pages.shared.jobs import watch


def show_job(engine: Engine, keys: Sequence[str]) -> None:
    """The newest job of each key while it runs, and why where it failed."""
    if keys:
        watch(engine, keys)
