"""Searches of stored pictures, by text and by picture, and what changes between two lists."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from core.errors import TMVError, unknown
from core.stats.gallery import Gallery
from core.studies.base import Lab, gallery_of, row_of
from core.studies.pictures import lists
from core.studies.pictures.at_size import Way, listed, sampled_scores, way_of
from core.studies.pictures.lists import ListComparison
from core.studies.pictures.query import Query, ask, query_vector
from core.studies.pictures.search import PicturesResult, captions_of_row, find, find_listed, labels_of_row
from core.studies.prompts.compose import classes_named
from core.system.progress import Progress
from core.types import EmbeddingSet, FloatArray, Place

NAMED = "named"
"""Classes that count as right: those whose name stands in the text."""


def search(
    lab: Lab,
    place: Place,
    *,
    query: Query | str,
    image: bytes | None = None,
    like: str | None = None,
    k: int = 10,
    classes: Sequence[str] | str = NAMED,
    exact: bool = False,
    progress: Progress | None = None,
) -> PicturesResult:
    """The k pictures closest to a query: a text, or a `Query` of weighted texts and a picture.

    The query's picture is the file `image`, or the picture of the data set with the id `like`, whose stored vector is
    used. `classes` are the class names that count as right for precision at k; by default those whose name stands in
    the query's positive texts. Among more images than are scanned in a second an index nominates, where one was built;
    `exact` compares all of them all the same, with `progress`, and says how many of the index's list were right.
    """
    asked = ask(query) if isinstance(query, str) else query
    images = lab.vectors.require(place)
    right = _right_classes(images, asked, classes)
    way = way_of(lab, images)
    stamp = hashlib.sha256(image).hexdigest() if image is not None else f"like {like}" if like else ""

    def make() -> PicturesResult:
        vector = _vector(lab, images, asked, image, like)
        found = _found(lab, images, way, asked, vector, k, right, exact=exact, progress=progress)
        return replace(found, text_notes=lab.prompting.text_notes(images.key.model, asked.texts, "texts", "cut_texts"))

    return lab.memory.studies.get(("search", images.key, asked, stamp, k, right, *_way_key(way, exact)), make)


def similar(lab: Lab, place: Place, *, picture: str, k: int = 10) -> PicturesResult:
    """The k pictures closest to one of the data set's own, itself first."""
    images = lab.vectors.require(place)
    asked, row, way = ask(image=picture), row_of(images, picture), way_of(lab, images)

    def make() -> PicturesResult:
        nothing = np.empty((0, images.image_embeddings.shape[1]), np.float32)
        vector = query_vector(asked, nothing, images.image_embeddings[row])
        return _found(lab, images, way, asked, vector, k)

    return lab.memory.studies.get(("similar", images.key, picture, k, *_way_key(way)), make)


def _way_key(way: Way, exact: bool = False) -> tuple[Hashable, ...]:
    return () if way == Way() else (way.note, way.index and way.index.file.sha256, exact)


def _found(
    lab: Lab,
    images: EmbeddingSet,
    way: Way,
    query: Query,
    vector: FloatArray,
    k: int,
    right: tuple[int, ...] = (),
    *,
    exact: bool = False,
    progress: Progress | None = None,
) -> PicturesResult:
    """The list by an index where there is one and it is needed, else of all images."""
    if way.index is None or k < 1:
        return replace(find(images, gallery_of(lab, images), query, vector, k, right), way_note=way.note)
    best, index = listed(lab, images, way.index, vector, k, exact=exact, progress=progress)
    return find_listed(images, best, index, query, vector, sampled_scores(lab, images, vector), right)


def compare_lists(lab: Lab, a: PicturesResult, b: PicturesResult, p: float = lists.PERSISTENCE) -> ListComparison:
    """What changes from one list to another: two models, or two wordings. See `core.studies.pictures.lists`."""
    return lists.compare(a, _gallery(lab, a), b, _gallery(lab, b), p)


def _gallery(lab: Lab, result: PicturesResult) -> Gallery | None:
    images = _still(lab, result)
    return gallery_of(lab, images) if result.index is None else None


def rank_of(lab: Lab, result: PicturesResult, picture: str) -> tuple[int, float]:
    """(rank, score) of any picture in the whole list of a search; 1 is first. Exact at any size."""
    images = _still(lab, result)
    row, gallery, scores = row_of(images, picture), gallery_of(lab, images), _scores(lab, images, result)
    rank = gallery.ranks(result.vector, scores, np.array([row], dtype=np.int64))[0]
    return int(rank), float(scores[row])


def _scores(lab: Lab, images: EmbeddingSet, result: PicturesResult) -> FloatArray:
    """Those of all pictures, made once where the search did not need them."""
    if result.index is None:
        return result.scores
    key = ("scores", images.key, result.vector.tobytes())
    return lab.memory.studies.get(key, lambda: gallery_of(lab, images).scores(result.vector[None])[0])


def label_of(lab: Lab, result: PicturesResult, picture: str) -> tuple[str, ...]:
    """The class or the captions of any picture of the set that was searched."""
    images = _still(lab, result)
    row = row_of(images, picture)
    return labels_of_row(images, row) or captions_of_row(images, row)


def _still(lab: Lab, result: PicturesResult) -> EmbeddingSet:
    """The stored set that a result came from; `TMVError` when it was embedded anew since."""
    images = lab.vectors.require(lab.place(result.model, result.dataset, result.split))
    if images.ids != result.ids:
        raise TMVError(f"{result.dataset} ({result.split}) has changed since this search; search again.")
    return images


def _vector(lab: Lab, images: EmbeddingSet, query: Query, image: bytes | None, like: str | None) -> FloatArray:
    """The query's unit vector: texts from the store or the encoder, the picture from the encoder or the set."""
    if bool(query.image) != (image is not None or like is not None) or (image is not None and like is not None):
        raise TMVError("A query with an image needs the image's file or id, and one without must not have any.")
    model, picture = images.key.model, None
    if image is not None:
        picture = lab.encoding.encode_image(model, image)
    elif like is not None:
        picture = images.image_embeddings[row_of(images, like)]
    texts = lab.encoding.encode_texts(model, query.texts) if query.texts else np.empty((0, 0), np.float32)
    return query_vector(query, texts, picture)


def _right_classes(images: EmbeddingSet, query: Query, classes: Sequence[str] | str) -> tuple[int, ...]:
    if images.pairs is None:
        return ()
    if classes == NAMED:
        texts = " ; ".join(term.text for term in query.terms if term.weight > 0)
        return classes_named(texts, images.classnames)
    names = [classes] if isinstance(classes, str) else list(classes)
    for name in names:
        if name not in images.classnames:
            raise unknown("class", name, images.classnames)
    return tuple(sorted(images.classnames.index(name) for name in names))
