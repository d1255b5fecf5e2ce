"""Witnesses of distribution shift: laws over finitely many outcomes, in rationals."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from symbolic.witness import Case, Witness

F = Fraction
Law = tuple[Fraction, ...]


def apart(first: Law, second: Law) -> Fraction:
    """Total variation, as the largest difference over all sets of outcomes.

    Examples
    --------
    >>> apart((F(1), F(0)), (F(1, 3), F(2, 3)))
    Fraction(2, 3)
    """
    sets = itertools.product((0, 1), repeat=len(first))
    return max(
        sum((k * (p - q) for k, p, q in zip(chosen, first, second, strict=True)), F(0))
        for chosen in sets
    )


def mixture(share: Fraction, real: Law, law: Law) -> Law:
    """What a fit is fitted to.

    Examples
    --------
    >>> mixture(F(1, 2), (F(1), F(0)), (F(0), F(1)))
    (Fraction(1, 2), Fraction(1, 2))
    """
    return tuple(share * p + (1 - share) * q for p, q in zip(real, law, strict=True))


def towards(law: Law, outcome: int, amount: Fraction) -> Law:
    """Move probability from the first outcome to another.

    Examples
    --------
    >>> towards((F(1), F(0)), 1, F(1, 4))
    (Fraction(3, 4), Fraction(1, 4))
    """
    return tuple(
        p - amount * (k == 0) + amount * (k == outcome) for k, p in enumerate(law)
    )  # fmt: skip


def _path(share: Fraction, real: Law, errors: tuple[tuple[int, Fraction], ...]) -> list[Law]:
    """Laws of a loop whose fits move probability to one outcome or another."""
    path = [real]
    for where, amount in errors:
        path.append(towards(mixture(share, real, path[-1]), where, amount))
    return path


_REAL = (F(2, 3), F(1, 6), F(1, 6))
_ONE_WAY = ((1, F(1, 12)),) * 4
_TO_AND_FRO = ((1, F(1, 12)), (2, F(1, 20)), (1, -F(1, 15)))
_UNEQUAL = ((2, F(1, 12)), (2, F(1, 9)), (2, F(1, 30)))


def _sum() -> Iterator[Case]:
    for share, errors, sharp in (
        (F(1, 4), _UNEQUAL, True),
        (F(0), _UNEQUAL, True),
        (F(2, 5), _TO_AND_FRO, False),
    ):
        path = _path(share, _REAL, errors)
        sizes = tuple(
            apart(after, mixture(share, _REAL, before))
            for before, after in itertools.pairwise(path)
        )
        numbers = {
            "real_share": share,
            "generations": len(errors),
            "generation_error_at": sizes,
        }
        yield Case(numbers=numbers, value=apart(path[-1], _REAL), sharp=sharp)


def _within(shares: tuple[Fraction, ...]) -> Iterator[Case]:
    for share, (errors, sharp) in itertools.product(
        shares, ((_ONE_WAY, True), (_ONE_WAY[:3], True), (_TO_AND_FRO, False))
    ):
        path = _path(share, _REAL, errors)
        numbers: dict[str, Any] = {"generations": len(errors), "generation_error": F(1, 12)}
        if share:
            numbers["real_share"] = share
        yield Case(numbers=numbers, value=apart(path[-1], _REAL), sharp=sharp)


def _ever() -> Iterator[Case]:
    """A law that a fit leaves where it is; the fits' error may be smaller than its bound."""
    real = (F(1), F(0), F(0))
    for share, moved, spare in (
        (F(1, 4), (F(1, 12), F(1, 15)), F(0)),
        (F(2, 5), (F(1, 20), F(0)), F(0)),
        (F(1, 3), (F(1, 9), F(1, 8)), F(1, 20)),
    ):
        law = (1 - sum(moved) / share, *(amount / share for amount in moved))
        error = apart(law, mixture(share, real, law)) + spare
        numbers = {"real_share": share, "generation_error": error}
        yield Case(numbers=numbers, value=apart(law, real), sharp=not spare)


def _attained() -> Iterator[Case]:
    for share, amount, times in ((F(1, 4), F(1, 12), 4), (F(2, 5), F(3, 10), 3), (F(1), F(1), 2)):
        path = _path(share, (F(1), F(0)), ((1, amount),) * times)
        numbers = {"real_share": share, "generation_error": amount, "generations": times}
        yield Case(numbers=numbers, value=apart(path[-1], path[0]))


def _sent() -> Iterator[Case]:
    """Pairs of examples of two outcomes, drawn anew from the share that the last pair shows."""
    starts = (F(1, 3), F(3, 5))
    drawn = tuple(_pair_law(share) for share in starts)
    agreeing = tuple((1 - share, F(0), share) for share in starts)
    for laws in (drawn, agreeing):  # pairs that agree are drawn again as they are
        later = tuple(
            tuple(sum((w * _pair_law(F(n, 2))[m] for n, w in enumerate(law)), F(0))
                  for m in range(3))
            for law in laws
        )  # fmt: skip
        numbers = {"recursive_stability": apart(*laws)}
        yield Case(numbers=numbers, value=apart(*later), sharp=laws is agreeing)


def _pair_law(share: Fraction) -> Law:
    """How likely none, one or both of two examples show the second outcome."""
    return ((1 - share) ** 2, 2 * share * (1 - share), share**2)


def _exact(quantity: str, make: Callable[..., Iterator[Case]], *given: Any) -> Witness:
    return Witness(quantity=quantity, method="enumeration", make=functools.partial(make, *given))


WITNESSES: dict[str, Witness] = {
    "distribution_shift_sum": _exact("TV[t]", _sum),
    "distribution_shift": _exact("TV[t]", _within, (F(1, 4), F(2, 5), F(1))),
    "distribution_shift_limit": _exact("TV_inf", _ever),
    "distribution_shift_without_real": _exact("TV[t]", _within, (F(0),)),
    "distribution_shift_attained": _exact("TV[t]", _attained),
    "recursive_stability_decreases": _exact("gamma_n'", _sent),
}
