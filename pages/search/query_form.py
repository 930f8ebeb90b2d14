"""What is asked of the pictures: a text, words to leave out, a picture; as the address says it, and the form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.engine import Engine
from core.errors import NotHere, TMVError
from core.images.decode import IMAGE_SUFFIXES, thumbnail
from core.studies.pictures.query import MINUS_WEIGHT, Query, ask
from core.types import DatasetSpec, EmbeddingSet
from pages.shared.example_texts import fitting_text
from pages.shared.guard import safe_callback, show_form_error
from pages.shared.picture import picture
from pages.shared.texts import box_key, short_enough
from pages.shared.url_choices import such_as
from pages.shared.url_state import get_choice, set_choice
from pages.shared.words import plain

KEPT = ("q", "minus", "upload", "like", "image_weight", "minus_weight")
PAGE_KEY = "asked-page"
EXAMPLE = "a bird over the sea"
MOST_MEGABYTES, MOST_MINUS, MOST_WEIGHT = 20, 8, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryForm:
    """`upload` names an uploaded picture, `like` one of the data set; at most one of them is there."""

    text: str = ""
    minus: tuple[str, ...] = ()
    upload: str = ""
    like: str = ""
    image_weight: float = 1.0
    minus_weight: float = MINUS_WEIGHT

    @property
    def query(self) -> Query:
        """For the engine; `TMVError` where nothing is asked."""
        image = "your image" if self.upload else self.like
        return ask(
            self.text, minus=self.minus, minus_weight=self.minus_weight, image=image, image_weight=self.image_weight
        )

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """For a link."""
        weights = {"image_weight": (self.image_weight, 1.0), "minus_weight": (self.minus_weight, MINUS_WEIGHT)}
        return {
            "q": (self.text,) if self.text else (),
            "minus": self.minus,
            "upload": (self.upload,) if self.upload else (),
            "like": (self.like,) if self.like else (),
            **{name: (f"{value:g}",) if value != usual else () for name, (value, usual) in weights.items()},
        }


def get_query(images: EmbeddingSet | None) -> QueryForm:
    """What the address asks; an example that needs no encoder where it asks nothing."""
    text, upload, like = (next(iter(get_choice(name)), "").strip() for name in ("q", "upload", "like"))
    minus = tuple(m for m in get_choice("minus", MOST_MINUS) if m.strip())
    if not (text or upload or like or minus):
        text = fitting_text(images)
    return QueryForm(
        text=text,
        minus=minus,
        upload=upload,
        like="" if upload else like,
        image_weight=_weight("image_weight", 1.0),
        minus_weight=_weight("minus_weight", MINUS_WEIGHT),
    )


def _weight(name: str, usual: float) -> float:
    """A weight of the address, or the usual one."""
    return float(such_as(name, _is_weight, f"a number from 0 to {MOST_WEIGHT:g}", f"{usual:g}"))


def _is_weight(text: str) -> bool:
    try:
        return 0 <= float(text) <= MOST_WEIGHT
    except ValueError:
        return False


def query_picture(engine: Engine, now: QueryForm) -> bytes | None:
    """The file of the uploaded picture; `NotHere` where this server does not have it."""
    return engine.uploads.get(now.upload) if now.upload else None


# --- the form ---------------------------------------------------------------------------------------------


def write(engine: Engine, now: QueryForm) -> None:
    """The line and the one button."""
    keys = _keys(now)
    with st.form("search-form", border=False):
        line, button = st.columns([7, 1], vertical_alignment="bottom")
        line.text_input("Describe an image", now.text, key=keys["q"], placeholder=EXAMPLE)
        button.form_submit_button(
            "Search",
            type="primary",
            width="stretch",
            on_click=safe_callback(_wrote, at="query"),
            args=(engine, keys, now),
        )
    show_form_error("query")


def more(engine: Engine, dataset: DatasetSpec, now: QueryForm) -> None:
    """What else can be asked: words to exclude, an image; each takes effect when it is set."""
    keys, left, right = _keys(now), *st.columns(2)
    wrote, args = safe_callback(_wrote, at="query"), (engine, keys, now)
    with left.expander("Exclude words, set weights", expanded=bool(now.minus)):
        st.text_input(
            "Exclude",
            ", ".join(now.minus),
            key=keys["minus"],
            placeholder="water, people",
            help="Words whose meaning is subtracted, separated by commas.",
            on_change=wrote,
            args=args,
        )
        for label, value, name in (
            ("Weight of the image", now.image_weight, "image_weight"),
            ("Weight of each excluded word", now.minus_weight, "minus_weight"),
        ):
            st.number_input(label, 0.0, MOST_WEIGHT, value, 0.1, key=keys[name], on_change=wrote, args=args)
        st.caption("A text has weight 1. Unit vectors are added, and the sum is normalized.")
    with right.expander("Search by image", expanded=bool(now.upload or now.like)):
        st.file_uploader(
            "Images like this one",
            type=[s.lstrip(".") for s in sorted(IMAGE_SUFFIXES)],
            key=keys["file"],
            max_upload_size=MOST_MEGABYTES,
            on_change=safe_callback(_wrote, at="query-image"),
            args=args,
            help="It stays on this server for a while under a name that only the link knows, so that the link shows "
            "others the same.",
        )
        show_form_error("query-image")
        if now.upload or now.like:
            _asked_with(engine, dataset, now)


def _keys(now: QueryForm) -> dict[str, str]:
    return {name: box_key(name, values) for name, values in _values(now).items()}


def _values(now: QueryForm) -> dict[str, Sequence[str]]:
    return {
        "q": [now.text],
        "minus": now.minus,
        "file": [now.upload, now.like],
        "image_weight": [str(now.image_weight)],
        "minus_weight": [str(now.minus_weight)],
    }


def _asked_with(engine: Engine, dataset: DatasetSpec, now: QueryForm) -> None:
    """The picture of the question, and a way to leave it out."""
    small, words = st.columns([1, 9], vertical_alignment="center")
    try:
        data = engine.uploads.get(now.upload) if now.upload else engine.thumbnail(dataset.name, None, now.like)
        with small:
            picture(thumbnail(data, 224), "The image of the query")
    except NotHere:
        pass
    words.markdown(plain("With your image" if now.upload else f"With the image {now.like}"))
    words.button("Remove image", key="no-picture", type="tertiary", icon=":material/close:", on_click=_no_picture)


def _no_picture() -> None:
    set_choice("upload", None)
    set_choice("like", None)
    st.session_state[PAGE_KEY] = 1


def _wrote(engine: Engine, keys: dict[str, str], now: QueryForm) -> None:
    state = st.session_state
    text = short_enough(" ".join(state[keys["q"]].split()), "The description")
    minus = [short_enough(m.strip(), "A text to exclude") for m in state[keys["minus"]].split(",") if m.strip()]
    if len(minus) > MOST_MINUS:
        raise TMVError(f"At most {MOST_MINUS} words can be excluded at once, got {len(minus)}.")
    file = state[keys["file"]]
    upload = engine.uploads.keep(file.getvalue()) if file is not None else now.upload
    if not (text or upload or now.like):
        raise TMVError("Write what to look for, or add an image.")
    set_choice("q", text)
    set_choice("minus", minus)
    set_choice("upload", upload)
    set_choice("like", None if upload else now.like)
    for name, usual in (("image_weight", 1.0), ("minus_weight", MINUS_WEIGHT)):
        set_choice(name, None if state[keys[name]] == usual else f"{state[keys[name]]:g}")
    state[PAGE_KEY] = 1


def more_like(picture_id: str) -> None:
    """Callback: ask for pictures like this one of the data set, without a text."""
    for name in KEPT:
        set_choice(name, None)
    set_choice("like", picture_id)
    set_choice("open", None)
    st.session_state[PAGE_KEY] = 1
