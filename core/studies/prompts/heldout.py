"""Judging a search for prompts honestly.

The search part chose; what it chose is judged once on the held-out part, in pairs against a baseline. The
search score is kept to show how far it flatters; it is never the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from core.errors import TMVError
from core.stats.first_answers import answer
from core.stats.intervals import PairedDifference, paired_difference, wilson
from core.stats.metrics import BoolArray
from core.stats.numbers import verb
from core.studies.prompts.accuracy import difference_record
from core.studies.prompts.search import (
    BUDGET,
    BUDGET_SPENT,
    LARGEST,
    SEED,
    Parts,
    SearchStep,
    TemplateChoice,
    greedy,
    split_rows,
    weighted_head,
    zpe_weights,
)
from core.studies.result import StudyResult
from core.studies.zero_shot.classify import SAME_TEMPLATES, group_list, rule_note, same_note
from core.system.progress import Progress
from core.types import EmbeddingSet, EvalProtocol, FloatArray, Interval, Note, Provenance, beside

GREEDY, BASELINE = "greedy ensemble", "baseline"
EQUAL_WEIGHT, UNLABELLED_WEIGHT = "all templates, equal weight", "zero-shot prompt ensembling"
"""Names of the choices that are judged; kept results and JSON hold them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One choice of templates judged on the held-out part, in pairs against the baseline.

    `weights` are the shares of each of `templates`. `gained` and `lost` are held-out pictures by id: right
    here and wrong with the baseline, and the other way.
    """

    name: str
    templates: tuple[str, ...]
    weights: tuple[float, ...]
    heldout_acc1: float
    heldout_acc1_ci95: Interval
    difference: PairedDifference
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "name": self.name,
            "templates": list(self.templates),
            "weights": list(self.weights),
            "heldout_acc1": self.heldout_acc1,
            "heldout_acc1_ci95": list(self.heldout_acc1_ci95),
            "difference": difference_record(self.difference),
            "gained": list(self.gained),
            "lost": list(self.lost),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Verdict:
        """The verdict that `to_record` wrote."""
        gap = dict(record["difference"])
        paired = PairedDifference(**gap | {"ci95": _pair(gap["ci95"])})
        return cls(
            name=record["name"],
            templates=tuple(record["templates"]),
            weights=tuple(record["weights"]),
            heldout_acc1=record["heldout_acc1"],
            heldout_acc1_ci95=_pair(record["heldout_acc1_ci95"]),
            difference=paired,
            gained=tuple(record["gained"]),
            lost=tuple(record["lost"]),
        )


def _pair(values: Sequence[float]) -> Interval:
    low, high = values
    return float(low), float(high)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSearchResult(StudyResult):
    """What was chosen, how, and what it is worth.

    `chosen` is the verdict on the greedy ensemble, `variants` those on the choices that need no label,
    `baseline` that on the baseline itself. `search_acc1` is the flattering score that the choice was made by; `same`
    are groups of the pool's templates that the model reads as one text, of which, where they are `folded`, only the
    first was tried.
    """

    n: int
    n_search: int
    n_heldout: int
    pool: tuple[str, ...]
    chosen: Verdict
    baseline: Verdict
    variants: tuple[Verdict, ...]
    search_acc1: float
    path: tuple[SearchStep, ...]
    evaluations: int
    stopped: str
    warnings: tuple[str, ...]
    protocol: EvalProtocol
    same: tuple[tuple[str, ...], ...] = ()
    folded: bool = False

    @property
    def notes(self) -> tuple[Note, ...]:
        """What stands beside the numbers: of the data, then what a reader must know before believing a gain."""
        verdict = (Note(text, "search_verdict") for text in self.warnings)
        rule = self.provenance.score_rule  # label-free weights are made of a softmax over the classes too
        trained = rule_note(rule) if rule else ()
        return beside(self.provenance.beside, verdict, self._same_note(), trained)

    def _same_note(self) -> tuple[Note, ...]:
        note = same_note(self.pool, self.same)
        if not self.folded or not note:
            return note
        kept = len(self.pool) - sum(len(group) - 1 for group in self.same)
        text = (
            f"The model reads some templates as the same text, so {kept} of {len(self.pool)} "
            f"{verb(kept, 'was', 'were')} tried, of each group the first: {group_list(self.same)}. The averages "
            f"of the whole pool are over all {len(self.pool)}."
        )
        return (Note(text, SAME_TEMPLATES),)

    def to_record(self) -> dict[str, Any]:
        """The JSON record of `optimise`."""
        return {
            **self.place_record(),
            "n": self.n,
            "n_search": self.n_search,
            "n_heldout": self.n_heldout,
            "chosen": list(self.chosen.templates),
            "search_acc1": self.search_acc1,
            "heldout_acc1": self.chosen.heldout_acc1,
            "heldout_acc1_ci95": list(self.chosen.heldout_acc1_ci95),
            "baseline": list(self.baseline.templates),
            "baseline_heldout_acc1": self.baseline.heldout_acc1,
            "baseline_heldout_acc1_ci95": list(self.baseline.heldout_acc1_ci95),
            "difference": difference_record(self.chosen.difference),
            "p_value": self.chosen.difference.p_value,
            "verdict": self.chosen.to_record(),
            "baseline_verdict": self.baseline.to_record(),
            "path": [asdict(step) for step in self.path],
            "evaluations": self.evaluations,
            "stopped": self.stopped,
            "variants": [v.to_record() for v in self.variants],
            "pool": list(self.pool),
            **({"same_templates": [list(group) for group in self.same]} if self.same else {}),
            **({"folded": True} if self.folded and self.same else {}),
            "warnings": list(self.warnings),
            "notes": [note.as_dict() for note in self.notes],
            "protocol": asdict(self.protocol),
            "provenance": self.provenance.as_dict(),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> PromptSearchResult:
        """The result that `to_record` wrote, for example by a job in another process."""
        protocol = dict(record["protocol"])
        plain = ("model", "dataset", "split", "n", "n_search", "n_heldout", "search_acc1", "evaluations", "stopped")
        return cls(
            **{name: record[name] for name in plain},
            pool=tuple(record["pool"]),
            chosen=Verdict.from_record(record["verdict"]),
            baseline=Verdict.from_record(record["baseline_verdict"]),
            variants=tuple(Verdict.from_record(v) for v in record["variants"]),
            path=tuple(SearchStep(**step) for step in record["path"]),
            warnings=tuple(record["warnings"]),
            same=tuple(map(tuple, record.get("same_templates", ()))),
            folded=bool(record.get("folded")),
            protocol=EvalProtocol(**protocol | {"templates": tuple(protocol["templates"])}),
            provenance=Provenance.of(record["provenance"]),
        )


def search(
    images: EmbeddingSet,
    heads: FloatArray,
    pool: Sequence[str],
    baseline: Sequence[str],
    baseline_head: FloatArray,
    *,
    parts: Parts | None = None,
    heldout_share: float = 0.5,
    budget: int = BUDGET,
    largest: int = LARGEST,
    classnames_kind: str = "curated",
    same: Sequence[Sequence[str]] = (),
    progress: Progress | None = None,
) -> PromptSearchResult:
    """Choose templates from a pool on the search part and judge them on the held-out part.

    heads (t, c, d) are the unit class vectors of each template of `pool`, `baseline_head` (c, d) those of the
    `baseline` templates together. `parts` overrides the fixed cut. Of templates that are the `same` to the model only
    the first is tried: taking one twice would be a weight, not a choice.
    """
    labels = images.labels
    if labels is None or not len(pool) or len(heads) != len(pool):
        raise TMVError("A search for prompts needs class labels and class vectors of each template of the pool.")
    cut = parts or split_rows(images.ids, labels, heldout_share)
    seen, unseen = images.image_embeddings[cut.search], images.image_embeddings[cut.heldout]
    tried = first_of_each(pool, same)
    choice = greedy(
        seen,
        labels[cut.search],
        heads[list(tried)] if len(tried) < len(pool) else heads,
        [pool[i] for i in tried],
        budget=budget,
        largest=largest,
        progress=progress,
    )
    if not choice.chosen:
        raise TMVError(f"A budget of {budget} ensembles is too small to choose anything; allow at least 1.")
    weights = zpe_weights(seen, heads, images.logit_scale)
    court = HeldOutJudge(unseen, labels[cut.heldout], [images.ids[i] for i in cut.heldout], baseline_head)
    taken = [tried[i] for i in choice.chosen]
    chosen = court.judge(GREEDY, [pool[i] for i in taken], weighted_head(heads[taken]))
    variants = (
        court.judge(EQUAL_WEIGHT, pool, weighted_head(heads)),
        court.judge(UNLABELLED_WEIGHT, pool, weighted_head(heads, weights), weights.tolist()),
    )
    own = court.judge(BASELINE, baseline, baseline_head)
    found = _result(images, pool, cut, choice, chosen, own, variants, classnames_kind, budget)
    return replace(found, same=tuple(map(tuple, same)), folded=bool(same))


def first_of_each(pool: Sequence[str], same: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Positions in the pool of the templates that are not the same to the model as an earlier one."""
    first = {template: group[0] for group in same for template in group}
    return tuple(i for i, template in enumerate(pool) if first.get(template, template) == template)


