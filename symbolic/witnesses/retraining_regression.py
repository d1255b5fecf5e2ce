"""Witnesses of regression on self-given labels: inverse chi-squares by quadrature.

Along any axis the inverse of the scatter of ``n`` rows of ``d`` standard normals has the law of
one over a chi-square with ``n - d + 1`` degrees of freedom.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness

F = Fraction
NOISE = F(3, 4)
_ERROR = mp.mpf(10) ** -18


@functools.cache
def _inverse(freedom: int) -> Any:
    """Integrate ``1/x`` against the chi-square density."""
    half = mp.mpf(freedom) / 2

    def density(x: Any) -> Any:
        return x ** (half - 2) * mp.exp(-x / 2) / (2**half * mp.gamma(half))

    return mp.quad(density, [0, 1, freedom, 4 * freedom + 60, 400 + 8 * freedom])


def _trace(size: int, features: int) -> Any:
    return features * _inverse(size - features + 1)


def _noise(value: Any) -> Any:
    return value * mp.mpf(NOISE.numerator) / NOISE.denominator


def _steps() -> Iterator[Case]:
    for size, features in ((7, 1), (9, 2), (12, 4)):
        numbers = {"num_generated": size, "num_features": features, "label_noise": NOISE}
        found = mp.mpf("0.25") + _noise(_trace(size, features))
        yield Case(numbers=numbers | {"location_error": F(1, 4)}, value=found, error=_ERROR)


def _pooled_steps() -> Iterator[Case]:
    for size, features, when in ((7, 1, 0), (9, 2, 2)):
        numbers = {"num_generated": size, "num_features": features, "label_noise": NOISE}
        numbers |= {"location_error": F(1, 4), "generations": when}
        added = _noise(_trace(size * (when + 2), features)) / (when + 2)
        yield Case(numbers=numbers, value=mp.mpf("0.25") + added, error=_ERROR)


def _replaced() -> Iterator[Case]:
    for first, size, features, when in ((8, 6, 1, 3), (9, 11, 4, 2), (7, 9, 2, 1)):
        numbers: dict[str, Any] = {"num_real": first, "num_generated": size}
        numbers["num_features"] = features
        found = _noise(_trace(first, features) + when * _trace(size, features))
        numbers |= {"label_noise": NOISE, "generations": when}
        yield Case(numbers=numbers, value=found, error=_ERROR)


def _accumulated() -> Iterator[Case]:
    for size, features, when in ((7, 1, 2), (9, 3, 3), (6, 2, 0)):
        numbers = {"num_generated": size, "num_features": features, "generations": when}
        found = _noise(sum(_trace(k * size, features) / k for k in range(1, when + 2)))
        yield Case(numbers=numbers | {"label_noise": NOISE}, value=found, error=_ERROR)


def _limit() -> Iterator[Case]:
    for size, features in ((7, 1), (9, 3), (40, 5)):
        numbers = {"num_generated": size, "num_features": features, "label_noise": NOISE}
        series = mp.nsum(lambda k, n=size, d=features: d / (k * (k * n - d - 1)), [1, mp.inf])
        yield Case(numbers=numbers, value=_noise(series), error=_ERROR)


def _by_quadrature(
    quantity: str, make: Callable[[], Iterator[Case]], method: str = "quadrature"
) -> Witness:
    def precise() -> tuple[Case, ...]:
        with mp.workdps(30):
            return tuple(make())

    return Witness(quantity=quantity, method=method, make=precise)


WITNESSES: dict[str, Witness] = {
    "regression_replaced_step": _by_quadrature("Mean(m')", _steps),
    "regression_accumulated_step": _by_quadrature("Mean(m')", _pooled_steps),
    "regression_replaced": _by_quadrature("Mean(m[t])", _replaced),
    "regression_accumulated": _by_quadrature("Mean(m[t])", _accumulated),
    "regression_accumulated_limit": _by_quadrature("m_inf", _limit, "series, extrapolated"),
}
