"""The known wrong ways to encode an image: each changes one step of the right one, in a function of a few lines and a
row of `WAYS`. The audit makes answers with them and looks which way gives those that someone brought.

The steps are `read` (file to RGB), `square` (RGB to the square that the model sees), `colors` (its 8-bit pixels),
`scale` (pixels to numbers) and `model` (what is done to the model itself).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from core.encoders.libraries import OPENAI_MEAN, OPENAI_STD, build
from core.encoders.preprocess import Preprocess
from core.encoders.texts import call_library
from core.encoders.weights import locate
from core.errors import NotHere, TMVError
from core.images.decode import ImageSource, to_rgb
from core.types import FloatArray, Preprocessing

if TYPE_CHECKING:
    from core.encoders.encoder import LoadedEncoder

Pixels = NDArray[Any]
EncodingStep = Literal["read", "square", "colors", "scale", "model"]
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
ENLARGED = 256 / 224
"""How torchvision's classifiers resize: a shortest side of 256, of which 224 are cut out."""
BATCH, MOST_SQUARES = 64, 640


# --- read: a file -> RGB --------------------------------------------------------------------------------------


def _on_black(image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image).convert("RGB")


def _dropped(image: Image.Image) -> Image.Image:
    return image.convert("RGB")


# --- square: RGB -> the part that the model sees --------------------------------------------------------------


def _as(image: Image.Image, how: Preprocessing, **changed: Any) -> Image.Image:
    return Preprocess(replace(how, **changed)).square(image)


def _unfiltered(image: Image.Image, how: Preprocessing, resample: Image.Resampling) -> Image.Image:
    """Interpolated between neighbors only, however much smaller the image gets, as tensors and OpenCV do."""
    ratio = min(image.size) / how.size
    width, height = (max(how.size, int(side / ratio)) for side in image.size)
    across, down = image.width / width, image.height / height
    small = image.transform((width, height), Image.Transform.AFFINE, (across, 0, 0, 0, down, 0), resample)
    return _middle(small, how.size)


def _middle(image: Image.Image, size: int) -> Image.Image:
    left, top = round((image.width - size) / 2), round((image.height - size) / 2)
    return image.crop((left, top, left + size, top + size))


def _enlarged(image: Image.Image, how: Preprocessing) -> Image.Image:
    larger = replace(how, size=round(how.size * ENLARGED), resize_mode="shortest")
    return _middle(Preprocess(larger).square(image), how.size)


def _not_resized(image: Image.Image, how: Preprocessing) -> Image.Image:
    return _middle(image, how.size)


# --- colors: (s, s, 3) uint8 -> the same ----------------------------------------------------------------------


def _as_is(pixels: Pixels) -> Pixels:
    return pixels


def _swapped(pixels: Pixels) -> Pixels:
    return pixels[:, :, ::-1]


