"""Train a demo model from nothing: `python -m core.demo.train --model demo-rn`.

Uses open_clip's own CLIP class and loss, a fixed seed and a fixed number of steps on one CPU thread. A run
that is stopped goes on from its last checkpoint in the scratch folder. The finished model is written as
half-precision safetensors that open_clip loads like any other checkpoint.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from open_clip.tokenizer import SimpleTokenizer
from PIL import Image
from safetensors.torch import save_file

from core.demo.evaluation import (
    SATELLITE_TEMPLATES,
    TEMPLATES,
    DemoVectors,
    labels_of,
    score_captions,
    score_classes,
    score_searches,
    score_styles,
)
from core.demo.plans import pictures
from core.demo.sets import DEMO_SETS, DEMO_VERSION, write_demo_set
from core.demo.training_data import TRAINING_SCENES, TrainingData, draw_batch, make_training_data

WEIGHTS = Path(__file__).parent / "weights"
MODELS = ("demo-rn", "demo-vit")
SAVE_EVERY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that decides the weights, besides the world itself.

    The rate follows a cosine that would reach zero after `horizon` steps, and falls to zero over the last
    `cool_down` of the `steps` that are taken.
    """

    steps: int
    horizon: int = 7_000
    cool_down: int = 1_500
    scenes: int = TRAINING_SCENES
    batch: int = 128
    peak_rate: float = 1e-3
    warm_up: int = 100
    weight_decay: float = 0.1
    hard_share: float = 0.6
    unknown_share: float = 0.03
    seed: int = 586
    half: bool = False


# bfloat16 makes the convolutions twice as fast on CPUs that have it and the small transformer slower.
RECIPES = {"demo-rn": Recipe(steps=4_000, half=True), "demo-vit": Recipe(steps=7_000)}


def load_config(model: str) -> dict[str, Any]:
    """The committed open_clip config of a demo model."""
    config: dict[str, Any] = json.loads((WEIGHTS / f"{model}.json").read_text())
    return config


def build(model: str, vocabulary: int) -> torch.nn.Module:
    """An untrained model with a text embedding of only `vocabulary` rows."""
    config = load_config(model)
    text = {**config["text_cfg"], "vocab_size": vocabulary}
    net: torch.nn.Module = open_clip.CLIP(embed_dim=config["embed_dim"], vision_cfg=config["vision_cfg"], text_cfg=text)
    return net.to(memory_format=torch.channels_last)


def optimizer_for(net: torch.nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW that decays matrices only."""
    matrices = [p for p in net.parameters() if p.ndim >= 2]
    others = [p for p in net.parameters() if p.ndim < 2]
    decayed = {"params": matrices, "weight_decay": recipe.weight_decay}
    groups = [decayed, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.peak_rate, betas=(0.9, 0.98), eps=1e-6)


def rate_at(step: int, recipe: Recipe) -> float:
    """Linear warm-up, then a cosine, and a linear cool-down at the end where the run stops early."""
    if step < recipe.warm_up:
        return recipe.peak_rate * (step + 1) / recipe.warm_up
    share = (step - recipe.warm_up) / max(1, recipe.horizon - recipe.warm_up)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
    if recipe.steps < recipe.horizon:
        cosine *= min(1.0, (recipe.steps - step) / recipe.cool_down)
    return recipe.peak_rate * cosine


def to_tensors(images: NDArray[np.float32], tokens: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
    """Batch arrays -> normalised NCHW float images in channels-last memory, and tokens."""
    mean = np.array(open_clip.OPENAI_DATASET_MEAN, np.float32)
    std = np.array(open_clip.OPENAI_DATASET_STD, np.float32)
    return torch.from_numpy((images - mean) / std).permute(0, 3, 1, 2), torch.from_numpy(tokens)


def train_step(
    net: torch.nn.Module, optimizer: torch.optim.AdamW, data: TrainingData, step: int, recipe: Recipe
) -> float:
    """One update; its batch depends only on the seed and the step, so a resumed run sees the same batches."""
    rng = np.random.default_rng((recipe.seed, step))
    images, tokens = to_tensors(*draw_batch(data, recipe.batch, recipe.hard_share, recipe.unknown_share, rng))
    for group in optimizer.param_groups:
        group["lr"] = rate_at(step, recipe)
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half):
        image_features, text_features, scale = net(images, tokens)
    loss = open_clip.ClipLoss()(image_features.float(), text_features.float(), scale.float())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    with torch.no_grad():
        net.get_parameter("logit_scale").clamp_(0, math.log(100))
    return float(loss.detach())


def export(net: torch.nn.Module, data: TrainingData, path: Path) -> None:
    """Write fp16 safetensors in open_clip's layout.

    Words that no caption used get the row of the unknown word: a user's new word then says nothing instead
    of saying something random, and equal rows let the file compress to a third.
    """
    state = {name: value.detach() for name, value in net.state_dict().items() if name != "attn_mask"}
    rows = state["token_embedding.weight"]
    config = json.loads(path.with_suffix(".json").read_text())
    table = rows[:1].repeat(config["text_cfg"]["vocab_size"], 1)
    table[torch.from_numpy(data.vocabulary)] = rows[1:]
    state["token_embedding.weight"] = table
    halved = {name: (v.half() if v.is_floating_point() else v).contiguous() for name, v in state.items()}
    part = path.with_name(f".{path.name}.{os.getpid()}")
    save_file(halved, part, metadata={"format": "pt"})
    part.chmod(0o644)
    part.replace(path)


def save_checkpoint(path: Path, net: torch.nn.Module, optimizer: torch.optim.AdamW, step: int) -> None:
    """Write the run's state so that a kill at any moment leaves the old file or the new one."""
    part = path.with_suffix(".part")
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, part)
    part.replace(path)


