"""The wording of every sentence stands in one file; other tests ask for codes and numbers."""

from __future__ import annotations

import inspect
import json
from importlib import import_module
from pathlib import Path

from tests.golden.sentences import FILE, sentences

WORDS = Path(inspect.getfile(import_module("core.words"))).parent
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
