"""`python -m benchmarks._models [NAME ...]`: is every architecture that open_clip lists computed as open_clip does?

Each is built with random weights in a process of its own and computed in float32; vectors of images and texts by our
way lie beside those of open_clip's own `encode_image` and `encode_text`, and tokens beside those of its own tokenizer
where that needs no files. Tokenizers of the hub are made up here (their parity with `transformers` is `make parity`);
text towers of the hub are built in their published sizes. Results are kept in a file, so that a run goes on where it
ended; `--write` makes the table of docs/models.md of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.catalog import registry
from core.catalog.licences import licence_of
from core.encoders.text_files import read_text_config

DOCUMENT = Path("docs/models.md")
TEXTS = ("a photo of a cat", "A photo of a Cat.", "", "two red apples, on a table", "a very " * 90 + "long road")
MOST_PARAMETERS = 500
"""Millions; larger ones take more memory than a small machine has."""
LONGEST = 900
_BERT = {"model_type": "roberta", "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1}
_BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
_LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
_NLLB = {
    "model_type": "m2m_100",
    "d_model": 1024,
    "encoder_attention_heads": 16,
    "vocab_size": 256206,
    "pad_token_id": 1,
}
TOWERS: Mapping[str, Mapping[str, Any]] = {
    "roberta-base": {**_BERT, **_BASE, "vocab_size": 50265, "max_position_embeddings": 514},
    "xlm-roberta-base": {**_BERT, **_BASE, "vocab_size": 250002, "max_position_embeddings": 514},
    "xlm-roberta-large": {**_BERT, **_LARGE, "vocab_size": 250002, "max_position_embeddings": 514},
    "facebook/nllb-200-distilled-600M": {**_NLLB, "encoder_layers": 12, "encoder_ffn_dim": 4096},
    "facebook/nllb-200-distilled-1.3B": {**_NLLB, "encoder_layers": 24, "encoder_ffn_dim": 8192},
}
"""`config.json` of the towers that open_clip lists, as their repositories have it."""
TOKENIZERS = {"bert-base-uncased": "bert", "facebook/xlm-v-base": "xlm-roberta", "roberta-base": "roberta"}
TOKENIZERS |= {"xlm-roberta-base": "xlm-roberta", "xlm-roberta-large": "xlm-roberta"}


def made_up(repository: str) -> str:
    """Which tokenizer of tests/tiny_models.py stands for a repository's."""
    if "nllb" in repository:
        return "nllb"
    return TOKENIZERS.get(repository, "gemma" if "SigLIP2" in repository else "t5")


# --- one architecture, in a process of its own --------------------------------------------------------------


def check(architecture: str, most: float) -> dict[str, Any]:
    """Cosines of our vectors with open_clip's, whether tokens are equal, and the ways taken."""
    import numpy as np
    import torch

    from core.catalog.models import find_model
    from core.encoders.encoder import LoadedEncoder
    from core.encoders.libraries import build
    from core.encoders.weights import ModelFiles

    millions = _millions(architecture)
    whole = millions <= most
    if not whole:
        _with_a_small_image_tower(architecture)
    spec = find_model(f"{architecture}/random")
    with tempfile.TemporaryDirectory() as folder:
        built = build(spec, ModelFiles(text=_text_files(architecture, Path(folder))))
    tokens = built.tokenize(TEXTS)
    size = built.preprocessing.size
    pixels = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted = built.model.encode_image(pixels).numpy(), built.model.encode_text(tokens).numpy()
    tokens_equal = _own_tokens(architecture, tokens)
    encoder = LoadedEncoder(spec, built, [], "cpu")
    found = encoder.encode_images(pixels), encoder.encode_texts(TEXTS)
    cosines = [float((_unit(a) * _unit(b)).sum(axis=1).min()) for a, b in zip(found, wanted, strict=True)]
    assert all(np.isfinite(part).all() for part in found)
    notes = [str(n) for n in encoder.card.notes]
    image_path = next((n.split(":")[1].split(",")[0].strip() for n in notes if n.startswith("images:")), "")
    return {
        "millions": millions,
        **({"images": cosines[0], "image_path": image_path} if whole else {}),
        "texts": cosines[1],
        "tokens": tokens_equal,
        "context": built.context_length,
        "rule": encoder.card.score_function,
        "text_path": encoder.card.text_path,
    }


def _with_a_small_image_tower(architecture: str) -> None:
    """In this process the architecture gets an image tower of one layer, so that its text tower and its tokenizer can
    be compared where the whole does not fit into memory."""
    from open_clip import factory

    small = {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16}
    factory._MODEL_CONFIGS[architecture]["vision_cfg"] = small


def _unit(vectors: Any) -> Any:
    return vectors.astype("float64") / (vectors.astype("float64") ** 2).sum(axis=1, keepdims=True) ** 0.5


def _millions(architecture: str) -> float:
    import open_clip
    import torch

    from core.encoders import libraries

    text = read_text_config(registry.architecture_config(architecture).get("text_cfg", {}))
    with tempfile.TemporaryDirectory() as folder:
        files = _text_files(architecture, Path(folder))
        with torch.device("meta"), libraries.hub_towers(text, files):
            model = open_clip.create_model(architecture, device="meta", pretrained_text=False)
    return sum(p.numel() for p in model.parameters()) / 1e6


