"""Every outcome of a small text model, with exact probabilities.

A small world: a few texts and a few possible images, with rational densities.  One text update
with ``size`` images has finitely many outcomes, and all are listed here.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction

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
