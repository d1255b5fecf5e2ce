"""Small worlds of the covariance as a whole: isotropic, nearly diagonal, and in time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic import symbols as s
from symbolic.model.fidelity import variance_at
from symbolic.model.image import axis_ratio, cube_rest, deviation, spread_size
from symbolic.model.spectra import growing_mode, shrinking_mode, wishart_determinant
from symbolic.worlds.arithmetic import DIGITS, Value, real
from symbolic.worlds.planes import (
    SKEWED,
    Matrix,
    determinant,
    draws,
    form,
    matrix_root,
    root_trace,
    rows,
    scatter,
    times,
    trace,
)
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
AXES, GENERATED = 2, 3
KAPPA, DDOF = F(5, 6), F(1, 2)
_SCALE = KAPPA / (GENERATED - DDOF)
_SD, _DIRECTION, _FLAT = (F(3, 2), F(2, 5)), (F(3, 5), F(4, 5)), F(7, 4)
_SIZES: dict[Any, Any] = {
    s.num_features: F(AXES),
    s.image_count: F(GENERATED),
    s.degrees_of_freedom: F(GENERATED - 1),
    s.ddof: DDOF,
    s.shrinkage_factor: KAPPA,
}


@small_world
def isotropic() -> World:
    """One update of an isotropic covariance: the scatter's eigenvalues and their powers."""
    return World(
        name="isotropic covariance",
        values={**_SIZES, s.image_diversity: AXES * _FLAT, axis_ratio: F(2, 3)},
        tables={s.image_sd.label: dict.fromkeys(range(AXES), _FLAT).__getitem__},
        outcomes=tuple(_scattered()),
        ranges={s.count_index: (1, 2, 3), s.feature: range(AXES)},
    )


@small_world
def lopsided() -> World:
    """One long axis among equal ones; the direction looked at is the long one."""
    long, ratio = F(5, 2), F(2, 3)
    return World(
        name="one long axis",
        values={
            axis_ratio: ratio,
            s.num_features: F(3),
            s.directional_variance: long**2,
            s.largest_variance: max(long**2, (ratio * long) ** 2),
        },
        tables={s.image_sd.label: (long, ratio * long, ratio * long).__getitem__},
        ranges={s.feature: range(3)},
    )


@small_world
def plain() -> World:
    """The usual covariance: half the mean squared difference of two images."""
    images = (F(1, 2), F(3), F(-1))
    mean = sum(images, F(0)) / len(images)
    squares = sum(((x - mean) ** 2 for x in images), F(0))
    pairs = sum(((x - y) ** 2 for x in images for y in images), F(0))
    usual = pairs / (2 * len(images) * (len(images) - 1))
    return World(
        name="usual covariance",
        values={s.ddof: len(images) - squares / usual, s.shrinkage_factor: F(1)},
    )


def _scattered() -> Iterator[Outcome]:
    for chance, drawn in draws(SKEWED, AXES * (GENERATED - 1)):
        products = scatter(rows(drawn))
        powers: dict[int, Matrix] = {1: products}
        for power in (2, 3, 4):
            powers[power] = times(powers[power - 1], products)
        with mp.workdps(DIGITS):
            middle, size = real(trace(products)) / 2, real(determinant(products))
            apart = mp.sqrt(middle**2 - size)
            ratios = [mp.sqrt((middle + sign * apart) / (GENERATED - 1)) for sign in (1, -1)]
        yield Outcome(
            chance=chance,
            values={s.next_image_diversity: root_trace(_scaled(products, _SCALE * _FLAT**2))},
            tables={
                s.root_ratio.label: ratios.__getitem__,
                s.wishart_trace.label: {m: trace(power) for m, power in powers.items()}.__getitem__,
            },
        )


def _scaled(matrix: Matrix, factor: Fraction) -> Matrix:
    return [[factor * x for x in row] for row in matrix]


# ------------------------------------------------------------------------------------- expansion

_MANY = 200  # digits, so that differences show derivatives
_SPREAD, _DEVIATION = F(1, 7), ((F(2, 3), F(-1, 4)), (F(-1, 4), F(1, 5)))


