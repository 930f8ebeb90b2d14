"""Templates that a tokenizer makes one: a row for both, and the number that averaging all of them gives."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.engine import Engine
from core.studies.prompts.accuracy import PromptStudyResult
from core.studies.prompts.study import PromptSearch, PromptStudy
from core.studies.zero_shot.classify import SAME_TEMPLATES, SOFTMAX_OF_SIGMOID
from core.studies.zero_shot.study import ZeroShot
from core.tables.prompts import class_templates_frame, templates_frame
from tests.coded import coded
from tests.tiny_models import make_family
from tests.worlds import paint, run_study, squares

ONE, ALSO, OTHER = "a photo of a {}", "A photo of a {}.", "one {} thing"
TEMPLATES = (ONE, OTHER, ALSO)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, str, str]:
    """An engine with squares embedded by a tiny SigLIP, whose tokenizer drops capitals and punctuation."""
    folder = tmp_path_factory.mktemp("same")
    paint(folder)
    name, engine = make_family("siglip", folder / "model"), Engine(folder / "cache", folder)
    engine.vectors.ensure(engine.place(name, squares(folder)))
    return engine, name, squares(folder)


@pytest.fixture
def study(world: tuple[Engine, str, str]) -> PromptStudyResult:
    engine, *names = world
    found: PromptStudyResult = run_study(engine, PromptStudy, *names, templates=TEMPLATES, baseline=ALSO)
    return found


def test_one_row_names_both_and_is_no_tie(study: PromptStudyResult) -> None:
    assert [(t.name, t.also) for t in study.templates] == [(ONE, (ALSO,)), (OTHER, ())]
    assert study.baseline == ONE and study.find(ALSO) is study.find(ONE)
    frame = templates_frame([study])
    assert list(frame["template_title"]) == [f"{ONE} = {ALSO}", OTHER, "all together"]
    assert list(frame["same_text"]) == [ALSO, "", ""] and list(frame["baseline"]) == [True, False, False]
    assert f"{ONE} = {ALSO}" in set(class_templates_frame(study)["template_title"])
    record = study.to_record()
    assert [(t["template"], t.get("also")) for t in record["templates"]] == [(ONE, [ALSO]), (OTHER, None)]
    (note,) = [note for note in study.notes if note.code == SAME_TEMPLATES]
    assert "2 of 3 templates" in note and note.level == "info"


def test_the_ensemble_averages_all_templates_as_given(world: tuple[Engine, str, str], study: PromptStudyResult) -> None:
    engine, model, data = world
    names = study.classnames
    heads = np.zeros((len(names), 32), np.float64)
    for template in TEMPLATES:
        for i, name in enumerate(names):
            (vector,) = engine.encoding.encode_texts(model, [template.replace("{}", name)])
            heads[i] += vector / np.linalg.norm(vector) / len(TEMPLATES)
    heads /= np.linalg.norm(heads, axis=1, keepdims=True)
    images = engine.vectors.require(engine.place(model, data))
    plain = float(
        np.mean([(heads @ x).argmax() == y for x, y in zip(images.image_embeddings, study.labels, strict=True)])
    )
    zero_shot = run_study(engine, ZeroShot, model, data, templates=TEMPLATES)
    assert study.ensemble.acc1 == zero_shot.acc1 == pytest.approx(plain)
    assert study.ensemble.templates == TEMPLATES
    assert "2 of 3 templates" in coded(zero_shot.notes)[SAME_TEMPLATES]


def test_templates_that_differ_for_one_class_are_two(world: tuple[Engine, str, str]) -> None:
    engine, model, _ = world
    assert engine.prompting.same_templates(model, ["{}", "{}-"], ["red", "a-b"]) == (("{}", "{}-"),)
    assert engine.prompting.same_templates(model, ["{} b", "{}b"], ["a ", "a"]) == ()
    assert engine.prompting.same_templates(model, [ONE, OTHER], ["red"]) == ()
    assert engine.prompting.same_templates("ViT-B-32/openai", [ONE, ALSO], ["red"]) == ()
    assert engine.prompting.same_templates("ViT-B-32/openai", [ONE, ONE.upper()], ["red"]) == ((ONE, ONE.upper()),)


def test_a_search_says_which_of_its_pool_are_one(world: tuple[Engine, str, str]) -> None:
    engine, model, data = world
    asked = PromptSearch.at(engine, model, data, pool=TEMPLATES, baseline=(OTHER,))
    found = engine.run(asked)
    assert SOFTMAX_OF_SIGMOID in coded(found.notes)
    assert found.same == ((ONE, ALSO),) and "2 of 3 were tried" in coded(found.notes)[SAME_TEMPLATES]
    assert found.to_record()["folded"] and list(found.pool) == list(TEMPLATES)
    kept = engine.kept(asked)
    assert kept is not None and kept.same == found.same and kept.notes == found.notes
    earlier = dataclasses.replace(found, folded=False)
    assert "still averages all 3" in coded(earlier.notes)[SAME_TEMPLATES], "one that an earlier version kept"


def test_a_search_tries_one_of_each_group(world: tuple[Engine, str, str]) -> None:
    engine, model, data = world
    pool = (ALSO, OTHER, ONE, ONE.upper(), "{}", "{}!")
    found = run_study(engine, PromptSearch, model, data, pool=pool, baseline=(OTHER,), largest=6)
    plain = run_study(engine, PromptSearch, model, data, pool=(ALSO, OTHER, "{}"), baseline=(OTHER,), largest=6)
    assert found.same == ((ALSO, ONE, ONE.upper()), ("{}", "{}!")) and plain.same == ()
    assert found.chosen == plain.chosen and found.path == plain.path and found.evaluations == plain.evaluations
    assert not {ONE, ONE.upper(), "{}!"} & set(found.chosen.templates)
    assert all(len(variant.templates) == len(pool) for variant in found.variants), (
        "averages stay those of the whole pool"
    )
