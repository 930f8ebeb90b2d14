"""Under which licence the weights that open_clip lists were published, and whether it forbids commercial use.

As the publishers' model cards and timm's records of the same weights say (timm 1.0.31, `default_cfgs`); those of
CommonPool (laion/CLIP-ViT-*-CommonPool.*: mit), CLIPA (UCSC-VLAA/*-CLIPA-*: apache-2.0, as their repository) and all
six of NLLB-CLIP (visheratin/nllb-*: cc-by-nc-4.0) by their cards alone. A team must see it before it downloads: what is
not known here says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

UNKNOWN = "not recorded here: read its model card"
_NO_COMMERCE = "no commercial use"
_CC_NC = f"CC BY-NC 4.0: {_NO_COMMERCE}"
_APPLE_RESEARCH = f"Apple Machine Learning Research Model License: research only, {_NO_COMMERCE}"

_BY_NAME: Mapping[str, str] = {
    r"MobileCLIP2?-": _APPLE_RESEARCH,
    r"nllb-clip-": _CC_NC,
    r".*/metaclip": _CC_NC,
    r".*/dfn": "Apple Sample Code License: read it before commercial use",
    r".*SigLIP": "Apache-2.0",
    r"PE-Core-": "Apache-2.0",
    r".*-CLIPA": "Apache-2.0",
    r"EVA0[12]": "MIT",
    r"ViTamin": "MIT",
    r".*/(openai|yfcc15m|cc12m)": "MIT",
    r".*/(laion|frozen_laion|datacomp|commonpool|mscoco_finetuned_laion)": "MIT",
}
"""The beginning of `ARCHITECTURE/PRETRAINED` as a pattern, the first that fits."""


def licence_of(name: str) -> str:
    """In words, for `ARCHITECTURE/PRETRAINED`; `UNKNOWN` where it is not recorded."""
    return next((licence for pattern, licence in _BY_NAME.items() if re.match(pattern, name)), UNKNOWN)


def forbids_commerce(licence: str) -> bool:
    """Whether these words say so."""
    return licence in (_CC_NC, _APPLE_RESEARCH)


CommercialUse = Literal["allowed", "forbidden", "not recorded"]
_ALLOWS = re.compile(r"MIT\b|Apache-2\.0|CC BY(-SA)? 4\.0|none needed")


def commercial_use(licence: str) -> CommercialUse:
    """What these words say of commercial use; "not recorded" also where the license has to be read for it."""
    if forbids_commerce(licence):
        return "forbidden"
    return "allowed" if _ALLOWS.match(licence) else "not recorded"
