"""A file of predictions that someone brings, kept while they look, on whichever page it was dropped; and an example."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from hashlib import sha256

import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.readers.predictions import parse_predictions
from core.studies.audit import AuditResult
from core.studies.audit.study import audit_classes, audit_predictions
from core.studies.field.beside import BroughtFigures, laid_beside
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot

FILE, AUDITED, ANSWER = "brought-file", "audit-of", "own-audit"
"""Where the session keeps the file, which model and data set the page is about, and the last answer."""
TYPES = ["csv", "tsv", "txt", "json", "jsonl"]
MOST_MEGABYTES = 20
MOST_RESULTS = 12
"""Results of one file that are audited; a table of figures may hold thousands, which are laid beside the field."""
HELP = (
    "A table with a header and one row per image: image, label, prediction (or a column of scores for every class). "
    "Or figures: JSON or CSV of CLIP_benchmark, a table as open_clip publishes it, MTEB's JSON. It is read here and "
    "kept only while you look; for larger files use the command line."
)
EXAMPLE_PAIR = ("demo-rn/demo", "demo-objects")


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtFile:
    """A file as it came: its name and its bytes."""

    name: str
    content: bytes


def brought() -> BroughtFile | None:
    """The file that is looked at."""
    found = st.session_state.get(FILE)
    return found if isinstance(found, BroughtFile) else None


def drop(key: str) -> None:
    """The place to drop a file; what was dropped is looked at on every page until another comes."""

    def took() -> None:
        if (file := st.session_state[key]) is not None:
            st.session_state[FILE] = BroughtFile(name=file.name, content=file.getvalue())

    st.file_uploader(
        "Predictions as CSV, TSV, JSON or JSON lines",
        type=TYPES,
        key=key,
        max_upload_size=MOST_MEGABYTES,
        help=HELP,
        on_change=took,
        label_visibility="collapsed",
    )
    if (file := brought()) is not None:
        st.button(f"Put away {file.name}", key=f"{key}-away", icon=":material/close:", type="tertiary", on_click=_away)


def _away() -> None:
    st.session_state[FILE] = None


def audited(engine: Engine, file: BroughtFile, *, same: bool) -> list[AuditResult]:
    """The audit of the first results in a file, remembered while the same file is looked at. `same`: it is of the model
    and data set that the page is about."""
    model, dataset = st.session_state.get(AUDITED, (None, None)) if same else (None, None)
    mark = (sha256(file.content).hexdigest(), file.name, model, dataset)
    if st.session_state.get(ANSWER, (None,))[0] != mark:
        classes = audit_classes(engine, dataset) if dataset else None
        found = [
            audit_predictions(engine, b, model if not b.model else None, dataset if not b.dataset else None)
            for b in parse_predictions(file.content, file.name, classes)[:MOST_RESULTS]
        ]
        st.session_state[ANSWER] = (mark, found)
    answer: list[AuditResult] = st.session_state[ANSWER][1]
    return answer


@st.cache_resource(show_spinner=False, max_entries=4)
def figures_beside(name: str, content: bytes) -> BroughtFigures:
    """The figures of a file beside those of the field."""
    return laid_beside(parse_predictions(content, name))


def forget() -> None:
    """The audit is made anew: there is more to compare with than there was."""
    st.session_state.pop(ANSWER, None)


# --- the example ------------------------------------------------------------------------------------------


def example(engine: Engine) -> ZeroShotResult | None:
    """The demo's own answers, from which the example is made; None where they are not here."""
    try:
        return engine.run(ZeroShot.at(engine, *EXAMPLE_PAIR))
    except TMVError:
        return None


def take_example(engine: Engine) -> None:
    """Callback: look at the example as if someone had dropped it."""
    if (result := example(engine)) is not None:
        st.session_state[FILE] = BroughtFile(name="example_predictions.csv", content=shifted(result))


def shifted(result: ZeroShotResult) -> bytes:
    """Real answers with every predicted class number one too high, as when one list of classes has a class more."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("image", "label", "prediction"))
    names = result.classnames
    for image, label, predicted in zip(result.ids, result.labels, result.predicted, strict=True):
        rows.writerow((image, names[label], names[(int(predicted) + 1) % len(names)]))
    return out.getvalue().encode()
