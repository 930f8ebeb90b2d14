"""Number formats: what is asked for, what a machine takes by itself, and how far that is from float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.commands import cli
from core.encoders import precision
from core.encoders.asked import asked_precision
from core.encoders.encoder import load_encoder
from core.encoders.parity import HALF_LIMIT
from core.engine import Engine
from core.errors import BadArgument, NotHere, TMVError
from core.types import PlannedPair
from core.work.batch import begin
from core.work.tasks import TASKS
from tests.encoder_models import VARIANTS, close, make_model, pixels
from tests.fakes import COLOURS, png
from tests.worlds import paint, squares

SIZES = {"resnet": 64, "stochastic_depth": 64}


def test_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMV_PRECISION", raising=False)
    assert asked_precision() == "auto" and asked_precision("BF16") == "bf16"
    monkeypatch.setenv("TMV_PRECISION", "fp32")
    assert asked_precision() == "fp32" and asked_precision("auto") == "auto"
    with pytest.raises(TMVError, match="'half' is not known"):
        asked_precision("half")


@pytest.mark.parametrize(
    ("asked", "device", "parameters", "has", "wanted"),
    [
        ("auto", "cpu", 87_000_000, True, ("bf16", "fp32")),
        ("auto", "cpu", 87_000_000, False, ("fp32",)),
        ("auto", "cpu", 4_000_000, True, ("fp32",)),
        ("fp32", "cpu", 87_000_000, True, ("fp32",)),
        ("bf16", "cpu", 4_000_000, False, ("bf16",)),
        ("auto", "mps", 87_000_000, True, ("fp32",)),
    ],
)
def test_a_choice_follows_from_machine_and_model(
    asked: str, device: str, parameters: int, has: bool, wanted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_bf16", lambda: has)
    assert precision.candidates(asked, device, parameters) == wanted


@pytest.mark.parametrize("has", [True, False])
def test_cards_take_what_they_have(has: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda: has)
    assert precision.candidates("auto", "cuda", 1) == (("fp16", "bf16", "fp32") if has else ("fp16", "fp32"))
    assert precision.candidates("tf32", "cuda:1", 1) == ("tf32",)
    if not has:
        with pytest.raises(TMVError, match="This card has no bf16"):
            precision.candidates("bf16", "cuda", 1)


@pytest.mark.parametrize(("asked", "device"), [("fp16", "cpu"), ("tf32", "cpu"), ("fp16", "mps"), ("bf16", "mps")])
def test_formats_of_other_devices_are_refused(asked: str, device: str) -> None:
    with pytest.raises(TMVError, match="choose auto"):
        precision.candidates(asked, device, 1)


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_bf16_is_close_to_float32_or_says_that_it_is_not(variant: str, tmp_path: Path) -> None:
    name, _ = make_model(variant, tmp_path)
    exact, half = (load_encoder(name, "cpu", precision=p) for p in ("fp32", "bf16"))
    assert (exact.card.precision, half.card.precision) == ("fp32", "bf16")
    assert half.card.model_digest == exact.card.model_digest
    batch = pixels(4, 3, SIZES.get(variant, 48), SIZES.get(variant, 48))
    far = close(half.encode_images(batch), exact.encode_images(batch))
    warned = [note for note in half.card.notes if note.code == "far_from_float32"]
    assert far > 1e-6 and (warned or far < 2 * HALF_LIMIT)  # the parity batch has other pixels
    np.testing.assert_array_equal(half.encode_images(batch), half.encode_images(batch))
    np.testing.assert_array_equal(half.encode_texts(["a cat"]), exact.encode_texts(["a cat"]))
    assert len(warned) + sum(n.startswith("bf16 is used: ") for n in half.card.notes) == 1


def test_auto_takes_the_same_at_every_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _ = make_model("plain", tmp_path)
    monkeypatch.setattr(precision, "has_bf16", lambda: True)
    assert load_encoder(name, "cpu", precision="auto").card.precision == "fp32"  # too small to gain
    monkeypatch.setattr(precision, "WORTHWHILE", 0)
    monkeypatch.setattr("core.encoders.parity.HALF_LIMIT", 0.2)  # random weights are worse than trained ones
    assert {load_encoder(name, "cpu", precision="auto").card.precision for _ in range(2)} == {"bf16"}


def test_what_is_too_far_from_float32_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _ = make_model("plain", tmp_path)
    monkeypatch.setattr(precision, "has_bf16", lambda: True)
    monkeypatch.setattr(precision, "WORTHWHILE", 0)
    monkeypatch.setattr("core.encoders.parity.HALF_LIMIT", 1e-9)
    monkeypatch.setattr("core.encoders.images.HALF_LIMIT", 1e-9)
    exact = load_encoder(name, "cpu", precision="auto")
    assert exact.card.precision == "fp32" and any(n.startswith("half precision is not used") for n in exact.card.notes)
    (warning,) = (n for n in load_encoder(name, "cpu", precision="bf16").card.notes if n.code == "far_from_float32")
    assert warning.level == "warning" and "numbers may differ" in warning


def test_vectors_that_are_not_finite_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _ = make_model("plain", tmp_path)
    monkeypatch.setattr("core.encoders.images._in_bf16", lambda encode: lambda x: encode(x.bfloat16()).float() / 0)
    with pytest.raises(TMVError, match="no finite vectors in bf16"):
        load_encoder(name, "cpu", precision="bf16")


def test_numbers_of_one_format_are_not_taken_for_those_of_another(tmp_path: Path) -> None:
    name, _ = make_model("plain", tmp_path / "model")
    for colour, rgb in COLOURS.items():
        (tmp_path / "data" / "squares" / colour).mkdir(parents=True)
        (tmp_path / "data" / "squares" / colour / "0.png").write_bytes(png(rgb, 0))
    engines = {p: Engine(tmp_path / "cache", tmp_path / "data", precision=p) for p in ("fp32", "bf16", "auto")}
    place = engines["fp32"].place(name, "folder:squares")
    engines["fp32"].vectors.embed(place)
    with pytest.raises(NotHere):
        engines["bf16"].vectors.require(place)
    engines["bf16"].vectors.embed(place)
    found = {p: engine.vectors.require(place) for p, engine in engines.items()}
    assert {p: f.provenance.precision for p, f in found.items() if p != "auto"} == {"fp32": "fp32", "bf16": "bf16"}
    assert not np.array_equal(found["fp32"].image_embeddings, found["bf16"].image_embeddings)
    assert found["auto"].provenance.precision in ("fp32", "bf16")


@pytest.mark.parametrize(("asked", "said"), [("half", "'half' is not known"), ("fp16", "fp16 needs an NVIDIA card")])
@pytest.mark.parametrize("way", ["option", "environment"])
def test_a_command_refuses_it_before_any_work(
    asked: str, said: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMV_DEVICE", "cpu")
    paint(tmp_path)
    for work in ("core.readers.data_digest", "core.encoders.encoder.load_encoder"):
        monkeypatch.setattr(work, lambda *_, **__: pytest.fail("work has begun"))
    command = ["classify", "--model", make_model("plain", tmp_path / "model")[0], "--data", squares(tmp_path)]
    if way == "environment":
        monkeypatch.setenv("TMV_PRECISION", asked)
    assert cli.main([*command, *(["--precision", asked] if way == "option" else [])]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_a_job_ends_with_the_same_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMV_DEVICE", "cpu")
    monkeypatch.setenv("TMV_PRECISION", "tf32")
    paint(tmp_path)
    monkeypatch.setattr("core.readers.data_digest", lambda *_, **__: pytest.fail("work has begun"))
    engine, model = Engine(tmp_path / "cache", tmp_path), make_model("plain", tmp_path / "model")[0]
    with pytest.raises(BadArgument, match="tf32 needs an NVIDIA card"):
        TASKS["embed"](engine, {"model": model, "dataset": squares(tmp_path), "split": ""}, lambda *_: None)


def test_stored_vectors_of_another_machine_need_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for in fp16 where they are stored in fp16, they are found on a machine without a card."""
    paint(tmp_path)
    engine, model = Engine(tmp_path / "cache", tmp_path), make_model("plain", tmp_path / "model")[0]
    monkeypatch.setattr(engine.encoding, "check_precision", lambda: None)
    engine.vectors.ensure(engine.place(model, squares(tmp_path)))
    again = Engine(tmp_path / "cache", tmp_path)
    monkeypatch.setattr(again.encoding, "check_precision", lambda: pytest.fail("looked for a card"))
    again.vectors.ensure(again.place(model, squares(tmp_path)))


def test_a_page_starts_no_job_with_an_unknown_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMV_PRECISION", "half")
    paint(tmp_path)
    engine = Engine(tmp_path / "cache", tmp_path, in_process=False)
    place = engine.place(make_model("plain", tmp_path / "model")[0], squares(tmp_path), "test")
    pair = PlannedPair(model=place.model, dataset=place.dataset, split=place.split, standing="compute")
    with pytest.raises(BadArgument, match="'half' is not known"):
        begin(engine, [pair])
    assert not engine.jobs.list()


def test_a_page_says_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMV_PRECISION", "half")
    paint(tmp_path)
    engine = Engine(tmp_path / "cache", tmp_path, in_process=False)
    with pytest.raises(BadArgument, match="may be auto, fp32, bf16, fp16, tf32"):
        engine.vectors.find(engine.place("demo-vit/demo", squares(tmp_path)))
