"""The prompt study as frames and sentences: templates, classes, changed pictures, and the search for
prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.studies.prompts.accuracy import ENSEMBLE, PromptStudyResult, TemplateResult, class_changes
from core.studies.prompts.heldout import PromptSearchResult, Verdict
from core.tables.findings import finding, interval_text, percent, points
from core.tables.names import say_dataset, say_model, short_names, told_apart

SAID_ENSEMBLE = "all together"


def say_template(template: str) -> str:
    """A template as a chart shows it: the bare name and the ensemble get words."""
    return {"{}": "{} (the bare name)", ENSEMBLE: SAID_ENSEMBLE}.get(template, template)


@told_apart
def templates_frame(studies: Sequence[PromptStudyResult]) -> pd.DataFrame:
    """One row for each model, set of class names and template, the ensemble last: accuracies, the paired
    difference to the baseline (empty for itself), pictures gained and lost, and the deck's figure."""
    return pd.DataFrame([_template_row(study, t) for study in studies for t in study.every])


def _template_row(study: PromptStudyResult, t: TemplateResult) -> dict[str, Any]:
    gap = t.difference
    return {
        "model": study.model,
        "model_title": say_model(study.model),
        "dataset": study.dataset,
        "dataset_title": say_dataset(study.dataset),
        "split": study.split,
        "classnames": study.classnames_kind,
        "template": t.name,
        "template_title": say_template(t.name),
        "ensemble": len(t.templates) > 1,
        "baseline": t.name == study.baseline,
        "n": study.n,
        "acc1": t.acc1,
        "acc1_low": t.acc1_ci95[0],
        "acc1_high": t.acc1_ci95[1],
        "acc5": t.acc5,
        "acc5_low": t.acc5_ci95[0],
        "acc5_high": t.acc5_ci95[1],
        "mean_per_class_recall": t.mean_per_class_recall,
        "difference": gap.difference if gap else None,
        "difference_low": gap.ci95[0] if gap else None,
        "difference_high": gap.ci95[1] if gap else None,
        "p_value": gap.p_value if gap else None,
        "excludes_zero": gap.excludes_zero if gap else None,
        "gained": len(t.gained),
        "lost": len(t.lost),
        "changed": t.changed,
        "deck_acc1": t.deck.value if t.deck else None,
    }


@told_apart
def class_templates_frame(study: PromptStudyResult) -> pd.DataFrame:
    """One row for each class and template: `recall`, `n`, and `change` against the baseline template."""
    base, sizes = (study.find(study.baseline).recall, np.bincount(study.labels, minlength=len(study.classnames)))
    rows = [
        {
            "model": study.model,
            "model_title": say_model(study.model),
            "dataset": study.dataset,
            "dataset_title": say_dataset(study.dataset),
            "template": t.name,
            "template_title": say_template(t.name),
            "label": label,
            "classname": name,
            "n": int(sizes[label]),
            "recall": float(t.recall[label]),
            "change": float(t.recall[label] - base[label]),
        }
        for t in study.every
        for label, name in enumerate(study.classnames)
        if sizes[label]
    ]
    return pd.DataFrame(rows)


def class_changes_frame(study: PromptStudyResult, template: str, other: str | None = None) -> pd.DataFrame:
    """Which classes a template helps and which it hurts, largest change first."""
    columns = ["classname", "n", "before", "after", "gained", "lost"]
    rows = [(c.classname, c.n, c.before, c.after, c.gained, c.lost) for c in class_changes(study, template, other)]
    return pd.DataFrame(rows, columns=columns).assign(change=lambda f: f["after"] - f["before"])


def changed_pictures_frame(study: PromptStudyResult, template: str, other: str | None = None) -> pd.DataFrame:
    """One row for each picture whose answer a template changes: `kind` is gained, lost or other (wrong both
    times, in another way)."""
    now, was = study.find(template).answers, study.find(other or study.baseline).answers
    rows = np.flatnonzero(now.predicted != was.predicted)
    names = np.array(study.classnames, dtype=object)
    right, before = now.correct[rows], was.correct[rows]
    return pd.DataFrame(
        {
            "id": [study.ids[i] for i in rows.tolist()],
            "true": names[study.labels[rows]],
            "before": names[was.predicted[rows]],
            "after": names[now.predicted[rows]],
            "kind": np.select([right, before], ["gained", "lost"], "other"),
            "row": rows,
        }
    )


