"""Class names as part of the prompt: curated ones, folder names, and edits of either, compared side by side.

An edit is kept in the address as `base:FOLDER NAME=new name`, so that it names its class on any data set and
is left alone by all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.types import EmbeddingSet
from pages.shared.guard import safe_callback, show_form_error
from pages.shared.texts import get_texts, set_texts, short_enough
from pages.shared.url_choices import some_of
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import choice_button, unless_stale, widget_key

CURATED, RAW = "curated", "raw"
BASES = {CURATED: "Curated names", RAW: "Folder names"}
EDITED = "edited-"
MOST_CHARACTERS = 120
Edits = Mapping[tuple[str, str], str]
"""(base, folder name of the class) -> the name to ask with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSet:
    """One way to name the classes. `kind` as in the address, `said` as in a chart, `names` in label order;
    `plain_kind` is "curated" or "raw" where nothing is edited."""

    kind: str
    said: str
    names: tuple[str, ...]

    @property
    def edited(self) -> bool:
        """Whether someone changed a name."""
        return self.kind.startswith(EDITED)

    @property
    def title(self) -> str:
        """ "Curated names, edited"."""
        base = BASES[self.kind.removeprefix(EDITED)]
        return f"{base}, edited" if self.edited else base


def name_sets(images: EmbeddingSet, edits: Edits) -> tuple[NameSet, ...]:
    """Every way to name the classes of a stored set: an edited one only where an edit changes a name."""
    found = []
    for base, names in ((CURATED, images.classnames), (RAW, images.raw_classnames)):
        found.append(NameSet(kind=base, said=base, names=tuple(names)))
        changed = edited(base, names, images.raw_classnames, edits)
        if changed != tuple(names):
            found.append(NameSet(kind=EDITED + base, said=f"edited {base}", names=changed))
    return tuple(found)


def edited(base: str, names: Sequence[str], folders: Sequence[str], edits: Edits) -> tuple[str, ...]:
    """The names with the edits of this base put in."""
    return tuple(edits.get((base, folder), name) for name, folder in zip(names, folders, strict=True))


def parse_edits(values: Sequence[str], folders: Sequence[str]) -> dict[tuple[str, str], str]:
    """The edits among these values that belong to one of these classes; the longest folder name that fits is
    meant, since folder names may contain "=" themselves."""
    found = {}
    by_length = sorted(folders, key=len, reverse=True)
    for value in values:
        base, _, rest = value.partition(":")
        folder = next((f for f in by_length if rest.startswith(f"{f}=")), None)
        name = "" if folder is None else rest[len(folder) + 1 :].strip()
        if folder is not None and base in BASES and name:
            found[base, folder] = name
    return found


def written(edits: Edits) -> list[str]:
    """The edits as they stand in an address; the inverse of `parse_edits`."""
    return [f"{base}:{folder}={name}" for (base, folder), name in edits.items()]


def chosen_names(engine: Engine, images: EmbeddingSet) -> tuple[tuple[NameSet, ...], tuple[NameSet, ...]]:
    """(those to compare, all there are), checked against the data set; the curated ones where none is chosen."""
    every = name_sets(images, parse_edits(get_texts(engine, "rename"), images.raw_classnames))
    wanted = some_of("names", [kind + base for kind in ("", EDITED) for base in BASES])
    return tuple(n for n in every if n.kind in wanted) or every[:1], every


def pick_names(engine: Engine, images: EmbeddingSet) -> tuple[NameSet, ...]:
    """A button that says which class names are used; inside, the choice and the editor."""
    picked, every = chosen_names(engine, images)
    label = picked[0].title if len(picked) == 1 else f"{len(picked)} sets of class names"
    with choice_button("Class names", label, key="class-name-sets"):
        st.session_state[widget_key("names")] = [n.kind for n in picked]
        titles = {n.kind: n.title for n in every}
        st.pills(
            "Compare",
            list(titles),
            selection_mode="multi",
            format_func=lambda kind: titles.get(kind, kind),
            key=widget_key("names"),
            on_change=unless_stale(_picked, widget_key("names"), [n.kind for n in picked]),
        )
        _editor(engine, images)
    return picked


