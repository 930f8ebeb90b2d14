"""Lists of class names in every form they come in."""

from __future__ import annotations

import pytest

from core.errors import TMVError
from core.readers.name_lists import in_order, numbers_of, read_name_list

TWO = [(("0",), "tench"), (("1",), "goldfish")]
IDS = [(("n01440764",), "tench"), (("n01443537",), "goldfish")]
BOTH = [(("n01440764", "0"), "tench"), (("n01443537", "1"), "goldfish")]
PLAIN: list[tuple[tuple[str, ...], str]] = [((), "tench"), ((), "goldfish")]


@pytest.mark.parametrize(
    "text, source, expected",
    [
        ("tench\ngoldfish\n", "a.txt", PLAIN),
        ("tench\r\n\r\n  goldfish", "a.txt", PLAIN),
        ("- tench\n- 'goldfish'\n", "a.yaml", PLAIN),
        ('["tench", "goldfish"]', "a.json", PLAIN),
        ("['tench', 'goldfish']", "a.txt", PLAIN),
        ('{"names": ["tench", "goldfish"]}', "a.json", PLAIN),
        ("name\ntench\ngoldfish\n", "a.csv", PLAIN),
        ("0 tench\n1 goldfish", "a.txt", TWO),
        ("0: tench\n1: goldfish", "a.txt", TWO),
        ("0. tench\n1. goldfish", "a.txt", TWO),
        ("0\ttench\n1\tgoldfish", "a.txt", TWO),
        ("0,tench\n1,goldfish", "a.txt", TWO),
        ("0.0,tench\n1.0,goldfish", "a.csv", TWO),
        ("0: 'tench, Tinca tinca',\n1: 'goldfish, Carassius auratus',\n", "a.txt", TWO),
        ("{0: 'tench, Tinca tinca',\n 1: 'goldfish, Carassius auratus'}", "a.txt", TWO),
        ("{\n0: 'tench, Tinca tinca',\n1: 'goldfish',\n}\n", "a.txt", TWO),
        ('{"0": "tench", "1": "goldfish"}', "a.json", TWO),
        ('{"0": ["tench", "Tinca tinca"], "1": "goldfish"}', "a.json", TWO),
        ('{"tench": 0, "goldfish": 1}', "a.json", TWO),
        ('[{"id": 0, "name": "tench"}, {"id": 1, "name": "goldfish"}]', "a.json", TWO),
        ('{"id": 0, "name": "tench"}\n{"id": 1, "name": "goldfish"}\n', "a.jsonl", TWO),
        ("names:\n  0: tench\n  1: goldfish\n", "a.yaml", TWO),
        ("path: x\nnc: 2\nnames: ['tench', 'goldfish']\n", "data.yaml", PLAIN),
        ("nc: 2\nnames:\n  0: tench\n  1: goldfish\nother: 3\n", "data.yaml", TWO),
        ("names:\n- tench\n- goldfish # of the pond\nnc: 2", "data.yml", PLAIN),
        ("0 = tench\n1 = goldfish", "a.txt", TWO),
        ("0 -> tench\n1 => goldfish", "a.txt", TWO),
        ('{"tench": "n01440764", "goldfish": "n01443537"}', "a.json", IDS),
        ("n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus", "LOC_synset_mapping.txt", IDS),
        ("n01440764\ttench, Tinca tinca\nn01443537\tgoldfish", "words.txt", IDS),
        ('{"n01440764": "tench, Tinca tinca", "n01443537": "goldfish"}', "a.json", IDS),
        ("n01440764,tench\nn01443537,goldfish", "a.csv", IDS),
        ("wnid,name\nn01440764,tench\nn01443537,goldfish", "a.csv", IDS),
        ("name;wnid\ntench;n01440764\ngoldfish;n01443537", "a.csv", IDS),
        ('index,wnid,name\n0,n01440764,tench\n1,n01443537,"goldfish, x"', "a.csv", BOTH),
        ("0,n01440764,tench\n1,n01443537,goldfish", "a.csv", BOTH),
    ],
)
def test_forms(text: str, source: str, expected: list[tuple[tuple[str, ...], str]]) -> None:
    entries = read_name_list(text, source, {"n01440764", "n01443537"}).entries
    assert [(entry.keys, entry.name) for entry in entries] == expected


def test_an_id_and_a_name_for_each_number() -> None:
    listed = read_name_list('{"1": ["n01443537", "goldfish"], "0": ["n01440764", "tench"]}', "a.json")
    assert [entry.keys for entry in listed.entries] == [("1", "n01443537"), ("0", "n01440764")]
    assert numbers_of(listed) == (1, 0) and in_order(listed) == ("tench", "goldfish")


@pytest.mark.parametrize(
    "text",
    [
        "1 euro\n2 euro",
        "1_euro\n2_euro",
        "10 euro\n20 dollar",
        "7 dwarfs\n3 kings",
        "crane, bird\nhound, dog",
        "golden retriever\nPersian cat",
        "90s music\n80s music",
    ],
)
def test_what_only_looks_like_a_key_is_part_of_the_name(text: str) -> None:
    listed = read_name_list(text, "a.txt", {"golden", "Persian", "x"})
    assert listed.names == tuple(text.split("\n")) and not listed.keyed


def test_the_first_word_is_a_key_where_names_are_synonyms() -> None:
    listed = read_name_list("apple apple, orchard apple\nbear bear, brown bear\n", "list.txt", {"apple", "bear"})
    assert [(entry.keys, entry.name) for entry in listed.entries] == [(("apple",), "apple"), (("bear",), "bear")]
    assert [note.code for note in listed.notes] == ["first_synonym"]


def test_names_that_would_fall_together_keep_their_synonyms() -> None:
    listed = read_name_list("n02012849 crane, bird\nn03126707 crane, machine\nn01440764 tench, x", "words.txt")
    assert listed.names == ("crane, bird", "crane, machine", "tench")


def test_commas_in_a_plain_list_are_kept_and_said() -> None:
    (note,) = read_name_list("lakes, seas\nwoods\nfields\nhills\nroads", "a.txt").notes
    assert note.code == "names_with_commas" and note.level == "info"
    (note,) = read_name_list("tench, Tinca tinca\ngoldfish, Carassius\nshark", "a.txt").notes
    assert note.level == "warning"


@pytest.mark.parametrize(
    "text, source, said",
    [
        ('{"a": "x", ', "a.json", "neither JSON nor a Python list"),
        ("[]", "a.json", "empty list"),
        ("{}", "a.json", "empty dictionary"),
        ('"x"', "a.json", "holds one str"),
        ("nc: 2\ntrain: x", "a.yaml", "no names"),
        ('["x", 5.5]', "a.json", "Entry 2"),
        ('[{"id": 1}]', "a.json", "has no name"),
        ("a,\nb,x", "a.csv", "gives no name for 'a'"),
        ("p,q\nr,s", "a.csv", "no column that names the classes"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, source: str, said: str) -> None:
    with pytest.raises(TMVError, match=said):
        read_name_list(text, source, {"a", "b"})
