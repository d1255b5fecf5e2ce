"""Retraining example by example: training sets written out, every draw listed, fits averaged.

One axis.  A draw is 2 (chance 1/5) or -1/2, of mean 0 and variance 1; an example is a mean plus a
standard deviation times a draw.  With a known covariance all is rational; otherwise standard
deviations are roots, of forty digits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import mpmath as mp

F = Fraction
DIGITS = 40
LAW = ((F(2), F(1, 5)), (F(-1, 2), F(4, 5)))
REAL_SD = F(3, 2)
VARIANCE = REAL_SD**2  # of the real data


class Setting(NamedTuple):
    """How a training set is made, and what is fitted to it.

    ``policy`` makes it of the real examples at hand, the pool of all examples so far and the new
    ones; ``known`` leaves the covariance at that of the real data.
    """

    policy: str
    real: int
    new: int
    ddof: int = 0
    known: bool = False
    weight: Fraction = F(1, 2)  # of the real examples, where there are any


class Model(NamedTuple):
    """What is fitted, and what it was fitted to."""

    mean: Any
    variance: Any
    data: tuple[Any, ...]
    pool: tuple[Any, ...]


def number(value: Any) -> Any:
    """Write a rational with forty digits."""
    return mp.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def root(value: Any) -> Any:
    """Take a root, exactly where it is rational."""
    if isinstance(value, Fraction):
        low, high = mp.sqrt(value.numerator), mp.sqrt(value.denominator)
        exact = F(int(low), int(high))
        return exact if exact**2 == value else mp.sqrt(number(value))
    return mp.sqrt(value)


def drawn(size: int, mean: Any, sd: Any) -> Iterator[tuple[Fraction, tuple[Any, ...]]]:
    """All sets of so many examples, with their chances."""
    for combination in itertools.product(LAW, repeat=size):
        chance = F(1)
        for _, share in combination:
            chance *= share
        yield chance, tuple(plus(mean, times(sd, draw)) for draw, _ in combination)


def times(first: Any, second: Any) -> Any:
    """Multiply."""
    if isinstance(first, Fraction) and isinstance(second, Fraction):
        return first * second
    return number(first) * number(second)


def plus(first: Any, second: Any) -> Any:
    """Add."""
    if isinstance(first, Fraction) and isinstance(second, Fraction):
        return first + second
    return number(first) + number(second)


def total(values: Iterator[Any]) -> Any:
    """Add up."""
    result: Any = F(0)
    for value in values:
        result = plus(result, value)
    return result


def average(points: Sequence[Any], weights: Sequence[Fraction]) -> Any:
    """Mean of weighted points."""
    return total(times(w, x) for w, x in zip(weights, points, strict=True))


def fitted(points: Sequence[Any], weights: Sequence[Fraction], setting: Setting) -> tuple[Any, Any]:
    """Mean and variance of weighted points."""
    mean = average(points, weights)
    if setting.known:
        return mean, VARIANCE
    apart = average([times(plus(x, -mean), plus(x, -mean)) for x in points], weights)
    return mean, times(F(len(points), len(points) - setting.ddof), apart)


def equal(size: int) -> list[Fraction]:
    """Weights that are all the same."""
    return [F(1, size)] * size


def first_fits(setting: Setting) -> Iterator[tuple[Fraction, Model]]:
    """All first fits, to real examples alone."""
    for chance, data in drawn(setting.real, F(0), REAL_SD):
        mean, variance = fitted(data, equal(len(data)), setting)
        yield chance, Model(mean, variance, data, data)


def retrained(model: Model, setting: Setting) -> Iterator[tuple[Fraction, Model]]:
    """All fits of the next generation."""
    for chance, new in drawn(setting.new, model.mean, root(model.variance)):
        for share, points, weights in POLICIES[setting.policy](model, new, setting):
            mean, variance = fitted(points, weights, setting)
            yield chance * share, Model(mean, variance, model.data, (*model.pool, *new))


def courses(
    setting: Setting, generations: int, start: Model | None = None
) -> Iterator[tuple[Fraction, Model]]:
    """All models after so many generations, with their chances."""
    if generations:
        for chance, model in courses(setting, generations - 1, start):
            for share, later in retrained(model, setting):
                yield chance * share, later
    elif start is None:
        yield from first_fits(setting)
    else:
        yield F(1), start


Sets = Iterator[tuple[Fraction, Sequence[Any], Sequence[Fraction]]]


def _replaced(_model: Model, new: tuple[Any, ...], _setting: Setting) -> Sets:
    yield F(1), new, equal(len(new))


def _parted(real: Sequence[Any], new: Sequence[Any], weight: Fraction) -> tuple[Any, Any]:
    weights = [weight / len(real)] * len(real) + [(1 - weight) / len(new)] * len(new)
    return (*real, *new), weights


def _mixed(model: Model, new: tuple[Any, ...], setting: Setting) -> Sets:
    yield (F(1), *_parted(model.data, new, setting.weight))


def _fresh(_model: Model, new: tuple[Any, ...], setting: Setting) -> Sets:
    for chance, data in drawn(setting.real, F(0), REAL_SD):
        yield (chance, *_parted(data, new, setting.weight))


def _accumulated(model: Model, new: tuple[Any, ...], _setting: Setting) -> Sets:
    whole = (*model.pool, *new)
    yield F(1), whole, equal(len(whole))


POLICIES: dict[str, Callable[[Model, tuple[Any, ...], Setting], Sets]] = {
    "replaced": _replaced,
    "mixed": _mixed,
    "fresh": _fresh,
    "accumulated": _accumulated,
}


def expected(law: Iterator[tuple[Fraction, Model]], value: Callable[[Model], Any]) -> Any:
    """Average over all courses; of means and variances, not of their functions' arguments."""
    with mp.workdps(DIGITS):
        return total(times(chance, value(model)) for chance, model in law)


def location(model: Model) -> Any:
    """Squared distance of the model's mean from the real data's."""
    return times(model.mean, model.mean)


def spread(model: Model) -> Any:
    """Variance of what the model generates."""
    return model.variance


def from_data(model: Model) -> Any:
    """Squared distance of the model's mean from that of the real examples at hand."""
    apart = plus(model.mean, -average(model.data, equal(len(model.data))))
    return times(apart, apart)
