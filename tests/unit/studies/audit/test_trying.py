"""A fault found by making it: answers of open_clip's and torchvision's own calls, right and with mistakes planted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks._plain import RIGHT, SCRIPTS, Plain, Script
from core.commands import cli
from core.encoders.wrong_ways import WAYS, Recipe
from core.engine import Engine
from core.errors import NotHere
from core.readers.predictions import parse_predictions
from core.stats.shuffles import loader
from core.studies.audit import AuditResult
from core.studies.audit.study import Audit, audit_classes, audit_predictions, trying_of
from core.studies.audit.trying import asking, rows, search
from core.studies.audit.trying.result import Attempt, Trial, agreement, judge, judge_accuracy
from core.studies.audit.trying.study import Trying, keep_answers
from core.types import IntArray, Preprocessing

MODEL, DATA = "demo-rn/demo", "demo-objects"


class Here:
    """The demo, embedded, and a script's answers on its images."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(folder / "cache", folder / "data")
        self.engine.data.ensure_demo(DATA)
        self.place = self.engine.place(MODEL, DATA)
        self.engine.vectors.ensure(self.place)
        self.images = self.engine.vectors.require(self.place)
        root = next((folder / "cache").rglob("apple_000.png")).parents[1]
        self.files = [root.parent / i if (root.parent / i).exists() else root / i for i in self.images.ids]

    def answers(self, script: Script) -> IntArray:
        return Plain("demo-rn").answers(self.files, self.images.classnames, script)

    def tried(self, answers: IntArray) -> Trial:
        return self.engine.run(Trying(place=self.place, answers=keep_answers(self.engine, answers)))

    def table(self, answers: IntArray) -> bytes:
        names, labels = self.images.classnames, np.asarray(self.images.labels)
        rows = zip(self.images.ids, labels, answers, strict=True)
        lines = [f"{i},{names[y]},{names[a]}" for i, y, a in rows if a >= 0]
        return "\n".join(["image,label,prediction", *lines, ""]).encode()

    def audited(self, answers: IntArray) -> AuditResult:
        (brought,) = parse_predictions(self.table(answers), "mine.csv", audit_classes(self.engine, DATA))
        return audit_predictions(self.engine, brought, MODEL, DATA, encode=True, attempt=self.engine.run)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Here:
    return Here(tmp_path_factory.mktemp("tried"))


NAMED = ("channels swapped", "ImageNet's mean and deviation", "not normalized", "nearest", "grayscale")
MODEL_ONES = ("training mode, batches of 64", "class vectors not normalized", "channels swapped, nearest")


@pytest.mark.parametrize("name", [*NAMED, *MODEL_ONES])
def test_the_mistake_behind_answers_is_named(here: Here, name: str) -> None:
    script, expected = SCRIPTS[name]
    trial = here.tried(here.answers(script))
    assert trial.outcome == "named" and [w.name for w in trial.named] == [expected]
    way = trial.named[0]
    assert way.agreed >= 0.99 * way.of and way.right < way.agreed


@pytest.mark.parametrize(("order", "name"), [(1, "shifted-one-low"), (-2, "shifted-two-high"), (0, "reversed")])
def test_rows_beside_other_images_are_named(here: Here, order: int, name: str) -> None:
    answers = here.answers(RIGHT)
    moved = np.roll(answers, order) if order else answers[::-1].copy()
    trial = here.tried(moved)
    assert trial.outcome == "named" and [way.name for way in trial.named] == [name]


def _by_name(here: Here) -> np.ndarray:
    return np.array(sorted(range(len(here.images)), key=here.images.ids.__getitem__))


def test_the_order_of_rows_is_named_and_the_number_without_it_given(here: Here) -> None:
    answers = here.answers(RIGHT)
    for order, name in ((_by_name(here), "by-name"), (loader(len(answers), 42), "shuffled-loader-42")):
        result = here.audited(answers[order])
        trial, finding = result.case.trial, result.finding("rows")
        assert trial is not None and trial.outcome == "named" and [way.name for way in trial.named] == [name]
        assert finding.verdict == "fault" and finding.counterfactual is not None
        assert finding.counterfactual.value == pytest.approx(float((answers == here.images.labels).mean()))
        assert not any("pixels" in way.said or "training" in way.said for way in trial.ways), "nothing was encoded"


def test_rows_in_an_order_that_nobody_knows_are_said_to_be(here: Here) -> None:
    answers = here.answers(RIGHT)
    order = np.argsort(np.sin(1 + 7 * np.arange(len(answers))))
    result = here.audited(answers[order])
    finding, trial = result.finding("rows"), result.case.trial
    assert finding.verdict == "fault" and "none of those that were tried" in finding.evidence
    assert trial is not None and trial.outcome in ("none", "nearest")
    assert here.audited(answers).finding("rows").verdict == "ok"


