"""Which of the two themes a reader sees; figures are drawn for it."""

from __future__ import annotations

from typing import Literal, TypedDict

import streamlit as st

from pages.shared.url_state import get_choice

Theme = Literal["light", "dark"]
WIDEST = "calc(1400px + 10rem)"
"""How wide the page's column gets: longer lines are hard to read, and figures stand too far apart."""
SIDES_WRAP = 1000
"""Pixels of a screen, as with 200 % zoom, on which two sides of three choices each have no room beside each other."""
SIDES = ":is(.st-key-choices-folded-sides, .st-key-choices-open-sides) > * > .stHorizontalBlock"
TITLED = "slide-titled"
"""Whether the stage has drawn the title of a slide in this run; in the session."""
STAGE, WIDTH = 1.85, "stage-width"
"""How much larger type and marks of a chart are in a presentation on a screen 1920 pixels wide, and where the session
keeps how wide the screen is."""


def theme() -> Theme:
    """The theme of this browser; light where it is not known yet."""
    return "dark" if st.context.theme.type == "dark" else "light"


def on_stage() -> bool:
    """Whether the page is presented."""
    return get_choice("present") == ("true",)


def on_titled_slide() -> bool:
    """Whether the page is a slide that has a title already."""
    return on_stage() and bool(st.session_state.get(TITLED))


class ChartLook(TypedDict):
    """What every chart is told about who looks at it."""

    theme: Theme
    scale: float


def chart_look() -> ChartLook:
    """The theme of this browser, and larger type where the page is presented."""
    return {"theme": theme(), "scale": stage_scale() if on_stage() else 1.0}


def stage_scale() -> float:
    """How much larger type is in a presentation on this screen, as `stage.css` has it."""
    width = int(st.session_state.get(WIDTH, 0)) or 1920
    return STAGE * min(max(width / 80, 17), 34) / 24


def keep_readable() -> None:
    """The words of a chosen pill or segment in the colour of text: the accent of the dark theme, which carries
    white words elsewhere, is too dark for words of its own; lines that are no longer than one can read; the two sides
    of a comparison under each other where six choices in a row would be cut; smaller titles and figures on a phone; and
    no toolbar over a chart where no mouse can make it go away."""
    st.html(
        '<style>.stButtonGroup button[data-selected="true"] { color: inherit !important; }'
        f".stMainBlockContainer {{ max-width: {WIDEST}; margin-inline: auto; }}"
        # The label of a choice button as high over it as those of the fields beside it.
        "[class*='st-key-chosen-'] > [data-testid='stElementContainer']:first-child p "
        "{ font-size: 0.875rem; line-height: 1.6; padding-bottom: 0.3rem; }"
        # On a phone the logo and what says that a page is running would push the menu off the screen.
        "@media (max-width: 480px) { [data-testid='stHeaderLogo'] { max-width: 9rem; height: auto; } "
        "[data-testid='stToolbar'] > div > div:last-child { min-width: 0; flex: 1 1 0; } }"
        # On a phone the finding and its chart come before the first scroll.
        "@media (max-width: 639px) { .stMainBlockContainer > .stVerticalBlock { gap: 0.7rem; } "
        "[data-testid='stMain'] [data-testid='stHeading'] h1 { font-size: 1.35rem; padding: 0; } "
        "[data-testid='stMain'] [data-testid='stHeading'] h2 { font-size: 1.1rem; padding: 0.3rem 0 0.5rem; } "
        "[data-testid='stMain'] [data-testid='stMetricValue'] { font-size: 1.7rem; } "
        ".st-key-page-head { gap: 0.2rem; } .st-key-page-lead p { font-size: 0.875rem; line-height: 1.4; } } "
        "@media (min-width: 640px) { .st-key-show-choices { display: none !important; } }"
        "@media (max-width: 639px) { div:has(> [class*='st-key-choices-folded']) { display: none !important; } }"
        f"@media (max-width: {SIDES_WRAP}px) {{ {SIDES} {{ flex-wrap: wrap; }} "
        f"{SIDES} > * {{ flex: 1 1 100%; min-width: 100%; }} }}"
        "@media (hover: none) { .stPlotlyChart .modebar-container { display: none !important; } }</style>"
    )
