"""Witnesses of models that generate for one another: samples drawn in full from their sources."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from symbolic.witness import Case, Witness
from symbolic.witnesses.training_sets import REAL_SD, VARIANCE, average, drawn, equal

F = Fraction
Weights = tuple[tuple[Fraction, ...], ...]
#: Size of a sample, sources' weights, shares of synthetic examples, distances, stationary law.
_NETWORKS: tuple[tuple[int, Weights, Any, Any, Any], ...] = (
    (2, ((F(1, 2), F(1, 2)), (F(0), F(1))), (F(2, 3), F(3, 7)), (F(1, 5), F(-3, 2)), (F(0), F(1))),
    (
        4,
        ((F(1, 4), F(3, 4)), (F(1, 2), F(1, 2))),
        (F(1, 2), F(5, 6)),
        (F(2), F(1, 3)),
        (F(2, 5), F(3, 5)),
    ),
    (
        2,
        ((F(1, 2), F(1, 2), F(0)), (F(0), F(1, 2), F(1, 2)), (F(1), F(0), F(0))),
        (F(1, 3), F(3, 4), F(1, 2)),
        (F(1), F(-1, 2), F(1, 4)),
        (F(2, 5), F(2, 5), F(1, 5)),
    ),
)


def _samples(size: int, row: Sequence[Fraction], means: Any) -> Iterator[tuple[Fraction, Fraction]]:
    """Mean of a sample that takes its share from each source, with its chance."""
    sources = [mean for mean, w in zip(means, row, strict=True) for _ in range(int(w * size))]
    for chance, noise in drawn(size, F(0), REAL_SD):
        points = [mean + z for mean, z in zip(sources, noise, strict=True)]
        yield chance, average(points, equal(size))


def _retrained(
    size: int, weights: Weights, means: Any
) -> Iterator[tuple[Fraction, list[Fraction]]]:
    """Means of all samples: the models draw independently."""
    for drawn_means in itertools.product(*(list(_samples(size, row, means)) for row in weights)):
        chance = F(1)
        for share, _ in drawn_means:
            chance *= share
        yield chance, [mean for _, mean in drawn_means]


def _numbers(size: int) -> dict[str, Any]:
    return {"num_generated": size, "real_variance": VARIANCE}


def _open() -> Iterator[Case]:
    for size, weights, shares, means, _ in _NETWORKS:
        law = list(_retrained(size, weights, means))
        for i, j in ((0, 0), (0, 1), (1, 1)):
            numbers = _numbers(size) | {"num_models": len(means), "model": i, "other_model": j}
            numbers |= {"synthetic_shares": shares, "source_weights": weights}
            numbers["model_products"] = tuple(tuple(x * y for y in means) for x in means)
            found = sum((c * shares[i] * m[i] * shares[j] * m[j] for c, m in law), F(0))
            yield Case(numbers=numbers, value=found)


def _closed() -> Iterator[Case]:
    for size, weights, _, means, law in _NETWORKS:
        found = sum(
            (c * average(later, law) ** 2 for c, later in _retrained(size, weights, means)), F(0)
        )
        numbers = _numbers(size) | {"num_models": len(means), "stationary_weights": law}
        numbers["consensus_error"] = average(means, law) ** 2
        yield Case(numbers=numbers, value=found)


WITNESSES: dict[str, Witness] = {
    "network_location_step": Witness(
        quantity="Mean(E_M'[i_M, j_M])", method="enumeration", make=_open
    ),
    "network_consensus_step": Witness(quantity="Mean(m_pi')", method="enumeration", make=_closed),
}
