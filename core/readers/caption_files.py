"""Files of captions of every kind: JSON and JSON lines, tables, Flickr8k's and Flickr30k's own text files.

Picture names are taken as written; `captions.py` finds the pictures.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import TMVError
from core.readers.caption_json import json_captions
from core.readers.caption_rows import CaptionFile
from core.readers.caption_tables import table_captions
from core.readers.text_files import read_text

SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".token")
MAX_BYTES = 2 * 1024**3
_SEARCHED_BYTES = 256 * 1024**2
_PICTURE_KEYS = (b'"images"', b'"image"', b'"file_name"', b'"filename"')
_CAPTION_KEYS = (b'"caption"', b'"captions"', b'"sentences"')
_OTHERS = {
    ".parquet": "Parquet",
    ".arrow": "Arrow",
    ".feather": "Feather",
    ".xlsx": "an Excel workbook",
    ".xls": "an Excel workbook",
    ".ods": "a spreadsheet",
    ".pkl": "a Python pickle",
    ".pickle": "a Python pickle",
    ".npy": "a NumPy array",
    ".npz": "NumPy arrays",
    ".mat": "a MATLAB file",
    ".h5": "HDF5",
    ".hdf5": "HDF5",
    ".gz": "compressed",
    ".zip": "an archive",
    ".xml": "XML",
    ".yaml": "YAML",
    ".yml": "YAML",
}


def read_caption_file(path: Path) -> CaptionFile:
    """Every caption of the file, in its order; pictures without any have one row with an empty caption.

    Raises `TMVError` naming the line or the key that does not fit.
    """
    if other := other_format(path):
        raise TMVError(f"{path} is {other}, which is not read here; save it as csv or jsonl of image and caption.")
    read = read_text(path, MAX_BYTES)
    in_json = path.suffix.lower() in (".json", ".jsonl", ".ndjson")
    found = json_captions(str(path), read.text) if in_json else table_captions(path, read.text)
    if not found.rows:
        raise TMVError(f"{path} holds no captions.")
    return CaptionFile(rows=found.rows, notes=(*read.notes, *found.notes))


def other_format(path: Path) -> str:
    """ "Parquet": what a file is that holds data but is not read; "" for others."""
    return _OTHERS.get(path.suffix.lower(), "")


def is_caption_json(path: Path) -> bool:
    """Whether a json file of any name holds captions: its text has keys for pictures and for captions."""
    if path.stat().st_size > _SEARCHED_BYTES:
        return False
    content = path.read_bytes()
    return any(key in content for key in _PICTURE_KEYS) and any(key in content for key in _CAPTION_KEYS)
