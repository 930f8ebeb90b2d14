"""Predictions that someone brings: a table of answers or scores, or the figures of an evaluation, audited."""

from __future__ import annotations

from hashlib import sha256

import streamlit as st

from core.engine import Engine
from core.readers.predictions import parse_predictions
from core.studies.audit import AuditResult
from core.studies.audit.study import audit_classes, audit_predictions
from pages.check_my_number.checks import checks, save_checks, show_audit
from pages.shared.guard import errors_in_place
from pages.shared.words import plain

MOST_MEGABYTES, MOST_RESULTS = 20, 12
AUDITED = "audit-of"
"""Where the page keeps which model and data set it is about."""
TYPES = ["csv", "tsv", "txt", "json", "jsonl"]
HELP = (
    "A table with a header and one row a picture: image, label, prediction (or a column of scores for every class). "
    "Or CLIP_benchmark's JSON. It is read here and kept only while you look; large files go through the command line."
)


def own_predictions(engine: Engine) -> None:
    """The upload, and under it the audit of what is in it."""
    st.header("Predictions of your own", anchor=False)
    file = st.file_uploader(
        "A CSV of predictions, or the JSON of an evaluation",
        type=TYPES,
        key="own-predictions",
        max_upload_size=MOST_MEGABYTES,
        help=HELP,
    )
    same = st.toggle(
        "They are of the model and data set chosen above",
        value=True,
        key="own-same",
        help="Then they are compared with our own runs picture by picture, as far as the cache has them.",
    )
    if file is None:
        return
    with errors_in_place():
        for place, result in enumerate(_audited(engine, file.getvalue(), file.name, same)[:MOST_RESULTS]):
            st.subheader(plain(result.case.title if not place else f"{result.case.title} ({place + 1})"), anchor=False)
            show_audit(result, f"own-{place}")
            checks(result, f"own-{place}")
            save_checks(result, f"own-{place}")


def _audited(engine: Engine, content: bytes, name: str, same: bool) -> list[AuditResult]:
    """The audit of every result in a file, remembered while the same file is looked at."""
    model, dataset = st.session_state.get(AUDITED, (None, None)) if same else (None, None)
    mark = (sha256(content).hexdigest(), name, model, dataset)
    if st.session_state.get("own-audit", (None,))[0] != mark:
        classes = audit_classes(engine, dataset) if dataset else None
        brought = parse_predictions(content, name, classes)
        found = [
            audit_predictions(engine, b, model if not b.model else None, dataset if not b.dataset else None)
            for b in brought
        ]
        st.session_state["own-audit"] = (mark, found)
    audited: list[AuditResult] = st.session_state["own-audit"][1]
    return audited
