"""Pages of these tests start no process either."""

from tests.app.conftest import no_process

__all__ = ["no_process"]
