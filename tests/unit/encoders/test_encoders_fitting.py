"""Checkpoints as people save them: read exactly, with a note, or refused in a sentence that says what does not fit."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.catalog.models import find_model
from core.encoders.libraries import build
from core.encoders.weights import ModelFiles
from core.errors import TMVError
from core.types import Note
from tests.encoder_models import config_of, make_model, openai_model

State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, State]:
    """The configuration and the tensors of a small model."""
    name, model = make_model("plain", tmp_path_factory.mktemp("plain"))
    return Path(name.removeprefix("file:").split(",")[0]), model.state_dict()


@pytest.fixture(scope="module")
def custom(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, State]:
    name, model = make_model("custom_text", tmp_path_factory.mktemp("custom"))
    return Path(name.removeprefix("file:").split(",")[0]), model.state_dict()


def load(config: Path, weights: Path) -> tuple[State, tuple[Note, ...]]:
    built = build(find_model(f"file:{config},{weights}"), ModelFiles(config=config, weights=weights))
    return built.model.state_dict(), built.notes


def saved(content: Any, folder: Path, name: str = "w.pt") -> Path:
    torch.save(content, folder / name)
    return folder / name


def refused(config: Path, weights: Path) -> str:
    with pytest.raises(TMVError) as caught:
        load(config, weights)
    said = str(caught.value)
    assert str(weights) in said and "\n" not in said and said.endswith(".")
    return said


def same(found: State, wanted: State) -> bool:
    return found.keys() == wanted.keys() and all(torch.equal(found[k], wanted[k].float()) for k in wanted)


# --- wrappings ----------------------------------------------------------------------------------------------


def behind(prefix: str) -> Callable[[State], Any]:
    return lambda state: {f"{prefix}{name}": tensor for name, tensor in state.items()}


WRAPPED: dict[str, Callable[[State], Any]] = {
    "bare": lambda s: s,
    "state_dict": lambda s: {"epoch": 3, "state_dict": s},
    "model": lambda s: {"model": s, "optimizer": {"state": {0: torch.ones(2)}}, "args": {"lr": 1e-3}},
    "model_state_dict": lambda s: {"model_state_dict": s, "loss": 0.3},
    "ema": lambda s: {"ema": s, "step": 10},
    "DDP": behind("module."),
    "compiled": behind("_orig_mod."),
    "compiled DDP": behind("module._orig_mod."),
    "Lightning": lambda s: {"state_dict": behind("model.")(s), "hyper_parameters": {"lr": 1e-3}, "epoch": 2},
    "Lightning with a loss": lambda s: {"state_dict": {**behind("model.")(s), "loss.weight": torch.ones(3)}},
    "deep": lambda s: {"checkpoint": {"model": behind("module.clip.")(s)}},
}


@pytest.mark.parametrize("how", WRAPPED)
@pytest.mark.parametrize("name", ["epoch_1.pt", "last.ckpt", "w.pth.tar"])
def test_a_wrapping_is_taken_off_where_the_rest_then_fits(
    how: str, name: str, plain: tuple[Path, State], tmp_path: Path
) -> None:
    config, state = plain
    found, notes = load(config, saved(WRAPPED[how](state), tmp_path, name))
    assert same(found, state)
    assert bool(notes) == (how != "bare") and all(note.level == "info" for note in notes)
    assert ("loss.weight" in " ".join(notes)) == (how == "Lightning with a loss")


def test_a_file_with_two_models_says_which_was_read(plain: tuple[Path, State], tmp_path: Path) -> None:
    config, state = plain
    other = {name: tensor + 1 for name, tensor in state.items()}
    found, notes = load(config, saved({"state_dict_ema": other, "state_dict": state}, tmp_path))
    assert same(found, state) and [n.code for n in notes if n.level == "warning"] == ["several_models"]
    _, notes = load(config, saved({"state_dict_ema": state, "state_dict": state}, tmp_path))
    assert not [n for n in notes if n.level == "warning"]


def test_the_wrong_suffix_does_not_matter(plain: tuple[Path, State], tmp_path: Path) -> None:
    config, state = plain
    save_file({k: v.contiguous() for k, v in state.items()}, tmp_path / "w.bin")
    assert same(load(config, tmp_path / "w.bin")[0], state)
    assert same(load(config, saved(state, tmp_path, "w.safetensors"))[0], state)


# --- other layouts ------------------------------------------------------------------------------------------


def hugging_face(state: State) -> State:
    """The names of Hugging Face's CLIPModel, written out one by one."""
    found: State = {"logit_scale": state["logit_scale"], "text_model.embeddings.position_ids": torch.arange(24)[None]}
    for tower, ours, layers in (("text_model", "transformer", 3), ("vision_model", "visual.transformer", 3)):
        for i in range(layers):
            here, there = f"{ours}.resblocks.{i}", f"{tower}.encoder.layers.{i}"
            for kind in ("weight", "bias"):
                for place, part in enumerate("qkv"):
                    whole = state[f"{here}.attn.in_proj_{kind}"]
                    d = len(whole) // 3
                    found[f"{there}.self_attn.{part}_proj.{kind}"] = whole[place * d : (place + 1) * d].clone()
                found[f"{there}.self_attn.out_proj.{kind}"] = state[f"{here}.attn.out_proj.{kind}"]
                found[f"{there}.layer_norm1.{kind}"] = state[f"{here}.ln_1.{kind}"]
                found[f"{there}.layer_norm2.{kind}"] = state[f"{here}.ln_2.{kind}"]
                found[f"{there}.mlp.fc1.{kind}"] = state[f"{here}.mlp.c_fc.{kind}"]
                found[f"{there}.mlp.fc2.{kind}"] = state[f"{here}.mlp.c_proj.{kind}"]
    for kind in ("weight", "bias"):
        found[f"text_model.final_layer_norm.{kind}"] = state[f"ln_final.{kind}"]
        found[f"vision_model.pre_layrnorm.{kind}"] = state[f"visual.ln_pre.{kind}"]
        found[f"vision_model.post_layernorm.{kind}"] = state[f"visual.ln_post.{kind}"]
    found["text_model.embeddings.token_embedding.weight"] = state["token_embedding.weight"]
    found["text_model.embeddings.position_embedding.weight"] = state["positional_embedding"]
    found["vision_model.embeddings.class_embedding"] = state["visual.class_embedding"]
    found["vision_model.embeddings.patch_embedding.weight"] = state["visual.conv1.weight"]
    found["vision_model.embeddings.position_embedding.weight"] = state["visual.positional_embedding"]
    found["text_projection.weight"] = state["text_projection"].T.contiguous()
    found["visual_projection.weight"] = state["visual.proj"].T.contiguous()
    return found


