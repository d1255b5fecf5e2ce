"""Witnesses of results on random image counts: sums over every count."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.chi import DIGITS, QUADRATURE, log_mean, number

F = Fraction
ONE = F(1)
Cases = Callable[[], Iterator[Case]]
TINY = mp.mpf("1e-30")


def _over_counts(size: int, prob: Fraction, least: int, of: Callable[[int], Any]) -> Any:
    """Mean over a binomial count of what an update with so many images gives, else nothing."""
    chances = {
        m: math.comb(size, m) * prob**m * (1 - prob) ** (size - m) for m in range(least, size + 1)
    }
    values = {m: of(m) for m in chances}
    if all(isinstance(value, Fraction) for value in values.values()):
        return sum((chances[m] * values[m] for m in chances), F(0))
    return mp.fsum(number(chances[m]) * values[m] for m in chances)


def _number_over_counts(size: int, prob: Fraction, least: int, of: Callable[[int], Any]) -> mp.mpf:
    value = _over_counts(size, prob, least, of)
    return number(value) if isinstance(value, Fraction) else value


def _root(m: int) -> mp.mpf:
    return 1 / mp.sqrt(m)


def _counted(size: int, prob: Fraction, least: int) -> dict[str, object]:
    return {"batch_size": size, "text_prob": prob, "min_images": least}


def _next_count() -> Iterator[Case]:
    for size, prob in ((4, F(2, 7)), (3, F(5, 6))):
        value = _over_counts(size, prob, 0, lambda m: F(1, m + 1))
        yield Case(numbers={"batch_size": size, "text_prob": prob}, value=value)


def _below(of: Callable[[int], Any], error: str) -> Cases:
    def cases() -> Iterator[Case]:
        for size, prob, least in ((6, F(2, 3), 2), (9, F(1, 2), 3)):
            with mp.workdps(DIGITS):
                value = _number_over_counts(size, prob, least, of)
            yield Case(numbers=_counted(size, prob, least), value=value, error=TINY)
        for size, prob, least, gap in (
            (5, F(1), 2, TINY), (1, F(99, 100), 1, mp.mpf(error)), (400, F(9, 10), 3, None),
        ):  # fmt: skip
            with mp.workdps(DIGITS):
                value = _number_over_counts(size, prob, least, of)
                off = gap if gap is not None else value / (2 * size)
            numbers = _counted(size, prob, least)
            yield Case(numbers=numbers, value=value, error=off, sharp=True)

    return cases


def _above(of: Callable[[int], Any]) -> Cases:
    def cases() -> Iterator[Case]:
        for size, prob, least in ((6, F(2, 3), 2), (9, F(1, 2), 3)):
            with mp.workdps(DIGITS):
                value = _number_over_counts(size, prob, least, of)
            yield Case(numbers=_counted(size, prob, least), value=value, error=TINY)
        for size, prob, least, gap in (
            (3, F(1), 3, TINY), (1, F(1), 1, TINY), (600, F(3, 4), 2, None),
        ):  # fmt: skip
            with mp.workdps(DIGITS):
                value = _number_over_counts(size, prob, least, of)
                off = gap if gap is not None else mp.mpf("0.005") * value
            numbers = _counted(size, prob, least)
            yield Case(numbers=numbers, value=value, error=off, sharp=True)

    return cases


def _by_inverse() -> Iterator[Case]:
    for size in (3, 7):
        with mp.workdps(DIGITS):
            value = _root(size)
        yield Case(numbers={"inverse_count": F(1, size)}, value=value, error=TINY, sharp=True)
    with mp.workdps(DIGITS):
        value = _over_counts(6, F(2, 3), 2, _root)
    inverse = _over_counts(6, F(2, 3), 2, lambda m: F(1, m))
    yield Case(numbers={"inverse_count": inverse}, value=value)


def _factor(count: int, ddof: int = 1, scale: Fraction = ONE) -> mp.mpf:
    with mp.workdps(DIGITS):
        size = mp.sqrt(number(scale * F(count - 1, count - ddof)))
        return size * mp.exp(log_mean(F(count - 1)))


def _mean_factor() -> Iterator[Case]:
    with mp.workdps(DIGITS):
        for size in (300, 900):
            numbers = {"inverse_count": F(1, size)}
            error = mp.mpf("0.2195") / (size - 1) ** 2
            yield Case(numbers=numbers, value=_factor(size), error=error, sharp=True)
        value = 1 + _over_counts(6, F(2, 3), 2, lambda m: _factor(m) - 1)
        inverse = _over_counts(6, F(2, 3), 2, lambda m: F(1, m))
        yield Case(numbers={"inverse_count": inverse}, value=value)


def _slope() -> Iterator[Case]:
    for size, prob, least, ddof, scale in (
        (5, F(2, 7), 2, 1, F(1)), (6, F(3, 5), 3, 0, F(9, 10)), (4, F(1, 4), 4, 2, F(11, 10)),
    ):  # fmt: skip
        factors = {m: _factor(m, ddof, scale) for m in range(least, size + 1)}
        with mp.workdps(DIGITS):
            value = mp.diff(functools.partial(_mean_over, size, factors), number(prob))
        yield Case(
            numbers={**_counted(size, prob, least), "ddof": ddof, "shrinkage_factor": scale},
            value=value, error=QUADRATURE,
        )  # fmt: skip


def _mean_over(size: int, factors: Mapping[int, mp.mpf], p: mp.mpf) -> mp.mpf:
    changes = {m: factor - 1 for m, factor in factors.items()}
    return 1 + mp.fsum(
        math.comb(size, m) * p**m * (1 - p) ** (size - m) * change for m, change in changes.items()
    )


_BY_COUNTS = {
    "inverse_next_count": ("g_next", _next_count),
    "inverse_count_lower_bound": ("g_1", _below(lambda m: F(1, m), "1.03e-4")),
    "inverse_root_count_lower_bound": ("g_half", _below(_root, "4.2e-5")),
    "inverse_count_upper_bound": ("g_1", _above(lambda m: F(1, m))),
    "inverse_root_count_upper_bound": ("g_half", _above(_root)),
    "inverse_root_count_by_inverse": ("g_half", _by_inverse),
    "image_factor_upper_bound": ("rho_bar", _mean_factor),
    "image_factor_slope": ("rho_slope", _slope),
}
WITNESSES = {
    name: Witness(quantity=quantity, method="sum over image counts", make=make)
    for name, (quantity, make) in _BY_COUNTS.items()
}
