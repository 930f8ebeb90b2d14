"""The tables: data sets, class names, prompt sets, published and deck figures."""

from __future__ import annotations

import csv
import json
import os
import runpy
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.catalog.benchmark_names import published_set
from core.catalog.classes import EUROSAT_CURATED, clip_classnames, clip_templates, curated_by_name, imagenet_classnames
from core.catalog.models import MODELS
from core.catalog.prompts import PROMPT_SETS, find_prompt_set
from core.catalog.published import deck_figures, deck_prompt_study, figure_url, measured_as, published
from core.errors import TMVError, UnknownName
from core.readers.datasets import DATASETS, find_dataset, own_path
from core.types import DatasetSpec, ModelSpec

CATALOG = Path(__file__).parents[3] / "core" / "catalog"
DATA = Path(os.environ.get("TMV_TEST_DATA", "/nonexistent"))


def model(architecture: str, pretrained: str) -> ModelSpec:
    return ModelSpec(
        name=f"{architecture}/{pretrained}",
        title="",
        architecture=architecture,
        pretrained=pretrained,
        library="open_clip",
    )


B32 = model("ViT-B-32", "openai")


def installed(package: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"needs {package}")
    return Path(spec.origin).parent


def table(name: str) -> list[dict[str, str]]:
    with (CATALOG / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- data sets --------------------------------------------------------------------------------------------


def test_the_demo_comes_first_and_names_are_unique() -> None:
    names = [spec.name for spec in DATASETS]
    assert names[:3] == ["demo-objects", "demo-satellite", "demo-captions"]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("spec", DATASETS, ids=lambda spec: spec.name)
def test_every_record_is_whole(spec: DatasetSpec) -> None:
    assert spec.title and spec.why and spec.licence and spec.size
    assert spec.default_split in spec.splits
    assert len(spec.classnames) == len(spec.raw_classnames)
    assert len(set(spec.raw_classnames)) == len(spec.raw_classnames)
    assert bool(spec.classnames) == (spec.kind == "classification")
    assert find_prompt_set(spec.prompt_set).templates
    assert spec.source_url or spec.name.startswith("demo-")
    assert not spec.published_name or published_set(spec.published_name)


def test_class_counts_are_the_official_ones() -> None:
    counts = {spec.name: len(spec.classnames) for spec in DATASETS}
    assert counts["cifar100"] == 100 and counts["imagenet_mini"] == 1000
    assert counts["food101"] == 101 and counts["eurosat"] == 10 and counts["coco"] == 0


def test_raw_names_are_in_the_order_of_the_folders() -> None:
    for name in ("cifar100", "imagenet_mini", "food101", "eurosat"):
        raw = find_dataset(name).raw_classnames
        assert list(raw) == sorted(raw)


def test_eurosat_says_how_it_is_split_and_how_published_figures_are_not() -> None:
    why = find_dataset("eurosat").why
    assert "SHA-256" in why and "27,000" in why and "5,000" in why
    sizes = dict(find_dataset("eurosat").sizes)
    assert sizes["train"] + sizes["test"] == sizes["all"] == 27_000


def test_unknown_names_offer_the_closest() -> None:
    with pytest.raises(UnknownName, match="did you mean cifar100"):
        find_dataset("cifar-100")
    with pytest.raises(UnknownName, match="folder:PATH"):
        find_dataset("xyz")
    with pytest.raises(UnknownName, match="did you mean imagenet"):
        find_prompt_set("imagenett")


def test_own_data_has_a_generic_record() -> None:
    spec = find_dataset("folder:/data/my birds")
    assert (spec.name, spec.title, spec.kind) == ("folder:/data/my birds", "my birds", "classification")
    assert spec.splits == () and spec.default_split == "" and not spec.published_name
    assert find_dataset("captions:x.json").kind == "captions"
    assert own_path("wds:C:/x/{0..3}.tar") == "C:/x/{0..3}.tar"
    with pytest.raises(TMVError, match="no path"):
        find_dataset("folder:")


# --- class names ------------------------------------------------------------------------------------------


def test_eurosat_is_joined_by_name_as_the_lists_differ_in_order() -> None:
    clip = clip_classnames("eurosat")
    assert clip[0] == "forest" and next(iter(EUROSAT_CURATED)) == "AnnualCrop"
    assert sorted(EUROSAT_CURATED.values()) == sorted(clip)
    spec = find_dataset("eurosat")
    pairs = dict(zip(spec.raw_classnames, spec.classnames, strict=True))
    assert pairs["SeaLake"] == "lake or sea" and pairs["Forest"] == "forest"
    assert pairs["HerbaceousVegetation"] == "brushland or shrubland"


@pytest.mark.parametrize("name", ["cifar100", "food101"])
def test_curated_names_join_the_folders_one_to_one(name: str) -> None:
    spec = find_dataset(name)
    shuffled = tuple(reversed(clip_classnames(name)))
    assert curated_by_name(spec.raw_classnames, shuffled) == spec.classnames


def test_a_join_that_does_not_fit_is_an_error() -> None:
    assert curated_by_name(["hot_dog", "Pie"], ["pie", "hot dog"]) == ("hot dog", "pie")
    with pytest.raises(TMVError, match="unmatched: b"):
        curated_by_name(["a", "b"], ["a", "c"])
    with pytest.raises(TMVError):
        curated_by_name(["a"], ["a", "A"])


def test_imagenet_names_are_those_of_the_library_in_the_same_order() -> None:
    names = imagenet_classnames()
    metadata = runpy.run_path(str(installed("open_clip") / "zero_shot_metadata.py"))
    assert list(names.values()) == list(metadata["IMAGENET_CLASSNAMES"])
    theirs = [form("x") for form in metadata["OPENAI_IMAGENET_TEMPLATES"]]
    assert [template.format("x") for template in clip_templates("imagenet")] == theirs
    assert names["n01440764"] == "tench" and names["n15075141"] == "toilet paper"
    assert list(names) == sorted(names)


def test_imagenet_wnids_are_those_of_timm() -> None:
    synsets = installed("timm") / "data" / "_info" / "imagenet_synsets.txt"
    assert synsets.read_text(encoding="utf-8").split() == list(imagenet_classnames())


@pytest.mark.skipif(not (DATA / "facts").is_dir(), reason="TMV_TEST_DATA is not set")
def test_lists_are_those_that_were_collected() -> None:
    path = DATA / "facts" / "clip_paper_classes_templates.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    for ours, theirs in (
        ("cifar100", "CIFAR100"),
        ("eurosat", "EuroSAT"),
        ("food101", "Food101"),
        ("imagenet", "ImageNet"),
    ):
        assert list(clip_classnames(ours)) == facts[theirs]["classes"]
        assert list(clip_templates(ours)) == facts[theirs]["templates"]
    assert list(imagenet_classnames()) == facts["ImageNet"]["wnids_sorted"]


