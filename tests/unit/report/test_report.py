"""The report: one file that asks for nothing, says where every number comes from, and lets nothing out of its place."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.commands import cli
from core.engine import Engine
from core.errors import NotHere, UnknownName
from core.report import Report, Request, Table, make_report, to_csv, to_latex, to_markdown
from core.report.page import Document, Section, Shot, render, table_html
from core.stats.numbers import percent
from core.studies.captions.study import Retrieval
from core.studies.zero_shot.study import ZeroShot
from core.tables.forms import Column
from tests.worlds import GOOD, POOR, paint, point, squares, told

NASTY = '</script><img src=x onerror=alert(1)> & "q" <!-- \u202e'


class Reader(HTMLParser):
    """What a browser would make of the page: elements, addresses, text by element."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags, self.addresses, self.open, self.text = list[str](), list[str](), list[str](), list[tuple[str, str]]()
        self.feed(page.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "action", "srcset", "data")]
        assert not [k for k, _ in attrs if k.startswith("on")]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text.append((self.open[-1], data))

    def said(self) -> str:
        return " ".join(data for tag, data in self.text if tag not in ("script", "style"))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture
def engine(world: Path) -> Engine:
    made = Engine(rescan_seconds=0)
    for model in (GOOD, POOR):
        made.vectors.ensure(made.place(model, squares(world)))
    made.vectors.ensure(made.place(GOOD, told(world)))
    return made