def resume(path: Path, net: torch.nn.Module, optimizer: torch.optim.AdamW) -> int:
    """Load the last checkpoint if there is one; the step to go on with."""
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    net.load_state_dict(state["net"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


class Log:
    """Prints the mean loss and the speed after every 100 steps."""

    def __init__(self, model: str, first: int, steps: int) -> None:
        self.model, self.first, self.steps = model, first, steps
        self.began, self.losses = time.monotonic(), list[float]()

    def add(self, step: int, loss: float) -> None:
        """Count one step."""
        self.losses.append(loss)
        if step % 100 == 0:
            rate = (step - self.first) / (time.monotonic() - self.began) * 60
            mean = sum(self.losses) / len(self.losses)
            print(f"{self.model} step {step}/{self.steps} loss {mean:.3f}, {rate:.0f} steps/min", flush=True)
            self.losses.clear()


def train(model: str, recipe: Recipe, scratch: Path, out: Path, processes: int) -> None:
    """Train `model` and write its weights to `out`, an early look included after every 500 steps."""
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    words = SimpleTokenizer(context_length=32)
    ends = words.sot_token_id, words.eot_token_id
    data = make_training_data(scratch, recipe.scenes, processes, words.encode, ends)
    net = build(model, len(data.vocabulary) + 1)
    optimizer = optimizer_for(net, recipe)
    checkpoint, target = scratch / f"{model}.pt", out / f"{model}.safetensors"
    first = resume(checkpoint, net, optimizer)
    net.train()
    log = Log(model, first, recipe.steps)
    for step in range(first, recipe.steps):
        log.add(step + 1, train_step(net, optimizer, data, step, recipe))
        if (step + 1) % SAVE_EVERY == 0:
            save_checkpoint(checkpoint, net, optimizer, step + 1)
            export(net, data, target)
    export(net, data, target)


def load_trained(model: str, out: Path) -> tuple[Any, Any, Any]:
    """Model in eval mode, preprocessing and tokenizer, through open_clip's ordinary path."""
    open_clip.add_model_config(out / f"{model}.json")
    weights = str(out / f"{model}.safetensors")
    net, _, preprocess = open_clip.create_model_and_transforms(model, pretrained=weights)
    return net.eval(), preprocess, open_clip.get_tokenizer(model)


def encode_pictures(net: Any, preprocess: Any, paths: list[Path]) -> DemoVectors:
    """Unit vectors (n, d) of picture files."""
    rows = []
    with torch.inference_mode():
        for start in range(0, len(paths), 128):
            pixels = torch.stack([preprocess(Image.open(path)) for path in paths[start : start + 128]])
            rows.append(net.encode_image(pixels, normalize=True).numpy())
    return np.concatenate(rows)


def evaluate(model: str, out: Path, scratch: Path) -> dict[str, Any]:
    """Every figure of the model card, measured on the demo sets, whose scenes training never saw."""
    torch.set_num_threads(1)
    net, preprocess, tokenizer = load_trained(model, out)

    def encode_texts(texts: list[str]) -> DemoVectors:
        with torch.inference_mode():
            return np.asarray(net.encode_text(tokenizer(texts), normalize=True).numpy())

    images = {}
    for name in DEMO_SETS:
        folder = scratch / f"sets-{DEMO_VERSION}" / name
        write_demo_set(name, folder)
        plan = pictures(name) if name == "demo-captions" else labels_of(name)[0]
        images[name] = encode_pictures(net, preprocess, [folder / picture.path for picture in plan])
    return {
        "model": model,
        "recipe": asdict(RECIPES[model]),
        "demo-objects": score_classes("demo-objects", images["demo-objects"], encode_texts, TEMPLATES),
        "demo-objects by style": score_styles(images["demo-objects"], encode_texts),
        "demo-satellite": score_classes("demo-satellite", images["demo-satellite"], encode_texts, SATELLITE_TEMPLATES),
        "demo-captions": score_captions(images["demo-captions"], encode_texts),
        "searches": score_searches(images["demo-captions"], encode_texts),
    }


def main(argv: list[str] | None = None) -> int:
    """Train, go on with a run that was cut off, or evaluate; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m core.demo.train", description=__doc__)
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--scratch", type=Path, help="folder for rendered scenes and checkpoints")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where config and weights are")
    parser.add_argument("--processes", type=int, default=2, help="processes that render the scenes")
    parser.add_argument("--steps", type=int, help="fewer steps than the recipe, for a trial")
    parser.add_argument("--only-evaluate", action="store_true", help="score the weights that are there")
    args = parser.parse_args(argv)
    recipe = RECIPES[args.model]
    if args.steps:
        recipe = replace(recipe, steps=args.steps, horizon=args.steps)
    with tempfile.TemporaryDirectory() as folder:
        scratch = args.scratch or Path(folder)
        if not args.only_evaluate:
            train(args.model, recipe, scratch, args.out, args.processes)
        scores = json.dumps(evaluate(args.model, args.out, scratch), indent=1)
    (args.out / f"{args.model}.scores.json").write_text(scores + "\n")
    print(scores)
    return 0


if __name__ == "__main__":
    sys.exit(main())