def _unnamed(here: Here, order: np.ndarray, answers: np.ndarray) -> AuditResult:
    names, labels = here.images.classnames, np.asarray(here.images.labels)
    lines = [f"{names[labels[row]]},{names[answers[row]]}" for row in order]
    text = "\n".join(["label,prediction", *lines, ""])
    (brought,) = parse_predictions(text.encode(), "mine.csv", audit_classes(here.engine, DATA))
    return audit_predictions(here.engine, brought, MODEL, DATA, encode=True, attempt=here.engine.run)


def test_a_table_without_names_is_read_in_the_order_of_its_labels(here: Here) -> None:
    answers = here.answers(RIGHT)
    for order in (np.arange(len(answers)), _by_name(here), loader(len(answers), 3)):
        result = _unnamed(here, order, answers)
        assert [note.code for note in result.case.notes] == ["taken_in_order"]
        assert result.finding("reproduced").verdict == "ok" and result.finding("rows").verdict == "ok"
    no_order = _unnamed(here, np.argsort(np.sin(1 + 7 * np.arange(len(answers)))), answers)
    assert [note.code for note in no_order.case.notes] == ["unnamed_pictures"]
    assert no_order.case.trial is None and "another one" in no_order.case.notes[0]
    assert "999 rows" in _unnamed(here, np.arange(999), answers).case.notes[0]


def test_sound_answers_are_called_sound_and_what_comes_to_the_same_is_said(here: Here) -> None:
    answers = here.answers(RIGHT)
    result = here.audited(answers)
    trial, finding = result.case.trial, result.finding("tried")
    assert trial is not None and trial.outcome == "sound" and trial.right.of == len(answers)
    assert finding.verdict == "ok" and "are those of the right way" in finding.evidence
    assert "with class names in upper case" in trial.same and "cannot be told" in finding.evidence


@pytest.mark.parametrize("script", [replace(RIGHT, half=True), replace(RIGHT, quick_gelu=True)])
def test_what_changes_no_answer_here_is_not_guessed(here: Here, script: Script) -> None:
    assert here.tried(here.answers(script)).outcome == "sound"


