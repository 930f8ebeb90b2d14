"""Models of every family whose text side differs, tiny and random: loaded from files and from a hub on this machine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import numpy as np
import pytest
import torch

from core.catalog.models import find_model
from core.encoders import weights
from core.encoders.encoder import LoadedEncoder, load_encoder
from core.encoders.hub_tokenizer import HubTokenizer
from core.encoders.service.local import Encoding
from core.encoders.text_files import TextConfig, read_text_config
from core.encoders.text_towers import read_tower_config
from core.encoders.tokens import cut_note
from core.engine import Engine
from core.errors import NotHere, TMVError, UnknownName
from core.store import TextStore
from core.system import download as transfer
from tests.encoder_models import ROUNDING, close, pixels
from tests.fakes import png
from tests.hub import Loopback, serve
from tests.tiny_models import (
    FAMILIES,
    TEXTS,
    TOKENIZERS,
    config_of,
    files_in,
    make_family,
    publish,
    text_files_of,
    tower,
)

OF_HUB = [f for f in FAMILIES if "hf_tokenizer_name" in config_of(f)["model_cfg"]["text_cfg"]]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LoadedEncoder]:
    folder = tmp_path_factory.mktemp("families")
    return {family: load_encoder(make_family(family, folder / family), "cpu") for family in FAMILIES}


@pytest.mark.parametrize("family", list(FAMILIES))
def test_vectors_are_those_of_the_library(loaded: dict[str, LoadedEncoder], family: str) -> None:
    encoder = loaded[family]
    with torch.inference_mode():
        tokens = encoder._tokenize(TEXTS)
        wanted = encoder._model.encode_text(tokens)
    assert tokens.shape == (len(TEXTS), encoder.card.context_length)
    assert close(encoder.encode_texts(TEXTS), wanted) < ROUNDING
    assert encoder.encode_images(pixels(2, 3, 32, 32)).shape == (2, 32)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_the_card_says_context_rule_and_files(loaded: dict[str, LoadedEncoder], family: str) -> None:
    card, model = loaded[family].card, config_of(family)["model_cfg"]
    assert card.score_function == ("sigmoid" if "init_logit_bias" in model else "softmax")
    assert card.context_length == model["text_cfg"].get("context_length", 77)
    names = {Path(record["path"]).name for record in card.weights}
    assert {"tokenizer.json", "tokenizer_config.json"} <= names or family not in OF_HUB
    assert ("config.json" in names) == ("hf_model_name" in model["text_cfg"])


@pytest.mark.parametrize("family", ["siglip", "siglip2", "clipa", "mobileclip", "coca", "nllb", "xlm-roberta"])
def test_texts_are_cut_short_only_where_that_is_exact(loaded: dict[str, LoadedEncoder], family: str) -> None:
    assert loaded[family].card.text_path == "full"


@pytest.mark.parametrize("family", ["metaclip2", "pe-core"])
def test_causal_towers_take_the_short_way(loaded: dict[str, LoadedEncoder], family: str) -> None:
    assert loaded[family].card.text_path == "prefix tree"


def test_siglip_pads_to_the_whole_context_and_hears_no_case(loaded: dict[str, LoadedEncoder]) -> None:
    rows = loaded["siglip"]._tokenize(["a photo of a cat", "A photo of a Cat."]).numpy()
    assert rows.shape == (2, 16) and (rows[0] == rows[1]).all() and rows[0, -1] == 1


# --- tokens -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", list(TOKENIZERS))
def test_counts_are_those_of_whole_rows(family: str, tmp_path: Path) -> None:
    """Slowly: a context that holds every text, and what is not padding in it. CLIP's pads are counted out by place."""
    folder = TOKENIZERS[family](tmp_path)
    short = HubTokenizer(files_in(folder), TextConfig(context_length=8, tokenizer=family))
    long = HubTokenizer(files_in(folder), TextConfig(context_length=2048, tokenizer=family))
    ends = long([""])[0]
    filled = int(np.argmax(np.cumprod(ends[::-1] == long.pad_id)[::-1]))  # where padding of an empty text begins
    end = ends[filled - 1] if filled else ends[0]
    counts = short.counts(TEXTS)
    for text, n, row in zip(TEXTS, counts, long(TEXTS), strict=True):
        assert (row[n:] == long.pad_id).all() and (row[n - 1] == end or row[n - 1] == long.pad_id), text
        assert (short([text])[0] == row[:8]).all() == (n <= 8), text
    assert short(TEXTS).shape == (len(TEXTS), 8) and short([]).shape == (0, 8)


