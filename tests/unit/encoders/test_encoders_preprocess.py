"""A picture becomes what the library's own transform makes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image, ImageFilter
from torch.nn import functional as F

from core.encoders.encoder import load_encoder
from core.encoders.preprocess import STRIP, Preprocess, shortest_side_box
from core.types import Preprocessing
from tests.encoder_models import make_model

CLIP = Preprocessing(size=224, mean=(0.48145466, 0.4578275, 0.40821073), std=(0.26862954, 0.26130258, 0.27577711))
WAYS = [
    CLIP,
    replace(CLIP, resize_mode="squash"),
    replace(CLIP, resize_mode="longest"),
    replace(CLIP, interpolation="bilinear"),
    replace(CLIP, size=64, mean=(0.5,) * 3, std=(0.5,) * 3),
]
SIZES = [
    (224, 224),
    (500, 375),
    (375, 500),
    (32, 32),
    (225, 224),
    (223, 999),
    (1000, 30),
    (64, 640),
    (7, 9),
    (1333, 1000),
]


def picture(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Soft shapes and sharp edges, like a photograph, not noise."""
    width, height = size
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    image = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(max(size) / 40))
    image.paste((250, 30, 60), (width // 4, height // 4, max(width // 2, 1), max(height // 2, 1)))
    return image


def library_transform(how: Preprocessing) -> object:
    return image_transform_v2(
        PreprocessCfg(how.size, "RGB", how.mean, how.std, how.interpolation, how.resize_mode), is_train=False
    )


def alike(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """The lowest cosine of two rows; 64-bit, since 150,000 numbers add up."""
    rows = (t.double().flatten(1) if t.ndim > 3 else t.double().flatten()[None] for t in (found, wanted))
    one, other = rows
    return float(F.cosine_similarity(one, other).min())


def levels(pixels: torch.Tensor, how: Preprocessing) -> torch.Tensor:
    """The input as grey levels 0 to 255."""
    return (pixels * torch.tensor(how.std).view(3, 1, 1) + torch.tensor(how.mean).view(3, 1, 1)) * 255


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("how", WAYS, ids=["clip", "squash", "longest", "bilinear", "small"])
def test_pixels_are_the_library_s(how: Preprocessing, size: tuple[int, int]) -> None:
    image = picture(size)
    found, wanted = Preprocess(how)(image), library_transform(how)(image)  # type: ignore[operator]
    assert found.shape == wanted.shape == (3, how.size, how.size)
    assert found.dtype == torch.float32 and found.is_contiguous()
    off = (levels(found, how) - levels(wanted, how)).abs()
    if max(size) <= STRIP * min(size):
        assert off.max() < 0.001
    else:  # the box in 32-bit numbers moves a pixel beside a hard edge by a few levels, hardly any pixel at all
        assert off.max() <= 4.01 and (off > 0.5).float().mean() < 0.002
    assert alike(found, wanted) > 0.99999


def test_openai_s_transform_is_the_same() -> None:
    from clip.clip import _transform

    for size in SIZES:
        found, wanted = Preprocess(CLIP)(picture(size)), _transform(224)(picture(size))
        assert alike(found, wanted) > 0.99999


@pytest.mark.parametrize("variant", ["plain", "resnet"])
def test_vectors_are_those_of_the_library_s_transform(variant: str, tmp_path: Path) -> None:
    encoder = load_encoder(make_model(variant, tmp_path)[0], "cpu")
    theirs = library_transform(encoder.preprocess.how)
    images = [picture(size, seed) for seed, size in enumerate(SIZES)]
    found = encoder.encode_images(torch.stack([encoder.preprocess(i) for i in images]))
    wanted = encoder.encode_images(torch.stack([theirs(i) for i in images]))  # type: ignore[operator]
    assert float(F.cosine_similarity(torch.from_numpy(found), torch.from_numpy(wanted)).min()) > 0.99999


def test_real_photographs(tmp_path: Path) -> None:
    folder = Path(os.environ.get("TMV_TEST_DATA", "/nowhere")) / "imagenet-mini"
    files = sorted(folder.rglob("*.JPEG"))[:24]
    if not files:
        pytest.skip("TMV_TEST_DATA has no imagenet-mini")
    encoder = load_encoder(make_model("plain", tmp_path)[0], "cpu")
    for how in (CLIP, encoder.preprocess.how):
        theirs = library_transform(how)
        images = [Image.open(file).convert("RGB") for file in files]
        found = torch.stack([Preprocess(how)(i) for i in images])
        wanted = torch.stack([theirs(i) for i in images])  # type: ignore[operator]
        assert (levels(found, how) - levels(wanted, how)).abs().max() < 0.001
    one, other = (torch.from_numpy(encoder.encode_images(pixels)) for pixels in (found, wanted))
    assert F.cosine_similarity(one, other).min() > 0.99999


def test_other_modes_become_rgb() -> None:
    image = picture((300, 200))
    for mode in ("L", "P", "RGBA", "CMYK"):
        other = image.convert(mode)
        assert torch.equal(Preprocess(CLIP)(other), Preprocess(CLIP)(other.convert("RGB")))


# --- the box ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((224, 224), (0, 0, 224, 224)),
        ((448, 224), (112, 0, 336, 224)),
        ((224, 448), (0, 112, 224, 336)),
        ((2240, 1120), (560, 0, 1680, 1120)),
        ((227, 224), (2, 0, 226, 224)),  # a margin of 1.5 is rounded to the even 2, as Python and torchvision do
    ],
)
def test_the_box_by_hand(size: tuple[int, int], box: tuple[float, ...]) -> None:
    assert shortest_side_box(*size, 224) == pytest.approx(box)


@settings(max_examples=300)
@given(st.integers(1, 20_000), st.integers(1, 20_000), st.sampled_from([32, 64, 224, 336]))
def test_the_box_lies_in_the_picture(width: int, height: int, size: int) -> None:
    left, top, right, bottom = shortest_side_box(width, height, size)
    assert 0 <= left < right <= width and 0 <= top < bottom <= height
    sides = right - left, bottom - top
    # Cutting the longer side off to whole pixels stretches it by less than one part in `size`.
    assert min(width, height) * (1 - 1e-9) <= max(sides) <= min(width, height) * (1 + 1 / size) + 1e-9
    assert min(sides) >= min(width, height) * (1 - 1e-9)


@pytest.mark.parametrize("size", [(5000, 2), (2, 5000), (60_000, 1), (1, 60_000), (1, 1), (3, 1)])
@pytest.mark.parametrize("how", WAYS[:3], ids=["clip", "squash", "longest"])
def test_strips_and_dots(size: tuple[int, int], how: Preprocessing) -> None:
    found = Preprocess(how)(Image.new("RGB", size, (200, 100, 50)))
    assert found.shape == (3, 224, 224) and bool(torch.isfinite(found).all())
    if how.resize_mode != "longest":
        assert torch.allclose(levels(found, how).mean(dim=(1, 2)), torch.tensor([200.0, 100.0, 50.0]), atol=0.6)


def test_a_strip_costs_no_memory() -> None:
    code = """
import resource
from PIL import Image
from core.encoders.preprocess import Preprocess
from core.types import Preprocessing
how = Preprocess(Preprocessing(size=224, mean=(0.5,) * 3, std=(0.5,) * 3))
how(Image.new("RGB", (300, 200)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for size in ((5000, 2), (2, 5000), (60_000, 1)):
    how(Image.new("RGB", size))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=True, capture_output=True, text=True
    )
    unit = 1024 if sys.platform == "linux" else 1
    assert int(run.stdout) * unit < 30e6  # the whole strip resized would be 375 MB and more


def test_threads_share_one_transform() -> None:
    how = Preprocess(CLIP)
    images = [picture(size, seed) for seed, size in enumerate(SIZES)]
    with ThreadPoolExecutor(6) as pool:
        for found, image in zip(pool.map(how, images * 3), images * 3, strict=True):
            assert torch.equal(found, how(image))
