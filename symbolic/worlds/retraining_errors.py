"""Small worlds of iterative retraining: training sets of a few examples, all draws listed.

A draw is 2 or -1/2, of mean 0 and variance 1, so that no premise can lean on a symmetric law.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from symbolic import symbols as s
from symbolic.model.retraining_errors import (
    centred,
    cross,
    cross_at,
    data_error_at,
    data_gap,
    data_offset,
    generated,
    kept_square_at,
    kept_variance,
    model_spread,
    next_cross,
    offset,
    real,
    real_spread,
    square_at,
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
_SHARE = RATIO / (1 + RATIO)
_DATA: tuple[Point, ...] = ((F(1), F(-1)), (F(-3, 2), F(1, 3)), (F(1, 2), F(2, 3)))  # of mean 0
_GAP = (F(1, 5), F(-3, 7))  # of the real examples' mean from the real data's


def _total(values: Iterator[Fraction]) -> Fraction:
    return sum(values, F(0))


def _size(point: Point) -> Fraction:
    return _total(x**2 for x in point)


def _mean(points: Sequence[Point], weights: Sequence[Fraction] = ()) -> Point:
    weights = weights or [F(1, len(points))] * len(points)
    return tuple(
        _total(w * p[a] for w, p in zip(weights, points, strict=True)) for a in range(AXES)
    )


def _spread(points: Sequence[Point], weights: Sequence[Fraction] = ()) -> Fraction:
    """Trace of the covariance of weighted points, denominator and all."""
    weights = weights or [F(1, len(points))] * len(points)
    centre = _mean(points, weights)
    apart = (
        w * _size(_less(p, centre)) for w, p in zip(weights, points, strict=True)
    )  # fmt: skip
    return _total(apart) * len(points) / (len(points) - DDOF)


def _less(point: Point, other: Point) -> Point:
    return tuple(x - y for x, y in zip(point, other, strict=True))


def _examples(size: int, centre: Point, sd: Point) -> Iterator[tuple[Fraction, tuple[Point, ...]]]:
    """All sets of so many examples; each has one draw for all its axes."""
    for drawn in itertools.product(LAW, repeat=size):
        chance = F(1)
        for _, share in drawn:
            chance *= share
        yield (
            chance,
            tuple(tuple(m + x * e for m, x in zip(centre, sd, strict=True)) for e, _ in drawn),
        )


_VALUES = {
    s.num_features: F(AXES),
    s.num_generated: F(NEW),
    s.num_real: F(REAL),
    s.ddof: DDOF,
    s.fresh_weight: WEIGHT,
    s.synthetic_ratio: RATIO,
    s.location_error: _size(OFFSET),
    s.model_variance: _size(SD),
    s.real_variance: _size(REAL_SD),
    s.data_distance: _size(OFFSET),
    s.data_variance: _total(_size(p) for p in _DATA) / REAL,
    s.pool_moment: POOLED,
    cross: _total(x * g for x, g in zip(OFFSET, _GAP, strict=True)),
}
_TABLES = {
    offset.label: OFFSET.__getitem__,
    data_offset.label: OFFSET.__getitem__,
    data_gap.label: _GAP.__getitem__,
    model_spread.label: tuple(x**2 for x in SD).__getitem__,
    real_spread.label: tuple(x**2 for x in REAL_SD).__getitem__,
}


def _world(name: str, outcomes: Iterator[Outcome]) -> World:
    return World(
        name=name,
        values=_VALUES,
        tables=_TABLES,
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
        s.next_location_error: _size(_mean(points, weights)),
        s.next_model_variance: _spread(points, weights),
    }


@small_world
def replaced() -> World:
    """A fit to what the model generated, and nothing else."""
    return _world(
        "replaced",
        (_outcome(c, new, (), _fitted(new)) for c, new in _examples(NEW, OFFSET, SD)),
    )


@small_world
def fresh() -> World:
    """A fit to generated and to fresh real examples, of another weight than their numbers."""
    weights = [WEIGHT / REAL] * REAL + [(1 - WEIGHT) / NEW] * NEW
    return _world(
        "fresh real examples",
        (
            _outcome(c * k, new, drawn, _fitted((*drawn, *new), weights))
            for c, new in _examples(NEW, OFFSET, SD)
            for k, drawn in _examples(REAL, ZERO, REAL_SD)
        ),
    )


@small_world
def mixed() -> World:
    """A fit to generated examples and the same real ones; measured from the mean of these."""
    weights = [(1 - _SHARE) / REAL] * REAL + [_SHARE / NEW] * NEW
    return _world("the same real examples", (
        _outcome(
            c, new, (),
            {
                s.next_data_distance: _size(_mean((*_DATA, *new), weights)),
                s.next_model_variance: _spread((*_DATA, *new), weights),
                next_cross: _total(
                    m * g for m, g in zip(_mean((*_DATA, *new), weights), _GAP, strict=True)
                ),
            },
        )
        for c, new in _examples(NEW, OFFSET, SD)
    ))  # fmt: skip


@small_world
def accumulated() -> World:
    """A fit to the pool of all generations, whose mean is the model's."""
    return _world("the pool", (_pooled(c, new) for c, new in _examples(NEW, OFFSET, SD)))


