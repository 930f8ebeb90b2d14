"""One draw of a few-shot study picture by picture: parity with the study, how it is kept, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.engine import Engine
from core.errors import BadArgument, TMVError, UnknownName
from core.stats.answers import Answers
from core.stats.metrics import calibration
from core.studies.few_shot import runs as few_shot_runs
from core.studies.few_shot.draw import FewShotDraw, assemble
from core.studies.few_shot.gain import differences_by_seed
from core.studies.few_shot.methods import METHODS, FewShotMethods, Method
from core.studies.few_shot.result import FewShotRun
from core.studies.few_shot.runs import MOST_SEEDS, answers_key, run_keys
from core.studies.few_shot.shots import Draw
from core.studies.few_shot.study import FewShot, SingleDraw, kept_draws
from core.studies.probe.training_rows import labels_of
from core.types import EmbeddingSet, FloatArray
from core.words.few_shot import draw_line, one_draw, other_draws, say_draw
from core.work.tasks import TASKS
from tests.training_sets import changed, clouds, head
from tests.worlds import POOR, kept_study, paint, point, squares

Pair = tuple[EmbeddingSet, EmbeddingSet]


@pytest.fixture(scope="module")
def pair() -> Pair:
    return clouds("train", (30, 30, 30, 12), spread=0.5), clouds("test", (50, 50, 50, 50), spread=0.5)


@pytest.fixture(scope="module")
def blurred(pair: Pair) -> FloatArray:
    return head(pair[0], blur=0.7)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Coloured squares, both halves embedded with the model that is sometimes wrong."""
    made = tmp_path_factory.mktemp("draws")
    paint(made)
    return made


@pytest.fixture
def engine(embedded: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    point(monkeypatch, embedded)
    found = Engine()
    for split in ("train", "test"):
        found.vectors.ensure(found.place(POOR, squares(embedded), split))
    return found


def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any) -> Any:
        raise AssertionError("nothing may be trained here")

    monkeypatch.setattr(FewShotMethods, "run", run)


# --- the answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_the_answers_are_those_that_the_run_counts(pair: Pair, blurred: FloatArray, method: Method) -> None:
    train, test = pair
    unit, found = FewShotMethods(train, test, blurred).run(method, 4, Draw.of(labels_of(train), 1))
    np.testing.assert_array_equal(found.correct, unit.correct)
    np.testing.assert_array_equal(found.top[:, 0] == labels_of(test), unit.correct)
    assert (np.diff(found.probability, axis=1) <= 0).all() and found.probability.sum(axis=1) == pytest.approx(1)
    places = np.array([list(top).index(label) + 1 for top, label in zip(found.top, labels_of(test), strict=True)])
    np.testing.assert_array_equal(places, found.ranks, "with four classes, every rank is among the best five")


def test_answers_come_back_from_disk_as_they_were(pair: Pair, blurred: FloatArray) -> None:
    _, found = FewShotMethods(*pair, blurred).run("tip", 2, Draw.of(labels_of(pair[0]), 0))
    again = Answers.from_bytes(found.to_bytes())
    for name in ("ranks", "top", "probability"):
        one, other = getattr(found, name), getattr(again, name)
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    broken = Answers(ranks=found.ranks[:-1].copy(), top=found.top.copy(), probability=found.probability.copy())
    for kept in (b"", b"not an archive", found.to_bytes()[:-40], broken.to_bytes()):
        with pytest.raises(ValueError):
            Answers.from_bytes(kept)


def test_a_draw_knows_what_it_rests_on(pair: Pair, blurred: FloatArray) -> None:
    train, test = pair
    unit, found = FewShotMethods(train, test, blurred).run("tip-f", 16, Draw.of(labels_of(train), 2))
    draw = assemble(train, test, ("tip-f", 16, 2), unit, found, ("a photo of a {}.",))
    assert draw.acc1 == unit.acc1 == draw.correct.mean() and draw.acc1_ci95[0] < draw.acc1 < draw.acc1_ci95[1]
    assert (draw.n_shots, draw.shots, draw.seed, draw.templates) == (16 * 3 + 10, 16, 2, ("a photo of a {}.",))
    assert draw.notes == ("One class has fewer than 16 images to spare; such a class gives all it has.",)
    assert assemble(train, test, ("probe", 16, 2), unit, found, ("a photo of a {}.",)).templates == ()
    with pytest.raises(TMVError, match="run it again"):
        half = changed(test, image_embeddings=test.image_embeddings[:9], ids=test.ids[:9], labels=labels_of(test)[:9])
        assemble(train, half, ("probe", 16, 2), unit, found, ())


