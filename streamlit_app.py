"""The frame of the dashboard: page settings, navigation and the choices that all pages share. No logic.

Streamlit runs this file as a script for every session; `streamlit run` and any ASGI server import it for
`app`.
"""

from pathlib import Path

import streamlit as st

from core.deck.stories import MOVED
from pages.present import stage
from pages.shared import first_run
from pages.shared.accessible import accessible
from pages.shared.badge import badge
from pages.shared.engine import engine
from pages.shared.grid import forget_grids
from pages.shared.guard import errors_in_place, show_callback_error
from pages.shared.history import one_step_back
from pages.shared.icon import ICON
from pages.shared.menu import menu
from pages.shared.server import forget_pages_folder, warmed
from pages.shared.stored import register_names
from pages.shared.theme import keep_readable
from pages.shared.url_state import SHARED, bind, mount_hidden, open_page

ABOUT = (
    "Text Meets Vision measures how well CLIP models label and retrieve images. Every number comes with its protocol, "
    "its 95 % interval, its provenance and the published figure beside it."
)
PAGES = {
    "": [
        ("home", "Home", "What two models see in your words, and what is here."),
        ("field", "The field", "Published figures of 121 checkpoints on 38 data sets, and where yours are."),
        ("leaderboard", "Leaderboard", "Every model on every data set, with leaders and ties."),
        ("search", "Search", "Find images by text, by image or by both; two models side by side."),
        ("check_my_number", "Check my number", "Why a result differs from the paper's; upload your predictions."),
        ("present/presentations", "Presentations", "Show results on a big screen, step by step."),
        ("data_and_models", "Data & models", "Add models and data sets, compute embeddings, watch jobs."),
    ],
    "Classification": [
        ("classification/accuracy", "Accuracy", "Several models side by side, with intervals and published figures."),
        ("classification/errors_by_class", "Errors by class", "What a model confuses, and the images behind it."),
        ("classification/compare", "Compare two", "Two models, methods or prompts on the same images."),
        ("classification/linear_probe", "Linear probe", "A linear classifier trained on frozen features."),
        ("classification/few_shot", "Few-shot learning", "How much a few labels per class help."),
    ],
    "Prompts": [
        ("prompt_study/compare_templates", "Compare templates", "Accuracy by wording, and the images it changes."),
        ("prompt_study/prompt_results", "Prompt results", "The images each prompt brings up, per model."),
        ("prompt_study/better_prompt", "Find a better prompt", "Templates chosen by data, judged on held-out images."),
        ("prompt_study/word_importance", "Word importance", "How much each word of a prompt contributes."),
    ],
    "Captions": [
        ("caption_retrieval/retrieval_scores", "Retrieval scores", "Recall@k from caption to image and back."),
        ("caption_retrieval/inspect_caption", "Inspect a caption", "What ranks above a caption's own image, and why."),
    ],
}
"""Section of the menu -> its pages: (folder below `pages/`, title, help). The folder's name is the page's address."""


def _file(folder: str) -> str:
    return f"pages/{folder}/page.py"


FOLDERS = [folder for rows in PAGES.values() for folder, _, _ in rows]


def _moved(old: str, new: str) -> st.Page:
    """An earlier address: not in the menu, and leads on to the page with every choice of the link."""
    target = _file(next((folder for folder in FOLDERS if Path(folder).name == new), FOLDERS[0]))

    def lead_on() -> None:
        # What a session has bound already stays with it: Streamlit refuses to set that from here.
        open_page(target, **{n: st.query_params.get_all(n) for n in st.query_params if n not in st.session_state})

    return st.Page(lead_on, url_path=old, title=old, visibility="hidden")


def frame() -> None:
    """One run of the dashboard for one session."""
    st.set_page_config(page_title="Text Meets Vision", page_icon=ICON, layout="wide", menu_items={"About": ABOUT})
    keep_readable()
    mount_hidden()
    forget_grids()
    one_step_back()
    accessible()
    sections = {
        section: [
            st.Page(_file(folder), url_path=Path(folder).name, title=title, help=said) for folder, title, said in rows
        ]
        for section, rows in PAGES.items()
    }
    moved = [_moved(old, new) for old, new in MOVED.items()]
    page = st.navigation(
        sections | {"": [*sections[""], *moved]}, position="hidden" if stage.presentation_asked_for() else "top"
    )
    # Only the navigation knows which page opens at the bare address.
    files = {
        page.url_path: _file(row[0])
        for section, rows in PAGES.items()
        for page, row in zip(sections[section], rows, strict=True)
    }
    if page.url_path in MOVED:
        page.run()
    menu(next((i for i, pages in enumerate(sections.values()) if i and page in pages), None), len(sections[""]))
    st.session_state["page-path"] = page.url_path
    on_stage = stage.mount_stage(engine, files)
    bind(*SHARED)
    with errors_in_place():
        register_names(engine())
        first_run.prepare(engine())
    show_callback_error()
    if not stage.presentation_asked_for():
        with errors_in_place():
            badge(engine(), here=page.url_path == "data_and_models")
    if on_stage:
        with errors_in_place():
            stage.draw_stage(engine(), files)
    with errors_in_place(), stage.slide(on_stage):
        page.run()


if __name__ == "__main__":
    frame()
else:
    forget_pages_folder()
    app = st.App(__file__, lifespan=warmed)