@small_world
def expansion() -> World:
    """The root of ``diag(s^2) + eta X``: its remainder is measured, not computed by a formula."""
    rest = [_remainder(a) for a in range(AXES)]
    outcome = Outcome(
        chance=F(1),
        values={s.next_image_diversity: root_trace(_moved(_SPREAD))},
        tables={
            deviation.label: lambda a, b: _DEVIATION[a][b],
            cube_rest.label: lambda a, b: {(c, c): rest[c] for c in range(AXES)}[a, b],
        },
    )
    return World(
        name="root near a diagonal matrix",
        values={**_SIZES, spread_size: _SPREAD},
        tables={s.image_sd.label: dict(enumerate(_SD)).__getitem__},
        outcomes=(outcome,),
    )


def _moved(size: Value) -> Matrix:
    return [
        [(_SD[a] ** 2 if a == b else 0) + size * _DEVIATION[a][b] for b in range(AXES)]
        for a in range(AXES)
    ]


def _remainder(axis: int) -> Value:
    """Take what two derivatives (by differences) leave of a diagonal entry, over ``eta^3``."""

    def entry(size: Fraction) -> Value:
        return matrix_root(_moved(size), _MANY)[axis][axis]

    small = F(1, 10**50)
    with mp.workdps(_MANY):
        ahead, here, behind = (entry(step * small) for step in (1, 0, -1))
        h, eta = real(small), real(_SPREAD)
        first, second = (ahead - behind) / (2 * h), (ahead - 2 * here + behind) / h**2
        return (entry(_SPREAD) - here - eta * first - eta**2 * second / 2) / eta**3


# ---------------------------------------------------------------------------------------- in time


@small_world
def in_time() -> World:
    """Two updates of a covariance; what is compared between times is compared at time one."""
    outcomes = tuple(_paths())

    def traces(t: int, power: int) -> Fraction:
        return sum((o.chance * o.tables[variance_at.label](t) ** power for o in outcomes), F(0))

    start = [[_SD[a] ** 2 if a == b else F(0) for b in range(AXES)] for a in range(AXES)]
    return World(
        name="two image updates",
        values={
            **_SIZES,
            s.directional_variance: sum((v**2 * x**2 for v, x in _zipped()), F(0)),
            s.image_diversity: sum(_SD, F(0)),
            s.root_form: sum((v**2 * x for v, x in _zipped()), F(0)),
            s.determinant: determinant(start),
            s.image_variance: trace(start),
            s.image_square_trace: trace(times(start, start)),
            s.trace_variance: lambda at: (
                traces(int(at[s.generations]), 2) - traces(int(at[s.generations]), 1) ** 2
            ),
        },
        tables={
            s.image_sd.label: dict(enumerate(_SD)).__getitem__,
            s.direction.label: dict(enumerate(_DIRECTION)).__getitem__,
        },
        outcomes=outcomes,
        ranges={s.generations: (1,)},
    )


def _zipped() -> Iterator[tuple[Fraction, Fraction]]:
    return zip(_DIRECTION, _SD, strict=True)


def _paths() -> Iterator[Outcome]:
    """All draws of two updates: ``Sigma_t = A_t A_t'`` up to a factor, ``A_{t+1} = A_t Z_t``."""
    start = [[_SD[a] if a == b else F(0) for b in range(AXES)] for a in range(AXES)]
    for chance, drawn in draws(SKEWED, 2 * AXES**2):
        first, second = (
            [list(row) for row in rows(half)] for half in (drawn[: AXES**2], drawn[AXES**2 :])
        )
        halves = [start, times(start, first)]
        halves.append(times(halves[1], second))
        covs = [
            _scaled(times(half, [list(column) for column in zip(*half, strict=True)]), _SCALE**t)
            for t, half in enumerate(halves)
        ]
        yield Outcome(
            chance=chance,
            values={wishart_determinant: determinant(second) ** 2},
            tables=_measured(covs),
        )


def _measured(covs: list[Matrix]) -> dict[Any, Any]:
    return {
        s.directional_variance_at.label: lambda t: sum(
            _DIRECTION[a] * _DIRECTION[b] * covs[t][a][b] for a in range(AXES) for b in range(AXES)
        ),
        s.image_diversity_at.label: lambda t: root_trace(covs[t]),
        s.root_form_at.label: lambda t: form(matrix_root(covs[t]), _DIRECTION),
        s.determinant_at.label: lambda t: determinant(covs[t]),
        variance_at.label: lambda t: trace(covs[t]),
        s.square_trace_at.label: lambda t: trace(times(covs[t], covs[t])),
        growing_mode.label: lambda t: trace(covs[t]) ** 2 + 2 * trace(times(covs[t], covs[t])),
        shrinking_mode.label: lambda t: trace(covs[t]) ** 2 - trace(times(covs[t], covs[t])),
    }