@pytest.fixture
def small_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real plotly.js is 4.8 MB and slow to parse here; one test below looks at it."""
    monkeypatch.setattr("plotly.offline.get_plotlyjs", lambda: "/* plotly */")


def report_of(engine: Engine, models: Sequence[str], datasets: Sequence[str], **request: Any) -> Report:
    """The report of a request whose lists may be lists."""
    told: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in request.items()}
    return make_report(engine, Request(models=tuple(models), datasets=tuple(datasets), **told))


# --- the whole --------------------------------------------------------------------------------------------


def test_a_report_has_every_number_of_its_studies(engine: Engine, world: Path, small_plotly: None) -> None:
    report = report_of(engine, [GOOD, POOR], [squares(world), told(world)], title="Squares & co", made="2026-01-02")
    page = Reader(report.html)
    assert not page.open and report.filename == "squares-co.html"
    assert all(a.startswith(("#", "data:")) for a in page.addresses)
    result = engine.run(ZeroShot.at(engine, POOR, squares(world)))
    said = page.said()
    assert percent(result.acc1).replace("\u00a0", " ") in said and "2026-01-02" in said
    assert result.provenance.model_digest[:16] in said and result.provenance.data_digest[:16] in said
    assert "a photo of a {}." in said and "curated names" in said and "Wilson" in said
    recall = engine.run(Retrieval.at(engine, GOOD, told(world))).image.recall[1]
    assert f"{100 * recall:.1f} %" in said
    assert "Are labels and answers in the same order?" in said
    assert f"{told(world)} is not embedded" not in said
    assert [m for m in report.missing if POOR in m or "Caption retrieval" in m] and "What is not in this report" in said


def test_charts_are_in_it_as_data_and_in_words(engine: Engine, world: Path, small_plotly: None) -> None:
    page = Reader(report_of(engine, [POOR], [squares(world)], studies=["classify"]).html)
    specs = [json.loads(d) for t, d in page.text if t == "script" and d.startswith("{")]
    assert len(specs) == 4 and all({"figure", "config"} == set(s) for s in specs)
    assert all(s["config"]["toImageButtonOptions"]["scale"] == 3 for s in specs)
    captions = [d for t, d in page.text if t == "figcaption"]
    assert len(captions) == 4 and captions[0].startswith("Top-1 accuracy as bars")


def test_pictures_of_mistakes_are_in_it(engine: Engine, world: Path, small_plotly: None) -> None:
    page = Reader(report_of(engine, [POOR], [squares(world)], studies=["classify"], pictures=3).html)
    shots = [a for a in page.addresses if a.startswith("data:image/webp")]
    assert len(shots) == 3 and base64.b64decode(shots[0].split(",")[1])[:4] == b"RIFF"
    wrong = engine.run(ZeroShot.at(engine, POOR, squares(world)))
    row = next(i for i in range(wrong.n) if not wrong.correct[i])
    assert f"predicted: {wrong.classnames[wrong.predicted[row]]}" in page.said()
    assert not [
        a
        for a in Reader(report_of(engine, [POOR], [squares(world)], studies=["classify"], pictures=0).html).addresses
        if "webp" in a
    ]


def test_every_table_can_be_saved_from_it(engine: Engine, world: Path, small_plotly: None) -> None:
    report = report_of(engine, [GOOD, POOR], [squares(world)], studies=["classify", "audit"])
    links = [a for a in Reader(report.html).addresses if a.startswith("data:text/plain")]
    assert len(links) == 3 * len(report.tables)
    first = base64.b64decode(links[0].split(",")[1]).decode()
    rows = list(csv.DictReader(io.StringIO(first)))
    assert (
        float(rows[1]["acc1"]) == engine.run(ZeroShot.at(engine, POOR, squares(world))).acc1
        and rows[1]["model"] == POOR
    )


def test_the_page_forbids_itself_every_request(engine: Engine, world: Path) -> None:
    html = report_of(engine, [GOOD], [squares(world)], studies=["classify"]).html.decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert (
        policy is not None and policy.group(1).startswith("default-src 'none'") and "connect-src" not in policy.group(1)
    )
    assert "unsafe-eval" not in policy.group(1)
    assert html.count("plotly.js v") == 1 and len(html) > 4_000_000


def test_what_is_not_cached_is_named_and_nothing_is_refused(engine: Engine, world: Path, small_plotly: None) -> None:
    with pytest.raises(UnknownName, match="did you mean classify"):
        report_of(engine, [GOOD], [squares(world)], studies=["clasify"])
    with pytest.raises(UnknownName):
        report_of(engine, ["RN51/openai"], [squares(world)])
    with pytest.raises(NotHere, match="not embedded with"):
        report_of(engine, [POOR], [told(world)], studies=["retrieve"])
    report = report_of(engine, [GOOD, POOR], [told(world)], studies=["retrieve"])
    assert len(report.missing) == 1 and "python -m core embed" in report.missing[0]


def test_names_cannot_leave_their_place(engine: Engine, world: Path, small_plotly: None) -> None:
    report = report_of(engine, [GOOD], [squares(world)], title=NASTY, templates=[f"{{}} {NASTY[:60]}"])
    page = Reader(report.html)
    assert "onerror" in page.said() and page.tags.count("img") <= 12


def test_a_section_escapes_everything() -> None:
    frame = pd.DataFrame({"a": [NASTY], "b": [0.5]})
    table = Table(
        title=NASTY,
        name='x"y',
        frame=frame,
        columns={"a": Column(heading=NASTY), "b": Column(heading="b", kind="share")},
    )
    section = Section(
        title=NASTY,
        finding=NASTY,
        lines=(NASTY,),
        charts=(),
        tables=(table,),
        shots=(Shot(webp=b"RIFF", alt=NASTY, under=NASTY),),
        shots_title=NASTY,
    )
    page = Reader(render(Document(title=NASTY, lead=NASTY, sections=(section,)), "</script><!-- x"))
    assert page.tags.count("img") == 1 and page.tags.count("script") == 0 and not page.open
    assert page.said().count("onerror=alert(1)") >= 8


def test_a_script_cannot_be_closed_by_what_is_in_it() -> None:
    from core.charts.accuracy import accuracy_chart
    from core.tables.accuracy import accuracy_frame
    from tests.sample_results import sample_result

    chart = accuracy_chart(accuracy_frame([sample_result()]), title=NASTY)
    page = Reader(
        render(
            Document(title="x", lead="", sections=(Section(title="x", charts=(replace(chart, alt=NASTY),)),)),
            'var a = "</script>"',
        )
    )
    assert page.tags.count("script") == 3 and not page.open
    spec = next(json.loads(d) for t, d in page.text if t == "script" and d.startswith("{"))
    assert spec["figure"]["layout"]["meta"]["title"] == NASTY


# --- tables -----------------------------------------------------------------------------------------------

FRAME = pd.DataFrame(
    {
        "model": ["a|b", "50 % & more_"],
        "acc1": [0.5, None],
        "acc1_low": [0.25, None],
        "acc1_high": [0.75, None],
        "gap": [-0.0123, 0.1],
        "gap_low": [-0.05, 0.0],
        "gap_high": [0.02, 0.2],
        "n": [1234, 5],
        "p": [1e-9, 0.25],
        "none": [None, None],
    }
)
TABLE = Table(
    title="Results",
    name="results",
    frame=FRAME,
    columns={
        "model": Column(heading="Model"),
        "acc1": Column(heading="Top-1", kind="share", low="acc1_low", high="acc1_high"),
        "gap": Column(heading="Gap", kind="points", low="gap_low", high="gap_high"),
        "n": Column(heading="n", kind="count"),
        "p": Column(heading="p", kind="p"),
        "none": Column(heading="Nothing"),
        "absent": Column(heading="Absent"),
    },
)


def test_cells_by_hand() -> None:
    assert list(TABLE.shown) == ["model", "acc1", "gap", "n", "p"]
    assert TABLE.cells() == [
        ["a|b", "50.0 % (25.0–75.0)", "−1.2 (−5.0 to +2.0)", "1,234", "< 0.001"],
        ["50 % & more_", "", "+10.0 (+0.0 to +20.0)", "5", "0.250"],
    ]


def test_csv_keeps_all_digits_and_columns() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(TABLE))))
    assert rows[0]["gap"] == "-0.0123" and set(rows[0]) == set(FRAME.columns)


def test_markdown_by_hand() -> None:
    lines = to_markdown(TABLE).splitlines()
    assert (
        lines[0] == "| Model | Top-1 (95 %) | Gap (95 %) | n | p |"
        and lines[1] == "| --- | ---: | ---: | ---: | ---: |"
    )
    assert lines[2] == r"| a\|b | 50.0 % (25.0–75.0) | −1.2 (−5.0 to +2.0) | 1,234 | \< 0.001 |"
    assert r"more\_" in lines[3] and len(lines) == 4


def test_latex_by_hand() -> None:
    text = to_latex(TABLE)
    assert r"\begin{tabular}{lrrrr}" in text and r"50 \% \& more\_ &  & +10.0 (+0.0 to +20.0) & 5 & 0.250 \\" in text
    assert r"a|b & 50.0 \% (25.0--75.0) & $-$1.2" in text
    bare = re.sub(r"\\[%&#_{}]", "", text)
    assert bare.count("{") == bare.count("}") and text.count("\\begin") == text.count("\\end") == 2
    odd = Table(title="~^\\#$", name="x", frame=pd.DataFrame({"a": ["·“x”±…"]}), columns={"a": Column(heading="A")})
    assert r"\textasciitilde{}\textasciicircum{}\textbackslash{}\#\$" in to_latex(
        odd
    ) and r"$\cdot$``x''$\pm$\dots{}" in to_latex(odd)


def test_html_says_what_it_leaves_out() -> None:
    many = Table(
        title="Many",
        name="many",
        frame=pd.DataFrame({"a": range(100)}),
        columns={"a": Column(heading="A", kind="count")},
    )
    assert table_html(many, 10).count("<tr>") == 12 and "first 10 of 100 rows" in table_html(many, 10)
    assert table_html(many, 100).count("<tr>") == 101 and "leaves" not in table_html(many, 100)
    assert '<td class="number">1,234</td>' in table_html(TABLE)


# --- the command ------------------------------------------------------------------------------------------


def test_the_command_writes_the_report_and_its_tables(
    world: Path, small_plotly: None, capsys: pytest.CaptureFixture[str]
) -> None:
    file, tables = world / "out.html", world / "tables"
    asked = (
        "report",
        str(file),
        "--model",
        GOOD,
        "--data",
        squares(world),
        "--study",
        "classify",
        "--tables",
        str(tables),
    )
    assert cli.main([*asked, "--json", "-"]) == 0
    record = json.loads(capsys.readouterr().out)["results"][0]
    assert record["bytes"] == file.stat().st_size and record["missing"] == []
    assert {p.suffix for p in tables.iterdir()} == {".csv", ".md", ".tex"} and len(record["table_files"]) == 3 * len(
        record["tables"]
    )
    assert cli.main(["report", str(world / "no" / "x.html"), "--model", GOOD, "--data", squares(world)]) == 2
    assert cli.main(["report", str(file), "--model", GOOD, "--data", squares(world), "--pictures", "-1"]) == 2
    assert cli.main(["report", str(file), "--cached", "--model", GOOD, "--data", told(world)]) == 1
    assert "nothing to report yet" in capsys.readouterr().err.lower()


def test_importing_the_engine_does_not_import_the_charts() -> None:
    code = "import sys, core.engine, core.commands.cli; print({'plotly', 'pandas', 'scipy'} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"
