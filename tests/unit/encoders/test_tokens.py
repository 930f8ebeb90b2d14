"""Counting tokens without a model, against the libraries' own tokenizers."""

from __future__ import annotations

import random

import pytest

from core.catalog.models import find_model
from core.encoders.tokens import cut_note, token_count, token_keys, too_long
from core.types import ModelCard, Preprocessing

WORDS = [
    "a",
    "photo",
    "of",
    "the",
    "dog's",
    "they're",
    "COCO",
    "2,014",
    "3.5",
    "naïve",
    "猫が",
    "größer",
    "x" * 30,
    "&amp;",
    "can't",
    "antidisestablishmentarianism",
    "🙂",
    "…",
    "“quoted”",
    "it`s",
    "foo_bar",
    "#1!!",
    "\u2028",
    "ﬁne",
    "İstanbul",
    "www.example.com/a?b=c",
    "¼",
    "Ⅷ",
    "e\u0301",
    "\t",
    "A&B",
    "don’t",
    "",
    "-",
    "...",
    "%%",
    "straße",
    "ＦＵＬＬ",
    "\x07",
]


def texts(seed: int, n: int = 400) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(0, 45))) for _ in range(n)]


def test_counts_are_those_of_both_libraries() -> None:
    from clip.simple_tokenizer import SimpleTokenizer as Clip
    from open_clip.tokenizer import SimpleTokenizer as OpenClip

    for library in (Clip(), OpenClip()):
        for text in texts(0):
            assert token_count(text) == 2 + len(library.encode(text)), text


@pytest.mark.parametrize("context", [8, 32, 77])
def test_cut_is_what_one_token_more_would_show(context: int) -> None:
    from open_clip.tokenizer import SimpleTokenizer

    found = texts(1)
    wider = SimpleTokenizer()(found, context_length=context + 1)
    assert too_long(found, context) == [bool(row[context]) for row in wider]


def card(context: int) -> ModelCard:
    return ModelCard(
        name="m",
        model_digest="d",
        preprocessing=Preprocessing(size=224, mean=(0, 0, 0), std=(1, 1, 1)),
        precision="fp32",
        device="cpu",
        logit_scale=1.0,
        embed_dim=8,
        context_length=context,
        text_path="full",
        versions={},
    )


def test_the_note_counts_and_weighs() -> None:
    demo, long = find_model("demo-rn/demo"), "word " * 40
    (note,) = cut_note(demo, card(32), [long] * 30, "captions", "cut_captions")
    assert note.startswith("30 of 30 captions are cut at 32 tokens") and note.level == "warning"
    (few,) = cut_note(demo, card(32), [long, *["short"] * 20], "captions", "cut_captions")
    assert few.startswith("1 of 21 captions") and few.level == "info" and few.code == "cut_captions"
    assert cut_note(demo, card(77), [long], "captions", "cut_captions") == ()
    assert cut_note(demo, None, [long], "captions", "cut_captions"), "the demo's configuration says 32"


def test_another_tokenizer_gives_a_bound() -> None:
    siglip = find_model("ViT-B-16-SigLIP/webli")
    (note,) = cut_note(siglip, card(64), ["word " * 70, "short"], "captions", "cut_captions")
    assert note.startswith("At least 1 of 2 captions are cut at 64 tokens")


@pytest.mark.parametrize("name, context", [("ViT-B-32/openai", 77), ("ViT-B-32/laion2b_s34b_b79k", 77)])
def test_without_a_card_the_context_is_that_of_the_architecture(name: str, context: int) -> None:
    codes = [
        [note.code for note in cut_note(find_model(name), None, ["word " * n], "captions", "c")]
        for n in (context - 2, context - 1)
    ]
    assert codes == [["nearly_cut"], ["c"]]


def test_that_nothing_is_cut_is_said_where_it_nearly_is() -> None:
    spec = find_model("demo-rn/demo")
    (note,) = cut_note(spec, None, ["a cat", " ".join(["cat"] * 29)], "captions", "cut_captions")
    assert note == "The longest of 2 captions has 31 of the 32 tokens that demo-rn/demo reads; none is cut."
    assert note.code == "nearly_cut" and note.level == "info"
    assert cut_note(spec, None, [" ".join(["cat"] * 20)], "captions", "cut_captions") == ()
    assert cut_note(spec, None, [" ".join(["cat"] * 31)], "captions", "cut_captions")[0].code == "cut_captions"


@pytest.mark.parametrize("context", [8, 77])
def test_keys_are_equal_exactly_where_the_librarys_rows_are(context: int) -> None:
    from open_clip.tokenizer import SimpleTokenizer

    plain = [
        " ".join(random.Random(i).choices(["A", "a", "Cat", "cat", "cat.", "  ", "&amp;", "&"], k=4)) for i in range(90)
    ]
    long = [
        "cat " * 6,
        "Cat " * 6 + "dog",
        "cat " * 5,
        "antidisestablishmentarianism " * 3,
        "Antidisestablishmentarianism " * 9,
    ]
    found = [*plain, *long, *texts(2, 60)]
    keys = token_keys(find_model("ViT-B-32/openai"), card(context), found)
    assert keys is not None
    rows = [row.numpy().tobytes() for row in SimpleTokenizer()(found, context_length=context)]
    for i in range(len(found)):
        assert [key == keys[i] for key in keys] == [row == rows[i] for row in rows], found[i]
    assert len(set(keys)) < len(set(found)), "some texts are one"


def test_without_its_tokenizer_nothing_is_said_to_be_one() -> None:
    assert token_keys(find_model("ViT-B-16-SigLIP/webli"), None, ["a cat", "A cat"]) is None
