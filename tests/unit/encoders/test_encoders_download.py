"""From a name to vectors over the network: the hub's repository and OpenAI's archive, on a server here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
import torch

from core.catalog import models
from core.encoders.encoder import load_encoder
from core.errors import Cancelled, NotHere, TMVError
from tests.encoder_models import ROUNDING, close, make_model, openai_model, pixels
from tests.hub import Loopback, serve
from tests.unit.encoders.test_encoders import TEXTS
from tests.unit.encoders.test_encoders_libraries import save_torchscript


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with serve() as loopback:
        monkeypatch.setenv("HF_ENDPOINT", loopback.url)
        yield loopback


def test_a_repository_of_the_hub(server: Loopback, tmp_path: Path) -> None:
    name, model = make_model("plain", tmp_path)
    config, weights = (Path(p) for p in name.removeprefix("file:").split(","))
    server.repositories["someone/own-clip"] = {
        "open_clip_config.json": config.read_bytes(),
        "open_clip_model.safetensors": weights.read_bytes(),
    }
    server.small = {"open_clip_config.json"}
    seen: list[int] = []
    encoder = load_encoder("hf-hub:someone/own-clip", "cpu", lambda done, total: seen.append(done))
    assert seen[-1] == weights.stat().st_size
    batch = pixels(2, 3, 48, 48)
    with torch.no_grad():
        assert close(encoder.encode_images(batch), model.encode_image(batch)) < ROUNDING
    by_file = load_encoder(name, "cpu")
    assert (
        encoder.card.model_digest != "" and close(encoder.encode_texts(TEXTS), by_file.encode_texts(TEXTS)) < ROUNDING
    )
    asked = len(server.requests)
    load_encoder("hf-hub:someone/own-clip", "cpu")
    assert len(server.requests) == asked  # from the cache


@pytest.fixture
def archive(server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A small model in OpenAI's format, at what takes the place of its address."""
    content = save_torchscript("vit", tmp_path)[0].read_bytes()
    path = f"/clip/models/{hashlib.sha256(content).hexdigest()}/ViT-B-32.pt"
    server.plain[path] = content
    monkeypatch.setattr(models, "WEIGHT_ADDRESSES", {"ViT-B-32/openai": server.url + path})
    return content


def test_openai_s_archive(archive: bytes, tmp_path: Path) -> None:
    encoder = load_encoder("ViT-B-32/openai", "cpu")
    assert (tmp_path / ".cache" / "clip" / "ViT-B-32.pt").read_bytes() == archive
    batch = pixels(2, 3, 64, 64)
    with torch.no_grad():
        assert close(encoder.encode_images(batch), openai_model("vit").encode_image(batch)) < 0.02
    assert encoder.card.weights[0]["sha256"] == hashlib.sha256(archive).hexdigest()


def test_a_file_that_openai_did_not_publish_is_refused(archive: bytes, server: Loopback, tmp_path: Path) -> None:
    """A readable archive of other weights in the place of the published one must not be taken for it."""
    place = tmp_path / ".cache" / "clip" / "ViT-B-32.pt"
    place.parent.mkdir(parents=True)
    place.write_bytes(save_torchscript("resnet", tmp_path)[0].read_bytes())
    with pytest.raises(TMVError, match=r"ViT-B-32\.pt is not the file that OpenAI published"):
        load_encoder("ViT-B-32/openai", "cpu")
    place.unlink()
    assert load_encoder("ViT-B-32/openai", "cpu").card.embed_dim == 32


def test_cancelling_while_it_arrives(archive: bytes) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        load_encoder("ViT-B-32/openai", "cpu", stop)


def test_no_weights_and_no_network(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(NotHere, match="copy the folder"):
        load_encoder("hf-hub:someone/own-clip", "cpu")
