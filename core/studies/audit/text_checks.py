"""Checks of a model's two other habits: the rule that makes probabilities, and how texts become tokens."""

from __future__ import annotations

import numpy as np

from core.stats.intervals import paired_difference
from core.stats.numbers import percent
from core.studies.audit.case import AS_WRITTEN, NOT_FILLED, PROTOCOL, Case, CaseAnswers
from core.studies.audit.finding import CheckResult, Verdict, fault, of_alternative, ok, unknown, warning
from core.types import FloatArray, ScoreRule

NO_BIAS = 0.5
"""Of a model trained with a sigmoid nearly every pair is a wrong one, so its mean probability is far below one half."""
BARE_SPAN = 2.0
"""Logits of bare cosines (and a bias) differ by 2 at most; and they lie around 0, or around a bias of -10 or less."""
LOWEST_BIAS = -5.0
SURE = 0.99
FITS = 0.9
"""From this share of equal answers on a run of our own explains someone's."""
_EDGE = 1e-7


# --- the rule ---------------------------------------------------------------------------------------------


def rule_matters(case: Case) -> bool:
    """Whether there is a rule to check: the model judges each label by itself, or the scores look as if it did."""
    rule = case.known.rule
    return rule is not None and (rule.each_alone or _each_alone(case.answers))


def score_rule(case: Case) -> CheckResult:
    """A model trained with a sigmoid gives each label a probability of its own, sigmoid(scale x cosine + bias) (SigLIP,
    Zhai et al. 2023); a softmax compares the labels. Neither changes the order of a model's answers."""
    rule, kept, answers = case.known.rule, case.vectors.rule, case.answers
    if rule is None:
        return unknown("How the model was trained to score is not known.")
    if kept is not None:
        return _of_kept(kept, rule)
    if answers is None or answers.scores is None:
        return unknown("No probabilities of all classes are known.", "Bring the score of every class for every image.")
    if not rule.each_alone:
        return _of_softmax(answers.scores)
    if answers.kind == "probabilities":
        return warning(
            "The probabilities of an image add up to 1, as a softmax makes them, but this model was trained with a "
            "sigmoid for each pair of image and text.",
            "Accuracy stays; for “none of these” or several labels use sigmoid(scale × cosine + bias).",
        )
    return _of_sigmoid(answers.scores) if _each_alone(answers) else unknown("The scores are no probabilities.")


def _of_kept(kept: ScoreRule, rule: ScoreRule) -> CheckResult:
    if kept.function != rule.function:
        return warning(
            f"The stored vectors say {kept.function}, as an earlier version wrote them; the model was trained with a "
            f"{rule.function}.",
            "Embed the data set again, so that the reliability curve uses the model's own rule; accuracy stays.",
        )
    if not np.allclose((kept.scale, kept.bias), (rule.scale, rule.bias), rtol=1e-3):
        return fault(
            f"The stored vectors have a scale of {kept.scale:.4g} and a bias of {kept.bias:.4g}, the weights here "
            f"{rule.scale:.4g} and {rule.bias:.4g}.",
            "Embed the data set again.",
        )
    return ok(
        f"One label is judged by sigmoid({kept.scale:.4g} × cosine + {kept.bias:.4g}), the model's own rule; over the "
        "classes it is a softmax, which is said beside the number."
    )


def _each_alone(answers: CaseAnswers | None) -> bool:
    """Whether every score lies between 0 and 1 and the rows do not add up to 1."""
    scores = None if answers is None else answers.scores
    if answers is None or scores is None or answers.kind != "cosines":
        return False
    alone = float(scores.min()) >= 0 and float(scores.max()) <= 1
    return alone and not _like_cosines(_logits(scores))


def _logits(scores: FloatArray) -> FloatArray:
    inside = np.clip(scores.astype(np.float64), _EDGE, 1 - _EDGE)
    found: FloatArray = np.log(inside / (1 - inside))
    return found


def _like_cosines(logits: FloatArray) -> bool:
    """Bare cosines of texts with images lie within a few tenths, above 0: as logits between -5 and -0.5."""
    return bool(logits.min() > LOWEST_BIAS and logits.max() < -0.5)


def _of_softmax(scores: FloatArray) -> CheckResult:
    sure = float((scores > SURE).mean())
    return fault(
        f"Each class has a probability of its own ({percent(sure)} of all are above {percent(SURE, 0)}), as a sigmoid "
        "makes them, but this model was trained with a softmax: its cosines times the scale only compare classes.",
        "Take the softmax of logit_scale × cosine over the classes; probabilities near 1 also tie by rounding.",
    )


