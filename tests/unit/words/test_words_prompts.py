"""What the prompt study says, by its codes and numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.stats import numbers
from core.stats.intervals import PairedDifference, paired_difference
from core.words import prompts
from tests.study_results import sample_prompt_study, sample_search

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"


def test_the_finding_names_the_best_template_or_the_tie() -> None:
    study = sample_prompt_study()
    said = prompts.templates_finding([study])
    assert said.code == "baseline_best" and numbers.percent(study.best.acc1) in said
    worst = min(study.templates, key=lambda t: t.acc1)
    gap = paired_difference(study.best.answers.correct, worst.answers.correct)
    from_worst = [replace(t, difference=gap if t is study.best else None) for t in study.templates]
    found = replace(study, baseline=worst.name, templates=tuple(from_worst))
    assert prompts.templates_finding([found]).code == gap.outcome
    assert prompts.templates_finding([replace(study, templates=study.templates[:1])]).code == "one_template"
    both = prompts.templates_finding([study, sample_prompt_study(LAION, skill=0.5)])
    span = max(t.acc1 for t in study.templates) - min(t.acc1 for t in study.templates)
    assert both.code == "spans" and numbers.points(span) in both
    assert prompts.templates_finding([]).code == "no_result"


def test_the_best_of_each_study_stands_with_its_paired_difference_or_the_tie() -> None:
    none_better, other = sample_prompt_study(), sample_prompt_study(LAION, skill=0.5)
    base, best = (end(other.templates, key=lambda t: t.acc1) for end in (min, max))
    gap = paired_difference(best.answers.correct, base.answers.correct)
    templates = tuple(replace(t, difference=gap if t is best else None) for t in other.templates)
    said = prompts.best_of_each([none_better, replace(other, baseline=base.name, templates=templates)])
    assert "OpenAI" in said and "LAION-2B" in said
    assert numbers.points(gap.difference, signed=True) in said and numbers.points_between(gap.ci95) in said


def test_class_names_are_compared_in_pairs_with_the_baseline() -> None:
    study = sample_prompt_study()
    (same,) = prompts.names_findings([study, replace(study, classnames_kind="raw")])
    assert same.code == "same_everywhere"
    assert prompts.names_findings([study, sample_prompt_study(LAION)]) == []


def test_classes_that_move_are_counted_both_ways() -> None:
    said = prompts.classes_moved([("lake", -0.2), ("sea", 0.1), ("river", 0.05), ("forest", 0.0)])
    assert said.code == "classes_move" and "for 2 classes" in said and numbers.points(-0.2, signed=True) in said
    assert prompts.classes_moved([("lake", 0.0)]).code == "no_change"


@pytest.mark.parametrize(
    ("difference", "ci95", "only", "code"),
    [
        (0.0, (0.0, 0.0), (0, 0), "same_everywhere"),
        (0.01, (-0.01, 0.03), (3, 2), "within_noise"),
        (0.04, (0.02, 0.06), (9, 1), "above"),
        (-0.04, (-0.06, -0.02), (1, 9), "below"),
    ],
)
def test_a_search_is_worth_what_the_held_out_part_says(
    difference: float, ci95: tuple[float, float], only: tuple[int, int], code: str
) -> None:
    result = sample_search()
    gap = PairedDifference(
        difference=difference, ci95=ci95, n=150, n_only_a=only[0], n_only_b=only[1], p_value=0.01, test="McNemar"
    )
    said = prompts.search_finding(replace(result, chosen=replace(result.chosen, difference=gap)))
    assert said.code == code and numbers.percent(result.chosen.heldout_acc1) in said
    assert numbers.percent(result.search_acc1) not in said, "the search score flatters"
