"""Families, training data, and models found by words."""

from __future__ import annotations

import random

import pytest

from core.catalog import registry
from core.catalog.families import OTHER, family_of, training_data_of
from core.catalog.finding import find_by_words, fits, narrowed
from core.catalog.licences import commercial_use
from core.catalog.models import every_model, find_model
from core.errors import BadArgument, UnknownName

ALL = ["/".join(pair) for pair in registry.published_weights()]


def test_every_listed_pair_has_a_family_and_training_data() -> None:
    assert len(ALL) > 190
    assert not [name for name in ALL if family_of(name) == OTHER]
    assert not [name for name in ALL if not training_data_of(name.split("/")[1])]
    assert all(spec.training_data for spec in every_model())


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("ViT-B-32/openai", "OpenAI"),
        ("ViT-L-14-336-quickgelu/openai", "OpenAI"),
        ("ViT-H-14/laion2b_s32b_b79k", "LAION"),
        ("ViT-B-16/datacomp_xl_s13b_b90k", "DataComp"),
        ("ViT-B-16-SigLIP-i18n-256/webli", "SigLIP"),
        ("ViT-B-16-SigLIP2/webli", "SigLIP 2"),
        ("nllb-clip-base-siglip/mrl", "NLLB-CLIP"),
        ("ViT-B-16-quickgelu/metaclip_400m", "MetaCLIP"),
        ("ViT-H-14-worldwide-378/metaclip2_worldwide", "MetaCLIP 2"),
        ("EVA02-E-14/laion2b_s4b_b115k", "EVA-CLIP"),
        ("ViT-L-14/dfn2b_s39b", "DFN"),
        ("MobileCLIP2-S0/dfndr2b", "MobileCLIP2"),
        ("MobileCLIP-S1/datacompdr", "MobileCLIP"),
        ("PE-Core-B-16/meta", "PE-Core"),
        ("ViT-H-14-CLIPA-336/laion2b", "CLIPA"),
        ("ViTamin-XL-256/datacomp1b", "ViTamin"),
        ("coca_ViT-B-32/mscoco_finetuned_laion2b_s13b_b90k", "CoCa"),
        ("convnext_base/laion400m_s13b_b51k", "ConvNeXt"),
        ("xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k", "Multilingual text tower"),
        ("RN50-quickgelu/cc12m", "OpenCLIP, small sets"),
        ("RN50/random", "Untrained"),
        ("hf-hub:laion/CLIP-ViT-B-32-laion2B", "Hugging Face hub"),
        ("file:a.json,webli.pt", "Own file"),
        ("demo-rn/demo", "Demo"),
        ("Something-New/v9", OTHER),
    ],
)
def test_family(name: str, family: str) -> None:
    assert family_of(name) == family


@pytest.mark.parametrize(
    ("pretrained", "start"),
    [
        ("laion2b_s34b_b79k", "LAION-2B, the English"),
        ("laion2b", "LAION-2B, the English"),
        ("mscoco_finetuned_laion2b_s13b_b90k", "LAION-2B, fine-tuned"),
        ("datacomp_s_s13m_b4k", "DataComp-S"),
        ("datacomp_s34b_b86k", "DataComp-XL"),
        ("datacomp_xl_s13b_b90k", "DataComp-XL"),
        ("datacompdr_lt", "DataCompDR"),
        ("metaclip2_worldwide", "MetaCLIP 2"),
        ("dfn2b_s39b", "DFN-2B"),
        ("dfndr2b", "DFNDR"),
        ("commonpool_l_clip_s1b_b8k", "CommonPool-L, a pool of 1.28 billion pairs, filtered by CLIP"),
        ("commonpool_xl_s13b_b90k", "CommonPool-XL, a pool of 12.8 billion pairs, unfiltered"),
    ],
)
def test_training_data(pretrained: str, start: str) -> None:
    assert training_data_of(pretrained).startswith(start)


@pytest.mark.parametrize("pretrained", ["", "laion2bx", "metaclip", "something"])
def test_unrecorded_training_data_are_not_guessed(pretrained: str) -> None:
    assert training_data_of(pretrained) == ""


