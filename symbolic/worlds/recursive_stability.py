"""Small worlds of two loops with the same noise: all draws listed, or normals at full precision."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic import symbols as s
from symbolic.model.recursive_stability import (
    example_at,
    fit_at,
    memory_at,
    noise_at,
    normal_shift,
    other_example_at,
    other_fit_at,
)
from symbolic.witnesses.recursive_stability import joint_law, line_distance, total_variation
from symbolic.worlds.arithmetic import DIGITS, real
from symbolic.worlds.retraining_errors import LAW
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
SHARE, SD, DISTANCE, NEW, LAST = F(2, 7), F(3, 2), F(5, 3), 2, 2
_REAL = (F(1), F(-1, 3), F(2))
_OTHER = (F(1), F(-1, 3) + DISTANCE, F(2))


def _path(data: tuple[Fraction, ...], share: Fraction, noise: tuple[Fraction, ...]) -> list[Any]:
    first = sum(data, F(0)) / len(data)
    path = [first]
    for moved in noise:
        path.append(share * first + (1 - share) * (path[-1] + moved))
    return path


def _noises() -> Iterator[tuple[Fraction, tuple[Fraction, ...]]]:
    """Means of the residuals of each generation, and how likely they are."""
    for drawn in itertools.product(LAW, repeat=NEW * (LAST + 1)):
        chance = F(1)
        for _, probability in drawn:
            chance *= probability
        parts = [drawn[NEW * k : NEW * (k + 1)] for k in range(LAST + 1)]
        yield chance, tuple(SD * sum(e for e, _ in part) / NEW for part in parts)


def _loops(name: str, share: Fraction) -> World:
    outcomes, variances, shifts = [], [F(0)] * (LAST + 1), [F(0)] * (LAST + 1)
    for chance, noise in _noises():
        path, other = (_path(data, share, noise) for data in (_REAL, _OTHER))
        memory = [path[k] + noise[k] - path[0] for k in range(LAST + 1)]
        for k in range(LAST + 1):
            variances[k] += chance * memory[k] ** 2
            shifts[k] += chance * abs(other[k] - path[k])
        tables = {
            example_at: _REAL,
            other_example_at: _OTHER,
            fit_at: path,
            other_fit_at: other,
            noise_at: noise,
            memory_at: memory,
        }
        outcomes.append(
            Outcome(
                chance=chance,
                tables={base.label: values.__getitem__ for base, values in tables.items()},
            )
        )
    return World(
        name=name,
        values={
            s.num_real: F(len(_REAL)),
            s.num_generated: F(NEW),
            s.real_share: share,
            s.example_distance: DISTANCE,
            s.known_variance: SD**2,
        },
        tables={
            s.memory_variance_at.label: variances.__getitem__,
            s.paired_shift_at.label: shifts.__getitem__,
        },
        outcomes=tuple(outcomes),
        ranges={s.generations: (0, 1)},
    )


@small_world
def mixed() -> World:
    """Real examples in every training set."""
    return _loops("two loops with the same noise", SHARE)


@small_world
def replaced() -> World:
    """No real examples but in the first training set."""
    return _loops("two loops on generated examples alone", F(0))


@small_world
def normals() -> World:
    """Normal examples, three a generation: the joint law of all of one generation."""
    variance, size, count = F(7, 4), 3, len(_REAL)

    def law(when: int) -> tuple[Any, Any, Any]:
        means, noises = joint_law(real(SHARE), count, size, real(variance), when)
        moved = [row[1] * real(DISTANCE) for row in means]
        batch = [sum(column) / size for column in zip(*noises, strict=True)]
        return total_variation(noises, moved), sum(moved) / size, sum(x**2 for x in batch)

    laws = [law(when) for when in range(3)]
    late = _late_variance(size, variance)
    return World(
        name="normal examples",
        values={
            s.limit_memory_variance: late,
            s.limit_recursive_stability: line_distance(laws[0][1], late),
        },
        tables={
            s.recursive_stability_at.label: lambda t: laws[t][0],
            s.paired_shift_at.label: lambda t: laws[t][1],
            s.memory_variance_at.label: lambda t: laws[t][2],
            normal_shift: lambda d, v: line_distance(real(d), real(v)),
        },
        ranges={s.generations: (0, 1, 2)},
    )


def apart(distance: Fraction, variance: Fraction) -> Any:
    """Total variation between two normals."""
    with mp.workdps(DIGITS):
        return line_distance(real(distance), real(variance))


def _late_variance(size: int, variance: Fraction) -> Any:
    """Variance of the mean of a batch after so many generations that nothing changes any more."""
    kept, found = 1 - real(SHARE), real(F(0))
    for _ in range(400):
        found = kept**2 * found + real(variance) / size
    return found
