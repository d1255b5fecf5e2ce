"""Moments of samples that a model does not draw from its own law, by sums alone.

Integrals are sums over a grid, which for functions that fall off like a normal density, and are as
smooth, are right to more digits than are asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import mpmath as mp

__all__ = ["best_moments", "mixture", "smoothed_spread", "tempered_spread"]

_PER_SD, _REACH = 4, 16  # nodes in a standard deviation, and standard deviations


def _nodes() -> list[Any]:
    return [mp.mpf(k) / _PER_SD for k in range(-_REACH * _PER_SD, _REACH * _PER_SD + 1)]


def tempered_spread(variance: Any, temperature: Any) -> Any:
    """Variance of a normal density to a power, normalised again."""
    width = mp.sqrt(variance * temperature)
    points = [width * x for x in _nodes()]
    weights = [mp.exp(-(y**2) / (2 * variance)) ** (1 / temperature) for y in points]
    return mp.fsum(w * y**2 for w, y in zip(weights, points, strict=True)) / mp.fsum(weights)


def smoothed_spread(variance: Any, width: Any) -> Any:
    """Variance of equally likely data, each moved by a kernel that is a coin."""
    centres = [mp.sqrt(variance) * x for x in (-1, 1)]
    return sum((x + sign * width) ** 2 for x in centres for sign in (-1, 1)) / 4


@functools.cache
def _best(size: int, digits: int) -> tuple[Any, Any]:
    with mp.workdps(digits):
        step = mp.mpf(1) / _PER_SD
        law = [(x, size * mp.npdf(x) * mp.ncdf(x) ** (size - 1) * step) for x in _nodes()]
        mean = mp.fsum(w * x for x, w in law)
        return mean, mp.fsum(w * (x - mean) ** 2 for x, w in law)


def best_moments(size: int) -> tuple[Any, Any]:
    """Mean and variance of the best of so many standard normal values."""
    return _best(size, mp.mp.dps)


def mixture(
    real: Iterable[tuple[Any, Any]], mean: Any, variance: Any, ratio: Any
) -> tuple[Any, Any]:
    """Mean and variance of real data (values and chances) and of samples, as a coin of them."""
    sd = mp.sqrt(variance)
    law = [(_mpf(x), _mpf(p) / (1 + ratio)) for x, p in real]
    law += [(mean + sign * sd, ratio / (1 + ratio) / 2) for sign in (-1, 1)]
    centre = mp.fsum(x * p for x, p in law)
    return centre, mp.fsum((x - centre) ** 2 * p for x, p in law)


def _mpf(value: Any) -> Any:
    return mp.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value