def test_what_no_row_of_the_table_does_is_at_most_the_nearest(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_PAIRS", 2)
    rng = np.random.default_rng(1)
    chance = rng.integers(0, len(here.images.classnames), len(here.images))
    assert (
        here.tried(chance).outcome in ("none", "nearest") and here.audited(chance).finding("tried").verdict != "fault"
    )
    alike = here.tried(np.zeros(len(here.images), np.int64))
    assert alike.outcome != "named" or alike.named[0].agreed < alike.named[0].of, "one class always says nothing"


def test_missing_rows_do_not_matter_and_the_finding_says_its_numbers(here: Here) -> None:
    answers = here.answers(SCRIPTS["channels swapped"][0])
    answers[::20] = -1
    result = here.audited(answers)
    finding = result.finding("tried")
    assert result.raised[0] == finding and finding.evidence in result.sentence
    assert finding.verdict == "fault" and "color channels swapped (BGR)" in finding.evidence
    assert finding.counterfactual is None or finding.counterfactual.difference > 0.05


def test_the_stored_vectors_are_tried_too(here: Here) -> None:
    trial = here.engine.run(Trying(place=here.place))
    assert trial.outcome == "sound" and trial.compared == "vectors" and trial.right.agreed == trial.right.of
    result = here.engine.run(Audit.at(here.engine, MODEL, DATA))
    assert result.finding("tried").verdict == "ok" and trying_of(here.engine, result) is None


def test_an_accuracy_alone_names_candidates(here: Here) -> None:
    def audited(acc1: float) -> AuditResult:
        document = {"dataset": DATA, "model": MODEL, "metrics": {"acc1": acc1}}
        (brought,) = parse_predictions(json.dumps(document).encode(), "mine.json")
        return audit_predictions(here.engine, brought, MODEL, DATA, attempt=here.engine.run)

    right = audited(0.917)
    assert right.finding("tried").verdict == "ok" and right.case.trial is not None
    swapped = audited(float((here.answers(SCRIPTS["channels swapped"][0]) == here.images.labels).mean()))
    trial, finding = swapped.case.trial, swapped.finding("tried")
    assert trial is not None and trial.outcome == "candidates" and "bgr" in {way.name for way in trial.named}
    assert finding.verdict == "warning" and "not a proof" in finding.evidence
    assert audited(0.002).finding("tried").verdict == "cannot tell"


def test_a_stopped_search_goes_on_and_its_result_is_kept(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = np.roll(here.answers(SCRIPTS["a mean and deviation of 0.5"][0]), 0)
    study = Trying(place=here.place, answers=keep_answers(here.engine, answers))
    assert here.engine.kept(study) is None
    seen: list[int] = []

    def stop(done: int, total: int) -> None:
        seen.append(done)
        assert done <= total
        if done > 25:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        here.engine.run(study, stop)
    first = here.engine.run(study)
    assert here.engine.kept(study) == first and study.of_job(here.engine, study.job_params()) == study
    with pytest.raises(NotHere, match="bring the file again"):
        here.engine.run(Trying(place=here.place, answers="nothing"))


def test_the_command_tries(
    here: Here, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes(here.table(here.answers(SCRIPTS["channels swapped"][0])))
    monkeypatch.setenv("TMV_CACHE", str(here.engine.cache_dir))
    monkeypatch.setenv("TMV_DATA", str(here.engine.data.folder))
    assert cli.main(["audit", "--predictions", str(file), "--model", MODEL, "--data", DATA, "--try"]) == 0
    assert "color channels swapped (BGR)" in capsys.readouterr().out


# --- steps by hand --------------------------------------------------------------------------------------------

HOW = Preprocessing(size=4, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def _numbers(name: str, image: Image.Image) -> np.ndarray:
    import io

    out = io.BytesIO()
    exif = Image.Exif()
    exif[274] = 6
    image.save(out, "PNG", exif=exif)
    recipe = Recipe.of([way for way in WAYS if way.name == name])
    return recipe.numbers(recipe.seen(out.getvalue(), HOW), HOW)


def test_exif_transparency_and_size() -> None:
    clear = Image.new("RGBA", (8, 4), (255, 0, 0, 0))
    assert (_numbers("right", clear) == 1).all() and (_numbers("alpha-black", clear) == -1).all()
    assert (_numbers("alpha-dropped", clear)[0] == 1).all() and (_numbers("alpha-dropped", clear)[1] == -1).all()
    half = Image.fromarray(np.repeat(np.array([[0] * 4 + [255] * 4], np.uint8), 8, 0)).convert("RGB")
    upright, as_stored = _numbers("right", half), _numbers("exif", half)
    assert np.allclose(as_stored[0], upright[0].T) and not np.allclose(as_stored, upright)
    assert _numbers("not-resized", half).shape == (3, 4, 4) and _numbers("to-255", half).max() == 255
    barred = _numbers("pad", Image.new("RGB", (4, 8), "white"))  # upright it is 8 x 4
    assert (barred[:, 0] == -1).all() and (barred[:, 1:3] == 1).all()


def test_every_row_has_a_name_of_its_own_and_a_step() -> None:
    every = [(way.name, way.said) for way in WAYS]
    every += [(way.name, way.said) for way in asking.WAYS] + [(way.name, way.said) for way in rows.WAYS]
    assert len({name for name, _ in every}) == len({said for _, said in every}) == len(every)
    assert {way.step for way in WAYS} == set(Recipe.__slots__)


# --- the judgement by hand ------------------------------------------------------------------------------------


def _attempt(parts: tuple[str, ...], agreed: int, n: int, of: int | None = None, first: int = 0) -> Attempt:
    agrees = np.full(n, -1, np.int8)
    agrees[: of or n] = 0
    agrees[first : first + agreed] = 1
    return Attempt(parts=parts, said="+".join(parts) or "right", agrees=agrees)


def test_the_judgement() -> None:
    right = _attempt((), 80, 100)
    assert judge([right, _attempt(("a",), 100, 100)], "answers").outcome == "named"
    two = judge([right, _attempt(("a",), 100, 100), _attempt(("b",), 99, 100)], "answers")
    assert two.outcome == "alike" and [w.name for w in two.named] == ["a", "b"]
    assert judge([right, _attempt(("a",), 95, 100)], "answers").outcome == "nearest"
    assert judge([right, _attempt(("a",), 84, 100)], "answers").outcome == "none"
    assert judge([_attempt((), 99, 100), _attempt(("a",), 100, 100)], "answers").outcome == "sound"
    pair = judge([right, _attempt(("a",), 100, 100), _attempt(("a", "b"), 100, 100)], "answers")
    assert [w.name for w in pair.named] == ["a"]
    trial = judge([right, _attempt(("a",), 100, 100)], "answers", ("x",), 1.5)
    assert Trial.of_dict(trial.as_dict()) == trial and trial.right.agreed == 80


def test_the_judgement_of_an_accuracy() -> None:
    ways = [replace(_attempt(parts, 0, 400), correct=correct) for parts, correct in (((), 360), (("a",), 240))]
    assert judge_accuracy(ways, 0.91).outcome == "sound" and judge_accuracy(ways, 0.75).outcome == "none"
    found = judge_accuracy(ways, 0.62)
    assert found.outcome == "candidates" and [way.name for way in found.named] == ["a"]


def test_agreement_and_sampling() -> None:
    found = agreement(np.array([5, 1, -1, 2]), np.array([5, 1, 3]), np.array([0, 2, 3]))
    assert found.tolist() == [1, -1, -1, 0]
    labels = np.repeat([0, 1, 2, 3], [500, 20, 20, 460])
    drawn = search._spread(labels, 80)
    assert len(drawn) == 80 and np.bincount(labels[drawn]).tolist() == [20, 20, 20, 20]
    assert (search._spread(labels, 80) == drawn).all() and len(search._spread(labels, 2000)) == 1000
