"""A data set whose images may have several labels, with a tiny SigLIP: page and command say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from core.commands import cli
from core.encoders.service.client import WarmEncoder
from core.engine import Engine
from core.stats.numbers import percent
from tests.app.making import open_page, said
from tests.fakes import COLOURS, png
from tests.tiny_models import make_family

Here = tuple[Path, str]


@pytest.fixture(scope="module", params=["siglip", "clipa"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Here:
    folder = tmp_path_factory.mktemp(request.param)
    lines = ["image,labels"]
    for split in ("train", "test"):
        (folder / "data" / "tags" / split).mkdir(parents=True)
        for i, named in enumerate([("red",), ("red", "blue"), (), ("green",), ("blue",), ("white", "red")] * 2):
            colour = COLOURS[named[0]] if named else (90, 90, 90)
            (folder / "data" / "tags" / split / f"{i}.png").write_bytes(png(colour, i))
            lines.append(f"{split}/{i}.png,{'|'.join(named)}")
    (folder / "data" / "tags" / "labels.csv").write_text("\n".join(lines))
    model, engine = make_family(request.param, folder / "model"), Engine(folder / "cache", folder / "data")
    for split in ("train", "test"):
        engine.vectors.ensure(engine.place(model, "folder:tags", split))
    engine.vectors.ensure(engine.place("demo-rn/demo", "folder:tags"))
    return folder, model


@pytest.fixture
def here(made: Here, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    monkeypatch.setenv("TMV_CACHE", str(made[0] / "cache"))
    monkeypatch.setenv("TMV_DATA", str(made[0] / "data"))
    own = Engine().encoding
    monkeypatch.setattr(WarmEncoder, "encode_texts", lambda self, name, texts: own.encode_texts(name, texts))
    st.cache_resource.clear()
    yield made
    st.cache_resource.clear()


def test_page_and_command_say_the_same(here: Here, capsys: pytest.CaptureFixture[str]) -> None:
    _, model = here
    asked = ["classify", "--model", model, "--data", "folder:tags", "--template", "a photo of a {}"]
    assert cli.main([*asked, "--json", "-"]) == 0
    fixed = json.loads(capsys.readouterr().out)["results"][0]
    assert cli.main([*asked, "--threshold", "validation"]) == 0
    table = capsys.readouterr().out
    assert "mAP" in table and f"{100 * fixed['mean_average_precision']:.2f}" in table
    app = open_page("classification/accuracy", model=[model], data=["folder:tags"], template=["a photo of a {}"])
    assert not app.exception
    assert app.metric[0].value == percent(fixed["mean_average_precision"])
    assert "labels per image" in said(app) and "several labels" in said(app)
    assert len(app.dataframe[0].value) == 1
    if "clipa" in model:
        assert fixed["at_threshold"] is None and "cannot say of one alone" in said(app)
        assert "shown-accept" not in app.session_state
        return
    assert "fixed at 50" in said(app) and fixed["threshold"]["value"] == 0.5
    best = open_page(
        "classification/accuracy",
        model=[model],
        data=["folder:tags"],
        template=["a photo of a {}"],
        accept="validation",
    )
    assert not best.exception and "highest F1" in said(best) and "(train)" in said(best)


def test_models_are_compared_in_pairs_on_page_command_and_report(
    here: Here, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--model", "demo-rn/demo", "--model", here[1], "--data", "folder:tags", "--template", "a photo of a {}"]
    assert cli.main(["classify", *asked, "--json", "-"]) == 0
    first, second = json.loads(capsys.readouterr().out)["results"]
    gap = second["compared"]["mean_average_precision"]
    assert "compared" not in first and second["compared"]["with"] == "demo-rn/demo"
    assert gap["difference"] == pytest.approx(second["mean_average_precision"] - first["mean_average_precision"])
    assert gap["ci95"][0] <= gap["difference"] <= gap["ci95"][1] and gap["n"] == first["n"]
    assert cli.main(["classify", *asked]) == 0
    assert f"{100 * gap['difference']:+.2f}" in capsys.readouterr().out
    assert cli.main(["report", str(tmp_path / "report.html"), *asked, "--tables", str(tmp_path / "tables")]) == 0
    rows = next((tmp_path / "tables").glob("several-labels-*-differences.csv")).read_text("utf-8").splitlines()
    assert len(rows) == 2 and "paired bootstrap over images" in rows[1]
    app = open_page(
        "classification/accuracy", model=["demo-rn/demo", here[1]], data=["folder:tags"], template=["a photo of a {}"]
    )
    assert not app.exception and "points of mean average precision" in "".join(app.get("plotly_chart")[0].proto.spec)


def test_ordinary_sets_and_such_stand_in_one_table(here: Here, capsys: pytest.CaptureFixture[str]) -> None:
    one = here[0] / "data" / "plain"
    for colour, rgb in COLOURS.items():
        (one / colour).mkdir(parents=True, exist_ok=True)
        (one / colour / "0.png").write_bytes(png(rgb, 1))
    asked = ["classify", "--model", "demo-rn/demo", "--data", "folder:plain", "--data", "folder:tags"]
    assert cli.main(asked) == 0
    table = capsys.readouterr().out
    assert "top-1" in table and "mAP" in table


@pytest.mark.parametrize(
    "page",
    [
        "check_my_number",
        "classification/errors_by_class",
        "classification/compare",
        "classification/linear_probe",
        "classification/few_shot",
        "prompt_study/compare_templates",
        "prompt_study/better_prompt",
    ],
)
def test_other_pages_say_why_they_have_no_figure(here: Here, page: str) -> None:
    app = open_page(page, model=[here[1]], data=["folder:tags"])
    assert not app.exception and "may have several labels" in said(app) and not app.metric


def test_other_commands_refuse_it_in_a_sentence(here: Here, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("prompts", "audit", "probe", "fewshot", "optimise"):
        extra = ["--template", "a {}", "--template", "the {}"] if command == "prompts" else []
        assert cli.main([command, "--model", here[1], "--data", "folder:tags", *extra]) == 1
        assert "may have several labels" in capsys.readouterr().err


def test_a_report_has_the_same_numbers(here: Here, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--model", here[1], "--data", "folder:tags"]
    assert cli.main(["classify", *asked, "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)["results"][0]
    assert cli.main(["report", str(tmp_path / "report.html"), *asked]) == 0
    html = (tmp_path / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    assert f"{100 * found['mean_average_precision']:.1f} %" in html and "Which labels has an image?" in html
    assert "fixed at 50" in html or "clipa" in here[1]
