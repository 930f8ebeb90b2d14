"""A user's own class names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import TMVError
from core.readers import read_classnames
from core.readers.classnames import natural_order


@dataclass(frozen=True)
class Names:
    classnames: tuple[str, ...]
    raw_classnames: tuple[str, ...]


EURO = Names(("annual crop land", "lake or sea", "forest"), ("AnnualCrop", "SeaLake", "Forest"))


def read(tmp_path: Path, text: str, name: str = "names.txt", data: Names = EURO) -> tuple[str, ...]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_classnames(tmp_path / name, data).names


def test_one_name_a_line_in_the_order_of_the_folders(tmp_path: Path) -> None:
    assert read(tmp_path, "fields\n\n lakes, seas \nwoods\n") == ("fields", "lakes, seas", "woods")
    assert read(tmp_path, "\ufefffields\r\nlakes\r\nwoods") == ("fields", "lakes", "woods")
    assert read(tmp_path, "a field, crops\na lake, sea\na wood, trees\n") == (
        "a field, crops",
        "a lake, sea",
        "a wood, trees",
    )


@pytest.mark.parametrize(
    "text",
    [
        'Forest,woods\nAnnualCrop,fields\nSeaLake,"lakes, seas"\n',
        'raw,curated\nForest,woods\nAnnualCrop,fields\nSeaLake,"lakes, seas"\n',
        "Forest\twoods\nAnnualCrop\tfields\nSeaLake\tlakes, seas\n",
        "forest,woods\nannual crop land,fields\nlake or sea,lakes, seas\n",
    ],
)
def test_a_table_is_joined_by_name_in_any_order(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text, "names.csv") == ("fields", "lakes, seas", "woods")


@pytest.mark.parametrize(
    "text, said",
    [
        ("a\nb\n", "2 names for 3 classes"),
        ("", "0 names for 3 classes"),
        ("Forest,woods\nAnnualCrop,fields\n", "lacks 1 of 3 classes: SeaLake"),
        ("Forest,woods\nAnnualCrop,fields\nSeeLake,seas\n", "did you mean SeaLake"),
        ("Forest,woods\nForest,trees\nSeaLake,x\n", "names 'Forest' twice"),
        ("Forest,woods\nforest,trees\nSeaLake,x\n", "twice"),
        ("Forest,\nAnnualCrop,x\nSeaLake,y\n", "no name for 'Forest'"),
        ("x,p\ny,q\nz,r\n", "no column that names the classes"),
        ("0,cat\n1,dog\n", "2 names for 3 classes"),
        ("A1,x\nB2,y\nC3,z\n", "no column that names the classes"),
    ],
)
def test_what_does_not_fit_is_said(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=said):
        read(tmp_path, text, "names.csv")


def test_a_curated_name_of_two_folders_joins_neither(tmp_path: Path) -> None:
    twice = Names(("missile", "missile"), ("n03773504", "n04008634"))
    assert read(tmp_path, "n04008634,rocket\nn03773504,missile\n", data=twice) == ("missile", "rocket")
    with pytest.raises(TMVError, match="none of the classes"):
        read(tmp_path, "n04008634,rocket\nmissile,missile\n", data=twice)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TMVError, match="no such file"):
        read_classnames(tmp_path / "none.txt", EURO)
    (tmp_path / "picture.txt").write_bytes(b"\x89PNG\0\xff\0")
    with pytest.raises(TMVError, match=r"picture\.txt"):
        read_classnames(tmp_path / "picture.txt", EURO)
    with pytest.raises(TMVError, match="no classes"):
        read(tmp_path, "a", data=Names((), ()))


# --- how a list is joined ---------------------------------------------------------------------------------

TWELVE = tuple(f"name{i}" for i in range(12))
LINES = "\n".join(TWELVE)


def folders(*raw: str) -> Names:
    return Names(tuple(name.replace("_", " ") for name in raw), raw)


def joined(tmp_path: Path, data: Names, text: str, name: str = "names.txt") -> tuple[dict[str, str], set[str]]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = read_classnames(tmp_path / name, data)
    return dict(zip(data.raw_classnames, found.names, strict=True)), {
        note.code for note in found.notes if note.level != "info"
    }


@pytest.mark.parametrize(
    "spelling, first", [("{}", 0), ("{}", 1), ("{:05d}", 0), ("class_{}", 0), ("c{}", 0), ("label {}", 1)]
)
def test_numbered_folders_take_names_in_the_order_of_the_numbers(spelling: str, first: int, tmp_path: Path) -> None:
    wanted = {spelling.format(first + i): name for i, name in enumerate(TWELVE)}
    data = folders(*sorted(wanted))
    numbered = "\n".join(f"{first + i}: {name}" for i, name in reversed(list(enumerate(TWELVE))))
    for text in (LINES, numbered) if spelling != "c{}" else (LINES,):
        assert joined(tmp_path, data, text) == (wanted, set())


def test_numbered_folders_of_a_part_take_the_names_of_their_numbers(tmp_path: Path) -> None:
    assert joined(tmp_path, folders("0", "10", "3"), LINES) == (
        {"0": "name0", "10": "name10", "3": "name3"},
        {"joined_by_number"},
    )
    assert joined(tmp_path, folders("12", "3"), LINES) == ({"12": "name11", "3": "name2"}, {"joined_by_number"})
    with pytest.raises(TMVError, match="12 names for 2 classes"):
        joined(tmp_path, folders("10", "3"), LINES)
    # Numbers with a gap: by order, but that may be wrong.
    assert joined(tmp_path, folders("1", "2", "5"), "a\nb\nc") == ({"1": "a", "2": "b", "5": "c"}, {"joined_by_order"})


def test_counting_from_0_and_from_1_are_not_mixed(tmp_path: Path) -> None:
    ones = "\n".join(f"{i + 1} {name}" for i, name in enumerate(TWELVE))
    with pytest.raises(TMVError, match="start differently"):
        joined(tmp_path, folders(*sorted(map(str, range(12)))), ones)


@pytest.mark.parametrize(
    "raw, text, name, wanted",
    [
        (
            ("n01440764", "n01443537"),
            "n01443537 gold, x\nn01440764 tench, y\nn01484850 shark",
            "LOC_synset_mapping.txt",
            ("tench", "gold"),
        ),
        (("n01440764-a", "b_n01443537"), "n01443537\tgold\nn01440764\ttench", "words.txt", ("tench", "gold")),
        (
            ("n99999999", "n01440764"),
            '{"0": ["n01440764", "tench"], "1": ["n99999999", "new"]}',
            "index.json",
            ("new", "tench"),
        ),
        (("cat", "dog"), "name,folder\nhound,dog\nkitty,cat", "c.csv", ("kitty", "hound")),
        (("cat", "dog"), "hound,dog\nkitty,cat", "c.csv", ("kitty", "hound")),
        (("cat", "dog"), "dog: hound\ncat: kitty", "c.txt", ("kitty", "hound")),
        (("cat", "dog"), '{"dog": "hound", "cat": "kitty", "cow": "ox"}', "c.json", ("kitty", "hound")),
        (("cat", "dog"), '{"dog": 1, "cat": 0}', "c.json", ("cat", "dog")),
        (("cat", "dog"), "dog\ncat", "c.txt", ("cat", "dog")),
        (("hot_dog", "cat"), "CAT\nHot Dog\ncow", "c.txt", ("Hot Dog", "CAT")),
        (("hot_dog", "cat"), "cat\nhot_dog", "c.txt", ("hot dog", "cat")),
        (("0", "1"), "label,name\n1.0,dog\n0.0,cat", "c.csv", ("cat", "dog")),
    ],
)
def test_what_a_list_says_decides_not_its_order(
    raw: tuple[str, ...], text: str, name: str, wanted: tuple[str, ...], tmp_path: Path
) -> None:
    assert joined(tmp_path, folders(*raw), text, name) == (dict(zip(raw, wanted, strict=True)), set())


def test_imagenets_thousand_names_go_to_its_ids(tmp_path: Path) -> None:
    names, said = joined(tmp_path, folders("n01440764", "n01443537"), "\n".join(f"N{i}" for i in range(1000)))
    assert names == {"n01440764": "N0", "n01443537": "N1"} and said == {"joined_by_order"}


@pytest.mark.parametrize(
    "raw, text, name, said",
    [
        (("a", "b", "c"), "b\nwaves\nwood", "n.txt", "is the name of b"),
        (("cat", "dog"), "dog hound\ncat kitty", "n.txt", "each line begins with a class"),
        (("cat", "dog"), '{"FR": "France", "DE": "Germany"}', "n.json", "names none of the classes"),
        (("cat", "dog"), '{"3": "France", "9": "Germany"}', "n.json", "names none of the classes"),
        (("cat", "dog"), "n01440764\nn01443537", "wnids.txt", "WordNet ids"),
        (("cat", "dog"), "n01440764 tench\nn01443537 goldfish", "words.txt", "names none of the classes"),
    ],
)
def test_a_list_that_contradicts_its_order_is_refused(
    raw: tuple[str, ...], text: str, name: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(TMVError, match=said):
        joined(tmp_path, folders(*raw), text, name)


def test_how_a_list_was_joined_is_said(tmp_path: Path) -> None:
    (tmp_path / "n.txt").write_text("x\ny\n")
    (note,) = read_classnames(tmp_path / "n.txt", folders("a", "b")).notes
    assert note.code == "joined_by_order" and "a is 'x'" in note and "b is 'y'" in note
    (note,) = read_classnames(tmp_path / "n.txt", folders("B", "a")).notes
    assert note.level == "warning"
    (tmp_path / "n.txt").write_text("x\nX\n")
    assert {n.code for n in read_classnames(tmp_path / "n.txt", folders("a", "b")).notes} >= {"equal_names"}


def test_the_order_of_a_list_is_that_of_the_data_set_but_for_numbers() -> None:
    assert natural_order(("0", "1", "10", "2")) == [0, 1, 3, 2]
    assert natural_order(("c1", "c10", "c2")) == [0, 2, 1]
    assert natural_order(("b", "a")) == [0, 1] and natural_order(("2", "1")) == [0, 1]
    assert natural_order(("1a", "10b", "2c")) == [0, 1, 2]


NUMBERED = Names(("0", "1", "10", "2"), ("0", "1", "10", "2"))


@pytest.mark.parametrize(
    "text, name",
    [
        ("index,folder,name\n0,0,a\n1,1,b\n2,10,k\n10,2,c\n", "n.csv"),
        ("folder,index,name\n0,0,a\n1,1,b\n10,2,k\n2,10,c\n", "n.csv"),
        (",name,folder\n0,a,0\n1,b,1\n2,k,10\n10,c,2\n", "n.csv"),
        (
            '[{"index": 0, "folder": "0", "name": "a"}, {"index": 1, "folder": "1", "name": "b"},'
            ' {"index": 2, "folder": "10", "name": "k"}, {"index": 10, "folder": 2, "name": "c"}]',
            "n.json",
        ),
    ],
)
def test_a_folder_column_comes_before_an_index_that_counts_otherwise(text: str, name: str, tmp_path: Path) -> None:
    assert read(tmp_path, text, name, NUMBERED) == ("a", "b", "k", "c")


@pytest.mark.parametrize("text", ["0,0,a\n1,1,b\n2,10,k\n10,2,c\n", "index,id,name\n0,0,a\n1,1,b\n2,10,k\n10,2,c\n"])
def test_two_columns_that_may_be_the_folder_are_refused_where_they_differ(text: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=r"both 2 and 10.*head it folder"):
        read(tmp_path, text, "n.csv", NUMBERED)
    assert read(tmp_path, "0,0,a\n1,1,b\n2,2,c\n10,10,k\n", "n.csv", NUMBERED) == ("a", "b", "k", "c")


PETS = Names(("cat", "dog", "hot dog", "owl"), ("cat", "dog", "hot_dog", "owl"))


def test_a_dictionary_of_name_and_folder(tmp_path: Path) -> None:
    text = '{"an owl": "owl", "kitten": "cat", "hound": "dog", "sausage": "hot_dog"}'
    assert read(tmp_path, text, "n.json", PETS) == ("kitten", "hound", "sausage", "an owl")
    text = '{"owl": "bird", "cat": "kitten", "dog": "hound", "hot_dog": "cat"}'
    assert read(tmp_path, text, "n.json", PETS) == ("kitten", "hound", "cat", "bird")


def test_names_that_look_like_those_of_other_folders_are_not_joined_by_order(tmp_path: Path) -> None:
    for text in ("an owl\na hot-dog\na dog\na cat", "Dogs\nHot Dogs\nOwls\nCats"):
        with pytest.raises(TMVError, match="looks like that of"):
            read(tmp_path, text, data=PETS)
    for text in (
        "Cats\nDogs\nHot Dogs\nOwls",
        "kitten\nhound\nsausage\nbird",
        "a house cat\npuppy dog\nhotdog\nbarn owl",
        "a pet, no dog\nwolf\nsausage\nbird",
    ):
        assert read(tmp_path, text, data=PETS) == tuple(text.split("\n"))


def test_a_list_from_0_for_folders_from_1_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "n.txt").write_text("0 a\n1 b\n2 c\n3 d\n", encoding="utf-8")
    notes = read_classnames(tmp_path / "n.txt", Names(("1", "2"), ("1", "2"))).notes
    assert [note.level for note in notes] == ["warning"] and "counts from 0, the folders from 1" in notes[0]
    assert [note.level for note in read_classnames(tmp_path / "n.txt", Names(("0", "2"), ("0", "2"))).notes] == ["info"]


def test_names_of_other_classes_in_a_list_of_names_are_said(tmp_path: Path) -> None:
    (tmp_path / "n.txt").write_text("owl\ncat\nlion\nhot dog\ndog\n", encoding="utf-8")
    found = read_classnames(tmp_path / "n.txt", PETS)
    assert found.names == ("cat", "dog", "hot dog", "owl") and "1 class that is not here (lion)" in found.notes[0]


@pytest.mark.parametrize(
    "text, name",
    [
        (
            '{"architectures": [], "id2label": {"0": "cat", "1": "dog", "2": "hot dog", "3": "owl"},'
            ' "label2id": {"cat": 0}}',
            "config.json",
        ),
        ("id,name,supercategory\n0,owl,bird\n1,cat,pet\n2,dog,pet\n3,hot dog,food\n", "n.csv"),
        ("cat, hot dog, dog, owl", "n.txt"),
        ("owl;cat;dog;hot dog", "n.txt"),
        ("classes = ['owl', 'cat', 'dog', 'hot dog']", "n.txt"),
        ("cat 0\ndog 1\nhot dog 2\nowl 3\n", "n.txt"),
    ],
)
def test_forms_that_name_the_classes_as_they_are(text: str, name: str, tmp_path: Path) -> None:
    assert read(tmp_path, text, name, PETS) == PETS.classnames


def test_a_table_of_markdown_has_no_class_of_dashes(tmp_path: Path) -> None:
    (tmp_path / "n.md").write_text(
        "| folder | name |\n|---|:--|\n| owl | bird |\n| cat | kitten |\n| dog | hound |\n| hot_dog | sausage |\n",
        encoding="utf-8",
    )
    found = read_classnames(tmp_path / "n.md", PETS)
    assert found.names == ("kitten", "hound", "sausage", "bird") and "not here" not in found.notes[0]


def test_a_class_that_gets_the_name_of_another_is_warned_of(tmp_path: Path) -> None:
    def codes(text: str, name: str = "n.csv") -> set[str]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return {note.code for note in read_classnames(tmp_path / name, PETS).notes}

    assert "crossed_names" in codes("folder,name\ncat,dog\ndog,cat\nhot_dog,sausage\nowl,bird\n")
    assert "crossed_names" in codes("Owls\nDogs\nHot dogs\nCats\n", "n.txt")
    assert "crossed_names" not in codes("folder,name\ncat,house cat\ndog,dog\nhot_dog,hotdog\nowl,owl\n")
    assert "crossed_names" not in codes("folder,name\ncat,cat, not dog\ndog,pet dog\nhot_dog,a dog in bread\nowl,owl\n")


def test_templates_and_numbers_are_no_names(tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=r"line 1: 'a photo of a \{\}' is a template"):
        read(tmp_path, "a photo of a {}\na\nb\nc", data=PETS)
    (tmp_path / "n.txt").write_text("LABEL_0\nLABEL_1\nLABEL_2\nLABEL_3\n", encoding="utf-8")
    assert "numbered_names" in {note.code for note in read_classnames(tmp_path / "n.txt", PETS).notes}


def test_numbered_names_some_of_which_are_equal(tmp_path: Path) -> None:
    ids = tuple(f"n{1000 + i:08d}" for i in range(40))
    text = "\n".join(f"{i} {'missile' if i in (3, 7) else f'thing {i * i}'}" for i in range(40))
    (tmp_path / "n.txt").write_text(text, encoding="utf-8")
    found = read_classnames(tmp_path / "n.txt", Names(ids, ids))
    assert found.names[:4] == ("thing 0", "thing 1", "thing 4", "missile") and found.names[7] == "missile"
    assert {note.code: note.level for note in found.notes}["joined_by_order"] == "info"
    assert read(tmp_path, "1 euro\n2 euro", data=Names(("a", "b"), ("a", "b"))) == ("1 euro", "2 euro")
