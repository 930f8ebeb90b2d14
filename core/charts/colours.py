"""How far two colours are apart to the eye."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

# Björn Ottosson, "A perceptual color space for image processing" (Oklab)
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OPPONENTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def distance(a: str, b: str) -> float:
    """The distance of two colours #RRGGBB in Oklab: 0 for the same, 1 for black and white."""
    return float(np.linalg.norm(oklab(a) - oklab(b)))


@cache
def oklab(color: str) -> NDArray[np.float64]:
    """Lightness, green to red and blue to yellow of a colour #RRGGBB."""
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    found: NDArray[np.float64] = _OPPONENTS @ np.cbrt(_CONES @ linear)
    return found
