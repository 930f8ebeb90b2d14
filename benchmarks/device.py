"""`python -m benchmarks.device`: what this machine's accelerator does, in at most eight minutes; on a CPU in small.

For each model, with random weights: how far each number format is from float32, images and texts a second (the
tensors are on the device already, so that reading and decoding do not hide it), the share of the device's peak that
matrix products reach, and the seconds that one text takes among a million vectors. Prints a table in Markdown.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from core.catalog.models import find_model
from core.encoders.device import resolve_device
from core.encoders.encoder import LoadedEncoder
from core.encoders.libraries import build
from core.encoders.parity import difference
from core.encoders.precision import has_bf16
from core.encoders.weights import ModelFiles

MODELS = ("ViT-B-32/random", "ViT-B-16/random", "RN50/random", "convnext_base/random", "ViT-L-14/random")
SMALL = ("ViT-B-32/random",)
SECONDS, LIMIT = 5.0, 480.0
"""Of one measurement, and of the whole run: what does not fit is left out and said."""
VECTORS, WIDTH, K = 1_000_000, 512, 10
FEW_VECTORS = 100_000
TEXTS = tuple(f"a photo of a {n} number {i}" for i in range(64) for n in ("cat", "dog", "red car", "house by the sea"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One model in one number format."""

    model: str
    precision: str
    far: float
    images: float
    texts: float
    share: float


def rate(work: Callable[[], Any], count: int, device: str, seconds: float = SECONDS) -> float:
    """Calls a second times `count`, after one that is not counted."""
    work()
    _wait(device)
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        work()
        _wait(device)
        done += count
    return done / (time.perf_counter() - start)


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def peak(device: str, precision: str, seconds: float = 2.0) -> float:
    """GFLOP/s of a large matrix product in this format."""
    size = 8192 if device.startswith("cuda") else 1536
    kind = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision, torch.float32)
    a, b = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    return rate(lambda: a @ b, 1, device, seconds) * 2 * size**3 / 1e9


def lines(models: Sequence[str], device: str, until: float) -> Iterator[Line]:
    """Every model in every format that the device has, as long as there is time."""
    for name in models:
        exact = _loaded(name, device, "fp32")
        size, batch = exact.preprocess.how.size, exact.batch_size
        pixels = torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(0)).to(device)
        wanted = torch.from_numpy(exact.encode_images(pixels))
        flops = _gflop(name)
        for precision in formats(device):
            if time.monotonic() > until:
                print(f"{name} in {precision}: no time left", file=sys.stderr)
                return
            encoder = exact if precision == "fp32" else _loaded(name, device, precision)
            found = torch.from_numpy(encoder.encode_images(pixels))
            images = rate(partial(encoder.encode_images, pixels), batch, device)
            texts = rate(partial(encoder.encode_texts, TEXTS), len(TEXTS), device)
            share = images * flops / peak(device, precision)
            yield Line(
                model=name, precision=precision, far=difference(found, wanted), images=images, texts=texts, share=share
            )


def formats(device: str) -> tuple[str, ...]:
    """Number formats to measure."""
    if device.startswith("cuda"):
        return ("fp32", "tf32", "fp16", *(("bf16",) if torch.cuda.is_bf16_supported() else ()))
    return ("fp32", "bf16") if device == "cpu" and has_bf16() else ("fp32",)


def _loaded(name: str, device: str, precision: str) -> LoadedEncoder:
    spec = find_model(name)
    return LoadedEncoder(spec, build(spec, ModelFiles()), [], device, precision=precision)


def _gflop(name: str) -> float:
    from benchmarks.encode_images import gflop_per_image

    return gflop_per_image(name.split("/")[0])


def search_seconds(device: str, n: int) -> float:
    """One text among `n` vectors, the best ten: products and choice, the vectors on the device."""
    rows = torch.nn.functional.normalize(torch.randn(n, WIDTH, device=device), dim=1)
    text = torch.nn.functional.normalize(torch.randn(WIDTH, device=device), dim=0)
    return 1 / rate(lambda: torch.topk(rows @ text, K), 1, device, 2.0)


def main() -> int:
    """Print the table; 0 when every format lies within its limit of float32."""
    start, device = time.monotonic(), resolve_device()
    name = torch.cuda.get_device_name() if device.startswith("cuda") else f"{device}, {torch.get_num_threads()} threads"
    print(f"{name}, torch {torch.__version__}\n")
    print("| model | format | from float32 | images/s | texts/s | share of peak |\n|---|---|---|---|---|---|")
    worst = 0.0
    with torch.inference_mode():
        for line in lines(MODELS if device != "cpu" else SMALL, device, start + LIMIT):
            worst = max(worst, line.far)
            print(
                f"| {line.model} | {line.precision} | {line.far:.0e} | {line.images:,.0f} | {line.texts:,.0f} "
                f"| {line.share:.0%} |",
                flush=True,
            )
        n = VECTORS if device != "cpu" else FEW_VECTORS
        print(f"\nOne text among {n:,} vectors of {WIDTH}: {1000 * search_seconds(device, n):.1f} ms")
    print(f"{time.monotonic() - start:.0f} s in all")
    return int(worst > 3e-2)


if __name__ == "__main__":
    sys.exit(main())
