"""A picture becomes a model's input, exactly as the model's own transform would make it.

The library resizes the whole picture and then cuts the middle out. For a strip of 5000 x 2 pixels that
would be a picture of hundreds of megabytes, so of strips Pillow resizes only the box that ends up in the
middle. Other pictures go the library's way: with a box Pillow may run its two passes in the other order,
which rounds a fifth of the pixels differently (by up to 6 levels on photographs).
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from core.types import Preprocessing

# Anything else is bicubic, as in open_clip; no weights ask for nearest, which is only tried.
_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "nearest": Image.Resampling.NEAREST}
STRIP = 4  # a picture this many times longer than wide is a strip
Box = tuple[float, float, float, float]


class Preprocess:
    """RGB picture -> (3, s, s) float32, normalised. Holds no state, so threads may share it."""

    def __init__(self, how: Preprocessing) -> None:
        self.how = how
        mean, std = torch.tensor(how.mean).view(3, 1, 1), torch.tensor(how.std).view(3, 1, 1)
        self._scale, self._shift = 1 / (255 * std), -mean / std
        self._filter = _FILTERS.get(how.interpolation, Image.Resampling.BICUBIC)

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """The model's input for one picture."""
        pixels = torch.from_numpy(np.array(self.square(image if image.mode == "RGB" else image.convert("RGB"))))
        return torch.addcmul(self._shift, pixels.permute(2, 0, 1), self._scale).contiguous()

    def square(self, image: Image.Image) -> Image.Image:
        """The part of an RGB picture that the model sees, resized."""
        size = self.how.size
        if self.how.resize_mode == "longest":
            return self._padded(image)
        if self.how.resize_mode == "squash":
            return image.resize((size, size), self._filter)
        if max(image.size) > STRIP * min(image.size):
            return image.resize((size, size), self._filter, box=shortest_side_box(*image.size, size))
        (width, height), left, top = _resized(*image.size, size)
        return image.resize((width, height), self._filter).crop((left, top, left + size, top + size))

    def _padded(self, image: Image.Image) -> Image.Image:
        """The whole picture inside the square, the rest black."""
        size = self.how.size
        ratio = max(image.size) / size
        inner = image.resize([max(1, round(side / ratio)) for side in image.size], self._filter)
        square = Image.new("RGB", (size, size))
        square.paste(inner, ((size - inner.width) // 2, (size - inner.height) // 2))
        return square


def _resized(width: int, height: int, size: int) -> tuple[tuple[int, int], int, int]:
    """Width and height when the shortest side becomes `size`, and where the middle square then begins.

    The rounding is torchvision's: the longer side is cut off to whole pixels, the margin rounded to the
    nearest even.
    """
    short = min(width, height)
    new = int(size * width / short), int(size * height / short)
    return new, round((new[0] - size) / 2), round((new[1] - size) / 2)


def shortest_side_box(width: int, height: int, size: int) -> Box:
    """The part of a picture that "shortest side to `size`, then cut the middle out" leaves.

    Left, top, right and bottom in the picture's own pixels.
    """
    (new_width, new_height), left, top = _resized(width, height, size)
    across, down = width / new_width, height / new_height
    # In Pillow's 32-bit box the far edge must not end up outside of the picture.
    return left * across, top * down, min((left + size) * across, width), min((top + size) * down, height)
