"""Training data and the training script: compact words, hard batches, and a stopped run that goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.demo import train
from core.demo.training_data import TrainingData, augment, batch_rows, compact, draw_batch


def tiny_data(n: int = 40) -> TrainingData:
    """Random pictures with captions of the words 10 to 19 between start 98 and end 99."""
    rng = np.random.default_rng(1)
    rows = [list(rng.integers(10, 20, 4)) for _ in range(n * 5)]
    tokens, vocabulary = compact(rows, 98, 99)
    images = rng.integers(0, 255, (n, 64, 64, 3), dtype=np.uint8)
    return TrainingData(
        images=images, tokens=tokens.reshape(n, 5, 32), cells=rng.integers(0, 2, n), vocabulary=vocabulary
    )


def test_compact_words_keep_their_order_and_the_end_stays_highest() -> None:
    tokens, vocabulary = compact([[7, 3], [3] * 40], start=8, end=9)
    assert vocabulary.tolist() == [3, 7, 8, 9]
    assert tokens[0, :5].tolist() == [3, 2, 1, 4, 0]
    assert tokens.shape == (2, 32)
    assert tokens[1, -1] == 4 and (tokens.argmax(1) == [3, 31]).all()


def test_hard_batches_share_one_cell_and_others_do_not() -> None:
    cells = np.repeat(np.arange(10), 50)
    rng = np.random.default_rng(0)
    hard = [len(set(cells[batch_rows(cells, 16, 1.0, rng)])) for _ in range(20)]
    plain = [len(set(cells[batch_rows(cells, 16, 0.0, rng)])) for _ in range(20)]
    assert set(hard) == {1} and min(plain) > 3


def test_a_cell_too_small_for_a_batch_gives_an_ordinary_batch() -> None:
    cells = np.arange(32)
    rows = batch_rows(cells, 16, 1.0, np.random.default_rng(0))
    assert len(set(rows.tolist())) == 16


def test_augmented_pictures_are_moved_not_invented() -> None:
    images = np.zeros((3, 64, 64, 3), np.uint8)
    images[:, 30:34, 30:34] = 200
    out = augment(images, np.random.default_rng(0))
    assert out.dtype == np.float32 and out.min() >= 0 and out.max() <= 1
    for picture in out:
        bright = picture[..., 0] > 0
        assert bright.sum() == 16
        assert 0.85 * 200 / 255 - 1e-3 < picture.max() < 1.15 * 200 / 255 + 1e-3


def test_hidden_words_are_never_the_start_or_the_end() -> None:
    data = tiny_data()
    end = len(data.vocabulary)
    _, shown = draw_batch(data, 32, 0.0, 0.0, np.random.default_rng(2))
    _, hidden = draw_batch(data, 32, 0.0, 0.9, np.random.default_rng(2))
    assert (hidden == 0).sum() > (shown == 0).sum() + 60
    assert (hidden[:, 0] == end - 1).all() and (hidden == end).sum(1).tolist() == [1] * 32


def test_the_rate_warms_up_and_falls_to_nothing() -> None:
    recipe = train.Recipe(steps=1000, horizon=1000, warm_up=100, peak_rate=1.0)
    assert train.rate_at(0, recipe) == pytest.approx(0.01)
    assert train.rate_at(99, recipe) == pytest.approx(1.0)
    assert train.rate_at(550, recipe) == pytest.approx(0.5)
    assert train.rate_at(999, recipe) < 1e-5


def test_a_shorter_run_follows_the_same_cosine_until_it_cools_down() -> None:
    whole = train.Recipe(steps=1000, horizon=1000)
    short = train.Recipe(steps=600, horizon=1000, cool_down=200)
    for step in (0, 50, 200, 399, 400):
        assert train.rate_at(step, short) == train.rate_at(step, whole)
    assert train.rate_at(500, short) == pytest.approx(train.rate_at(500, whole) / 2)
    assert train.rate_at(599, short) < 0.01 * short.peak_rate


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> train.Recipe:
    """Training on forty random pictures, saving after every two steps."""
    monkeypatch.setattr(train, "make_training_data", lambda *args: tiny_data())
    monkeypatch.setattr(train, "SAVE_EVERY", 2)
    return train.Recipe(steps=6, horizon=6, batch=8, warm_up=2)


def out_folder(path: Path, model: str) -> Path:
    path.mkdir()
    (path / f"{model}.json").write_bytes((train.WEIGHTS / f"{model}.json").read_bytes())
    return path


@pytest.mark.parametrize("model", train.MODELS)
def test_a_killed_run_goes_on_and_ends_with_the_same_weights(
    model: str, quick: train.Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = out_folder(tmp_path / "whole", model), out_folder(tmp_path / "parts", model)
    train.train(model, quick, tmp_path, whole, 1)
    scratch = tmp_path / "again"
    scratch.mkdir()
    step_of, real = [], train.train_step

    def dies_at_five(*args: Any) -> float:
        step_of.append(args[3])
        if len(step_of) == 6:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(train, "train_step", dies_at_five)
    with pytest.raises(KeyboardInterrupt):
        train.train(model, quick, scratch, parts, 1)
    train.train(model, quick, scratch, parts, 1)
    assert step_of == [0, 1, 2, 3, 4, 5, 4, 5]
    one, two = (load_file(folder / f"{model}.safetensors") for folder in (whole, parts))
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert torch.allclose(value.float(), two[name].float(), atol=2e-3), name


def eight_colours() -> TrainingData:
    """The corners of the colour cube, each with a word of its own."""
    corners = np.array([[r, g, b] for r in (20, 220) for g in (20, 220) for b in (20, 220)], np.uint8)
    tokens, vocabulary = compact([[10 + index] for index in range(8) for _ in range(5)], 98, 99)
    images = np.broadcast_to(corners[:, None, None], (8, 64, 64, 3)).copy()
    return TrainingData(
        images=images, tokens=tokens.reshape(8, 5, 32), cells=np.zeros(8, np.int64), vocabulary=vocabulary
    )


def test_training_learns_which_word_is_which_colour() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    data, recipe = eight_colours(), train.Recipe(steps=60, horizon=60, batch=8, warm_up=5, unknown_share=0.0)
    net = train.build("demo-rn", len(data.vocabulary) + 1)
    optimizer = train.optimizer_for(net, recipe)
    losses = [train.train_step(net, optimizer, data, step, recipe) for step in range(60)]
    assert losses[0] > 1.8
    assert np.mean(losses[-5:]) < 0.5
