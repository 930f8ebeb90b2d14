"""Every note and every sentence about a result carries a code, which programs read and scripts hold on to."""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.types import Note, Sentence

ROOT = Path(__file__).parents[3]
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
OLDER = {"C_at_edge"}
"""Kept results have it."""


def made(kind: str) -> Iterator[tuple[str, ast.expr | None]]:
    """(file and line, the code) of everything of this kind that the program makes."""
    for path in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == kind:
                named = {keyword.arg: keyword.value for keyword in node.keywords}
                code = node.args[1] if len(node.args) > 1 else named.get("code")
                yield f"{path.relative_to(ROOT)}:{node.lineno}", code


@pytest.mark.parametrize(("kind", "least"), [("Note", 100), ("Sentence", 50)])
def test_everything_that_is_said_has_a_code(kind: str, least: int) -> None:
    codes = dict(made(kind))
    assert len(codes) >= least and not [where for where, code in codes.items() if code is None]
    written = {where: str(code.value) for where, code in codes.items() if isinstance(code, ast.Constant)}
    assert not {where: code for where, code in written.items() if not CODE.fullmatch(code) and code not in OLDER}
    assert len(written) > len(codes) / 2, "codes are written where the sentence is"


def test_a_sentence_is_its_text_and_keeps_its_code() -> None:
    said = Sentence("A tie.", "tie")
    assert said == "A tie." and said.code == "tie"
    again = pickle.loads(pickle.dumps(said))
    assert again == said and again.code == "tie" and isinstance(again, Sentence)
    note = pickle.loads(pickle.dumps(Note("There is one class.", "one_class", "fault")))
    assert (note, note.code, note.level) == ("There is one class.", "one_class", "fault")


def test_what_earlier_versions_kept_stays_readable() -> None:
    bare = Note.of("Captions without an image: 3.")
    assert (bare, bare.code, bare.level) == ("Captions without an image: 3.", "", "info")
    assert Note.of({"text": "x", "code": "y", "level": "fault"}).as_dict() == {
        "code": "y",
        "level": "fault",
        "text": "x",
    }