def test_hugging_face_s_names_are_read(plain: tuple[Path, State], tmp_path: Path) -> None:
    config, state = plain
    weights = tmp_path / "model.safetensors"
    save_file(hugging_face(state), weights)
    found, notes = load(config, weights)
    assert same(found, state) and "Hugging Face" in notes[0]
    (tmp_path / "config.json").write_text(json.dumps({"vision_config": {"hidden_act": "quick_gelu"}}))
    assert '"quick_gelu": true' in refused(config, weights)
    (tmp_path / "config.json").write_text(json.dumps({"vision_config": {"hidden_act": "gelu"}}))
    assert same(load(config, weights)[0], state)


def test_the_text_tower_may_lie_in_either_place(
    plain: tuple[Path, State], custom: tuple[Path, State], tmp_path: Path
) -> None:
    own, apart = plain, custom
    inside = {name.removeprefix("text."): t for name, t in apart[1].items()}
    assert same(load(apart[0], saved(inside, tmp_path))[0], apart[1])
    outside = {
        f"text.{n}"
        if n.split(".")[0] in ("transformer", "token_embedding", "ln_final", "text_projection", "positional_embedding")
        else n: t
        for n, t in own[1].items()
    }
    assert same(load(own[0], saved(outside, tmp_path))[0], own[1])
    save_file(hugging_face(own[1]), tmp_path / "hf.safetensors")
    found, _ = load(apart[0], tmp_path / "hf.safetensors")
    assert torch.equal(found["text.token_embedding.weight"], own[1]["token_embedding.weight"])


