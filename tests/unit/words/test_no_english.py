"""No program reads English: what is decided by a sentence is decided by its code, or by a field."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = sorted(path for folder in ("core", "pages") for path in (ROOT / folder).rglob("*.py"))
LOOKS = {
    "startswith", "endswith", "split", "rsplit", "partition", "rpartition", "removeprefix", "removesuffix", "replace",
    "index", "find", "rfind", "search", "match", "fullmatch",
}  # fmt: skip
FORMATS = {
    # What others write: SQLite and Pillow have one code for several faults, csv and torch none at all.
    "core/store/results.py": {"no such", "has no column", "syntax error", "already exists"},
    "core/store/text_store.py": {"no such column"},
    "core/images/decode.py": {"decompression bomb", "I;16", "not enough", "unexpected end", "too large", "exceeds limit", "too much"},
    "core/readers/caption_lines.py": {"unexpected end"},
    "core/readers/prediction_table.py": {"unexpected end"},
    "core/encoders/libraries.py": {"loading state_dict"},
    # What earlier versions kept, the catalog's columns, and English that is looked at as text.
    "core/store/kept_notes.py": {"images: ", "texts: ", "half precision "},
    "core/studies/audit/reference_checks.py": {"on "},
    "core/tables/few_shot.py": {"Tip-Adapter"},
    "core/demo/words.py": {", each", "a ", "an "},
}  # fmt: skip
"""The only words that programs may look for, by file: formats that are not ours to change."""


def english(text: str) -> bool:
    """Words with a space between or beside them, or one that begins a sentence."""
    return any(c.isalpha() for c in text) and (" " in text or (text.istitle() and len(text) > 2))


def read_as_english(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, words) of every look into a text for words: a test, a search or a cut."""
    names = _constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            looked = (
                [node.left] if not isinstance(node.comparators[0], ast.Tuple | ast.Set | ast.List | ast.Dict) else []
            )
            yield from ((node.lineno, word) for word in _words(looked, names))
        elif isinstance(node, ast.Compare):
            sides = [side for side in (node.left, *node.comparators) if isinstance(side, ast.Constant)]
            yield from ((node.lineno, word) for word in _words(sides, {}))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOOKS:
            pattern = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
            yield from ((node.lineno, word) for word in _words([] if pattern else node.args[:1], names))


def _words(nodes: Sequence[ast.expr], names: dict[str, list[str]]) -> Iterator[str]:
    for node in nodes:
        inner = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
        for each in inner:
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                found = [each.value]
            else:
                found = names.get(each.id, []) if isinstance(each, ast.Name) else []
            yield from filter(english, found)


def _constants(tree: ast.Module) -> dict[str, list[str]]:
    """Names that are bound to texts anywhere in the file, also by walking over several."""
    bound: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.For | ast.comprehension):
            pairs = [(node.target, node.iter)]
        for target, value in pairs:
            texts = [c.value for c in getattr(value, "elts", [value]) if isinstance(c, ast.Constant)]
            if isinstance(target, ast.Name):
                bound.setdefault(target.id, []).extend(text for text in texts if isinstance(text, str))
    return bound


def found_in(path: Path) -> set[str]:
    return {words for _, words in read_as_english(ast.parse(path.read_text("utf-8")))}


def test_no_program_reads_english() -> None:
    """What is allowed is still there, and nothing else is."""
    names = {path.relative_to(ROOT).as_posix(): path for path in FILES}
    assert {name: words for name, path in names.items() if (words := found_in(path))} == FORMATS


@pytest.mark.parametrize(
    "code",
    [
        'if "do not compare" in note: pass',
        'x = said.startswith("Collapsed")',
        'x = text.rsplit(" of ", 1)[0]',
        'chosen = "Captions are from"\nx = note.startswith(chosen)',
        'if verdict == "cannot tell": pass',
        'x = any(w in said for w in ("disk is full", "locked up"))',
    ],
)
def test_the_ways_to_read_english_are_found(code: str) -> None:
    assert list(read_as_english(ast.parse(code)))


@pytest.mark.parametrize("code", ['if "captions" in kinds: pass', 'x = name.split("/")', 'x = text.replace(" ", "_")'])
def test_names_and_formats_are_no_english(code: str) -> None:
    assert not list(read_as_english(ast.parse(code)))