# --- prompt sets ------------------------------------------------------------------------------------------


def test_prompt_sets_have_one_place_for_the_name_and_a_source() -> None:
    assert len({prompt_set.name for prompt_set in PROMPT_SETS}) == len(PROMPT_SETS)
    for prompt_set in PROMPT_SETS:
        assert prompt_set.title and prompt_set.source
        assert all(template.count("{}") == 1 for template in prompt_set.templates)
        assert len(set(prompt_set.templates)) == len(prompt_set.templates)


def test_prompt_set_sizes() -> None:
    sizes = {prompt_set.name: len(prompt_set.templates) for prompt_set in PROMPT_SETS}
    assert len(sizes) == len(PROMPT_SETS) and all(sizes.values())
    assert sizes.items() >= {"photo": 1, "deck": 7, "cifar100": 18, "imagenet": 80, "food101": 1, "eurosat": 3}.items()
    assert set(find_prompt_set("deck").templates) == set(deck_prompt_study())


# --- figures ----------------------------------------------------------------------------------------------


def test_published_figures_of_a_cell() -> None:
    found = published(B32, find_dataset("cifar100"), "zeroshot_acc1")
    by_metric = {(r.metric, r.source.split("@")[0]): r.value for r in found}
    assert by_metric["zeroshot_acc1_ensemble", "mlfoundations/open_clip"] == 0.6423
    single = by_metric["zeroshot_acc1_single_prompt", "embeddings-benchmark/results"]
    assert single == pytest.approx(0.6165, abs=1e-4)
    assert all(r.kind == "published" and r.protocol and r.source for r in found)
    assert len(published(B32, find_dataset("cifar100"))) > len(found)