def slowly(word: str, name: str) -> bool:
    """Whether a word occurs in what is known of a model, by looking at every place."""
    spec = find_model(name)
    text = " | ".join(
        (spec.name, spec.title, family_of(name), spec.training_data, spec.licence, commercial_use(spec.licence))
    )
    plain, bare = text.lower(), "".join(c for c in text.lower() if c not in "-_/·")
    for form, where in ((word.lower(), plain), ("".join(c for c in word.lower() if c not in "-_/·"), bare)):
        for i in range(len(where) - len(form) + 1) if form else ():
            cut_before = form[0].isdigit() and i > 0 and where[i - 1].isdigit()
            cut_after = form[-1].isdigit() and where[i + len(form) : i + len(form) + 1].isdigit()
            if where[i : i + len(form)] == form and not cut_before and not cut_after:
                return True
    return False


WORDS = ("siglip", "so400m", "laion2b", "LAION-2B", "b-16", "B/16", "b16", "metaclip", "mit", "forbidden", "384", "web")


def test_the_search_is_the_slow_one() -> None:
    chance = random.Random(3)
    names = chance.sample([spec.name for spec in every_model()], 60)
    for name in names:
        for word in WORDS:
            assert fits(find_model(name), [word]) == slowly(word, name), (word, name)
        pair = chance.sample(WORDS, 2)
        assert fits(find_model(name), pair) == all(slowly(word, name) for word in pair)


def names(typed: str) -> set[str]:
    return {spec.name for spec in find_by_words(typed)}


def test_models_are_found_in_any_order_of_the_words() -> None:
    wanted = {s.name for s in every_model() if "SO400M" in s.name and "SigLIP" in s.name}
    assert names("siglip so400m") == names("so400m  SigLIP") == wanted and len(wanted) == 9
    assert names("metaclip") == {s.name for s in every_model() if "metaclip" in s.name}
    assert names("laion2b b-16") == {"ViT-B-16/laion2b_s34b_b88k", "EVA02-B-16/merged2b_s8b_b131k"}
    assert names("b-16") == names("B/16") == names("b16"), "and a batch size of 160k is no B/16"
    assert "ViT-bigG-14/laion2b_s39b_b160k" not in names("b-16")
    assert names("cc by-nc b-32") == names("forbidden b-32") != set()
    assert names("no such model at all") == set() and names("") == {s.name for s in every_model()}


def test_what_is_narrowed_fits_each_filter() -> None:
    everything = every_model()
    assert narrowed(everything) == everything
    for spec in everything:
        small = bool(narrowed([spec], most_bytes=700_000_000))
        assert small == (spec.download_bytes <= 700_000_000), spec.name
        assert [bool(narrowed([spec], use=use)) for use in ("allowed", "forbidden", "not recorded")].count(True) == 1
        assert narrowed([spec], family=family_of(spec.name)) and not narrowed([spec], family="CLAP")
    assert not narrowed([find_model("hf-hub:a/b")], most_bytes=10**12), "its size is not known"


def test_records_of_the_catalog_come_first() -> None:
    found = [spec.name for spec in find_by_words("b-32")]
    assert found[:2] == ["ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"]


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("ViT-B-32/openai", "allowed"),
        ("PE-Core-B-16/meta", "allowed"),
        ("ViT-B-32-quickgelu/metaclip_400m", "forbidden"),
        ("ViT-L-14/dfn2b_s39b", "not recorded"),
        ("hf-hub:someone/clip", "not recorded"),
    ],
)
def test_commercial_use(name: str, use: str) -> None:
    assert commercial_use(find_model(name).licence) == use


@pytest.mark.parametrize(
    "name",
    [
        "hf-hub:jinaai/jina-clip-v2",
        "jinaai/jina-clip-v2",
        "hf-hub:microsoft/LLM2CLIP-Openai-L-14-336",
        "hf-hub:x/TULIP-B-16-224",
    ],
)
def test_models_that_need_code_of_their_own_are_refused_with_the_reason(name: str) -> None:
    with pytest.raises(BadArgument, match="program code of its repository"):
        find_model(name)


def test_a_name_that_only_looks_like_one_is_not_refused() -> None:
    assert find_model("hf-hub:someone/not-a-jina-clip").title == "someone/not-a-jina-clip"
    assert find_model("hf-hub:someone/tulips-clip").pretrained == "hub"
    assert find_model("file:/runs/tulip-1/a.json,/runs/tulip-1/b.pt").pretrained == "file"
    with pytest.raises(UnknownName):
        find_model("ViT-B-16/metaclp")
