"""Images with none or several labels: every figure held against loops and scikit-learn, and what is refused of them."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from core.bundle import install
from core.bundle.choosing import export_bundle
from core.engine import Engine
from core.errors import TMVError
from core.store.rows import Rows, kept_rows, read_rows, write_rows
from core.studies.audit.study import Audit
from core.studies.base import Study
from core.studies.few_shot.study import FewShot
from core.studies.multi_label.study import MultiLabel, has_several_labels
from core.studies.pictures.study import search
from core.studies.probe.study import LinearProbe
from core.studies.prompts.study import PromptSearch, PromptStudy, word_effects
from core.studies.zero_shot.open_set import best_cut
from core.studies.zero_shot.study import ZeroShot
from core.types import EmbeddingSet, FloatArray
from core.words.multi_label import accepted_line, multi_label_finding
from tests.fakes import COLOURS, png
from tests.tiny_models import make_family
from tests.worlds import paint, squares

FORMS = ("a photo of a {}",)
EACH = 12
PAIRS = [(), ("red",), ("green",), ("blue", "red"), ("white", "green"), ("red", "green", "blue")]


def halves(folder: Path) -> str:
    """Images of stripes in some colours, in two splits with one table."""
    lines = ["image,labels"]
    for split in ("train", "test"):
        (folder / "stripes" / split).mkdir(parents=True)
        for i in range(EACH):
            named = PAIRS[i % len(PAIRS)]
            (folder / "stripes" / split / f"{i}.png").write_bytes(_stripes(named, i))
            lines.append(f"{split}/{i}.png,{'|'.join(named)}")
    (folder / "stripes" / "labels.csv").write_text("\n".join(lines))
    return f"folder:{folder / 'stripes'}"


def _stripes(named: tuple[str, ...], seed: int) -> bytes:
    colours = [COLOURS[name] for name in named] or [(90, 90, 90)]
    mixed = tuple(int(x) for x in np.mean(colours, axis=0))
    return png((mixed[0], mixed[1], mixed[2]), seed)


@pytest.fixture(scope="module", params=["siglip", "clipa"])
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, str, str]:
    folder = tmp_path_factory.mktemp(request.param)
    name, data = make_family(request.param, folder / "model"), halves(folder)
    engine = Engine(folder / "cache", folder)
    for split in ("train", "test"):
        engine.vectors.ensure(engine.place(name, data, split))
    return engine, name, data


def _cosines(images: EmbeddingSet, head: FloatArray) -> np.ndarray:
    unit = images.image_embeddings / np.linalg.norm(images.image_embeddings, axis=1, keepdims=True)
    return np.array([[float(x @ h) for h in head] for x in unit])


def _truth(images: EmbeddingSet) -> np.ndarray:
    truth = np.zeros((len(images), len(images.classnames)), bool)
    for row, name in enumerate(images.ids):
        for label in PAIRS[int(name.split(".")[0]) % len(PAIRS)]:
            truth[row, images.classnames.index(label)] = True
    return truth


def test_every_figure_is_that_of_loops_and_scikit_learn(here: tuple[Engine, str, str]) -> None:
    engine, name, data = here
    result = engine.run(MultiLabel.at(engine, name, data, "test", templates=FORMS))
    images = engine.vectors.require(engine.place(name, data, "test"))
    head = engine.prompting.class_head(name, FORMS, images.classnames)
    cosines, truth = _cosines(images, head), _truth(images)
    wanted = [average_precision_score(truth[:, i], cosines[:, i]) for i in range(truth.shape[1])]
    assert [each.ap for each in result.classes] == pytest.approx(wanted, abs=1e-6)
    assert result.map == pytest.approx(np.mean(wanted)) and result.map_ci95[0] <= result.map <= result.map_ci95[1]
    assert result.chance == pytest.approx(truth.mean()) and result.labels_per_image == pytest.approx(1.5)
    rule = images.score_rule
    if "clipa" in name:
        assert result.threshold is None and result.accepted is None
        assert accepted_line(result) == "" and "cannot_say" in {note.code for note in result.notes}
        return
    alone = np.array([[1 / (1 + math.exp(-(rule.scale * x + rule.bias))) for x in row] for row in cosines])
    cut = float(np.quantile(alone, 0.7))
    found = engine.run(MultiLabel.at(engine, name, data, "test", templates=FORMS, threshold=cut))
    precision, recall, f1, _ = precision_recall_fscore_support(truth, alone >= cut, average="micro", zero_division=0)
    assert found.accepted is not None
    assert (found.accepted.precision, found.accepted.recall, found.accepted.f1) == pytest.approx(
        (precision, recall, f1)
    )
    each = precision_recall_fscore_support(truth, alone >= cut, average=None, zero_division=0)
    assert [c.accepted.recall for c in found.classes if c.accepted] == pytest.approx(list(each[1]))


def test_a_validation_split_gives_the_threshold(here: tuple[Engine, str, str]) -> None:
    engine, name, data = here
    found = engine.run(MultiLabel.at(engine, name, data, "test", templates=FORMS, threshold=None))
    if "clipa" in name:
        assert found.threshold is None
        return
    images = engine.vectors.require(engine.place(name, data, "train"))
    cosines = _cosines(images, engine.prompting.class_head(name, FORMS, images.classnames))
    rule = images.score_rule
    alone = 1 / (1 + np.exp(-(rule.scale * cosines + rule.bias)))
    assert found.threshold is not None
    assert (found.threshold.split, found.threshold.images) == ("train", EACH)
    assert found.threshold.value == pytest.approx(best_cut(alone, _truth(images)).value, rel=1e-4)
    assert "highest F1" in accepted_line(found)
    on_itself = engine.run(MultiLabel.at(engine, name, data, "train", templates=FORMS, threshold=None))
    assert "threshold_on_these" in {note.code for note in on_itself.notes}
    assert "threshold_on_these" not in {note.code for note in found.notes}


def test_what_counts_one_answer_is_refused_in_a_sentence(here: tuple[Engine, str, str]) -> None:
    engine, name, data = here
    studies: list[Study[Any]] = [
        ZeroShot.at(engine, name, data, "test"),
        PromptStudy.at(engine, name, data, "test", templates=("a {}", "the {}")),
        PromptSearch.at(engine, name, data, "test"),
        LinearProbe.at(engine, name, data, "test"),
        FewShot.at(engine, name, data, "test"),
        Audit.at(engine, name, data, "test"),
    ]
    for study in studies:
        with pytest.raises(TMVError, match="may have several labels"):
            engine.run(study)


def test_a_class_has_all_images_that_have_its_label(here: tuple[Engine, str, str]) -> None:
    engine, name, data = here
    images = engine.vectors.require(engine.place(name, data, "test"))
    found = word_effects(engine, engine.place(name, data, "test"), text="a red thing", classname="red")
    red = [i for i, image in enumerate(images.ids) if "red" in PAIRS[int(image.split(".")[0]) % len(PAIRS)]]
    text = engine.encoding.encode_texts(name, ["a red thing"])
    assert found.n == len(red)
    assert found.score == pytest.approx(float(_cosines(images, text / np.linalg.norm(text))[red].mean()), abs=1e-6)


def test_one_label_each_is_refused_the_other_way(tmp_path: Path) -> None:
    paint(tmp_path)
    engine, name = Engine(tmp_path / "cache", tmp_path), make_family("clipa", tmp_path / "model")
    engine.vectors.ensure(engine.place(name, squares(tmp_path)))
    assert not has_several_labels(engine, squares(tmp_path))
    with pytest.raises(TMVError, match="at most one label"):
        engine.run(MultiLabel.at(engine, name, squares(tmp_path)))


def test_search_knows_all_labels_of_an_image(here: tuple[Engine, str, str]) -> None:
    engine, name, data = here
    found = search(engine, engine.place(name, data, "test"), query="blue", k=EACH)
    for hit in found.hits:
        named = PAIRS[int(hit.id.split(".")[0]) % len(PAIRS)]
        assert set(filter(None, hit.label.split(", "))) == set(named) and hit.relevant == ("blue" in named)


def test_the_finding_says_chance_where_it_is(here: tuple[Engine, str, str]) -> None:
    engine, name, data = here
    result = engine.run(MultiLabel.at(engine, name, data, "test", templates=FORMS))
    plain = dataclasses.replace(result, map_ci95=(result.chance - 0.01, 1.0))
    better = dataclasses.replace(result, map_ci95=(result.chance + 0.01, 1.0))
    assert multi_label_finding([plain]).code == "chance" and multi_label_finding([better]).code == "map"


def test_a_bundle_carries_the_labels(here: tuple[Engine, str, str], tmp_path: Path) -> None:
    engine, name, data = here
    before = engine.run(MultiLabel.at(engine, name, data, "test", templates=FORMS))
    export_bundle(engine, tmp_path / "talk.zip", [name], [data])
    install(tmp_path / "cache", tmp_path / "talk.zip")
    elsewhere = Engine(tmp_path / "cache", tmp_path / "nothing")
    key = next(entry.key for entry in elsewhere.store.entries() if entry.key.split == "test")
    assert elsewhere.vectors.has_several_labels(key.dataset)
    images = elsewhere.store.load(key)
    assert images.label_pairs is not None and len(images.label_pairs) == round(before.labels_per_image * before.n)


def test_rows_without_a_vector_take_their_labels_along(here: tuple[Engine, str, str], tmp_path: Path) -> None:
    engine, _, data = here
    rows = engine.data.rows(data, "test")
    kept = kept_rows(rows, {3, 5})
    write_rows(tmp_path, kept)
    back: Rows = read_rows(tmp_path, kept.files())
    assert back.label_pairs is not None
    found: dict[str, set[str]] = {name: set() for name in back.ids}
    for row, label in back.label_pairs.tolist():
        found[back.ids[row]].add(back.raw_classnames[label])
    assert found == {name: set(PAIRS[int(name.split(".")[0]) % len(PAIRS)]) for name in back.ids}
    assert len(found) == EACH - 2
