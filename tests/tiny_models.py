"""Tiny models of every family, made here: tokenizers with files as the hub has them, configurations as open_clip
writes them, random weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from core.encoders.text_files import locate, read_text_config
from core.types import ModelSpec
from tests.hub import Loopback

CORPUS = (
    "a photo of a cat and a dog on a red sofa near the sea",
    "An aerial photograph of RIVERS, fields and industrial buildings!",
    "ein Foto von einem Hund; la foto di un gatto; une photo d'un chien",
    "café naïve résumé Straße smörgåsbord",
    "一张狗的照片 在海边 صورة لكلب على الشاطئ фото собаки у моря",
    "123 4,567 3.14 http://example.org/a_b?c=d&e=f :-) 😀 🐕",
)
TEXTS = (
    "a photo of a cat",
    "A photo of a Cat.",
    "a_photo-of  a\tcat!!!",
    "",
    "   ",
    "😀 🐕 a dog :-)",
    "一张狗的照片",
    "صورة لكلب",
    "Café &amp; Straße &lt;naïve&gt;",
    "ein Foto von einem Hund",
    "¿qué? ‘quotes’ — dashes… ﬁ ligature",
    "a very " * 60 + "long caption with its end cut off",
)
"""Texts that hurt: cases, punctuation, entities, emoji, scripts, nothing, too much."""
Files = Mapping[str, Any]


def bert(folder: Path) -> Path:
    """WordPiece in small letters; its settings name no tokens, as bert-base-uncased's do not."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    )
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.decoder = decoders.WordPiece()
    return _written(folder, made, {"do_lower_case": True, "tokenizer_class": "BertTokenizer", "model_max_length": 512})


def t5(folder: Path) -> Path:
    """Unigram as SigLIP's: texts end with </s>, which also fills up."""
    made = _unigram(["<pad>", "</s>", "<unk>"])
    made.normalizer = normalizers.Sequence([])
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁")]
    )
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    names = {"pad_token": "</s>", "eos_token": "</s>", "unk_token": "<unk>", "extra_ids": 0}
    return _written(folder, made, {**names, "tokenizer_class": "T5TokenizerFast"})


def gemma(folder: Path) -> Path:
    """Byte pairs as SigLIP2's: no beginning, an end, and a padding token of its own."""
    made = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Replace(" ", "▁")
    bytes_ = [f"<0x{i:02X}>" for i in range(256)]
    special = ["<pad>", "<eos>", "<bos>", "<unk>", *bytes_]
    made.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=700, show_progress=False, special_tokens=special))
    made.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    names = {"pad_token": "<pad>", "eos_token": "<eos>", "bos_token": "<bos>", "unk_token": "<unk>"}
    ends = {"add_bos_token": False, "add_eos_token": True}
    return _written(folder, made, {**names, **ends, "tokenizer_class": "PreTrainedTokenizerFast"})


def xlm_roberta(folder: Path) -> Path:
    """Unigram between <s> and </s>."""
    made = _unigram(["<s>", "<pad>", "</s>", "<unk>"], unk="<unk>")
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    names = {"pad_token": "<pad>", "eos_token": "</s>", "bos_token": "<s>", "unk_token": "<unk>", "sep_token": "</s>"}
    return _written(folder, made, {**names, "cls_token": "<s>", "tokenizer_class": "PreTrainedTokenizerFast"})


def roberta(folder: Path) -> Path:
    """Byte-level pairs; its settings name nothing at all."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(vocab_size=600, show_progress=False, special_tokens=special, initial_alphabet=alphabet),
    )
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return _written(folder, made, {"model_max_length": 512, "tokenizer_class": "RobertaTokenizer"})


def nllb(folder: Path) -> Path:
    """A translator's: each text begins with its language. The file itself has the old order, language last."""
    languages = ["eng_Latn", "deu_Latn", "zho_Hans"]
    made = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁")
    made.decoder = decoders.Metaspace(replacement="▁")
    special = ["<s>", "<pad>", "</s>", "<unk>", *languages]
    made.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=500, show_progress=False, special_tokens=special))
    made.post_processor = processors.TemplateProcessing(
        single="$A </s> eng_Latn", special_tokens=[("</s>", 2), ("eng_Latn", 4)]
    )
    names = {"pad_token": "<pad>", "eos_token": "</s>", "bos_token": "<s>", "unk_token": "<unk>", "sep_token": "</s>"}
    more = {"cls_token": "<s>", "src_lang": "eng_Latn", "additional_special_tokens": languages}
    return _written(folder, made, {**names, **more, "tokenizer_class": "NllbTokenizer"})


