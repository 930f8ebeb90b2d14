"""Row ids, labels, class names and captions as Parquet, so that a million rows load in well under a
second."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import VERIFY, Damaged
from core.system.files import replacing
from core.types import Dataset, IntArray

ROWS, CLASSES, CAPTIONS = "rows.parquet", "classes.parquet", "captions.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows that have vectors: `ids` (n,), `labels` (n,) or None, names of classes (c,), captions (m,)."""

    ids: tuple[str, ...]
    labels: IntArray | None = None
    classnames: tuple[str, ...] = ()
    raw_classnames: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    image_index: IntArray | None = None

    def files(self) -> tuple[str, ...]:
        """The Parquet files that hold these rows."""
        classes = (CLASSES,) if self.classnames or self.raw_classnames else ()
        return (ROWS, *classes, *((CAPTIONS,) if self.image_index is not None else ()))


def kept_rows(dataset: Dataset, skipped: Collection[int]) -> Rows:
    """The rows of a data set without the skipped ones; captions of a skipped picture go with it."""
    without = np.zeros(len(dataset), bool)
    without[list(skipped)] = True
    keep = np.flatnonzero(~without)
    labels = None if dataset.labels is None else dataset.labels[keep]
    rows = Rows(
        ids=tuple(dataset.ids[i] for i in keep),
        labels=labels,
        classnames=dataset.classnames,
        raw_classnames=dataset.raw_classnames,
    )
    if dataset.image_index is None:
        return rows
    position = np.cumsum(~without) - 1
    captions = np.flatnonzero(~without[dataset.image_index])
    return replace(
        rows,
        captions=tuple(dataset.captions[i] for i in captions),
        image_index=position[dataset.image_index[captions]].astype(np.int64),
    )


def write_rows(folder: Path, rows: Rows) -> None:
    """Write the Parquet files of an entry."""
    columns: dict[str, Any] = {"id": _text_column(rows.ids)}
    if rows.labels is not None:
        columns["label"] = rows.labels
    _write(folder / ROWS, columns)
    if CLASSES in rows.files():
        _write(folder / CLASSES, _class_columns(rows))
    if rows.image_index is not None:
        _write(folder / CAPTIONS, {"caption": _text_column(rows.captions), "image_index": rows.image_index})


def read_rows(folder: Path, files: Sequence[str]) -> Rows:
    """Read the Parquet files named in `files`. Raises `Damaged` when one cannot be read."""
    main = _read(folder / ROWS)
    classes = _read(folder / CLASSES) if CLASSES in files else {}
    captions = _read(folder / CAPTIONS) if CAPTIONS in files else {}
    try:
        return Rows(
            ids=_texts(main["id"]),
            labels=_integers(main.get("label")),
            classnames=_texts(classes.get("classname")),
            raw_classnames=_texts(classes.get("raw_classname")),
            captions=_texts(captions.get("caption")),
            image_index=_integers(captions.get("image_index")),
        )
    except (KeyError, ValueError, TypeError, UnicodeDecodeError) as error:
        raise _damaged(folder / ROWS) from error


def _class_columns(rows: Rows) -> dict[str, Any]:
    return {
        name: _text_column(values)
        for name, values in (("classname", rows.classnames), ("raw_classname", rows.raw_classnames))
        if values
    }


def _text_column(texts: Sequence[str]) -> Any:
    """A string column; file names that are no valid Unicode go as bytes, so that they come back as they
    were."""
    import pyarrow as pa

    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        return pa.array([text.encode("utf-8", "surrogatepass") for text in texts], pa.large_binary())


def _write(path: Path, columns: dict[str, Any]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    with replacing(path) as file:
        parquet.write_table(pa.table(columns), file, compression="zstd")


def _read(path: Path) -> dict[str, Any]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, memory_map=True) as file:
            table = file.read(use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path) from error
    return {name: table.column(name) for name in table.column_names}


def _texts(column: Any) -> tuple[str, ...]:
    if column is None:
        return ()
    return tuple(t if isinstance(t, str) else t.decode("utf-8", "surrogatepass") for t in column.to_pylist())


def _integers(column: Any) -> IntArray | None:
    return None if column is None else np.array(column.to_numpy(), dtype=np.int64)


def _damaged(path: Path) -> Damaged:
    return Damaged(f"{path} is missing or damaged", VERIFY)
