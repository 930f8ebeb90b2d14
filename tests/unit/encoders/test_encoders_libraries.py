"""Both libraries give the same vectors for the same weights; unsafe files are refused; tokens are CLIP's."""

from __future__ import annotations

import json
import os
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from torch.nn import functional as F

from core.catalog import registry
from core.catalog.models import find_model
from core.encoders.checkpoints import read_tensors
from core.encoders.encoder import LoadedEncoder
from core.encoders.libraries import Built, build
from core.encoders.weights import ModelFiles
from core.errors import TMVError
from tests.coded import coded
from tests.encoder_models import ROUNDING, close, make_model, openai_model, pixels
from tests.unit.encoders.test_encoders import TEXTS

KINDS = ("vit", "resnet")
SPEC = find_model("ViT-B-32/openai")


def save_state(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.pt"
    torch.save(openai_model(kind).state_dict(), path)
    return path


def save_torchscript(kind: str, folder: Path) -> tuple[Path, dict[str, torch.Tensor]]:
    """A TorchScript archive laid out as OpenAI's are, numbers of its own beside the weights included."""
    model = openai_model(kind)
    for name, number in (("input_resolution", 64), ("context_length", 77), ("vocab_size", 49408)):
        vars(model).pop(name, None)
        model.register_buffer(name, torch.tensor(number))
    pixels, tokens = torch.zeros(1, 3, 64, 64), torch.zeros(1, 77, dtype=torch.long)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(model, (pixels, tokens), check_trace=False)
    path = folder / f"{kind}-jit.pt"
    traced.save(str(path))
    return path, {k: v.clone() for k, v in model.state_dict().items()}


# --- one set of weights, two libraries ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_weights_give_the_same_vectors_in_both_libraries(kind: str, tmp_path: Path) -> None:
    path = save_state(kind, tmp_path)
    ours = LoadedEncoder(SPEC, build(SPEC, ModelFiles(weights=path)), [], "cpu")
    theirs = open_clip.load_openai_model(str(path), precision="fp32", device="cpu").eval()
    batch = torch.randn(6, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    tokens = open_clip.get_tokenizer("ViT-B-32")(TEXTS)
    with torch.no_grad():
        images, texts = theirs.encode_image(batch), theirs.encode_text(tokens)
    found_images, found_texts = ours.encode_images(batch), ours.encode_texts(TEXTS)
    assert float(F.cosine_similarity(torch.from_numpy(found_images), images).min()) > 0.99999
    assert float(F.cosine_similarity(torch.from_numpy(found_texts), texts).min()) > 0.99999
    # What all vectors have in common must not be what makes them alike.
    for found, wanted in ((found_images, images), (found_texts, texts)):
        centre = wanted.mean(dim=0)
        assert float(F.cosine_similarity(torch.from_numpy(found) - centre, wanted - centre).min()) > 0.9999
    assert ours.logit_scale == pytest.approx(theirs.logit_scale.exp().item(), rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_openai_s_clip_takes_the_fast_ways_too(kind: str, tmp_path: Path) -> None:
    encoder = LoadedEncoder(SPEC, build(SPEC, ModelFiles(weights=save_state(kind, tmp_path))), [], "cpu")
    assert encoder.card.text_path == "prefix tree" and "packed" in coded(encoder.card.notes)["encoding"]
    assert {"torch", "clip-anytorch", "pillow"} == set(encoder.card.versions)
    assert close(encoder.encode_texts(TEXTS), encoder.full_texts(TEXTS)) < ROUNDING
    assert encoder.batch_size == (8 if kind == "resnet" else 16)


@pytest.mark.parametrize("kind", KINDS)
def test_openai_s_archives_are_read_without_their_code(kind: str, tmp_path: Path) -> None:
    path, wanted = save_torchscript(kind, tmp_path)
    found = read_tensors(path)
    assert set(found) == set(wanted)
    for name, tensor in wanted.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor), name


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_builds_the_model_that_it_was_made_of(kind: str, tmp_path: Path) -> None:
    built = build(SPEC, ModelFiles(weights=save_torchscript(kind, tmp_path)[0]))
    model = openai_model(kind)
    batch = pixels(2, 3, 64, 64)
    with torch.no_grad():
        difference = close(built.model.encode_image(batch), model.encode_image(batch))
    assert difference < 0.02  # OpenAI's own builder keeps the weights in half precision
    assert not built.model.training and built.model.visual.conv1.weight.dtype == torch.float32


def test_a_quick_gelu_mismatch_is_also_found_when_loading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As happens when open_clip's table could not be read and the name was accepted in form."""
    monkeypatch.setattr(registry, "published_weights", dict)
    spec = find_model("ViT-B-32/laion400m_e32")
    with pytest.raises(TMVError, match="ViT-B-32-quickgelu/laion400m_e32"):
        build(spec, ModelFiles(weights=tmp_path / "w.bin"))


# --- unsafe and damaged files -------------------------------------------------------------------------------


class Evil:
    """Creates a file when it is unpickled."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.witness),)


def evil_archive(path: Path, payload: bytes, *, torchscript: bool) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("evil/data.pkl", payload)
        archive.writestr("evil/version", "3\n")
        archive.writestr("evil/byteorder", "little")
        if torchscript:
            archive.writestr("evil/constants.pkl", pickle.dumps(()))


@pytest.mark.parametrize("form", ["bare", "zip", "torchscript"])
@pytest.mark.parametrize("suffix", [".pt", ".bin"])
def test_pickled_code_is_refused_and_never_run(form: str, suffix: str, tmp_path: Path) -> None:
    witness, path = tmp_path / "ran", tmp_path / f"ViT-B-32{suffix}"
    payload = pickle.dumps({"visual.proj": Evil(witness)}, protocol=2)
    if form == "bare":
        path.write_bytes(payload)
    else:
        evil_archive(path, payload, torchscript=form == "torchscript")
    with pytest.raises(TMVError, match="tensors only") as caught:
        build(SPEC, ModelFiles(weights=path))
    assert not witness.exists() and "\n" not in str(caught.value)
    pickle.loads(payload)  # the trap is a real one
    assert witness.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("torch", "load"),
        ("torch._utils", "_rebuild_device_tensor_from_numpy"),
        ("collections", "namedtuple"),
        ("torch.jit._pickle", "anything"),
        ("os", "system"),
    ],
)
def test_an_archive_may_name_nothing_but_tensors(module: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    evil_archive(path, b"\x80\x02c" + f"{module}\n{name}\n".encode() + b".", torchscript=True)
    with pytest.raises(TMVError, match="no place in a checkpoint"):
        read_tensors(path)


def test_attributes_of_an_archive_stay_data(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    state = pickle.dumps({"__class__": 1, "__setstate__": 2})[2:-1]
    evil_archive(path, b"\x80\x04c__torch__\nX\n)\x81" + state + b"b.", torchscript=True)
    assert read_tensors(path) == {}


@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04 cut off", b"\x80\x02}q\x00."])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".bin"])
def test_damaged_files_are_one_sentence(content: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    with pytest.raises(TMVError, match="get them again") as caught:
        build(SPEC, ModelFiles(weights=path))
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_a_cut_off_archive_is_one_sentence(tmp_path: Path) -> None:
    path, _ = save_torchscript("vit", tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(TMVError, match="get them again"):
        build(SPEC, ModelFiles(weights=path))


def test_safetensors_and_pickled_tensors_are_read(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    wanted = {"a": torch.arange(6.0).view(2, 3), "b": torch.ones(1)}
    save_file(wanted, tmp_path / "w.safetensors")
    torch.save(wanted, tmp_path / "w.bin")
    torch.save({"epoch": 3, "state_dict": wanted}, tmp_path / "wrapped.pt")
    for name in ("w.safetensors", "w.bin", "wrapped.pt"):
        found = read_tensors(tmp_path / name)
        assert set(found) == {"a", "b"} and torch.equal(found["a"], wanted["a"])


# --- tokens -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> list[Built]:
    folder = tmp_path_factory.mktemp("tokens")
    own = find_model("ViT-S-32-alt/random")
    return [build(SPEC, ModelFiles(weights=save_state("vit", folder))), build(own, ModelFiles())]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a photo of a cat", [320, 1125, 539, 320, 2368]),
        ("A  Photo of a\nCAT ", [320, 1125, 539, 320, 2368]),
        ("a photo of a cat.", [320, 1125, 539, 320, 2368, 269]),
        ("", []),
    ],
)
def test_tokens_of_a_few_texts(text: str, ids: list[int], tokenizers: list[Built]) -> None:
    for built in tokenizers:
        row = built.tokenize([text])[0].tolist()
        assert row == [49406, *ids, 49407] + [0] * (75 - len(ids))


def test_a_text_that_is_too_long_is_cut_and_still_ends(tokenizers: list[Built]) -> None:
    for built in tokenizers:
        row = built.tokenize(["cat " * 200])[0].tolist()
        assert row == [49406, *[2368] * 75, 49407]


def test_tokens_are_those_of_openai(tokenizers: list[Built]) -> None:
    path = Path(os.environ.get("TMV_TEST_DATA", "/nowhere")) / "facts" / "clip_token_ids.json"
    if not path.is_file():
        pytest.skip("TMV_TEST_DATA has no facts/clip_token_ids.json")
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    assert len(cases) > 10
    for built in tokenizers:
        found = built.tokenize([case["text"] for case in cases]).tolist()
        for case, row in zip(cases, found, strict=True):
            # The two libraries spell the special tokens differently, so each knows its own only.
            if "<|" not in case["text"] or "clip-anytorch" in built.versions:
                assert row == case["row_77"], case["text"]


def test_a_context_of_its_own_length(tmp_path: Path) -> None:
    name, _ = make_model("plain", tmp_path)
    spec = find_model(name)
    config, weights = (Path(p) for p in name.removeprefix("file:").split(","))
    built = build(spec, ModelFiles(config=config, weights=weights))
    assert built.context_length == 24 and built.tokenize(["cat " * 200]).shape == (1, 24)
