"""Tiny self-consuming loops, of which everything that may happen is listed, in rationals.

Outcomes are numbered; a training set is the real examples and the last generated ones, or these
alone.  A procedure is a function from real and generated examples to a law, a loss one from those
and an example to a number.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Loop", "apart", "mean_of"]

F = Fraction
Law = tuple[Fraction, ...]
Examples = tuple[int, ...]
Fit = Callable[[Law, Examples, Examples], Law]
Loss = Callable[[Examples, Examples, int], Fraction]


def apart(first: Law, second: Law) -> Fraction:
    """Total variation between two laws.

    Examples
    --------
    >>> apart((F(1), F(0)), (F(1, 3), F(2, 3)))
    Fraction(2, 3)
    """
    return sum((max(p - q, F(0)) for p, q in zip(first, second, strict=True)), F(0))


def mean_of(law: Law, values: Callable[[int], Fraction]) -> Fraction:
    """Mean over the outcomes.

    Examples
    --------
    >>> mean_of((F(1, 2), F(1, 2)), lambda k: F(k))
    Fraction(1, 2)
    """
    return sum((p * values(k) for k, p in enumerate(law)), F(0))


def swapped(examples: Examples, place: int, new: int) -> Examples:
    """Put another example in a place.

    Examples
    --------
    >>> swapped((0, 1, 0), 2, 1)
    (0, 1, 1)
    """
    return (*examples[:place], new, *examples[place + 1 :])


@dataclass(frozen=True)
class Loop:
    """A tiny loop.

    Parameters
    ----------
    law : tuple of Fraction
        Of a real example.
    real, generated : int
        Numbers of examples.
    keeps : bool
        Whether later training sets contain the real examples.
    fit : callable
        Law fitted to what a fit should meet, the real examples and the generated ones.
    loss : callable
        Of the model fitted to real and generated examples, at an example.
    times : int
        Fits behind the law of the last generated examples.

    Examples
    --------
    >>> Loop((F(1), F(0)), 1, 1, True, lambda law, x, y: law, lambda x, y, z: F(z)).share
    Fraction(1, 2)
    """

    law: Law
    real: int
    generated: int
    keeps: bool
    fit: Fit
    loss: Loss
    times: int = 1

    @property
    def share(self) -> Fraction:
        """Weight of the real examples."""
        return F(self.real, self.real + self.generated) if self.keeps else F(0)

    def samples(self, law: Law, size: int) -> Iterator[tuple[Fraction, Examples]]:
        """All samples of a law, and how likely they are."""
        for drawn in itertools.product(range(len(law)), repeat=size):
            chance = F(1)
            for k in drawn:
                chance *= law[k]
            if chance:
                yield chance, drawn

    def mixture(self, law: Law) -> Law:
        """What a fit should meet: real examples and generated ones of a law."""
        return tuple(
            self.share * p + (1 - self.share) * q for p, q in zip(self.law, law, strict=True)
        )

    def paths(self, data: Examples) -> Iterator[tuple[Fraction, tuple[Law, ...]]]:
        """All laws that the models may have, one after the other, from real examples."""

        def go_on(
            chance: Fraction, laws: tuple[Law, ...]
        ) -> Iterator[tuple[Fraction, tuple[Law, ...]]]:
            if len(laws) == self.times + 1:
                yield chance, laws
                return
            for weight, made in self.samples(laws[-1], self.generated):
                kept = data if self.keeps else ()
                later = self.fit(self.mixture(laws[-1]), kept, made)
                yield from go_on(chance * weight, (*laws, later))

        yield from go_on(F(1), (self.law, self.fit(self.law, data, ())))

    def batch(self, data: Examples) -> dict[Examples, Fraction]:
        """Law of all that the last model generates, from real examples."""
        found: dict[Examples, Fraction] = {}
        for chance, laws in self.paths(data):
            for weight, made in self.samples(laws[-1], self.generated):
                found[made] = found.get(made, F(0)) + chance * weight
        return found

    def real_data(self) -> Iterator[tuple[Fraction, Examples]]:
        """All real data."""
        return self.samples(self.law, self.real)

    def kept(self, data: Examples) -> Examples:
        """The real examples of the last training set."""
        return data if self.keeps else ()

    def risk(self, law: Law, data: Examples, made: Examples) -> Fraction:
        """Mean loss on a law."""
        return mean_of(law, lambda x: self.loss(self.kept(data), made, x))

    def mean_loss(self, part: Examples, data: Examples, made: Examples) -> Fraction:
        """Mean loss on some of the examples."""
        return sum((self.loss(self.kept(data), made, x) for x in part), F(0)) / len(part)

    def _everything(self) -> list[tuple[Examples, Examples]]:
        outcomes = range(len(self.law))
        return [
            (drawn[: self.real], drawn[self.real :])
            for drawn in itertools.product(outcomes, repeat=self.real + self.generated)
        ]

    def most_loss(self) -> Fraction:
        """The largest loss."""
        outcomes = range(len(self.law))
        return max(self.loss(self.kept(d), m, x) for d, m in self._everything() for x in outcomes)

    def uniform_stability(self) -> Fraction:
        """The largest change of a loss by one example of the training set."""
        found, outcomes = F(0), range(len(self.law))
        for data, made in self._everything():
            for x, new in itertools.product(outcomes, repeat=2):
                here = self.loss(self.kept(data), made, x)
                others = [(swapped(data, k, new), made) for k in range(self.real) if self.keeps]
                others += [(data, swapped(made, k, new)) for k in range(self.generated)]
                found = max(found, *(abs(here - self.loss(self.kept(d), m, x)) for d, m in others))
        return found

    def recursive_stability(self) -> Fraction:
        """The largest total variation by one real example."""
        found, outcomes = F(0), range(len(self.law))
        for data in itertools.product(outcomes, repeat=self.real):
            here = self.batch(data)
            for place, new in itertools.product(range(self.real), outcomes):
                other = self.batch(swapped(data, place, new))
                keys = here.keys() | other.keys()
                moved = sum((max(here.get(k, F(0)) - other.get(k, F(0)), F(0)) for k in keys), F(0))
                found = max(found, moved)
        return found

    def generation_error(self) -> Fraction:
        """The largest total variation between a fit and what it should meet."""
        found = F(0)
        for _, data in self.real_data():
            for _, laws in self.paths(data):
                for before, after in itertools.pairwise(laws):
                    found = max(found, apart(after, self.mixture(before)))
        return found

    def distribution_shift(self) -> Fraction:
        """The largest total variation between a last law and that of the real data."""
        return max(
            apart(laws[-1], self.law)
            for _, data in self.real_data()
            for _, laws in self.paths(data)
        )
