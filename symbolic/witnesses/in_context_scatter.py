"""Witnesses of the scatter's moments: two features by the Bartlett factor, one by chi-squares.

Of two features the trace of ``X'X`` is ``a + b + c`` and its determinant ``a b``, with
independent chi-squares ``a``, ``b``, ``c`` of ``n``, ``n - 1`` and 1 degrees of freedom; traces of
powers follow by Newton's identities.  As ``X'X`` and ``XX'`` have the same traces, features and
examples may be exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import prod

from symbolic.witness import Case, Witness

F = Fraction
Polynomial = dict[tuple[int, int, int], int]  # powers of a, b and c to coefficient


def _times(first: Polynomial, second: Polynomial) -> Polynomial:
    found: Polynomial = {}
    for left, x in first.items():
        for right, y in second.items():
            key = (left[0] + right[0], left[1] + right[1], left[2] + right[2])
            found[key] = found.get(key, 0) + x * y
    return found


def _less(first: Polynomial, second: Polynomial) -> Polynomial:
    keys = first.keys() | second.keys()
    return {key: first.get(key, 0) - second.get(key, 0) for key in keys}


_TRACE: Polynomial = {(1, 0, 0): 1, (0, 1, 0): 1, (0, 0, 1): 1}
_DETERMINANT: Polynomial = {(1, 1, 0): 1}


def _power_trace(power: int) -> Polynomial:
    """Newton: ``t_k = t_1 t_(k-1) - det t_(k-2)``."""
    before, now = {(0, 0, 0): 2}, _TRACE
    for _ in range(power - 1):
        before, now = now, _less(_times(_TRACE, now), _times(_DETERMINANT, before))
    return now


def _chi_square(freedom: int, power: int) -> int:
    return prod(freedom + 2 * k for k in range(power))


def _of_two(size: int, power: int) -> int:
    """Mean of ``tr (X'X)^k`` of two features."""
    return sum(
        number * _chi_square(size, a) * _chi_square(size - 1, b) * _chi_square(1, c)
        for (a, b, c), number in _power_trace(power).items()
    )


def _cases(power: int) -> Callable[[], Iterator[Case]]:
    def make() -> Iterator[Case]:
        for size, features in ((5, 2), (4, 1), (2, 3), (3, 2), (1, 4), (2, 7)):
            least, most = sorted((size, features))
            trace = _chi_square(most, power) if least == 1 else _of_two(most, power)
            numbers = {"num_context": size, "num_features": features}
            yield Case(numbers=numbers, value=F(trace, features * size**power))

    return make


WITNESSES: dict[str, Witness] = {
    f"scatter_moment_{power}": Witness(
        quantity=f"Mean(tr_S[{power}])", method="Bartlett's factor", make=_cases(power)
    )
    for power in range(2, 7)
}
