"""Every outcome of a small text model, with exact probabilities.

A small world: a few texts and a few possible images, with rational densities.  One text update
with ``size`` images has finitely many outcomes, and all are listed here.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

Probs = tuple[Fraction, ...]
Law = dict[Probs, Fraction]
F = Fraction

#: Densities of three texts on three possible images: rows add up to one.
DENSITIES = ((F(1, 2), F(1, 3), F(1, 6)), (F(1, 4), F(1, 4), F(1, 2)), (F(1, 5), F(3, 5), F(1, 5)))
#: Texts that no image confuses: text i draws image i only.
ONE_HOT = ((F(1), F(0), F(0)), (F(0), F(1), F(0)), (F(0), F(0), F(1)))
PROBS = (F(1, 6), F(1, 3), F(1, 2))


def gini(probs: Probs) -> Fraction:
    """Gini-Simpson diversity."""
    return 1 - sum((x * x for x in probs), F(0))


def mixture(probs: Probs, densities: Sequence[Probs] = DENSITIES) -> Probs:
    """Probability of each image."""
    return tuple(
        sum((p * q[y] for p, q in zip(probs, densities, strict=True)), F(0))
        for y in range(len(densities[0]))
    )


def posteriors(probs: Probs, densities: Sequence[Probs] = DENSITIES) -> list[Probs]:
    """Posterior over the texts for each image (all zero where no text draws it)."""
    mix = mixture(probs, densities)
    return [
        tuple(p * q[y] / mix[y] if mix[y] else F(0) for p, q in zip(probs, densities, strict=True))
        for y in range(len(mix))
    ]


def text_update(probs: Probs, size: int, densities: Sequence[Probs] = DENSITIES) -> Law:
    """Law of the text probabilities after one text update, by enumerating every draw."""
    mix, post = mixture(probs, densities), posteriors(probs, densities)
    law: Law = defaultdict(F)
    for draws in itertools.product(range(len(mix)), repeat=size):
        chance = F(1)
        for y in draws:
            chance *= mix[y]
        if chance:
            after = tuple(sum((post[y][i] for y in draws), F(0)) / size for i in range(len(probs)))
            law[after] += chance
    return dict(law)


def along(law: Law, step: Callable[[Probs], Law], times: int) -> Law:
    """Carry a law along by a kernel, exactly."""
    for _ in range(times):
        following: Law = defaultdict(F)
        for probs, chance in law.items():
            for after, share in step(probs).items():
                following[after] += chance * share
        law = dict(following)
    return law


def mean(law: Law, of: Callable[[Probs], Fraction]) -> Fraction:
    """Expectation of a function of the text probabilities."""
    return sum((chance * of(probs) for probs, chance in law.items()), F(0))


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Give every way to share a total among some texts."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for others in compositions(total - first, parts - 1):
            yield (first, *others)


def drift(probs: Probs, size: int) -> Law:
    """Law after one update with one-hot posteriors: shares of multinomial counts."""
    law: Law = defaultdict(F)
    for counts in compositions(size, len(probs)):
        ways = math.factorial(size)
        chance = F(1)
        for p, count in zip(probs, counts, strict=True):
            ways //= math.factorial(count)
            chance *= p**count
        if chance:
            law[tuple(F(count, size) for count in counts)] += ways * chance
    return dict(law)


def drifted(probs: Probs, size: int, times: int) -> Law:
    """Law after some updates with one-hot posteriors."""
    return along({probs: F(1)}, lambda p: drift(p, size), times)


def total_until_settled(probs: Probs, size: int, reward: Callable[[Probs], Fraction]) -> Fraction:
    """Mean sum of a reward over the updates before one text is left (reward 1: the mean time)."""
    states = [
        tuple(F(c, size) for c in counts)
        for counts in compositions(size, len(probs))
        if max(counts) < size
    ]
    rows = []
    for state in states:
        law = drift(state, size)
        rows.append([F(state == other) - law.get(other, F(0)) for other in states])
    values = dict(zip(states, solve(rows, [reward(state) for state in states]), strict=True))
    if max(probs) == 1:
        return F(0)
    following = (chance * values.get(after, F(0)) for after, chance in drift(probs, size).items())
    return reward(probs) + sum(following, F(0))


def solve(rows: list[list[Any]], right: list[Any]) -> list[Any]:
    """Solve a linear system exactly (or with floats), by elimination without pivoting.

    The matrices here are one minus a substochastic one: pivots do not vanish.
    """
    table = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for place, pivot in enumerate(table):
        for below in range(place + 1, len(table)):
            factor = table[below][place] / pivot[place]
            if factor:
                table[below] = [x - factor * y for x, y in zip(table[below], pivot, strict=True)]
    found: list[Any] = []
    for place, line in reversed(list(enumerate(table))):
        known = sum(
            (a * b for a, b in zip(line[place + 1 : -1], found, strict=True)), start=0 * line[-1]
        )
        found.insert(0, (line[-1] - known) / line[place])
    return found
