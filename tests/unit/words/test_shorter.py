"""Long names of runs keep what tells them apart, wherever in them that is, and never become like another one."""

from __future__ import annotations

import random

import pytest

from core.charts.accuracy import accuracy_chart
from core.tables.accuracy import accuracy_frame
from core.words.names import distinct_models, say_model, shown_together
from core.words.shorter import LONGEST, middle_out, shortened
from tests.sample_results import sample_result

RUN = "vit-b-32_retail-catalogue_lr5e-4_wd0.2_bs4096_warmup2000"
OTHER = "rn50_retail-catalogue-of-last-year"
MIXED = "tiny-openmoji-filtered-bs4096-lr5e-4-wd0.2-cosine-seed1-epoch"
LR = "vit-s16-laion-of-a-long-name"
CASES = [
    ([f"{RUN}_seed1", f"{RUN}_seed2"], ["…seed1", "…seed2"]),
    ([f"{RUN}_epoch_8", f"{RUN}_epoch_16"], ["…epoch_8", "…epoch_16"]),
    ([f"{RUN}_seed1_final", f"{RUN}_seed2_final"], ["…seed1…", "…seed2…"]),
    (
        [RUN, RUN.replace("lr5e-4", "lr1e-3"), RUN.replace("bs4096", "bs512")],
        ["…lr5e-4…bs4096…", "…lr1e-3…bs4096…", "…lr5e-4…bs512…"],
    ),
    ([f"{RUN}_seed1", f"{RUN}_seed1_last"], [middle_out(f"{RUN}_seed1", LONGEST), "…last"]),
    ([f"{RUN}_seed1", f"{OTHER}_seed1", f"{OTHER}_seed2"], [middle_out(f"{RUN}_seed1", LONGEST), "…seed1", "…seed2"]),
    ([f"{RUN}_seed1", f"{RUN}_seed2", "…seed1"], ["vit-b-32…seed1", "…seed2", "…seed1"]),
    ([f"{MIXED}_01", f"{MIXED}_02", f"{MIXED}_10"], ["…epoch_01", "…epoch_02", "…epoch_10"]),
    (
        [f"vit-{MIXED}_1", f"vit-{MIXED}_2", f"rn-{MIXED}_1", f"rn-{MIXED}_2"],
        ["vit…epoch_1", "vit…epoch_2", "rn…epoch_1", "rn…epoch_2"],
    ),
    (["a-run-with-hyphens-and-seed-1", "a-run-with-hyphens-and-seed-2"], ["…seed-1", "…seed-2"]),
    (["short_1", "short_2", RUN], ["short_1", "short_2", middle_out(RUN, LONGEST)]),
    ([f"{LR}-lr3e-4-wd0.2-seed1", f"{LR}-lr1e-4-wd0.2-seed1"], ["…lr3e-4…", "…lr1e-4…"]),
    ([f"{RUN}_and_{OTHER}"], [middle_out(f"{RUN}_and_{OTHER}", LONGEST)]),
]


@pytest.mark.parametrize(("names", "short"), CASES)
def test_what_is_the_same_is_left_out(names: list[str], short: list[str]) -> None:
    assert list(shortened({name: name for name in names}).values()) == short


def test_no_two_names_become_one() -> None:
    rng = random.Random(5)
    parts = ["lr1e-3", "lr5e-4", "seed", "1", "2", "a-long-word-of-a-name", "final", "epoch"]
    for _ in range(500):
        names = {"_".join(rng.choices(parts, k=rng.randint(1, 8))) for _ in range(12)}
        short = shortened({name: name for name in names})
        assert len(set(short.values())) == len(names) and all(len(s) <= len(n) for n, s in short.items())


def test_models_are_named_so_and_tooltips_have_the_whole_name() -> None:
    names = [f"file:/runs/vit.json,/runs/{RUN}_seed{i}.pt" for i in (1, 2)] + [f"hf-hub:me/{RUN}_{i}" for i in "ab"]
    assert list(distinct_models(names).values()) == ["…seed1", "…seed2", "…a", "…b"]
    with shown_together(models=names):
        assert say_model(names[0]) == "…seed1"
        chart = accuracy_chart(accuracy_frame([sample_result(name) for name in names]))
    hovers = [text for bar in chart.figure.data if bar.type == "bar" for text in bar.hovertext]
    assert [name for name, text in zip(names, hovers, strict=True) if name not in text] == []


def test_a_name_that_has_no_room_keeps_its_end() -> None:
    assert middle_out("short", 10) == "short"
    said = middle_out("one_very_long_name_of_a_run_12", 16)
    assert len(said) <= 16 and said.endswith("run_12") and said.startswith("one_")
