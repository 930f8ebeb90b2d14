"""Every odd picture file: generated here, and where TMV_TEST_DATA is set the collected real ones."""

from __future__ import annotations

import contextlib
import csv
import os
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps, PngImagePlugin

from core.errors import BadImage
from core.images.decode import (
    IMAGE_SUFFIXES,
    MAX_ASPECT,
    MAX_BYTES,
    MAX_PIXELS,
    UNREAD_FORMATS,
    is_picture_name,
    read_encoded,
    thumbnail,
    to_rgb,
    unread_format,
)
from core.images.formats import format_of

ROOT = Path(__file__).parents[3]
BAD = Path(os.environ.get("TMV_TEST_DATA", "/nonexistent")) / "bad"


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def scene(width: int = 48, height: int = 32) -> Image.Image:
    """Four corners that differ, so that every turn and flip shows."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (220, 30, 30)
    pixels[: height // 2, width // 2 :] = (30, 200, 30)
    pixels[height // 2 :, : width // 2] = (30, 30, 220)
    pixels[height // 2 :, width // 2 :] = (240, 240, 40)
    return Image.fromarray(pixels)


def array(image: Image.Image) -> NDArray[np.int64]:
    return np.asarray(image).astype(np.int64)


def reason(source: bytes | Path) -> str:
    with pytest.raises(BadImage) as caught:
        to_rgb(source)
    return str(caught.value)


# --- right pixels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "GIF"])
def test_lossless_formats_give_the_same_pixels(kind: str) -> None:
    image = scene() if kind != "GIF" else scene().convert("P", palette=Image.Palette.ADAPTIVE)
    found = to_rgb(encoded(image, kind))
    assert found.mode == "RGB"
    assert np.array_equal(array(found), array(scene()))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "JPEG2000"])
def test_lossy_formats_give_nearly_the_same_pixels(kind: str) -> None:
    options = {} if kind == "JPEG2000" else {"quality": 95}
    found = array(to_rgb(encoded(scene(), kind, **options)))
    assert np.abs(found - array(scene())).mean() < 6


def test_cmyk_is_not_inverted() -> None:
    red = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    red_found, green, blue = array(to_rgb(encoded(red, "JPEG", quality=95))).mean(axis=(0, 1))
    assert red_found > 200 and green < 60 and blue < 60


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_is_repeated_over_three_channels(mode: str) -> None:
    found = array(to_rgb(encoded(scene().convert(mode), "PNG")))
    assert np.array_equal(found[..., 0], found[..., 2])
    assert np.array_equal(found[..., 0], array(scene().convert(mode).convert("L")))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG2000"])
def test_sixteen_bit_grey_is_scaled_not_clipped(kind: str) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(8, axis=0)
    options = {"irreversible": False} if kind == "JPEG2000" else {}
    found = array(to_rgb(encoded(Image.fromarray(ramp), kind, **options)))[0, :, 0]
    by_hand = [round(int(value) / 257) for value in ramp[0]]
    assert found.tolist() == by_hand
    assert found[0] == 0 and found[128] in (127, 128, 129) and found[255] == 255


def test_sixteen_bit_grey_in_a_pgm_is_scaled_too() -> None:
    values = np.array([[0, 257, 32896, 65535]], ">u2")
    found = array(to_rgb(b"P5 4 1 65535\n" + values.tobytes()))
    assert found[0, :, 0].tolist() == [0, 1, 128, 255]


def test_twelve_bit_tiff_uses_its_own_range() -> None:
    # Two pixels, 0 and 4095, packed into three bytes.
    entries = [
        (256, 3, 2),
        (257, 3, 1),
        (258, 3, 12),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 200),
        (277, 3, 1),
        (278, 3, 1),
        (279, 4, 3),
    ]
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    header = b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + struct.pack("<I", 0)
    found = array(to_rgb(header.ljust(200, b"\0") + b"\x00\x0f\xff"))
    assert found[0, :, 0].tolist() == [0, 255]


def test_thirty_two_bit_grey_is_refused_as_its_range_is_unknown() -> None:
    floats = Image.fromarray(np.ones((4, 4), np.float32))
    assert "format not supported" in reason(encoded(floats, "TIFF"))


def test_lab_is_really_converted() -> None:
    lab = Image.merge("LAB", [Image.new("L", (8, 8), value) for value in (255, 128, 128)])
    red, green, blue = array(to_rgb(encoded(lab, "TIFF"))).mean(axis=(0, 1))
    assert min(red, green, blue) > 245, "full lightness without colour is white"


# --- transparency on white --------------------------------------------------------------------------------


def test_alpha_is_laid_on_white() -> None:
    image = Image.new("RGBA", (3, 1))
    image.putdata([(255, 0, 0, 255), (0, 0, 0, 0), (0, 0, 0, 128)])
    found = array(to_rgb(encoded(image, "PNG")))[0]
    assert found[0].tolist() == [255, 0, 0] and found[1].tolist() == [255, 255, 255]
    assert np.abs(found[2] - 127).max() <= 1


@pytest.mark.parametrize("mode, clear", [("L", 7), ("RGB", (7, 7, 7)), ("P", 0)])
def test_a_transparent_colour_becomes_white(mode: str, clear: int | tuple[int, int, int]) -> None:
    image = Image.new("L", (2, 1))
    image.putdata([7, 200])
    image = image.convert(mode)
    if mode == "P":
        image = Image.new("P", (2, 1))
        image.putpalette([7, 7, 7, 200, 200, 200])
        image.putdata([0, 1])
    found = array(to_rgb(encoded(image, "PNG", transparency=clear)))[0]
    assert found.tolist() == [[255, 255, 255], [200, 200, 200]]


def test_a_transparent_value_of_deep_grey_becomes_white() -> None:
    image = Image.fromarray(np.array([[1000, 25700]], np.uint16))
    found = array(to_rgb(encoded(image, "PNG", transparency=1000)))[0, :, 0]
    assert found.tolist() == [255, 100]


def test_webp_alpha_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    assert array(to_rgb(encoded(clear, "WEBP", lossless=True))).min() == 255


# --- animations -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    found = to_rgb(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options))
    assert found.getpixel((8, 8)) == (255, 0, 0)


# --- orientation ------------------------------------------------------------------------------------------


def exif_with(value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientations_are_those_of_pillow(value: int, kind: str) -> None:
    options: dict[str, object] = {"quality": 95} if kind == "JPEG" else {}
    if kind == "TIFF":
        options["tiffinfo"] = {0x0112: value}
    else:
        options["exif"] = exif_with(value)
    data = encoded(scene(), kind, **options)
    with Image.open(BytesIO(data)) as opened:
        expected = array(ImageOps.exif_transpose(opened).convert("RGB"))
    found = to_rgb(data)
    assert np.array_equal(array(found), expected)
    assert ImageOps.exif_transpose(found).size == found.size, "a second reader must not turn it again"


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_invalid_orientations_are_ignored(value: int) -> None:
    assert to_rgb(encoded(scene(), "JPEG", exif=exif_with(value))).size == (48, 32)


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0XX*\0\x08\0\0\0",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\1" * 30,
        b"Exif\0\0" + b"\0" * 40,
    ],
)
def test_a_damaged_exif_block_says_nothing_about_the_pixels(exif: bytes) -> None:
    assert to_rgb(encoded(scene(), "JPEG", exif=exif)).size == (48, 32)


def test_big_endian_exif_is_read() -> None:
    block = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    assert to_rgb(encoded(scene(), "JPEG", exif=block)).size == (32, 48)


# --- refused, with one reason -----------------------------------------------------------------------------


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *, extra: bytes = b"", bits: int = 8, colour: int = 0) -> bytes:
    """A grey PNG that declares this size; its pixels are there only for small ones."""
    pixels = b"".join(b"\0" + bytes(width) for _ in range(height)) if width * height < 10**6 else b""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), extra, chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def text_bomb() -> bytes:
    return png(8, 8, extra=chunk(b"zTXt", b"key\0\0" + zlib.compress(b"x" * 200_000_000)))


def gif(width: int, height: int) -> bytes:
    """A GIF whose one frame has this size and hardly any data."""
    frame = b",\0\0\0\0" + struct.pack("<HH", width, height) + b"\0\2\2\x44\1\0;"
    screen = struct.pack("<HH", min(width, 32), min(height, 32)) + b"\x80\0\0\0\0\0\xff\xff\xff"
    return b"GIF89a" + screen + frame


ODD: list[tuple[str, Callable[[], bytes], str]] = [
    ("empty", lambda: b"", "empty file"),
    ("git-lfs", lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs pointer"),
    ("html", lambda: b"\n<!DOCTYPE html><html>404</html>", "not an image: an HTML page"),
    ("side file", lambda: b"\0\5\x16\7\0\2\0\0" + b"\0" * 60, "macOS side file"),
    ("svg", lambda: b"<?xml version='1.0'?><svg xmlns='x'/>", "SVG"),
    ("pdf", lambda: b"%PDF-1.7\n", "PDF"),
    ("postscript", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
    ("heic", lambda: b"\0\0\0\x18ftypheic\0\0\0\0", "damaged file: the HEIF"),
    ("video", lambda: b"\0\0\0\x18ftypmp42\0\0\0\0", "format not supported: MP42 (a video)"),
    ("zip", lambda: b"PK\3\4" + b"\0" * 40, "zip archive"),
    ("text", lambda: b"hello, world", "not an image"),
    ("noise", lambda: bytes(range(256)), "not an image"),
    ("no header", lambda: b"\x89PNG\r\n\x1a\n" + chunk(b"junk", b"\0" * 20), "damaged file"),
    ("header only", lambda: b"\x89PNG\r\n\x1a\n", "truncated file"),
    ("300 megapixels", lambda: png(20_000, 15_000, bits=1), "too many pixels: 20000 x 15000"),
    ("huge gif", lambda: b"GIF89a\xff\xff\xff\xff" + b"\0" * 30, "too many pixels"),
    ("huge gif frame", lambda: gif(65_535, 65_535), "too many pixels"),
    ("no width", lambda: gif(0, 32), "empty image: 0 x 32"),
    ("strip", lambda: encoded(Image.new("RGB", (5000, 2)), "PNG"), "aspect ratio: 5000 x 2"),
    ("text bomb", text_bomb, "unsafe file"),
    ("cut jpeg", lambda: encoded(scene(), "JPEG")[:-40], "truncated file: the JPEG"),
    ("cut png", lambda: encoded(scene(), "PNG")[:-40], "truncated file: the PNG"),
    ("no end chunk", lambda: encoded(scene(), "PNG")[:-10], "truncated file: the PNG"),
    ("cut bmp", lambda: encoded(scene(), "BMP")[:-100], "truncated file: the BMP"),
    ("cut webp", lambda: encoded(scene(), "WEBP")[:-20], "file: the WebP"),
    ("cut avif", lambda: encoded(scene(), "AVIF")[:-20], "file: the AVIF"),
]


@pytest.mark.parametrize("make, expected", [row[1:] for row in ODD], ids=[row[0] for row in ODD])
def test_what_is_no_picture_gets_one_reason(make: Callable[[], bytes], expected: str, tmp_path: Path) -> None:
    data = make()
    said = reason(data)
    assert expected in said
    file = tmp_path / "odd name.jpg"
    file.write_bytes(data)
    assert reason(file) == said, "the same reason for a file, without its path"
    assert "\n" not in said and "BytesIO" not in said and str(tmp_path) not in said


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_cut_picture_is_refused_wherever_it_is_cut(kind: str) -> None:
    rng = np.random.default_rng(3)
    data = encoded(Image.fromarray(rng.integers(0, 255, (40, 40, 3), np.uint8)), kind)
    for end in range(1, len(data) - 2, 7):
        reason(data[:end])


def test_bombs_are_refused_without_the_memory_they_ask_for(tmp_path: Path) -> None:
    files = {"a": png(20_000, 15_000, bits=1), "b": gif(65_535, 65_535), "c": text_bomb()}
    files["d"] = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xfe\x3f\0\xfe\x3f\0"
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    code = (
        "import resource, sys, pathlib\n"
        "from core.images.decode import to_rgb, BadImage\n"
        "pages = int(pathlib.Path('/proc/self/statm').read_text().split()[0])\n"
        "limit = pages * resource.getpagesize() + 150_000_000\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        print(to_rgb(pathlib.Path(name)))\n"
        "    except BadImage as error:\n"
        "        print(error)\n"
    )
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc")
    command = [sys.executable, "-c", code, *(str(tmp_path / name) for name in files)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    said = run.stdout.splitlines()
    assert len(said) == len(files) and "memory" not in run.stdout
    assert [line.split(":")[0] for line in said] == [
        "too many pixels",
        "too many pixels",
        "unsafe file",
        "too many pixels",
    ]


def test_the_limits_are_where_they_are_said_to_be() -> None:
    assert to_rgb(encoded(Image.new("L", (MAX_ASPECT, 1)), "PNG")).size == (MAX_ASPECT, 1)
    assert "aspect" in reason(encoded(Image.new("L", (MAX_ASPECT + 1, 1)), "PNG"))
    side = int(MAX_PIXELS**0.5) + 1
    assert "too many pixels" in reason(png(side, side))
    assert to_rgb(encoded(Image.new("RGB", (1, 1), (200, 30, 30)), "PNG")).getpixel((0, 0)) == (200, 30, 30)


def test_a_missing_file_and_a_folder_have_reasons(tmp_path: Path) -> None:
    assert "missing file" in reason(tmp_path / "no.jpg")
    assert "unreadable file" in reason(tmp_path)
    with pytest.raises(BadImage):
        read_encoded(tmp_path / "no.jpg")


def test_a_file_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert "file too large" in reason(tmp_path / "large.jpg")


def test_the_content_counts_not_the_name(tmp_path: Path) -> None:
    file = tmp_path / "café 猫 photo (1).JPG"
    file.write_bytes(encoded(scene(), "PNG"))
    assert np.array_equal(array(to_rgb(file)), array(scene()))


# --- hostile and concurrent -------------------------------------------------------------------------------

SEEDS = {kind: encoded(scene(), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM")}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SEEDS)), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=12))
def test_damage_is_a_picture_or_a_reason_and_nothing_else(kind: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SEEDS[kind])
    for place, value in changes:
        data[place % len(data)] = value
    try:
        assert to_rgb(bytes(data)).mode == "RGB"
    except BadImage as error:
        assert str(error)


def test_a_process_that_reads_odd_files_says_nothing_on_its_own(tmp_path: Path) -> None:
    palette = Image.new("P", (8, 8))
    palette.putpalette([7, 7, 7, 200, 200, 200])
    noisy = [
        encoded(palette, "PNG", transparency=b"\x00\xff"),
        encoded(scene(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\1" * 20),
        encoded(scene(), "JPEG")[:-40],
        png(9_600, 9_600),
        gif(9_600, 9_600),
    ]
    for number, data in enumerate(noisy):
        (tmp_path / f"{number}.jpg").write_bytes(data)
    code = (
        "import sys, pathlib\n"
        "from core.images.decode import to_rgb, BadImage\n"
        "for name in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    try:\n"
        "        to_rgb(name)\n"
        "    except BadImage:\n"
        "        pass\n"
    )
    command = [sys.executable, "-W", "always::UserWarning", "-c", code, str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stderr == ""


def test_many_threads_give_what_one_gives() -> None:
    sources = [SEEDS[kind] for kind in sorted(SEEDS)] * 12
    alone = [array(to_rgb(source)) for source in sources]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda source: array(to_rgb(source)), sources))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


# --- pixels, thumbnails, names ----------------------------------------------------------------------------


def test_pixels_pass_as_they_are() -> None:
    pixels = np.asarray(scene())
    assert np.array_equal(array(to_rgb(pixels)), pixels)
    for wrong in (pixels[..., 0], pixels.astype(np.float32), pixels[:0]):
        with pytest.raises(BadImage):
            to_rgb(wrong)  # type: ignore[arg-type]


def test_thumbnails_are_small_upright_webp() -> None:
    big = encoded(scene(1200, 900), "JPEG", exif=exif_with(6), quality=90)
    with Image.open(BytesIO(thumbnail(big, 224))) as small:
        assert small.format == "WEBP" and small.size == (168, 224)
        expected = to_rgb(big).resize((168, 224), Image.Resampling.BICUBIC)
        assert np.abs(array(small.convert("RGB")) - array(expected)).mean() < 4
    with Image.open(BytesIO(thumbnail(encoded(scene(), "PNG"), 224))) as same:
        assert same.size == (48, 32), "never enlarged"
    with pytest.raises(BadImage):
        thumbnail(b"", 224)


def test_a_thumbnail_of_tiny_pixels_loses_nothing() -> None:
    pixels = np.asarray(scene(32, 32))
    with Image.open(BytesIO(thumbnail(pixels, 224))) as small:
        assert np.array_equal(np.asarray(small.convert("RGB")), pixels)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("a.jpg", True),
        ("A.JPEG", True),
        ("dir/b.PNG", True),
        ("x.y.webp", True),
        ("café 猫.jpg", True),
        ("._a.jpg", False),
        ("dir/._a.jpg", False),
        (".jpg", False),
        ("a.txt", False),
        ("jpg", False),
        ("", False),
        ("Thumbs.db", False),
        ("a.jpg.part", False),
    ],
)
def test_picture_names(name: str, expected: bool) -> None:
    assert is_picture_name(name) is expected
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in IMAGE_SUFFIXES)


@pytest.mark.parametrize(
    "name, kind",
    [
        ("a.CR2", "RAW"),
        ("d/a.dng", "RAW"),
        ("a.psd", "Photoshop"),
        ("a.svg", "drawing"),
        ("a.MP4", "video"),
        ("a.jpg", None),
        ("a.heic", None),
        ("._a.cr2", None),
        (".cr2", None),
        ("a.txt", None),
        ("Thumbs.db", None),
    ],
)
def test_names_of_formats_that_are_not_read(name: str, kind: str | None) -> None:
    assert unread_format(name) == kind
    assert not (kind and is_picture_name(name)) and not UNREAD_FORMATS.keys() & IMAGE_SUFFIXES


def test_what_a_file_is_decides_not_what_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "a.cr2").write_bytes(encoded(scene(), "JPEG"))
    assert to_rgb(tmp_path / "a.cr2").size == scene().size
    for name, kind in (("b.cr2", "RAW"), ("b.mp4", "video"), ("b.psd", "Photoshop")):
        (tmp_path / name).write_bytes(b"\0" * 100)
        with pytest.raises(BadImage, match=f"format not read: {kind}"):
            to_rgb(tmp_path / name)


def test_a_film_is_refused_by_its_head_alone(tmp_path: Path) -> None:
    with (tmp_path / "film.mov").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(BadImage, match="format not read: video"):
        read_encoded(tmp_path / "film.mov")


# --- HEIF, as phones write it -----------------------------------------------------------------------------


def heif(image: Image.Image, **options: Any) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    out = BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=95, **options)
    return out.getvalue()


def test_heif_is_read_upright_and_on_white() -> None:
    image = scene(64, 48)
    assert np.abs(np.asarray(to_rgb(heif(image)), int) - np.asarray(image, int)).mean() < 12
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = np.asarray(to_rgb(heif(image, exif=exif.tobytes())), int)
    assert np.abs(turned - np.asarray(image.transpose(Image.Transpose.ROTATE_270), int)).mean() < 12
    clear = image.copy()
    clear.putalpha(0)
    assert np.asarray(to_rgb(heif(clear))).min() > 250


def test_damaged_heif_has_a_reason_or_a_picture() -> None:
    whole = heif(scene(64, 48))
    for end in (24, len(whole) // 2, len(whole) - 5):
        with pytest.raises(BadImage, match="file: the HEIF"):
            to_rgb(whole[:end])
    random = np.random.default_rng(0)
    for _ in range(100):
        broken = bytearray(whole)
        for place in random.integers(len(whole), size=4):
            broken[place] = random.integers(256)
        with contextlib.suppress(BadImage):
            assert to_rgb(bytes(broken)).mode == "RGB"


def test_avif_under_the_general_brand_is_avif() -> None:
    data = bytearray(encoded(scene(), "AVIF"))
    data[8:12] = b"mif1"
    assert format_of(bytes(data)) == "AVIF" and to_rgb(bytes(data)).size == scene().size


def test_a_png_with_a_large_but_honest_text_loads() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * 100_000, zip=True)
    assert to_rgb(encoded(scene(), "PNG", pnginfo=info)).size == (48, 32)


# --- the collected files ----------------------------------------------------------------------------------


def listed() -> list[dict[str, str]]:
    if not (BAD / "LIST.csv").is_file():
        return []
    with (BAD / "LIST.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# Rows whose list leaves a choice, and rows whose reason must name the cause.
MUST_SAY = {
    "truncated.jpg": "truncated",
    "truncated.png": "truncated",
    "broken_stream.png": "damaged",
    "broken_header.png": "not readable as an image",
    "bomb.gif": "too many pixels",
    "zero_width.gif": "empty image",
    "lfs_pointer.jpg": "git-lfs pointer",
    "empty.jpg": "empty file",
    "html_error.jpg": "not an image",
    "huge_300mp.png": "too many pixels",
    "strip_5000x2.png": "aspect ratio",
    "text_bomb.png": "unsafe",
}


@pytest.mark.skipif(not listed(), reason="TMV_TEST_DATA is not set")
def test_every_collected_file_gets_what_its_list_asks() -> None:
    wrong = list[tuple[str, object]]()
    for row in listed():
        wish = row["what_a_robust_loader_should_do"]
        # "as above" stands under rows that are to be loaded.
        may_load, may_refuse = bool(re.search(r"\bload\b|as above", wish)), "reject" in wish
        try:
            image = to_rgb(BAD / row["file"])
            if not may_load or row["file"] in MUST_SAY or image.mode != "RGB":
                wrong.append((row["file"], image.size))
        except BadImage as error:
            side_file = not is_picture_name(row["file"])
            if not (may_refuse or side_file) or MUST_SAY.get(row["file"], "") not in str(error):
                wrong.append((row["file"], str(error)))
    assert wrong == []
    assert len(listed()) == 40


@pytest.mark.skipif(not listed(), reason="TMV_TEST_DATA is not set")
def test_collected_colours_and_turns_are_right() -> None:
    ramp = array(to_rgb(BAD / "gray16.png"))[..., 0]
    assert ramp[0, 0] == 0 and ramp[0, -1] == 255 and 120 < ramp.mean() < 136
    upright, turned = (array(to_rgb(BAD / f"exif{n}_portrait.jpg")) for n in (1, 8))
    assert upright.shape == turned.shape and np.abs(upright - turned).mean() < 8
    lab, plain = array(to_rgb(BAD / "lab.tif")), array(to_rgb(BAD / "exif6.jpg"))
    assert np.abs(lab - plain).mean() < 12, "both show the same portrait"
    red, green, blue = array(to_rgb(BAD / "cmyk.jpg")).reshape(-1, 3)[:600].mean(axis=0)
    assert red > green + 20 and red > blue + 20
