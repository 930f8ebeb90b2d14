"""A picture of one's own, named with labels that one types."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import streamlit as st

from core.catalog.prompts import find_prompt_set
from core.engine import Engine
from core.errors import TMVError
from core.images.decode import IMAGE_SUFFIXES, thumbnail
from core.store import read_card
from core.studies.zero_shot.open_set import Threshold, judge, validation_threshold
from core.types import FloatArray, ModelSpec, ScoreRule
from core.words.names import say_model
from core.words.open_set import judged_finding, threshold_line
from pages.shared.example_texts import fitting_labels
from pages.shared.guard import errors_in_place
from pages.shared.pickers import chosen_model
from pages.shared.picture import answers, picture
from pages.shared.prompt_picker import get_prompt_choice
from pages.shared.stored import default_datasets
from pages.shared.texts import short_enough
from pages.shared.url_state import get_choice
from pages.shared.words import plain

MOST_MEGABYTES, MOST_LABELS, SHOWN = 20, 200, 5
FIXED, BEST = "50 %", "Best F1"
HOW_ACCEPTED = (
    "50 %: more likely right than not, by the model's own probability. Best F1: the threshold that is best on the "
    "validation split of the data set chosen above (else its training split), with its own classes."
)
OWN_LABELS, LABELS_SHOWN = "own-labels", "own-labels-shown"


def own_picture(engine: Engine, classnames: tuple[str, ...]) -> None:
    """The form, which opens with the first of these classes, and under it the five best of the typed labels."""
    st.header("Classify your own image", anchor=False)
    _follow(fitting_labels(classnames))
    with st.form("own-picture", border=False):
        left, right = st.columns(2)
        left.file_uploader(
            "Image",
            type=[s.lstrip(".") for s in sorted(IMAGE_SUFFIXES)],
            key="own-file",
            max_upload_size=MOST_MEGABYTES,
            help="Decoded on the server and kept only while this page is open.",
        )
        right.text_area("Labels, one per line", key=OWN_LABELS, placeholder="cat\ndog", height=150)
        if st.form_submit_button("Classify", type="primary"):
            st.session_state["own-asked"] = True
    file = st.session_state.get("own-file")
    if file is not None and st.session_state.get("own-asked"):
        with errors_in_place():
            _named(engine, file.getvalue())


def _follow(labels: str) -> None:
    """The labels are those of the data set on the page until somebody types others."""
    state = st.session_state
    if labels and state.get(OWN_LABELS, "") == state.get(LABELS_SHOWN, ""):
        state[OWN_LABELS] = state[LABELS_SHOWN] = labels


def _named(engine: Engine, data: bytes) -> None:
    labels = _labels(st.session_state[OWN_LABELS])
    model = chosen_model(engine)
    templates = get_prompt_choice(()).templates or find_prompt_set("photo").templates
    left, right = st.columns([3, 2], gap="large")
    with left:
        picture(thumbnail(data, 1024), "Your image")
    with right, errors_in_place():
        vectors = _vectors(engine, model, data, templates, labels)
        st.markdown(f"**{plain(say_model(model))}**")
        found = judge(*vectors, _threshold(engine, model, vectors[-1], templates))
        shown = found.labels[: max(SHOWN, len(found.accepted))]
        answers([(each.label, each.probability, bool(each.accepted)) for each in shown], "accepted")
        st.markdown(plain(judged_finding(found)))
        if found.threshold is not None:
            st.caption(plain(threshold_line(found.threshold)))
        st.caption(f"Prompts: “{plain('” and “'.join(templates[:2]))}”.")


def _threshold(engine: Engine, model: ModelSpec, rule: ScoreRule, templates: Sequence[str]) -> Threshold:
    """The threshold that is chosen under the labels; a model that only compares labels has none to choose."""
    if not rule.each_alone:
        return Threshold()
    how = st.segmented_control(
        "Accept a label from", [FIXED, BEST], default=FIXED, key="own-threshold", required=True, help=HOW_ACCEPTED
    )
    if how == FIXED:
        return Threshold()
    try:
        data = get_choice("data") or default_datasets(engine, "classification", 1)
        return validation_threshold(engine, engine.place(model.name, data[0]), templates)
    except (TMVError, IndexError) as error:
        st.warning(plain(f"{error or 'No data set with labels is here.'} The threshold is 50 %."))
        return Threshold()


def _vectors(
    engine: Engine, model: ModelSpec, data: bytes, templates: Sequence[str], labels: Sequence[str]
) -> tuple[FloatArray, FloatArray, Sequence[str], ScoreRule]:
    """What `judge` takes; the picture's vector is remembered while the same picture is looked at."""
    classes = engine.prompting.class_head(model.name, templates, labels)
    mark = (model.name, sha256(data).hexdigest())
    if st.session_state.get("own-vector", (None,))[0] != mark:
        st.session_state["own-vector"] = (mark, engine.encoding.encode_image(model.name, data))
    card = read_card(engine.cache_dir, model.name)
    if card is None:
        raise TMVError(f"{model.name} has not been loaded here yet; try again in a moment.")
    return st.session_state["own-vector"][1], classes, labels, card.score_rule


def _labels(text: str) -> list[str]:
    labels = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not 2 <= len(labels) <= MOST_LABELS:
        raise TMVError(f"Between 2 and {MOST_LABELS} different labels are needed, one per line; got {len(labels)}.")
    return [short_enough(label, "A label") for label in labels]