def test_no_row_of_the_tables_is_lost() -> None:
    """They come first and in their order; figures of the field may follow."""
    pairs, lost = {(row["model"], row["pretrained"]) for row in table("published.csv")}, list(table("published.csv"))
    for pair in pairs:
        for spec in DATASETS:
            rows = [r for r in lost if (r["model"], r["pretrained"], r["dataset"]) == (*pair, spec.published_name)]
            figures = published(model(*pair), spec)
            assert [(r.metric, r.value) for r in figures[: len(rows)]] == [
                (r["metric"], float(r["value"])) for r in rows
            ]
            lost = [row for row in lost if row not in rows]
    assert not lost
    pairs = {(row["model"], row["pretrained"]) for row in table("deck.csv") if row["model"]}
    found = sum(len(deck_figures(model(*pair), spec)) for pair in pairs for spec in DATASETS)
    assert found + len(deck_prompt_study()) == len(table("deck.csv"))


def test_every_figure_is_a_share_with_a_protocol() -> None:
    pairs = {(row["model"], row["pretrained"]) for row in table("published.csv")}
    for pair in pairs:
        for spec in DATASETS:
            for r in (*published(model(*pair), spec), *deck_figures(model(*pair), spec)):
                assert 0 <= r.value <= 1 and r.source and r.protocol, r


def test_other_pictures_are_named_in_the_protocol() -> None:
    mini = published(B32, find_dataset("imagenet_mini"))
    assert mini and all("not on the mini set" in r.protocol for r in mini)
    euro = published(B32, find_dataset("eurosat"))
    assert euro and all("no official split" in r.protocol for r in euro)
    assert any("5,000 test images" in r.protocol for r in euro if "CLIP paper" in r.source)
    coco = published(B32, find_dataset("coco"))
    assert coco and all("Karpathy" in r.protocol and "prompt ensemble" not in r.protocol for r in coco)


def test_the_demo_and_own_data_have_no_figures() -> None:
    for name in ("demo-objects", "demo-captions", "folder:/x"):
        assert published(B32, find_dataset(name)) == () and deck_figures(B32, find_dataset(name)) == ()
    assert published(model("demo-vit", "demo"), find_dataset("cifar100")) == ()


def test_a_model_may_go_by_another_name_in_the_tables() -> None:
    quick = replace(model("ViT-B-32-quickgelu", "openai"), published_name=("ViT-B-32", "openai"))
    assert published(quick, find_dataset("eurosat")) == published(B32, find_dataset("eurosat"))


def test_the_seven_of_the_deck_have_their_figures() -> None:
    seven = [spec for spec in MODELS if spec.family != "demo"]
    assert len(seven) == 7
    for spec in seven:
        for name in ("cifar100", "imagenet_mini", "food101", "eurosat"):
            metrics = {r.metric for r in deck_figures(spec, find_dataset(name))}
            assert {"zeroshot_acc1", "zeroshot_acc5"} <= metrics
            assert published(spec, find_dataset(name), "zeroshot_acc1")
    assert deck_figures(B32, find_dataset("eurosat"), "zeroshot_acc1")[0].value == 0.3218


@pytest.mark.parametrize(
    "metric, ours",
    [
        ("zeroshot_acc1_ensemble", "acc1"),
        ("zeroshot_acc1_single_prompt", "acc1"),
        ("zeroshot_acc5", "acc5"),
        ("zeroshot_acc1_paper_table11", "acc1"),
        ("zeroshot_mean_per_class_recall", "mean_per_class_recall"),
        ("linear_probe_acc5_10shot", "acc5"),
        ("linear_probe_train_acc1", "train_acc1"),
        ("linear_probe_test_acc1", "test_acc1"),
        ("tip_adapter_f_acc1_16shot", "acc1"),
        ("image_retrieval_recall@5", "image_retrieval_recall@5"),
        ("text_retrieval_recall@10_paper", "text_retrieval_recall@10"),
        ("image_retrieval_mrr@10", "image_retrieval_mrr@10"),
    ],
)
def test_measured_as(metric: str, ours: str) -> None:
    assert measured_as(metric) == ours


def test_the_doubtful_prompt_study_says_that_it_is() -> None:
    study = deck_prompt_study()
    assert study["{}"].value == 0.5515 and "CIFAR-100" in study["{}"].protocol


def test_every_published_figure_has_an_address_and_the_study_none() -> None:
    sources = {row["source"] for row in table("published.csv")}
    assert all(figure_url(source).startswith("https://github.com/") for source in sources)
    file, thread = "a/b@89fb801 docs/x.csv", "CLIP paper Table 10, as quoted in github.com/openai/CLIP/issues/87"
    assert figure_url(file) == "https://github.com/a/b/blob/89fb801/docs/x.csv"
    assert figure_url(thread) == "https://github.com/openai/CLIP/issues/87"
    assert figure_url("the original study") == ""
