"""The building blocks of the pages: paths from browsers, addresses, words, callbacks, settings."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.charts.theme import contrast
from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count, duration, listed, size
from core.types import Job
from core.words.jobs import job_sentence
from pages.shared.own_data import inside, page_dataset, page_model
from pages.shared.url_state import address
from pages.shared.words import plain
from tests.app.making import unescaped
from tests.conftest import World

ROOT = Path(__file__).parents[3]


# --- paths that come from a browser -----------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data" / "birds").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    return tmp_path / "data"


def test_a_path_in_the_data_folder_is_taken_however_it_is_written(data: Path) -> None:
    for written in ("birds", "./birds", "birds/../birds", str(data / "birds"), "birds/"):
        assert inside(data, written) == data / "birds"


@pytest.mark.parametrize(
    "written",
    ["", " ", ".", "..", "../secret", "birds/../../secret", "/etc", "/etc/passwd", "birds\0/../..", "~", "~root"],
)
def test_a_path_outside_is_refused(data: Path, written: str) -> None:
    try:
        found = inside(data, written)
    except TMVError as error:
        assert "data folder" in str(error)
    else:
        assert found.is_relative_to(data) and found != data


def test_a_link_that_leads_outside_is_refused(data: Path) -> None:
    (data / "out").symlink_to(data.parent / "secret")
    (data / "in").symlink_to(data / "birds")
    assert inside(data, "in") == data / "in"
    with pytest.raises(TMVError):
        inside(data, "out")


def test_names_with_paths_are_looked_up_in_the_data_folder(data: Path, tmp_path: Path) -> None:
    engine = Engine(tmp_path / "cache", data, in_process=False)
    for written in ("birds", "birds/", "./birds", str(data / "birds")):
        assert page_dataset(engine, f"folder:{written}").name == "folder:birds"
    assert page_dataset(engine, "eurosat").name == "eurosat"
    for name in ("folder:..", "captions:/etc/passwd", "wds:/etc"):
        with pytest.raises(TMVError):
            page_dataset(engine, name)
    with pytest.raises(TMVError):
        page_model(engine, f"file:{data}/a.json,/etc/shadow")


def test_a_page_never_finds_what_only_the_command_line_may(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data.parent / "secret" / "bees").mkdir()
    monkeypatch.chdir(data.parent / "secret")
    engine = Engine(data.parent / "cache", data, in_process=False)
    assert engine.data.find("folder:bees").name == "folder:bees"
    with pytest.raises(TMVError, match="data folder"):
        page_dataset(engine, "folder:bees")
    assert page_dataset(engine, "folder:wasps").name == "folder:wasps"


# --- words ------------------------------------------------------------------------------------------------


def test_an_address_spells_out_every_choice() -> None:
    found = address({"model": ["ViT-B-32/openai", "a b"], "template": ["a photo of a {}"], "split": []})
    assert found == "model=ViT-B-32/openai&model=a+b&template=a+photo+of+a+{}"


@pytest.mark.parametrize("text", ["**bold**", "[x](http://y)", "![](http://y)", ":red[x]", "$x$", "<b>", "`x`"])
def test_typed_text_is_never_markup(text: str) -> None:
    def script(markdown: str) -> None:
        import streamlit as st

        st.markdown(markdown)

    escaped = plain(text)
    assert AppTest.from_function(script, kwargs={"markdown": escaped}).run().markdown[0].value == escaped
    bare = [c for i, c in enumerate(escaped) if c in "*[]()!:$<>`" and escaped[i - 1] != "\\"]
    assert not bare


def test_numbers_in_words() -> None:
    assert (count(1, "image"), count(1240, "image")) == ("1 image", "1,240 images")
    assert (duration(28.4), duration(190), duration(7300)) == ("28 s", "3 min", "2 h 1 min")
    assert (size(12_345_678), size(999)) == ("12.3 MB", "999 bytes")
    assert (listed(["a"]), listed(["a", "b", "c"]), listed([])) == ("a", "a, b and c", "")


# --- what goes wrong --------------------------------------------------------------------------------------


def broken_script() -> None:
    import streamlit as st

    from core.errors import TMVError
    from pages.shared.guard import errors_in_place, safe_callback, show_callback_error

    def fail() -> None:
        raise TMVError("The moon is too far: come nearer.")

    def crash() -> None:
        raise ValueError("inner detail")

    show_callback_error()
    st.button("fail", on_click=safe_callback(fail))
    st.button("crash", on_click=safe_callback(crash))
    with errors_in_place():
        fail()
    with errors_in_place():
        crash()
    st.write("below")


@pytest.mark.parametrize(
    ("kind", "done", "words"),
    [
        ("embed", 40, "Work: 40 of 10,000 images · 20 a second · 8 min left"),
        ("demo", 40, "Work: 0 %"),
        ("demo", 5000, "Work: 50 % · 4 min left"),
    ],
)
def test_work_says_how_far_it_is_and_how_long_it_lasts_once_that_is_known(kind: str, done: int, words: str) -> None:
    job = Job(
        id="1",
        kind=kind,
        key="k",
        title="Work",
        state="running",
        done=done,
        total=10_000,
        rate=20.0,
        message="",
        params={},
        created=0.0,
        updated=0.0,
    )
    assert job_sentence(job) == words


def test_captions_are_counted_with_their_pictures() -> None:
    job = Job(
        id="1",
        kind="embed",
        key="k",
        title="Work",
        state="running",
        done=40,
        total=480,
        rate=0.0,
        message="",
        params={"dataset": "captions:mine"},
        created=0.0,
        updated=0.0,
    )
    assert job_sentence(job) == "Work: 40 of 480 images and captions"


def test_a_fault_is_a_sentence_in_its_place_and_the_page_goes_on() -> None:
    app = AppTest.from_function(broken_script).run()
    assert not app.exception and app.markdown[0].value == "below"
    assert app.info[0].value == "The moon is too far\\: come nearer\\."
    assert "server's log" in app.caption[0].value and "inner detail" not in app.caption[0].value


def test_a_fault_in_a_callback_is_told_once() -> None:
    app = AppTest.from_function(broken_script).run()
    app.button[0].click().run()
    assert not app.exception and len(app.info) == 2
    app.button[1].click().run()
    assert not app.exception and "The server" in app.info[0].value
    assert len(app.run().info) == 1


# --- settings ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def settings() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))


def test_settings_are_safe_to_host(settings: dict[str, dict[str, object]]) -> None:
    server, client = settings["server"], settings["client"]
    assert server["address"] == "127.0.0.1" and server["enableStaticServing"] is False
    assert server["maxUploadSize"] == 20 and server["fileWatcherType"] == "none"
    assert client["showErrorDetails"] == "none" and client["toolbarMode"] == "viewer"
    assert settings["browser"]["gatherUsageStats"] is False
    assert "http" not in str(settings["theme"])


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_both_themes_can_be_read(settings: dict[str, dict[str, object]], mode: str) -> None:
    theme = settings["theme"][mode]
    assert isinstance(theme, dict)
    for surface in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        assert contrast(theme["textColor"], surface) >= 7
        assert contrast(theme["linkColor"], surface) >= 4.5
    assert contrast(theme["primaryColor"], "#FFFFFF") >= 4.5
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 3
    for color in theme["chartCategoricalColors"]:
        assert contrast(color, theme["backgroundColor"]) >= (1.9 if mode == "light" else 3)


def test_an_encoder_that_was_killed_is_told_without_a_path_and_can_be_asked_again() -> None:
    def script() -> None:
        import streamlit as st

        from core.errors import EncoderStopped
        from pages.shared.guard import errors_in_place

        with errors_in_place():
            if "asked" not in st.session_state:
                st.session_state["asked"] = True
                raise EncoderStopped(-15)
            st.write("the answer")

    app = AppTest.from_function(script).run()
    assert "stopped from outside (SIGTERM)" in unescaped(app.info[0].value) and "/srv" not in app.info[0].value
    next(b for b in app.button if b.label == "Retry").click().run()
    assert not app.info and app.markdown[0].value == "the answer"


def test_a_choice_of_another_page_s_widget_is_not_taken_apart(world: World) -> None:
    def script() -> None:
        import streamlit as st

        from pages.shared.url_state import bind, get_choice

        st.session_state.setdefault("order", "weakest")
        bind("order")
        st.markdown(repr(get_choice("order")))

    app = AppTest.from_function(script).run()
    assert not app.exception and app.markdown[0].value == "()"


def closed_cache() -> None:
    import errno
    import os

    import streamlit as st

    from pages.shared.engine import engine
    from pages.shared.guard import errors_in_place, safe_callback, show_callback_error

    def fail() -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(engine().cache_dir / "new" / ".draft"))

    show_callback_error()
    st.button("fail", on_click=safe_callback(fail))
    with errors_in_place():
        fail()


def test_a_cache_that_cannot_be_written_is_one_sentence_and_no_traceback(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    app = AppTest.from_function(closed_cache).run()
    app.button[0].click().run()
    assert not app.exception and len(app.info) == 2 and not app.caption
    assert not [record for record in caplog.records if record.name == "text_meets_vision"]
    for told in (unescaped(info.value) for info in app.info):
        assert told.startswith("$TMV_CACHE") and "cannot be written (permission denied)" in told
        assert "point TMV_CACHE at a folder" in told and str(world.cache) not in told


def test_a_job_s_line_that_cannot_be_read_is_one_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The part that looks again by itself runs without the page around it."""
    from core.errors import DiskFull
    from pages.shared import jobs as lines

    asked = list[str]()

    def fills(engine: Engine, keys: list[str]) -> tuple[Job, ...]:
        asked.append("")
        if len(asked) > 1:
            raise DiskFull("There is no room left to write.")
        return ()

    monkeypatch.setattr(lines, "_jobs", fills)

    def script() -> None:
        from pages.shared.engine import engine
        from pages.shared.jobs import watch

        watch(engine(), ["k"])

    app = AppTest.from_function(script).run()
    assert (
        len(asked) == 2
        and not app.exception
        and [info.value for info in app.info] == ["There is no room left to write\\."]
    )