def test_openai_s_archive_needs_quick_gelu(tmp_path: Path) -> None:
    model = openai_model("vit")
    state = {
        **model.state_dict(),
        "input_resolution": torch.tensor(64),
        "context_length": torch.tensor(77),
        "vocab_size": torch.tensor(49408),
    }
    config = {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 64, "layers": 3, "width": 64, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 3},
    }
    path, weights = tmp_path / "own.json", saved(state, tmp_path)
    path.write_text(json.dumps(config))
    assert "QuickGELU" in refused(path, weights)
    path.write_text(json.dumps({**config, "quick_gelu": True}))
    assert same(load(path, weights)[0], model.state_dict())


# --- what does not fit --------------------------------------------------------------------------------------


def without(*names: str) -> Callable[[State], State]:
    return lambda state: {k: v for k, v in state.items() if not k.startswith(names)}


MISFITS: dict[str, tuple[Callable[[State], Any], str]] = {
    "no logit_scale": (without("logit_scale"), r"1 tensor is missing \(logit_scale\). It has no logit_scale"),
    "one less": (without("ln_final.bias"), r"1 tensor is missing \(ln_final.bias\)"),
    "one more": (
        lambda s: {**s, "visual.extra": torch.ones(2)},
        r"1 tensor is unexpected \(visual.extra\). It holds all tensors .* and more",
    ),
    "another shape": (
        lambda s: {**s, "visual.proj": torch.ones(64, 16)},
        r"1 tensor is of another shape \(visual.proj is 64 x 16 and not 64 x 32\). The configuration says other sizes",
    ),
    "only images": (lambda s: {k: v for k, v in s.items() if k.startswith("visual.")}, "the image tower alone"),
    "only texts": (without("visual."), "the text tower alone"),
    "SigLIP": (lambda s: {**s, "logit_bias": torch.tensor(-10.0)}, "sigmoid loss.*init_logit_bias"),
    "a classifier": (lambda s: {"conv1.weight": torch.ones(4, 3, 7, 7), "fc.weight": torch.ones(10, 4)}, "missing"),
    "behind a prefix": (lambda s: behind("model.")(without("logit_scale")(s)), r"1 tensor is missing \(logit_scale\)"),
    "half of it behind one": (
        lambda s: {("model." if i % 2 else "") + k: v for i, (k, v) in enumerate(s.items())},
        "tensors are missing .* and [0-9]+ more",
    ),
    "nothing": (lambda s: {"epoch": 3}, "it holds no tensors|It holds no tensors"),
    "NaN": (lambda s: {**s, "visual.proj": s["visual.proj"] * math.nan}, r"not finite in visual.proj"),
    "Inf": (lambda s: {**s, "ln_final.bias": s["ln_final.bias"] + math.inf}, r"not finite in ln_final.bias"),
    "quantised": (lambda s: {**s, "visual.proj": s["visual.proj"].to(torch.int8)}, r"\(int8\) in visual.proj"),
    "scale NaN": (lambda s: {**s, "logit_scale": torch.tensor(math.nan)}, "not finite in logit_scale"),
    "scale Inf": (lambda s: {**s, "logit_scale": torch.tensor(math.inf)}, "not finite in logit_scale"),
    "scale as it is": (lambda s: {**s, "logit_scale": torch.tensor(100.0)}, "logit_scale of .* is 100, .*logarithm"),
    "scale too small": (lambda s: {**s, "logit_scale": torch.tensor(-30.0)}, "logit_scale of .* is -30"),
}


@pytest.mark.parametrize("how", MISFITS)
def test_what_does_not_fit_is_named(how: str, plain: tuple[Path, State], tmp_path: Path) -> None:
    change, said = MISFITS[how]
    import re

    assert re.search(said, refused(plain[0], saved(change(plain[1]), tmp_path)))


