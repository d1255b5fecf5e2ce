"""Witnesses of networks: location models retrained by averaging, and iterated."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.retraining_map_networks import jacobian, perron

F = Fraction
_DIGITS, _CLOSE = 45, mp.mpf("1e-30")


@functools.cache
def _radius(weights: Any, ratios: Any) -> Any:
    with mp.workdps(_DIGITS):
        rows = jacobian(weights, ratios)
        return perron([[mp.mpf(x.numerator) / x.denominator for x in row] for row in rows])[0]


def _two() -> Iterator[Case]:
    for first, second, share in (
        (F(5, 4), F(2, 7), F(3, 11)),
        (F(1, 3), F(3), F(1, 2)),
        (F(2), F(1, 5), F(4, 5)),
    ):
        weights = ((1 - share, share), (share, 1 - share))
        numbers = {
            "first_share": first / (1 + first),
            "second_share": second / (1 + second),
            "exchange": share,
        }
        value = _radius(weights, (first, second))
        yield Case(numbers=numbers, value=value, error=_CLOSE)


_WEIGHTS = (
    (F(1, 2), F(1, 4), F(1, 4)),
    (F(1, 6), F(1, 3), F(1, 2)),
    (F(1, 8), F(3, 8), F(1, 2)),
)


def _most() -> Iterator[Case]:
    """Equal ratios attain the bound, whatever the weights."""
    for ratios in ((F(3, 4),) * 3, (F(7, 2),) * 3, (F(1), F(2), F(5))):
        sharp = len(set(ratios)) == 1
        value = _radius(_WEIGHTS, ratios)
        yield Case(numbers={"largest_ratio": max(ratios)}, value=value, error=_CLOSE, sharp=sharp)


WITNESSES: dict[str, Witness] = {
    "network_eigenvalue_two_models": Witness(
        quantity="j_G", method="repeated averaging", make=_two
    ),
    "network_radius_bound": Witness(quantity="j_G", method="repeated averaging", make=_most),
}
