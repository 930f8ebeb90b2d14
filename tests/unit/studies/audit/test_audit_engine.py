"""The audit of real studies and of people's own predictions, through the engine and the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.commands import cli
from core.engine import Engine
from core.errors import NotHere
from core.readers.predictions import parse_predictions
from core.store import write_card
from core.studies.audit import NAMES, PROTOCOL, TEMPLATES, Asked, runs
from core.studies.audit import external as elsewhere
from core.studies.audit.study import Audit, audit_classes, audit_deck, audit_predictions, audit_probe
from core.studies.probe.study import LinearProbe
from core.studies.zero_shot.study import ZeroShot
from tests.fakes import COLOURS, FakeEncoder, png
from tests.worlds import EACH, GOOD, POOR, paint, point, run_study, squares, told

N = EACH * len(COLOURS)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    paint(tmp_path)
    return tmp_path


@pytest.fixture
def encoders(world: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeEncoder]:
    return point(monkeypatch, world)


@pytest.fixture
def engine(encoders: dict[str, FakeEncoder], world: Path) -> Engine:
    made = Engine(rescan_seconds=0)
    made.vectors.ensure(made.place(GOOD, squares(world)))
    made.vectors.ensure(made.place(POOR, squares(world)))
    return made


def own_table(engine: Engine, world: Path, model: str = POOR, **how: Any) -> str:
    """The answers of one of our own runs as somebody's CSV."""
    result = engine.run(ZeroShot.at(engine, model, squares(world), **how))
    rows = [f"elsewhere/{i},{result.labels[k]},{result.predicted[k]}" for k, i in enumerate(result.ids)]
    return "image,label,prediction\n" + "\n".join(rows) + "\n"


# --- studies ----------------------------------------------------------------------------------------------


def test_a_sound_study_is_only_told_that_it_is_small(engine: Engine, world: Path) -> None:
    result = engine.run(Audit.at(engine, GOOD, squares(world), encode=True))
    assert [f.check for f in result.raised] == []
    few = engine.run(Audit.at(engine, POOR, squares(world)))
    assert [f.check for f in few.raised] == ["enough"] and f"With {N} images" in few.finding("enough").evidence
    assert result.finding("deterministic").verdict == "ok" and result.finding("copied").verdict == "cannot tell"
    assert engine.run(Audit.at(engine, GOOD, squares(world))).finding("copied").verdict == "ok"
    assert result.case.provenance is not None and result.to_record()["provenance"]["model_digest"]


def test_other_ways_to_ask_come_from_the_cache_and_are_plain_studies(engine: Engine, world: Path) -> None:
    asked = engine.run(ZeroShot.at(engine, POOR, squares(world), None, templates=["{}"]))
    before = engine.run(Audit.at(engine, POOR, squares(world), None, templates=["the {}"]))
    found = engine.run(Audit.at(engine, POOR, squares(world), None, templates=["the {}"], encode=True))
    said = {c.said: c.value for c in found.otherwise}
    assert said["with the bare class name"] == asked.acc1
    assert said["with one template, “a photo of a {}.”"] == engine.run(ZeroShot.at(engine, POOR, squares(world))).acc1
    assert len(before.otherwise) == len(found.otherwise) - 1  # the photo prompt had no vectors yet