def test_a_position_embedding_of_another_size_is_not_stretched_in_silence(
    plain: tuple[Path, State], tmp_path: Path
) -> None:
    state = {**plain[1], "visual.positional_embedding": torch.ones(17, 64)}
    assert "visual.positional_embedding is 17 x 64 and not 10 x 64" in refused(plain[0], saved(state, tmp_path))


def test_one_part_of_several_is_told_by_its_name(plain: tuple[Path, State], tmp_path: Path) -> None:
    half = dict(list(plain[1].items())[::2])
    save_file({k: v.contiguous() for k, v in half.items()}, tmp_path / "model-00001-of-00002.safetensors")
    assert "one part of several" in refused(plain[0], tmp_path / "model-00001-of-00002.safetensors")


def test_another_architecture_is_told_by_its_shapes(plain: tuple[Path, State], tmp_path: Path) -> None:
    import open_clip

    state = open_clip.create_model("ViT-S-32-alt", pretrained_text=False).state_dict()
    assert "open_clip's ViT-S-32-alt" in refused(plain[0], saved(state, tmp_path))


# --- files that are no checkpoint ---------------------------------------------------------------------------

FILES = {
    "empty": (b"", "an empty file"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "Git LFS pointer"),
    "page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
    "xml": (b"\xef\xbb\xbf<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "a web page"),
    "json": (b'{"error": "Repository not found"}', "a JSON text"),
    "keras": (b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "HDF5"),
    "gzip": (b"\x1f\x8b" + b"\0" * 100, "packed with gzip"),
    "text": (b"weights to follow", "get them again"),
}


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".ckpt", ".bin"])
def test_what_is_no_checkpoint_is_said(what: str, suffix: str, plain: tuple[Path, State], tmp_path: Path) -> None:
    (tmp_path / f"w{suffix}").write_bytes(FILES[what][0])
    assert FILES[what][1] in refused(plain[0], tmp_path / f"w{suffix}")


def test_python_objects_are_refused_by_name(plain: tuple[Path, State], tmp_path: Path) -> None:
    content = {"state_dict": plain[1], "hyper_parameters": SimpleNamespace(lr=1e-3)}
    assert "types.SimpleNamespace" in refused(plain[0], saved(content, tmp_path, "last.ckpt"))
    np.savez(tmp_path / "w.bin", a=np.ones(3))
    (tmp_path / "w.npz").unlink(missing_ok=True) if False else (tmp_path / "w.bin.npz").rename(tmp_path / "w.bin")
    assert "zip archive of other files" in refused(plain[0], tmp_path / "w.bin")


CONFIGS = {
    "hf": ({"model_type": "clip", "text_config": {}, "vision_config": {}}, "Hugging Face's.*open_clip_config.json"),
    "list": ([1], "embed_dim and text_cfg and vision_cfg are not there"),
    "one": ({"embed_dim": 32, "vision_cfg": {}}, "text_cfg is not there"),
}


@pytest.mark.parametrize("what", CONFIGS)
def test_a_configuration_of_another_kind_is_said(what: str, plain: tuple[Path, State], tmp_path: Path) -> None:
    config, weights = tmp_path / "config.json", saved(plain[1], tmp_path)
    config.write_text(json.dumps(CONFIGS[what][0]))
    with pytest.raises(TMVError, match=CONFIGS[what][1]):
        load(config, weights)
    config.write_text("{")
    with pytest.raises(TMVError, match="cannot be read as JSON"):
        load(config, weights)
    config.write_bytes(b"\xef\xbb\xbf" + json.dumps({"model_cfg": config_of("plain")}).encode())
    assert same(load(config, weights)[0], plain[1])


def test_counts_of_batches_may_be_missing(tmp_path: Path) -> None:
    name, model = make_model("resnet", tmp_path / "resnet")
    config, state = Path(name.removeprefix("file:").split(",")[0]), model.state_dict()
    counts = [key for key in state if key.endswith("num_batches_tracked")]
    without = {key: tensor for key, tensor in state.items() if key not in counts}
    found, notes = load(config, saved(without, tmp_path))
    assert counts and notes == () and all(torch.equal(found[key], without[key]) for key in without)
