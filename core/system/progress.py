"""Progress of work that has parts, as calls of one `progress(done, total)`."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called as `progress(done, total)`. It may raise `Cancelled`; whoever reports progress cleans up and lets it pass."""


def silent(done: int, total: int) -> None:
    """Where nobody watches."""


def after(progress: Progress | None, done_before: int) -> Progress | None:
    """The progress of work that comes after `done_before` steps of the same kind."""
    if progress is None:
        return None
    report = progress
    return lambda done, total: report(done_before + done, done_before + total)


class Steps:
    """Progress of steps of unknown length as thousandths of the whole."""

    def __init__(self, steps: int, progress: Progress) -> None:
        self._steps, self._done, self._shown, self._progress = steps, 0, 0, progress

    def aside(self, done: int, total: int) -> None:
        """The progress of work that is none of the steps: it can be stopped, and the bar stays."""
        self._progress(max(self._shown, self._done * 1000), self._steps * 1000)

    def step(self, work: Callable[[Progress], object], length: int = 1) -> None:
        """Run one step, or one as long as several; its own progress moves the whole by its share."""
        base = self._done * 1000

        def report(done: int, total: int) -> None:
            # A step that waits for another process starts over when it takes the work on; the bar does not.
            self._shown = max(self._shown, base + (1000 * length * done // total if total else 0))
            self._progress(self._shown, self._steps * 1000)

        report(0, 1)
        work(report)
        self._done += length
        self._progress(self._done * 1000, self._steps * 1000)
