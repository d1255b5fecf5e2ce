"""Witnesses of the text model's theorems: every draw of a small model enumerated."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from symbolic.witness import Case, Witness
from symbolic.witnesses.enumeration import (
    ONE_HOT,
    PROBS,
    Probs,
    along,
    gini,
    mean,
    mixture,
    posteriors,
    text_update,
)

F = Fraction
Value = Callable[[Any], Fraction]


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


def _covariance(law: Mapping[Any, Fraction], of: Value, other: Value) -> Fraction:
    def average(value: Value) -> Fraction:
        return sum((chance * value(outcome) for outcome, chance in law.items()), F(0))

    return average(lambda outcome: of(outcome) * other(outcome)) - average(of) * average(other)


def _probs_covariance() -> Iterator[Case]:
    post, mix = posteriors(PROBS), mixture(PROBS)
    images = dict(zip(post, mix, strict=True))
    for size, i, k in ((2, 0, 1), (3, 1, 2), (3, 2, 2)):
        first, second = (lambda p, i=i: p[i]), (lambda p, k=k: p[k])
        value = _covariance(text_update(PROBS, size), first, second)
        one_image = _covariance(images, first, second)
        yield Case(numbers={"batch_size": size, "posterior_covariance": one_image}, value=value)


def _overlap(first: Probs, second: Probs) -> Fraction:
    return sum((a * b for a, b in zip(first, second, strict=True)), F(0))


def _diversity_variance() -> Iterator[Case]:
    """Moments of the overlaps of three independent images, by listing all triples."""
    post, mix = posteriors(PROBS), mixture(PROBS)
    triples = {
        tuple(post[y] for y in images): mix[images[0]] * mix[images[1]] * mix[images[2]]
        for images in itertools.product(range(3), repeat=3)
    }
    own, pair, shared = (
        (lambda y, a=a, b=b: _overlap(y[a], y[b])) for a, b in ((0, 0), (0, 1), (0, 2))
    )
    numbers = {
        "self_overlap_variance": _covariance(triples, own, own),
        "self_overlap_covariance": _covariance(triples, own, pair),
        "overlap_variance": _covariance(triples, pair, pair),
        "shared_overlap_covariance": _covariance(triples, pair, shared),
    }
    for size in (2, 3, 4):
        value = _covariance(text_update(PROBS, size), gini, gini)
        yield Case(numbers=numbers | {"batch_size": size}, value=value)


WITNESSES = {
    "text_probs_covariance": Witness(
        quantity="Cov_p", method="enumeration", make=_probs_covariance
    ),
    "text_update_diversity_variance": Witness(
        quantity="Var_H", method="enumeration", make=_diversity_variance
    ),
    "text_probs_martingale": Witness(
        quantity="Mean(p'[i])", method="enumeration", make=_probs_mean
    ),
    "text_diversity_recursion": Witness(
        quantity="Mean(H')", method="enumeration", make=_one_update
    ),
    "text_diversity_lower_bound": Witness(quantity="Mean(H[t])", method="enumeration", make=_drift),
}
