"""The command line as scripts meet it: documents, exit states, one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.catalog.models import MODELS
from core.commands import cli
from core.embedding.vectors import Vectors
from core.engine import Engine
from tests.fakes import COLOURS
from tests.worlds import EACH, GOOD, POOR, paint, point, squares, told

ROOT = Path(__file__).parents[3]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    return tmp_path


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert cli.main([*arguments, "--json", "-"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["schema"] == 1 and found["command"] == arguments[0]
    return found


def sentence(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> str:
    capsys.readouterr()
    try:
        got = cli.main(list(arguments))
    except SystemExit as stop:
        got = int(stop.code or 0)
    shown = capsys.readouterr()
    assert got == status and shown.out == "" and "Traceback" not in shown.err
    return shown.err.strip().splitlines()[-1]


def test_models_and_datasets_say_what_can_be_used(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = document(capsys, "models")["results"]
    assert {"demo-rn/demo", "ViT-B-32/openai", "convnext_base/laion400m_s13b_b51k"} <= {m["name"] for m in models}
    assert all(m["state"] in ("ready", "downloadable", "absent") and m["title"] for m in models)
    data = {d["name"]: d for d in document(capsys, "datasets")["results"]}
    assert data["imagenet_mini"]["state"] == "absent" and "kaggle" in data["imagenet_mini"]["why"].lower()
    assert data["cifar100"]["classes"] == 100


def test_embed_counts_what_it_reused_and_skipped(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (world / "squares" / "red" / "broken.png").write_bytes(b"\x89PNG no")
    first = document(capsys, "embed", "--model", GOOD, "--data", squares(world))["results"][0]
    n = EACH * len(COLOURS)
    assert (first["n"], first["reused"]) == (n, 0)
    assert [row["id"] for row in first["skipped"]] == ["red/broken.png"] and first["skipped"][0]["reason"]
    again = document(capsys, "embed", "--model", GOOD, "--data", squares(world))["results"][0]
    assert (again["n"], again["reused"], again["images_per_second"]) == (n, n, 0)


def test_classify_is_plain_arithmetic_on_the_stored_vectors(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template = "a photo of a {}."
    record = document(capsys, "classify", "--model", POOR, "--data", squares(world), "--template", template)["results"][
        0
    ]
    engine = Engine(rescan_seconds=0)
    images = engine.vectors.require(engine.place(POOR, squares(world)))
    texts = engine.encoding.encode_texts(POOR, [template.replace("{}", name) for name in record["classnames"]])
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (images.image_embeddings, texts)]
    scores = unit[0] @ unit[1].T
    assert record["acc1"] == float((scores.argmax(axis=1) == images.labels).mean()) < 1
    assert record["acc1_ci95"][0] < record["acc1"] < record["acc1_ci95"][1]
    assert {row["classname"]: row["n"] for row in record["per_class"]} == dict.fromkeys(COLOURS, EACH)
    assert record["provenance"]["data_digest"] and record["templates"] == [template]


def test_a_record_for_every_model_and_data_set(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = document(capsys, "classify", "--model", GOOD, "--model", POOR, "--data", squares(world))["results"]
    assert [(r["model"], r["split"]) for r in results] == [(GOOD, "all"), (POOR, "all")]
    assert results[0]["acc1"] > results[1]["acc1"]


def test_a_changed_picture_is_never_answered_by_its_old_vector(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("classify", "--model", GOOD, "--data", squares(world))
    before = document(capsys, *asked)["results"][0]
    red, blue = (world / "squares" / c / "0.png" for c in ("red", "blue"))
    red.write_bytes(blue.read_bytes())
    after = document(capsys, *asked)["results"][0]
    assert after["provenance"]["data_digest"] != before["provenance"]["data_digest"]
    assert after["acc1"] == pytest.approx(before["acc1"] - 1 / (EACH * len(COLOURS)))


def test_a_file_gets_the_document_whole(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = world / "out.json"
    assert cli.main(["classify", "--model", GOOD, "--data", squares(world), "--json", str(target)]) == 0
    assert capsys.readouterr().out == "" and json.loads(target.read_text())["results"]
    assert not list(world.glob("*.part"))


def test_the_table_has_intervals(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["classify", "--model", GOOD, "--data", squares(world)]) == 0
    table = capsys.readouterr().out
    assert "100.00 %" in table and "–100.00" in table


def test_bad_arguments_end_with_two_and_one_sentence(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = ("--model", GOOD, "--data", squares(world))
    assert "did you mean demo-vit/demo" in sentence(
        capsys, 2, "classify", "--model", "demo-vit/demi", "--data", "eurosat"
    )
    assert "did you mean eurosat" in sentence(capsys, 2, "classify", "--model", GOOD, "--data", "eurosta")
    assert "exactly one {}" in sentence(capsys, 2, "classify", *good, "--template", "a photo")
    assert "--templates" in sentence(capsys, 2, "classify", *good, "--template", "{}", "--templates", "photo")
    assert "--model" in sentence(capsys, 2, "classify", "--data", "eurosat")
    assert "classify" in sentence(capsys, 2, "clasify")
    assert "existing folder" in sentence(capsys, 2, "models", "--json", str(world / "no" / "x.json"))
    assert "got the folder" in sentence(capsys, 2, "models", "--json", str(world))
    assert "all" in sentence(capsys, 2, "classify", *good, "--split", "exam")


def test_a_json_file_that_may_not_be_written_is_said_before_the_work(
    world: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = world / "closed"
    closed.mkdir()
    monkeypatch.setattr("os.access", lambda place, mode: Path(place) != closed)  # root may write anywhere
    assert "expects a file that can be written" in sentence(capsys, 2, "models", "--json", str(closed / "x.json"))
    assert not list(closed.iterdir())


def test_failures_end_with_one_and_one_sentence(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (world / "empty").mkdir()
    empty = sentence(capsys, 1, "classify", "--model", GOOD, "--data", f"folder:{world / 'empty'}")
    assert "no image" in empty.lower() or "empty" in empty.lower()
    assert "no classes" in sentence(capsys, 1, "classify", "--model", GOOD, "--data", told(world))
    assert "cannot be read" in sentence(
        capsys, 1, "classify", "--model", GOOD, "--data", squares(world), "--classnames", str(world / "none.txt")
    )


def test_what_nobody_foresaw_is_one_sentence_too(
    world: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Vectors, "model_states", lambda self, specs: 1 / 0)
    assert "--debug" in sentence(capsys, 1, "models")
    with pytest.raises(ZeroDivisionError):
        cli.main(["models", "--debug"])


def test_class_names_may_come_from_a_file(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = world / "names.csv"
    names.write_text("blue,green\ngreen,blue\nred,red\nwhite,white\n", encoding="utf-8")
    record = document(capsys, "classify", "--model", GOOD, "--data", squares(world), "--classnames", str(names))[
        "results"
    ][0]
    assert record["acc1"] == 0.5  # blue and green now have each other's name


def test_verify_reports_what_it_checked(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document(capsys, "embed", "--model", GOOD, "--data", squares(world))
    assert document(capsys, "verify")["results"][0]["damaged"] == []
    vectors = next((world / "cache").rglob("images.npy"))
    flipped = bytearray(vectors.read_bytes())
    flipped[-1] ^= 255
    vectors.write_bytes(bytes(flipped))
    report = document(capsys, "verify")["results"][0]
    assert report["damaged"] and report["mended"] and report["checked"] > 0
    assert document(capsys, "embed", "--model", GOOD, "--data", squares(world))["results"][0]["n"] == EACH * len(
        COLOURS
    )


def test_numbers_that_are_none_become_null() -> None:
    record: dict[Any, Any] = {"a": float("nan"), "b": np.float32(0.5), "c": (1, np.arange(2)), 3: None}
    plain = cli.document("x", [record])
    assert plain["results"] == [{"a": None, "b": 0.5, "c": [1, [0, 1]], "3": None}]


def test_a_reader_that_closes_early_is_no_failure_of_ours() -> None:
    run = subprocess.run(
        f"{sys.executable} -m core datasets | true", shell=True, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in run.stderr


def test_a_table_lines_up() -> None:
    shown = cli.table([{"name": "a", "n": "1.5"}, {"name": "long", "n": "12.5"}])
    assert shown.splitlines() == ["name     n", "----  ----", "a      1.5", "long  12.5"]
    assert cli.table([]) == "Nothing to show."


def models(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, dict[str, Any]]:
    """The records of `models` by name."""
    return {r["name"]: r for r in document(capsys, "models", *args)["results"]}


def test_models_are_found_by_words(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(models(capsys)) == [m.name for m in MODELS], "without words the catalog, as ever"
    found = models(capsys, "siglip2", "b-16")
    assert found and all("SigLIP2" in name and "B-16" in name for name in found)
    one = models(capsys, "ViT-B-32-quickgelu/metaclip_400m")["ViT-B-32-quickgelu/metaclip_400m"]
    assert one["family"] == "MetaCLIP" and one["commercial_use"] == "forbidden" and one["tokenizer"] == "built in"
    assert one["download_bytes"] == 4 * one["parameters"] and one["training_data"].startswith("MetaCLIP-400M")
    assert models(capsys, "ViT-B-16-SigLIP/webli")["ViT-B-16-SigLIP/webli"]["tokenizer"] == "timm/ViT-B-16-SigLIP"
    hub = models(capsys, "hf-hub:someone/clip")["hf-hub:someone/clip"]
    assert hub["tokenizer"] is None and hub["family"] == "Hugging Face hub"


def test_models_that_are_here(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document(capsys, "embed", "--model", GOOD, "--data", squares(world))
    here = models(capsys, "--here")
    assert GOOD in here and {"demo-vit/demo", "demo-rn/demo"} <= set(here)
    assert {r["state"] for r in here.values()} == {"ready"}
    assert models(capsys, "--here", "metaclip") == {}


def test_a_model_that_is_not_listed_gets_the_closest_names(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "ViT-B-16-quickgelu/metaclip_400m" in sentence(capsys, 2, "models", "ViT-B-16/metaclp_400m")
    assert "ViT-B-16-quickgelu/metaclip_400m" in sentence(capsys, 1, "models", "ViT-B-16/metaclip_400m")
    assert "code" in sentence(capsys, 2, "models", "hf-hub:jinaai/jina-clip-v2")


def test_one_image_with_labels_of_ones_own_says_what_is_wrong(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = world / "broken.png"
    broken.write_bytes(b"\x89PNG no")
    good = str(next((world / "squares" / "red").iterdir()))
    place = ("classify", "--model", GOOD, "--data", squares(world))
    said = sentence(capsys, 2, *place, "--image", str(broken), "--label", "red", "--label", "blue")
    assert str(broken) in said and "choose another image" in said
    assert "at least two --label" in sentence(capsys, 2, *place, "--image", good, "--label", "red")
