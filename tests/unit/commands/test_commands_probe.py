"""The commands probe and fewshot, and the engine's methods behind them, with encoders that see colours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.commands.cli import main
from core.engine import Engine
from core.errors import Cancelled, NotHere, TMVError, UnknownName
from core.studies.few_shot import methods as few_shot_methods
from core.studies.few_shot import runs as few_shot_runs
from core.studies.few_shot.study import FewShot
from core.studies.probe import study as probe_study
from core.studies.probe.result import ProbeOutcome
from core.studies.probe.splits import evaluation_split, train_split
from core.studies.probe.study import LinearProbe
from core.work.tasks import TASKS
from tests.fakes import COLOURS, FakeEncoder, png
from tests.worlds import EACH, GOOD, POOR, kept_study, paint, point, run_study, squares, told


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("probes")
    paint(made)
    for split in ("train", "val"):
        for shade, (colour, rgb) in enumerate(COLOURS.items()):
            (made / "halves" / split / colour).mkdir(parents=True)
            for i in range(6):
                picture = png(rgb, 1000 * (split == "val") + 10 * shade + i)
                (made / "halves" / split / colour / f"{i}.png").write_bytes(picture)
    (made / "tested" / "test" / "red").mkdir(parents=True)
    (made / "tested" / "test" / "red" / "0.png").write_bytes(png(COLOURS["red"], 5))
    return made


@pytest.fixture(autouse=True)
def encoders(painted: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeEncoder]:
    return point(monkeypatch, painted)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """The results of a command that succeeds."""
    assert main([*arguments, "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1 and document["command"] == arguments[0]
    results: list[dict[str, Any]] = document["results"]
    return results


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Status and the one sentence of a command that fails."""
    try:
        status = main([*arguments])
    except SystemExit as stop:
        status = int(stop.code or 0)
    said = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    return status, said[-1]


def halves(folder: Path) -> str:
    return f"folder:{folder / 'halves'}"


# --- probe ------------------------------------------------------------------------------------------------


def test_probe_document(painted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, poor = run(capsys, "probe", "--model", GOOD, "--model", POOR, "--data", halves(painted))
    assert (good["model"], good["split"], good["n"], good["n_train"]) == (GOOD, "val", 24, 24)
    assert good["test_acc1"] > 0.9 >= good["test_acc1"] - good["train_acc1"]
    assert poor["test_acc1"] <= good["test_acc1"]
    assert good["test_acc5"] == 1.0 and len(good["test_acc1_ci95"]) == 2
    assert {"C", "acc1"} <= set(good["validation"][0])
    assert good["C"] in [p["C"] for p in good["validation"]]
    assert good["train"]["split"] == "train" and good["test"]["split"] == "val"
    assert good["train"]["fingerprint"] != good["test"]["fingerprint"]
    assert good["provenance"]["model_digest"] == good["train_provenance"]["model_digest"]


def test_probe_table(painted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "--model", GOOD, "--data", halves(painted)]) == 0
    out = capsys.readouterr().out
    assert "trained on" in out and "100.00 %" in out


