"""Every sentence a reader sees, in one list to be read from top to bottom: `python -m tests.golden.reading [FOLDER ...]`.

The sentences of results come from `words.json`; those of pages are the texts of their programs, docstrings left out.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGES = HERE.parent.parent / "pages"
SECTIONS = ("classification", "prompt_study", "caption_retrieval", "check_my_number")


def sentences_of_results() -> Iterator[tuple[str, str]]:
    """(function, sentence) of the golden file."""
    for name, found in json.loads((HERE / "words.json").read_text("utf-8")).items():
        for sentence in _strings(found):
            yield name, sentence


def _strings(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, (list, dict)):
        for value in found.values() if isinstance(found, dict) else found:
            yield from _strings(value)


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of every text of a program with more than one word, placeholders as they are written."""
    tree = ast.parse(path.read_text("utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        text = _text(node)
        if " " in text.strip() and any(letter.isalpha() for letter in text):
            yield node.lineno, text  # type: ignore[attr-defined]


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        parts = (p.value if isinstance(p, ast.Constant) else "{…}" for p in node.values)
        return "".join(str(part) for part in parts)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def texts_of_pages(folders: tuple[str, ...] = SECTIONS) -> Iterator[tuple[str, str]]:
    """(place, text) of the programs of these folders of pages."""
    for folder in folders:
        for path in sorted((PAGES / folder).rglob("*.py")):
            for line, text in sorted(texts_of(path)):
                yield f"{path.relative_to(PAGES)}:{line}", text


if __name__ == "__main__":
    for where, text in (*sentences_of_results(), *texts_of_pages(tuple(sys.argv[1:]) or SECTIONS)):
        print(f"{where}: {text}")
