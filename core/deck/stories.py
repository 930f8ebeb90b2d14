"""A story of one's own: steps that are links to views, in a small TOML file that is written and read by hand.

title = "For Thursday"

[[step]]
title = "Who names more?"
note = "Look at the intervals."
view = "/accuracy?model=ViT-B-32/openai&data=eurosat"
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from core.errors import TMVError, unknown
from core.system.files import write_atomic

MOST_STEPS, LARGEST = 60, 200_000
LENGTHS = {"title": 120, "note": 600, "view": 8000}
SUFFIX = ".toml"
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,59}$")
_CHOICE = re.compile(r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")
MOVED = {
    "overview": "",
    "library": "data_and_models",
    "story": "presentations",
    "classes": "errors_by_class",
    "probe": "linear_probe",
    "why": "check_my_number",
    "templates": "compare_templates",
    "pictures": "prompt_results",
    "search_prompts": "better_prompt",
    "words": "word_importance",
    "benchmark": "retrieval_scores",
    "one_caption": "inspect_caption",
    "ask": "search",
}
"""Earlier address of a page -> its address now; links and stories made before lead on."""
RESERVED = ("present", "step", "story", "ask")
"""Choices that belong to the presentation itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStep:
    """A link to a view with a title and a note. `view` is a path with its choices, without a host."""

    title: str
    view: str
    note: str = ""

    @property
    def page(self) -> str:
        """The page's path: "accuracy"; "" is the first page."""
        path = urlsplit(self.view).path.strip("/")
        return MOVED.get(path, path)

    @property
    def choices(self) -> dict[str, list[str]]:
        """The choices in the link, by name; those of the presentation itself are left out."""
        found = parse_qs(urlsplit(self.view).query)
        return {name: values for name, values in found.items() if _CHOICE.match(name) and name not in RESERVED}

    @property
    def place(self) -> str:
        """Which step of the deck's story a link to it shows; "" for none."""
        return next(iter(parse_qs(urlsplit(self.view).query).get("step", [])), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStory:
    """A title and steps; what is in the file, and nothing more."""

    title: str
    steps: tuple[OwnStep, ...]

    def to_toml(self) -> str:
        """The file; `read_story` gives the same story back."""
        parts = [f"title = {_quoted(self.title)}"]
        for step in self.steps:
            lines = ["", "[[step]]", f"title = {_quoted(step.title)}"]
            lines += [f"note = {_quoted(step.note)}"] if step.note else []
            parts += [*lines, f"view = {_quoted(step.view)}"]
        return "\n".join(parts) + "\n"

    def with_step(self, step: OwnStep, place: int | None = None) -> OwnStory:
        """The same story with one more step: at its end, or so that it is step `place`, from 1."""
        at = len(self.steps) if place is None else min(max(place - 1, 0), len(self.steps))
        return _of_allowed_length(self, (*self.steps[:at], step, *self.steps[at:]))

    def changed(self, place: int, *, title: str, note: str) -> OwnStory:
        """The same story with other words at step `place`, its view left alone; raises `TMVError` where they cannot
        be."""
        step = self._step_at(place)
        record = {"title": title, "note": note}
        words = _text(record, "title", f"Step {place}"), _text(record, "note", f"Step {place}") if note.strip() else ""
        new = replace(step, title=words[0], note=words[1])
        return replace(self, steps=(*self.steps[: place - 1], new, *self.steps[place:]))

    def without(self, place: int) -> OwnStory:
        """The same story without step `place`; a story keeps at least one."""
        self._step_at(place)
        if len(self.steps) == 1:
            raise TMVError("A presentation has at least one slide, and this is its last; delete the presentation.")
        return replace(self, steps=(*self.steps[: place - 1], *self.steps[place:]))

    def moved(self, place: int, to: int) -> OwnStory:
        """The same story with step `place` at `to`, or at the nearest end."""
        step = self._step_at(place)
        rest = [*self.steps[: place - 1], *self.steps[place:]]
        rest.insert(min(max(to, 1), len(self.steps)) - 1, step)
        return replace(self, steps=tuple(rest))

    def renamed(self, title: str) -> OwnStory:
        """The same story under another title; raises `TMVError` where it cannot be one."""
        return replace(self, title=_text({"title": title}, "title", "The presentation"))

    def _step_at(self, place: int) -> OwnStep:
        if not 1 <= place <= len(self.steps):
            raise TMVError(f"There is no slide {place}; this presentation has {len(self.steps)}.")
        return self.steps[place - 1]


def _of_allowed_length(story: OwnStory, steps: tuple[OwnStep, ...]) -> OwnStory:
    if len(steps) > MOST_STEPS:
        raise TMVError(f"A presentation has at most {MOST_STEPS} slides, and this one has them; begin another.")
    return replace(story, steps=steps)


def read_story(text: str, pages: Collection[str]) -> OwnStory:
    """The story in a file, checked; `pages` are the paths that a view may lead to. Raises `TMVError` with the one
    thing that is wrong first."""
    if len(text) > LARGEST:
        raise TMVError(f"A story has at most {LARGEST:,} characters, this one {len(text):,}; split it in two.")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TMVError(f'The story is no valid TOML: {error}. Texts stand in quotes: title = "…".') from error
    _only(document, ("title", "step"), "the story")
    steps = document.get("step")
    if not isinstance(steps, list) or not steps:
        raise TMVError("A story needs at least one step; each begins with a line [[step]].")
    if len(steps) > MOST_STEPS:
        raise TMVError(f"A story has at most {MOST_STEPS} steps, this one {len(steps)}; split it in two.")
    title = _text(document, "title", "The story")
    return OwnStory(title=title, steps=tuple(_step(step, f"Step {i}", pages) for i, step in enumerate(steps, 1)))


def check_step(title: str, note: str, view: str, pages: Collection[str]) -> OwnStep:
    """A step as someone typed it; raises as `read_story` does."""
    return _step({"title": title, "note": note, "view": view}, "The slide", pages)


def _step(record: Any, where: str, pages: Collection[str]) -> OwnStep:
    if not isinstance(record, dict):
        raise TMVError(f"{where} must begin with a line [[step]].")
    _only(record, ("title", "note", "view"), where[0].lower() + where[1:])
    title, view = _text(record, "title", where), _text(record, "view", where)
    note = _text(record, "note", where) if record.get("note") else ""
    return OwnStep(title=title, view=_view(view, where, pages), note=note)


def _only(record: dict[str, Any], known: Collection[str], where: str) -> None:
    for name in record:
        if name not in known:
            raise TMVError(f"In {where}: {unknown('entry', name, known)}")


def _text(record: dict[str, Any], name: str, where: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        raise TMVError(f'{where} needs a line {name} = "…".')
    if len(value) > LENGTHS[name]:
        raise TMVError(f"{where}: its {name} has {len(value):,} characters, at most {LENGTHS[name]:,} are shown.")
    if any((ord(c) < 32 and c not in "\n\t") or ord(c) == 127 for c in value):
        raise TMVError(f"{where}: its {name} has a control character; write it again.")
    return value.strip()


def _view(view: str, where: str, pages: Collection[str]) -> str:
    """The path and choices of a link, whichever server it was copied from."""
    try:
        parts = urlsplit(view)
    except ValueError as error:
        raise TMVError(f"{where}: its view is no link; copy one from the foot of a page.") from error
    page = parts.path.strip("/")
    page = MOVED.get(page, page)
    if page not in pages:
        raise TMVError(f"{where}: {unknown('page', page, sorted(p for p in pages if p))}")
    return f"/{page}" + (f"?{parts.query}" if parts.query else "")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# --- on disk ----------------------------------------------------------------------------------------------


def name_of(title: str) -> str:
    """A file name for a title: "For Thursday!" -> "for-thursday"."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-") or "story"


def story_names(folder: Path) -> tuple[str, ...]:
    """The stories in a folder, by name."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(p.stem for p in folder.glob(f"*{SUFFIX}") if _NAME.match(p.stem)))


def load_story(folder: Path, name: str, pages: Collection[str]) -> OwnStory:
    """The story of this name; `UnknownName` with the closest ones otherwise."""
    if name not in story_names(folder):
        raise unknown("story", name, story_names(folder) or ("none yet",))
    try:
        return read_story((folder / f"{name}{SUFFIX}").read_text("utf-8"), pages)
    except (OSError, UnicodeDecodeError) as error:
        raise TMVError(f"The story {name!r} cannot be read: it must be a text file in UTF-8.") from error


def save_story(folder: Path, story: OwnStory, name: str = "") -> str:
    """Write the story under `name` (default: its title), and return that name."""
    name = name or name_of(story.title)
    if not _NAME.match(name):
        raise TMVError(f"A story's name has small letters, digits and dashes, not {name!r}.")
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / f"{name}{SUFFIX}", story.to_toml().encode("utf-8"), cache=False)
    return name


def delete_story(folder: Path, name: str) -> None:
    """Delete the file of this story; `UnknownName` where there is none."""
    if name not in story_names(folder):
        raise unknown("story", name, story_names(folder) or ("none yet",))
    (folder / f"{name}{SUFFIX}").unlink(missing_ok=True)


def free_name(folder: Path, title: str) -> str:
    """A file name for this title that no story has yet: "for-thursday", "for-thursday-2"."""
    first, taken = name_of(title), set(story_names(folder))
    numbered = (f"{first[:56]}-{i}" for i in range(2, len(taken) + 3))
    return next(name for name in (first, *numbered) if name not in taken)
