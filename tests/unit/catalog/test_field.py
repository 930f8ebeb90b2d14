"""The tables of the field: what was published, at hand-checked places, and how sets and checkpoints are found."""

from __future__ import annotations

import numpy as np
import pytest

from core.catalog import field
from core.catalog.models import every_model
from core.errors import TMVError

# (checkpoint, set, figure) as docs/openclip_results.csv has them at 89fb801.
PUBLISHED = [
    ("ViT-H-14-378-quickgelu/dfn5b", "imagenet1k", 0.8437),
    ("ViT-H-14-378-quickgelu/dfn5b", "caltech101", 0.9517),
    ("ViT-B-32/openai", "imagenet1k", 0.6332),
    ("convnext_base/laion400m_s13b_b51k", "eurosat", 0.4850),
    ("ViT-L-14/laion2b_s32b_b82k", "cifar100", 0.8332),
]


def test_there_are_as_many_as_published() -> None:
    assert field.accuracy().shape == (121, 38) == (len(field.checkpoints()), len(field.field_sets()))
    assert len({each.name for each in field.checkpoints()}) == 121 and len(field.recall()) == 12
    assert field.accuracy().size + sum(map(len, field.recall().values())) == 6050
    assert all(values.min() >= 0 and values.max() <= 1 for values in (field.accuracy(), *field.recall().values()))


@pytest.mark.parametrize("model, data, value", PUBLISHED)
def test_figures_are_the_published_ones(model: str, data: str, value: float) -> None:
    checkpoint = field.find_checkpoint(model)
    assert checkpoint is not None
    row, column = field.checkpoints().index(checkpoint), field.field_sets().index(field.find_set(data))
    assert field.accuracy()[row, column] == value


def test_recalls_are_the_published_ones() -> None:
    siglip = [each.name for each in field.checkpoints()].index("ViT-SO400M-14-SigLIP-384/webli")
    assert field.recall()["flickr30k image_retrieval_recall@1"][siglip] == 0.8296
    assert field.recall()["flickr30k image_retrieval_recall@10"][siglip] == 0.9804


def test_recalls_rise_with_k() -> None:
    for data in ("flickr30k", "mscoco_captions"):
        for side in ("image", "text"):
            of = [field.recall()[f"{data} {side}_retrieval_recall@{k}"] for k in (1, 5, 10)]
            assert np.all(of[0] <= of[1]) and np.all(of[1] <= of[2])


def test_recalls_are_sets_of_their_own_beside_the_38() -> None:
    one = field.find_set("mscoco_captions/text_retrieval_recall@5")
    assert one.title == "COCO, image to caption, recall@5" and one.recall and one.binomial and one.n == 5000
    assert field.find_sets("retrieval") == field.recall_sets() and len(field.every_set()) == 50
    assert not set(field.recall_sets()) & set(field.field_sets()) and field.find_sets("all") == field.field_sets()
    column = field.every_set().index(one)
    wanted = field.recall()["mscoco_captions text_retrieval_recall@5"]
    assert np.array_equal(field.figures_of_all()[:, column], wanted)


def test_every_checkpoint_can_be_loaded_here_by_its_name() -> None:
    known = {f"{spec.architecture}/{spec.pretrained}" for spec in every_model()}
    quick = {name.replace("-quickgelu/", "/") for name in known}
    lost = [
        each.name
        for each in field.checkpoints()
        if not {each.name, each.name.replace("-quickgelu/", "/")} & (known | quick)
    ]
    assert not lost


def test_samples_are_what_name_or_paper_say() -> None:
    of = {each.name: each.samples for each in field.checkpoints()}
    assert of["ViT-B-32/laion2b_s34b_b79k"] == 34 and of["ViT-B-32/datacomp_s_s13m_b4k"] == 0.013
    assert of["ViT-B-32/openai"] == 12.8 and of["RN50/cc12m"] is None


def test_parameters_are_those_of_the_towers_together() -> None:
    """Of a CoCa model its decoder comes on top."""
    for each in field.checkpoints():
        towers = each.image_parameters + each.text_parameters
        assert towers < each.parameters if each.family == "CoCa" else abs(towers - each.parameters) < 1


@pytest.mark.parametrize("name", ["vtab/eurosat", "EuroSAT", " eurosat "])
def test_a_set_is_found_by_any_of_its_names(name: str) -> None:
    assert field.find_set(name).name == "vtab/eurosat" and field.find_sets(name) == (field.find_set("eurosat"),)


def test_groups_hold_every_set_once() -> None:
    assert sorted(each.name for sets in field.groups().values() for each in sets) == sorted(
        each.name for each in field.field_sets()
    )
    assert [each.short for each in field.find_sets("Satellite")] == ["eurosat", "resisc45", "fmow"]
    assert field.find_sets("") == field.field_sets()


def test_an_unknown_set_says_what_there_is() -> None:
    with pytest.raises(TMVError, match=r'"marsrovers".*imagenet1k.*Groups are: ImageNet, '):
        field.find_sets("marsrovers")


def test_chance_is_that_of_a_balanced_set_or_its_largest_class() -> None:
    """Of published chance levels none lies far below one in so many classes (some are rounded)."""
    for each in field.field_sets():
        if each.chance is not None and each.classes and each.metric == "acc1":
            assert each.chance >= 0.9 / each.classes, each.name