def test_languages_of_a_translator_come_first(tmp_path: Path) -> None:
    files = files_in(TOKENIZERS["nllb"](tmp_path))
    of = {c: HubTokenizer(files, TextConfig(context_length=9, tokenizer="x", language=c)) for c in ("", "deu_Latn")}
    plain, german = (tokenizer(["a cat"])[0] for tokenizer in of.values())
    assert plain[0] != german[0] and (plain[1:] == german[1:]).all()
    with pytest.raises(TMVError, match="'xyz' is no language"):
        HubTokenizer(files, TextConfig(tokenizer="x", language="xyz"))
    with pytest.raises(TMVError, match="knows no languages"):
        HubTokenizer(files_in(TOKENIZERS["bert"](tmp_path / "b")), TextConfig(tokenizer="x", language="deu_Latn"))


def test_mode_clips_ends_with_a_class_token(tmp_path: Path) -> None:
    folder = TOKENIZERS["bert"](tmp_path)
    settings = folder / "tokenizer_config.json"
    settings.write_text(json.dumps({"bos_token": "[CLS]", "eos_token": "[SEP]", "cls_token": "[MASK]"}))
    tokenizer = HubTokenizer(files_in(folder), TextConfig(context_length=8, tokenizer="x", mode="clips"))
    short, long = tokenizer(["cat", "a very " * 9])
    assert short[0] == 2 and short[-1] == 4 and list(short[1:-1]).count(3) == 1 and 0 in short
    assert long[0] == 2 and list(long[-2:]) == [3, 4] and 0 not in long


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"tokenizer.json": "{"}, "cannot be read as a tokenizer"),
        ({"tokenizer_config.json": "["}, "cannot be read as JSON"),
        ({"tokenizer_config.json": "[]"}, "a JSON object"),
        ({"tokenizer_config.json": '{"pad_token": "<nothing>"}'}, "no token '<nothing>'"),
        ({"tokenizer_config.json": '{"add_eos_token": true, "eos_token": "[MASK]"}'}, "asks for a eos_token"),
    ],
)
def test_files_that_are_no_tokenizer_are_one_sentence(files: dict[str, str], said: str, tmp_path: Path) -> None:
    folder = TOKENIZERS["bert"](tmp_path)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(TMVError, match=said) as caught:
        HubTokenizer(files_in(folder), TextConfig(tokenizer="x"))
    assert "\n" not in str(caught.value)


def test_a_vocabulary_alone_makes_a_tokenizer_of_bert(tmp_path: Path) -> None:
    folder = TOKENIZERS["bert"](tmp_path / "whole")
    whole = HubTokenizer(files_in(folder), TextConfig(context_length=12, tokenizer="x"))
    words = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    listed = tmp_path / "vocab.txt"
    listed.write_text("\n".join(sorted(words, key=words.__getitem__)), encoding="utf-8")
    made = HubTokenizer({"vocab.txt": listed}, TextConfig(context_length=12, tokenizer="x"))
    np.testing.assert_array_equal(made(TEXTS), whole(TEXTS))


@pytest.mark.parametrize(
    "extra", [{"tokenizer_kwargs": {"clean": "shout"}}, {"tokenizer_kwargs": {"what": 1}}, {"tokenizer_mode": "odd"}]
)
def test_ways_to_make_tokens_that_are_not_known_are_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(TMVError, match="would be a guess"):
        read_text_config({"hf_tokenizer_name": "tiny/t5", **extra})


@pytest.mark.parametrize("change", [{"model_type": "t5"}, {"hidden_act": "silu"}, {"position_embedding_type": "r"}])
def test_towers_that_are_not_known_are_refused(change: dict[str, str], tmp_path: Path) -> None:
    path = tower(tmp_path, "bert")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(TMVError, match="known are bert, m2m_100"):
        read_tower_config(path)


# --- files of the text side -------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A hub on this machine, and an empty cache."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(transfer, "WAIT_SECONDS", 0.01)
    with serve() as loopback:
        monkeypatch.setenv("HF_ENDPOINT", loopback.url)
        yield loopback


@pytest.mark.parametrize("family", list(FAMILIES))
def test_from_the_hub_as_from_files(server: Loopback, family: str, tmp_path: Path) -> None:
    own = load_encoder(publish(server, family, tmp_path / "own"), "cpu")
    spec = find_model("hf-hub:tiny/model")
    assert weights.state(spec).state == "downloadable"
    of_hub = load_encoder(spec.name, "cpu")
    np.testing.assert_array_equal(of_hub.encode_texts(TEXTS), own.encode_texts(TEXTS))
    asked = len(server.requests)
    assert weights.state(spec).state == "ready" and load_encoder(spec.name, "cpu") and len(server.requests) == asked


