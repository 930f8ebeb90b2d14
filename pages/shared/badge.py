"""A quiet strip on every page while work is under way: how many jobs, how long still, and the way to them. It polls
only while something runs, and says once that all is done."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.types import Job
from core.words.jobs import all_done_said, jobs_said
from core.work.queue import queue
from pages.shared.guard import errors_in_place
from pages.shared.navigation import LIBRARY
from pages.shared.theme import theme

SEEN, OVER, ENDED = "badge-seen", "badge-over", "badge-ended"
EVERY_SECONDS = 3.0
KEY = "running-work"
# In the corner, where few pages have anything. On a phone in the room above the title, and it scrolls away with that.
CSS = f"""<style>
div:has(> .st-key-{KEY}:only-child) {{ position: fixed; height: 0; z-index: 1000; }}
.st-key-{KEY} {{
  position: fixed; right: 1rem; bottom: 1rem; width: auto; z-index: 1000; padding: 0.1rem 0.7rem;
  border-radius: 1rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  background: BACKGROUND; box-shadow: 0 1px 4px rgb(0 0 0 / 15%);
}}
@media (max-width: 640px) {{
  div:has(> .st-key-{KEY}:only-child) {{ position: absolute; top: 0; right: 0; left: 0; }}
  .st-key-{KEY} {{ position: absolute; top: 3.6rem; bottom: auto; padding: 0 0.6rem; border: none; box-shadow: none; }}
  .st-key-{KEY} p {{ font-size: 0.75rem; }}
  .st-key-{KEY} a::after {{ content: ""; position: absolute; inset: -0.4rem; }}
}}
</style>"""


def badge(engine: Engine, here: bool) -> None:
    """Draw the strip; `here` says that the page is the one that it leads to, which shows more."""
    live = queue(engine).jobs
    if live:
        _remember(live)
    elif seen := st.session_state.pop(SEEN, None):
        st.session_state[OVER] = seen
    if here:
        if ended := st.session_state.pop(OVER, None):
            st.session_state[ENDED] = ended
        return
    st.session_state.pop(ENDED, None)
    over = list(st.session_state.get(OVER, ()))
    if live or over:
        with st.container(key=KEY):
            st.html(CSS.replace("BACKGROUND", str(st.get_option(f"theme.{theme()}.backgroundColor") or "Canvas")))
            if live:
                _running(engine)
            else:
                st.page_link(LIBRARY, label=all_done_said(_ended(engine, over)), icon=":material/task_alt:")


def _running(engine: Engine) -> None:
    def poll() -> None:
        now = queue(engine)
        if not now.jobs:
            st.rerun()
        _remember(now.jobs)
        said = jobs_said(len(now.jobs), now.seconds, now.whole)
        st.page_link(LIBRARY, label=said, icon=":material/hourglass_top:")

    st.fragment(errors_in_place()(poll), run_every=EVERY_SECONDS)()


def _remember(jobs: Sequence[Job]) -> None:
    """These are waited for until the last of them has ended."""
    st.session_state[SEEN] = list(dict.fromkeys((*st.session_state.get(SEEN, ()), *(job.id for job in jobs))))


def just_ended(engine: Engine) -> list[Job]:
    """The jobs that this session waited for and whose end the page that shows all work has still to say."""
    return _ended(engine, list(st.session_state.get(ENDED, ())))


def _ended(engine: Engine, seen: list[str]) -> list[Job]:
    return [job for job in engine.jobs.list() if job.id in seen and not job.live]
