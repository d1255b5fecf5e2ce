"""Arithmetic of the small worlds: rationals as long as it goes, otherwise forty digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.relational import Relational

__all__ = [
    "DIGITS",
    "Value",
    "add",
    "agree",
    "line_total",
    "power",
    "real",
    "root",
    "slope",
    "times",
]

Value = Any  # Fraction or mpf
DIGITS = 40
_SMALL = mp.mpf(10) ** -25


def agree(relation: type[Relational], left: Value, right: Value) -> bool:
    """Tell whether two values stand in a relation; exactly if both are rational."""
    with mp.workdps(DIGITS):
        return _compares(relation, left, right)


def _compares(relation: type[Relational], left: Value, right: Value) -> bool:
    exact = isinstance(left, Fraction) and isinstance(right, Fraction)
    room = 0 if exact else _SMALL * (1 + abs(real(right)))
    apart = left - right if exact else real(left) - real(right)
    if relation is sp.Eq:
        return bool(abs(apart) <= room)
    return bool(apart <= room if relation is sp.Le else apart >= -room)


def real(value: Value) -> Any:
    """Write a rational with forty digits."""
    if isinstance(value, Fraction):
        return mp.mpf(value.numerator) / value.denominator
    return value


def add(terms: Iterable[Value]) -> Value:
    """Add up."""
    total: Value = Fraction(0)
    for term in terms:
        both = isinstance(total, Fraction) and isinstance(term, Fraction)
        total = total + term if both else real(total) + real(term)
    return total


def times(first: Value, second: Value) -> Value:
    """Multiply."""
    both = isinstance(first, Fraction) and isinstance(second, Fraction)
    return first * second if both else real(first) * real(second)


def power(base: Value, exponent: Value) -> Value:
    """Raise to a power: exact where it is rational."""
    if isinstance(exponent, Fraction) and exponent.denominator == 1:
        return base ** int(exponent)
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 2:
        exact = _exact_root(base)
        if exact is not None:
            return exact ** int(exponent.numerator)
    return mp.power(real(base), real(exponent))


def root(value: Fraction) -> Value:
    """Take a square root: exact where it is rational."""
    with mp.workdps(DIGITS):
        return power(value, Fraction(1, 2))


def _exact_root(value: Fraction) -> Fraction | None:
    if value < 0:
        return None
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    exact = Fraction(top, bottom)
    return exact if exact * exact == value else None


def line_total(function: Callable[[Fraction], Value]) -> Value:
    """Integrate over the whole line what falls off like a normal density of variance above 1/4.

    For such a function the sum over a grid is the integral, up to less than a part in 10^30.
    """
    step, ends = Fraction(1, 4), 100
    return times(step, add(function(step * k) for k in range(-ends, ends + 1)))


def slope(function: Callable[[Fraction], Value], at: Fraction) -> Value:
    """Give the derivative of a polynomial, as a central difference."""
    step = Fraction(1, 10**25)
    with mp.workdps(3 * DIGITS):
        difference = add((function(at + step), times(Fraction(-1), function(at - step))))
        return real(difference) / (2 * real(step))