def test_ready_means_without_a_network(server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(server, "nllb", tmp_path / "own")
    spec = find_model("hf-hub:tiny/model")
    weights.download(spec)
    for repository in ("models--tiny--nllb", "models--tiny--model"):
        gone = tmp_path / "hub" / repository
        gone.rename(tmp_path / "away")
        assert weights.locate(spec) is None and weights.state(spec).state == "downloadable"
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        assert weights.state(spec).state == "absent"
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        (tmp_path / "away").rename(gone)
    assert weights.state(spec).state == "ready"


def test_a_repository_whose_tokenizer_is_code_is_named(server: Loopback, tmp_path: Path) -> None:
    publish(server, "siglip", tmp_path / "own")
    server.repositories["tiny/t5"] = {"spiece.model": b"..."}
    with pytest.raises(NotHere, match=r"tiny/t5 on the hub has no tokenizer\.json or vocab\.txt"):
        load_encoder("hf-hub:tiny/model", "cpu")


def test_another_tokenizer_is_another_model(tmp_path: Path) -> None:
    name = make_family("siglip", tmp_path / "own")
    engine = Encoding(tmp_path / "cache", TextStore(tmp_path / "cache"), device="cpu", in_process=True)
    before = engine.encode_texts(name, ["a photo of a cat"])
    digest = engine.model_digest(name)
    assert digest
    text_files_of("siglip2", tmp_path / "own")
    assert engine.model_digest(name) == ""
    after = engine.encode_texts(name, ["a photo of a cat"])
    assert engine.model_digest(name) not in ("", digest) and not np.allclose(before, after)


@pytest.mark.parametrize("family", ["siglip", "xlm-roberta"])
def test_captions_that_are_cut_are_counted_by_the_models_own_tokenizer(family: str, tmp_path: Path) -> None:
    spec = find_model(make_family(family, tmp_path / "own"))
    context = config_of(family)["model_cfg"]["text_cfg"].get("context_length", 77)
    (note,) = cut_note(spec, None, [*["cat"] * 19, "a very " * 80], "captions", "cut_captions")
    assert note.code == "cut_captions" and f"1 of 20 captions is cut at {context} tokens" in note
    shutil.rmtree(tmp_path / "own")
    assert cut_note(spec, None, ["cat"], "captions", "cut_captions") == ()


def test_texts_in_another_language_with_the_same_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model by its name with a language: other text vectors, the same image vectors, which are not computed again."""
    name = make_family("nllb", tmp_path / "own")
    for i in range(3):
        (tmp_path / "data" / "squares" / "red").mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / "squares" / "red" / f"{i}.png").write_bytes(png((200, 10 * i, 0), i))
    (tmp_path / "data" / "squares" / "red" / "broken.png").write_bytes(b"\x89PNG no")
    engine = Engine(tmp_path / "cache", tmp_path / "data", device="cpu")
    plain, german = (engine.place(n, "folder:squares") for n in (name, f"{name}@deu_Latn"))
    engine.vectors.embed(plain)
    monkeypatch.setattr(LoadedEncoder, "encode_images", lambda *_: pytest.fail("images are computed again"))
    engine.vectors.embed(german)
    a, b = (engine.vectors.require(place) for place in (plain, german))
    np.testing.assert_array_equal(a.image_embeddings, b.image_embeddings)
    assert a.ids == b.ids and len(a.skipped) == len(b.skipped) == 1
    texts = [engine.encoding.encode_texts(place.model.name, ["ein Hund"]) for place in (plain, german)]
    assert not np.allclose(texts[0], texts[1])
    assert "deu_Latn" in german.model.title and a.provenance.model_digest != b.provenance.model_digest


def test_languages_are_of_models_that_have_them() -> None:
    assert find_model("nllb-clip-base/v1@zho_Hans").weights_name == "nllb-clip-base/v1"
    with pytest.raises(UnknownName, match=r"only models with NLLB's tokenizer"):
        find_model("ViT-B-32/openai@deu_Latn")


def test_a_repository_that_is_no_open_clip_model_says_what_to_do(server: Loopback) -> None:
    server.repositories["someone/clip"] = {"config.json": b"{}", "model.safetensors": b""}
    with pytest.raises(NotHere, match=r"someone/clip on the hub is no open_clip model: .* take their name"):
        load_encoder("hf-hub:someone/clip", "cpu")