def _text_files(architecture: str, folder: Path) -> dict[str, Path]:
    from tests import tiny_models

    text = read_text_config(registry.architecture_config(architecture).get("text_cfg", {}))
    found: dict[str, Path] = {}
    if text.tokenizer:
        found |= tiny_models.files_in(tiny_models.TOKENIZERS[made_up(text.tokenizer)](folder / "tokenizer"))
    if text.tower:
        found["config.json"] = folder / "config.json"
        found["config.json"].write_text(json.dumps(dict(TOWERS[text.tower])), encoding="utf-8")
    return found


def _own_tokens(architecture: str, tokens: Any) -> bool | None:
    """Whether they are open_clip's; None where its tokenizer needs files of the hub."""
    import open_clip

    if read_text_config(registry.architecture_config(architecture).get("text_cfg", {})).tokenizer:
        return None
    return bool((open_clip.get_tokenizer(architecture)(list(TEXTS), context_length=tokens.shape[1]) == tokens).all())


# --- all of them --------------------------------------------------------------------------------------------


def listed() -> dict[str, list[str]]:
    """Architecture -> the names of its published weights."""
    found: dict[str, list[str]] = defaultdict(list)
    for architecture, pretrained in sorted(registry.published_weights()):
        found[architecture].append(pretrained)
    return dict(found)


def sweep(names: Sequence[str], kept: Path, most: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each architecture with its result; what is in `kept` is not computed again."""
    known = read(kept)
    for name in names:
        if name not in known:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks._models", "--one", name, "--most", str(most)],
                capture_output=True,
                text=True,
                timeout=LONGEST,
                env={**os.environ, "TMV_PRECISION": "fp32"},
            )
            said = done.stdout.strip().splitlines()
            result = json.loads(said[-1]) if not done.returncode and said else {"error": done.stderr[-300:]}
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps([name, result]) + "\n")
            known[name] = result
        yield name, known[name]


def read(kept: Path) -> dict[str, dict[str, Any]]:
    """What an earlier run found."""
    lines = kept.read_text("utf-8").splitlines() if kept.is_file() else []
    return dict(json.loads(line) for line in lines)


# --- the table ----------------------------------------------------------------------------------------------

HEAD = """# Models

Every architecture that open_clip 3.3 lists weights for, and how it is computed here. `python -m benchmarks._models`
builds each with random weights and compares vectors of images and texts with open_clip's own `encode_image` and
`encode_text` (the smallest cosine is given) and tokens with its tokenizer; "made up" means that the tokenizer's files
come from the hub and a tiny one of the same kind stood for them (`make parity` compares those with transformers).
Under "texts" is the way that is taken: *prefix tree* and *truncated* leave out what cannot change a vector, *full* is
the library's own call. Of those larger than a run allows (`--most`, in million parameters) the text tower and the
tokenizer are compared beside an image tower of one layer, and the images are "not built"; where the texts are not
either, neither was run. Each has a smaller one of the same structure above or below.

| architecture | weights | million parameters | tokenizer | context | rule | images | texts | tokens | license |
|---|---|---|---|---|---|---|---|---|---|
"""


def document(known: Mapping[str, Mapping[str, Any]]) -> str:
    """docs/models.md as a whole."""
    return HEAD + "".join(f"{row(name, tags, known.get(name, {}))}\n" for name, tags in listed().items())


def row(name: str, tags: Sequence[str], result: Mapping[str, Any]) -> str:
    """One architecture as a row of the table."""
    text = read_text_config(registry.architecture_config(name).get("text_cfg", {}))
    licences = dict.fromkeys(licence_of(f"{name}/{tag}") for tag in tags)
    cells = [
        f"`{name}`",
        ", ".join(f"`{tag}`" for tag in tags),
        f"{result['millions']:,.0f}" if "millions" in result else "",
        f"`{text.tokenizer}`" if text.tokenizer else "built in",
        str(result.get("context", text.context_length)),
        str(result.get("rule", "sigmoid" if "init_logit_bias" in registry.architecture_config(name) else "softmax")),
        *_measured(result),
        "; ".join(licences),
    ]
    return f"| {' | '.join(cells)} |"


def _measured(result: Mapping[str, Any]) -> list[str]:
    if "texts" not in result:
        return ["not built", "not built", "-"] if "millions" in result else ["-"] * 3
    tokens = {True: "equal", False: "DIFFERENT", None: "made up"}[result["tokens"]]
    images, texts = (
        f"{result[part]:.7f} ({result[way]})" if part in result else "not built"
        for part, way in (("images", "image_path"), ("texts", "text_path"))
    )
    return [images, texts, tokens]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every cosine is at least 0.99999 and all tokens are equal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks._models", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="architectures (default: all)")
    parser.add_argument("--most", type=float, default=MOST_PARAMETERS, help="million parameters")
    parser.add_argument("--kept", type=Path, default=Path("cache/models.jsonl"))
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT}")
    parser.add_argument(
        "--sizes", action="store_true", help="print the parameters of each (core/catalog/parameters.py)"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.one:
        print(json.dumps(check(chosen.one, chosen.most)))
        return 0
    if chosen.sizes:
        for name in chosen.names or listed():
            print(f'    "{name}": {round(_millions(name) * 1e6):_},', flush=True)
        return 0
    chosen.kept.parent.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for name, found in sweep(chosen.names or list(listed()), chosen.kept, chosen.most):
        bad = (
            "error" in found
            or min(found.get("images", 1), found.get("texts", 1)) < 0.99999
            or found.get("tokens") is False
        )
        wrong += bad
        print(f"{'WRONG' if bad else 'ok':5} {name}: {found}", flush=True)
    if chosen.write:
        DOCUMENT.write_text(document(read(chosen.kept)), encoding="utf-8")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
