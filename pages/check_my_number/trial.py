"""Known mistakes, tried: a button that starts the job, then what was found, with every way that was tried."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.studies.audit import AuditResult
from core.studies.audit.study import trying_of
from core.studies.audit.trying.study import Trying
from core.tables.audit import tried_frame
from core.types import Job
from core.words.audit import tried_caption
from pages.shared.guard import safe_callback
from pages.shared.jobs import watch
from pages.shared.save import save_rows
from pages.shared.theme import on_stage
from pages.shared.words import plain

HELP = (
    "Loads the model in a separate process and encodes a sample of the images again in every known wrong way, for "
    "example with color channels swapped. The way that gives exactly these answers is named."
)


def trial(engine: Engine, result: AuditResult, key: str, forget: Callable[[], None]) -> None:
    """The button where known mistakes may be tried, the job while they are, and then the table of ways; `forget` is
    called once it is done, and the page runs again with what was found. A slide has the finding alone."""
    if on_stage():
        return
    if result.case.trial is not None:
        _ways(result, key)
        return
    study = trying_of(engine, result)
    if study is None:
        return
    jobs = watch(engine, [study.job_key()])
    if any(job.live for job in jobs):
        return
    seen = f"trial-seen-{key}"
    if (done := next((job for job in jobs if job.state == "done"), None)) and st.session_state.get(seen) != done.id:
        st.session_state[seen] = done.id
        forget()
        st.rerun()
    st.button(
        "Try known mistakes",
        key=f"trial-{key}",
        icon=":material/troubleshoot:",
        on_click=safe_callback(_start),
        args=(engine, study),
        help=HELP,
    )


def _start(engine: Engine, study: Trying) -> Job:
    return engine.submit(study)


def _ways(result: AuditResult, key: str) -> None:
    """Every way that was tried, best first, one press away."""
    found = result.case.trial
    if found is None:
        raise TMVError("No known mistake has been tried; press the button first.")
    box = st.expander(f"Known mistakes tried: {len(found.ways):,}", on_change="rerun", key=f"open-trial-{key}")
    if not box.open:
        return
    frame = tried_frame(found)
    with box:
        st.caption(plain(tried_caption(found)))
        st.dataframe(
            frame[["way", "agreement", "same", "compared", "right way"]],
            hide_index=True,
            alt="Every way that was tried, with its agreement",
            column_config={
                "way": st.column_config.TextColumn("Tried", width="large"),
                "agreement": st.column_config.ProgressColumn("Agreement", format="percent", min_value=0, max_value=1),
                "same": st.column_config.NumberColumn("Same", format="localized"),
                "compared": st.column_config.NumberColumn("Compared", format="localized"),
                "right way": st.column_config.NumberColumn("Same with the right way", format="localized"),
            },
        )
        save_rows(frame, "known_mistakes", key=f"csv-trial-{key}")
