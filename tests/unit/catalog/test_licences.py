"""Licences stand beside every pair that open_clip lists."""

from __future__ import annotations

import pytest

from core.catalog import registry
from core.catalog.licences import UNKNOWN, forbids_commerce, licence_of
from core.catalog.models import every_model, find_model


def test_every_listed_pair_has_one() -> None:
    names = ["/".join(pair) for pair in registry.published_weights()]
    assert len(names) > 150 and not [name for name in names if licence_of(name) == UNKNOWN]
    assert all(model.licence for model in every_model())


@pytest.mark.parametrize(
    ("name", "forbidden"),
    [
        ("ViT-B-32-quickgelu/metaclip_400m", True),
        ("ViT-H-14-worldwide-quickgelu/metaclip2_worldwide", True),
        ("nllb-clip-base-siglip/v1", True),
        ("MobileCLIP2-S0/dfndr2b", True),
        ("MobileCLIP-S1/datacompdr", True),
        ("nllb-clip-large-siglip/mrl", True),
        ("ViT-H-14-CLIPA-336/laion2b", False),
        ("ViT-L-14/commonpool_xl_clip_s13b_b90k", False),
        ("ViT-B-16-SigLIP2/webli", False),
        ("PE-Core-B-16/meta", False),
        ("ViT-B-32/laion2b_s34b_b79k", False),
        ("ViT-B-16/datacomp_xl_s13b_b90k", False),
    ],
)
def test_what_forbids_commercial_use_says_so(name: str, forbidden: bool) -> None:
    assert forbids_commerce(find_model(name).licence) == forbidden


def test_a_model_of_the_hub_says_that_it_is_not_known() -> None:
    assert find_model("hf-hub:someone/clip").licence == UNKNOWN and not forbids_commerce(UNKNOWN)
