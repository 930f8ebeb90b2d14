"""The engine's studies of prompts, pictures and captions, with encoders that see colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.deck import presets
from core.encoders.service.local import Encoding
from core.engine import Engine
from core.errors import Cancelled, NotHere, TMVError, UnknownName
from core.stats import first_answers as answers_module
from core.studies.captions.study import Retrieval, compare_retrieval, one_caption, one_picture, retrieval_by
from core.studies.pictures.query import ask
from core.studies.pictures.study import compare_lists, search, similar
from core.studies.prompts.study import PromptSearch, PromptStudy, prompt_pool, word_effects
from core.studies.zero_shot.study import ZeroShot
from core.types import FloatArray
from core.work.tasks import TASKS
from tests.fakes import COLOURS, FakeEncoder, png
from tests.training_sets import as_set, changed
from tests.worlds import GOOD, POOR, paint, point, run_study, squares, told

FORMS = ("a photo of a {}", "a big {} thing", "{}")
Encoders = dict[str, FakeEncoder]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures and vectors made once; tests of this file only read them."""
    made = tmp_path_factory.mktemp("studies")
    paint(made)
    with pytest.MonkeyPatch.context() as patch:
        point(patch, made)
        engine = Engine()
        for model in (GOOD, POOR):
            engine.vectors.ensure(engine.place(model, squares(made)))
            engine.vectors.ensure(engine.place(model, told(made)))
    return made


@pytest.fixture
def encoders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Encoders:
    return point(monkeypatch, folder)


@pytest.fixture
def engine(encoders: Encoders) -> Engine:
    return Engine()


def unit(x: FloatArray) -> FloatArray:
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True))


# --- templates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [GOOD, POOR])
def test_every_template_equals_classify_and_plain_numpy(
    engine: Engine, folder: Path, encoders: Encoders, model: str
) -> None:
    study = engine.run(PromptStudy.at(engine, model, squares(folder), templates=FORMS))
    images = engine.vectors.require(engine.place(model, squares(folder)))
    for template in study.templates:
        alone = engine.run(ZeroShot.at(engine, model, squares(folder), templates=[template.name]))
        texts = encoders[model].encode_texts([template.name.replace("{}", name) for name in images.classnames])
        plain = (unit(images.image_embeddings) @ unit(texts).T).argmax(axis=1)
        assert template.acc1 == alone.acc1 == float(np.mean(plain == images.labels))
        np.testing.assert_array_equal(template.answers.ranks, alone.ranks)
    together = engine.run(ZeroShot.at(engine, model, squares(folder), templates=FORMS))
    assert study.ensemble.acc1 == together.acc1
    assert engine.run(PromptStudy.at(engine, model, squares(folder), templates=FORMS)) is study


def test_a_second_look_encodes_no_text_again(engine: Engine, folder: Path, encoders: Encoders) -> None:
    engine.run(PromptStudy.at(engine, GOOD, squares(folder), templates=FORMS))
    seen = encoders[GOOD].texts_seen
    run_study(Engine(), PromptStudy, GOOD, squares(folder), templates=(*FORMS, FORMS[0]))
    assert encoders[GOOD].texts_seen == seen


