"""Shards in folders that CLIP_benchmark names: which set they are, its metric, its published figures, its classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog.benchmark_names import published_set, shards_named
from core.catalog.field import accuracy, checkpoints, field_sets
from core.catalog.models import find_model
from core.catalog.published import closest_protocol, published
from core.readers import describe_dataset, open_dataset
from core.readers.datasets import find_dataset
from core.readers.named_sets import is_that_set, of_these_images
from core.studies.field.own import field_set_of, first_metric
from tests.data_files import picture, tar

MODEL = "ViT-B-32/openai"


@pytest.mark.parametrize(
    "path, short",
    [
        ("wds_vtab-cifar100_test", "cifar100"),
        ("/data/wds/vtab/pets", "pets"),
        ("/data/djghosh/wds_imagenet-r_test/test", "imagenet-r"),
        ("wds_vtab-clevr_closest_object_distance_test", "clevr_closest_object_distance"),
        ("wds_wilds-camelyon17_test", "camelyon17"),
        ("webdatasets/fgvc_aircraft", "fgvc_aircraft"),
        ("a/wds_cars_test", "cars"),
    ],
)
def test_a_folder_is_known_by_its_name(path: str, short: str) -> None:
    found = shards_named(path)
    assert found is not None and found.published_name == short
    assert field_set_of(find_dataset(f"wds:{path}")) == next(each for each in field_sets() if each.short == short)


@pytest.mark.parametrize("path", ["birds", "wds_birds_test", "cifar100/birds", "test", "wds_voc2007_multilabel_test"])
def test_other_folders_are_not(path: str) -> None:
    assert shards_named(path) is None and field_set_of(find_dataset(f"wds:{path}")) is None


def test_a_folder_of_images_of_that_name_is_none_of_the_field() -> None:
    assert not find_dataset("folder:/data/wds_vtab-pets_test").published_name


def test_every_classified_set_of_the_field_is_known_as_clip_benchmark_names_it() -> None:
    for each in field_sets():
        if not each.classes:
            continue
        folder = shards_named(f"/data/wds_{each.name.replace('/', '-')}_test")
        inside = shards_named(f"/data/wds/{each.name}")
        assert folder is not None and folder == inside, each.name
        assert (folder.published_name, folder.classes, folder.metric) == (each.short, each.classes, each.measured)
        assert folder.n == each.n


def numbered(n: int) -> tuple[str, ...]:
    return tuple(map(str, range(n)))


def test_the_field_s_metric_comes_first_where_the_classes_are_its() -> None:
    sizes = {"vtab-pets": 37, "cars": 196, "birds": 3, "wilds-iwildcam": 182, "wilds-fmow": 62}
    first = {name: first_metric(find_dataset(f"wds:wds_{name}_test"), numbered(n)) for name, n in sizes.items()}
    recall, one = "mean_per_class_recall", "acc1"
    assert first == dict(zip(sizes, (recall, one, one, "f1_macro", one), strict=True))
    assert first_metric(find_dataset("cifar100"), numbered(100)) == "acc1"
    assert first_metric(find_dataset("wds:pets"), numbered(5)) == "acc1", "somebody's own pets"
    assert first_metric(find_dataset("wds:pets"), numbered(37)) == recall


def test_a_folder_is_the_set_it_is_called_after_only_with_its_classes() -> None:
    assert is_that_set(find_dataset("wds:eurosat"), find_dataset("eurosat").classnames)
    assert is_that_set(find_dataset("wds:eurosat"), find_dataset("eurosat").raw_classnames)
    assert is_that_set(find_dataset("wds:eurosat"), numbered(10)), "numbers tell nothing"
    towns = find_dataset("wds:eurosat"), [f"town number {i}" for i in range(10)]
    assert not is_that_set(*towns) and not is_that_set(towns[0], numbered(9))
    assert is_that_set(find_dataset("folder:eurosat"), towns[1]) and is_that_set(find_dataset("wds:towns"), towns[1])
    figures = published(find_model(MODEL), towns[0], "zeroshot_")
    none, note = of_these_images(figures, towns[0], 5400, towns[1])
    assert figures and none == () and note is not None and note.code == "other_classes" and "here are others" in note


@pytest.mark.parametrize(
    ("name", "classes"), [("wilds-fmow", 62), ("fairness-geode", 40), ("fairness-dollar_street", 58)]
)
def test_a_figure_of_a_worst_group_is_said_to_be_none_of_ours(name: str, classes: int) -> None:
    dataset = find_dataset(f"wds:wds_{name}_test")
    figures = published(find_model(MODEL), dataset, "zeroshot_")
    kept, note = of_these_images(figures, dataset, 1, numbered(classes))
    assert note is not None and note.code == "worst_group" and "worst" in note
    assert len(kept) == 1 and closest_protocol(kept, "acc1", True) is None


def test_the_field_s_f1_stands_beside_ours() -> None:
    figures = published(find_model(MODEL), find_dataset("wds:wds_wilds-iwildcam_test"), "zeroshot_")
    assert closest_protocol(figures, "f1_macro", True) == figures[0]


def test_open_clip_s_figures_stand_beside_every_set() -> None:
    (pets,) = published(find_model(MODEL), find_dataset("wds:wds_vtab-pets_test"), "zeroshot_")
    assert (pets.metric, pets.value) == ("zeroshot_mean_per_class_recall_ensemble", 0.87)
    assert "openclip_results.csv" in pets.source and "CLIP_benchmark" in pets.protocol
    for each in field_sets():
        if (meant := published_set(each.name)) is not None and not meant.captions:
            figures = published(find_model(MODEL), meant.spec, "zeroshot_")
            row = [checkpoint.name for checkpoint in checkpoints()].index(MODEL)
            wanted = float(accuracy()[row, field_sets().index(each)])
            assert wanted in [f.value for f in figures if "openclip_results.csv" in f.source], each.name


def test_rows_of_the_table_of_published_figures_come_first_and_once() -> None:
    figures = published(find_model("ViT-B-32/laion2b_s34b_b79k"), find_dataset("cifar100"))
    from_table = [f for f in figures if "openclip_results.csv" in f.source]
    assert len(from_table) == 1 and figures[0] == from_table[0] and figures[0].value == 0.7555


def test_other_classes_have_no_published_figures_and_fewer_images_a_remark() -> None:
    dataset = find_dataset("wds:wds_vtab-pets_test")
    figures = published(find_model(MODEL), dataset, "zeroshot_")
    whole, note = of_these_images(figures, dataset, 3669, numbered(37))
    assert whole == figures and note is None
    part, note = of_these_images(figures, dataset, 100, numbered(37))
    assert note is None and part[0].value == figures[0].value
    assert part[0].protocol.endswith("on all 3,669 images, here are 100")
    none, note = of_these_images(figures, dataset, 3669, numbered(2))
    assert none == () and note is not None and note.code == "other_classes"


def masked(folder: Path, names: int, occurring: list[int]) -> str:
    members: dict[str, bytes | str] = {}
    for i, label in enumerate(occurring):
        members |= {f"{i:04d}.png": picture(i), f"{i:04d}.cls": str(label)}
    tar(folder / "test" / "0.tar", members)
    (folder / "classnames.txt").write_text("\n".join(f"thing {i}" for i in range(names)))
    (folder / "zeroshot_classification_templates.txt").write_text("a photo of a {c}.")
    return f"wds:{folder}"


def test_imagenet_r_with_all_names_is_scored_among_its_200_classes(tmp_path: Path) -> None:
    occurring = [5 * i for i in range(200)]
    name = masked(tmp_path / "wds_imagenet-r_test", 1000, [*occurring[::-1], 0, 995])
    rows = open_dataset(name)
    assert rows.labels is not None and rows.raw_classnames == tuple(f"thing {i}" for i in occurring)
    assert [rows.raw_classnames[label] for label in rows.labels[:3]] == ["thing 995", "thing 990", "thing 985"]
    assert [rows.raw_classnames[label] for label in rows.labels[-2:]] == ["thing 0", "thing 995"]
    assert [note.code for note in rows.notes].count("scored_classes") == 1
    assert "200 classes" in next(note for note in rows.notes if note.code == "scored_classes")
    assert describe_dataset(name).raw_classnames == rows.raw_classnames
    assert rows.spec.templates == ("a photo of a {}.",)


def test_as_clip_benchmark_writes_it_nothing_is_masked(tmp_path: Path) -> None:
    rows = open_dataset(masked(tmp_path / "wds_imagenet-a_test", 200, list(range(200))))
    assert len(rows.raw_classnames) == 200 and not any(note.code == "scored_classes" for note in rows.notes)


@pytest.mark.parametrize("folder, occurring", [("wds_imagenet-r_test", range(150)), ("birds", range(200))])
def test_no_mask_where_the_classes_are_not_those_of_the_set(tmp_path: Path, folder: str, occurring: range) -> None:
    rows = open_dataset(masked(tmp_path / folder, 1000, list(occurring)))
    assert len(rows.raw_classnames) == 1000
