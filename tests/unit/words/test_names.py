"""Names of models, data sets and metrics as people say them."""

from __future__ import annotations

import pytest

from core.words import names

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ViT-B-32/openai", "ViT-B/32 · OpenAI"),
        ("RN50/openai", "ResNet-50 · OpenAI"),
        ("ViT-L-14/laion2b_s32b_b82k", "ViT-L/14 · LAION-2B"),
        ("ViT-L-14-336/openai", "ViT-L/14-336 · OpenAI"),
        ("convnext_base/laion400m_s13b_b51k", "ConvNeXt-Base · LAION-400M"),
        ("ViT-B-16/datacomp_xl_s13b_b90k", "ViT-B/16 · DataComp"),
        ("EVA02-B-16/merged2b_s8b_b131k", "EVA02-B-16 · Merged-2B"),
        ("coca_ViT-B-32/mscoco_finetuned_laion2b_s13b_b90k", "coca_ViT-B-32 · LAION-2B, COCO"),
        ("RN50-quickgelu/cc12m", "ResNet-50-quickgelu · CC12M"),
        ("RN50/random", "ResNet-50 · random, untrained"),
        ("demo-vit/demo", "Demo ViT"),
        ("demo-rn/demo", "Demo ResNet"),
        ("hf-hub:someone/their-clip", "someone/their-clip"),
        ("file:/models/mine.json,/models/mine.safetensors", "mine"),
    ],
)
def test_models_are_called_as_people_call_them(name, said):
    assert names.say_model(name) == said


@pytest.mark.parametrize(
    ("models", "short"),
    [
        ([OPENAI, LAION], ("OpenAI", "LAION-2B")),
        ([OPENAI, "RN50/openai"], ("ViT-B/32", "ResNet-50")),
        (["demo-vit/demo", "demo-rn/demo"], ("Demo ViT", "Demo ResNet")),
        ([OPENAI, "ViT-L-14/laion2b_s32b_b82k"], ("ViT-B/32 · OpenAI", "ViT-L/14 · LAION-2B")),
        (["ViT-B-32/laion2b_a", "ViT-B-32/laion2b_b"], ("ViT-B-32/laion2b_a", "ViT-B-32/laion2b_b")),
        ([OPENAI], ("ViT-B/32",)),
        ([], ()),
    ],
)
def test_short_names_still_tell_models_apart(models, short):
    assert names.short_names(models) == short


def test_data_sets_and_metrics_have_spoken_names():
    assert names.say_dataset("food101") == "Food-101"
    assert names.say_dataset("folder:/photos/holiday/") == "holiday"
    assert names.say_dataset("unheard-of") == "unheard-of"
    assert names.say_metric("acc1") == "Top-1 accuracy"
    assert names.say_metric("image_retrieval_recall@5") == "Caption to image, recall@5"
