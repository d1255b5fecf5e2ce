"""Witnesses of one context: all batches of a few inputs are listed."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from symbolic.witness import Case, Witness
from symbolic.witnesses.attention import (
    batches,
    dot,
    error_of_gain,
    lowest,
    mean_product,
    squared_mean,
)

F = Fraction
_TRUE = ((F(3, 2), F(-2, 5)), (F(1, 3), F(2), F(-1, 2)), (F(7, 4),))
_SIZES, _NOISES = (2, 1, 3), (F(2, 3), F(5, 4), F(1, 2))
_PRIORS = ((2, 2, F(3, 4), F(2, 3)), (1, 3, F(5, 2), F(4, 3)), (3, 1, F(1), F(1, 2)))


def _mean() -> Iterator[Case]:
    for true, size, noise in zip(_TRUE, _SIZES, _NOISES, strict=True):
        vector = tuple(F(k + 1, 3) for k in range(len(true)))
        value = sum(
            (
                chance * dot(vector, mean_product(batch, true))
                for chance, batch in batches(len(true), size, noise)
            ),
            F(0),
        )
        yield Case(numbers={"coefficient_product": dot(vector, true)}, value=value)


def _moment() -> Iterator[Case]:
    for true, size, noise in zip(_TRUE, _SIZES, _NOISES, strict=True):
        numbers: dict[str, Any] = {"num_context": size, "num_features": len(true)}
        numbers |= {"squared_norm": dot(true, true), "label_noise": noise**2}
        yield Case(numbers=numbers, value=squared_mean(true, size, noise))


def _tasks() -> Iterator[tuple[dict[str, Any], tuple[int, int, Fraction, Fraction]]]:
    for features, size, prior_sd, noise in _PRIORS:
        numbers: dict[str, Any] = {"num_context": size, "num_features": features}
        numbers |= {"prior_variance": prior_sd**2, "label_noise": noise**2}
        yield numbers, (features, size, prior_sd, noise)


def _error() -> Iterator[Case]:
    for (numbers, setting), gain in zip(_tasks(), (F(3, 5), F(1), F(5, 4)), strict=True):
        value = error_of_gain(gain, *setting)
        yield Case(numbers=numbers | {"attention_gain": gain}, value=value)


def _best(which: int) -> Iterator[Case]:
    for numbers, setting in _tasks():
        found = lowest([error_of_gain(F(gain), *setting) for gain in range(3)])
        yield Case(numbers=numbers, value=found[which])


WITNESSES: dict[str, Witness] = {
    name: Witness(quantity=quantity, method="enumeration", make=make)
    for name, quantity, make in (
        ("context_mean", "Mean(uv)", _mean),
        ("context_moment", "Mean(u2)", _moment),
        ("attention_error", "E_A", _error),
        ("best_attention_gain", "eta_best", lambda: _best(0)),
        ("best_attention_error", "E_best", lambda: _best(1)),
    )
}
