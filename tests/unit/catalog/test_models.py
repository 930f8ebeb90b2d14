"""The catalog of models and every other name that loads."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import pytest

from core.catalog import registry
from core.catalog.models import MODELS, config_and_weights, find_model
from core.errors import TMVError, UnknownName

DECK = (
    "ViT-B-32/openai",
    "ViT-B-16/openai",
    "RN50/openai",
    "ViT-B-32/laion2b_s34b_b79k",
    "ViT-B-16/laion400m_e32",
    "ViT-L-14/laion2b_s32b_b82k",
    "convnext_base/laion400m_s13b_b51k",
)


def test_the_demo_comes_first_then_the_deck() -> None:
    assert tuple(m.name for m in MODELS) == ("demo-vit/demo", "demo-rn/demo", *DECK)


@pytest.mark.parametrize("spec", MODELS, ids=lambda m: m.name)
def test_every_record_is_complete(spec) -> None:
    assert spec.title and spec.training_data and spec.licence and spec.why and spec.source_url
    assert spec.embed_dim and spec.image_size and spec.parameters
    assert bool(spec.download_bytes) == bool(spec.published_name) == (spec.family != "demo")
    assert spec.library == ("clip" if spec.pretrained == "openai" else "open_clip")
    assert find_model(spec.name) is spec
    assert "/".join((spec.architecture, spec.pretrained)) == spec.name


@pytest.mark.parametrize("name", DECK)
def test_sizes_are_those_of_the_architecture(name: str) -> None:
    spec, config = find_model(name), registry.architecture_config(name.split("/")[0])
    assert spec.embed_dim == config["embed_dim"] and spec.image_size == config["vision_cfg"]["image_size"]


@pytest.mark.parametrize("name", DECK)
def test_parameters_are_counted(name: str) -> None:
    import open_clip
    import torch

    with torch.device("meta"):
        model = open_clip.create_model(name.split("/")[0], device="meta")
    assert sum(p.numel() for p in model.parameters()) == find_model(name).parameters


@pytest.mark.parametrize("spec", MODELS[:2], ids=lambda m: m.name)
def test_the_demo_s_record_is_what_its_files_say(spec) -> None:
    import json

    from safetensors import safe_open

    config, tensors = config_and_weights(spec) or (Path(), Path())
    known = json.loads(config.read_text())
    assert (spec.embed_dim, spec.image_size) == (known["embed_dim"], known["vision_cfg"]["image_size"])
    with safe_open(tensors, "numpy") as file:
        names = [n for n in list(file.keys()) if not n.endswith(("running_mean", "running_var", "num_batches_tracked"))]
        assert sum(math.prod(file.get_slice(n).get_shape()) for n in names) == spec.parameters


def test_the_registry_is_open_clip_s_own() -> None:
    import open_clip

    table = registry.published_weights()
    assert set(table) == set(open_clip.list_pretrained())
    others = set(open_clip.list_models()) - set(registry.architectures())
    assert all(name.startswith(("own-", "tmv-", "demo-")) for name in others)  # registered by other tests
    assert set(registry.architectures()) <= set(open_clip.list_models())
    for (architecture, pretrained), known in table.items():
        own = open_clip.get_pretrained_cfg(architecture, pretrained)
        assert (known.hub, known.url, known.quick_gelu) == (own["hf_hub"], own["url"], own.get("quick_gelu", False))


def test_a_registry_laid_out_otherwise_gives_no_table(tmp_path: Path) -> None:
    for text in ("_PRETRAINED = load()", "_PRETRAINED = {}", "_PRETRAINED = {'a': b}\nb = {}"):
        assert registry._read_table(ast.parse(text)) == {}


def test_without_a_table_a_name_is_accepted_in_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "published_weights", dict)
    assert find_model("ViT-B-32/some_new_weights").pretrained == "some_new_weights"
    with pytest.raises(UnknownName):
        find_model("ViT-B-33/some_new_weights")


def test_any_pair_of_open_clip() -> None:
    spec = find_model("ViT-L-14-336-quickgelu/openai")
    assert (spec.library, spec.embed_dim, spec.image_size) == ("open_clip", 768, 336)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("ViT-B-32/laion400m_e32", "ViT-B-32-quickgelu/laion400m_e32"),
        ("ViT-L-14/openai", "ViT-L-14-quickgelu/openai"),
        ("ViT-B-16/metaclip_400m", "ViT-B-16-quickgelu/metaclip_400m"),
    ],
)
def test_a_quick_gelu_mismatch_names_the_right_architecture(wrong: str, right: str) -> None:
    with pytest.raises(TMVError, match="QuickGELU") as caught:
        find_model(wrong)
    assert str(caught.value).endswith(f"{right}.")
    assert find_model(right).name == right


def test_untrained_models_say_so() -> None:
    spec = find_model("RN50/random")
    assert "untrained" in spec.title and spec.family == "other"
    assert (spec.embed_dim, spec.image_size, spec.published_name) == (1024, 224, None)


def test_hub_names() -> None:
    spec = find_model("hf-hub:laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K")
    assert spec.family == "other" and spec.title == "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K"
    for wrong in ("hf-hub:", "hf-hub:one", "hf-hub:a/b/c", "hf-hub:../../etc/x y", "hf-hub:a/b c"):
        with pytest.raises(UnknownName, match="ORG/NAME"):
            find_model(wrong)


def test_names_of_files() -> None:
    spec = find_model("file:/a/con,fig.json,/b/best.safetensors")
    assert config_and_weights(spec) == (Path("/a/con,fig.json"), Path("/b/best.safetensors"))
    assert spec.title == "best (own file)" and spec.family == "other"
    for wrong in ("file:", "file:a.json", "file:a.json,", "file:a.yaml,b.safetensors", "file:a.json,b.zip"):
        with pytest.raises(UnknownName, match=r"CONFIG\.json"):
            find_model(wrong)


def test_the_demo_lies_in_the_repository() -> None:
    config, tensors = config_and_weights(MODELS[0]) or (Path(), Path())
    assert config.name == "demo-vit.json" and tensors.name == "demo-vit.safetensors" and config.is_file()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("vit-b-32/openai", "ViT-B-32/openai"),
        ("ViT-B/32", "ViT-B-32/openai"),
        ("demo-vit", "demo-vit/demo"),
        ("ViT-B-32/laion2b", "ViT-B-32/laion2b_e16"),
        ("RN50/opena", "RN50/openai"),
        ("ViT-B-23/random", "ViT-B-32/"),
    ],
)
def test_did_you_mean(typed: str, offered: str) -> None:
    with pytest.raises(UnknownName, match="did you mean") as caught:
        find_model(typed)
    assert offered in str(caught.value)


def test_each_name_is_offered_once() -> None:
    with pytest.raises(UnknownName, match="there are") as caught:
        find_model("nosuch/model")
    offered = str(caught.value).rstrip(".").split("there are: ")[1].split(", ")
    assert len(offered) == len(set(offered)) and set(DECK) < set(offered)


@pytest.mark.parametrize("name", ["", "/", "x", "ViT-B-32/", "/openai", "../../x/random"])
def test_nonsense_is_an_unknown_name(name: str) -> None:
    with pytest.raises(UnknownName):
        find_model(name)
