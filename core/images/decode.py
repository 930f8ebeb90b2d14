"""One picture file -> upright RGB, or one clear reason why not.

What holds for every picture, in the model, the thumbnail and the digest alike:

- the content decides the format, not the file's name; only the raster formats of `DECODERS` are tried, so no
  interpreter (EPS, SVG, PDF) ever runs on a file;
- the EXIF orientation is honoured when it is 1 to 8 and ignored otherwise;
- the first frame of an animation, the first picture of a multi-picture file;
- alpha is laid on white; CMYK, YCCK and Lab become RGB; 16-bit grey is scaled by 1/257 (a plain conversion
  would clip nearly all of it to white); colour profiles are not applied to RGB, as in the CLIP libraries;
- the declared size is checked before anything is decoded: at most `MAX_PIXELS`, and a shape of at most
  `MAX_ASPECT` to 1, because a model sees the central square of a picture and of a 5000 x 2 strip that would
  be four pixels. At 100 to 1 even a transform that resizes before it crops stays under 20 MB.

Pillow warns about damaged EXIF and large pictures as it opens them. Importing this module silences it for the
process: every such finding is either harmless or becomes a reason here, and Python's own way to silence a
single call is not thread-safe.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from core.errors import BadImage
from core.images.formats import DECODERS, ORIENTATION_TAG, declared_size, exif_orientation, format_of

MAX_PIXELS = 80_000_000
MAX_ASPECT = 100
MAX_BYTES = 256 * 1024 * 1024
IMAGE_SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".apng",
        ".gif",
        ".webp",
        ".bmp",
        ".tif",
        ".tiff",
        ".jp2",
        ".j2k",
        ".avif",
        ".heic",
        ".heif",
        ".hif",
        ".ppm",
        ".pgm",
        ".pbm",
    }
)
_UNREAD_SUFFIXES = {
    "RAW": (
        ".cr2",
        ".cr3",
        ".crw",
        ".nef",
        ".nrw",
        ".arw",
        ".srf",
        ".sr2",
        ".dng",
        ".orf",
        ".rw2",
        ".raf",
        ".pef",
        ".x3f",
        ".raw",
        ".rwl",
        ".3fr",
        ".erf",
        ".kdc",
        ".dcr",
        ".mrw",
    ),
    "Photoshop": (".psd", ".psb"),
    "drawing": (".svg", ".svgz", ".eps", ".ai", ".xcf"),
    "video": (
        ".mp4",
        ".m4v",
        ".mov",
        ".avi",
        ".mkv",
        ".webm",
        ".wmv",
        ".flv",
        ".mpg",
        ".mpeg",
        ".mts",
        ".m2ts",
        ".3gp",
        ".ogv",
    ),
    "JPEG XL": (".jxl",),
    "DICOM": (".dcm", ".dicom"),
    "TGA": (".tga",),
    "OpenEXR": (".exr",),
    "HDR": (".hdr",),
    "DDS": (".dds",),
    "icon": (".ico", ".cur", ".icns"),
}
UNREAD_FORMATS = {suffix: kind for kind, suffixes in _UNREAD_SUFFIXES.items() for suffix in suffixes}
"""Suffixes of pictures and films in formats that are not read, and what each is."""

ImageSource = bytes | Path | NDArray[np.uint8]
Lay = Callable[[Image.Image], Image.Image]
"""RGBA -> RGB."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BITS_TAG = 258
_HEAD = 1024
_PNG_END = b"IEND\xaeB`\x82"

warnings.filterwarnings("ignore", module=r"PIL\.")


def is_picture_name(name: str) -> bool:
    """Whether a file of this name is taken for a picture: a known suffix, not hidden, no `._` side file."""
    base = name.rsplit("/", 1)[-1]
    stem, dot, suffix = base.rpartition(".")
    return bool(stem) and not base.startswith(".") and (dot + suffix).lower() in IMAGE_SUFFIXES


def unread_format(name: str) -> str | None:
    """What a file of this name is when it looks like a picture or film in a format that is not read ("RAW")."""
    base = name.rsplit("/", 1)[-1]
    stem, dot, suffix = base.rpartition(".")
    return UNREAD_FORMATS.get((dot + suffix).lower()) if stem and not base.startswith(".") else None


def to_rgb(source: ImageSource, *, turned: bool = True, lay: Lay | None = None) -> Image.Image:
    """The picture as a decoded, upright RGB image of its full size; thread-safe.

    `source` is the encoded file, its path, or pixels (h, w, 3) uint8. Raises `BadImage` with the one reason. Only to
    try what other tools do: `turned=False` ignores the EXIF orientation, `lay` makes RGB of RGBA in place of white.
    """
    if isinstance(source, np.ndarray):
        return _from_pixels(source)
    return _decode(_encoded(source), None, turned, lay)


def thumbnail(source: ImageSource, size: int) -> bytes:
    """The picture as WebP bytes, its longer side at most `size` pixels; never enlarged. Raises `BadImage`."""
    pixels = isinstance(source, np.ndarray)
    image = _from_pixels(source) if isinstance(source, np.ndarray) else _decode(_encoded(source), 2 * size)
    image.thumbnail((size, size), Image.Resampling.BICUBIC)
    out = BytesIO()
    image.save(out, "WEBP", quality=85, method=2, lossless=pixels and max(image.size) <= 64)
    return out.getvalue()


