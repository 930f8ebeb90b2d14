"""The wording of every sentence stands in one file; other tests ask for codes and numbers."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.golden.sentences import FILE, sentences

WORDS = Path(inspect.getfile(import_module("core.words"))).parent
SOURCES = sorted(path for folder in ("core", "pages") for path in (WORDS.parents[1] / folder).rglob("*.py"))
FORMATS = {"names", "numbers", "shorter"}
"""Modules whose functions are tried one by one beside this file."""


def test_every_sentence_reads_as_before() -> None:
    kept, now = json.loads(FILE.read_text("utf-8")), json.loads(json.dumps(sentences()))
    assert {name: (kept.get(name), now.get(name)) for name in {*kept, *now} if kept.get(name) != now.get(name)} == {}


def test_every_function_of_words_says_something() -> None:
    functions = {
        f"{path.stem}.{name}"
        for path in WORDS.glob("*.py")
        if path.stem not in {"__init__", *FORMATS}
        for name, value in inspect.getmembers(import_module(f"core.words.{path.stem}"), inspect.isfunction)
        if inspect.unwrap(value).__module__ == f"core.words.{path.stem}" and not name.startswith("_")
    }
    said = json.loads(FILE.read_text("utf-8"))
    assert set(said) == functions and all(said.values())


THINGS = "images|captions|models|rows|classes|files|chunks|texts|templates|prompts|figures|checkpoints|labels|pairs"
NUMBER = r"(?<![\w.,@–−-])1"
WRONG = re.compile(
    rf"{NUMBER} (?:{THINGS}|are|were|have|do)\b|{NUMBER} of (?:the )?(?:first )?[\d,]+(?: [\w-]+){{0,4}}? (?:are|were|have)\b"
)


def _texts(said: object) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif isinstance(said, dict | list):
        for each in said.values() if isinstance(said, dict) else said:
            yield from _texts(each)


def test_one_of_anything_is_singular() -> None:
    said = list(_texts(sentences()))
    assert sum(re.search(rf"{NUMBER} (?:\w|of)", text) is not None for text in said) > 50, "there is something to find"
    assert [text for text in said if WRONG.search(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "1 of the first 10 images are in both lists",
        "With 1 images",
        "1 are the same",
        "1 of 2 figures measured here are",
    ],
)
def test_what_is_wrong_would_be_found(text: str) -> None:
    assert WRONG.search(text)


@pytest.mark.parametrize(
    "text", ["1 of 10 images is new", "11 images are", "0.1 images", "1,001 images", "Recall@1 are"]
)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert not WRONG.search(text)


def test_no_sentence_puts_a_bare_number_before_a_plural_and_its_verb() -> None:
    """A number of things that may be one takes its noun from `count` and its verb from `some_of` or `verb`; a limit in
    capitals is never one."""
    bare = re.compile(rf"\{{(?![A-Z_]+[:}}])[^{{}}]*\}} (?:{THINGS}) (?:are|were|have)\b")
    found = {path.name: bare.findall(path.read_text("utf-8")) for path in SOURCES}
    assert len(found) > 300 and {name: each for name, each in found.items() if each} == {}