def _picked() -> None:
    set_choice("names", st.session_state[widget_key("names")])


# --- the editor -------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Sheet:
    """What the editor was opened with. A table that is edited must stay the same object to Streamlit, or it
    would jump to its top after every cell, so it starts anew only when the edits change from outside."""

    dataset: str
    start: dict[tuple[str, str], str]
    expected: list[str]
    times: int

    @property
    def key(self) -> str:
        return f"names-sheet-{self.times}"


def _editor(engine: Engine, images: EmbeddingSet) -> None:
    sheet = _sheet(engine, images)
    st.caption("Change a name in either column; the edited set joins the comparison.")
    frame = pd.DataFrame(
        {
            "class": list(images.raw_classnames),
            CURATED: edited(CURATED, images.classnames, images.raw_classnames, sheet.start),
            RAW: edited(RAW, images.raw_classnames, images.raw_classnames, sheet.start),
        }
    )
    text = st.column_config.TextColumn
    st.data_editor(
        frame,
        key=sheet.key,
        hide_index=True,
        disabled=["class"],
        height=min(380, 38 + 36 * len(frame)),
        alt="Class names that can be edited",
        column_config={
            "class": text("Class", help="The name of its folder"),
            CURATED: text(BASES[CURATED]),
            RAW: text(BASES[RAW]),
        },
        on_change=safe_callback(_edited, at="class-names"),
        args=(engine, images),
    )
    show_form_error("class-names")
    if sheet.expected:
        st.button("Undo all edits", on_click=safe_callback(_undo), args=(engine,), key="names-undo")


def _sheet(engine: Engine, images: EmbeddingSet) -> _Sheet:
    now, sheet = list(get_texts(engine, "rename")), st.session_state.get("names-sheet")
    if not isinstance(sheet, _Sheet) or (sheet.dataset, sheet.expected) != (images.key.dataset, now):
        times = sheet.times + 1 if isinstance(sheet, _Sheet) else 1
        sheet = _Sheet(
            dataset=images.key.dataset, start=parse_edits(now, images.raw_classnames), expected=now, times=times
        )
        st.session_state["names-sheet"] = sheet
    return sheet


def _edited(engine: Engine, images: EmbeddingSet) -> None:
    """Callback: the edited cells become edits, and the sets they belong to join the comparison."""
    sheet: _Sheet = st.session_state["names-sheet"]
    edits = with_cells(sheet.start, st.session_state[sheet.key]["edited_rows"], images)
    others = [v for v in get_texts(engine, "rename") if not parse_edits([v], images.raw_classnames)]
    before = {n.kind for n in name_sets(images, parse_edits(sheet.expected, images.raw_classnames))}
    set_texts(engine, "rename", [*others, *written(edits)])
    sheet.expected = list(get_texts(engine, "rename"))
    fresh = [n.kind for n in name_sets(images, edits) if n.edited and n.kind not in before]
    kinds = get_choice("names") or (CURATED,)
    set_choice("names", [*kinds, *(k for k in fresh if k not in kinds)])


def with_cells(
    start: Edits, cells: Mapping[int, Mapping[str, str | None]], images: EmbeddingSet
) -> dict[tuple[str, str], str]:
    """The edits after some cells of the table were changed; a cell that is emptied, or set to the original
    name, takes its edit back."""
    edits = dict(start)
    originals = {CURATED: images.classnames, RAW: images.raw_classnames}
    for row, columns in cells.items():
        folder = images.raw_classnames[int(row)]
        for base, typed in columns.items():
            name = " ".join((typed or "").split())
            if base not in originals:
                raise TMVError(f"There is no column {base!r} to edit.")
            if not name or name == originals[base][int(row)]:
                edits.pop((base, folder), None)
            else:
                edits[base, folder] = short_enough(name, f"The name of {folder}", MOST_CHARACTERS)
    return edits


def _undo(engine: Engine) -> None:
    set_texts(engine, "rename", ())
