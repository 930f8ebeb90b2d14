"""What every command is made of: its arguments, its work, and the table it prints."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.catalog.models import find_model
from core.engine import Engine
from core.errors import BadArgument, NotHere
from core.readers.datasets import find_dataset
from core.studies.base import Study
from core.system.files import write_atomic
from core.system.progress import Progress
from core.types import Place

if TYPE_CHECKING:
    import pandas as pd

Record = dict[str, Any]
Row = dict[str, Any]
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command. `run` gives the result records of the JSON document; `rows` the table's rows from them."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Engine, argparse.Namespace], list[Record]]
    rows: Callable[[Sequence[Record]], list[Row]]


def add_selection(parser: argparse.ArgumentParser, *, data: bool = True) -> None:
    """`--model`, `--data` (both repeated, one value each; `data`: whether it must be there) and `--split`."""
    parser.add_argument(
        "--model",
        action="append",
        required=True,
        metavar="NAME",
        help="a model, for example ViT-B-32/openai; repeat for several",
    )
    parser.add_argument(
        "--data",
        action="append",
        required=data,
        metavar="NAME",
        help="a data set, for example eurosat or folder:PATH; repeat for several",
    )
    parser.add_argument("--split", metavar="NAME", help="the split (default: the one the data set is measured on)")


def add_class_names(parser: argparse.ArgumentParser) -> None:
    """`--classnames`, one kind."""
    parser.add_argument(
        "--classnames",
        default="curated",
        metavar="KIND",
        help="curated (default), raw (folder names), or a file with one name a line",
    )


def add_rows_file(parser: argparse.ArgumentParser, what: str) -> None:
    """`--csv`, a file of rows beside the document; `what` each of them is."""
    parser.add_argument("--csv", metavar="FILE", help=f"also write {what} there, a row each")


def write_rows(target: Path, frames: Sequence[pd.DataFrame]) -> None:
    """The rows of all frames as one CSV; columns are those of the first."""
    import pandas as pd

    rows = [frame for frame in frames if len(frame)] or list(frames[:1])
    write_atomic(target.absolute(), pd.concat(rows).to_csv(index=False).encode("utf-8"), cache=False)


def positive(text: str) -> int:
    """The type of an argument that counts from 1."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def new_file(name: str) -> Path:
    """The file to write; its folder must be there before the work starts."""
    if not Path(name).absolute().parent.is_dir():
        raise BadArgument(f"{Path(name)} lies in a folder that does not exist; make the folder first.")
    return Path(name)


def selection(args: argparse.Namespace) -> list[tuple[str, str]]:
    """Every (model, data set) pair asked for; all names are checked before any work starts."""
    models = [find_model(name).name for name in dict.fromkeys(args.model)]
    data = [find_dataset(name).name for name in dict.fromkeys(args.data or ())]
    return [(model, dataset) for dataset in data for model in models]


def tell_captions(engine: Engine, datasets: Sequence[str], split: str | None) -> None:
    """On standard error what the readers found in files of captions: how many, and whether that is all."""
    from core.words.captions import captions_line, captions_report

    for dataset in dict.fromkeys(name for name in datasets if name.startswith("captions:")):
        try:
            rows = engine.data.rows(dataset, split)
        except NotHere:
            continue  # only its vectors are on this machine
        print(f"{dataset}: {captions_line(rows)}", file=sys.stderr)
        for line in captions_report(rows):
            print(f"- {line}", file=sys.stderr)


LEVELS = {"fault": "Fault", "warning": "Warning", "info": "Note"}


def note_lines(records: Sequence[Record]) -> list[str]:
    """What stands under a table: every note of its records once, faults first, with its model and data set where it is
    not true of all."""
    from core.words.notes import said_of

    noted = [record for record in records if record.get("notes")]
    every = [(str(record.get("model")), str(record.get("dataset"))) for record in records]
    whose = dict[tuple[str, str], list[tuple[str, str]]]()
    for record in noted:
        for note in record["notes"]:
            pair = (str(record.get("model")), str(record.get("dataset")))
            whose.setdefault((note["level"], note["text"]), []).append(pair)
    ordered = sorted(whose.items(), key=lambda item: list(LEVELS).index(item[0][0]))
    return [f"{LEVELS[level]}: {said_of(found, every)}{text}" for (level, text), found in ordered]


def answer(engine: Engine, study: Study[R], work: str, unit: str) -> R:
    """The answer to a study; what it needs is embedded first. `work` and `unit` are those of its bar."""
    for place in study.needs(engine):
        ensure_vectors(engine, place)
    with bar(work, unit) as progress:
        return engine.run(study, progress)


def ensure_vectors(engine: Engine, place: Place) -> None:
    """Embed what is not in the cache."""
    with embed_bar(place) as progress:
        engine.vectors.ensure(place, progress)


def embed_bar(place: Place) -> AbstractContextManager[Progress]:
    """The bar of embedding: texts are counted with the pictures where a data set has captions."""
    captioned = place.dataset.kind == "captions"
    return bar(f"{place.model.name} on {place.dataset.name}", "images and captions" if captioned else "images")


@contextmanager
def bar(title: str, unit: str = "images") -> Iterator[Progress]:
    """A progress bar on standard error that appears with the first report."""
    from tqdm import tqdm

    shown: list[Any] = []

    def report(done: int, total: int) -> None:
        if not shown:
            # In a log file a line now and then, on a terminal a bar that moves.
            pause = 0.2 if sys.stderr.isatty() else 10.0
            shown.append(tqdm(total=total, desc=title, unit=f" {unit}", leave=False, mininterval=pause))
        shown[0].total = total
        shown[0].update(done - shown[0].n)

    try:
        yield report
    finally:
        for each in shown:
            each.close()


def percent(value: float | None) -> str:
    """0.4217 -> "42.17 %", for tables."""
    return "" if value is None else f"{100 * value:.2f} %"


def interval(pair: Sequence[float] | None) -> str:
    """(0.41, 0.43) -> "41.00–43.00", for tables."""
    return "" if pair is None else f"{100 * pair[0]:.2f}–{100 * pair[1]:.2f}"
