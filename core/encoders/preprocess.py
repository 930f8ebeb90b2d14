"""A picture becomes a model's input, exactly as the model's own transform would make it.

The library resizes the whole picture and then cuts the middle out. Here Pillow resizes only the box that
ends up in the middle: the same filter over the same pixels, without the rest, which for a strip of 5000 x 2
pixels would be a picture of hundreds of megabytes.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from core.types import Preprocessing

_FILTERS = {"bilinear": Image.Resampling.BILINEAR}  # anything else is bicubic, as in open_clip
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
        pixels = torch.from_numpy(np.array(self._square(image.convert("RGB"))))
        return torch.addcmul(self._shift, pixels.permute(2, 0, 1), self._scale).contiguous()

    def _square(self, image: Image.Image) -> Image.Image:
        size = self.how.size
        if self.how.resize_mode == "longest":
            return self._padded(image)
        box = shortest_side_box(*image.size, size) if self.how.resize_mode == "shortest" else None
        return image.resize((size, size), self._filter, box=box)

    def _padded(self, image: Image.Image) -> Image.Image:
        """The whole picture inside the square, the rest black."""
        size = self.how.size
        ratio = max(image.size) / size
        inner = image.resize([max(1, round(side / ratio)) for side in image.size], self._filter)
        square = Image.new("RGB", (size, size))
        square.paste(inner, ((size - inner.width) // 2, (size - inner.height) // 2))
        return square


def shortest_side_box(width: int, height: int, size: int) -> Box:
    """The part of a picture that survives "shortest side to `size`, then cut `size` x `size` from the
    middle".

    Left, top, right and bottom in the picture's own pixels. The rounding is torchvision's: the longer side
    is cut off to whole pixels, the margin rounded to the nearest even.
    """
    short = min(width, height)
    new_width, new_height = (int(size * side / short) if side != short else size for side in (width, height))
    left, top = round((new_width - size) / 2), round((new_height - size) / 2)
    across, down = width / new_width, height / new_height
    # In Pillow's 32-bit box the far edge must not end up outside of the picture.
    return left * across, top * down, min((left + size) * across, width), min((top + size) * down, height)
