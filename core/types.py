"""The values that travel between the parts of the engine.

Shape letters are fixed once: `n` images, `m` texts, `c` classes, `t` templates, `d` width, `k` top-k.
All records are frozen; their arrays are made read-only on construction, so one copy can be shared by every
session of a server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
Interval = tuple[float, float]


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same array with its write flag off."""
    array.setflags(write=False)
    return array


def expect_shape(name: str, array: NDArray[Any], shape: Sequence[int | str], dtype: Any) -> None:
    """Raise `TMVError` unless `array` has this shape (letters match any size) and dtype."""
    fits = array.ndim == len(shape) and all(
        isinstance(s, str) or s == a for s, a in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != np.dtype(dtype):
        wanted = ", ".join(str(s) for s in shape) + ("," if len(shape) == 1 else "")
        raise TMVError(f"{name} must be ({wanted}) {np.dtype(dtype)}, got {array.shape} {array.dtype}.")


# --- what is said beside a number -------------------------------------------------------------------------

Level = Literal["info", "warning", "fault"]
ENCODING = "encoding"
"""The code of notes about how vectors were computed: they stand with the provenance, not beside the number."""


class Sentence(str):
    """What is said of a result. It is its text; `code` is what programs read ("tie", "collapsed")."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, text: str, code: str) -> Self:
        """A sentence with its code."""
        sentence = super().__new__(cls, text)
        sentence.code = code
        return sentence

    def __getnewargs__(self) -> tuple[str, ...]:  # type: ignore[override]
        return str(self), self.code


class Note(Sentence):
    """A sentence that stands wherever the number stands: page, table, JSON, report and audit.

    `code` names what it is about ("one_class"); `level` says what it does to the number: "info" explains it, "warning"
    means it may not be what its reader thinks, "fault" that it is not.
    """

    __slots__ = ("level",)
    level: Level

    def __new__(cls, text: str, code: str, level: Level = "info") -> Self:
        """A sentence with its code and level."""
        note = super().__new__(cls, text, code)
        note.level = level
        return note

    def __getnewargs__(self) -> tuple[str, ...]:  # type: ignore[override]
        return str(self), self.code, self.level

    def as_dict(self) -> dict[str, str]:
        """JSON-ready."""
        return {"code": self.code, "level": self.level, "text": str(self)}

    @classmethod
    def of(cls, value: object) -> Note:
        """A note as it was kept: its dictionary, or the bare text of earlier versions, which has no code."""
        if isinstance(value, Note):
            return value
        if isinstance(value, Mapping):
            return cls(str(value["text"]), str(value.get("code", "")), value.get("level", "info"))
        return cls(str(value), "")


def beside(*groups: Iterable[Note]) -> tuple[Note, ...]:
    """What stands beside a number, each sentence once, faults first and explanations last."""
    order = {"fault": 0, "warning": 1, "info": 2}
    notes = dict.fromkeys(note for group in groups for note in group if note.code != ENCODING)
    return tuple(sorted(notes, key=lambda note: order[note.level]))


# --- what exists ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One CLIP model: an architecture with one set of weights.

    `name` is `ARCHITECTURE/PRETRAINED` in open_clip's words; `library` says who loads it. `language` is that of its
    texts, as NLLB writes it (`deu_Latn`), where another than English was asked for: `ARCHITECTURE/PRETRAINED@deu_Latn`.
    """

    name: str
    title: str
    architecture: str
    pretrained: str
    library: Literal["open_clip", "clip"]
    training_data: str = ""
    embed_dim: int = 0
    image_size: int = 224
    parameters: int = 0
    licence: str = ""
    source_url: str = ""
    why: str = ""
    download_bytes: int = 0
    published_name: tuple[str, str] | None = None
    language: str = ""

    @property
    def weights_name(self) -> str:
        """The name under which its weights are known: without the language of its texts."""
        return self.name.removesuffix(f"@{self.language}") if self.language else self.name

    @property
    def family(self) -> Literal["openai", "open_clip", "demo", "other"]:
        """Whose model it is: decides its colour on every chart."""
        if self.architecture.startswith("demo-"):
            return "demo"
        if self.pretrained == "openai":
            return "openai"
        return "other" if self.pretrained in ("random", "file", "hub") else "open_clip"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSet:
    """Templates averaged together; each is a string with one `{}` for the class name."""

    name: str
    title: str
    templates: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSpec:
    """One image set. `classnames` are the curated names, `raw_classnames` the folder names, in the same order.

    `prompt_set` names the templates that its published figure used; `published_name` its name in the tables of
    published figures ("" where there are none); `captions_per_picture` how many captions of each picture it is
    measured with (None: all). `templates` are what a set of one's own brings for its classes, each with one
    `{}`; `sizes` (split, pictures) of the whole set: fewer on disk is a part and gets a note.
    """

    name: str
    title: str
    kind: Literal["classification", "captions"]
    splits: tuple[str, ...]
    classnames: tuple[str, ...] = ()
    raw_classnames: tuple[str, ...] = ()
    prompt_set: str = "photo"
    published_name: str = ""
    licence: str = ""
    source_url: str = ""
    why: str = ""
    default_split: str = "test"
    size: str = ""
    captions_per_picture: int | None = None
    templates: tuple[str, ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()


# --- rows of a data set -----------------------------------------------------------------------------------


class Pictures(Protocol):
    """The pictures of a data set by position; reading is thread-safe."""

    def __len__(self) -> int: ...

    def read(self, index: int) -> bytes | NDArray[np.uint8]:
        """The encoded file, or the pixels (h, w, 3) where the data set stores pixels."""

    def stamp(self, index: int) -> str:
        """A cheap mark (no reading) that changes whenever the picture may have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A data set on this disk, one split of it, as rows.

    `ids` (n,) are unique and readable. For classification `labels` (n,) int64 index `classnames`; where an image may
    have none or several, `label_pairs` (p, 2) int64 has a row of image and class for each of them instead. For
    captions `captions` (m,) and `image_index` (m,) int64 say which picture each belongs to. `notes` are findings that
    a user should see (for example captions without a picture).
    """

    spec: DatasetSpec
    split: str
    ids: tuple[str, ...]
    pictures: Pictures
    labels: IntArray | None = None
    label_pairs: IntArray | None = None
    classnames: tuple[str, ...] = ()
    raw_classnames: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    image_index: IntArray | None = None
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(map(Note.of, self.notes)))

    def __len__(self) -> int:
        return len(self.ids)


Carries = Literal["classes", "captions", "images", ""]
"""What the images of a data set carry: class labels, captions, neither; "" where that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDisk:
    """What is on this disk of a data set, counted over the `splits` that are here.

    `images` None: not counted (`state` says why), `more` where there are more than that and counting stopped. `whole`
    is how many images the published set has in these splits (0: not known). `sample` is the id of one image of the
    split `sample_split` ("" where there is none).
    """

    name: str
    title: str
    carries: Carries
    state: State
    splits: tuple[str, ...] = ()
    images: int | None = None
    more: bool = False
    whole: int = 0
    classes: int = 0
    captions: int = 0
    sample: str = ""
    sample_split: str = ""

    @property
    def partial(self) -> bool:
        """Whether fewer images are here than the published set has."""
        return self.images is not None and not self.more and 0 < self.images < self.whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a study looks: one model on one split of one data set, each name resolved once (`Engine.place`)."""

    model: ModelSpec
    dataset: DatasetSpec
    split: str

    def at(self, split: str) -> Place:
        """The same model on another split."""
        return Place(model=self.model, dataset=self.dataset, split=split)

    @property
    def names(self) -> tuple[str, str, str]:
        """(model, data set, split) as they stand in keys, tables and links."""
        return self.model.name, self.dataset.name, self.split


Standing = Literal["compute", "stored", "running", "impossible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPair:
    """One model on one split of one data set: whether it is still to be computed, and why not where it is not.
    `images` None: not counted yet."""

    model: ModelSpec
    dataset: DatasetSpec
    split: str
    standing: Standing
    why: str = ""
    images: int | None = None

    @property
    def place(self) -> Place:
        """Where its embeddings are."""
        return Place(model=self.model, dataset=self.dataset, split=self.split)


# --- scores -----------------------------------------------------------------------------------------------

ScoreFunction = Literal["softmax", "sigmoid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRule:
    """How a model makes probabilities of cosines: of scale x cosine + bias, a "softmax" over all classes (CLIP, Radford
    et al. 2021) or a "sigmoid" of each alone (SigLIP, Zhai et al. 2023)."""

    function: ScoreFunction = "softmax"
    scale: float
    bias: float = 0.0

    @property
    def each_alone(self) -> bool:
        """Whether a label is judged by itself, so that none or several may be right."""
        return self.function == "sigmoid"

    @property
    def over_classes(self) -> ScoreRule:
        """A softmax of the same logits, which is how the probabilities of a closed set of classes are made; the bias
        is the same for all classes and cancels."""
        return ScoreRule(scale=self.scale)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    def probabilities(self, cosines: FloatArray, top: IntArray | None = None) -> FloatArray:
        """(b, c) cosines -> (b, c), or of the classes `top` (b, k) alone -> (b, k)."""
        if self.function == "sigmoid":
            chosen = cosines if top is None else np.take_along_axis(cosines, top, axis=1)
            alone: FloatArray = 1 / (1 + np.exp(-(np.float32(self.scale) * chosen + np.float32(self.bias))))
            return alone
        best = cosines.max(axis=1, keepdims=True)
        weights = np.exp((cosines - best) * np.float32(self.scale))
        shares: FloatArray = weights if top is None else np.take_along_axis(weights, top, axis=1)
        shares = shares / weights.sum(axis=1, keepdims=True)
        return shares


# --- embeddings -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How a picture becomes the model's input: everything that may change a vector."""

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str = "bicubic"
    resize_mode: str = "shortest"
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a number comes from; goes into every result, table and export. `data_notes` are what reading the data set
    found, `notes` what computing the vectors did; `score_rule` how the model was trained to score, where that is not
    CLIP's softmax."""

    model_digest: str
    data_digest: str
    preprocessing: Mapping[str, Any]
    precision: str
    device: str
    versions: Mapping[str, str]
    date: str
    skipped: int = 0
    notes: tuple[Note, ...] = ()
    data_notes: tuple[Note, ...] = ()
    score_rule: ScoreRule | None = None

    @property
    def beside(self) -> tuple[Note, ...]:
        """What stands beside every number made of these vectors."""
        return beside(self.data_notes, self.notes)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; `notes` are those of the data too."""
        plain = {name: value for name, value in asdict(self).items() if name != "data_notes"}
        if self.score_rule is None:
            del plain["score_rule"]
        return {**plain, "notes": [note.as_dict() for note in (*self.data_notes, *self.notes)]}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Provenance:
        """What `as_dict` wrote, in this version or an earlier one."""
        rule = record.get("score_rule")
        known = {"notes": tuple(map(Note.of, record["notes"])), "score_rule": ScoreRule(**rule) if rule else None}
        return cls(**{**record, **known})


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingKey:
    """Names one stored set of vectors; `fingerprint` covers model, weights, preprocessing, precision and data."""

    model: str
    dataset: str
    split: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A row that has no vector, and the one reason why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingSet:
    """Stored vectors of one model on one split; unnormalised, as the encoder gave them.

    `image_embeddings` (n, d) float32; `ids` (n,); `labels` (n,) int64 or None; `label_pairs` (p, 2) int64 of image and
    class instead where an image may have none or several; for captions `captions` (m,), `text_embeddings` (m, d)
    float32 and `image_index` (m,) int64.
    """

    key: EmbeddingKey
    image_embeddings: FloatArray
    ids: tuple[str, ...]
    logit_scale: float
    provenance: Provenance
    labels: IntArray | None = None
    label_pairs: IntArray | None = None
    classnames: tuple[str, ...] = ()
    raw_classnames: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    text_embeddings: FloatArray | None = None
    image_index: IntArray | None = None
    skipped: tuple[Skipped, ...] = ()
    score_function: ScoreFunction = "softmax"
    logit_bias: float = 0.0

    def __post_init__(self) -> None:
        n, d = len(self.ids), self.image_embeddings.shape[-1] if self.image_embeddings.ndim else 0
        expect_shape("image_embeddings", self.image_embeddings, (n, "d"), np.float32)
        if self.labels is not None:
            expect_shape("labels", self.labels, (n,), np.int64)
        if self.label_pairs is not None:
            expect_shape("label_pairs", self.label_pairs, ("p", 2), np.int64)
        if self.text_embeddings is not None:
            expect_shape("text_embeddings", self.text_embeddings, (len(self.captions), d), np.float32)
        if self.image_index is not None:
            expect_shape("image_index", self.image_index, (len(self.captions),), np.int64)
        for array in (self.image_embeddings, self.labels, self.label_pairs, self.text_embeddings, self.image_index):
            if array is not None:
                array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def pairs(self) -> IntArray | None:
        """(p, 2) of image and class, one for each label that an image has; None without labels."""
        if self.label_pairs is not None or self.labels is None:
            return self.label_pairs
        known = np.flatnonzero(self.labels >= 0)
        return np.stack([known, self.labels[known]], axis=1).astype(np.int64)

    @property
    def score_rule(self) -> ScoreRule:
        """How the model makes probabilities of cosines."""
        return ScoreRule(function=self.score_function, scale=self.logit_scale, bias=self.logit_bias)


class Encoder(Protocol):
    """A loaded model, as what embeds sees it: see `core.encoders.encoder.LoadedEncoder`. Vectors come unnormalised."""

    @property
    def card(self) -> ModelCard:
        """What loading the model told."""

    def preprocess(self, image: Any) -> Any:
        """One picture -> (3, s, s)."""

    def encode_images(self, batch: Any) -> FloatArray:
        """(b, 3, s, s) preprocessed pixels -> (b, d)."""

    def encode_texts(self, texts: list[str]) -> FloatArray:
        """m texts -> (m, d)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What loading a model told us, kept on disk so that the web process can know it without loading anything.

    `weights` lists the files with size, mtime_ns, ctime_ns and sha256; `model_digest` covers their content, the
    architecture's configuration and the library; `text_path` names the text encoding in use. `batch_size` is how many
    images one call does best on `device`, 0 where an earlier version did not say.
    """

    name: str
    model_digest: str
    preprocessing: Preprocessing
    precision: str
    device: str
    logit_scale: float
    embed_dim: int
    context_length: int
    text_path: str
    versions: Mapping[str, str]
    weights: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[Note, ...] = ()
    score_function: ScoreFunction = "softmax"
    logit_bias: float = 0.0
    batch_size: int = 0

    @property
    def score_rule(self) -> ScoreRule:
        """How the model makes probabilities of cosines."""
        return ScoreRule(function=self.score_function, scale=self.logit_scale, bias=self.logit_bias)


# --- results ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A figure from elsewhere: `value` 0-1, `protocol` and `source` in words."""

    metric: str
    value: float
    protocol: str
    source: str
    kind: Literal["published", "deck"] = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalProtocol:
    """How a number was made. `classnames` is "curated", "raw" or the name of a file."""

    templates: tuple[str, ...] = ()
    classnames: str = "curated"
    split: str = ""
    n: int = 0
    normalised: bool = True
    details: Mapping[str, Any] = field(default_factory=dict)


# --- work -------------------------------------------------------------------------------------------------

JobState = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work in the job table. `rate` is items a second; `message` is for people. `started` is when the work
    itself began (None while it waits); `in_line` says that no process is there for it yet."""

    id: str
    kind: str
    key: str
    title: str
    state: JobState
    done: int
    total: int
    rate: float
    message: str
    params: Mapping[str, Any]
    created: float
    updated: float
    started: float | None = None
    in_line: bool = False

    @property
    def live(self) -> bool:
        """Still to be waited for."""
        return self.state in ("queued", "running")

    @property
    def ended(self) -> float | None:
        """When it was over."""
        return None if self.live else self.updated

    @property
    def seconds(self) -> float | None:
        """How long the work took, of what has begun and is over."""
        return None if self.started is None or self.live else max(0.0, self.updated - self.started)

    @property
    def seconds_left(self) -> float | None:
        """Estimated, once the rate is known."""
        return (self.total - self.done) / self.rate if self.live and self.rate > 0 and self.total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Whether a model or data set can be used here: `ready`, `downloadable` or `absent`, and why; `vectors_only` where
    only its stored vectors are here."""

    state: Literal["ready", "downloadable", "absent"]
    why: str = ""
    vectors_only: bool = False