# --- the engine -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_a_draw_is_the_studys_own_run(
    engine: Engine, embedded: Path, monkeypatch: pytest.MonkeyPatch, method: Method
) -> None:
    data = squares(embedded)
    study = engine.run(FewShot.at(engine, POOR, data, shots=[1, 2], methods=[method], seeds=2))
    no_training(monkeypatch)
    for k in (1, 2):
        for seed, unit in enumerate(study.point(method, k).units):
            draw = kept_study(Engine(), SingleDraw, POOR, data, method=method, shots=k, seed=seed)
            assert draw is not None and draw.acc1 == study.point(method, k).acc1[seed]
            np.testing.assert_array_equal(draw.correct, unit.correct)
            assert draw.settings == unit.settings and draw.ids == study.zero_shot.ids
        kept = kept_draws(engine, FewShot.at(engine, POOR, data, methods=[method], shots=[k]))
        assert {seed: unit.acc1 for seed, unit in kept.items()} == dict(enumerate(study.point(method, k).acc1))


def test_answers_that_are_lost_come_again_to_the_last_digit(engine: Engine, embedded: Path) -> None:
    data = squares(embedded)
    study = engine.run(FewShot.at(engine, POOR, data, shots=[2], methods=["tip-f"], seeds=2))
    train, test = FewShot.at(engine, POOR, data).pair(engine)
    run: tuple[Method, int, int] = ("tip-f", 2, 1)
    key = run_keys(train, test, study.zero_shot.templates, [run])[run]
    for spoil in (engine.results.discard, lambda k: engine.results.put(k, b"spoilt")):
        spoil(answers_key(key))
        assert engine.kept(SingleDraw.at(engine, POOR, data, method="tip-f", shots=2, seed=1)) is None
        assert (
            engine.run(SingleDraw.at(engine, POOR, data, method="tip-f", shots=2, seed=1)).acc1
            == study.point("tip-f", 2).acc1[1]
        )
        assert engine.kept(SingleDraw.at(engine, POOR, data, method="tip-f", shots=2, seed=1)) is not None


def test_answers_that_do_not_fit_the_run_are_not_shown(engine: Engine, embedded: Path) -> None:
    data = squares(embedded)
    draw = engine.run(SingleDraw.at(engine, POOR, data, method="tip", shots=2))
    train, test = FewShot.at(engine, POOR, data).pair(engine)
    run: tuple[Method, int, int] = ("tip", 2, 0)
    key = run_keys(train, test, draw.templates, [run])[run]
    unit = few_shot_runs.kept_run(engine, key)
    assert unit is not None
    other = FewShotRun(
        correct=~unit.correct,
        n_shots=unit.n_shots,
        n_validation=unit.n_validation,
        short=unit.short,
        settings=unit.settings,
    )
    engine.results.put(key, other.to_record())
    assert engine.kept(SingleDraw.at(engine, POOR, data, method="tip", shots=2)) is None
    assert engine.run(SingleDraw.at(engine, POOR, data, method="tip", shots=2)).acc1 == draw.acc1


def test_prompts_are_part_of_a_draw_where_they_matter(engine: Engine, embedded: Path) -> None:
    data, own = squares(embedded), ["{}, seen from above"]
    for method in ("probe", "tip"):
        engine.run(SingleDraw.at(engine, POOR, data, method=method, shots=2))
    assert engine.kept(SingleDraw.at(engine, POOR, data, method="probe", shots=2, templates=own)) is not None
    assert engine.kept(SingleDraw.at(engine, POOR, data, method="tip", shots=2, templates=own)) is None
    assert engine.run(SingleDraw.at(engine, POOR, data, method="tip", shots=2, templates=own)).templates == tuple(own)


def test_what_cannot_be_drawn_is_one_sentence(engine: Engine, embedded: Path) -> None:
    data = squares(embedded)
    draw: dict[str, Any] = {"method": "tip", "shots": 2}
    with pytest.raises(UnknownName, match="No few-shot method"):
        engine.kept(SingleDraw.at(engine, POOR, data, **draw | {"method": "knn"}))
    with pytest.raises(BadArgument, match=r"at most \d+ images per class to learn from, so 999 per class cannot"):
        engine.kept(SingleDraw.at(engine, POOR, data, **draw | {"shots": 999}))
    with pytest.raises(BadArgument, match="at least one image"):
        engine.run(SingleDraw.at(engine, POOR, data, **draw | {"shots": 0}))
    for seed in (-1, MOST_SEEDS):
        with pytest.raises(BadArgument, match="whole number from 0 to 99"):
            engine.submit(SingleDraw.at(engine, POOR, data, seed=seed, **draw))


