"""Witnesses of the enclosure of an isotropic update: quadrature over a scatter's eigenvalues.

A bound takes a polynomial in place of the root of each eigenvalue; what it gives away is the mean
of what is between them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from fractions import Fraction

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.gaussian import eigenvalues
from symbolic.witnesses.image import near, scale, setting

F = Fraction

#: Images and dimensions; in three dimensions quadrature needs many images.
_CASES = ((15, 1), (24, 1), (15, 2), (31, 2), (301, 3))


def _taylor(order: int, upper: bool) -> tuple[float, ...]:
    """Coefficients of the root's Taylor polynomial around one; of the next power, to touch zero."""
    found = [F(1)]
    for k in range(order):
        found.append(found[-1] * (F(1, 2) - k) / (k + 1))
    if not upper:
        found.append(-sum((c * (-1) ** k for k, c in enumerate(found)), F(0)))
    return tuple(map(float, found))


_POLYNOMIALS = {
    (order, upper): _taylor(order, upper) for order in (3, 5) for upper in (True, False)
}


def _between(coefficients: tuple[float, ...], eigenvalue: float) -> float:
    total = 0.0
    for c in reversed(coefficients):
        total = total * (eigenvalue - 1) + c
    return total - math.sqrt(eigenvalue)


@functools.cache
def _update(freedom: int, dim: int) -> tuple[float, dict[tuple[int, bool], float]]:
    """Mean share of an unbiased update, and what each polynomial gives away."""
    share: list[float] = []
    away: dict[tuple[int, bool], list[float]] = {key: [] for key in _POLYNOMIALS}
    for weight, values in eigenvalues(freedom, dim):
        for value in values:
            share.append(weight * math.sqrt(value / freedom))
            for key, coefficients in _POLYNOMIALS.items():
                away[key].append(weight * _between(coefficients, value / freedom))
    sums = {key: math.fsum(terms) / dim for key, terms in away.items()}
    return math.fsum(share) / dim, sums


def _enclosed(order: int, upper: bool) -> Iterator[Case]:
    for images, dim in _CASES:
        numbers = setting(images, 2, F(5, 4))
        size = mp.sqrt(mp.mpf(float(scale(numbers))) * (images - 1))
        share, away = _update(images - 1, dim)
        slack = size * abs(away[order, upper])
        yield near(numbers | {"num_features": dim}, size * share, sharp=True, slack=slack)


WITNESSES = {
    f"image_contraction_isotropic_{side}{closer}": Witness(
        quantity="rho",
        method="quadrature over eigenvalues",
        make=functools.partial(_enclosed, order, side == "upper"),
    )
    for order, closer in ((3, ""), (5, "_closer"))
    for side in ("upper", "lower")
}