TOKENIZERS: Mapping[str, Callable[[Path], Path]] = {
    "bert": bert,
    "t5": t5,
    "gemma": gemma,
    "xlm-roberta": xlm_roberta,
    "roberta": roberta,
    "nllb": nllb,
}
"""By the family of their vocabulary; each writes its files into a folder and returns it."""

_ROBERTA: Mapping[str, Any] = {
    "model_type": "roberta",
    "vocab_size": 600,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 98,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}
TOWERS: Mapping[str, Mapping[str, Any]] = {
    "bert": {
        "model_type": "bert",
        "vocab_size": 400,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": 96,
        "type_vocab_size": 2,
        "pad_token_id": 0,
    },
    "roberta": _ROBERTA,
    "xlm-roberta": {**_ROBERTA, "model_type": "xlm-roberta"},
    "nllb": {
        "model_type": "m2m_100",
        "is_encoder_decoder": True,
        "vocab_size": 600,
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 1,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "encoder_ffn_dim": 48,
        "decoder_ffn_dim": 48,
        "activation_function": "relu",
        "max_position_embeddings": 128,
        "scale_embedding": True,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    },
}
"""`config.json` of a text tower, by its family."""


def tower(folder: Path, family: str) -> Path:
    """The configuration of a text tower as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.json"
    path.write_text(json.dumps(dict(TOWERS[family])), encoding="utf-8")
    return path


def files_in(folder: Path) -> dict[str, Path]:
    """The files of a tokenizer by name, the tokenizer itself first."""
    return {path.name: path for path in sorted(folder.iterdir(), key=lambda p: p.name != "tokenizer.json")}


def _unigram(special: list[str], unk: str = "<unk>") -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁")
    made.decoder = decoders.Metaspace(replacement="▁")
    made.train_from_iterator(
        CORPUS, trainers.UnigramTrainer(vocab_size=300, special_tokens=special, unk_token=unk, show_progress=False)
    )
    return made


def _written(folder: Path, made: Tokenizer, settings: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(settings)), encoding="utf-8")
    return folder


# --- whole models -----------------------------------------------------------------------------------------

_TEXT: dict[str, Any] = {"context_length": 16, "vocab_size": 900, "width": 32, "heads": 2, "layers": 2}
_BUILT_IN: dict[str, Any] = {**_TEXT, "vocab_size": 49408}
_LAST: dict[str, Any] = {"no_causal_mask": True, "pool_type": "last"}
_CANONICAL: dict[str, Any] = {"tokenizer_kwargs": {"clean": "canonicalize"}, "proj_bias": True}
_VISION: dict[str, Any] = {"image_size": 32, "patch_size": 16, "width": 32, "layers": 2, "head_width": 16}
_SQUASH: dict[str, Any] = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash", "interpolation": "bicubic"}

FAMILIES: Mapping[str, Mapping[str, Any]] = {
    "siglip": {
        "model": {
            "init_logit_bias": -10,
            "custom_text": True,
            "text_cfg": {**_TEXT, **_LAST, **_CANONICAL, "hf_tokenizer_name": "tiny/t5"},
        },
        "preprocess": _SQUASH,
    },
    "siglip2": {
        "model": {
            "init_logit_bias": -10,
            "custom_text": True,
            "text_cfg": {**_TEXT, **_LAST, **_CANONICAL, "hf_tokenizer_name": "tiny/gemma"},
        },
        "preprocess": _SQUASH,
    },
    "clipa": {
        "model": {
            "text_cfg": {
                **_TEXT,
                **_LAST,
                "hf_tokenizer_name": "tiny/bert",
                "tokenizer_kwargs": {"strip_sep_token": True},
            },
            "custom_text": True,
        },
        "preprocess": {**_SQUASH, "interpolation": "bilinear"},
    },
    "metaclip2": {
        "model": {
            "quick_gelu": True,
            "custom_text": True,
            "text_cfg": {**_TEXT, "hf_tokenizer_name": "tiny/xlm-roberta", "pool_type": "eos", "eos_id": 2},
        }
    },
    "nllb": {
        "model": {
            "text_cfg": {
                "hf_model_name": "tiny/nllb",
                "hf_tokenizer_name": "tiny/nllb",
                "hf_proj_type": "linear",
                "hf_pooler_type": "cls_pooler",
            }
        }
    },
    "nllb-siglip": {
        "model": {
            "init_logit_bias": -10,
            "text_cfg": {
                "hf_model_name": "tiny/nllb",
                "hf_tokenizer_name": "tiny/nllb",
                "hf_proj_type": "linear",
                "hf_pooler_type": "cls_pooler",
            },
        },
        "preprocess": _SQUASH,
    },
    "xlm-roberta": {
        "model": {
            "text_cfg": {
                "hf_model_name": "tiny/xlm-roberta",
                "hf_tokenizer_name": "tiny/xlm-roberta",
                "hf_proj_type": "mlp",
                "hf_pooler_type": "mean_pooler",
            }
        }
    },
    "roberta": {
        "model": {
            "text_cfg": {
                "hf_model_name": "tiny/roberta",
                "hf_tokenizer_name": "tiny/roberta",
                "hf_proj_type": "mlp",
                "hf_pooler_type": "mean_pooler",
            }
        }
    },
    "biomedclip": {
        "model": {
            "text_cfg": {
                "hf_model_name": "tiny/bert",
                "hf_tokenizer_name": "tiny/bert",
                "hf_proj_type": "mlp",
                "hf_pooler_type": "cls_last_hidden_state_pooler",
                "context_length": 64,
            }
        }
    },
    "pe-core": {"model": {"custom_text": True, "text_cfg": {**_BUILT_IN, "context_length": 32}}, "preprocess": _SQUASH},
    "mobileclip": {
        "model": {"custom_text": True, "text_cfg": {**_BUILT_IN, "no_causal_mask": True}},
        "preprocess": {"mean": [0.0] * 3, "std": [1.0] * 3, "interpolation": "bilinear"},
    },
    "coca": {
        "model": {
            "custom_text": True,
            "multimodal_cfg": {
                "width": 32,
                "context_length": 16,
                "vocab_size": 49408,
                "layers": 1,
                "heads": 2,
                "n_queries": 4,
                "attn_pooler_heads": 2,
            },
            "vision_cfg": {**_VISION, "attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True},
            "text_cfg": {**_BUILT_IN, "embed_cls": True, "output_tokens": True},
        }
    },
}
"""One of every kind in open_clip's list that differs in its text side: configuration and transform."""


