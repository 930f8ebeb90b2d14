"""The tree of tokens: by hand, against the obvious way, and against the library on any list of texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.encoders import texts
from core.encoders.encoder import LoadedEncoder, load_encoder
from core.encoders.texts import END, find_tower, grow
from tests.encoder_models import ROUNDING, VARIANTS, close, make_model

TREE = {
    "plain",
    "quick_gelu",
    "resnet",
    "layer_scale",
    "no_ln_pre",
    "ln_after_pool",
    "patch_dropout",
    "custom_text",
    "eos_pool",
    "biased_projection",
    "no_projection",
    "average_pool",
    "attention_pool",
    "stochastic_depth",
}
TRUNCATED = {"custom_blocks"}
WORDS = ["a", "photo", "of", "the", "cat", "dog", "large", "é", "你好", "!", "<end_of_text>", "<start_of_text>", "."]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> LoadedEncoder:
    return load_encoder(make_model("plain", tmp_path_factory.mktemp("texts"))[0], "cpu")


def prompts() -> list[str]:
    templates = ("a photo of a {}.", "a sketch of a {}", "{}", "a photo of the large {}")
    return [t.format(c) for t in templates for c in ("cat", "dog", "fire engine", "sea", "photo of a cat")]


# --- by hand ------------------------------------------------------------------------------------------------


def test_a_tree_by_hand() -> None:
    tree = grow(np.array([[1, 5, 9, END], [1, 5, 9, 4], [1, 7, END, END], [2, 7, 4, END]]))
    #   1 (0)              2 (1)         level 0
    #   5 (2)    7 (3)     7 (4)         level 1: the two 7 have other beginnings
    #   9 (5)              4 (6)         level 2
    #   4 (7)                            level 3
    assert tree.token.tolist() == [1, 2, 5, 7, 7, 9, 4, 4]
    assert tree.depth.tolist() == [0, 0, 1, 1, 1, 2, 2, 3]
    assert [path.tolist() for path in tree.paths] == [
        [[0], [1]],
        [[0, 2], [0, 3], [1, 4]],
        [[0, 2, 5], [1, 4, 6]],
        [[0, 2, 5, 7]],
    ]
    assert tree.read.tolist() == [5, 7, 3, 6]


def slow_tree(rows: list[list[int]]) -> set[tuple[int, ...]]:
    """Every distinct beginning, one by one."""
    return {tuple(row[:n]) for row in rows for n in range(1, len(row) + 1)}


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=12))
def test_every_distinct_beginning_is_one_node(rows: list[list[int]]) -> None:
    width = max(map(len, rows))
    tokens = np.array([row + [0] * (width - len(row)) for row in rows])
    distinct, order = texts._distinct(tokens, np.array([len(row) - 1 for row in rows]))
    tree = grow(distinct)
    beginnings = [tuple(int(tree.token[node]) for node in path) for level in tree.paths for path in level]
    assert len(beginnings) == len(set(beginnings)) and set(beginnings) == slow_tree(rows)
    assert [beginnings[tree.read[place]] for place in order] == [tuple(row) for row in rows]


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=30), st.integers(1, 9))
def test_chunks_are_all_rows_in_order(rows: list[list[int]], limit: int) -> None:
    width = max(map(len, rows))
    tokens = np.array([row + [0] * (width - len(row)) for row in rows])
    distinct, _ = texts._distinct(tokens, np.array([len(row) - 1 for row in rows]))
    before, texts.NODES_AT_ONCE = texts.NODES_AT_ONCE, limit
    try:
        chunks = list(texts._chunks(distinct))
    finally:
        texts.NODES_AT_ONCE = before
    assert [i for chunk in chunks for i in range(len(distinct))[chunk]] == list(range(len(distinct)))


def test_prompts_share_their_beginnings(encoder: LoadedEncoder) -> None:
    tokens = encoder._tokenize([f"a photo of a {name}" for name in ("cat", "dog", "house", "sea")])
    ends = tokens.argmax(dim=-1)
    distinct, _ = texts._distinct(tokens.numpy(), ends.numpy())
    assert len(grow(distinct).token) == 5 + 4 * 2  # start, "a photo of a", then each name and its end


# --- against the library ------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_way_follows_the_structure(variant: str, tmp_path: Path) -> None:
    encoder = load_encoder(make_model(variant, tmp_path)[0], "cpu")
    wanted = "prefix tree" if variant in TREE else "truncated" if variant in TRUNCATED else "full"
    assert encoder.card.text_path == wanted
    assert close(encoder.encode_texts(prompts()), encoder.full_texts(prompts())) < ROUNDING


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join), min_size=1, max_size=12))
def test_any_list_of_texts(encoder: LoadedEncoder, given_texts: list[str]) -> None:
    """Any order, duplicates, nothing, too long, special tokens written out."""
    assert close(encoder.encode_texts(given_texts), encoder.full_texts(given_texts)) < ROUNDING


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_any_characters(encoder: LoadedEncoder, given_texts: list[str]) -> None:
    assert close(encoder.encode_texts(given_texts), encoder.full_texts(given_texts)) < ROUNDING


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_small_chunks_change_nothing(encoder: LoadedEncoder, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = encoder.full_texts(prompts())
    monkeypatch.setattr(texts, "NODES_AT_ONCE", limit)
    assert close(encoder.encode_texts(prompts()), wanted) < ROUNDING


def test_order_and_duplicates_are_kept(encoder: LoadedEncoder) -> None:
    once = encoder.encode_texts(prompts())
    shuffled = np.random.default_rng(0).permutation(len(prompts()) * 2) % len(prompts())
    again = encoder.encode_texts([prompts()[i] for i in shuffled])
    assert close(again, once[shuffled]) < ROUNDING
    assert len(np.unique(once.round(4), axis=0)) == len(set(prompts()))


def test_the_truncated_way_on_a_plain_model(tmp_path: Path) -> None:
    for variant in ("plain", "custom_text", "eos_pool"):
        _, model = make_model(variant, tmp_path / variant)
        tower = find_tower(model)
        assert tower is not None
        encoder = load_encoder(make_model(variant, tmp_path / variant)[0], "cpu")
        tokens = encoder._tokenize([*prompts(), "", "cat " * 50])
        with torch.inference_mode():
            found = texts.encode_truncated(tower, model, tokens, batch=4)
            assert close(found, model.encode_text(tokens)) < ROUNDING
            assert close(model.encode_text(tokens), model.encode_text(tokens)) == 0  # nothing stays replaced


# --- falling back -------------------------------------------------------------------------------------------


def wrong(*_: Any) -> torch.Tensor:
    return torch.zeros(6, 32)


def test_a_tree_that_gives_other_vectors_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _ = make_model("plain", tmp_path)
    monkeypatch.setattr(texts, "encode_tree", wrong)
    assert load_encoder(name, "cpu").card.text_path == "truncated"
    monkeypatch.setattr(texts, "encode_truncated", wrong)
    encoder = load_encoder(name, "cpu")
    assert encoder.card.text_path == "full"
    assert close(encoder.encode_texts(prompts()), encoder.full_texts(prompts())) == 0


def test_a_mask_that_is_not_causal_is_not_cut(tmp_path: Path) -> None:
    _, model = make_model("plain", tmp_path)
    assert find_tower(model) is not None
    for change in ((0, 5, 0.0), (5, 0, -1.0)):
        mask = model.attn_mask.clone()
        mask[change[0], change[1]] = change[2]
        before, model.attn_mask = model.attn_mask, mask
        assert find_tower(model) is None
        model.attn_mask = before
    assert find_tower(model) is not None


@pytest.mark.parametrize("attribute", ["ln_1_kv", "add_zero_attn", "bias_k"])
def test_blocks_with_something_more_are_not_plain(attribute: str, tmp_path: Path) -> None:
    _, model = make_model("plain", tmp_path)
    block = model.transformer.resblocks[1]
    assert texts.is_plain_block(block)
    if attribute == "ln_1_kv":
        block.ln_1_kv = torch.nn.Identity()
    elif attribute == "bias_k":
        block.attn.bias_k = torch.nn.Parameter(torch.zeros(1, 1, 48))
    else:
        block.attn.add_zero_attn = True
    assert not texts.is_plain_block(block)
