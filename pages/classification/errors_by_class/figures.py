"""The large figures of one model on one data set."""

from __future__ import annotations

import numpy as np

from core.stats.accuracy import TOP
from core.studies.zero_shot.classify import ZeroShotResult
from core.words.accuracy import protocol_line
from core.words.glossary import explain
from pages.shared.layout import Headline


def figures(result: ZeroShotResult) -> list[Headline]:
    """Top-1, top-5 where it can be missed, and mean per-class recall where classes are not of one size, so that it is
    another number."""
    line = protocol_line(result)
    found = [Headline(label="Top-1 accuracy", value=result.acc1, ci95=result.acc1_ci95, under=line, exact=result.model)]
    if len(result.classnames) > TOP:  # of fewer classes it is always 100 %
        found.append(
            Headline(label="Top-5 accuracy", value=result.acc5, ci95=result.acc5_ci95, under=line, exact=result.model)
        )
    if len(np.unique(np.bincount(result.labels, minlength=len(result.classnames)))) > 1:
        found.append(
            Headline(
                label="Mean per-class recall",
                value=result.mean_per_class_recall,
                ci95=result.mean_per_class_recall_ci95,
                under=line,
                explained=explain("mean per-class recall"),
            )
        )
    return found