def _pooled(chance: Fraction, new: Sequence[Point]) -> Outcome:
    old, later = (NOW + 1) * NEW, (NOW + 2) * NEW
    mean = tuple((old * OFFSET[a] + _total(p[a] for p in new)) / later for a in range(AXES))
    around = POOLED - _size(OFFSET)  # mean square of the pool about its own mean
    shift = _size(_less(OFFSET, mean))
    apart = old * (around + shift) + _total(_size(_less(p, mean)) for p in new)
    return _outcome(chance, new, (), {
        s.next_location_error: _size(mean),
        s.next_pool_moment: (old * POOLED + _total(_size(p) for p in new)) / later,
        s.next_model_variance: apart / (later - DDOF),
    })  # fmt: skip


def _in_time(name: str, outcomes: Iterator[Outcome]) -> World:
    ranges = {s.generations: (0, 1), s.feature: range(AXES)}
    return World(name=name, values=_VALUES, tables=_TABLES, outcomes=tuple(outcomes), ranges=ranges)


@small_world
def first() -> World:
    """The first fit, to real examples alone."""
    return _in_time("the first fit", (
        Outcome(
            chance=chance,
            tables={
                s.location_error_at.label: {0: _size(_mean(data))}.__getitem__,
                s.model_variance_at.label: {0: _spread(data)}.__getitem__,
            },
            draws=tuple({real.base.label: point.__getitem__} for point in data),
        )
        for chance, data in _examples(REAL, ZERO, REAL_SD)
    ))  # fmt: skip


@small_world
def kept() -> World:
    """The first fit and the next one, which keeps the same real examples."""
    return _in_time("the same real examples in time", (
        _kept(chance * share, data, new)
        for chance, data in _examples(REAL, ZERO, REAL_SD)
        for share, new in _examples(NEW, _mean(data), SD)
    ))  # fmt: skip


@small_world
def kept_mean() -> World:
    """The same, with the mean distance from the real examples' mean under the state's name."""

    def mean(at: Mapping[Any, Fraction]) -> Fraction:
        label, when = s.data_distance_at.label, int(at[s.generations])
        return _total(o.chance * o.tables[label](when) for o in kept().outcomes)

    return replace(kept(), values={**_VALUES, s.data_distance: mean})


def _kept(chance: Fraction, data: Sequence[Point], new: Sequence[Point]) -> Outcome:
    centre = _mean(data)
    weights = [(1 - _SHARE) / REAL] * REAL + [_SHARE / NEW] * NEW
    means = (centre, _mean((*data, *new), weights))
    apart = [_less(mean, centre) for mean in means]
    spreads = [_spread(data), _spread((*data, *new), weights)]
    plain = spreads[0] * (REAL - DDOF) / REAL
    tables = {
        s.location_error_at: [_size(mean) for mean in means],
        s.data_distance_at: [_size(step) for step in apart],
        cross_at: [
            _total(x * y for x, y in zip(step, centre, strict=True)) for step in apart
        ],
        data_error_at: [_size(centre)] * 2,
        kept_variance: [plain] * 2,
        s.model_variance_at: spreads,
        kept_square_at: [x + _size(step) for x, step in zip(spreads, apart, strict=True)],
    }  # fmt: skip
    return Outcome(
        chance=chance,
        tables={base.label: values.__getitem__ for base, values in tables.items()},
        draws=tuple({real.base.label: point.__getitem__} for point in data),
    )


@small_world
def pool() -> World:
    """The pool at the first fit and at the next."""
    return _in_time("the pool in time", (
        _pool_of(chance * share, data, (*data, *new))
        for chance, data in _examples(NEW, ZERO, REAL_SD)
        for share, new in _examples(NEW, _mean(data), SD)
    ))  # fmt: skip


def _pool_of(chance: Fraction, data: Sequence[Point], whole: Sequence[Point]) -> Outcome:
    pools = (data, whole)
    tables = {
        s.location_error_at: [_size(_mean(points)) for points in pools],
        s.pool_moment_at: [_total(map(_size, points)) / len(points) for points in pools],
        s.model_variance_at: [_spread(points) for points in pools],
        square_at: [_size(_mean(points)) + _spread(points) for points in pools],
    }
    return Outcome(
        chance=chance,
        tables={base.label: values.__getitem__ for base, values in tables.items()},
        draws=tuple({real.base.label: point.__getitem__} for point in data),
    )


@small_world
def likelihood() -> World:
    """Maximum likelihood; all examples of a training set count alike."""
    values = {s.ddof: F(0), s.num_generated: F(6), s.num_real: F(9), s.synthetic_ratio: F(2, 3)}
    return World(name="numbers of retraining", values=values)


@small_world
def alike() -> World:
    """As many generated examples as real ones."""
    return World(name="numbers alike", values={s.num_generated: F(7), s.num_real: F(7)})


@small_world
def known() -> World:
    """A covariance that is known."""
    return World(
        name="known covariance",
        values={s.real_variance: F(5, 3)},
        outcomes=(Outcome(chance=F(1), tables={s.model_variance_at.label: lambda _t: F(5, 3)}),),
        ranges={s.generations: (0, 1, 2)},
    )
