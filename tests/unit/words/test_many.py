"""A finding over many models of long names: at most three are named, and none of them twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from core.words.accuracy import accuracy_finding
from core.words.captions import retrieval_finding
from core.words.few_shot import few_shot_finding
from core.words.names import shown_together
from core.words.prompts import best_of_each, templates_finding
from tests.sample_results import sample_result
from tests.study_results import sample_prompt_study, sample_retrieval
from tests.training_results import few_shots, probed

# Nothing that all of them share could be left out.
NAMES = [f"file:/runs/vit.json,/runs/{letter * 9}-a-run-with-a-long-name.pt" for letter in "abcdefghijkl"]
Find = Callable[[Sequence[str]], str]


def _accuracy(names: Sequence[str]) -> str:
    sets = ("demo-satellite", "demo-objects", "eurosat")
    skills = {name: [0.4 + 0.2 * ((i * 5 + j * 7) % 6) for j in range(3)] for i, name in enumerate(names)}
    return accuracy_finding(
        [sample_result(n, d, skill=skills[n][j], seed=j) for j, d in enumerate(sets) for n in names]
    )


def _few_shot(names: Sequence[str]) -> str:
    study = few_shots(probed()[1])
    return few_shot_finding([replace(study, model=name) for name in names])


FINDINGS: dict[str, Find] = {
    "accuracy": _accuracy,
    "one data set": lambda names: accuracy_finding([sample_result(n, skill=0.5 + i / 9) for i, n in enumerate(names)]),
    "templates": lambda names: templates_finding([sample_prompt_study(n, seed=i) for i, n in enumerate(names)]),
    "best of each": lambda names: best_of_each([sample_prompt_study(n, seed=i) for i, n in enumerate(names)]),
    "few-shot": _few_shot,
    "retrieval": lambda names: retrieval_finding([sample_retrieval(n) for n in names]),
}


@pytest.mark.parametrize("kind", FINDINGS)
def test_a_finding_names_at_most_three_and_none_of_them_twice(kind: str) -> None:
    with shown_together(models=NAMES):
        said = FINDINGS[kind](NAMES)
    times = [said.count(letter * 9) for letter in "abcdefghijkl"]
    assert sum(times) <= 3 and max(times) <= 1, said
    assert len(said) < 320
