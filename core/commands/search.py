"""`search`: the pictures closest to a text, a picture, or both."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from core.commands.base import Command, Record, Row, add_selection, bar, ensure_vectors, selection
from core.engine import Engine
from core.errors import BadArgument
from core.studies.pictures.query import MINUS_WEIGHT, Query, ask
from core.studies.pictures.search import PicturesResult
from core.studies.pictures.study import compare_lists, search

_CAPTION_CHARACTERS = 60


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "text",
        nargs="+",
        metavar="TEXT",
        help='what to look for, the same for every model; several are searched one by one; "" with '
        "--image looks for the image alone",
    )
    add_selection(parser)
    parser.add_argument("--image", metavar="FILE", help="an image to look for, alone or with the text")
    parser.add_argument(
        "--image-weight", type=_weight, default=1.0, metavar="W", help="weight of the image beside the text (default 1)"
    )
    parser.add_argument(
        "--plus", action="append", default=[], metavar="TEXT", help="a further text to add; repeat for several"
    )
    parser.add_argument(
        "--minus",
        action="append",
        default=[],
        metavar="TEXT",
        help="a text whose meaning is taken away; repeat for several",
    )
    parser.add_argument(
        "--minus-weight",
        type=_weight,
        default=MINUS_WEIGHT,
        metavar="W",
        help=f"weight of each --minus (default {MINUS_WEIGHT})",
    )
    parser.add_argument("-k", type=int, default=10, metavar="K", help="how many images (default 10)")
    parser.add_argument(
        "--class",
        dest="classes",
        action="append",
        metavar="NAME",
        help="a class that counts as right for precision at k; repeat for several (default: classes named in the text)",
    )

    parser.add_argument(
        "--exact",
        action="store_true",
        help="compare every image, also where an index would nominate, and say how many of the index's list were right",
    )


def _weight(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}")
    return value


def _run(engine: Engine, args: argparse.Namespace) -> list[Record]:
    pairs, image = selection(args), _read(args.image)
    if args.k < 1:
        raise BadArgument(f"-k expects at least 1 image, got {args.k}.")
    queries = [_query(args, text) for text in args.text]
    for model, dataset in pairs:
        ensure_vectors(engine, engine.place(model, dataset, args.split))
    records = []
    for dataset in dict.fromkeys(dataset for _, dataset in pairs):
        models = [model for model, name in pairs if name == dataset]
        for query in queries:
            records += _search(engine, args, models, dataset, query, image)
    return records


def _read(file: str | None) -> bytes | None:
    if file is None:
        return None
    path = Path(file)
    if not path.is_file():
        raise BadArgument(f"--image expects an image file, but there is none at {file}.")
    return path.read_bytes()


def _query(args: argparse.Namespace, text: str) -> Query:
    name = Path(args.image).name if args.image else ""
    if not text.strip() and not name:
        raise BadArgument("TEXT is empty; write what to look for, or give an image with --image.")
    return ask(
        text,
        plus=args.plus,
        minus=args.minus,
        minus_weight=args.minus_weight,
        image=name,
        image_weight=args.image_weight,
    )


def _search(
    engine: Engine, args: argparse.Namespace, models: Sequence[str], dataset: str, query: Query, image: bytes | None
) -> list[Record]:
    """One record a model; from the second on with what moved against the first."""
    more = {"classes": args.classes} if args.classes else {}
    places = [engine.place(model, dataset, args.split) for model in models]
    found = list[PicturesResult]()
    for place in places:
        with bar(f"{place.model.name} on {dataset}") as progress:
            asked = {"query": query, "image": image, "k": args.k, **more}
            found.append(search(engine, place, **asked, exact=args.exact, progress=progress))
    return [result.to_record() | _moved(engine, found[0], result) for result in found]


def _moved(engine: Engine, first: PicturesResult, result: PicturesResult) -> Record:
    return {} if result is first else {"compared": compare_lists(engine, first, result).to_record()}


def _rows(records: Sequence[Record]) -> list[Row]:
    return [
        {
            "model": r["model"],
            "data": r["dataset"],
            "query": r["query"],
            "rank": hit["rank"],
            "score": f"{hit['score']:.4f}",
            "id": hit["id"],
            "label or caption": _words(hit),
        }
        for r in records
        for hit in r["hits"]
    ]


def _words(hit: Record) -> str:
    if "label" in hit:
        return str(hit["label"])
    first = str(hit["captions"][0]) if hit["captions"] else ""
    return first if len(first) <= _CAPTION_CHARACTERS else first[: _CAPTION_CHARACTERS - 1] + "…"


COMMAND = Command(
    name="search",
    help="images closest to a text, an image, or both",
    add_arguments=_add_arguments,
    run=_run,
    rows=_rows,
)
