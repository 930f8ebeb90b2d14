"""What a picture file says about itself before anything is decoded: its format, its size, its orientation."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from io import BytesIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from core.errors import BadImage

FORMATS_IN_WORDS = "JPEG, PNG, GIF, WebP, BMP, TIFF, JPEG 2000, AVIF, HEIF, PNM"
ORIENTATION_TAG = 0x0112
_EXIF_ENTRIES = 1000

_Decoder = Callable[[BytesIO], Image.Image]

DECODERS: dict[str, _Decoder] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "JPEG 2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "PNM": PpmImagePlugin.PpmImageFile,
}
with contextlib.suppress(ImportError):  # an environment of before it was required still reads all the rest
    from pillow_heif import HeifImageFile

    DECODERS["HEIF"] = HeifImageFile
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
)
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""HEVC in HEIF, as phones write it; `mif1` may hold other codecs, which the decoder then refuses."""
_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs.github.com/spec/", "git-lfs pointer, not the image: run git lfs pull"),
    (b"\0\5\x16\7", "not an image: a macOS side file (._ file)"),
    (b"\0\5\x16\0", "not an image: a macOS side file (._ file)"),
    (b"%PDF", "format not supported: a PDF document"),
    (b"%!PS", "format not supported: PostScript"),
    (b"8BPS", "format not supported: a Photoshop file"),
    (b"PK\3\4", "not an image: a zip archive"),
    (b"\x1f\x8b", "not an image: a gzip archive"),
    (b"\0\0\1\0", "format not supported: an icon"),
)


def format_of(data: bytes, named: str | None = None) -> str:
    """The name of the format, a key of `DECODERS`, from the first bytes; `BadImage` for anything else.

    `named` is what the file's name says where that is a format that is not read, for the reason.
    """
    head = data[:64]
    for magic, kind in _SIGNATURES:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:12] in (b"ftypavif", b"ftypavis") or (head[4:12] == b"ftypmif1" and b"avif" in head[16:]):
        return "AVIF"
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return "PNM"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        if "HEIF" not in DECODERS:
            raise BadImage("format not read: HEIF (pip install pillow-heif)")
        return "HEIF"
    raise BadImage(f"format not read: {named}" if named else _stranger(data))


def _stranger(data: bytes) -> str:
    """The reason for a file that is none of the known formats, named as exactly as its first bytes allow."""
    for magic, reason in _STRANGERS:
        if data.startswith(magic):
            return reason
    text = data[:512].lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "not an image: an HTML page saved under an image's name"
    if b"<svg" in text:
        return "format not supported: an SVG drawing"
    if data[4:8] == b"ftyp":
        brand = data[8:12].decode("ascii", "replace").strip().upper()
        return f"format not supported: {brand} (a video)"
    return f"not an image: none of {FORMATS_IN_WORDS}"


def declared_size(kind: str, data: bytes) -> tuple[int, int] | None:
    """Width and height for the formats that say them in a fixed place; None for the rest."""
    if kind not in _HEADER_SIZES:
        return None
    try:
        return _HEADER_SIZES[kind](data)
    except (struct.error, IndexError):
        raise BadImage(f"truncated file: the {kind} ends inside its header") from None


def _webp_size(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _png_size(data: bytes) -> tuple[int, int]:
    if data[12:16] not in (b"IHDR", b""):
        raise BadImage("damaged file: not readable as an image, the PNG has no header")
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


# These three say their size in fixed places, and their decoders may reserve memory as soon as they open.
_HEADER_SIZES: dict[str, Callable[[bytes], tuple[int, int]]] = {"PNG": _png_size, "GIF": _gif_size, "WebP": _webp_size}


def exif_orientation(exif: object) -> int:
    """Tag 0x0112 of the first directory (TIFF 6.0 section 2), read here as Pillow's reader warns."""
    if not isinstance(exif, bytes):
        return 1
    block = exif[6:] if exif.startswith(b"Exif\0\0") else exif
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return 1
    start = struct.unpack_from(order + "I", block, 4)[0]
    count = min(struct.unpack_from(order + "H", block, start)[0], _EXIF_ENTRIES)
    for place in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "HH", block, place)
        if tag == ORIENTATION_TAG:
            return int(struct.unpack_from(order + ("I" if kind == 4 else "H"), block, place + 8)[0])
    return 1
