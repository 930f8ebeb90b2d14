"""Row ids, labels, class names and captions as Parquet, so that a million rows load in well under a
second."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from core.errors import VERIFY, Damaged
from core.store import columns
from core.store.columns import TextColumn
from core.system.files import replacing
from core.types import Dataset, IntArray

ROWS, LABELS, CLASSES, CAPTIONS = "rows.parquet", "labels.parquet", "classes.parquet", "captions.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows that have vectors: `ids` (n,), `labels` (n,) or None, `label_pairs` (p, 2) of row and class where a row
    may have none or several, names of classes (c,), captions (m,)."""

    ids: tuple[str, ...]
    labels: IntArray | None = None
    label_pairs: IntArray | None = None
    classnames: tuple[str, ...] = ()
    raw_classnames: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    image_index: IntArray | None = None

    def files(self) -> tuple[str, ...]:
        """The Parquet files that hold these rows."""
        classes = (CLASSES,) if self.classnames or self.raw_classnames else ()
        several = (LABELS,) if self.label_pairs is not None else ()
        return (ROWS, *several, *classes, *((CAPTIONS,) if self.image_index is not None else ()))


def kept_rows(dataset: Dataset, skipped: Collection[int]) -> Rows:
    """The rows of a data set without the skipped ones; captions of a skipped picture go with it."""
    without = np.zeros(len(dataset), bool)
    without[list(skipped)] = True
    keep = np.flatnonzero(~without)
    labels = None if dataset.labels is None else dataset.labels[keep]
    position = np.cumsum(~without) - 1
    rows = Rows(
        ids=tuple(dataset.ids[i] for i in keep),
        labels=labels,
        label_pairs=None if dataset.label_pairs is None else _kept_pairs(dataset.label_pairs, without, position),
        classnames=dataset.classnames,
        raw_classnames=dataset.raw_classnames,
    )
    if dataset.image_index is None:
        return rows
    captions = np.flatnonzero(~without[dataset.image_index])
    return replace(
        rows,
        captions=tuple(dataset.captions[i] for i in captions),
        image_index=position[dataset.image_index[captions]].astype(np.int64),
    )


def _kept_pairs(pairs: IntArray, without: NDArray[np.bool_], position: IntArray) -> IntArray:
    kept = pairs[~without[pairs[:, 0]]]
    return np.stack([position[kept[:, 0]], kept[:, 1]], axis=1).astype(np.int64)


def write_rows(folder: Path, rows: Rows) -> None:
    """Write the Parquet files of an entry."""
    columns: dict[str, Any] = {"id": _text_column(rows.ids)}
    if rows.labels is not None:
        columns["label"] = rows.labels
    _write(folder / ROWS, columns)
    if rows.label_pairs is not None:
        _write(folder / LABELS, {"image_index": rows.label_pairs[:, 0], "label": rows.label_pairs[:, 1]})
    if CLASSES in rows.files():
        _write(folder / CLASSES, _class_columns(rows))
    if rows.image_index is not None:
        _write(folder / CAPTIONS, {"caption": _text_column(rows.captions), "image_index": rows.image_index})


def read_rows(folder: Path, files: Sequence[str]) -> Rows:
    """Read the Parquet files named in `files`. Raises `Damaged` when one cannot be read."""
    main = _read(folder / ROWS)
    pairs = _read(folder / LABELS) if LABELS in files else {}
    classes = _read(folder / CLASSES) if CLASSES in files else {}
    captions = _read(folder / CAPTIONS) if CAPTIONS in files else {}
    try:
        return Rows(
            ids=_texts(main["id"]),
            labels=_integers(main.get("label")),
            label_pairs=_pairs(pairs),
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
    column = TextColumn(column)
    return column[:] if len(column) < columns.COLUMN_FROM else cast(tuple[str, ...], column)


def _integers(column: Any) -> IntArray | None:
    return None if column is None else np.array(column.to_numpy(), dtype=np.int64)


def _pairs(columns: dict[str, Any]) -> IntArray | None:
    if not columns:
        return None
    return np.stack([np.asarray(columns[name].to_numpy(), np.int64) for name in ("image_index", "label")], axis=1)


def _damaged(path: Path) -> Damaged:
    return Damaged(f"{path} is missing or damaged", VERIFY)
