"""Tokens and text towers beside open_clip with `transformers`, which the product does without. Run by `make parity`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.encoders.hub_tokenizer import HubTokenizer
from core.encoders.text_files import TextConfig
from core.encoders.text_towers import HubTextTower, read_tower_config
from tests.tiny_models import TEXTS, TOKENIZERS, files_in, tower

transformers = pytest.importorskip("transformers")
CLEANS = {"bert": "whitespace", "t5": "canonicalize", "gemma": "canonicalize"}


@pytest.mark.parametrize("context", [8, 16, 77])
@pytest.mark.parametrize("family", list(TOKENIZERS))
def test_tokens_are_those_of_open_clip(family: str, context: int, tmp_path: Path) -> None:
    from open_clip.tokenizer import HFTokenizer

    folder = TOKENIZERS[family](tmp_path / family)
    clean, strip = CLEANS.get(family, "whitespace"), family == "bert"
    theirs = HFTokenizer(str(folder), context_length=context, clean=clean, strip_sep_token=strip)
    ours = HubTokenizer(
        files_in(folder), TextConfig(context_length=context, tokenizer=family, clean=clean, strip_sep_token=strip)
    )
    np.testing.assert_array_equal(ours(TEXTS), theirs(list(TEXTS)).numpy())


@pytest.mark.parametrize("language", ["eng_Latn", "deu_Latn"])
def test_languages_of_a_translator(language: str, tmp_path: Path) -> None:
    folder = TOKENIZERS["nllb"](tmp_path / "nllb")
    theirs = transformers.AutoTokenizer.from_pretrained(str(folder), src_lang=language)
    ours = HubTokenizer(files_in(folder), TextConfig(context_length=16, tokenizer="nllb", language=language))
    texts = ["a photo of a cat", "ein Foto von einem Hund"]
    wanted = theirs(texts, max_length=16, padding="max_length", truncation=True).input_ids
    np.testing.assert_array_equal(ours(texts), wanted)
    assert ours(texts)[0, 0] == theirs.convert_tokens_to_ids(language)


@pytest.mark.parametrize("pooler", [None, "mean_pooler", "cls_pooler", "cls_last_hidden_state_pooler"])
@pytest.mark.parametrize("proj", ["linear", "mlp"])
@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta", "nllb"])
def test_a_text_tower_is_that_of_open_clip(family: str, proj: str, pooler: str | None, tmp_path: Path) -> None:
    from open_clip.hf_model import HFTextEncoder

    path = tower(tmp_path, family)
    torch.manual_seed(0)
    theirs = HFTextEncoder(str(tmp_path), 24, proj_type=proj, pooler_type=pooler, pretrained=False).eval()
    ours = HubTextTower("", 24, settings=read_tower_config(path), proj_type=proj, pooler_type=pooler).eval()
    skipped = {"transformer.embed_positions.weights"}
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if k not in skipped}, strict=True)
    pad = 0 if family == "bert" else 1
    tokens = torch.randint(5, 390, (6, 20))
    for row, length in enumerate((20, 13, 7, 5, 3, 20)):
        tokens[row, length:] = pad
    with torch.inference_mode():
        torch.testing.assert_close(ours(tokens), theirs(tokens), rtol=1e-4, atol=1e-5)
