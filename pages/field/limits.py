"""Which checkpoints of the field are looked at: a button that says it, and the ways to change it."""

from __future__ import annotations

import streamlit as st

from core.catalog.field import checkpoints
from core.studies.field.choosing import FieldFilter
from pages.shared.guard import open_box, safe_callback, show_form_error
from pages.shared.texts import short_enough
from pages.shared.url_choices import one_of, some_of, such_as
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import choice_button, multiselect, select, widget_key
from pages.shared.words import plain

SIZES = (110, 160, 220, 450, 700, 1000, 1500)


def pick_limits() -> FieldFilter:
    """The filter of the address, and its widgets."""
    families = sorted({each.family for each in checkpoints()})
    groups = list(dict.fromkeys(each.data_group for each in checkpoints()))
    size = such_as("size", _is_size, "a number of million parameters above 0", "")
    chosen = FieldFilter(
        families=some_of("families", families),
        data=some_of("trained", groups),
        commercial=one_of("commercial", ("yes",), "") == "yes",
        parameters=float(size) if size else None,
        words=" ".join(get_choice("words")),
    )
    with choice_button("Checkpoints", plain(_said(chosen)), key="limits"):
        _widgets(chosen, families, groups, size)
    return chosen


def _widgets(chosen: FieldFilter, families: list[str], groups: list[str], size: str) -> None:
    open_box(widget_key("words"), chosen.words, "field-words")
    st.text_input(
        "Words in name, family or training data",
        key=widget_key("words"),
        placeholder="siglip 384",
        on_change=safe_callback(_wrote_words, at="field-words"),
    )
    show_form_error("field-words")
    sizes = {"": "any size", **{str(n): f"at most {n:,} million parameters" for n in sorted({*SIZES, *_own(size)})}}
    select("size", "Size, both towers", sizes, size)
    multiselect("families", "Families", families, chosen.families, placeholder="All families")
    multiselect("trained", "Training data", groups, chosen.data, placeholder="All training data")
    st.session_state[widget_key("commercial")] = chosen.commercial
    st.toggle(
        "License allows commercial use",
        key=widget_key("commercial"),
        on_change=lambda: set_choice("commercial", "yes" if st.session_state[widget_key("commercial")] else None),
    )


def _wrote_words() -> None:
    set_choice("words", short_enough(st.session_state[widget_key("words")], "The filter") or None)


def _own(size: str) -> list[float | int]:
    """A size of the address that is none of the list."""
    return [int(float(size))] if size and float(size) == int(float(size)) else []


def _is_size(value: str) -> bool:
    return value.isdecimal() and 0 < int(value) < 1_000_000


def _said(chosen: FieldFilter) -> str:
    n = len(chosen.rows)
    every = len(checkpoints())
    return f"All {every}" if n == every else f"{n} of {every}"
