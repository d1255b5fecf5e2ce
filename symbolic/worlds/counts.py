"""Small worlds of random image counts, and of several runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from math import comb

from symbolic import symbols as s
from symbolic.model.fidelity import (
    squared_after,
    squared_offset_next,
    step_after,
    step_length_at,
)
from symbolic.model.image import counts_below, inverse_freedom_mean, mean_after, update_factor
from symbolic.worlds.arithmetic import Value, real, root
from symbolic.worlds.planes import SKEWED, chance_mean, draws, length, root_trace, rows, scatter
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
_TRIALS, _PROB, _LEAST, _NOW = 3, F(2, 7), 2, 1
_SD, _OFFSET = (F(3, 2), F(2, 5)), (F(2, 3), F(-1, 4))
_KAPPA, _DDOF = F(5, 6), F(1, 2)
_WEIGHT = {
    m: comb(_TRIALS, m) * _PROB**m * (1 - _PROB) ** (_TRIALS - m) for m in range(_TRIALS + 1)
}
_UPDATED = range(_LEAST, _TRIALS + 1)
_BELOW = sum((_WEIGHT[m] for m in range(_LEAST)), F(0))
_SIZES = {
    s.batch_size: F(_TRIALS),
    s.text_prob: _PROB,
    s.min_images: F(_LEAST),
    counts_below: _BELOW,
}


def _after(count: int, axes: int) -> Iterator[tuple[Fraction, tuple[Fraction, ...], Value]]:
    """All updates with a count: chance, step of the mean, image diversity after it."""
    sd = (*_SD[:axes], *[F(0)] * (2 - axes))
    for chance, drawn in draws(SKEWED, axes * count):
        z = [(*row, *[F(0)] * (2 - axes)) for row in rows(drawn, axes)]
        step = tuple(sd[a] * sum((row[a] for row in z), F(0)) / count for a in range(2))
        products = scatter(z[:-1])
        scale = _KAPPA / (count - _DDOF)
        cov = [[scale * sd[a] * sd[b] * products[a][b] for b in range(2)] for a in range(2)]
        yield chance, step, root_trace(cov)


def _moved(step: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    return tuple(x + y for x, y in zip(_OFFSET, step, strict=True))


@small_world
def binomial() -> World:
    """One update with a binomial number of images, on two axes; there is no start but zero."""
    given = {m: tuple(_after(m, 2)) for m in _UPDATED}
    diversities = {m: chance_mean([(c, d) for c, _, d in given[m]]) for m in given}
    start = sum(_SD, F(0))
    return World(
        name="binomial image counts",
        values={
            **_SIZES,
            s.image_diversity: start,
            s.squared_offset: sum((x**2 for x in _OFFSET), F(0)),
            s.inverse_root_count: chance_mean(
                [(_WEIGHT[m], 1 / real(root(F(m)))) for m in _UPDATED]
            ),
            s.inverse_next_count: sum((w / (m + 1) for m, w in _WEIGHT.items()), F(0)),
        },
        tables={
            mean_after: diversities.__getitem__,
            step_after: {
                m: chance_mean([(c, length(step)) for c, step, _ in given[m]]) for m in given
            }.__getitem__,
            squared_after: {
                m: sum((c * _square(_moved(step)) for c, step, _ in given[m]), F(0)) for m in given
            }.__getitem__,
        },
        outcomes=tuple(
            _outcome(_WEIGHT[m] * chance, step, diversity)
            for m in _WEIGHT
            for chance, step, diversity in given.get(m, [(F(1), (F(0), F(0)), start)])
        ),
        ranges={s.generations: (_NOW,)},
    )


def _square(vector: tuple[Fraction, ...]) -> Fraction:
    return sum((x**2 for x in vector), F(0))


def _outcome(chance: Fraction, step: tuple[Fraction, ...], diversity: Value) -> Outcome:
    places = {0: (F(0), F(0)), _NOW: _OFFSET, _NOW + 1: _moved(step)}
    return Outcome(
        chance=chance,
        values={s.next_image_diversity: diversity, squared_offset_next: _square(_moved(step))},
        tables={
            step_length_at.label: {_NOW: length(step)}.__getitem__,
            s.image_fidelity_at.label: lambda t: length(places[t]),
            s.squared_fidelity_at.label: lambda t: _square(places[t]),
        },
    )


@small_world
def line() -> World:
    """The same on one axis, where every standard deviation has the factor of the diversity."""
    given = {m: chance_mean([(c, d) for c, _, d in _after(m, 1)]) for m in _UPDATED}
    factor = {m: mean / real(_SD[0]) for m, mean in given.items()}
    mean = chance_mean([(_BELOW, F(1)), *((_WEIGHT[m], factor[m]) for m in _UPDATED)])
    diversity = chance_mean([(_BELOW, _SD[0]), *((_WEIGHT[m], given[m]) for m in _UPDATED)])
    return World(
        name="binomial image counts on one axis",
        values={
            **_SIZES,
            s.mean_image_factor: mean,
            s.contraction_factor: diversity / real(_SD[0]),
        },
    )


@small_world
def slopes() -> World:
    """A mean over binomial counts, and its slope: N times the mean difference one success makes."""
    factor = {m: F(m, m + 1) ** 2 for m in range(_TRIALS + 2)}

    def gained(m: int) -> Fraction:
        return factor[m] - 1 if m >= _LEAST else F(0)

    slope = _TRIALS * sum(
        (
            comb(_TRIALS - 1, m)
            * _PROB**m
            * (1 - _PROB) ** (_TRIALS - 1 - m)
            * (gained(m + 1) - gained(m))
            for m in range(_TRIALS)
        ),
        F(0),
    )
    return World(
        name="slope of a binomial mean",
        values={**_SIZES, s.mean_factor_slope: real(slope)},
        tables={update_factor: factor.__getitem__},
    )


@small_world
def caption() -> World:
    """The isotropic rate to first order, over image counts; a kept text loses nothing."""
    axes = F(3)
    inverse = sum((_WEIGHT[m] / (m - 1) for m in _UPDATED), F(0))
    lost = sum((_WEIGHT[m] * (axes + 1) / (8 * (m - 1)) for m in _UPDATED), F(0))
    return World(
        name="the caption's rate",
        values={
            s.num_features: axes,
            s.contraction_factor: 1 - lost,
            inverse_freedom_mean: inverse,
        },
    )


# ------------------------------------------------------------------------------------------- runs

_RUNS = 2
_LAW = {(F(4, 9), F(5, 4)): F(1, 3), (F(9, 4), F(2, 7)): F(2, 3)}  # variance, image diversity
_POWER = F(1, 3)


@small_world
def runs() -> World:
    """Two runs (three are drawn) of a system, measured at one time."""
    roots = {(F(4, 9)): F(2, 3), F(9, 4): F(3, 2)}

    def spread(values: list[tuple[Fraction, Fraction]]) -> Fraction:
        mean = sum((c * x for c, x in values), F(0))
        variance = sum((c * (x - mean) ** 2 for c, x in values), F(0))
        return variance / _RUNS / mean**2

    pairs = [
        (first * second, (roots[a[0]] + roots[b[0]]) / 2)
        for a, first in _LAW.items()
        for b, second in _LAW.items()
    ]
    mean = sum((c * roots[x[0]] for x, c in _LAW.items()), F(0))
    power = chance_mean([(c, real(x) ** real(_POWER)) for c, x in pairs])
    return World(
        name="runs",
        values={
            s.replicates: F(_RUNS),
            s.fraction_power: _POWER,
            s.relative_variance: spread([(c, roots[x[0]]) for x, c in _LAW.items()]),
            s.diversity_variance: spread([(c, x[1]) for x, c in _LAW.items()]),
            s.relative_power_mean: power / real(mean) ** real(_POWER),
        },
        outcomes=tuple(map(_run, itertools.product(_LAW, repeat=_RUNS + 1))),
        ranges={s.generations: (_NOW,)},
    )


def _run(found: tuple[tuple[Fraction, Fraction], ...]) -> Outcome:
    chance = F(1)
    for one in found:
        chance *= _LAW[one]
    drawn = [
        {
            s.directional_variance_at.label: {_NOW: variance}.__getitem__,
            s.image_diversity_at.label: {_NOW: diversity}.__getitem__,
        }
        for variance, diversity in found
    ]
    return Outcome(chance=chance, tables=drawn[0], draws=tuple(drawn))
