"""Witnesses of fidelity: quadrature in one dimension, signs of every image enumerated."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.chi import chi_moment, number
from symbolic.witnesses.gaussian import QUADRATURE, chi

F = Fraction

# ----------------------------------------------------------------- one dimension, first moments
#
# Given the counts and the standard deviations on the way, the mean is moved by a normal amount
# whose variance is a sum of variances over counts: its mean size is sqrt(2/pi) times a root.

_SD = F(3, 2)


class _World(NamedTuple):
    """Chances of image counts, and how many images an update takes."""

    chances: dict[int, Fraction]
    least: int

    def over_counts(self, of: Callable[[int], Any]) -> Any:
        """Mean of what an update with so many images gives, else nothing."""
        with mp.workdps(40):
            return mp.fsum(number(c) * of(m) for m, c in self.chances.items() if m >= self.least)

    def kept(self) -> Fraction:
        """Chance that there is no update."""
        return sum((c for m, c in self.chances.items() if m < self.least), F(0))


def _binomial(size: int, prob: Fraction) -> dict[int, Fraction]:
    counts = range(size + 1)
    return {m: math.comb(size, m) * prob**m * (1 - prob) ** (size - m) for m in counts}


#: Worlds and numbers of updates.
_WORLDS: tuple[tuple[_World, tuple[int, ...]], ...] = (
    (_World({4: F(1)}, 4), (1, 3)),
    (_World({9: F(1)}, 2), (1, 2, 3)),
    (_World(_binomial(4, F(3, 5)), 2), (1, 2)),
    (_World(_binomial(5, F(5, 7)), 3), (2,)),
)


def _outcomes(world: _World) -> Iterator[tuple[float, float, float]]:
    """Chances of one update's outcomes: variance of the mean's move, factor of the variance."""
    yield float(world.kept()), 0.0, 1.0
    for m, chance in world.chances.items():
        if m >= world.least:
            for x, weight in chi(m - 1):
                yield float(chance) * weight, 1 / m, x * x / (m - 1)


def _distance(world: _World, times: int) -> mp.mpf:
    """Mean distance of the mean from its start, of standard deviation one."""
    outcomes = tuple(_outcomes(world))
    last = [(float(world.kept()), 0.0)]
    last += [(float(c), 1 / m) for m, c in world.chances.items() if m >= world.least]
    sizes = []
    for path in itertools.product(*[outcomes] * (times - 1), last):
        variance = 0.0
        for way in reversed(path):
            variance = way[1] + (way[2] * variance if len(way) == 3 else 0.0)
        sizes.append(math.prod(way[0] for way in path) * math.sqrt(variance))
    return mp.mpf(math.sqrt(2 / math.pi) * math.fsum(sizes))


def _steps(first: mp.mpf, share: mp.mpf, times: int | None) -> mp.mpf:
    """Sum of steps that shrink, one by one; None: until they are nothing."""
    total, step, done = mp.mpf(0), first, 0
    while step > mp.mpf("1e-25") and (times is None or done < times):
        total, step, done = total + step, step * share, done + 1
    return total


def _first_moment(which: str) -> Iterator[Case]:
    """Each step is at most the diversity left over the root of the count, and they are added up."""
    for world, asked in _WORLDS:
        half = world.over_counts(lambda m: 1 / mp.sqrt(m))
        one = world.over_counts(lambda m: mp.mpf(1) / m)
        moved = world.over_counts(lambda m: chi_moment(F(m - 1), F(1)))
        for times in asked:
            value = _distance(world, times)
            with mp.workdps(40):
                factor, size = number(world.kept()) + moved, number(_SD)
                steps = {
                    "at": (half, factor, times),
                    "ever": (half, factor, None),
                    "root": (mp.sqrt(one), 1 - one / 4, None),
                }[which]
                value, slack = size * value, size * (_steps(*steps) - value)
            numbers = {
                "generations": times,
                "image_diversity": _SD,
                "contraction_factor": factor,
                "inverse_root_count": half,
                "inverse_count": one,
            }
            error = QUADRATURE * value
            yield Case(numbers=numbers, value=value, error=error, sharp=True, slack=slack)


# ------------------------------------------------------------------------- signs, counts and time

Law = dict[tuple[Fraction, Fraction], Fraction]  # (squared offset, variance): chance


def _one_update(size: int, prob: Fraction, least: int, square: Fraction, variance: Fraction) -> Law:
    """Outcomes of an update whose images lie one standard deviation to either side of the mean.

    The offset's sign relative to the step is symmetric, so only its square is carried along.
    """
    law: Law = {}
    for n in range(size + 1):
        chance = math.comb(size, n) * prob**n * (1 - prob) ** (size - n)
        if n < least:
            law[square, variance] = law.get((square, variance), F(0)) + chance
            continue
        for signs in itertools.product((-1, 1), repeat=n):
            average = F(sum(signs), n)
            spread = sum(((x - average) ** 2 for x in signs), F(0)) / (n - 1)
            key = (square + variance * average**2, variance * spread)
            law[key] = law.get(key, F(0)) + chance / 2**n
    return law


def _squared() -> Iterator[Case]:
    start, least = F(7, 3), 2
    for size, prob, times in ((3, F(2, 5), 1), (4, F(3, 5), 2)):
        law: Law = {(F(0), start): F(1)}
        for _ in range(times):
            following: Law = {}
            for (square, variance), chance in law.items():
                for key, share in _one_update(size, prob, least, square, variance).items():
                    following[key] = following.get(key, F(0)) + chance * share
            law = following
        inverse = sum(
            (
                math.comb(size, m) * prob**m * (1 - prob) ** (size - m) / m
                for m in range(least, size + 1)
            ),
            F(0),
        )
        numbers = {"generations": times, "image_variance": start, "inverse_count": inverse}
        yield Case(numbers=numbers, value=sum(c * key[0] for key, c in law.items()))


def _bound(which: str) -> Witness:
    return Witness(
        quantity="Mean(F[t])",
        method="quadrature for every count",
        make=functools.partial(_first_moment, which),
    )


WITNESSES = {
    "image_fidelity_bound_at": _bound("at"),
    "image_fidelity_bound": _bound("ever"),
    "image_fidelity_count_bound": _bound("root"),
    "image_fidelity_squared": Witness(quantity="Mean(F2[t])", method="enumeration", make=_squared),
}
