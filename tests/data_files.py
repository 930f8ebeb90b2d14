"""Small data sets on disk for the tests of the readers."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def picture(seed: int = 0, side: int = 8, kind: str = "PNG") -> bytes:
    """An encoded picture, different for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def paint(*files: Path) -> None:
    """Write a picture to each of the files; no two alike."""
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture(zlib.crc32(str(file).encode())))


def coco_json(pictures: Mapping[str, Sequence[str]]) -> str:
    """A captions file in COCO's form: file name -> its captions."""
    images = [{"id": i, "file_name": name} for i, name in enumerate(pictures, 100)]
    annotations = [
        {"id": 1000 * i + j, "image_id": i, "caption": caption}
        for i, captions in enumerate(pictures.values(), 100)
        for j, caption in enumerate(captions)
    ]
    return json.dumps({"info": {}, "images": images, "annotations": annotations})


def tar(path: Path, members: Mapping[str, bytes | str], **options: Any) -> Path:
    """A tar of these members, written by the standard library."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, options.pop("mode", "w"), **options) as container:
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            container.addfile(info, io.BytesIO(data))
    return path


def toronto(folder: Path, split: str, pixels: NDArray[np.uint8], labels: Sequence[int], **changes: Any) -> Path:
    """A split in Toronto's layout (n, 3072), pickled as Python 3 does for protocol 2."""
    content: dict[str, Any] = {
        "data": pixels,
        "fine_labels": list(labels),
        "coarse_labels": [0] * len(labels),
        "filenames": [f"{split}_{i:04d}.png" for i in range(len(labels))],
        "batch_label": "a batch",
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / split).write_bytes(pickle.dumps(content | changes, protocol=2))
    return folder / split
