"""What lists of pictures say, by their codes and numbers."""

from __future__ import annotations

from dataclasses import replace

from core.stats.numbers import percent
from core.studies.pictures import lists
from core.words import pictures
from tests.study_results import sample_list, sample_words

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"


def test_two_lists_are_alike_in_pictures_and_in_order() -> None:
    (a, gallery_a), (b, gallery_b) = sample_list(OPENAI), sample_list(LAION, seed=4)
    comparison = lists.compare(a, gallery_a, b, gallery_b)
    said = pictures.models_finding(comparison)
    assert said.code == "overlap" and said.startswith(f"{len(comparison.kept)} of the first {comparison.k} ")
    assert "OpenAI and LAION-2B" in said and f"{comparison.rbo:.2f}" in said
    same = lists.compare(a, gallery_a, a, gallery_a)
    assert pictures.lists_finding(same).code == "same_order"
    turned = [replace(m, rank_b=11 - (m.rank_a or 0)) for m in same.moved]
    assert pictures.lists_finding(replace(same, moved=tuple(turned))).code == "same_pictures"
    apart = replace(comparison, kept=(), new=tuple(hit.id for hit in b.hits))
    assert pictures.lists_finding(apart).code == "disjoint"


def test_right_pictures_stand_beside_chance_and_others_beside_the_average() -> None:
    result, _ = sample_list()
    assert result.precision is not None
    said = pictures.first_right(result, 10)
    assert said.code == "precision" and said.startswith(f"{result.precision.hits} of the first 10 ")
    assert percent(result.precision.base_rate) in said
    five = sum(bool(hit.relevant) for hit in result.hits[:5])
    assert pictures.first_right(result, 5).startswith(f"{five} of the first 5 ")
    assert pictures.right_or_stands_out([replace(result, precision=None), result]).code == "precision"
    free = replace(result, precision=None)
    best = pictures.first_right(free, 10)
    assert best.code == "best_score" and f"{result.hits[0].score:.2f}" in best and f"{result.spread.mean:.2f}" in best
    assert pictures.right_or_stands_out([free]) == best


def test_what_models_share_is_an_average_over_questions() -> None:
    assert "share 4 of 10" in pictures.models_share([4], 10, [OPENAI, LAION])
    assert "share 4.5 of 10" in pictures.models_share([4, 5], 10, [OPENAI, LAION])
    assert [pictures.questions_keep([4, 7], 10, step=step).code for step in (True, False)] == [
        "step_keeps",
        "questions_keep",
    ]


def test_words_say_what_they_bring() -> None:
    result = sample_words()
    best = max(result.words, key=lambda w: w.contribution)
    said = pictures.words_finding(result)
    assert said.code in ("helps", "helps_and_harms") and f"{best.contribution:+.3f}" in said
    harmful = replace(result, words=tuple(replace(w, contribution=-1.0) for w in result.words))
    assert pictures.words_finding(harmful).code == "none_helps"
    none = pictures.words_finding(replace(result, words=()), "the image p3")
    assert none.code == "one_word" and none.startswith("For the image p3: ")
