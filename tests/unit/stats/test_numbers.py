"""Numbers and lists as people read them."""

from __future__ import annotations

import pytest

from core.stats import numbers
from core.stats.numbers import count, span


def test_numbers_in_words():
    assert numbers.percent(0.6123) == "61.2\u00a0%" and numbers.percent(1, 0) == "100\u00a0%"
    assert numbers.points(-0.101) == "10.1\u00a0points" and numbers.points(0.01) == "1.0\u00a0point"
    assert numbers.points(-0.101, signed=True) == "−10.1\u00a0points"
    assert numbers.interval_text((0.5761, 0.6529)) == "57.6–65.3\u00a0%"
    assert count(1, "image") == "1 image" and count(10_000, "image") == "10,000 images"


def test_intervals_of_differences_are_signed_at_both_ends() -> None:
    assert numbers.points_between((-0.0212, 0.034)) == "−2.1 to +3.4"
    assert (numbers.in_points(-0.0212), numbers.in_points(-0.0212, signed=True)) == ("2.1", "−2.1")


def test_a_list_ends_with_and_or_with_how_many_more() -> None:
    assert [numbers.listed(each) for each in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert numbers.listed([*"abcdef"], 4) == "a, b, c, d and 2 more"
    assert numbers.quoted(["a"]) == "“a”" and numbers.quoted([*"abcd"]) == "“a”, “b”, “c” and 1 more"
    assert numbers.few_of([*"abc"]) == "a, b, c" and numbers.few_of([*"abcde"]) == "a, b, c and 2 more"
    assert numbers.either(["a", "b"]) == "“a” or “b”"


def test_a_range_of_one_is_one_number() -> None:
    assert (span(5, 5), span(1, 5)) == ("5", "1 to 5")


@pytest.mark.parametrize(("p", "said"), [(0.0004, "< 0.001"), (0.032, "= 0.032"), (0.5, "= 0.50")])
def test_p_has_as_many_digits_as_it_deserves(p: float, said: str) -> None:
    assert numbers.p_value(p) == said


def test_sentences_as_parts_of_others() -> None:
    assert (numbers.upper_first("a tie"), numbers.lower_first("A tie"), numbers.lower_first("“A”")) == (
        "A tie",
        "a tie",
        "“A”",
    )
    assert [numbers.full_stop(each) for each in ("So", "So.", "So?")] == ["So.", "So.", "So?"]
    assert numbers.without_stop("So.") == "So"


@pytest.mark.parametrize(
    ("c", "said"),
    [
        (0.017782794100389228, "0.0178"),
        (1.0, "1"),
        (0.1, "0.1"),
        (31.6227766, "31.6"),
        (1000.0, "1,000"),
        (1e-6, "0.000001"),
        (316227.766, "316,228"),
    ],
)
def test_c_in_plain_digits(c: float, said: str) -> None:
    assert numbers.setting(c) == said
