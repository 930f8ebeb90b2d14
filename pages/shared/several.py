"""Several models are asked: the answers that can be given, and why the others cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import streamlit as st

from core.errors import EncoderWarming, NotHere
from pages.shared.guard import public
from pages.shared.words import plain

A = TypeVar("A")
T = TypeVar("T")


def gathered(
    asked: Iterable[T], answer: Callable[[T], A]
) -> tuple[list[A], EncoderWarming | None, tuple[NotHere, ...]]:
    """The answers that can be given, the first encoder that is starting, and why others cannot be given: the file of a
    model is gone, for example. Raises that where there is nothing else."""
    found, waiting, lost = list[A](), None, list[NotHere]()
    for one in asked:
        try:
            found.append(answer(one))
        except EncoderWarming as error:
            waiting = waiting or error
        except NotHere as error:
            lost.append(error)
    if lost and not found and waiting is None:
        raise lost[0]
    return found, waiting, tuple(lost)


def answered(asked: Iterable[T], answer: Callable[[T], A]) -> tuple[list[A], EncoderWarming | None]:
    """The answers that can be given, and the first encoder that is starting; says what is left out, and why."""
    found, waiting, lost = gathered(asked, answer)
    tell_left_out(lost)
    return found, waiting


def tell_left_out(lost: Iterable[NotHere]) -> None:
    """Why an answer is missing among the others."""
    for error in lost:
        st.info(plain(public(f"One model is left out. {error}")), icon=":material/info:")
