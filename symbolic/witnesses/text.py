"""Witnesses of the text model's theorems: every draw of a small model enumerated."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from symbolic.witness import Case, Witness
from symbolic.witnesses.enumeration import (
    ONE_HOT,
    PROBS,
    along,
    gini,
    mean,
    mixture,
    posteriors,
    text_update,
)

F = Fraction


def _confusion() -> Fraction:
    """C of the small model: mean Gini-Simpson diversity of the posterior over that of p."""
    post, mix = posteriors(PROBS), mixture(PROBS)
    return sum((m * gini(r) for m, r in zip(mix, post, strict=True)), F(0)) / gini(PROBS)


def _one_update() -> Iterator[Case]:
    for size in (2, 3):
        value = mean(text_update(PROBS, size), gini)
        numbers = {"batch_size": size, "posterior_confusion": _confusion()}
        yield Case(numbers=numbers | {"text_diversity": gini(PROBS)}, value=value)


def _probs_mean() -> Iterator[Case]:
    for i in range(3):
        value = mean(text_update(PROBS, 2), lambda p, i=i: p[i])  # type: ignore[misc]
        yield Case(numbers={"text_probs": PROBS, "text": i}, value=value)


def _drift() -> Iterator[Case]:
    for size, times in ((2, 1), (3, 2)):
        start = {"batch_size": size, "generations": times, "initial_text_diversity": gini(PROBS)}
        hot = along({PROBS: F(1)}, lambda p, n=size: text_update(p, n, ONE_HOT), times)  # type: ignore[misc]
        yield Case(numbers=start, value=mean(hot, gini), sharp=True)
        blurred = along({PROBS: F(1)}, lambda p, n=size: text_update(p, n), times)  # type: ignore[misc]
        yield Case(numbers=start, value=mean(blurred, gini))


WITNESSES = {
    "text_probs_martingale": Witness(
        quantity="Mean(p'[i])", method="enumeration", make=_probs_mean
    ),
    "text_diversity_recursion": Witness(
        quantity="Mean(H')", method="enumeration", make=_one_update
    ),
    "text_diversity_lower_bound": Witness(quantity="Mean(H[t])", method="enumeration", make=_drift),
}
