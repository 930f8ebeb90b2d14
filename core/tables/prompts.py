"""The prompt study as frames and sentences: templates, classes, changed pictures, and the search for
prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.stats.intervals import holm
from core.studies.prompts.accuracy import PromptStudyResult, TemplateResult, class_changes
from core.studies.prompts.heldout import PromptSearchResult, Verdict
from core.tables.columns import who
from core.words.names import say_dataset, say_model, told_apart
from core.words.prompts import CHOICES, say_template, say_templates

BETWEEN = " | "


@told_apart
def templates_frame(studies: Sequence[PromptStudyResult]) -> pd.DataFrame:
    """One row for each model, set of class names and template, the ensemble last: accuracies, the paired
    difference to the baseline (empty for itself) with its p and Holm's over the templates of a study, pictures gained
    and lost, and the deck's figure."""
    frame = pd.DataFrame([_template_row(study, t) for study in studies for t in study.every])
    frame["template_title"] = _titles(frame)
    p_holm = [p for study in studies for p in _adjusted(study)]
    frame.insert(list(frame.columns).index("p_value") + 1, "p_holm", p_holm)
    return frame


def _titles(frame: pd.DataFrame) -> list[str]:
    """Each template as it is said, with those that are one with it to every model that has it here."""
    same = frame.groupby("template", sort=False)["same_text"].unique()
    return [
        title if len(same[template]) > 1 else say_templates((title, *filter(None, same[template][0].split(BETWEEN))))
        for template, title in zip(frame["template"], frame["template_title"], strict=True)
    ]


def _adjusted(study: PromptStudyResult) -> list[float | None]:
    """Holm's p of each template over those that are compared with the baseline; None for the baseline itself."""
    gaps = [t.difference for t in study.every]
    adjusted = iter(holm([gap.p_value for gap in gaps if gap]))
    return [float(next(adjusted)) if gap else None for gap in gaps]


def _template_row(study: PromptStudyResult, t: TemplateResult) -> dict[str, Any]:
    gap = t.difference
    return {
        **who(study.model, study.dataset),
        "split": study.split,
        "classnames": study.classnames_kind,
        "template": t.name,
        "template_title": say_template(t.name),
        "same_text": BETWEEN.join(t.also),
        "ensemble": len(t.templates) > 1,
        "baseline": t.name == study.baseline,
        "n": study.n,
        "acc1": t.acc1,
        "acc1_low": t.acc1_ci95[0],
        "acc1_high": t.acc1_ci95[1],
        "chance_acc1": 1 / len(study.classnames),
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
            **who(study.model, study.dataset),
            "template": t.name,
            "template_title": say_templates((t.name, *t.also)),
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
        **who(result.model, result.dataset),
        "choice": v.name,
        "choice_title": CHOICES[v.name],
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
