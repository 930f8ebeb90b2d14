"""How far the preparation of the demo has come, in shares that fit how long its parts take."""

from __future__ import annotations

from typing import Any

import pytest

from core import tasks
from core.types import Progress


class Told:
    """An engine whose every step tells that it is half done."""

    def ensure_demo(self, dataset: str, progress: Progress) -> None:
        progress(1, 2)

    def ensure(self, model: str, dataset: str, split: str, progress: Progress) -> None:
        progress(1, 2)

    def probe(self, model: str, dataset: str, progress: Progress) -> None:
        progress(1, 2)


def test_drawing_has_its_share_and_the_whole_ends_at_its_total(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_encode_prompts", lambda *_: None)
    seen = list[tuple[int, int]]()
    engine: Any = Told()
    tasks.prepare_demo(engine, {}, lambda done, total: seen.append((done, total)))
    shares = [done / total for done, total in seen]
    assert shares == sorted(shares) and shares[-1] == 1.0 and len({total for _, total in seen}) == 1
    drawn = seen[2]
    assert drawn == (5000, 21000), "drawing the first set takes a quarter of the time"
    assert seen[1] == (2500, 21000)
