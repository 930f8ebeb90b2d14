"""Folder names as words: what is cut, what stays, and that it is said."""

from __future__ import annotations

import pytest

from core.catalog.class_words import NAME_CODES, class_words, equal_names, wnid_in, words_of


@pytest.mark.parametrize(
    "folder, words",
    [
        ("AnnualCrop", "annual crop"),
        ("HerbaceousVegetation", "herbaceous vegetation"),
        ("Forest", "Forest"),
        ("hot_dog", "hot dog"),
        ("golden-retriever", "golden retriever"),
        ("n01440764", "tench"),
        ("n99999999", "n99999999"),
        ("017.Cardinal", "Cardinal"),
        ("01_apple", "apple"),
        ("iPhone", "iPhone"),
        ("McDonalds", "McDonalds"),
        ("hotdog", "hotdog"),
        ("BMW_X5", "BMW X5"),
        ("SUV", "SUV"),
        ("2", "2"),
        ("90s music", "90s music"),
        ("_", "_"),
        ("été_à la mer", "été à la mer"),
        ("Egyptian_Mau", "Egyptian Mau"),
        ("7-Eleven", "7 Eleven"),
        ("n02085620-Chihuahua", "Chihuahua"),
        ("Chihuahua_n02085620", "Chihuahua"),
        ("n01440764_tench", "tench"),
    ],
)
def test_folders_become_words(folder: str, words: str) -> None:
    assert words_of(folder) == words


@pytest.mark.parametrize(
    "folders, names, said",
    [
        (
            ("001.Black_footed_Albatross", "002.Laysan_Albatross"),
            ("Black footed Albatross", "Laysan Albatross"),
            {"numbers_cut"},
        ),
        (("001.cat", "045.dog"), ("cat", "dog"), {"numbers_cut"}),
        (("1_cat", "2_dog", "3_cow"), ("cat", "dog", "cow"), {"numbers_cut"}),
        (("0. cat", "1. dog"), ("cat", "dog"), {"numbers_cut"}),
        (("(1) cat", "(2) dog"), ("cat", "dog"), {"numbers_cut"}),
        (("01_daisy", "02_rose", "background"), ("daisy", "rose", "background"), {"numbers_cut"}),
        (("1_euro", "2_euro", "10_euro"), ("1 euro", "2 euro", "10 euro"), {"numbers_kept"}),
        (("20 kmh", "30 kmh"), ("20 kmh", "30 kmh"), {"numbers_kept"}),
        (("7-Eleven", "Starbucks"), ("7 Eleven", "Starbucks"), {"numbers_kept"}),
        (("2_door", "4_door_sedan"), ("2 door", "4 door sedan"), {"numbers_kept"}),
        (("1_cat", "cat"), ("1 cat", "cat"), {"numbers_kept"}),
        (("0", "1", "10"), ("0", "1", "10"), {"numbered_classes"}),
        (("class_0", "class_1"), ("class 0", "class 1"), {"numbered_classes"}),
        (("90s music", "jazz"), ("90s music", "jazz"), set()),
        (("n02085620-Chihuahua", "pug"), ("Chihuahua", "pug"), {"wnid_cut"}),
        (("n01440764", "n99999999"), ("tench", "n99999999"), {"unknown_wnid"}),
        (("n01440764", "n01443537"), ("tench", "goldfish"), set()),
        (("AnnualCrop", "River"), ("annual crop", "River"), {"glued_words"}),
        (("n02012849-crane", "n03126707-crane"), ("crane", "crane"), {"wnid_cut", "equal_names"}),
        (("hot_dog", "hot-dog"), ("hot dog", "hot dog"), {"equal_names"}),
        (("Cat", "cat"), ("Cat", "cat"), {"equal_names"}),
        (("cat", "cat "), ("cat", "cat"), {"equal_names"}),
        (("caf\u00e9", "cafe\u0301"), ("caf\u00e9", "cafe\u0301"), {"equal_names"}),
        (("cat", "cat (1)"), ("cat", "cat (1)"), {"copied_folders"}),
        (("cat", "cat_augmented", "a_resized"), ("cat", "cat augmented", "a resized"), {"copied_folders"}),
        (("cat", "cat - Copy", "dog_copy"), ("cat", "cat Copy", "dog copy"), {"copied_folders"}),
        (("cat (1)", "dog (2)"), ("cat (1)", "dog (2)"), set()),
        (("cat", "dog"), ("cat", "dog"), set()),
    ],
)
def test_a_set_of_folders_is_judged_together(folders: tuple[str, ...], names: tuple[str, ...], said: set[str]) -> None:
    found = class_words(folders)
    assert {note.code for note in found.notes} <= NAME_CODES
    assert found.names == names and {note.code for note in found.notes} == said
    assert all(note.endswith(".") for note in found.notes)


def test_levels_say_what_the_finding_does_to_a_number() -> None:
    levels = {
        note.code: note.level
        for names in (("1_euro", "2_euro"), ("3_cat", "7_dog"), ("Cat", "cat"), ("0", "1"))
        for note in class_words(names).notes[::-1]
    }
    assert levels == {"numbers_kept": "warning", "equal_names": "fault", "numbered_classes": "warning"}
    assert class_words(("1_euro", "2_euro")).notes[0].level == "info"
    # ImageNet's own list has one pair of names; a figure for it is still a figure.
    assert equal_names(("n03773504", "n04008634"), ("missile", "missile"))[0].level == "warning"


def test_equal_names_are_told_with_their_folders() -> None:
    (note,) = equal_names(("a", "b", "c", "d"), ("x", "y", "X", "y"))
    assert "x (a, c) and 1 more" in note


@pytest.mark.parametrize(
    "folder, wnid",
    [
        ("n02085620", "n02085620"),
        ("N02085620", "n02085620"),
        ("n02085620-pug", "n02085620"),
        ("pug n02085620", "n02085620"),
        ("n2085620-pug", None),
        ("pug", None),
        ("xn02085620", None),
    ],
)
def test_the_id_in_a_name(folder: str, wnid: str | None) -> None:
    assert wnid_in(folder) == wnid
