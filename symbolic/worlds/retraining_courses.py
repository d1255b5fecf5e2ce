"""Small worlds of iterative retraining in time: the first fits, and what stays the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from symbolic import symbols as s
from symbolic.model.retraining_errors import (
    cross_at,
    data_error_at,
    kept_square_at,
    kept_variance,
    real,
    square_at,
)
from symbolic.worlds.retraining_errors import (
    AXES,
    DDOF,
    NEW,
    REAL,
    REAL_SD,
    SD,
    SHARE,
    TABLES,
    VALUES,
    ZERO,
    Point,
    examples,
    less,
    mean_of,
    spread_of,
    squared,
    total,
)
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction


def _in_time(name: str, outcomes: Iterator[Outcome]) -> World:
    ranges = {s.generations: (0, 1), s.feature: range(AXES)}
    return World(name=name, values=VALUES, tables=TABLES, outcomes=tuple(outcomes), ranges=ranges)


@small_world
def first() -> World:
    """The first fit, to real examples alone."""
    return _in_time("the first fit", (
        Outcome(
            chance=chance,
            tables={
                s.location_error_at.label: {0: squared(mean_of(data))}.__getitem__,
                s.model_variance_at.label: {0: spread_of(data)}.__getitem__,
            },
            draws=tuple({real.base.label: point.__getitem__} for point in data),
        )
        for chance, data in examples(REAL, ZERO, REAL_SD)
    ))  # fmt: skip


@small_world
def kept() -> World:
    """The first fit and the next one, which keeps the same real examples."""
    return _in_time("the same real examples in time", (
        _kept(chance * share, data, new)
        for chance, data in examples(REAL, ZERO, REAL_SD)
        for share, new in examples(NEW, mean_of(data), SD)
    ))  # fmt: skip


@small_world
def kept_mean() -> World:
    """The same, with the mean distance from the real examples' mean under the state's name."""

    def mean(at: Mapping[Any, Fraction]) -> Fraction:
        label, when = s.data_distance_at.label, int(at[s.generations])
        return total(o.chance * o.tables[label](when) for o in kept().outcomes)

    return replace(kept(), values={**VALUES, s.data_distance: mean})


def _kept(chance: Fraction, data: Sequence[Point], new: Sequence[Point]) -> Outcome:
    centre = mean_of(data)
    weights = [(1 - SHARE) / REAL] * REAL + [SHARE / NEW] * NEW
    means = (centre, mean_of((*data, *new), weights))
    apart = [less(mean, centre) for mean in means]
    spreads = [spread_of(data), spread_of((*data, *new), weights)]
    plain = spreads[0] * (REAL - DDOF) / REAL
    tables = {
        s.location_error_at: [squared(mean) for mean in means],
        s.data_distance_at: [squared(step) for step in apart],
        cross_at: [
            total(x * y for x, y in zip(step, centre, strict=True)) for step in apart
        ],
        data_error_at: [squared(centre)] * 2,
        kept_variance: [plain] * 2,
        s.model_variance_at: spreads,
        kept_square_at: [x + squared(step) for x, step in zip(spreads, apart, strict=True)],
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
        for chance, data in examples(NEW, ZERO, REAL_SD)
        for share, new in examples(NEW, mean_of(data), SD)
    ))  # fmt: skip


def _pool_of(chance: Fraction, data: Sequence[Point], whole: Sequence[Point]) -> Outcome:
    pools = (data, whole)
    tables = {
        s.location_error_at: [squared(mean_of(points)) for points in pools],
        s.pool_moment_at: [total(map(squared, points)) / len(points) for points in pools],
        s.model_variance_at: [spread_of(points) for points in pools],
        square_at: [squared(mean_of(points)) + spread_of(points) for points in pools],
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


def _scheduled(power: int) -> World:
    return World(
        name="a growing number of generated examples",
        values={s.num_generated: F(3), s.schedule_power: F(power)},
        tables={s.generated_at.label: lambda t: F(3 * (t + 1) ** power)},
        ranges={s.generations: (0, 1, 4)},
    )


@small_world
def growing() -> World:
    """As many as the square of the generation says."""
    return _scheduled(2)


@small_world
def linear() -> World:
    """As many as the generation says."""
    return _scheduled(1)


@small_world
def known() -> World:
    """A covariance that is known."""
    return World(
        name="known covariance",
        values={s.real_variance: F(5, 3)},
        outcomes=(Outcome(chance=F(1), tables={s.model_variance_at.label: lambda _t: F(5, 3)}),),
        ranges={s.generations: (0, 1, 2)},
    )
