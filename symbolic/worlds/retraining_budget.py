"""Small worlds of a training budget: all samples of a pool, all ways to renew a reservoir.

Samples are of two examples, so that their standard deviations are rational.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import comb

from symbolic import symbols as s
from symbolic.model.retraining_budget import (
    batch_moment,
    batch_product,
    batch_square,
    replaced_count,
    reservoir_product,
    reservoir_square,
    sample_moment,
    sample_product,
    sample_square,
)
from symbolic.model.retraining_errors import real, real_spread
from symbolic.worlds.retraining_errors import (
    AXES,
    REAL_SD,
    ZERO,
    Point,
    examples,
    less,
    mean_of,
    squared,
    total,
)
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
BUDGET, HELD, NEW, NOW = 2, 3, 2, 1
_POOL: tuple[Point, ...] = (
    (F(1), F(-1)), (F(-3, 2), F(1, 3)), (F(1, 2), F(2, 3)), (F(2, 5), F(5, 3)),
)  # fmt: skip
_SIZES = {
    s.num_features: F(AXES),
    s.num_generated: F(NEW),
    s.training_budget: F(BUDGET),
}


def _moment(points: Sequence[Point]) -> Fraction:
    return total(map(squared, points)) / len(points)


def _spread(points: Sequence[Point]) -> Fraction:
    return _moment(points) - squared(mean_of(points))


def _product(first: Point, second: Point) -> Fraction:
    return total(x * y for x, y in zip(first, second, strict=True))


def _sd(pair: Sequence[Point]) -> Point:
    """Standard deviations of two examples, axis by axis."""
    return tuple(abs(x - y) / 2 for x, y in zip(*pair, strict=True))


@small_world
def sample() -> World:
    """A fit to a sample of the pool, and the batch that the fitted model adds to it."""
    return World(
        name="a sample of the pool",
        values={
            **_SIZES,
            s.pool_error: squared(mean_of(_POOL)),
            s.pool_moment: _moment(_POOL),
        },
        outcomes=tuple(_samples()),
        ranges={s.generations: (NOW,)},
    )


def _samples() -> Iterator[Outcome]:
    pairs = list(itertools.combinations(_POOL, BUDGET))
    centre = mean_of(_POOL)
    for pair in pairs:
        mean, moment = mean_of(pair), _moment(pair)
        off = less(mean, centre)
        for chance, new in examples(NEW, mean, _sd(pair)):
            away = less(mean_of(new), centre)
            whole = (*_POOL, *new)
            yield Outcome(
                chance=chance / len(pairs),
                values={
                    sample_product: _product(centre, off),
                    sample_square: squared(off),
                    sample_moment: moment,
                    s.next_location_error: squared(mean),
                    s.next_model_variance: squared(_sd(pair)),
                    batch_product: _product(centre, away),
                    batch_square: squared(away),
                    batch_moment: _moment(new),
                    s.next_pool_error: squared(mean_of(whole)),
                    s.next_pool_moment: _moment(whole),
                },
            )


@small_world
def reservoir() -> World:
    """A reservoir of three examples of a stream of four, to which two more come.

    What the model generates is any of the three: of their mean and covariance.
    """
    held = _POOL[-HELD:]
    return World(
        name="a reservoir",
        values={
            **_SIZES,
            s.training_budget: F(HELD),
            s.location_error: squared(mean_of(held)),
            s.model_variance: _spread(held),
        },
        outcomes=tuple(_renewed(held)),
        ranges={s.generations: (NOW,)},
    )


def _renewed(held: tuple[Point, ...]) -> Iterator[Outcome]:
    stream = (NOW + 1) * NEW
    centre = mean_of(held)
    for count in range(NEW + 1):
        weight = F(comb(NEW, count) * comb(stream, HELD - count), comb(stream + NEW, HELD))
        kept = list(itertools.combinations(held, HELD - count))
        for left in kept:
            for new in itertools.product(held, repeat=count):
                later = (*left, *new)
                away = less(mean_of(later), centre)
                yield Outcome(
                    chance=weight / len(kept) / HELD**count,
                    values={
                        replaced_count: F(count),
                        reservoir_product: _product(centre, away),
                        reservoir_square: squared(away),
                        s.next_location_error: squared(mean_of(later)),
                        s.next_model_variance: _spread(later),
                    },
                )


@small_world
def first() -> World:
    """The first real examples, of a pool or of a reservoir."""
    return World(
        name="the first batch",
        values=_SIZES,
        tables={real_spread.label: tuple(x**2 for x in REAL_SD).__getitem__},
        outcomes=tuple(
            Outcome(
                chance=chance,
                tables={
                    s.pool_error_at.label: {0: squared(mean_of(data))}.__getitem__,
                    s.location_error_at.label: {0: squared(mean_of(data))}.__getitem__,
                    s.model_variance_at.label: {0: squared(_sd(data))}.__getitem__,
                },
                draws=tuple({real.base.label: point.__getitem__} for point in data),
            )
            for chance, data in examples(NEW, ZERO, REAL_SD)
        ),
        ranges={s.feature: range(AXES)},
    )