class HeldOutJudge:
    """Judges class vectors on the held-out pictures against one baseline."""

    def __init__(self, images: FloatArray, labels: Any, ids: Sequence[str], baseline: FloatArray) -> None:
        self._images, self._labels, self._ids = images, labels, ids
        self._baseline = self._correct(baseline)

    def _correct(self, head: FloatArray) -> BoolArray:
        return answer(self._images, head, self._labels).correct

    def judge(
        self, name: str, templates: Sequence[str], head: FloatArray, weights: Sequence[float] | None = None
    ) -> Verdict:
        """One candidate beside the baseline, counted on the held-out pictures; `head` (c, d)."""
        correct, base = self._correct(head), self._baseline
        hits, n = int(correct.sum()), len(correct)
        gained, lost = np.flatnonzero(correct & ~base), np.flatnonzero(~correct & base)
        return Verdict(
            name=name,
            templates=tuple(templates),
            weights=tuple(weights or [1 / len(templates)] * len(templates)),
            heldout_acc1=hits / n,
            heldout_acc1_ci95=wilson(hits, n),
            difference=paired_difference(correct, base),
            gained=tuple(self._ids[i] for i in gained.tolist()),
            lost=tuple(self._ids[i] for i in lost.tolist()),
        )


def _result(
    images: EmbeddingSet,
    pool: Sequence[str],
    cut: Parts,
    choice: TemplateChoice,
    chosen: Verdict,
    own: Verdict,
    variants: tuple[Verdict, ...],
    classnames_kind: str,
    budget: int,
) -> PromptSearchResult:
    key, n = images.key, len(images)
    score = choice.path[-1].search_acc1
    details = {
        "cut": "fixed by class and by the SHA-256 of the ids",
        "seed": SEED,
        "budget": budget,
        "judged": "once, on the held-out part",
        "baseline": list(own.templates),
        "test": "McNemar's exact test",
    }
    protocol = EvalProtocol(
        templates=chosen.templates,
        classnames=classnames_kind,
        split=key.split,
        n=len(cut.heldout),
        normalised=True,
        details=details,
    )
    return PromptSearchResult(
        model=key.model,
        dataset=key.dataset,
        split=key.split,
        n=n,
        n_search=len(cut.search),
        n_heldout=len(cut.heldout),
        pool=tuple(pool),
        chosen=chosen,
        baseline=own,
        variants=variants,
        search_acc1=score,
        path=choice.path,
        evaluations=choice.evaluations,
        stopped=choice.stopped,
        warnings=warnings(chosen, score, choice.stopped),
        protocol=protocol,
        provenance=images.provenance,
    )


def warnings(verdict: Verdict, search_acc1: float, stopped: str) -> tuple[str, ...]:
    """What a reader must know before believing a gain."""
    found, gap = list[str](), verdict.difference
    if not gap.excludes_zero:
        found.append(
            f"Within noise: the difference to the baseline on {gap.n:,} held-out images is "
            f"{100 * gap.difference:+.2f} points, and its 95 % interval includes zero."
        )
    elif gap.difference < 0:
        found.append("The chosen templates are worse than the baseline on the held-out part.")
    if search_acc1 > verdict.heldout_acc1_ci95[1]:
        found.append(
            f"The search score ({100 * search_acc1:.2f} %) lies above the held-out interval: a choice "
            "made on few images flatters itself there."
        )
    if stopped == BUDGET_SPENT:
        found.append("The budget was spent before every template was tried; raise it for a full search.")
    return tuple(found)