def test_a_folder_without_splits_is_tested_on_its_other_half(painted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = run(capsys, "probe", "--model", GOOD, "--data", squares(painted))[0]
    assert (record["split"], record["n_train"], record["n"]) == ("test", 2 * EACH, 2 * EACH)


def test_unit_length_is_kept_apart(painted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, unit = (
        run(capsys, "probe", "--model", POOR, "--data", halves(painted), *more)[0] for more in ([], ["--normalise"])
    )
    assert (plain["normalised"], unit["normalised"]) == (False, True)


def test_without_a_training_split_it_says_so(painted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for data, words in (
        (f"folder:{painted / 'tested'}", "has no training split (there is: test)"),
        (told(painted), "captions, not classes"),
    ):
        for command in ("probe", "fewshot"):
            status, said = failure(capsys, command, "--model", GOOD, "--data", data)
            assert status == 1 and words in said and said.startswith(f"{command}: ")


@pytest.mark.parametrize("command", ["probe", "fewshot"])
def test_a_path_where_nothing_is_says_so(painted: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    status, said = failure(capsys, command, "--model", GOOD, "--data", f"folder:{painted / 'nothing'}")
    assert status == 1 and said.startswith(f"{command}: There is no folder ")


def test_training_pictures_are_not_tested_on(painted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = failure(capsys, "probe", "--model", GOOD, "--data", squares(painted), "--split", "train")
    assert status == 1 and "same images" in said
    status, said = failure(capsys, "probe", "--model", GOOD, "--data", squares(painted), "--split", "all")
    assert status == 1 and "20 of the 40 test images" in said


# --- the engine's probe -----------------------------------------------------------------------------------


def test_a_probe_is_kept_and_found_again(painted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, data = Engine(), halves(painted)
    for split in ("train", "val"):
        engine.vectors.ensure(engine.place(GOOD, data, split))
    first = engine.run(LinearProbe.at(engine, GOOD, data))
    assert engine.run(LinearProbe.at(engine, GOOD, data)) is first

    def never(*_: object, **__: object) -> ProbeOutcome:
        raise AssertionError("computed again")

    monkeypatch.setattr(probe_study, "probe", never)
    for again in (run_study(Engine(), LinearProbe, GOOD, data), kept_study(Engine(), LinearProbe, GOOD, data)):
        assert again is not None and again.to_record() == first.to_record()
        np.testing.assert_array_equal(again.ranks, first.ranks)
    assert kept_study(Engine(), LinearProbe, GOOD, data, normalise=True) is None


def test_a_damaged_result_is_computed_again(painted: Path) -> None:
    engine, data = Engine(), squares(painted)
    for split in ("train", "test"):
        engine.vectors.ensure(engine.place(GOOD, data, split))
    first = engine.run(LinearProbe.at(engine, GOOD, data))
    key = str(LinearProbe.at(engine, GOOD, data).key(engine))
    assert engine.results.get(key) is not None
    for broken in (b"nothing of the kind", {"C": 1}):
        engine.results.put(key, broken)
        assert kept_study(Engine(), LinearProbe, GOOD, data) is None
        assert run_study(Engine(), LinearProbe, GOOD, data).acc1 == first.acc1


def test_what_is_not_embedded_is_not_probed(painted: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMV_CACHE", str(tmp_path))
    engine = Engine()
    assert engine.kept(LinearProbe.at(engine, GOOD, halves(painted))) is None
    assert engine.kept(FewShot.at(engine, GOOD, halves(painted))) is None
    with pytest.raises(NotHere, match="not embedded"):
        engine.run(LinearProbe.at(engine, GOOD, halves(painted)))


def test_splits_to_train_and_to_test_on(painted: Path) -> None:
    engine = Engine()
    assert train_split(engine, "cifar100") == "train"
    assert [evaluation_split(engine, name) for name in ("eurosat", "imagenet_mini", squares(painted))] == [
        "test",
        "val",
        "test",
    ]
    assert evaluation_split(engine, halves(painted), "train") == "train"
    with pytest.raises(TMVError, match="captions, not classes"):
        train_split(engine, "coco")


def test_tasks_embed_what_is_missing_and_keep_the_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    engine, data, seen = Engine(), squares(tmp_path), list[tuple[int, int]]()
    job = engine.submit(LinearProbe.at(engine, GOOD, data))
    engine.jobs.cancel(job.id)
    assert job.kind == "probe" and job.params["split"] == "test"
    TASKS["probe"](engine, job.params, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3000, 3000) and [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert engine.kept(LinearProbe.at(engine, GOOD, data)) is not None
    other = engine.submit(FewShot.at(engine, GOOD, data, shots=[1, 2], methods=["tip"], seeds=2))
    engine.jobs.cancel(other.id)
    TASKS["fewshot"](engine, json.loads(json.dumps(dict(other.params))), lambda done, total: None)
    found = engine.kept(FewShot.at(engine, GOOD, data, shots=[1, 2], methods=["tip"], seeds=2))
    assert found is not None and len(found.points) == 3
    assert engine.kept(FewShot.at(engine, GOOD, data, shots=[1, 2], methods=["tip"], seeds=3)) is None


# --- fewshot ----------------------------------------------------------------------------------------------


def test_fewshot_document(painted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = run(
        capsys,
        "fewshot",
        "--model",
        GOOD,
        "--data",
        halves(painted),
        "--shots",
        "1",
        "--shots",
        "4",
        "--method",
        "probe",
        "--method",
        "tip-f",
        "--seeds",
        "2",
    )
    assert [(r["method"], r["shots"]) for r in records] == [("probe", 1), ("probe", 4), ("tip-f", 1), ("tip-f", 4)]
    zero_shot = run(capsys, "classify", "--model", GOOD, "--data", halves(painted))[0]["acc1"]
    for record in records:
        assert record["zero_shot_acc1"] == zero_shot
        assert len(record["acc1"]) == 2 and record["acc1_mean"] == pytest.approx(np.mean(record["acc1"]))
        assert record["acc1_std"] == pytest.approx(np.std(record["acc1"], ddof=1))
        assert record["n"] == 24 and record["n_shots"] == [4 * record["shots"]] * 2
    assert records[-1]["settings"][0]["of_steps"] == 100


def test_fewshot_of_one_draw_has_no_spread(painted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = (
        "fewshot",
        "--model",
        GOOD,
        "--data",
        halves(painted),
        "--shots",
        "2",
        "--method",
        "tip",
        "--seeds",
        "1",
    )
    records = run(capsys, *arguments)
    assert records[0]["acc1_std"] is None and "one_draw" in {note["code"] for note in records[0]["notes"]}
    capsys.readouterr()
    assert main([*arguments]) == 0
    shown = capsys.readouterr()
    assert "tip" in shown.out and "zero-shot" in shown.out and "One draw says little" in shown.out


def test_fewshot_tells_what_no_figure_shows(painted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fewshot", "--model", GOOD, "--data", halves(painted), "--shots", "64", "--method", "tip"]) == 0
    assert "4 classes have fewer than 64 images to spare" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--method", "tipf"), "did you mean tip or tip-f"),
        (("--shots", "0"), "at least 1"),
        (("--seeds", "none"), "at least 1"),
        (("--seeds", "101"), "takes 1 to 100 seeds"),
        (("--templates", "nothing"), "No prompt set"),
    ],
)
def test_fewshot_refuses(
    painted: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    status, said = failure(capsys, "fewshot", "--model", GOOD, "--data", halves(painted), *arguments)
    assert status == 2 and words in said


def test_a_study_is_extended_not_repeated(painted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, data = Engine(), squares(painted)
    for split in ("train", "test"):
        engine.vectors.ensure(engine.place(POOR, data, split))
    runs = list[tuple[str, int]]()
    plain = few_shot_methods.FewShotMethods.run

    def counted(self: Any, method: Any, shots: int, *rest: Any) -> Any:
        runs.append((method, shots))
        return plain(self, method, shots, *rest)

    monkeypatch.setattr(few_shot_methods.FewShotMethods, "run", counted)
    small = engine.run(FewShot.at(engine, POOR, data, shots=[1], methods=["probe", "tip"], seeds=2))
    large = run_study(Engine(), FewShot, POOR, data, shots=[1, 2], methods=["probe", "tip"], seeds=2)
    assert len(runs) == 8 and runs[4:] == [("probe", 2), ("probe", 2), ("tip", 2), ("tip", 2)]
    assert large.point("tip", 1).acc1 == small.point("tip", 1).acc1
    other = engine.run(
        FewShot.at(engine, POOR, data, shots=[1], methods=["probe", "tip"], seeds=2, templates=["{}, a colour"])
    )
    assert runs[8:] == [("tip", 1), ("tip", 1)], "a probe does not depend on prompts"
    assert other.protocol.templates == ("{}, a colour",)


def test_a_stopped_study_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    engine, data = Engine(), squares(tmp_path)
    for split in ("train", "test"):
        engine.vectors.ensure(engine.place(GOOD, data, split))

    def stop(done: int, total: int) -> None:
        assert total <= 4
        if done == 3:
            raise Cancelled("stopped")

    options: dict[str, Any] = {"shots": [1, 2], "methods": ["tip"], "seeds": 2}
    with pytest.raises(Cancelled):
        engine.run(FewShot.at(engine, GOOD, data, **options), stop)
    left = list[int]()
    engine.run(FewShot.at(engine, GOOD, data, **options), lambda done, total: left.append(total))
    assert set(left) == {1}


def test_plans(painted: Path) -> None:
    plan = few_shot_runs.plan_of([4, 1, 4], ["tip", "tip"], 2)
    assert plan == [("tip", 1, 0), ("tip", 1, 1), ("tip", 4, 0), ("tip", 4, 1)]
    for shots, methods, seeds in (
        ([], ["tip"], 1),
        ([1], [], 1),
        ([0], ["tip"], 1),
        ([1], ["tip"], 0),
        ([1], ["tip"], 101),
    ):
        with pytest.raises(TMVError):
            few_shot_runs.plan_of(shots, methods, seeds)
    with pytest.raises(UnknownName):
        few_shot_runs.plan_of([1], ["knn"], 1)