def read_encoded(path: Path) -> bytes:
    """The file's bytes, at most `MAX_BYTES`; `BadImage` (without the path) when it cannot be read.

    Of a file whose name is that of a format that is not read only the head is looked at: a film is no picture, but
    a JPEG under another name is one.
    """
    try:
        with path.open("rb") as file:
            if unread_format(path.name):
                format_of(file.read(_HEAD), unread_format(path.name))
                file.seek(0)
            _check_bytes(os.fstat(file.fileno()).st_size)
            return file.read()
    except FileNotFoundError:
        raise BadImage("missing file: it is no longer there") from None
    except OSError as error:
        raise BadImage(f"unreadable file: {(error.strerror or 'input error').lower()}") from None


# --- from bytes to a decoder ------------------------------------------------------------------------------


def _encoded(source: bytes | Path) -> bytes:
    data = read_encoded(source) if isinstance(source, Path) else bytes(source)
    if not data:
        raise BadImage("empty file (0 bytes)")
    _check_bytes(len(data))
    return data


def _check_bytes(size: int) -> None:
    if size > MAX_BYTES:
        raise BadImage(f"file too large: above the limit of {MAX_BYTES // 2**20} MiB")


def _from_pixels(pixels: NDArray[np.uint8]) -> Image.Image:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise BadImage(f"pixels must be (h, w, 3) uint8, got {pixels.shape} {pixels.dtype}")
    _check_size(pixels.shape[1], pixels.shape[0])
    return Image.fromarray(np.ascontiguousarray(pixels))


def _decode(data: bytes, draft: int | None, turned: bool = True, lay: Lay | None = None) -> Image.Image:
    """Open, check the declared size, decode, convert; `draft` lets a JPEG decode no larger than needed."""
    kind = format_of(data)
    declared = declared_size(kind, data)
    if declared:
        _check_size(*declared)
    image = _guarded(kind, lambda: DECODERS[kind](BytesIO(data)))
    _check_size(*image.size)
    if draft is not None and kind == "JPEG":
        image.draft(None, (draft, draft))
    rgb = _guarded(kind, lambda: _converted(image, kind, turned, lay or _on_white))
    if kind == "PNG" and _PNG_END not in data:
        # Pillow forgives a missing end or not, depending on where it was cut.
        raise BadImage("truncated file: the PNG ends early")
    return rgb


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise BadImage(f"empty image: {width} x {height} pixels")
    if width * height > MAX_PIXELS:
        limit = f"the limit of {MAX_PIXELS // 10**6} million"
        raise BadImage(f"too many pixels: {width} x {height} is above {limit}")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise BadImage(f"aspect ratio: {width} x {height} is beyond {MAX_ASPECT} to 1")


def _guarded(kind: str, work: Callable[[], Image.Image]) -> Image.Image:
    """Run a decoder on bytes that may be hostile: whatever it raises becomes one reason."""
    try:
        return work()
    except BadImage:
        raise
    except MemoryError:
        raise BadImage("too little memory to decode it") from None
    except Exception as error:
        raise BadImage(_reason(kind, str(error))) from None


def _reason(kind: str, message: str) -> str:
    text = message.lower()
    if "decompression bomb" in text:
        return f"too many pixels: the {kind} declares more than the limit of {MAX_PIXELS // 10**6} million"
    if "truncated" in text or "not enough" in text or "unexpected end" in text:
        return f"truncated file: the {kind} ends early"
    if "too large" in text or "exceeds limit" in text or "too much" in text:
        return f"unsafe file: a part of the {kind} unpacks to far too much data"
    return f"damaged file: the {kind} cannot be decoded"


# --- from a decoder to RGB --------------------------------------------------------------------------------


def _converted(image: Image.Image, kind: str, turned: bool, lay: Lay) -> Image.Image:
    image.load()
    orientation = _orientation(image)
    rgb = _as_rgb(image, kind, lay)
    # What described the encoded picture no longer holds: a second reader must not turn it again.
    rgb.info.clear()
    return rgb.transpose(_TURNS[orientation]) if turned and orientation in _TURNS else rgb


def _as_rgb(image: Image.Image, kind: str, lay: Lay) -> Image.Image:
    if image.mode.startswith("I;16") or (image.mode == "I" and kind == "PNM"):
        return _from_deep_grey(image)
    if image.mode in ("I", "F"):
        raise BadImage("format not supported: 32-bit gray, whose range is not stated")
    if image.mode == "LAB":
        return _from_lab(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return lay(image.convert("RGBA"))
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image).convert("RGB")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """16-bit grey (or 12-bit, as TIFF may state) to 8 bits by its full range, rounded."""
    values = np.asarray(image).astype(np.uint32)
    top = 2 ** _bits(image) - 1
    grey = np.minimum((values * 255 + top // 2) // top, 255).astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey[values == clear] = 255
    return Image.fromarray(grey).convert("RGB")


def _bits(image: Image.Image) -> int:
    tags = getattr(image, "tag_v2", None)
    stated = tags.get(_BITS_TAG) if tags is not None else None
    return int(stated[0]) if stated and 8 < int(stated[0]) <= 16 else 16


def _from_lab(image: Image.Image) -> Image.Image:
    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")
    assert converted is not None  # only an in-place conversion returns None
    return converted


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 for anything missing, damaged or out of range."""
    tags = getattr(image, "tag_v2", None)
    try:
        value = tags.get(ORIENTATION_TAG) if tags is not None else exif_orientation(image.info.get("exif"))
    except Exception:  # a damaged EXIF block says nothing about the pixels
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def stated_orientation(data: bytes) -> int:
    """The EXIF orientation of an encoded file, from its header alone; 1 where it states none or cannot be opened."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _orientation(image)
    except Exception:  # a file that cannot be opened has no answer here; reading it in full says why
        return 1