@told_apart
def templates_finding(studies: Sequence[PromptStudyResult]) -> str:
    """What the wording does, in one sentence; a tie is called a tie."""
    if not studies:
        return "No result yet"
    if len(studies) > 1:
        return _span_of_each(studies)
    study = studies[0]
    best, base = study.best, study.find(study.baseline)
    if len(study.templates) == 1:
        return f"{say_model(study.model)} names {percent(base.acc1)} right with this template"
    if best.name == study.baseline or best.difference is None:
        return f"No template does better than “{say_template(study.baseline)}” ({percent(base.acc1)})"
    both = f"“{say_template(best.name)}” against “{say_template(study.baseline)}”"
    return f"{both}: {finding(best.difference, 'the first', 'the second')}"


@told_apart
def best_of_each(studies: Sequence[PromptStudyResult]) -> str:
    """For each of several studies the best template's paired difference to the baseline; a tie is called a tie."""
    parts = []
    for name, study in zip(_told_apart(studies), studies):
        gap = study.best.difference
        if gap is None:
            parts.append(f"none does better for {name}")
            continue
        low, high = (f"{100 * end:+.1f}".replace("-", "−") for end in gap.ci95)
        tie = "" if gap.excludes_zero else ", a tie"
        parts.append(f"{points(gap.difference, signed=True)} for {name} ({low} to {high}{tie})")
    return f"The best template against “{say_template(studies[0].baseline)}”: " + ", ".join(parts) + "."


def _told_apart(studies: Sequence[PromptStudyResult]) -> Sequence[str]:
    """A study's name among others: its model, and its class names where a model stands there twice."""
    if len({s.model for s in studies}) == len(studies):
        return short_names([s.model for s in studies])
    return [f"{say_model(s.model)}, {s.classnames_kind} names" for s in studies]


def _span_of_each(studies: Sequence[PromptStudyResult]) -> str:
    parts = []
    for name, study in zip(_told_apart(studies), studies):
        accuracies = [t.acc1 for t in study.templates]
        parts.append(f"{points(max(accuracies) - min(accuracies))} for {name}")
    return "From the worst template to the best: " + ", ".join(parts)


# --- the search for prompts -------------------------------------------------------------------------------


@told_apart
def path_frame(result: PromptSearchResult) -> pd.DataFrame:
    """One row for each template taken: the search accuracy after it, what it brought, how many were tried."""
    rows = [(i + 1, s.template, s.search_acc1, s.gain, s.tried) for i, s in enumerate(result.path)]
    return pd.DataFrame(rows, columns=["step", "template", "search_acc1", "gain", "tried"]).assign(
        model=result.model,
        model_title=say_model(result.model),
        dataset=result.dataset,
        dataset_title=say_dataset(result.dataset),
    )


@told_apart
def verdict_frame(result: PromptSearchResult) -> pd.DataFrame:
    """One row for each choice judged on the held-out part: the chosen templates, the baseline, the
    variants."""
    return pd.DataFrame([_verdict_row(result, v) for v in (result.chosen, result.baseline, *result.variants)])


def _verdict_row(result: PromptSearchResult, v: Verdict) -> dict[str, Any]:
    base = v is result.baseline
    return {
        "model": result.model,
        "model_title": say_model(result.model),
        "dataset": result.dataset,
        "dataset_title": say_dataset(result.dataset),
        "choice": v.name,
        "templates": len(v.templates),
        "n": result.n_heldout,
        "heldout_acc1": v.heldout_acc1,
        "heldout_acc1_low": v.heldout_acc1_ci95[0],
        "heldout_acc1_high": v.heldout_acc1_ci95[1],
        "difference": None if base else v.difference.difference,
        "difference_low": None if base else v.difference.ci95[0],
        "difference_high": None if base else v.difference.ci95[1],
        "p_value": None if base else v.difference.p_value,
    }


def weights_frame(verdict: Verdict) -> pd.DataFrame:
    """The templates of a choice with their shares, largest first."""
    frame = pd.DataFrame({"template": verdict.templates, "weight": verdict.weights})
    return frame.sort_values("weight", ascending=False, kind="stable", ignore_index=True)


def search_finding(result: PromptSearchResult) -> str:
    """What the search is worth, by the held-out part alone."""
    gap, heldout = result.chosen.difference, interval_text(result.chosen.heldout_acc1_ci95)
    score = f"{percent(result.chosen.heldout_acc1)} on held-out pictures ({heldout})"
    if not gap.n_only_a and not gap.n_only_b:
        return f"{score}: the same as the baseline on every picture."
    if not gap.excludes_zero:
        return f"{score}: within noise of the baseline's {percent(result.baseline.heldout_acc1)}."
    way = "above" if gap.difference > 0 else "below"
    return f"{score}: {points(gap.difference)} {way} the baseline, p = {gap.p_value:.2g}."