def _grey(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


# --- scale: (s, s, 3) uint8 -> (s, s, 3) float32 --------------------------------------------------------------


def _by(mean: Sequence[float], std: Sequence[float], pixels: Pixels, how: Preprocessing) -> Pixels:
    found: Pixels = (pixels / 255 - np.asarray(mean)) / np.asarray(std)
    return found


def _own(pixels: Pixels, how: Preprocessing) -> Pixels:
    return _by(how.mean, how.std, pixels, how)


def _to_one(pixels: Pixels, how: Preprocessing) -> Pixels:
    return _by((0.0,) * 3, (1.0,) * 3, pixels, how)


def _to_255(pixels: Pixels, how: Preprocessing) -> Pixels:
    return pixels.astype(np.float32)


def _twice(pixels: Pixels, how: Preprocessing) -> Pixels:
    return _by(how.mean, how.std, 255 * _own(pixels, how), how)


def _not_to_one(pixels: Pixels, how: Preprocessing) -> Pixels:
    return _by(how.mean, how.std, 255 * pixels.astype(np.float32), how)


def _no_deviation(pixels: Pixels, how: Preprocessing) -> Pixels:
    return _by(how.mean, (1.0,) * 3, pixels, how)


# --- model: changed in place ----------------------------------------------------------------------------------


def _untouched(model: Any) -> None:
    """The model as it is loaded."""


def _training(model: Any) -> None:
    model.train()


def _half(number: torch.dtype, model: Any) -> None:
    model.visual.to(number)


def _other_activation(model: Any) -> None:
    """QuickGELU where the weights want GELU, and the other way round, in both towers."""
    for parent in list(model.modules()):
        for name, part in list(parent.named_children()):
            if isinstance(part, torch.nn.GELU):
                setattr(parent, name, _QuickGELU())
            elif type(part).__name__ == "QuickGELU":
                setattr(parent, name, torch.nn.GELU())


class _QuickGELU(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(1.702 * x)


# --- the table ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOfEncoding:
    """One departure: `does` replaces the step, `said` completes "these answers come out ...".

    `batch` is how many images are encoded together in the order of the data set, where a vector hangs on its neighbors;
    `texts` says that the texts come out otherwise too.
    """

    name: str
    said: str
    step: EncodingStep
    does: Callable[..., Any]
    batch: int = 0
    texts: bool = False


BATCHES = (1, 2, 4, 8, 16, 32, 50, 64, 100, 128, 256, 512)
"""Sizes of batches that people use."""


def _batches(size: int) -> WayOfEncoding:
    said = f"with the model in training mode, in batches of {size} in the order of the data set"
    if size == 1:
        said = "with the model in training mode, one image at a time"
    return WayOfEncoding(name=f"training-{size}", said=said, step="model", does=_training, batch=size)


def _way(name: str, said: str, **step: Callable[..., Any]) -> WayOfEncoding:
    ((kind, does),) = step.items()
    return WayOfEncoding(name=name, said=said, step=kind, does=does)  # type: ignore[arg-type]


BILINEAR, BICUBIC = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC
WAYS: tuple[WayOfEncoding, ...] = (
    _way("bgr", "with color channels swapped (BGR)", colors=_swapped),
    _way("grey", "with images in grayscale", colors=_grey),
    _way("not-normalized", "with pixels from 0 to 1 that were not normalized", scale=_to_one),
    _way("imagenet-mean", "with ImageNet's mean and deviation", scale=partial(_by, IMAGENET_MEAN, IMAGENET_STD)),
    _way("clip-mean", "with CLIP's mean and deviation", scale=partial(_by, OPENAI_MEAN, OPENAI_STD)),
    _way("half-mean", "with a mean and deviation of 0.5", scale=partial(_by, (0.5,) * 3, (0.5,) * 3)),
    _way("no-deviation", "with the mean subtracted, but not divided by the deviation", scale=_no_deviation),
    _way("normalized-twice", "with the mean and deviation applied twice", scale=_twice),
    _way("to-255", "with pixels from 0 to 255, neither scaled nor normalized", scale=_to_255),
    _way("not-to-one", "with pixels from 0 to 255 normalized as if they were from 0 to 1", scale=_not_to_one),
    _way("exif", "with the EXIF orientation ignored", read=partial(to_rgb, turned=False)),
    _way("alpha-black", "with transparent parts on black", read=partial(to_rgb, lay=_on_black)),
    _way("alpha-dropped", "with transparency ignored", read=partial(to_rgb, lay=_dropped)),
    _way("plain-rgb", "with EXIF and transparency ignored", read=partial(to_rgb, turned=False, lay=_dropped)),
    _way("nearest", "with images resized to the nearest pixel", square=partial(_as, interpolation="nearest")),
    _way("bilinear", "with bilinear resizing", square=partial(_as, interpolation="bilinear")),
    _way("bicubic", "with bicubic resizing", square=partial(_as, interpolation="bicubic")),
    _way("bilinear-raw", "with bilinear resizing without antialiasing", square=partial(_unfiltered, resample=BILINEAR)),
    _way("bicubic-raw", "with bicubic resizing without antialiasing", square=partial(_unfiltered, resample=BICUBIC)),
    _way("squash", "with images squashed into a square", square=partial(_as, resize_mode="squash")),
    _way("crop", "with images cropped to the middle square", square=partial(_as, resize_mode="shortest")),
    _way("pad", "with whole images between black bars", square=partial(_as, resize_mode="longest")),
    _way("enlarged", "with images resized to 256 for every 224 pixels, then cropped", square=_enlarged),
    _way("not-resized", "with images cropped without resizing", square=_not_resized),
    WayOfEncoding(
        name="activation",
        said="with the other activation (GELU or QuickGELU)",
        step="model",
        does=_other_activation,
        texts=True,
    ),
    *(_batches(size) for size in BATCHES),
    WayOfEncoding(
        name="training", said="with the model in training mode, in mixed batches", step="model", does=_training
    ),
    _way("fp16", "with half precision (float16)", model=partial(_half, torch.float16)),
    _way("bf16", "with half precision (bfloat16)", model=partial(_half, torch.bfloat16)),
)
"""Cheapest to prepare first, ways of one step together: they are most alike, and are told apart before one is named."""
RIGHT: tuple[WayOfEncoding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Every step; the right one by default."""

    read: Callable[[ImageSource], Image.Image] = to_rgb
    square: Callable[[Image.Image, Preprocessing], Image.Image] = _as
    colors: Callable[[Pixels], Pixels] = _as_is
    scale: Callable[[Pixels, Preprocessing], Pixels] = _own
    model: Callable[[Any], None] = _untouched

    @classmethod
    def of(cls, ways: Sequence[WayOfEncoding]) -> Recipe:
        """The right one with these departures, of different steps."""
        return cls(**{way.step: way.does for way in ways})

    def seen(self, source: ImageSource, how: Preprocessing) -> Pixels:
        """The part of one image that the model sees: (s, s, 3) uint8."""
        return np.asarray(self.square(self.read(source), how))

    def numbers(self, square: Pixels, how: Preprocessing) -> FloatArray:
        """The model's input: (3, s, s)."""
        return np.ascontiguousarray(self.scale(self.colors(square), how).transpose(2, 0, 1), np.float32)


class WrongWays:
    """Encodes with one model in any of these ways; a batch with the very same pixels is encoded once."""

    def __init__(self, encoder: LoadedEncoder) -> None:
        self._encoder, self._seen = encoder, dict[tuple[str, str], FloatArray]()
        self._squares = dict[str, Pixels]()
        self._changed: tuple[str, Any, Any] | None = None

    def images(self, sources: Sequence[ImageSource], ways: Sequence[WayOfEncoding] = RIGHT) -> FloatArray:
        """(m, d) unnormalised vectors. Raises `TMVError` where this model cannot do it."""
        size = next((way.batch for way in ways if way.batch), BATCH)
        parts = [sources[i : i + size] for i in range(0, len(sources), size)]
        return np.concatenate([self._batch(part, ways) for part in parts])

    def texts(self, texts: Sequence[str], ways: Sequence[WayOfEncoding]) -> FloatArray:
        """(m, d) of texts with what these ways do to the model."""
        model, tokenize = self._model(ways)
        with torch.inference_mode():
            found: FloatArray = call_library(model, tokenize(texts)).float().numpy()
        return found

    def _batch(self, sources: Sequence[ImageSource], ways: Sequence[WayOfEncoding]) -> FloatArray:
        recipe, how = Recipe.of(ways), self._encoder.card.preprocessing
        pixels = np.stack([recipe.numbers(self._square(source, recipe), how) for source in sources])
        key = sha256(pixels.tobytes()).hexdigest(), next((way.name for way in ways if way.step == "model"), "")
        if key not in self._seen:
            self._seen[key] = self._encode(torch.from_numpy(pixels), ways)
        return self._seen[key]

    def _square(self, source: ImageSource, recipe: Recipe) -> Pixels:
        """Of the right way it is kept, because most ways begin with it."""
        how, usual = self._encoder.card.preprocessing, Recipe()
        if (recipe.read, recipe.square) != (usual.read, usual.square) or not isinstance(source, bytes):
            return recipe.seen(source, how)
        key = sha256(source).hexdigest()
        found = self._squares.get(key)
        if found is None:
            found = recipe.seen(source, how)
            if len(self._squares) < MOST_SQUARES:
                self._squares[key] = found
        return found

    def _encode(self, pixels: torch.Tensor, ways: Sequence[WayOfEncoding]) -> FloatArray:
        if not any(way.step == "model" for way in ways):
            return self._encoder.encode_images(pixels)
        model, _ = self._model(ways)
        number = next(model.visual.parameters()).dtype
        try:
            with torch.inference_mode():
                found: FloatArray = model.encode_image(pixels.to(number)).float().numpy()
        except RuntimeError as error:
            raise TMVError(f"{self._encoder.spec.name} cannot encode images {ways[-1].said} here ({error}).") from error
        return found

    def _model(self, ways: Sequence[WayOfEncoding]) -> tuple[Any, Any]:
        """A model of the library's own on the CPU, changed; the last one is kept."""
        way = next(way for way in ways if way.step == "model")
        if self._changed is None or self._changed[0] != way.name:
            files = locate(self._encoder.spec)
            if files is None:
                raise NotHere(f"The weights of {self._encoder.spec.name} are not on this machine; download them first.")
            built = build(self._encoder.spec, files)
            way.does(built.model)
            self._changed = (way.name, built.model, built.tokenize)
        return self._changed[1:]
