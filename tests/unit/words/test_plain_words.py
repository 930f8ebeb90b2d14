"""Sentences are in the field's words: none of our own idiom comes back, and terms are explained once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.words.glossary import GLOSSARY, explain, terms_in
from tests.golden.reading import sentences_of_results, texts_of, texts_of_pages

OWN_IDIOM = re.compile(
    r"\b(told|brought|names? \d\S* right|named right|the deck|pictures?|asked anew|tie: the interval|too sure|"
    r"taken at their word|lies (in|out)side)\b|!(?!=)",
    re.IGNORECASE,
)

BRITISH = re.compile(
    r"(normal|organ|summar|recogn|regular|token|general|visual|initial|minim|maxim)is(e|a|i)(?!m|t)|"
    r"optimis(e|a|ing)|(col|fav|behavi|neighb)our|(label|model|cancel)l(ed|ing)|\bcentre|\bgrey|licence|"
    r"analys(e|ed|ing)\b|catalogue|artefact",
    re.IGNORECASE,
)
"""The field's papers and tools write tokenizer, normalize, color and neighbor, and so does every text here."""
ROOT = Path(__file__).parents[3]
DRAWN = ROOT / "core" / "demo"
"""The captions of the demo's images are part of its data."""


@pytest.mark.parametrize("folder", ["core", "pages"])
def test_one_spelling(folder: str) -> None:
    files = [path for path in sorted((ROOT / folder).rglob("*.py")) if DRAWN not in path.parents]
    texts = [(path.name, line, text) for path in files for line, text in texts_of(path)]
    assert len(texts) > 500
    # What stands in braces of a text is a name of the program.
    assert [found for found in texts if BRITISH.search(re.sub(r"\{[^{}]*\}", "", found[2]))] == []


def test_the_search_for_spelling_finds_it() -> None:
    assert all(BRITISH.search(text) for text in ("Not normalised", "a colour", "labelled", "Plain grey", "the licence"))
    assert not any(BRITISH.search(text) for text in ("optimistic", "generalist", "the color of labels", "centered"))


@pytest.mark.parametrize("found", ["results", "pages"])
def test_no_idiom_of_our_own(found: str) -> None:
    texts = list(sentences_of_results() if found == "results" else texts_of_pages())
    assert len(texts) > 100
    sentences = [(where, text) for where, text in texts if text[:1].isupper() or text.rstrip().endswith((".", "?"))]
    assert [(where, text) for where, text in sentences if OWN_IDIOM.search(text)] == []


def test_the_search_for_idiom_finds_it() -> None:
    assert all(
        OWN_IDIOM.search(text) for text in ("3 checks not to be told here", "A picture.", "X is too sure", "Hi!")
    )
    assert not OWN_IDIOM.search("The image is correct; a != b.")


def test_a_report_explains_the_terms_it_uses() -> None:
    assert list(terms_in("Recall@1 and MRR of two models")) == ["MRR", "recall@k"]
    assert terms_in("nothing here") == {}
    assert explain("ECE") == f"**ECE**: {GLOSSARY['ECE']}"
    assert all(said.endswith(".") and said[0].isupper() for said in GLOSSARY.values())
