"""Lists of texts in the address: short ones spelled out, long ones kept, nothing cut in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from pages.shared.texts import IN_ADDRESS, MOST_TEXTS, box_key, get_texts, lines, set_texts
from pages.shared.url_state import LONGEST


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    st.session_state.clear()
    return Engine(tmp_path / "cache", tmp_path / "data", in_process=False)


@pytest.mark.parametrize("n", [0, 1, 3, 200, MOST_TEXTS])
def test_a_list_comes_back_whole_and_in_order(engine: Engine, n: int) -> None:
    wanted = tuple(f"{i} is a text with é, & and ? and #, number {i}" for i in range(n))
    set_texts(engine, "prompt", wanted)
    assert get_texts(engine, "prompt") == wanted
    assert sum(map(len, st.session_state["prompt"])) <= IN_ADDRESS


def test_the_same_list_has_the_same_name_everywhere(engine: Engine, tmp_path: Path) -> None:
    wanted = [f"a text number {i} that is long enough" for i in range(300)]
    set_texts(engine, "prompt", wanted)
    kept = list(st.session_state["prompt"])
    assert len(kept) == 1
    set_texts(Engine(tmp_path / "elsewhere", in_process=False), "prompt", wanted)
    assert st.session_state["prompt"] == kept
    set_texts(engine, "prompt", wanted[:-1])
    assert st.session_state["prompt"] != kept


def test_what_is_too_long_is_said_not_cut(engine: Engine) -> None:
    with pytest.raises(TMVError, match="at most 400"):
        set_texts(engine, "prompt", ["fine", "x" * (LONGEST + 1)])
    with pytest.raises(TMVError, match="At most 2,000 texts"):
        set_texts(engine, "prompt", [str(i) for i in range(MOST_TEXTS + 1)])
    assert "prompt" not in st.session_state


def test_a_list_of_another_server_is_said(engine: Engine) -> None:
    st.session_state["prompt"] = ["list:" + "a" * 20]
    with pytest.raises(TMVError, match="not on this server"):
        get_texts(engine, "prompt")
    st.session_state["prompt"] = ["list:../../etc"]
    assert get_texts(engine, "prompt") == ("list:../../etc",), "what is no name of a list is a text"


def test_lines_of_a_box() -> None:
    assert lines("  a \n\n b\t\n \n") == ["a", "b"]


def test_a_box_is_new_only_when_its_list_is() -> None:
    assert box_key("a", ["x", "y"]) == box_key("a", ("x", "y")) != box_key("a", ["x\ny"])
