"""What one template changes against the baseline: which classes, and the pictures whose answer it turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.engine import Engine
from core.stats.numbers import count
from core.studies.prompts.accuracy import PromptStudyResult, TemplateResult
from core.tables.prompts import changed_pictures_frame, class_changes_frame
from core.words.names import say_model
from core.words.prompts import classes_moved, say_template
from pages.shared.columns import percent_column
from pages.shared.grid import Tile, grid
from pages.shared.layout import table_height
from pages.shared.paging import paged
from pages.shared.picture import thumbnail
from pages.shared.save import save_rows
from pages.shared.url_choices import A_CLASS, class_tokens, note_wrong_choice, one_of
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import segments, select, widget_key, write_back
from pages.shared.words import plain

GAINED, LOST, OTHER = "gained", "lost", "other"
KINDS = {GAINED: "Gained", LOST: "Lost", OTHER: "Misclassified both times"}
PAGE = 15
PAGE_KEY = "flipped-page"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedTemplate:
    """A study and the template of it that is looked at."""

    study: PromptStudyResult
    template: str

    @property
    def token(self) -> tuple[str, str, str]:
        """As it stands in the address."""
        return self.study.model, self.study.classnames_kind, self.template


def changed_template(studies: Sequence[PromptStudyResult]) -> ChangedTemplate:
    """What the address asks for; else the template of the first study that moves accuracy most."""
    asked = get_choice("changed")
    if len(asked) == 3:
        for study in studies:
            here = [t.name for t in study.every if asked[2] in (t.name, *t.also)]
            if (study.model, study.classnames_kind) == asked[:2] and here:
                return ChangedTemplate(study=study, template=here[0])
    found = ChangedTemplate(study=studies[0], template=_most_moved(studies[0]))
    if asked:
        expected = "a model, its class names and a template that are compared here"
        note_wrong_choice("changed", ", ".join(asked), expected, f"“{say_template(found.template)}” is looked at")
    return found


def _most_moved(study: PromptStudyResult) -> str:
    def moved_by(result: TemplateResult) -> float:
        return abs(result.difference.difference) if result.difference else -1.0

    return max(study.every, key=moved_by).name


def show_template(model: str, kind: str, template: str, of: str | None = None) -> None:
    """Callback: look at this template, and at one class of it if one is named."""
    set_choice("changed", [model, kind, template])
    set_choice("of", of)
    st.session_state[PAGE_KEY] = 1


def changed(engine: Engine, studies: Sequence[PromptStudyResult], look: ChangedTemplate) -> None:
    """The section: choices, the classes on the left, the pictures on the right."""
    study, template = look.study, look.template
    said = f"What “{say_template(template)}” changes against “{say_template(study.baseline)}”"
    st.header(plain(said), anchor=False)
    frame = changed_pictures_frame(study, template)
    _pick(studies, look)
    if study.find(template).difference is None:
        st.caption("This is the baseline. Choose another template to see what it changes.")
        return
    left, right = st.columns([2, 3], gap="large")
    with left:
        _classes(look)
    with right:
        _pictures(engine, look, frame)


def _pick(studies: Sequence[PromptStudyResult], look: ChangedTemplate) -> None:
    left, right = st.columns(2)
    options = {f"{s.model}\n{s.classnames_kind}": _study_title(s, studies) for s in studies}
    with left:
        select(
            "changed-study", "Model", options, f"{look.study.model}\n{look.study.classnames_kind}", on_change=_picked
        )
    with right:
        select(
            "changed-template",
            "Template",
            [t.name for t in look.study.every],
            look.template,
            format_func=say_template,
            on_change=_picked,
        )


def _study_title(study: PromptStudyResult, studies: Sequence[PromptStudyResult]) -> str:
    several = len({s.classnames_kind for s in studies}) > 1
    return say_model(study.model) + (f", {study.classnames_kind} names" if several else "")


def _picked() -> None:
    model, _, kind = st.session_state[widget_key("changed-study")].partition("\n")
    show_template(model, kind, st.session_state[widget_key("changed-template")])


# --- classes ----------------------------------------------------------------------------------------------


def _classes(look: ChangedTemplate) -> None:
    frame = class_changes_frame(look.study, look.template)
    st.subheader(plain(classes_moved(list(zip(frame["classname"], frame["change"], strict=True)))), anchor=False)

    def clicked() -> None:
        row = frame.iloc[st.session_state["changed-class"].row]
        show_template(*look.token, of=_token(look.study, str(row["classname"])))

    share = st.column_config.NumberColumn
    shown_frame = frame.assign(
        **{c: 100 * frame[c] for c in ("before", "after", "change")}, pictures=[f"{n:,}" for n in frame["n"]]
    )
    st.dataframe(
        shown_frame[["classname", "before", "after", "change", "gained", "lost", "pictures"]],
        hide_index=True,
        height=table_height(len(frame), 14),
        key="changed-classes",
        alt="Recall of each class before and after, largest change first",
        column_config={
            "classname": st.column_config.TextColumn("Class", pinned=True, width=110),
            "before": percent_column("Before"),
            "after": percent_column("After"),
            "change": share("Points", format="%+.1f"),
            "gained": "Gained",
            "lost": "Lost",
            "pictures": st.column_config.ButtonColumn("Images", key="changed-class", on_click=clicked),
        },
    )
    save_rows(frame, "classes-changed", key="changed-classes-csv")


def _token(study: PromptStudyResult, classname: str) -> str:
    """Classes of one name are told apart by their number."""
    tokens = class_tokens(study.classnames)
    return next(t for t, n in zip(tokens, study.classnames, strict=True) if n == classname)


# --- pictures ---------------------------------------------------------------------------------------------


def _pictures(engine: Engine, look: ChangedTemplate, frame: pd.DataFrame) -> None:
    label = _chosen_class(look.study)
    if label is not None:
        frame = frame[look.study.labels[frame["row"].to_numpy()] == label]
    first, second = st.columns([3, 2], vertical_alignment="bottom")
    with first:
        kind = _pick_kind(frame)
    with second:
        _pick_class(look.study, label)
    rows = frame[frame["kind"] == kind]
    if rows.empty:
        st.caption("No such images. Choose another change, class or template.")
        return
    place, on_page = paged(len(rows), PAGE, PAGE_KEY)
    with place:
        grid(
            [_tile(engine, look, row) for _, row in rows.iloc[on_page].iterrows()],
            key="flipped-grid",
            tile=120,
            label=f"{KINDS[kind]}: {count(len(rows), 'image')}",
            opened=lambda picture: set_choice("flipped", picture),
            of=(look.study.dataset, look.study.split),
        )
    save_rows(frame, "pictures-changed", key="flipped-csv")


def _chosen_class(study: PromptStudyResult) -> int | None:
    places = {token: label for label, token in enumerate(class_tokens(study.classnames))}
    return places.get(one_of("of", places, "", A_CLASS, "any class is shown"))


def _pick_kind(frame: pd.DataFrame) -> str:
    """Gained, lost or wrong both times; opens with the larger of the first two."""
    counts = {kind: int((frame["kind"] == kind).sum()) for kind in KINDS}
    now = one_of("which", KINDS, max((GAINED, LOST), key=lambda kind: counts[kind]))
    segments(
        "which",
        "Images whose answer changed",
        list(KINDS),
        now,
        format_func=lambda kind: f"{KINDS[kind]} {counts[kind]:,}",
        on_change=_picked_kind,
    )
    return now


def _picked_kind() -> None:
    write_back("which")
    st.session_state[PAGE_KEY] = 1


def _pick_class(study: PromptStudyResult, label: int | None) -> None:
    tokens = class_tokens(study.classnames)
    select(
        "of",
        "Of the class",
        ["", *tokens],
        "" if label is None else tokens[label],
        format_func=lambda t: t or "any class",
        on_change=_picked_class,
    )


def _picked_class() -> None:
    write_back("of")
    st.session_state[PAGE_KEY] = 1


def _tile(engine: Engine, look: ChangedTemplate, row: pd.Series) -> Tile:
    study, kind = look.study, row["kind"]
    marks = {GAINED: "now correct", LOST: f"now {row['after']}", OTHER: f"now {row['after']}"}
    return Tile(
        id=row["id"],
        thumbnail=thumbnail(engine, study.dataset, study.split, row["id"]),
        alt=f"{row['true']}: classified as {row['before']} before, as {row['after']} now",
        caption=f"true: {row['true']}",
        note=f"before: {'correct' if kind == LOST else row['before']}",
        label=str(row["true"]),
        right=kind == GAINED,
        mark=marks[kind],
    )
