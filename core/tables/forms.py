"""A table as people read it, in three forms: CSV with all the digits, Markdown and LaTeX as shown.

The CSV has the frame's own names and values; the other forms have the columns that are worth reading, in words,
shares in percent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

ColumnKind = Literal["text", "share", "points", "number", "count", "p"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column as shown: its heading and what kind of value it holds. `low` and `high` name the columns of its 95 %
    interval, shown behind the value. `alone` is the heading on paper, where no `help` can be asked for."""

    heading: str
    kind: ColumnKind = "text"
    low: str = ""
    high: str = ""
    alone: str = ""
    help: str = ""

    @property
    def on_paper(self) -> str:
        """The heading in a report or a file."""
        return self.alone or (f"{self.heading} (95 %)" if self.low else self.heading)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A frame with a title, a name for files, and the columns to show, by the frame's own names."""

    title: str
    name: str
    frame: pd.DataFrame
    columns: Mapping[str, Column] = field(default_factory=dict)

    @property
    def shown(self) -> dict[str, Column]:
        """The columns that are there and not empty throughout."""
        return {c: column for c, column in self.columns.items() if c in self.frame and _says(self.frame[c])}

    def cells(self) -> list[list[str]]:
        """Every shown cell as text, row by row, without the headings."""
        shown = self.shown
        return [[cell(row, c, column) for c, column in shown.items()] for row in self.frame.to_dict("records")]

    def is_number(self, column: str) -> bool:
        """Whether a column goes to the right."""
        return self.columns[column].kind != "text"


def _says(values: pd.Series) -> bool:
    return bool((values.notna() & (values.astype(object) != "")).any())


def cell(row: Mapping[Any, Any], name: str, column: Column) -> str:
    """One cell as shown; "" where there is no value. Shares get one decimal, counts thousands."""
    value = row[name]
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    said = _FORMS[column.kind](value)
    low, high = row.get(column.low), row.get(column.high)
    if column.low and low is not None and high is not None and not math.isnan(float(low)):
        said += (
            f" ({_points(low)} to {_points(high)})"
            if column.kind == "points"
            else f" ({100 * low:.1f}–{100 * high:.1f})"
        )
    return said


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")


_FORMS: Mapping[ColumnKind, Callable[[Any], str]] = {
    "text": lambda v: ("yes" if v else "no") if isinstance(v, bool) else str(v),
    "share": lambda v: f"{100 * v:.1f} %",
    "points": _points,
    "number": lambda v: f"{v:.4g}",
    "count": lambda v: f"{int(v):,}",
    "p": lambda v: "< 0.001" if v < 0.001 else f"{v:.3f}",
}


def to_csv(table: Table) -> str:
    """Every column of the frame with all its digits."""
    return str(table.frame.to_csv(index=False))


def to_markdown(table: Table) -> str:
    """A table in GitHub's Markdown, numbers to the right."""
    names, shown = list(table.shown), table.shown
    head = [_markdown(column.on_paper) for column in shown.values()]
    rule = ["---:" if table.is_number(name) else "---" for name in names]
    rows = [[_markdown(text) for text in row] for row in table.cells()]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *rows)) + "\n"


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(text.split()))


_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "–": "--",
    "·": r"$\cdot$",
    "“": "``",
    "”": "''",
    "’": "'",
    "±": r"$\pm$",
    "\u00a0": "~",
    "…": r"\dots{}",
    "→": r"$\rightarrow$",
}


def to_latex(table: Table) -> str:
    """A `table` environment for the booktabs package, with caption and label."""
    places = "".join("r" if table.is_number(name) else "l" for name in table.shown)
    head = " & ".join(_tex(column.on_paper) for column in table.shown.values())
    rows = [" & ".join(_tex(text) for text in row) + r" \\" for row in table.cells()]
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_tex(table.title)}}}",
        rf"\label{{tab:{table.name}}}",
        rf"\begin{{tabular}}{{{places}}}",
        r"\toprule",
        rf"{head} \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _tex(text: str) -> str:
    plain = " ".join(text.replace("\u00a0", "\u0000").split()).replace("\u0000", "\u00a0")
    return "".join(_TEX.get(ch, rf"\{ch}" if ch in "&%$#_{}" else ch) for ch in plain)
