"""The EXIF orientation of a file from its header alone, beside Pillow's own reading."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from core.images.decode import stated_orientation


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("stated", [None, 1, 3, 6, 8, 9])
def test_it_is_what_pillow_reads(kind: str, stated: int | None) -> None:
    exif, out = Image.Exif(), io.BytesIO()
    if stated is not None:
        exif[0x0112] = stated
    Image.new("RGB", (4, 2), "red").save(out, kind, exif=exif)
    read = Image.open(io.BytesIO(out.getvalue())).getexif().get(0x0112, 1)
    assert stated_orientation(out.getvalue()) == (read if 1 <= read <= 8 else 1)


def test_what_is_no_image_states_none() -> None:
    assert stated_orientation(b"") == stated_orientation(b"no image") == 1