def test_the_task_runs_the_draw_and_those_beside_it(
    engine: Engine, embedded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = squares(embedded)
    asked: dict[str, Any] = {"method": "probe", "shots": 4, "seed": 7, "prompt_set": "photo"}
    jobs = list[tuple[str, str, str, Any]]()
    monkeypatch.setattr(engine.jobs, "submit", lambda *job: jobs.append(job))
    engine.submit(SingleDraw.at(engine, POOR, data, **asked))
    kind, key, _, params = jobs[0]
    assert key == SingleDraw.at(engine, POOR, data, **asked).job_key()
    assert key != SingleDraw.at(engine, POOR, data, **asked | {"seed": 6}).job_key()
    shares = list[float]()
    TASKS[kind](engine, json.loads(json.dumps(params)), lambda done, total: shares.append(done / total))
    assert shares == sorted(shares) and shares[-1] == 1
    assert engine.kept(SingleDraw.at(engine, POOR, data, **asked)) is not None
    assert sorted(kept_draws(engine, FewShot.at(engine, POOR, data, methods=["probe"], shots=[4]))) == [0, 1, 2, 7]


# --- in words ---------------------------------------------------------------------------------------------


def made(method: Method = "tip", seed: int = 0, shots: int = 16) -> FewShotDraw:
    train, test = clouds("train", (30, 30, 30, 12), spread=0.5), clouds("test", (50, 50, 50, 50), spread=0.5)
    unit, found = FewShotMethods(train, test, head(train, 0.7)).run(method, shots, Draw.of(labels_of(train), seed))
    return assemble(train, test, (method, shots, seed), unit, found, ("{}",))


def runs(*right: int) -> dict[int, FewShotRun]:
    return {
        seed: FewShotRun(correct=np.arange(200) < hits, n_shots=8, n_validation=4, short=0, settings={})
        for seed, hits in enumerate(right)
    }


def test_a_draw_in_words() -> None:
    draw = made("probe", seed=3, shots=4)
    assert draw_line(draw).startswith("200 of 13,500 images · trained on 16, 4 per class · seed 3 · C ")
    assert say_draw("tip-f", 16) == "Tip-Adapter-F, 16 per class"
    assert say_draw("few-shot-probe", 1, 2) == "few-shot linear probe, 1 per class, seed 2"


def test_one_draw_is_said_to_be_one() -> None:
    said = one_draw(made(), "Tip-Adapter", runs(100, 110, 120))
    assert said.code == "one_of_several" and "seed 0" in said
    assert "55.0" in said and "± 5.0 points over 3 draws (50.0–60.0" in said
    assert one_draw(made(), "Tip-Adapter", runs(100)).code == "only_draw"


def test_how_the_difference_moves_with_the_draw() -> None:
    few = runs(100, 110, 120)
    assert differences_by_seed(few, 0.52) == pytest.approx({0: -0.02, 1: 0.03, 2: 0.08})
    assert differences_by_seed(0.5, few) == pytest.approx({0: 0.0, 1: -0.05, 2: -0.1})
    assert differences_by_seed(few, {1: few[2], 2: few[1], 5: few[0]}) == pytest.approx({1: -0.05, 2: 0.05})
    assert differences_by_seed(0.5, 0.4) == {}
    said = other_draws(differences_by_seed(few, 0.52), "Tip-Adapter")
    assert said.code == "changes_sides" and "3 draws of Tip-Adapter" in said and "−2.0 to +8.0\u00a0points" in said
    assert other_draws({0: 0.01, 1: 0.02}, "it").code == "one_sided"
    assert other_draws({0: 0.01}, "it") == other_draws({}, "it") and other_draws({}, "").code == "no_other_draw"


def test_calibration_of_a_draw_is_that_of_its_probabilities() -> None:
    draw = made("tip-f")
    found = calibration(draw.top5_probability[:, 0], draw.correct)
    assert int(found.count.sum()) == draw.n and 0 <= found.ece < 1