def test_a_model_in_training_mode_is_noticed_and_remembered(
    engine: Engine, world: Path, encoders: dict[str, FakeEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.run(Audit.at(engine, GOOD, squares(world))).finding("deterministic").verdict == "cannot tell"
    plain, rng = encoders[GOOD].encode_images, np.random.default_rng(0)
    monkeypatch.setattr(
        encoders[GOOD], "encode_images", lambda batch: plain(batch) * rng.normal(1, 0.1, (len(batch), 32))
    )
    shaky = engine.run(Audit.at(engine, GOOD, squares(world), encode=True)).finding("deterministic")
    assert shaky.verdict == "fault" and "model.eval()" in shaky.advice
    assert run_study(Engine(rescan_seconds=0), Audit, GOOD, squares(world)).finding("deterministic") == shaky


def test_vectors_that_the_model_does_not_give_now_are_noticed(
    engine: Engine, world: Path, encoders: dict[str, FakeEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = encoders[GOOD].encode_images
    monkeypatch.setattr(encoders[GOOD], "encode_images", lambda batch: plain(batch) + np.float32(0.5))
    finding = engine.run(Audit.at(engine, GOOD, squares(world), encode=True)).finding("deterministic")
    assert finding.verdict == "fault" and "stored" in finding.evidence


def test_without_pictures_a_sample_cannot_be_encoded(engine: Engine, world: Path) -> None:
    import shutil

    shutil.rmtree(world / "squares")
    assert (
        engine.run(Audit.at(engine, GOOD, squares(world), encode=True)).finding("deterministic").verdict
        == "cannot tell"
    )


def test_vectors_made_with_another_transform_are_noticed(
    engine: Engine, world: Path, encoders: dict[str, FakeEncoder]
) -> None:
    # Loading the model writes its card, so the model itself has to want another size than the vectors were made with.
    card = encoders[GOOD].card
    encoders[GOOD].card = replace(card, preprocessing=replace(card.preprocessing, size=32))
    write_card(world / "cache", encoders[GOOD].card)
    finding = engine.run(Audit.at(engine, GOOD, squares(world))).finding("weights")
    assert finding.verdict == "fault" and "size 16 where the weights want 32" in finding.evidence


def test_one_model_under_two_names_is_noticed(world: Path, encoders: dict[str, FakeEncoder]) -> None:
    class Twin(type(encoders[POOR])):  # type: ignore[misc]
        pass

    encoders[GOOD] = Twin(GOOD)
    engine = Engine(rescan_seconds=0)
    for model in (GOOD, POOR):
        engine.vectors.ensure(engine.place(model, squares(world)))
    engine.run(ZeroShot.at(engine, GOOD, squares(world)))
    engine.run(ZeroShot.at(engine, POOR, squares(world)))
    finding = engine.run(Audit.at(engine, POOR, squares(world))).finding("copied")
    assert finding.verdict == "fault" and "the very same image vectors" in finding.evidence


def test_duplicates_between_the_splits(world: Path, encoders: dict[str, FakeEncoder]) -> None:
    root = world / "both"
    for split, seed in (("train", 500), ("test", 0)):
        for k, (colour, rgb) in enumerate(COLOURS.items()):
            (root / split / colour).mkdir(parents=True)
            for i in range(EACH):
                (root / split / colour / f"{i}.png").write_bytes(png(rgb, seed + 100 * k + i))
    for i in range(4):
        (root / "test" / "red" / f"{i}.png").write_bytes((root / "train" / "red" / f"{i}.png").read_bytes())
    engine, name = Engine(rescan_seconds=0), f"folder:{root}"
    for split in ("train", "test"):
        engine.vectors.ensure(engine.place(GOOD, name, split))
    finding = engine.run(Audit.at(engine, GOOD, name, "test")).finding("duplicates")
    assert finding.verdict == "fault" and "10.0" in finding.evidence


def test_captions_are_audited_as_retrieval(engine: Engine, world: Path) -> None:
    engine.vectors.ensure(engine.place(GOOD, told(world)))
    result = engine.run(Audit.at(engine, GOOD, told(world)))
    assert result.case.method == "retrieval" and "image_retrieval_recall@1" in result.case.scores
    assert result.finding("captions").verdict == "warning" and "2 captions" in result.finding("captions").evidence


def test_what_is_not_embedded_is_not_audited(engine: Engine, world: Path) -> None:
    with pytest.raises(NotHere):
        engine.run(Audit.at(engine, GOOD, told(world)))
    assert audit_probe(engine, LinearProbe(place=engine.place(GOOD, squares(world)))) is None


# --- ways to ask ------------------------------------------------------------------------------------------


def test_the_ways_back_to_the_published_protocol() -> None:
    curated, raw, three = ("annual crop land", "river"), ("AnnualCrop", "River"), ("a {}.", "the {}.", "my {}.")
    ways = {
        w.changes: (w.templates, w.classnames)
        for w in runs.other_ways(Asked(classnames=raw, curated=curated, raw=raw, templates=runs.PHOTO, reference=three))
    }
    assert (
        ways[(PROTOCOL,)] == (three, curated)
        and ways[(NAMES,)] == (runs.PHOTO, curated)
        and ways[(TEMPLATES,)] == (three, raw)
    )
    as_published = runs.other_ways(
        Asked(classnames=curated, curated=curated, raw=raw, templates=three, reference=three)
    )
    assert {w.said for w in as_published} == {
        "with folder names",
        "with one template, “a photo of a {}.”",
        "with the bare class name",
    }
    only_names = runs.other_ways(Asked(classnames=raw, curated=curated, raw=raw, templates=three, reference=three))
    assert (PROTOCOL, NAMES) in {w.changes for w in only_names}


# --- people's own predictions -----------------------------------------------------------------------------


def test_predictions_are_matched_and_traced_to_a_run(engine: Engine, world: Path) -> None:
    engine.run(Audit.at(engine, POOR, squares(world), encode=True))
    text = own_table(engine, world)
    (brought,) = parse_predictions(text.encode(), "mine.csv", audit_classes(engine, squares(world)))
    result = audit_predictions(engine, brought, POOR, squares(world))
    assert (
        result.case.source == "predictions"
        and result.case.acc1 == engine.run(ZeroShot.at(engine, POOR, squares(world))).acc1
    )
    assert result.finding("reproduced").verdict == "ok" and "as published" in result.finding("reproduced").evidence
    engine.run(ZeroShot.at(engine, POOR, squares(world), None, templates=["{}"]))
    bare = own_table(engine, world, templates=["{}"])
    if bare != text:
        (brought,) = parse_predictions(bare.encode(), "mine.csv", audit_classes(engine, squares(world)))
        assert (
            "bare class name" in audit_predictions(engine, brought, POOR, squares(world)).finding("reproduced").evidence
        )


def test_labels_of_a_table_are_held_against_the_data_set(engine: Engine, world: Path) -> None:
    lines = own_table(engine, world, GOOD).splitlines()
    moved = [f"{a},{(int(b) + 1) % 4},{c}" for a, b, c in (line.split(",") for line in lines[1:])]
    (brought,) = parse_predictions(
        "\n".join([lines[0], *moved]).encode(), "mine.csv", audit_classes(engine, squares(world))
    )
    finding = audit_predictions(engine, brought, GOOD, squares(world)).finding("label-order")
    assert finding.verdict == "fault" and f"{N} of {N} labels" in finding.evidence
    assert finding.counterfactual is not None and finding.counterfactual.value == 1.0
    alone = audit_predictions(engine, parse_predictions("\n".join([lines[0], *moved]).encode(), "mine.csv")[0])
    assert alone.finding("label-order").verdict == "fault" and "off by one" in alone.finding("label-order").evidence


def test_pictures_of_another_set_are_not_compared(engine: Engine, world: Path) -> None:
    text = "image,label,prediction\n" + "\n".join(f"{i}.jpg,{i % 4},{i % 4}" for i in range(30)) + "\n"
    (brought,) = parse_predictions(text.encode(), "mine.csv", audit_classes(engine, squares(world)))
    result = audit_predictions(engine, brought, GOOD, squares(world))
    assert result.finding("reproduced").verdict == "cannot tell" and "none of" in result.case.notes[0]


def test_names_of_pictures_match_by_what_is_unique() -> None:
    ours = ("red/1.png", "red/2.png", "blue/1.png", "solo.jpg")
    theirs = ("/data/x/red/2.png", "blue\\1.png", "1.png", "folder/solo.png", "red/1.png", "green/1.png")
    assert elsewhere.align(theirs, ours).tolist() == [1, 2, -1, 3, 0, -1]


def test_weights_by_the_names_of_other_tools() -> None:
    spec, wrong, quick = elsewhere.weights_named("ViT-B-32", "openai")
    assert spec is not None and spec.name == "ViT-B-32/openai" and not wrong and quick == "ViT-B-32-quickgelu"
    spec, wrong, quick = elsewhere.weights_named("ViT-B-32", "laion400m_e32")
    assert spec is None and "QuickGELU" in wrong
    spec, wrong, quick = elsewhere.weights_named("ViT-B-32-quickgelu", "laion400m_e32")
    assert spec is not None and not wrong and not quick
    assert elsewhere.weights_named("my model", "") == (None, "", "")


def test_an_evaluations_figures_are_held_against_the_published_ones(engine: Engine) -> None:
    document = {"dataset": "wds/imagenet1k", "model": "ViT-B-16", "pretrained": "openai", "metrics": {"acc1": 0.644}}
    (brought,) = parse_predictions(json.dumps(document).encode(), "x.json")
    whole = audit_predictions(engine, brought)
    assert whole.finding("published").verdict == "fault" and whole.case.n == 50_000, "not the images of ImageNet-mini"
    document["dataset"] = "cifar100"
    (brought,) = parse_predictions(json.dumps(document | {"metrics": {"acc1": 0.60}}).encode(), "x.json")
    result = audit_predictions(engine, brought)
    assert result.finding("published").verdict == "fault" and result.case.n == 10_000
    assert result.finding("split").verdict == "cannot tell" and "assumes the 10,000" in result.finding("split").evidence
    assert result.finding("weights").verdict == "warning" and "ViT-B-16-quickgelu" in result.finding("weights").advice


def test_what_is_wrong_in_the_deck_is_found(engine: Engine) -> None:
    found = {r.case.title.removeprefix("the original study: "): {f.check for f in r.raised} for r in audit_deck()}
    assert "copied" in found["OpenAI CLIP ViT-B/32 on ImageNet-mini"]
    assert "collapse" in found["OpenCLIP ViT-L/14, LAION-2B on EuroSAT"]
    assert all("published" in v for k, v in found.items() if "EuroSAT" in k and "probe" not in k)
    assert all("published" in v for k, v in found.items() if "ConvNeXt" in k)
    assert "probe-fit" in found["linear probe of OpenAI CLIP ViT-B/32 on ImageNet-mini"]
    assert (
        not found["OpenAI CLIP ViT-B/32 on CIFAR-100"] and not found["linear probe of OpenAI CLIP ViT-B/32 on EuroSAT"]
    )


# --- the command ------------------------------------------------------------------------------------------


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert cli.main(["audit", *arguments, "--json", "-"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["results"]
    return found


def test_the_command_gives_every_check(encoders: object, world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (record,) = document(capsys, "--model", POOR, "--data", squares(world))
    assert record["warnings"] == ["enough"] and record["faults"] == [] and record["n"] == N
    assert {c["check"] for c in record["checks"]} >= {"published", "label-order", "deterministic"}
    assert record["otherwise"] and record["otherwise"][0]["ci95"]
    assert cli.main(["audit", "--model", POOR, "--data", squares(world)]) == 0
    assert "in all" in capsys.readouterr().out


def test_the_command_takes_predictions(encoders: object, world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = Engine(rescan_seconds=0)
    engine.vectors.ensure(engine.place(POOR, squares(world)))
    file = world / "mine.csv"
    file.write_text(own_table(engine, world), encoding="utf-8")
    (record,) = document(capsys, "--predictions", str(file), "--model", POOR, "--data", squares(world))
    assert record["source"] == "predictions" and record["title"] == "mine.csv"
    assert next(c for c in record["checks"] if c["check"] == "reproduced")["verdict"] == "ok"
    (alone,) = document(capsys, "--predictions", str(file), "--classnames", "raw", "--template", "a photo of a {}.")
    assert alone["dataset"] == "" and alone["n"] == N
    assert len(document(capsys, "--deck")) > 30


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "--predictions FILE, or --deck"),
        (("--deck", "--predictions", "x"), "give one of them"),
        (("--predictions", "x", "--model", "a", "--model", "b"), "once at most"),
        (("--model", GOOD, "--data", "eurosta"), "did you mean eurosat"),
    ],
)
def test_bad_arguments_of_the_command(
    encoders: object, arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["audit", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_a_probe_that_was_never_trained(encoders: object, world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = world / "both"
    for split in ("train", "test"):
        for k, (colour, rgb) in enumerate(COLOURS.items()):
            (root / split / colour).mkdir(parents=True)
            for i in range(6):
                (root / split / colour / f"{i}.png").write_bytes(png(rgb, 100 * k + i + (50 if split == "test" else 0)))
    name = f"folder:{root}"
    assert cli.main(["audit", "--model", GOOD, "--data", name, "--method", "probe"]) == 2
    assert "first: python -m core probe" in capsys.readouterr().err
    assert cli.main(["probe", "--model", GOOD, "--data", name]) == 0
    (record,) = document(capsys, "--model", GOOD, "--data", name, "--method", "probe")
    assert record["method"] == "probe" and record["faults"] == []


# --- copied tables, missing rows, turned files --------------------------------------------------------------


def audited_table(engine: Engine, world: Path, table: str, model: str = POOR) -> Any:
    (brought,) = parse_predictions(table.encode(), "mine.csv", audit_classes(engine, squares(world)))
    return audit_predictions(engine, brought, model, squares(world))


def test_a_table_copied_from_another_models_answers_is_found(engine: Engine, world: Path) -> None:
    """The answers are those of the good model, and the table says that they are of the poor one."""
    for model in (GOOD, POOR):
        engine.run(ZeroShot.at(engine, model, squares(world)))
    poor = engine.run(ZeroShot.at(engine, POOR, squares(world)))
    assert int((~poor.correct).sum()) >= 10
    copied = audited_table(engine, world, own_table(engine, world, POOR), GOOD).finding("copied")
    assert copied.verdict == "fault" and POOR in copied.evidence
    assert not audited_table(engine, world, own_table(engine, world, POOR), POOR).finding("copied").raised


def test_missing_rows_are_told_with_what_our_own_run_has_there(engine: Engine, world: Path) -> None:
    whole = own_table(engine, world).splitlines(keepends=True)
    assert not any(n.code == "missing_rows" for n in audited_table(engine, world, "".join(whole)).case.notes)
    part = audited_table(engine, world, "".join(whole[:-4]))
    (note,) = [n for n in part.case.notes if n.code == "missing_rows"]
    assert note.level == "warning" and f"4 of the {N} images" in note and "have no row" in note
    assert part.finding("data").verdict == "warning"


def test_files_with_an_exif_rotation_are_counted_once(engine: Engine, world: Path) -> None:
    from core.studies.audit.files import count_turned

    images = engine.vectors.require(engine.place(GOOD, squares(world)))
    assert count_turned(engine, images, False) == 0
    assert count_turned(Engine(rescan_seconds=0), images, False) == 0


def test_pixels_are_compared_not_only_bytes(engine: Engine, world: Path) -> None:
    from core.studies.audit.files import same_pixels

    images = engine.vectors.require(engine.place(GOOD, squares(world)))
    rows = engine.data.rows(squares(world), images.key.split)
    pixels = [rows.pictures.read(i) for i in range(len(rows))]
    pairs = [(0, 0), (0, len(images) - 1)]
    assert same_pixels(engine, images, images, pairs) == [True, pixels[0] == pixels[-1]]
    assert same_pixels(engine, images, replace(images, ids=tuple(f"no/{i}" for i in images.ids)), pairs) is None