def _of_sigmoid(scores: FloatArray) -> CheckResult:
    logits, mean = _logits(scores), float(scores.mean())
    if float(np.ptp(logits)) <= BARE_SPAN and (abs(float(np.median(logits))) <= 1 or logits.max() < LOWEST_BIAS):
        return fault(
            f"The probabilities are nearly even ({percent(float(scores.min()))} to {percent(float(scores.max()))}), as "
            "a sigmoid of bare cosines gives.",
            "Multiply the cosines by model.logit_scale.exp() before the bias is added.",
        )
    if mean > NO_BIAS:
        return fault(
            f"The mean probability of all pairs is {percent(mean)}, so most labels would be right for most images: the "
            "bias is missing.",
            "Add model.logit_bias to the scaled cosines before the sigmoid.",
        )
    return ok(f"Each label has a probability of its own, {percent(mean)} on average, as scale and bias make them.")


# --- the texts --------------------------------------------------------------------------------------------


def cleaning_matters(case: Case) -> bool:
    """Whether the model wants its texts cleaned."""
    return case.known.texts is not None and bool(case.known.texts.clean)


def text_cleaning(case: Case) -> CheckResult:
    """SigLIP and its like were trained on small letters without punctuation; other texts are other tokens to them (12
    points in RADIO's pull request 142, 3.5 in big_vision's issue 169)."""
    texts, want = case.known.texts, "small letters"
    if texts is None:
        return unknown("How the model wants its texts is not known.")
    want = "small letters without punctuation" if texts.clean == "canonicalize" else want
    if case.source == "study":
        return _seen(
            None if texts.seen is None else texts.seen[0],
            f"Texts are made {want} before they are split: others that differ in no more are the same tokens here.",
            f"The tokenizer here does not make texts {want}, as the model wants them.",
        )
    return _brought(
        case, AS_WRITTEN, f"texts made {want}", f"The model wants {want}; texts as written are other tokens"
    )


def filling_matters(case: Case) -> bool:
    """Whether the model reads its vector at the end of a row that must be filled."""
    return case.known.texts is not None and case.known.texts.filled


def text_filling(case: Case) -> CheckResult:
    """A vector that is read at the last position needs rows filled up to the whole context: up to the longest text only
    it is read elsewhere (MNIST 10 % instead of over 80 in mteb's pull request 1424)."""
    texts = case.known.texts
    if texts is None:
        return unknown("How the model wants its texts is not known.")
    if case.source == "study":
        rows = None if texts.seen is None else texts.seen[1] == texts.context
        return _seen(
            rows,
            f"Every text is filled up to {texts.context} tokens, where the model reads its vector.",
            f"Texts are not filled up to the {texts.context} tokens at whose end the model reads its vector.",
        )
    said = f"The model reads its vector at token {texts.context}, also of a short text"
    return _brought(case, NOT_FILLED, f"texts filled up to {texts.context} tokens", said)


def _seen(right: bool | None, good: str, bad: str) -> CheckResult:
    if right is None:
        return unknown("The model's tokenizer is not on this machine.", "Load the model here once.")
    return ok(good) if right else fault(bad, "Bring the model's tokenizer and configuration again, and embed again.")


def _brought(case: Case, mistake: str, right_way: str, wanted: str) -> CheckResult:
    """Someone's answers beside two runs of our own: as the model wants its texts, and with the mistake."""
    answers, right, wrong = case.answers, case.alternative(PROTOCOL), case.alternative(mistake)
    advice = "Use the model's own tokenizer: open_clip.get_tokenizer(name), on the texts as they are."
    if answers is None or right is None or wrong is None:
        return unknown(f"{wanted}; our own runs with and without were not there to compare with.", advice)
    as_right, as_wrong = right.predicted == answers.predicted, wrong.predicted == answers.predicted
    shares = f"{percent(float(as_wrong.mean()))} of the answers are those {wrong.said}"
    shares += f", {percent(float(as_right.mean()))} those with {right_way}"
    gap = paired_difference(as_wrong, as_right)
    verdict: Verdict = "ok" if gap.difference < 0 else "fault"
    best = max(float(as_right.mean()), float(as_wrong.mean()))
    if best < FITS or not gap.excludes_zero:
        return unknown(f"{shares}: that does not tell which it was. {wanted}.", advice)
    gain = None if verdict == "ok" else of_alternative(right, case)
    return CheckResult(
        verdict=verdict, evidence=f"{shares}.", advice="" if verdict == "ok" else advice, counterfactual=gain
    )