def config_of(family: str) -> dict[str, Any]:
    """`open_clip_config.json` of a family."""
    known = FAMILIES[family]
    model = {"embed_dim": 32, "vision_cfg": _VISION, **known["model"]}
    return {"model_cfg": model, "preprocess_cfg": dict(known.get("preprocess", {}))}


def text_files_of(family: str, folder: Path) -> None:
    """Tokenizer files beside a model in files, the tower's configuration in a folder of its name."""
    text = config_of(family)["model_cfg"]["text_cfg"]
    if "hf_tokenizer_name" in text:
        TOKENIZERS[text["hf_tokenizer_name"].removeprefix("tiny/")](folder)
    if "hf_model_name" in text:
        name = text["hf_model_name"].removeprefix("tiny/")
        tower(folder / name, name)


def make_family(family: str, folder: Path) -> str:
    """The `file:` name of a tiny random model of this family, with everything beside it."""
    from safetensors.torch import save_file

    from core.encoders.libraries import build
    from core.encoders.weights import ModelFiles
    from tests.encoder_models import scramble

    folder.mkdir(parents=True, exist_ok=True)
    text_files_of(family, folder)
    config, weights = folder / f"{family}.json", folder / f"{family}.safetensors"
    config.write_text(json.dumps(config_of(family)), encoding="utf-8")
    spec = ModelSpec(name=family, title=family, architecture=family, pretrained="random", library="open_clip")
    text = locate(read_text_config(config_of(family)["model_cfg"]["text_cfg"]), folder)
    assert text is not None
    model = build(spec, ModelFiles(config=config, text=text)).model
    scramble(model)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, weights)
    return f"file:{config},{weights}"


def publish(server: Loopback, family: str, folder: Path) -> str:
    """A model of this family on the hub as open_clip's are: configuration and weights in one repository, tokenizer and
    tower in others."""
    name = make_family(family, folder)
    config, tensors = (Path(part) for part in name.removeprefix("file:").split(","))
    server.repositories["tiny/model"] = {
        "open_clip_config.json": config.read_bytes(),
        "open_clip_model.safetensors": tensors.read_bytes(),
    }
    server.small |= {"open_clip_config.json", "tokenizer_config.json", "config.json"}
    text = config_of(family)["model_cfg"]["text_cfg"]
    beside = {"tokenizer.json", "tokenizer_config.json"} & {p.name for p in folder.iterdir()}
    if "hf_tokenizer_name" in text:
        server.repositories[text["hf_tokenizer_name"]] = {n: (folder / n).read_bytes() for n in beside}
    if "hf_model_name" in text:
        own = folder / text["hf_model_name"].removeprefix("tiny/") / "config.json"
        server.repositories.setdefault(text["hf_model_name"], {})["config.json"] = own.read_bytes()
    return name
