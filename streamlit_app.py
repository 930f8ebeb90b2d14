"""The frame of the dashboard: page settings, navigation and the choices that all pages share. No logic.

Streamlit runs this file as a script for every session; `streamlit run` and any ASGI server import it for
`app`.
"""

from pathlib import Path

import streamlit as st

from pages.present import stage
from pages.shared import first_run
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place, show_callback_error
from pages.shared.history import one_step_back
from pages.shared.icon import ICON
from pages.shared.server import forget_pages_folder, warmed
from pages.shared.stored import register_names
from pages.shared.theme import keep_readable
from pages.shared.url_state import SHARED, bind, mount_hidden

ABOUT = (
    "Text Meets Vision measures how CLIP models name and find pictures. Every number carries its protocol, "
    "its interval and where it comes from."
)
PAGES = {
    "": [
        ("overview", "Overview", "What is on this machine, and the headline figures."),
        ("library", "Library", "Models, data sets and running work: bring, embed, watch, stop."),
        ("present/story", "Story", "The deck replayed, its claims judged, and a stage to show it on."),
    ],
    "Classification": [
        ("classification/accuracy", "Accuracy", "Models beside each other, with intervals."),
        ("classification/classes", "Classes", "What a model confuses, and the pictures behind it."),
        ("classification/probe", "Probe", "What labels add: a linear classifier on frozen features."),
        ("classification/few_shot", "Few-shot", "What a handful of labelled pictures a class is worth."),
        ("classification/compare", "Compare", "Two of anything on the same pictures, and where they part."),
        ("classification/why", "Why this number?", "What may be wrong with it, and what it would be otherwise."),
    ],
    "Prompts": [
        ("prompt_study/templates", "Templates", "Accuracy by wording, and the pictures it turns."),
        ("prompt_study/pictures", "Pictures", "What prompts find, for several models side by side."),
        ("prompt_study/search_prompts", "Search for prompts", "A choice of templates, judged on pictures unseen."),
        ("prompt_study/words", "Words", "What each word of a prompt brings."),
    ],
    "Captions": [
        ("caption_retrieval/benchmark", "Benchmark", "Does a caption find its picture, and a picture its caption?"),
        ("caption_retrieval/one_caption", "One caption", "What beats a caption's own picture, word by word."),
        ("caption_retrieval/ask", "Ask", "A text, a picture or both, over any embedded pictures."),
    ],
}
"""Section of the menu -> its pages: (folder below `pages/`, title, help). The folder's name is the page's address."""


def _file(folder: str) -> str:
    return f"pages/{folder}/page.py"


def frame() -> None:
    """One run of the dashboard for one session."""
    st.set_page_config(page_title="Text Meets Vision", page_icon=ICON, layout="wide", menu_items={"About": ABOUT})
    keep_readable()
    mount_hidden()
    one_step_back()
    sections = {
        section: [
            st.Page(_file(folder), url_path=Path(folder).name, title=title, help=said) for folder, title, said in rows
        ]
        for section, rows in PAGES.items()
    }
    page = st.navigation(sections, position="hidden" if stage.presentation_asked_for() else "top")
    # Only the navigation knows which page opens at the bare address.
    files = {
        page.url_path: _file(row[0])
        for section, rows in PAGES.items()
        for page, row in zip(sections[section], rows, strict=True)
    }
    on_stage = stage.mount_stage(files)
    bind(*SHARED)
    with errors_in_place():
        register_names(engine())
        first_run.prepare(engine())
    show_callback_error()
    if on_stage:
        with errors_in_place():
            stage.draw_stage(engine(), files)
    with errors_in_place():
        page.run()


if __name__ == "__main__":
    frame()
else:
    forget_pages_folder()
    app = st.App(__file__, lifespan=warmed)
