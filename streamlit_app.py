"""The frame of the dashboard: page settings, navigation and the choices that all pages share. No logic.

Streamlit runs this file as a script for every session; `streamlit run` and any ASGI server import it for
`app`.
"""

import streamlit as st

from pages.present import shell
from pages.shared import first_run
from pages.shared.engine import engine
from pages.shared.guard import in_place, told
from pages.shared.here import tell_apart
from pages.shared.history import one_step_back
from pages.shared.icon import ICON
from pages.shared.link import SHARED, keep, mount
from pages.shared.server import forget_pages_folder, warmed
from pages.shared.theme import keep_readable

ABOUT = (
    "Text Meets Vision measures how CLIP models name and find pictures. Every number carries its protocol, "
    "its interval and where it comes from."
)
PAGES = {
    "": [
        ("overview/overview.py", "Overview", "What is on this machine, and the headline figures."),
        ("library/library.py", "Library", "Models, data sets and running work: bring, embed, watch, stop."),
        ("present/story.py", "Story", "The deck replayed, its claims judged, and a stage to show it on."),
    ],
    "Classification": [
        ("classification/accuracy.py", "Accuracy", "Models beside each other, with intervals."),
        ("classification/classes.py", "Classes", "What a model confuses, and the pictures behind it."),
        ("classification/probe.py", "Probe", "What labels add: a linear classifier on frozen features."),
        ("classification/few_shot.py", "Few-shot", "What a handful of labelled pictures a class is worth."),
        ("classification/compare.py", "Compare", "Two of anything on the same pictures, and where they part."),
        ("classification/why.py", "Why this number?", "What may be wrong with it, and what it would be otherwise."),
    ],
    "Prompts": [
        ("prompt_study/templates.py", "Templates", "Accuracy by wording, and the pictures it turns."),
        ("prompt_study/pictures.py", "Pictures", "What prompts find, for several models side by side."),
        ("prompt_study/search_prompts.py", "Search for prompts", "A choice of templates, judged on pictures unseen."),
        ("prompt_study/words.py", "Words", "What each word of a prompt brings."),
    ],
    "Captions": [
        ("caption_retrieval/benchmark.py", "Benchmark", "Does a caption find its picture, and a picture its caption?"),
        ("caption_retrieval/one_caption.py", "One caption", "What beats a caption's own picture, word by word."),
        ("caption_retrieval/ask.py", "Ask", "A text, a picture or both, over any embedded pictures."),
    ],
}


def _flat(sections: dict[str, list[st.Page]]) -> list[tuple[tuple[str, str, str], st.Page]]:
    """(file, title, words) of every page, with the page made of them."""
    return [pair for name, pages in PAGES.items() for pair in zip(pages, sections[name])]


def frame() -> None:
    """One run of the dashboard for one session."""
    st.set_page_config(page_title="Text Meets Vision", page_icon=ICON, layout="wide", menu_items={"About": ABOUT})
    keep_readable()
    mount()
    one_step_back()
    sections = {
        section: [st.Page(f"pages/{file}", title=title, help=said) for file, title, said in pages]
        for section, pages in PAGES.items()
    }
    files = {page.url_path: f"pages/{file}" for (file, _, _), page in _flat(sections)}
    page = st.navigation(sections, position="hidden" if shell.asked_for() else "top")
    on_stage = shell.mount(files)
    keep(*SHARED)
    with in_place():
        tell_apart(engine())
        first_run.prepare(engine())
    told()
    if on_stage:
        with in_place():
            shell.around(engine(), files)
    with in_place():
        page.run()


if __name__ == "__main__":
    frame()
else:
    forget_pages_folder()
    app = st.App(__file__, lifespan=warmed)