def test_an_edited_class_name_is_answered_from_its_column(
    engine: Engine, folder: Path, encoders: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["blue", "green", "red", "white"]
    engine.run(PromptStudy.at(engine, POOR, squares(folder), templates=FORMS, classnames=names))
    seen, full = encoders[POOR].texts_seen, list[int]()
    plain = answers_module.answer

    def counting(images: FloatArray, *rest: Any) -> answers_module.FirstAnswers:
        full.append(len(images))
        return plain(images, *rest)

    monkeypatch.setattr("core.stats.first_answers.answer", counting)
    monkeypatch.setattr("core.studies.prompts.study.answer", counting)
    edited = engine.run(
        PromptStudy.at(engine, POOR, squares(folder), templates=FORMS, classnames=["azure", *names[1:]])
    )
    assert encoders[POOR].texts_seen == seen + len(FORMS)  # one new text for each template
    assert all(rows < 40 for rows in full)
    fresh = run_study(Engine(), PromptStudy, POOR, squares(folder), templates=FORMS, classnames=["azure", *names[1:]])
    for quick, slow in zip(edited.every, fresh.every, strict=True):
        np.testing.assert_array_equal(quick.answers.ranks, slow.answers.ranks)
        np.testing.assert_array_equal(quick.answers.predicted, slow.answers.predicted)
    assert edited.classnames_kind == "edited"


def test_raw_and_curated_names_are_two_studies(engine: Engine, folder: Path) -> None:
    raw = engine.run(PromptStudy.at(engine, GOOD, squares(folder), templates=FORMS, classnames="raw"))
    assert raw.classnames_kind == "raw" and raw.protocol.classnames == "raw"


def test_a_set_without_vectors_says_how_to_get_them(engine: Engine) -> None:
    with pytest.raises(NotHere, match="embed"):
        engine.run(PromptStudy.at(engine, GOOD, "eurosat", templates=FORMS))


# --- the search for prompts -------------------------------------------------------------------------------


def test_optimise_keeps_its_result_on_disk(engine: Engine, folder: Path, encoders: Encoders) -> None:
    assert engine.kept(PromptSearch.at(engine, POOR, squares(folder), pool=FORMS, budget=77)) is None
    found = engine.run(PromptSearch.at(engine, POOR, squares(folder), pool=FORMS, budget=77))
    later = Engine()
    seen = encoders[POOR].texts_seen
    assert later.kept(PromptSearch.at(later, POOR, squares(folder), pool=FORMS, budget=77)) == found
    assert later.run(PromptSearch.at(later, POOR, squares(folder), pool=FORMS, budget=77)) == found
    assert encoders[POOR].texts_seen == seen
    assert later.kept(PromptSearch.at(later, POOR, squares(folder), pool=FORMS[:2], budget=77)) is None


def test_the_pool_has_the_users_templates_and_the_published_ones_once(engine: Engine, folder: Path) -> None:
    pool = prompt_pool(engine, squares(folder), ["my {}", "a photo of a {}."])
    assert pool[:2] == ("my {}", "a photo of a {}.") and len(pool) == len(set(pool))
    assert {"an artistic rendering of a {}", "a bad photo of a {}."} <= set(pool)


def test_progress_of_optimise_never_falls_and_ends_within_its_total(engine: Engine, folder: Path) -> None:
    seen = list[tuple[int, int]]()
    engine.run(
        PromptSearch.at(engine, GOOD, squares(folder), budget=90), lambda done, total: seen.append((done, total))
    )
    assert [d for d, _ in seen] == sorted(d for d, _ in seen) and len({t for _, t in seen}) == 1
    assert seen[-1][0] <= seen[-1][1]


def test_the_task_runs_and_can_be_stopped(engine: Engine, folder: Path) -> None:
    options = {"pool": list(FORMS), "budget": 50, "largest": 2}
    params = {"model": GOOD, "dataset": squares(folder), "split": "all", **options}

    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        TASKS["optimise"](engine, params, stop)
    assert engine.kept(PromptSearch.at(engine, GOOD, squares(folder), "all", **options)) is None
    TASKS["optimise"](engine, params, lambda done, total: None)
    assert engine.kept(PromptSearch.at(engine, GOOD, squares(folder), "all", **options)) is not None


# --- pictures ---------------------------------------------------------------------------------------------


def test_search_finds_what_the_text_names(engine: Engine, folder: Path, encoders: Encoders) -> None:
    result = search(engine, engine.place(GOOD, squares(folder)), query="a red square", k=10)
    images = engine.vectors.require(engine.place(GOOD, squares(folder)))
    scores = unit(images.image_embeddings) @ unit(encoders[GOOD].encode_texts(["a red square"])[0])
    assert [h.row for h in result.hits] == np.argsort(-scores, kind="stable")[:10].tolist()
    assert result.precision is not None and result.precision.classnames == ("red",)
    assert result.precision.hits == 10
    chosen = search(engine, engine.place(GOOD, squares(folder)), query="a red square", k=10, classes=["blue"])
    assert chosen.precision is not None and chosen.precision.hits == 0
    with pytest.raises(UnknownName, match="red"):
        search(engine, engine.place(GOOD, squares(folder)), query="x", classes=["reed"])


def test_search_by_picture_and_by_both(engine: Engine, folder: Path) -> None:
    file = (folder / "squares" / "blue" / "3.png").read_bytes()
    alone = search(engine, engine.place(GOOD, squares(folder)), query=ask(image="mine.png"), image=file, k=3)
    assert alone.hits[0].id.endswith("blue/3.png") and alone.hits[0].score == pytest.approx(1)
    both = search(
        engine,
        engine.place(GOOD, squares(folder)),
        query=ask("white", image="mine.png"),
        image=png(COLOURS["red"]),
        k=3,
    )
    assert both.vector.tolist() != alone.vector.tolist()
    with pytest.raises(TMVError, match="file"):
        search(engine, engine.place(GOOD, squares(folder)), query=ask(image="mine.png"))


def test_search_like_a_picture_of_the_set_uses_its_stored_vector(
    engine: Engine, folder: Path, encoders: Encoders
) -> None:
    images, text = (
        engine.vectors.require(engine.place(GOOD, squares(folder))),
        encoders[GOOD].encode_texts(["white"])[0],
    )
    row, seen = 7, encoders[GOOD].images_seen
    asked = ask("white", minus=["red"], image=images.ids[row])
    result = search(engine, engine.place(GOOD, squares(folder)), query=asked, like=images.ids[row], k=40)
    minus = encoders[GOOD].encode_texts(["red"])[0]
    query = unit(text) - 0.5 * unit(minus) + unit(images.image_embeddings[row])
    scores = unit(images.image_embeddings) @ unit(query)
    assert [h.row for h in result.hits] == np.argsort(-scores, kind="stable").tolist()
    assert encoders[GOOD].images_seen == seen
    alone = search(
        engine, engine.place(GOOD, squares(folder)), query=ask(image=images.ids[row]), like=images.ids[row], k=5
    )
    assert alone.hits == similar(engine, engine.place(GOOD, squares(folder)), picture=images.ids[row], k=5).hits
    with pytest.raises(TMVError, match="id"):
        search(
            engine,
            engine.place(GOOD, squares(folder)),
            query=ask(image="x"),
            image=png((1, 2, 3)),
            like=images.ids[row],
        )
    with pytest.raises(UnknownName, match="image"):
        search(engine, engine.place(GOOD, squares(folder)), query=ask(image="x"), like="x")


def test_a_picture_of_the_set_finds_itself_first(engine: Engine, folder: Path) -> None:
    images = engine.vectors.require(engine.place(GOOD, squares(folder)))
    result = similar(engine, engine.place(GOOD, squares(folder)), picture=images.ids[5], k=4)
    assert result.hits[0].row == 5 and len(result.hits) == 4
    with pytest.raises(UnknownName):
        similar(engine, engine.place(GOOD, squares(folder)), picture="nothing.png")


def test_the_same_text_goes_to_every_model_and_lists_compare(
    engine: Engine, folder: Path, encoders: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = dict[str, list[str]]()
    plain = Encoding.encode_texts

    def listening(self: Encoding, model: str, texts: list[str], *rest: Any) -> FloatArray:
        asked.setdefault(model, []).extend(texts)
        return plain(self, model, texts, *rest)

    monkeypatch.setattr(Encoding, "encode_texts", listening)
    good, poor = (
        search(engine, engine.place(m, squares(folder)), query="green, big, square", k=8) for m in (GOOD, POOR)
    )
    assert asked[GOOD] == asked[POOR] == ["green, big, square"]
    moved = compare_lists(engine, good, poor)
    assert (moved.a, moved.b) == (GOOD, POOR)
    assert moved.overlap == len({h.id for h in good.hits} & {h.id for h in poor.hits}) / 8
    assert all(m.rank_a is not None and m.rank_b is not None for m in moved.moved)


def test_words_of_a_prompt(engine: Engine, folder: Path) -> None:
    result = word_effects(engine, engine.place(GOOD, squares(folder)), text="a big red square", classname="red")
    by_word = {w.word: w.contribution for w in result.words}
    assert max(by_word, key=lambda w: by_word[w]) == "red" and result.n == 10
    one = word_effects(
        engine,
        engine.place(GOOD, squares(folder)),
        text="a red square",
        picture=engine.vectors.require(engine.place(GOOD, squares(folder))).ids[0],
        rewordings=["red"],
    )
    assert one.n == 1 and [r.text for r in one.rewordings] == ["red"]
    for wrong in ({}, {"picture": "a", "classname": "red"}, {"classname": "mauve"}, {"picture": "nothing"}):
        with pytest.raises(TMVError):
            word_effects(engine, engine.place(GOOD, squares(folder)), text="x y", **wrong)


# --- captions ---------------------------------------------------------------------------------------------


def test_retrieval_ranks_are_kept_on_disk(engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = engine.run(Retrieval.at(engine, POOR, told(folder)))
    assert (result.n_images, result.n_texts, result.captions_range) == (20, 40, (2, 2))
    monkeypatch.setattr("core.studies.captions.retrieval.rank_captions", None)  # computing again would fail
    again = run_study(Engine(), Retrieval, POOR, told(folder))
    assert again.to_record() == result.to_record()
    np.testing.assert_array_equal(again.own, result.own)


def test_retrieval_compares_models_and_breaks_down(engine: Engine, folder: Path) -> None:
    good, poor = (engine.run(Retrieval.at(engine, m, told(folder))) for m in (GOOD, POOR))
    gap = compare_retrieval(engine, good, poor)
    assert gap.image_recall[10].difference == pytest.approx(good.image.recall[10] - poor.image.recall[10])
    for by in ("length", "contenders", "crowding"):
        assert sum(b.n for b in retrieval_by(engine, Retrieval.at(engine, GOOD, told(folder)), by)) == 40
    with pytest.raises(TMVError, match="length"):
        retrieval_by(engine, Retrieval.at(engine, GOOD, told(folder)), "colour")


def test_a_set_of_classes_has_no_captions(engine: Engine, folder: Path) -> None:
    with pytest.raises(TMVError, match="captions"):
        engine.run(Retrieval.at(engine, GOOD, squares(folder)))
    with pytest.raises(TMVError, match="captions"):
        one_picture(engine, engine.place(GOOD, squares(folder)), picture="red/0.png")


def test_one_caption_agrees_with_the_benchmark(engine: Engine, folder: Path, encoders: Encoders) -> None:
    result, images = (
        engine.run(Retrieval.at(engine, GOOD, told(folder))),
        engine.vectors.require(engine.place(GOOD, told(folder))),
    )
    seen = encoders[GOOD].texts_seen
    for row in range(0, 40, 7):
        picture = images.ids[int(result.image_index[row])]
        one = one_caption(
            engine, engine.place(GOOD, told(folder)), picture=picture, text=images.captions[row], by_word=False
        )
        assert one.caption.rank == result.image.ranks[row]
        assert one.caption.margin == pytest.approx(result.margins[row], abs=1e-6)
    assert encoders[GOOD].texts_seen == seen  # stored captions need no encoder
    word = one_caption(
        engine, engine.place(GOOD, told(folder)), picture=images.ids[0], text="a red square", others=["red"]
    )
    assert [w.word for w in word.words] == ["a", "red", "square"] and [o.text for o in word.others] == ["red"]


def test_one_picture_agrees_with_the_benchmark(engine: Engine, folder: Path) -> None:
    result, images = (
        engine.run(Retrieval.at(engine, GOOD, told(folder))),
        engine.vectors.require(engine.place(GOOD, told(folder))),
    )
    for row, rank in zip(result.text.groups, result.text.ranks, strict=True):
        assert one_picture(engine, engine.place(GOOD, told(folder)), picture=images.ids[int(row)]).rank == rank


# --- presets ----------------------------------------------------------------------------------------------


def test_every_data_set_has_presets_and_the_demo_names_its_own_classes() -> None:
    from core.readers.datasets import DATASETS, find_dataset

    assert all(presets.picture_presets(d.name) for d in DATASETS)
    assert {p.name for p in presets.caption_presets("coco")} == {"deck-bears", "deck-people", "deck-meal"}
    objects = find_dataset("demo-objects").classnames
    for preset in presets.picture_presets("demo-objects"):
        assert set(preset.classnames) <= set(objects)
    assert presets.find_picture_preset("deck-fish").texts[0] == "fish"
    with pytest.raises(UnknownName, match="deck-fish"):
        presets.find_picture_preset("deck-fsh")


def test_the_demos_captions_to_look_at_are_captions_of_its_pictures() -> None:
    from core.demo.plans import pictures

    said = {caption for picture in pictures("demo-captions") for caption in picture.captions}
    offered = presets.caption_presets("demo-captions")
    assert len(offered) == 3 and all(preset.caption in said for preset in offered)


def test_without_the_pictures_the_same_split_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    paint(tmp_path)
    point(monkeypatch, tmp_path)
    for split in ("train", "test"):
        shutil.copytree(tmp_path / "squares", tmp_path / "both" / split)
    name, engine = f"folder:{tmp_path / 'both'}", Engine(rescan_seconds=0)
    for split in ("test", "train"):
        engine.vectors.ensure(engine.place(GOOD, name, split))
    before = engine.run(ZeroShot.at(engine, GOOD, name))
    shutil.rmtree(tmp_path / "both")
    after = engine.run(ZeroShot.at(engine, GOOD, name))
    assert before.split == after.split == "test" and before.acc1 == after.acc1
    assert "pictures_not_here" in {note.code for note in after.notes}


def test_folder_names_that_are_one_to_a_model_are_a_fault_as_they_are(engine: Engine) -> None:
    images = as_set("test", np.eye(2, dtype=np.float32), np.arange(2), 2)
    found, names = engine.prompting.named(changed(images, raw_classnames=("Cat", "cat")), "raw")
    assert names == ("Cat", "cat")
    assert [(note.code, note.level) for note in found.provenance.data_notes] == [("equal_names", "fault")]
