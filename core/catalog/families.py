"""Of which family a model is, and on what it was trained, as its name says.

Families are those under which people look for a model: what is special about an architecture or a recipe comes before
the data (a SigLIP model is SigLIP, a CoCa model trained on LAION-2B is CoCa). Training data are told by the
`pretrained` part of the name. Sources: docs/PRETRAINED.md of open_clip, and the papers and model cards of LAION-5B,
DataComp, DFN, MetaCLIP, SigLIP, EVA-CLIP, MobileCLIP and NLLB-CLIP.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

OTHER = "Other"

_FAMILIES: Mapping[str, str] = {
    r"demo-": "Demo",
    r"hf-hub:": "Hugging Face hub",
    r"file:": "Own file",
    r".*/random$": "Untrained",
    r"nllb-": "NLLB-CLIP",
    r"coca_": "CoCa",
    r"MobileCLIP2-": "MobileCLIP2",
    r"MobileCLIP-": "MobileCLIP",
    r"PE-Core-": "PE-Core",
    r"ViTamin-": "ViTamin",
    r"EVA0[12]-": "EVA-CLIP",
    r".*-CLIPA": "CLIPA",
    r".*-SigLIP2": "SigLIP 2",
    r".*-SigLIP": "SigLIP",
    r"(xlm-)?roberta-": "Multilingual text tower",
    r"convnext_": "ConvNeXt",
    r".*/metaclip2_": "MetaCLIP 2",
    r".*/metaclip": "MetaCLIP",
    r".*/dfn": "DFN",
    r".*/openai$": "OpenAI",
    r".*/(datacomp|commonpool)": "DataComp",
    r".*/(frozen_)?laion": "LAION",
    r".*/(yfcc15m|cc12m)$": "OpenCLIP, small sets",
}
"""The beginning of a model's name as a pattern, the first that fits."""

_LAION_2B = "LAION-2B, the English part of LAION-5B, 2 billion pairs"
_TRAINING: Mapping[str, str] = {
    "openai": "WIT, 400 million pairs of image and text from the web (not published)",
    "yfcc15m": "YFCC-15M, 15 million pairs of YFCC100M",
    "cc12m": "CC12M, 12 million pairs",
    "laion400m": "LAION-400M, 400 million pairs",
    "laion2b": _LAION_2B,
    "laion5b": "LAION-5B, 5 billion pairs in many languages",
    "frozen_laion5b": "LAION-5B, 5 billion pairs in many languages; the image side was kept as trained on LAION-2B",
    "laion_aesthetic": "LAION-Aesthetic, 900 million pairs of LAION-2B",
    "mscoco_finetuned_laion2b": "LAION-2B, fine-tuned on the captions of COCO",
    "merged2b": "Merged-2B, 1.6 billion pairs of LAION-2B and 0.4 billion of COYO-700M",
    "datacompdr": "DataCompDR-1B, DataComp-1B with captions and vectors of other models added",
    "datacomp1b": "DataComp-XL (DataComp-1B), 1.4 billion pairs",
    "datacomp_xl": "DataComp-XL (DataComp-1B), 1.4 billion pairs",
    "datacomp_s34b": "DataComp-XL (DataComp-1B), 1.4 billion pairs",
    "datacomp_l": "DataComp-L, 140 million pairs",
    "datacomp_m": "DataComp-M, 14 million pairs",
    "datacomp_s": "DataComp-S, 1.4 million pairs",
    "commonpool_xl": "CommonPool-XL, a pool of 12.8 billion pairs",
    "commonpool_l": "CommonPool-L, a pool of 1.28 billion pairs",
    "commonpool_m": "CommonPool-M, a pool of 128 million pairs",
    "commonpool_s": "CommonPool-S, a pool of 12.8 million pairs",
    "dfndr2b": "DFNDR-2B, DFN-2B with captions and vectors of other models added",
    "dfn2b": "DFN-2B, 2 billion pairs chosen by a filtering network",
    "dfn5b": "DFN-5B, 5 billion pairs chosen by a filtering network",
    "webli": "WebLI, pairs of image and text from the web (not published)",
    "metaclip_400m": "MetaCLIP-400M, 400 million pairs of Common Crawl",
    "metaclip_fullcc": "MetaCLIP-2.5B, 2.5 billion pairs of Common Crawl",
    "metaclip_altogether": "MetaCLIP pairs of Common Crawl with captions of Altogether",
    "metaclip2_worldwide": "MetaCLIP 2 worldwide, pairs of Common Crawl in over 300 languages",
    "meta": "Meta's own pairs of image and text, and videos (not published)",
    "v1": "LAION-COCO-NLLB, images of LAION-COCO with captions translated into 201 languages",
    "mrl": "LAION-COCO-NLLB, images of LAION-COCO with captions translated into 201 languages",
}
"""By the beginning of the pretrained part; of several that fit the longest."""
_FILTERS: Mapping[str, str] = {
    "basic": "filtered by language, length of the caption and shape of the image",
    "clip": "filtered by CLIP score",
    "image": "filtered for images like those of ImageNet",
    "laion": "filtered as LAION did, by CLIP score and language",
    "text": "filtered for captions with words of ImageNet-21k",
}
_UNFILTERED = "unfiltered"


def family_of(name: str) -> str:
    """ "SigLIP 2" for `ViT-B-16-SigLIP2/webli`; `OTHER` where the name tells nothing."""
    return next((family for pattern, family in _FAMILIES.items() if re.match(pattern, name)), OTHER)


def training_data_of(pretrained: str) -> str:
    """ "LAION-2B, ..." for `laion2b_s34b_b79k`; "" where it is not recorded."""
    starts = [start for start in _TRAINING if pretrained == start or pretrained.startswith(f"{start}_")]
    if not starts:
        return ""
    said = _TRAINING[max(starts, key=len)]
    if not pretrained.startswith("commonpool_"):
        return said
    found = re.match(r"commonpool_\w+?_(basic|clip|image|laion|text)_", pretrained)
    return f"{said}, {_FILTERS[found[1]] if found else _UNFILTERED}"


_GROUPS: Mapping[str, str] = {
    r"openai$": "WIT (OpenAI)",
    r"(frozen_|mscoco_finetuned_)?laion|merged2b": "LAION",
    r"datacomp|commonpool": "DataComp",
    r"dfn": "DFN",
    r"metaclip": "MetaCLIP",
    r"webli$": "WebLI",
    r"yfcc15m$|cc12m$": "YFCC, CC12M",
    r"(v1|mrl)$": "LAION-COCO, translated",
}
"""The beginning of the pretrained part as a pattern, the first that fits."""


def data_group_of(pretrained: str) -> str:
    """Whose training data these are: "LAION" for any of its sets; `OTHER` where the name tells nothing."""
    return next((group for pattern, group in _GROUPS.items() if re.match(pattern, pretrained)), OTHER)
