"""The commands prompts, optimise, search and retrieve: their documents, tables, statuses and sentences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.commands.cli import main
from core.engine import Engine
from tests.worlds import GOOD, POOR, paint, point, squares, told


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("commands")
    paint(made)
    return made


@pytest.fixture(autouse=True)
def _pointed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point(monkeypatch, folder)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """The results of a command that succeeds."""
    assert main([*arguments, "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1 and document["command"] == arguments[0]
    results: list[dict[str, Any]] = document["results"]
    return results


def table(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints without --json."""
    assert main([*arguments]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence of a command that ends with status 2."""
    try:
        status = main([*arguments])
    except SystemExit as stop:
        status = int(stop.code or 0)
    assert status == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    return said.rpartition("\r")[2]  # a bar may have stood where the sentence is


def has_common_fields(record: dict[str, Any]) -> bool:
    return {"model", "dataset", "split", "n", "provenance"} <= set(record)


# --- prompts ----------------------------------------------------------------------------------------------


def test_prompts_equals_classify_for_each_template(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    chosen = ["--template", "a {}", "--template", "{} things"]
    records = run(capsys, "prompts", "--model", GOOD, "--model", POOR, "--data", squares(folder), *chosen)
    assert [r["model"] for r in records] == [GOOD, POOR] and all(map(has_common_fields, records))
    for record in records:
        for entry in record["templates"]:
            alone = run(
                capsys,
                "classify",
                "--model",
                record["model"],
                "--data",
                squares(folder),
                "--template",
                entry["template"],
            )[0]
            assert (entry["acc1"], entry["acc5"], entry["acc1_ci95"]) == (
                alone["acc1"],
                alone["acc5"],
                alone["acc1_ci95"],
            )
        both = run(capsys, "classify", "--model", record["model"], "--data", squares(folder), *chosen)[0]
        assert record["ensemble"]["acc1"] == both["acc1"]


def test_prompts_prints_one_row_a_template_and_one_for_all(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    text = table(capsys, "prompts", "--model", GOOD, "--data", squares(folder), "--templates", "deck")
    rows = [line for line in text.splitlines() if not line.startswith("Note: ")]
    assert len(rows) == 2 + 7 + 1 and "ensemble" in text and "baseline" in text


def test_prompts_compares_class_names_and_checks_its_baseline(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    base = ("prompts", "--model", GOOD, "--data", squares(folder), "--template", "a {}")
    records = run(capsys, *base, "--classnames", "raw", "--classnames", "curated", "--baseline", "ensemble")
    assert [r["classnames_kind"] for r in records] == ["raw", "curated"]
    assert "baseline" in refused(capsys, *base, "--baseline", "the {}")
    assert "{}" in refused(capsys, *base[:-1], "no slot")


def sentence_of_failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments]) == 1
    return capsys.readouterr().err


# --- optimise ---------------------------------------------------------------------------------------------


def test_optimise_writes_the_contract(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    record = run(
        capsys, "optimise", "--model", POOR, "--data", squares(folder), "--budget", "120", "--template", "one {}"
    )[0]
    assert has_common_fields(record) and record["pool"][0] == "one {}"
    assert record["evaluations"] <= 120 and set(record["chosen"]) <= set(record["pool"])
    low, high = record["heldout_acc1_ci95"]
    assert low <= record["heldout_acc1"] <= high and 0 <= record["p_value"] <= 1
    assert record["n_search"] + record["n_heldout"] == record["n"] == 40
    assert record["heldout_acc1"] == record["verdict"]["heldout_acc1"]
    assert 0 <= record["baseline_heldout_acc1"] <= 1


def test_optimise_spreads_slots_and_searches_only_them(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    record = run(
        capsys,
        "optimise",
        "--model",
        GOOD,
        "--data",
        squares(folder),
        "--only",
        "--slots",
        "a {size} {} {kind}",
        "--slot",
        "size=big,small",
        "--slot",
        "kind=square,thing",
        "--baseline",
        "{}",
    )[0]
    assert record["pool"] == ["a big {} square", "a big {} thing", "a small {} square", "a small {} thing"]
    assert record["baseline"] == ["{}"]
    text = table(capsys, "optimise", "--model", GOOD, "--data", squares(folder), "--only", "--template", "a {}")
    assert "Greedy ensemble" in text and "Label-free weighting" in text and "no clear difference" in text


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--only",), "--template"),
        (("--budget", "0"), "at least 1"),
        (("--heldout", "1"), "between 0 and 1"),
        (("--slots", "a {x} {}", "--slot", "x"), "NAME=A,B,C"),
        (("--model", "ViT-B-32/nothing-such"), "No"),
    ],
)
def test_optimise_refuses_what_it_cannot_use(
    capsys: pytest.CaptureFixture[str], folder: Path, more: tuple[str, ...], word: str
) -> None:
    assert word in refused(capsys, "optimise", "--model", GOOD, "--data", squares(folder), *more)


# --- search -----------------------------------------------------------------------------------------------


def test_search_equals_an_exhaustive_sort(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    record = run(capsys, "search", "a red square", "--model", GOOD, "--data", squares(folder), "-k", "7")[0]
    engine = Engine()
    images = engine.vectors.require(engine.place(GOOD, squares(folder)))
    x = images.image_embeddings / np.linalg.norm(images.image_embeddings, axis=1, keepdims=True)
    q = engine.encoding.encode_texts(GOOD, ["a red square"])[0]
    scores = x @ (q / np.linalg.norm(q))
    order = np.argsort(-scores, kind="stable")[:7]
    assert [h["id"] for h in record["hits"]] == [images.ids[i] for i in order]
    assert [h["score"] for h in record["hits"]] == pytest.approx(scores[order].tolist(), abs=1e-6)
    assert [h["rank"] for h in record["hits"]] == list(range(1, 8))
    assert all(h["label"] == "red" for h in record["hits"]) and has_common_fields(record)


def test_search_takes_many_texts_models_and_a_picture(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    picture = folder / "squares" / "blue" / "4.png"
    records = run(
        capsys,
        "search",
        "red",
        "white",
        "--model",
        GOOD,
        "--model",
        POOR,
        "--data",
        squares(folder),
        "--image",
        str(picture),
        "--minus",
        "green",
        "-k",
        "3",
    )
    assert [(r["text"], r["model"]) for r in records] == [
        ("red", GOOD),
        ("red", POOR),
        ("white", GOOD),
        ("white", POOR),
    ]
    assert records[0]["query"] == "red - 0.5 green + 4.png" and records[0]["image"] == "4.png"
    assert "compared" not in records[0] and records[1]["compared"]["b"] == POOR
    alone = run(capsys, "search", "", "--image", str(picture), "--model", GOOD, "--data", squares(folder))[0]
    assert alone["hits"][0]["id"].endswith("blue/4.png") and alone["text"] == ""


def test_search_shows_captions_of_captioned_pictures(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    record = run(capsys, "search", "green", "--model", GOOD, "--data", told(folder), "-k", "2")[0]
    assert all(len(h["captions"]) == 2 and "label" not in h for h in record["hits"])
    assert "green" in table(capsys, "search", "green", "--model", GOOD, "--data", told(folder), "-k", "2")


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("x", "-k", "0"), "at least 1"),
        (("x", "--image", "no-such.png"), "no-such.png"),
        (("",), "empty"),
        (("x", "--class", "mauve"), "mauve"),
        (("x", "--minus", "y", "--minus-weight", "nan"), "number"),
        (("x", "--image-weight", "much"), "number"),
    ],
)
def test_search_refuses_what_it_cannot_use(
    capsys: pytest.CaptureFixture[str], folder: Path, more: tuple[str, ...], word: str
) -> None:
    assert word in refused(capsys, "search", *more, "--model", GOOD, "--data", squares(folder))


# --- retrieve ---------------------------------------------------------------------------------------------


def test_retrieve_writes_the_contract(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    good, poor = run(capsys, "retrieve", "--model", GOOD, "--model", POOR, "--data", told(folder))
    names = [
        f"{side}_retrieval_{what}"
        for side in ("image", "text")
        for what in (
            "recall@1",
            "recall@5",
            "recall@10",
            "recall@1_ci95",
            "recall@5_ci95",
            "recall@10_ci95",
            "median_rank",
            "mrr",
        )
    ]
    for record in (good, poor):
        assert has_common_fields(record) and set(names) <= set(record)
        assert (record["n_images"], record["n_texts"]) == (20, 40)
        low, high = record["image_retrieval_recall@5_ci95"]
        assert low <= record["image_retrieval_recall@5"] <= high
    assert "compared" not in good and poor["compared"]["with"] == GOOD
    gap = poor["compared"]["image_retrieval_recall@5"]["difference"]
    assert gap == pytest.approx(poor["image_retrieval_recall@5"] - good["image_retrieval_recall@5"])


def test_retrieve_can_use_fewer_captions_and_prints_both_directions(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    record = run(capsys, "retrieve", "--model", GOOD, "--data", told(folder), "--captions", "1")[0]
    assert (record["n_texts"], record["captions_per_picture"]) == (20, 1)
    text = table(capsys, "retrieve", "--model", GOOD, "--data", told(folder))
    assert "text finds image" in text and "image finds text" in text
    assert "at least 1" in refused(capsys, "retrieve", "--model", GOOD, "--data", told(folder), "--captions", "0")
    assert "captions" in sentence_of_failure(capsys, "retrieve", "--model", GOOD, "--data", squares(folder))


def test_own_captions_are_reported_on_with_their_figures(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "captions.csv").write_text("image,caption\n0.png,one\n0.png,one\n1.png,two\ngone.png,three\n")
    for name in ("0.png", "1.png", "bare.png"):
        (tmp_path / name).write_bytes((folder / "told" / "0.png").read_bytes())
    for command in ("embed", "retrieve"):
        assert main([command, "--model", GOOD, "--data", f"captions:{tmp_path}"]) == 0
        said = capsys.readouterr().err
        assert "2 images · 3 captions, 1 to 2 per image · all split" in said
        for fault in ("1 (gone.png)", "1 (bare.png)", "same image: 1"):
            assert said.count(fault) == 1
    assert main(["retrieve", "--model", GOOD, "--data", told(folder)]) == 0
    assert "shared by several images: 4" in capsys.readouterr().err
