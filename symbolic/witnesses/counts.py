"""Witnesses of results on random image counts: sums over every count."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.chi import DIGITS, QUADRATURE, log_mean, number, upper_slack

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


# ---------------------------------------------------------- bounds, with what they give away

_SETTINGS = (
    (6, F(2, 3), 2), (9, F(1, 2), 3), (7, F(3, 5), 1), (40, F(7, 10), 3), (5, F(1), 2),
)  # fmt: skip


def _chance(size: int, prob: Fraction, m: int) -> Fraction:
    return math.comb(size, m) * prob**m * (1 - prob) ** (size - m)


def _tangent_gap(power: Fraction, mean: Fraction, m: int) -> mp.mpf:
    """What ``m**-power`` is above its tangent at the mean: an integral of its bend."""

    def bend(u: mp.mpf) -> mp.mpf:
        return (m - u) * number(power * (power + 1)) * u ** -number(power + 2)

    return mp.quad(bend, [number(mean), m]) if mean != m else mp.mpf(0)


def _below_slack(size: int, prob: Fraction, least: int, power: Fraction) -> mp.mpf:
    """Tangents lie below at each count, and counts below the least add to the mean count."""
    mean = size * prob
    gaps = mp.fsum(
        number(_chance(size, prob, m)) * _tangent_gap(power, mean, m)
        for m in range(least, size + 1)
    )
    missed = sum((m * _chance(size, prob, m) for m in range(least)), F(0))
    return gaps + number(power * missed) * number(mean) ** -number(power + 1)


def _below(power: Fraction) -> Cases:
    def cases() -> Iterator[Case]:
        for size, prob, least in _SETTINGS:
            with mp.workdps(DIGITS):
                value = _number_over_counts(size, prob, least, lambda m: m ** -number(power))
                slack = _below_slack(size, prob, least, power)
            yield Case(
                numbers=_counted(size, prob, least), value=value, error=TINY, sharp=True,
                slack=slack,
            )  # fmt: skip

    return cases


def _above_slack(size: int, prob: Fraction, least: int) -> Fraction:
    """What is given away by two terms in place of ``1/m``, and by adding these up too far.

    ``1/(m + 1)`` and ``1/((m + 1)(m + 2))`` turn chances into those of one or two images more;
    these add up to one only with the counts below the least, and with -1 and -2 images.
    """
    more, q, total = 1 + F(2, least), 1 - prob, F(0)
    for m in range(size + 1):
        terms = F(1, m + 1) + more / ((m + 1) * (m + 2))
        total += _chance(size, prob, m) * (terms if m < least else terms - F(1, m))
    one_more = q ** (size + 1)
    two_more = q ** (size + 2) + (size + 2) * prob * one_more
    by_one = (size + 1) * prob
    return total + one_more / by_one + more * two_more / (by_one * (size + 2) * prob)


def _above() -> Iterator[Case]:
    for size, prob, least in _SETTINGS:
        value = _over_counts(size, prob, least, lambda m: F(1, m))
        slack = _above_slack(size, prob, least)
        yield Case(numbers=_counted(size, prob, least), value=value, sharp=True, slack=slack)


def _root_slack(size: int, prob: Fraction, least: int) -> mp.mpf:
    """What the root of the mean inverse is above the mean inverse root: a sum over pairs."""
    counts = range(least, size + 1)
    chances = [number(_chance(size, prob, m)) for m in counts]
    inverse = number(_over_counts(size, prob, least, lambda m: F(1, m)))
    pairs = mp.fsum(
        a * b * (_root(m) - _root(k)) ** 2 / 2
        for a, m in zip(chances, counts, strict=True)
        for b, k in zip(chances, counts, strict=True)
    )
    kept = number(sum((_chance(size, prob, m) for m in range(least)), F(0)))
    mean = mp.fsum(a * _root(m) for a, m in zip(chances, counts, strict=True))
    return (pairs + kept * inverse) / (mp.sqrt(inverse) + mean)


def _root_above(closed: bool) -> Cases:
    """Sharp in the mean inverse, or in the numbers that its own bound is made of."""

    def cases() -> Iterator[Case]:
        for size, prob, least in _SETTINGS:
            inverse = _over_counts(size, prob, least, lambda m: F(1, m))
            numbers = _counted(size, prob, least) if closed else {"inverse_count": inverse}
            with mp.workdps(DIGITS):
                value = _number_over_counts(size, prob, least, _root)
                slack = _root_slack(size, prob, least)
                if closed:
                    more = number(_above_slack(size, prob, least))
                    root = mp.sqrt(number(inverse))
                    slack += more / (mp.sqrt(number(inverse) + more) + root)
            yield Case(numbers=numbers, value=value, error=TINY, sharp=True, slack=slack)

    return cases


def _factor(count: int, ddof: int = 1, scale: Fraction = ONE) -> mp.mpf:
    with mp.workdps(DIGITS):
        size = mp.sqrt(number(scale * F(count - 1, count - ddof)))
        return size * mp.exp(log_mean(F(count - 1)))


def _mean_factor() -> Iterator[Case]:
    for size, prob, least in ((300, F(1), 300), (4, F(1), 2), (6, F(2, 3), 2), (5, F(1, 4), 3)):
        inverse = _over_counts(size, prob, least, lambda m: F(1, m))
        with mp.workdps(DIGITS):
            value = 1 + _over_counts(size, prob, least, lambda m: _factor(m) - 1)
            slack = _number_over_counts(size, prob, least, lambda m: upper_slack(F(m - 1)))
        yield Case(
            numbers={"inverse_count": inverse}, value=value, error=TINY, sharp=True, slack=slack
        )


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
    "inverse_count_lower_bound": ("g_1", _below(ONE)),
    "inverse_root_count_lower_bound": ("g_half", _below(F(1, 2))),
    "inverse_count_upper_bound": ("g_1", _above),
    "inverse_root_count_upper_bound": ("g_half", _root_above(closed=True)),
    "inverse_root_count_by_inverse": ("g_half", _root_above(closed=False)),
    "image_factor_upper_bound": ("rho_bar", _mean_factor),
    "image_factor_slope": ("rho_slope", _slope),
}
WITNESSES = {
    name: Witness(quantity=quantity, method="sum over image counts", make=make)
    for name, (quantity, make) in _BY_COUNTS.items()
}
