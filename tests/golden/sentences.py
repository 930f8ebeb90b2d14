"""Every sentence of `core.words` once, said of made-up results: `python -m tests.golden.sentences` writes them anew.

What they say is planted into the records, not computed: no sentence hangs on the last digit of a processor.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.catalog.field import checkpoints, field_sets, find_set, find_sets
from core.catalog.models import find_model
from core.stats.accuracy import Score
from core.stats.confident import LabelErrors
from core.stats.intervals import PairedDifference, wilson
from core.stats.line import Line
from core.stats.metrics import calibration, confusion
from core.stats.near import NearPairs
from core.studies.audit import AuditResult, Finding
from core.studies.audit.case import Case
from core.studies.audit.finding import Counterfactual
from core.studies.audit.trying.result import Trial, TriedWay
from core.studies.captions.breakdown import Band, RetrievalDifference
from core.studies.captions.one_caption import CaptionHit, OneCaptionResult, OnePictureResult
from core.studies.captions.retrieval import RetrievalResult
from core.studies.data_quality.label_errors import LabelErrorsResult
from core.studies.data_quality.near import Counted, NearResult
from core.studies.few_shot.draw import FewShotDraw
from core.studies.few_shot.result import FewShotPoint, FewShotResult, FewShotRun
from core.studies.field.beside import Beside, BroughtFigures
from core.studies.field.choosing import FieldFilter
from core.studies.field.expected import Alarms, Expected
from core.studies.field.ranking import Best
from core.studies.field.relations import SetAgainstSet, SetCorrelations
from core.studies.field.robustness import Robustness
from core.studies.multi_label.result import Accepted, LabelFigures, MultiLabelResult
from core.studies.pictures.agreement import Agreement
from core.studies.pictures.lists import ListComparison, Moved
from core.studies.pictures.search import PicturesResult
from core.studies.probe.result import ProbeResult
from core.studies.prompts.accuracy import PromptStudyResult
from core.studies.prompts.heldout import PromptSearchResult
from core.studies.prompts.words import WordsResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.open_set import JudgedImage, Threshold, judge
from core.tables.classes import confusion_frame
from core.types import EmbeddingKey, EvalProtocol, Job, ModelSpec, Note, OnDisk, Reference, ScoreRule, Sentence, State
from core.words import (
    accuracy,
    audit,
    captions,
    data_quality,
    datasets,
    deck,
    few_shot,
    field,
    glossary,
    jobs,
    leaderboard,
    library,
    multi_label,
    notes,
    open_set,
    pictures,
    probe,
    prompts,
)
from tests.fakes import fake_dataset
from tests.sample_results import PROVENANCE, sample_result, with_right
from tests.study_results import (
    sample_caption,
    sample_list,
    sample_prompt_study,
    sample_retrieval,
    sample_search,
    sample_words,
)

FILE = Path(__file__).parent / "words.json"
OPENAI, LAION, RESNET = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k", "RN50/openai"
SIGMOID = ScoreRule(function="sigmoid", scale=117.33, bias=-12.93)
KEY = EmbeddingKey(model=OPENAI, dataset="eurosat", split="test", fingerprint="fingerprint")


def sentences() -> dict[str, list[Any]]:
    """function -> what it says of each record: the text, with its code where it has one."""
    said: dict[str, list[Any]] = {}
    for name, texts in (
        *_accuracy(),
        *_field(),
        *_probe(),
        *_few_shot(),
        *_prompts(),
        *_pictures(),
        *_agreements(),
        *_boards(),
        *_jobs(),
        *_library(),
        *_captions(),
        *_datasets(),
        *_others(),
    ):
        said[name] = [_plain(text) for text in texts]
    return said


def _plain(text: Any) -> Any:
    if isinstance(text, list | tuple):
        return [_plain(each) for each in text]
    return {text.code: str(text)} if isinstance(text, Sentence) else text


Said = Iterable[tuple[str, list[Any]]]

# --- records ----------------------------------------------------------------------------------------------


def gap(
    difference: float, low: float, high: float, p: float = 0.001, only: tuple[int, int] = (9, 4)
) -> PairedDifference:
    """A paired difference of 1,000 pictures."""
    return PairedDifference(
        difference=difference, ci95=(low, high), n=1000, n_only_a=only[0], n_only_b=only[1], p_value=p, test="McNemar"
    )


SAME, TIE = gap(0.0, 0.0, 0.0, 1.0, (0, 0)), gap(0.004, -0.012, 0.02, 0.6)
AHEAD, BEHIND, EDGE = gap(0.101, 0.08, 0.12), gap(-0.02, -0.03, -0.01), gap(0.02, 0.001, 0.04, 0.06)


def zero(model: str, right: int, dataset: str = "eurosat") -> ZeroShotResult:
    """Zero-shot on 300 pictures, the first of which are named right."""
    result = with_right(sample_result(model, dataset), right)
    return replace(result, scores={**result.scores, "acc5": Score(value=0.97, ci95=wilson(291, 300))})


def trained(model: str, right: int, c: float = 0.0178) -> ProbeResult:
    """A linear probe on the same pictures."""
    of = zero(model, right)
    share = right / 300
    return ProbeResult(
        model=model,
        dataset=of.dataset,
        split=of.split,
        n=300,
        train_acc1=0.99,
        train_acc1_ci95=(0.98, 0.995),
        test_acc1=share,
        test_acc1_ci95=wilson(right, 300),
        test_acc5=0.999,
        test_acc5_ci95=(0.99, 1.0),
        mean_per_class_recall=share,
        C=c,
        validation=(),
        n_train=1200,
        n_val=240,
        folds=5,
        normalised=False,
        classnames=of.classnames,
        per_class=of.per_class,
        confusion=of.confusion,
        labels=of.labels,
        ranks=of.ranks,
        top5=of.top5,
        top5_probability=of.top5_probability,
        ids=of.ids,
        seconds=1.0,
        train_key=KEY,
        test_key=KEY,
        protocol=of.protocol,
        provenance=PROVENANCE,
        train_provenance=PROVENANCE,
    )


def run(right: int) -> FewShotRun:
    """One run of a few-shot method on 300 pictures."""
    return FewShotRun(
        correct=np.arange(300) < right, n_shots=160, n_validation=80, short=0, settings={"alpha": 1.0, "beta": 5.5}
    )


def shots(*points: tuple[str, int, tuple[int, ...]], model: str = OPENAI) -> FewShotResult:
    """A few-shot study with these (method, K, pictures right in each draw), beside 150 right in zero-shot."""
    of = zero(model, 150)
    none = FewShotPoint(method="zero-shot", shots=0, acc1=(of.acc1,), acc1_mean=of.acc1, acc1_std=0.0)
    return FewShotResult(
        model=model,
        dataset=of.dataset,
        split=of.split,
        n=300,
        classes=10,
        shots=tuple(dict.fromkeys(k for _, k, _ in points)),
        methods=tuple(dict.fromkeys(method for method, _, _ in points)),
        seeds=(0, 1),
        zero_shot=of,
        points=(none, *(FewShotPoint.of(method, k, [run(r) for r in right]) for method, k, right in points)),
        train_key=KEY,
        test_key=KEY,
        protocol=of.protocol,
        provenance=PROVENANCE,
        train_provenance=PROVENANCE,
    )


def draw() -> FewShotDraw:
    """One draw of Tip-Adapter."""
    of = zero(OPENAI, 180)
    return FewShotDraw(
        model=OPENAI,
        dataset=of.dataset,
        split=of.split,
        n=300,
        method="tip",
        shots=16,
        seed=0,
        acc1=0.6,
        acc1_ci95=wilson(180, 300),
        n_shots=160,
        n_validation=80,
        short=0,
        settings={"alpha": 1.2, "beta": 5.5},
        templates=of.templates,
        logit_scale=100.0,
        classnames=of.classnames,
        labels=of.labels,
        ranks=of.ranks,
        top5=of.top5,
        top5_probability=of.top5_probability,
        ids=of.ids,
        train_key=KEY,
        test_key=KEY,
        provenance=PROVENANCE,
        train_provenance=PROVENANCE,
    )


def study(
    *accuracies: float, model: str = OPENAI, best: PairedDifference = AHEAD, baseline: int = 0
) -> PromptStudyResult:
    """A template study with these accuracies; every other template has the paired difference `best`."""
    of = sample_prompt_study(model)
    deck_says = Reference(metric="acc1", value=0.5, protocol="", source="the original study", kind="deck")
    made = [
        replace(t, acc1=acc1, difference=None if i == baseline else best, deck=deck_says)
        for i, (t, acc1) in enumerate(zip(of.templates, accuracies, strict=False))
    ]
    return replace(of, templates=tuple(made), baseline=made[baseline].name)


def searched(difference: PairedDifference) -> PromptSearchResult:
    """A search for prompts whose choice is so far from the baseline."""
    of = sample_search()
    chosen = replace(of.chosen, heldout_acc1=0.612, heldout_acc1_ci95=(0.53, 0.69), difference=difference)
    baseline = replace(of.baseline, heldout_acc1=0.6)
    return replace(of, chosen=chosen, baseline=baseline, evaluations=12, stopped="the budget was spent")


def found(precise: bool = True, right: int = 6) -> PicturesResult:
    """Ten pictures of a prompt; so many are right where there are classes."""
    of, _ = sample_list()
    hits = tuple(replace(hit, score=0.31 - hit.rank / 100, relevant=hit.rank <= right) for hit in of.hits)
    if of.precision is None:
        raise AssertionError("the sample asks for a class")
    precision = replace(of.precision, hits=right, k=10, ci95=(0.31, 0.83), base_rate=0.1)
    return replace(of, hits=hits, spread=replace(of.spread, mean=0.12), precision=precision if precise else None)


def two_lists(kept: int, same_order: bool = False) -> ListComparison:
    """Two lists of ten pictures that share so many."""
    names = tuple(f"p{i}" for i in range(20 - kept))
    moved = tuple(
        Moved(id=name, rank_a=i + 1, rank_b=i + 1 if same_order else 20 - i, in_a=i < 10, in_b=i < kept or i >= 10)
        for i, name in enumerate(names)
    )
    return ListComparison(
        a=OPENAI,
        b=LAION,
        k=10,
        overlap=kept / 10,
        rbo=0.38,
        p=0.9,
        kept=names[:kept],
        lost=names[kept:10],
        new=names[10:],
        moved=moved,
    )


def words(*contributions: float) -> WordsResult:
    """What the words of a text contribute."""
    of = sample_words()
    planted = tuple(
        replace(w, contribution=c, ci95=(c - 0.01, c + 0.01)) for w, c in zip(of.words, contributions, strict=False)
    )
    return replace(of, score=0.3, words=planted)


def retrieved() -> RetrievalResult:
    """Caption retrieval with round recalls."""
    of = sample_retrieval()
    image = replace(of.image, recall={1: 0.3, 5: 0.56, 10: 0.7}, ranks=np.full_like(of.image.ranks, 7))
    return replace(of, image=image)


def caption(rank: int, margin: float, *changes: int) -> OneCaptionResult:
    """One caption whose picture stands there, and how far each word left out moves it."""
    of = sample_caption()
    moved = tuple(
        replace(w, change=change, contribution=change / 100, without=replace(w.without, rank=rank + change))
        for w, change in zip(of.words, changes, strict=False)
    )
    others = tuple(replace(other, rank=12) for other in of.others)
    return replace(of, caption=replace(of.caption, rank=rank, margin=margin, score=0.31), words=moved, others=others)


def from_picture(own: tuple[int, ...]) -> OnePictureResult:
    """The captions that a picture finds."""
    hits = tuple(CaptionHit(rank=r, row=r, text="birds", picture="p3", score=0.3, own=True) for r in own)
    return OnePictureResult(
        model=OPENAI,
        dataset="coco",
        split="val",
        n_texts=600,
        picture="p3",
        rank=own[0] if own else None,
        hits=hits,
        own=hits,
        provenance=PROVENANCE,
    )


def band(label: str, recall: float) -> Band:
    """Captions of one kind."""
    return Band(label=label, low=0, high=None, n=10, recall={1: recall}, recall_ci95={1: (0.0, 1.0)}, median_rank=3.0)


def audited(*verdicts: str, source: str = "study") -> AuditResult:
    """An audit whose checks came out so."""
    case = Case(title="answers.csv", model=OPENAI, dataset="eurosat", source=source, scores={"acc1": 0.5})  # type: ignore[arg-type]
    findings = tuple(
        Finding(check=f"check-{i}", question="?", verdict=verdict, evidence="So it is.")  # type: ignore[arg-type]
        for i, verdict in enumerate(verdicts)
    )
    return AuditResult(case=case, findings=findings)


# --- what they say ----------------------------------------------------------------------------------------


def _accuracy() -> Said:
    names = ("LAION-2B", "OpenAI")
    gaps = (SAME, TIE, AHEAD, BEHIND, EDGE)
    yield "accuracy.outcome", [accuracy.outcome(g, *names) for g in gaps]
    yield "accuracy.why_tied", [accuracy.why_tied(g, *names) for g in (SAME, TIE)]
    yield "accuracy.excludes_zero", [accuracy.excludes_zero(g) for g in (AHEAD, EDGE)]
    yield "accuracy.interval_of", [accuracy.interval_of(TIE), accuracy.interval_of(BEHIND, of=-1)]
    guess = zero(RESNET, 30)
    yield "accuracy.at_chance", [accuracy.at_chance(group) for group in ([guess, zero(LAION, 240)], [guess, guess])]
    yield "accuracy.say_guessing", [accuracy.say_guessing(list("abcd")[:n], 4) for n in (0, 1, 4)]
    tie = accuracy.outcome(TIE, *names)
    yield "accuracy.with_chance", [accuracy.with_chance(tie, said) for said in ("", accuracy.say_guessing(["a"], 2))]
    yield "glossary.explain", [glossary.explain(*glossary.GLOSSARY)]
    yield "glossary.terms_in", [list(glossary.terms_in("recall@1, ECE"))]
    a, b, near = zero(OPENAI, 180), zero(LAION, 240), zero(RESNET, 239)
    c, d = zero(OPENAI, 240, "cifar100"), zero(LAION, 180, "cifar100")
    tied = [zero(OPENAI, 240, "cifar100"), zero(LAION, 239, "cifar100")]
    groups: tuple[list[ZeroShotResult], ...] = (
        [],
        [a],
        [a, c],
        [a, b],
        [b, near],
        [a, zero(LAION, 180)],
        [a, b, near],
        [a, b, zero(RESNET, 9)],
    )
    many = ([a, b, c, d], [a, b, *tied], [near, b, *tied], [a, b, zero(OPENAI, 90, "cifar100"), d], [a, d])
    yield "accuracy.accuracy_finding", [accuracy.accuracy_finding(group) for group in (*groups, *many)]
    folder = replace(a, classnames_kind="names.txt", templates=("{}", "a {}"))
    yield "accuracy.beside_others", [accuracy.beside_others(n) for n in (1, 2)]
    yield "accuracy.protocol_line", [accuracy.protocol_line(each) for each in (a, folder, _with_rule(a))]
    yield "accuracy.rule_line", [accuracy.rule_line(None), accuracy.rule_line(SIGMOID)]
    cases = _judged()
    yield "open_set.judged_finding", [open_set.judged_finding(each) for each in cases]
    yield "open_set.threshold_line", [open_set.threshold_line(each.threshold) for each in cases if each.threshold]
    several = _several()
    yield "multi_label.multi_label_finding", [multi_label.multi_label_finding(each) for each in several]
    yield "multi_label.multi_label_protocol", [multi_label.multi_label_protocol(each[0]) for each in several]
    drawn = [_map_gap(n, low, high) for n, low, high in ((3, 0.01, 0.05), (3, -0.01, 0.03), (0, 0.0, 0.0))]
    yield "multi_label.map_outcome", [multi_label.map_outcome(each, "LAION-2B", "OpenAI") for each in drawn]
    yield "multi_label.accepted_line", [multi_label.accepted_line(each[0]) for each in several]
    yield "accuracy.own_rule_line", [accuracy.own_rule_line(SIGMOID)]
    sure, shy = calibration(np.full(10, 0.9), np.arange(10) < 5), calibration(np.full(10, 0.5), np.arange(10) < 9)
    well = replace(sure, ece=0.01, gap=0.0)
    yield "accuracy.calibration_finding", [accuracy.calibration_finding(each, "X") for each in (sure, shy, well)]
    even = _predicting(a, np.arange(300) % 10)
    collapsed = _predicting(a, np.where(np.arange(300) < 180, 3, even.predicted))
    yield "accuracy.collapse_finding", [accuracy.collapse_finding(each) for each in (even, collapsed)]
    perfect = _predicting(a, a.labels)
    yield "accuracy.mistake_finding", [accuracy.mistake_finding(confusion_frame(each)) for each in (collapsed, perfect)]


def _field() -> Said:
    sets, one = find_sets("satellite"), (find_set("cifar100"),)
    first, second = (each for each in checkpoints() if each.name in ("ViT-B-32/openai", "RN50/openai"))
    clear = Best(best=first, value=0.64, ci95=(0.63, 0.65), runner_up=second, runner_up_value=0.4, tied=(), compared=5)
    alone = replace(clear, runner_up=None, runner_up_value=None, compared=1)
    limits = FieldFilter(parameters=200, gflops=50, commercial=True, words="vit", data=("LAION",), families=("SigLIP",))
    yield "field.sets_said", [field.sets_said(each) for each in (sets, one, field_sets(), (*sets, *one))]
    yield "field.filter_said", [field.filter_said(each, 5) for each in (limits, FieldFilter())]
    bests = (clear, replace(clear, tied=(second,)), replace(clear, tied=(second, first)), alone)
    yield (
        "field.best_said",
        [field.best_said(each, each_sets, FieldFilter()) for each in bests for each_sets in (sets, one)],
    )
    cost, value = np.array([1.0, 2, 3, 4, np.nan]), np.array([0.1, 0.2, 0.3, 0.25, 0.9])
    yield (
        "field.cost_said",
        [field.cost_said(name, cost[:n], value[:n], 3, one) for name in ("parameters", "samples") for n in (2, 4, 5)],
    )
    line = Line(slope=1.0, intercept=-0.5, sigma=0.2, r2=0.95, n=2, centre=0.0, spread=10.0)
    pair = SetAgainstSet(
        x=sets[0],
        y=one[0],
        rows=np.array([0, 1]),
        x_values=np.array([0.5, 0.6]),
        y_values=np.array([0.4, 0.9]),
        line=line,
        above=np.array([0.01, -0.2]),
        outside=np.array([0.0, -1.0]),
    )
    yield "field.against_said", [field.against_said(pair)]
    above, half = np.array([[0.2, 0.1], [-0.1, -0.2]]), np.array([[0.01, 0.02], [0.01, 0.02]])
    robust = Robustness(
        base=one[0],
        shifts=sets[:2],
        rows=np.array([0, 1]),
        base_values=np.array([0.5, 0.6]),
        above=above,
        half=half,
        lines=(line, line),
    )
    single = replace(robust, rows=np.array([1]), base_values=robust.base_values[1:], above=above[1:], half=half[1:])
    tied = replace(robust, half=10 * half)
    yield "field.robustness_said", [field.robustness_said(each) for each in (robust, tied, single)]
    row = Beside(
        source="a", model="m/p", field_set=one[0], value=0.5, n=100, published=0.6, expected=None, place="below"
    )
    same, unknown = replace(row, published=0.5, place="inside"), replace(row, published=None, place=None)
    laid = [(row, same), (same,), (unknown,), ()]
    yield "field.beside_said", [field.beside_said(BroughtFigures(rows=rows, left=())) for rows in laid]
    cells = [("A", "CIFAR-100", "below", "fault"), ("B", "EuroSAT", "inside", "ok")]
    yield "field.own_said", [field.own_said(each) for each in (("as expected", "below"), ("as expected",), ())]
    yield "field.where_said", [field.where_said(each, "the original study") for each in (cells, cells[1:])]
    yield "field.card_said", [field.card_said(*sides, 50, 3, 121) for sides in ((2, 1), (2, 0), (0, 0))]
    map_ = SetCorrelations(sets=sets, values=np.array([[1, 0.95, 0.1], [0.95, 1, 0.2], [0.1, 0.2, 1]]), n=117)
    yield "field.correlations_said", [field.correlations_said(map_)]
    base = Expected(
        here=one[0],
        elsewhere=sets,
        level=0.5,
        value=0.6,
        low=0.5,
        high=0.7,
        line=replace(line, n=117),
        rows=np.arange(2),
        levels=np.array([0.5, 0.6]),
        figures=np.array([0.5, 0.6]),
    )
    rate = Alarms(confidence=0.95, outside=53, cells=1000)
    cases = [(base, 0.4), (base, 0.05), (replace(base, elsewhere=field_sets()), 0.95)]
    yield "field.expected_said", [field.expected_said(found, v, 1000, rate) for found, v in cases]


def _several() -> list[list[MultiLabelResult]]:
    """One model by its own rule, two that only compare labels, and one that is at chance."""
    classes = tuple(
        LabelFigures(classname=name, n=n, ap=ap, accepted=None)
        for name, n, ap in (("cat", 20, 0.9), ("dog", 10, 0.4), ("bird", 0, None))
    )
    one = MultiLabelResult(
        model="ViT-B-32/openai",
        dataset="folder:tags",
        split="test",
        provenance=PROVENANCE,
        n=50,
        map=0.65,
        map_ci95=(0.6, 0.7),
        chance=0.3,
        labels_per_image=0.6,
        classes=classes,
        templates=("a photo of a {}.",),
        classnames_kind="curated",
        rule=SIGMOID,
        threshold=Threshold(),
        accepted=Accepted(accepted=25, hits=20, right=30),
    )
    softmax = replace(one, rule=ScoreRule(scale=100.0), threshold=None, accepted=None)
    nothing = replace(one, accepted=Accepted(accepted=0, hits=0, right=30), map_ci95=(0.25, 0.7))
    return [[one], [softmax, replace(softmax, model="RN50/openai", map=0.5)], [nothing]]


def _judged() -> list[JudgedImage]:
    """A softmax, a fixed threshold that no label reaches, and one of a validation split that two do."""
    chosen = Threshold(
        value=0.0001,
        dataset="eurosat",
        split="val",
        images=500,
        classes=10,
        f1=0.8,
        precision=0.9,
        precision_ci95=(0.85, 0.95),
        recall=0.72,
        recall_ci95=(0.7, 0.75),
    )
    found = []
    for rule, threshold in ((ScoreRule(scale=100.0), Threshold()), (SIGMOID, Threshold()), (SIGMOID, chosen)):
        picture, classes = np.array([1.0, 1.0]), np.eye(2, dtype=np.float32)
        labels = ["cat", "dog"] if threshold.chosen else ["fish", "owl"]
        low = rule if threshold.chosen else replace(rule, bias=-100.0)
        found.append(judge(picture.astype(np.float32), classes, labels, low, threshold))
    return found


def _with_rule(result: ZeroShotResult) -> ZeroShotResult:
    """Of a model that was trained with a sigmoid."""
    return replace(result, provenance=replace(result.provenance, score_rule=SIGMOID))


def _predicting(result: ZeroShotResult, predicted: np.ndarray) -> ZeroShotResult:
    top5 = result.top5.copy()
    top5[:, 0] = predicted
    return replace(result, top5=top5, confusion=confusion(result.labels, predicted, len(result.classnames)))


def _probe() -> Said:
    a, b = trained(OPENAI, 240), trained(LAION, 239)
    low, far = trained(RESNET, 90), trained(LAION, 150)
    texts = [zero(OPENAI, 180), zero(LAION, 239), zero(RESNET, 150)]
    yield "probe.probe_line", [probe.probe_line(a), probe.probe_line(replace(a, normalised=True, C=1000.0))]
    yield "probe.held_out_line", [probe.held_out_line(a), probe.held_out_line(replace(a, folds=1))]
    groups: tuple[list[ProbeResult], ...] = (
        [],
        [a],
        [replace(a, train_acc1=0.7)],
        [a, b],
        [a, far],
        [a, far, low],
        [a, trained(LAION, 240)],
    )
    yield "probe.probe_finding", [probe.probe_finding(group, texts) for group in groups]
    yield "probe.leading_probe", [probe.leading_probe(group) for group in groups[3:]]
    pairs: tuple[list[ProbeResult], ...] = ([a], [b], [low], [trained(LAION, 245)], [a, b], [a, low], [])
    yield "probe.training_gain", [probe.training_gain(group, texts) for group in pairs]


def _few_shot() -> Said:
    steps = [{"alpha": 1.0, "steps": 20, "of_steps": 100}, {"alpha": 1.5, "steps": 60, "of_steps": 100}]
    yield "few_shot.say_settings", [few_shot.say_settings(steps)]
    helps = shots(("probe", 1, (130, 134)), ("probe", 16, (200, 204)), ("tip", 1, (170, 171)), ("tip", 16, (180, 181)))
    never = shots(("tip", 16, (149, 150)), ("tip-f", 16, (140, 141)))
    tied = shots(("tip", 16, (140, 164)))
    single = shots(("tip", 16, (200,)), model=LAION)
    studies: tuple[list[FewShotResult], ...] = (
        [],
        [helps],
        [never],
        [tied],
        [single],
        [helps, single],
        [helps, single, never, tied],
    )
    yield "few_shot.few_shot_details", [few_shot.few_shot_details(group) for group in studies]
    yield "few_shot.few_shot_finding", [few_shot.few_shot_finding(group) for group in studies]
    yield "few_shot.say_draw", [few_shot.say_draw("tip-f", 16), few_shot.say_draw("few-shot-probe", 4, 2)]
    one = draw()
    yield "few_shot.draw_line", [few_shot.draw_line(one)]
    yield "few_shot.spread_line", [few_shot.spread_line(s.points[1]) for s in (single, tied)]
    yield (
        "few_shot.one_draw",
        [few_shot.one_draw(one, "Tip-Adapter, 16 per class", d) for d in ({0: run(180)}, {0: run(180), 1: run(190)})],
    )
    moves: tuple[dict[int, float], ...] = ({}, {0: -0.02, 1: 0.03}, {0: 0.01, 1: 0.03})
    yield "few_shot.other_draws", [few_shot.other_draws(each, "Tip-Adapter") for each in moves]


def _prompts() -> Said:
    yield "prompts.say_templates", [prompts.say_templates(("{}", "A {}."))]
    yield "prompts.say_template", [prompts.say_template(t) for t in ("{}", "ensemble", "a photo of a {}")]
    first, better = study(0.6, 0.55, 0.5), study(0.5, 0.55, 0.601)
    tied, other = study(0.5, 0.55, 0.51, best=TIE), study(0.4, 0.5, 0.3, model=LAION, best=TIE)
    one = replace(first, templates=first.templates[:1])
    raw = replace(first, classnames_kind="raw")
    guess = study(0.05, 0.05, 0.05)
    lowest = tuple(replace(t, acc1_ci95=(0.01, 0.4)) for t in guess.templates)
    guess = replace(guess, templates=lowest)
    groups: tuple[list[PromptStudyResult], ...] = (
        [],
        [first],
        [better],
        [tied],
        [one],
        [first, other],
        [first, raw],
        [first, other, raw, replace(other, model=RESNET)],
        [guess],
        [guess, other],
        [guess, replace(guess, model=LAION)],
    )
    yield "prompts.baselines_at_chance", [prompts.baselines_at_chance(group) for group in ([first], [guess, other])]
    yield "prompts.templates_finding", [prompts.templates_finding(group) for group in groups]
    yield (
        "prompts.best_of_each",
        [
            prompts.best_of_each(group)
            for group in ([first, other], [better, raw], [first, better, tied, replace(other, model=RESNET)])
        ],
    )
    yield "prompts.names_findings", [prompts.names_findings([first, raw])]
    yield "prompts.deck_distances", [prompts.deck_distances([first, other])]
    moves = ([("lake", -0.2), ("sea", 0.1)], [("lake", 0.0)])
    yield "prompts.classes_moved", [prompts.classes_moved(each) for each in moves]
    gaps = (SAME, TIE, AHEAD, BEHIND)
    yield "prompts.search_finding", [prompts.search_finding(searched(g)) for g in gaps]
    yield "prompts.ended_because", [prompts.ended_because(searched(TIE))]


def agreed(shared: int = 13, p_shared: float = 0.0, **more: Any) -> Agreement:
    """Two lists of 24 of 1,000 images."""
    return Agreement(a=OPENAI, b=LAION, n=1000, k=24, shared=shared, expected=0.576, p_shared=p_shared, **more)


def job(kind: str = "embed", state: Any = "running", **more: Any) -> Job:
    """Half of 10,000 images, or of as many bytes or steps."""
    known: dict[str, Any] = {
        "done": 5000,
        "total": 10_000,
        "rate": 250.0,
        "message": "",
        "params": {"dataset": "eurosat"},
    }
    return Job(
        id="1", kind=kind, key=kind, title="Embedding EuroSAT", state=state, created=0.0, updated=20.0, **(known | more)
    )


def _jobs() -> Said:
    captions = job(params={"dataset": "coco"})
    running = (job(), captions, job("download-model"), job("probe"), job(total=0, rate=0.0))
    ended = (job(state="done"), job(state="cancelled"), job(state="failed", message="The disk is full."))
    for name in ("amount_said", "rate_said", "left_said"):
        yield f"jobs.{name}", [getattr(jobs, name)(each) for each in running]
    queued = [jobs.job_sentence(job(state="queued"), place) for place in (0, 3)]
    yield "jobs.job_sentence", [jobs.job_sentence(each) for each in (*running, *ended)] + queued
    yield "jobs.seconds_to_tell", [jobs.seconds_to_tell(each) for each in running]
    yield "jobs.why_ended", [jobs.why_ended(each) for each in (*ended, job())]
    yield "jobs.jobs_said", [jobs.jobs_said(1, None), jobs.jobs_said(2, 190), jobs.jobs_said(3, 190, whole=False)]
    yield "jobs.when_said", [jobs.when_said(None)]
    yield "jobs.plan_said", [jobs.plan_said(24, 20, 640, 3, 0, 1), jobs.plan_said(1, 0, 0, 0, 1, 0)]
    yield "jobs.all_done_said", [jobs.all_done_said([each]) for each in ended] + [jobs.all_done_said(ended)]
    yield "jobs.ended_said", [jobs.ended_said([each]) for each in ended] + [jobs.ended_said(ended)]


def _library() -> Said:
    metaclip, siglip, hub, untrained = (
        find_model(name)
        for name in ("ViT-B-32-quickgelu/metaclip_400m", "ViT-B-16-SigLIP2/webli", "hf-hub:a/b", "RN50/random")
    )
    yield "library.parameters_said", [library.parameters_said(n) for n in (0, 4_183_041, 151_277_313, 1_193_014_785)]
    groups: tuple[list[ModelSpec], ...] = ([], [metaclip], [metaclip, siglip], [hub], [siglip, hub, metaclip])
    yield "library.download_said", [library.download_said(models) for models in groups]
    yield "library.weights_needed", [library.weights_needed(models) for models in groups]
    lines = [library.listed_said(metaclip, "to download"), library.listed_said(siglip, "")]
    yield "library.listed_said", [*lines, library.listed_said(untrained, "not embedded")]
    yield "library.name_in_list", [library.name_in_list(text) for text in (*lines, "hf-hub:a/b")]
    yield "library.several_fit", [library.several_fit("b", [siglip] * n) for n in (2, 8)]


def _boards() -> Said:
    row = {"dataset_title": "EuroSAT", "model_title": "ViT-B/32", "value": 0.5, "models": 3, "tied": 1}
    row |= {"low": 0.45, "chance": 0.1}
    guess = {"low": 0.05}
    other = row | {"dataset_title": "Food-101", "model_title": "ResNet-50", "tied": 0}
    tables: tuple[list[dict[str, Any]], ...] = (
        [],
        [row],
        [row, row | {"dataset_title": "Food-101"}],
        [row, other],
        [other, other],
        [row | guess],
        [row | guess, other | guess],
        [row, other | guess],
        [row, other | {"chance": None}],
    )
    yield "leaderboard.board_finding", [leaderboard.board_finding(pd.DataFrame(rows)) for rows in tables]


def _agreements() -> Said:
    far = Moved(id="apple_1.png", rank_a=11, rank_b=539, in_a=True, in_b=False)
    some: dict[str, Any] = {"classnames": ("apple",)}
    yield (
        "pictures.agreement_finding",
        [
            pictures.agreement_finding(each)
            for each in (
                agreed(),
                agreed(1, 0.44),
                agreed(right=(20, 20), right_only=(1, 1), p_right=1.0, **some),
                agreed(right=(12, 17), right_only=(4, 9), p_right=0.267, **some),
                agreed(right=(3, 14), right_only=(0, 11), p_right=0.001, **some),
            )
        ],
    )
    yield (
        "pictures.agreement_detail",
        [
            pictures.agreement_detail(agreed()),
            *(pictures.agreement_detail(agreed(furthest=far), w) for w in ("", "apple")),
        ],
    )


def _pictures() -> Said:
    lists = (two_lists(4), two_lists(0), two_lists(10), two_lists(10, same_order=True), two_lists(1), two_lists(9))
    yield "pictures.lists_finding", [pictures.lists_finding(each) for each in lists]
    yield "pictures.models_finding", [pictures.models_finding(each) for each in lists]
    yield (
        "pictures.models_share",
        [pictures.models_share(kept, 10, [OPENAI, LAION]) for kept in ([4], [4, 5], [4, 6], [1], [1, 1])],
    )
    yield (
        "pictures.questions_keep",
        [pictures.questions_keep(k, 10, step=step) for k in ([4, 7], [1]) for step in (True, False)],
    )
    yield "pictures.new_pictures", [pictures.new_pictures(each) for each in (lists[0], lists[-1])]
    results = (found(), found(precise=False))
    one = found(right=1)
    yield "pictures.first_right", [pictures.first_right(each, 10) for each in (*results, one)]
    yield "pictures.right_or_stands_out", [pictures.right_or_stands_out([each]) for each in (*results, one)]
    yield "pictures.stands_out", [pictures.stands_out(results[0])]
    captioned = replace(results[1], hits=tuple(replace(h, captions=("a lake",)) for h in results[1].hits))
    each = (*results, captioned)
    yield (
        "pictures.list_facts",
        [pictures.list_facts(r, lists[0], models=m) for r, m in zip(each, (True, False, True), strict=True)],
    )
    yield "pictures.list_line", [pictures.list_line(r) for r in each]
    yield "pictures.caption_words", [[list(pair) for pair in pictures.caption_words(captioned)]]
    effects = (words(0.1, 0.02, 0.05), words(0.1, -0.02), words(-0.1, -0.2), replace(words(0.1), words=()))
    yield "pictures.words_finding", [pictures.words_finding(w, of) for w in effects for of in ("", "the image p3")]
    yield "pictures.word_line", [pictures.word_line(w) for w in (effects[0], effects[3])]
    yield "pictures.collection_saved", [pictures.collection_saved("Odd labels", n) for n in (1, 12)]
    yield "pictures.collection_line", [pictures.collection_line("eurosat", "test", n) for n in (1, 12)]


def _captions() -> Said:
    rows = fake_dataset(5, "captions")
    read = Note("Captions are from a.csv.", "caption_file")
    lost = Note("Captions without an image: 3.", "captions_without_picture", "warning")
    yield "captions.captions_line", [captions.captions_line(rows)]
    yield (
        "captions.captions_report",
        [captions.captions_report(replace(rows, notes=n)) for n in ((read,), (read, lost))],
    )
    result = retrieved()
    recalls = {1: AHEAD, 5: AHEAD, 10: AHEAD}
    both = RetrievalDifference(
        a=OPENAI,
        b=LAION,
        n_images=120,
        n_texts=600,
        image_recall=recalls,
        text_recall=recalls,
        image_mrr=TIE,
        text_mrr=TIE,
    )
    yield "captions.retrieval_line", [captions.retrieval_line(result)]
    yield (
        "captions.retrieval_finding",
        [
            captions.retrieval_finding([]),
            captions.retrieval_finding([result]),
            captions.retrieval_finding([result], both),
        ],
    )
    yield "captions.what_counts", [captions.what_counts(result, side) for side in captions.SIDES]
    yield "captions.how_it_counts", [captions.how_it_counts(result)]
    yield "captions.paired_on", [captions.paired_on(both)]
    bands = [band("0", 0.838), band("51 or more", 0.021)]
    yield "captions.bands_finding", [captions.bands_finding(b, "contenders") for b in (bands, bands[::-1], bands[:1])]
    yield "captions.band_line", [captions.band_line({OPENAI: bands}, OPENAI, "contenders")]
    ranks = [caption(1, 0.25), caption(1, float("nan")), caption(7, -0.01), caption(2, 0.0)]
    yield "captions.rank_finding", [captions.rank_finding(each) for each in ranks]
    yield "captions.wordings_line", [captions.wordings_line(ranks[0])]
    yield "captions.rank_facts", [captions.rank_facts(ranks[2], before) for before in (None, 3)]
    moved = [caption(7, -0.01, *changes) for changes in ((5, 0, 0), (-5, 0, 0), (5, -2, 0), (0, 0, 0))]
    yield "captions.holding_word", [captions.holding_word(each) for each in moved]
    yield "captions.own_captions_finding", [captions.own_captions_finding(from_picture(own)) for own in ((), (1, 4, 9))]
    yield "captions.under_mistake", [captions.under_mistake(result, 3)]
    yield "captions.lost_title", [captions.lost_title(result)]
    yield "captions.captioned_so", [captions.captioned_so(n, "coco") for n in (0, 1, 2)]


def _datasets() -> Said:
    here = State(state="ready")
    some = OnDisk(name="eurosat", title="EuroSAT", carries="classes", state=here, images=600, whole=27_000, classes=10)
    told = replace(some, carries="captions", whole=0, classes=0, captions=3000)
    kinds = [some, told, replace(some, more=True), replace(some, carries="images", classes=0, whole=0)]
    yield "datasets.images_said", [datasets.images_said(one) for one in (*kinds, replace(some, images=None))]
    yield "datasets.on_disk_said", [datasets.on_disk_said(one) for one in kinds]
    yield "datasets.counted", [datasets.counted(1), datasets.counted(5, 20), datasets.counted(20, 20)]
    yield "datasets.choice_said", [datasets.choice_said("birds", one) for one in kinds]
    yield "datasets.measured", [datasets.measured(zero(OPENAI, 150))]
    yield "datasets.part_of", [datasets.part_of("eurosat", "test", 300), datasets.part_of("folder:x", "test", 300)]
    yield "datasets.published_size", [datasets.published_size("eurosat", "test")]


def _others() -> Said:
    yield "deck.labelled_correctly", [deck.labelled_correctly([zero(OPENAI, 150), zero(LAION, 90)])]
    yield "deck.stand_in", [deck.stand_in("cifar100", "demo-objects")]
    needs = [deck.slides_missing(1, 8, 0, 3, ()), deck.slides_missing(7, 18, 24, 1, ("embeddings of COCO captions",))]
    yield "deck.slides_missing", needs
    yield "deck.study_to_run", [deck.study_to_run(kind, OPENAI, "eurosat") for kind in deck.STUDIES]
    yield "deck.study_starts", [deck.study_starts(kind, OPENAI) for kind in deck.STUDIES]
    yield "deck.top5_probe", [deck.top5_probe(1, 1), deck.top5_probe(3, 8)]
    yield "deck.like_with_like", [deck.like_with_like(2, 8)]
    yield "deck.general_ahead", [deck.general_ahead(3, 0, 3), deck.general_ahead(1, 2, 3)]
    yield "deck.training_differs", [deck.training_differs(1, 1)]
    yield "deck.wording_spans", [deck.wording_spans(1, 1, 0.05), deck.wording_spans(2, 3, 0.05)]
    yield "deck.families_differ", [deck.families_differ(2, 3)]
    yield "deck.pictures_right", [deck.pictures_right(0.66, 6)]
    yield "deck.probe_cell", [deck.probe_cell("X on Y", 0.9, 0.8, 0.6)]
    yield "deck.general_cell", [deck.general_cell(OPENAI, ("cifar100", 0.6), ("eurosat", 0.4), "satellite")]
    yield "deck.models_cell", [deck.models_cell("eurosat", (OPENAI, 0.4), (LAION, 0.5))]
    classes = ["lake", "sea", "river", "forest"]
    yield "deck.favour_cell", [deck.favour_cell("eurosat", (OPENAI, classes), (LAION, []))]
    worst, best, _ = study(0.4, 0.6, 0.5).templates
    yield "deck.wording_cell", [deck.wording_cell("X on Y", worst, best)]
    precision = found().precision
    yield "deck.search_cell", [deck.search_cell("X on Y", "a lake", precision)] if precision else []
    yield "deck.deck_top5_probe", [deck.deck_top5_probe(7, 2, 8)]
    yield "deck.deck_general", [deck.deck_general([(3, 4, "satellite"), (1, 4, "fine-grained")]), deck.deck_general([])]
    yield "deck.deck_training", [deck.deck_training([0.0, 0.12]), deck.deck_training([])]
    yield "deck.deck_wording", [deck.deck_wording(0.15, 0.08)]
    yield "deck.deck_titled", [deck.deck_titled([0.55, 0.62], [0.3, 0.48])]
    own, brought = audited("fault", "ok"), audited("ok", source="document")
    yield "audit.say_case", [audit.say_case(own), audit.say_case(brought)]
    way = TriedWay(name="bgr", said="with color channels swapped (BGR)", agreed=998, of=1000, right=802, acc1=0.8)
    right = TriedWay(name="right", said="the right way", agreed=802, of=1000, right=802, acc1=0.9)
    tried = Trial(outcome="named", compared="answers", right=right, named=(way,), ways=(way, right))
    whole = replace(tried, compared="vectors", left_out=("with half precision (float16)", "with the other activation"))
    yield "audit.tried_caption", [audit.tried_caption(tried), audit.tried_caption(whole)]
    silent = audited("cannot tell")
    groups = ([own, brought], [own, own], [silent, brought], [brought], [brought, brought])
    yield "audit.trust_finding", [audit.trust_finding(group) for group in groups]
    gains = [
        Counterfactual(said="x", value=0.6, ci95=(0.5, 0.7), difference=0.1, excludes_zero=e) for e in (True, False)
    ]
    yield "audit.gain_line", [audit.gain_line(gain) for gain in gains]
    yield from _data_quality()
    pairs = [(OPENAI, "eurosat"), (LAION, "eurosat"), (OPENAI, "coco")]
    yield "notes.said_of", [notes.said_of(pairs[:n], pairs) for n in (1, 2, 3)]
    doubt, other = Note("It is small.", "small_gallery", "warning"), Note("It is a part.", "part")
    noted = [replace(zero(OPENAI, 180), notes=(other, doubt)), replace(zero(LAION, 240), notes=(other,))]
    yield "notes.notes_of", [[list(pair) for pair in notes.notes_of(noted)]]
    read = Note("The weights in best.pt were read under 'state_dict'.", "weights_unwrapped")
    unwrapped = [replace(zero(LAION, 180), notes=(other, read))]
    yield "notes.remarks_of", [[list(part) for part in notes.remarks_of([*noted, *unwrapped])]]


def _data_quality() -> Iterable[tuple[str, list[Any]]]:
    near, none = near_result(2, 1), near_result(0, 0)
    yield "data_quality.near_finding", [data_quality.near_finding(r) for r in (near, near_result(2, None), none)]
    yield "data_quality.near_line", [data_quality.near_line(r) for r in (near, none)]
    yield (
        "data_quality.pair_line",
        [data_quality.pair_line(0.9871, same) for same in (True, False, None)]
        + [data_quality.pair_line(0.99999, False)],
    )
    judged = [suspects(3, 0.9), suspects(1, 0.3, "zero-shot"), suspects(0, 0.9)]
    yield "data_quality.label_errors_finding", [data_quality.label_errors_finding(r) for r in judged]
    yield "data_quality.label_errors_line", [data_quality.label_errors_line()]
    yield "data_quality.suspect_line", [data_quality.suspect_line("forest", "river")]
    yield "data_quality.not_searched", [data_quality.not_searched(OPENAI, "eurosat")]
    yield "data_quality.judge_said", [data_quality.judge_said(r) for r in judged[:2]]


def _map_gap(better: int, low: float, high: float) -> PairedDifference:
    """A difference in mean average precision, with so many classes that one model orders better."""
    return PairedDifference(
        difference=(low + high) / 2,
        ci95=(low, high),
        n=500,
        n_only_a=better,
        n_only_b=0,
        p_value=0.01,
        test="paired bootstrap over images",
    )


def near_result(inside: int, seen: int | None) -> NearResult:
    """A hundred images, of which so many are near to another one, or to a training image."""

    def pairs(n: int) -> NearPairs:
        rows = np.arange(n, dtype=np.int64)
        return NearPairs(left=rows, right=rows, cosine=np.full(n, 0.99), left_rows=rows, threshold=0.98, usual=0.85)

    return NearResult(
        model=OPENAI,
        dataset="eurosat",
        split="test",
        ids=tuple(f"{i}.png" for i in range(100)),
        train_ids=("a.png",),
        within=pairs(inside),
        seen=None if seen is None else pairs(seen),
        same_within=(True, False)[:inside],
        same_seen=(),
        counted=Counted(
            acc1=0.5, acc1_ci95=(0.4, 0.6), left=97, without=0.48, without_ci95=(0.38, 0.58), protocol=EvalProtocol()
        ),
        provenance=PROVENANCE,
    )


def suspects(n: int, acc1: float, judge: Any = "probe") -> LabelErrorsResult:
    """A hundred labels, of which so many are suspicious."""
    rows = np.arange(n, dtype=np.int64)
    return LabelErrorsResult(
        model=OPENAI,
        dataset="eurosat",
        split="test",
        provenance=PROVENANCE,
        judge=judge,
        acc1=acc1,
        protocol=EvalProtocol(),
        classnames=("forest", "river"),
        ids=tuple(f"{i}.png" for i in range(100)),
        labels=np.zeros(100, np.int64),
        found=LabelErrors(
            rows=rows,
            suggested=rows * 0 + 1,
            margin=np.full(n, 0.5),
            joint=np.zeros((2, 2), np.int64),
            estimate=1.4 * n,
        ),
    )


if __name__ == "__main__":
    FILE.write_text(json.dumps(sentences(), indent=1, ensure_ascii=False) + "\n", "utf-8")
