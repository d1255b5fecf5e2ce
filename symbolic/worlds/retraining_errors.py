"""Small worlds of iterative retraining: training sets of a few examples, all draws listed.

A draw is 2 or -1/2, of mean 0 and variance 1, so that no premise can lean on a symmetric law.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

from symbolic import symbols as s
from symbolic.model.retraining_errors import (
    centred,
    cross,
    data_gap,
    data_offset,
    generated,
    model_spread,
    next_cross,
    offset,
    real,
    real_spread,
)
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
Point = tuple[Fraction, ...]  # an example, or a mean: one number an axis
Values = dict[s.RandomSymbol, Fraction]
LAW = ((F(2), F(1, 5)), (F(-1, 2), F(4, 5)))
AXES, NEW, REAL, NOW = 2, 2, 3, 3
OFFSET, SD, REAL_SD = (F(2, 3), F(-1, 4)), (F(3, 2), F(2, 5)), (F(1, 2), F(4, 3))
DDOF, WEIGHT, RATIO, POOLED = F(1, 2), F(2, 7), F(3, 4), F(11, 6)
ZERO = (F(0),) * AXES
SHARE = RATIO / (1 + RATIO)
_DATA: tuple[Point, ...] = ((F(1), F(-1)), (F(-3, 2), F(1, 3)), (F(1, 2), F(2, 3)))  # of mean 0
_GAP = (F(1, 5), F(-3, 7))  # of the real examples' mean from the real data's


def total(values: Iterator[Fraction]) -> Fraction:
    """Add up."""
    return sum(values, F(0))


def squared(point: Point) -> Fraction:
    """Squared distance from the origin."""
    return total(x**2 for x in point)


def mean_of(points: Sequence[Point], weights: Sequence[Fraction] = ()) -> Point:
    """Mean of (weighted) points."""
    weights = weights or [F(1, len(points))] * len(points)
    return tuple(total(w * p[a] for w, p in zip(weights, points, strict=True)) for a in range(AXES))


def spread_of(points: Sequence[Point], weights: Sequence[Fraction] = ()) -> Fraction:
    """Trace of the covariance of weighted points, denominator and all."""
    weights = weights or [F(1, len(points))] * len(points)
    centre = mean_of(points, weights)
    apart = (
        w * squared(less(p, centre)) for w, p in zip(weights, points, strict=True)
    )  # fmt: skip
    return total(apart) * len(points) / (len(points) - DDOF)


def less(point: Point, other: Point) -> Point:
    """Take one point from another."""
    return tuple(x - y for x, y in zip(point, other, strict=True))


def examples(size: int, centre: Point, sd: Point) -> Iterator[tuple[Fraction, tuple[Point, ...]]]:
    """All sets of so many examples; each has one draw for all its axes."""
    for drawn in itertools.product(LAW, repeat=size):
        chance = F(1)
        for _, share in drawn:
            chance *= share
        yield (
            chance,
            tuple(tuple(m + x * e for m, x in zip(centre, sd, strict=True)) for e, _ in drawn),
        )


VALUES = {
    s.num_features: F(AXES),
    s.num_generated: F(NEW),
    s.num_real: F(REAL),
    s.ddof: DDOF,
    s.fresh_weight: WEIGHT,
    s.synthetic_ratio: RATIO,
    s.location_error: squared(OFFSET),
    s.model_variance: squared(SD),
    s.real_variance: squared(REAL_SD),
    s.data_distance: squared(OFFSET),
    s.data_variance: total(squared(p) for p in _DATA) / REAL,
    s.pool_moment: POOLED,
    cross: total(x * g for x, g in zip(OFFSET, _GAP, strict=True)),
}
TABLES = {
    offset.label: OFFSET.__getitem__,
    data_offset.label: OFFSET.__getitem__,
    data_gap.label: _GAP.__getitem__,
    model_spread.label: tuple(x**2 for x in SD).__getitem__,
    real_spread.label: tuple(x**2 for x in REAL_SD).__getitem__,
}


def _world(name: str, outcomes: Iterator[Outcome]) -> World:
    return World(
        name=name,
        values=VALUES,
        tables=TABLES,
        outcomes=tuple(outcomes),
        ranges={s.feature: range(AXES), s.generations: (NOW,)},
    )


def _outcome(
    chance: Fraction, new: Sequence[Point], fresh: Sequence[Point], values: Values
) -> Outcome:
    labels = {generated.base.label: new, centred.base.label: new, real.base.label: fresh}
    return Outcome(
        chance=chance,
        values=values,
        tables={label: points[0].__getitem__ for label, points in labels.items() if points},
        draws=tuple(
            {label: point.__getitem__} for label, points in labels.items() for point in points
        ),
    )


def _fitted(points: Sequence[Point], weights: Sequence[Fraction] = ()) -> Values:
    return {
        s.next_location_error: squared(mean_of(points, weights)),
        s.next_model_variance: spread_of(points, weights),
    }


@small_world
def replaced() -> World:
    """A fit to what the model generated, and nothing else."""
    return _world(
        "replaced",
        (_outcome(c, new, (), _fitted(new)) for c, new in examples(NEW, OFFSET, SD)),
    )


@small_world
def fresh() -> World:
    """A fit to generated and to fresh real examples, of another weight than their numbers."""
    weights = [WEIGHT / REAL] * REAL + [(1 - WEIGHT) / NEW] * NEW
    return _world(
        "fresh real examples",
        (
            _outcome(c * k, new, drawn, _fitted((*drawn, *new), weights))
            for c, new in examples(NEW, OFFSET, SD)
            for k, drawn in examples(REAL, ZERO, REAL_SD)
        ),
    )


@small_world
def mixed() -> World:
    """A fit to generated examples and the same real ones; measured from the mean of these."""
    weights = [(1 - SHARE) / REAL] * REAL + [SHARE / NEW] * NEW
    return _world("the same real examples", (
        _outcome(
            c, new, (),
            {
                s.next_data_distance: squared(mean_of((*_DATA, *new), weights)),
                s.next_model_variance: spread_of((*_DATA, *new), weights),
                next_cross: total(
                    m * g for m, g in zip(mean_of((*_DATA, *new), weights), _GAP, strict=True)
                ),
            },
        )
        for c, new in examples(NEW, OFFSET, SD)
    ))  # fmt: skip


@small_world
def accumulated() -> World:
    """A fit to the pool of all generations, whose mean is the model's."""
    return _world("the pool", (_pooled(c, new) for c, new in examples(NEW, OFFSET, SD)))


def _pooled(chance: Fraction, new: Sequence[Point]) -> Outcome:
    old, later = (NOW + 1) * NEW, (NOW + 2) * NEW
    mean = tuple((old * OFFSET[a] + total(p[a] for p in new)) / later for a in range(AXES))
    around = POOLED - squared(OFFSET)  # mean square of the pool about its own mean
    shift = squared(less(OFFSET, mean))
    apart = old * (around + shift) + total(squared(less(p, mean)) for p in new)
    return _outcome(chance, new, (), {
        s.next_location_error: squared(mean),
        s.next_pool_moment: (old * POOLED + total(squared(p) for p in new)) / later,
        s.next_model_variance: apart / (later - DDOF),
    })  # fmt: skip
