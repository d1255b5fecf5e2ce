"""Small worlds of two loops' laws: standardised paths, the best of all pairings, labels."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic import symbols as s
from symbolic.model.recursive_stability import normal_shift
from symbolic.model.recursive_stability_laws import (
    axis,
    changed_input,
    inputs,
    labels,
    other_labels,
    other_weight_at,
    pair_difference,
    residual,
    sample_mean,
    sample_variance,
    standard_mean,
    standard_sd,
    weight_at,
    weight_distance_at,
    weight_noise_at,
    weight_shift_at,
)
from symbolic.witnesses.recursive_stability import line_distance, total_variation
from symbolic.witnesses.recursive_stability_laws import PLANE, closest, label_law
from symbolic.worlds.arithmetic import real, root
from symbolic.worlds.retraining_errors import LAW
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
MEAN_SHIFT, SD_SHIFT, SIZE = F(2, 5), F(-1, 3), 2
_EQUAL = ((F(1), F(1, 2)), (F(-1), F(1, 2)))
_VALUES = {s.mean_shift: MEAN_SHIFT, s.sd_shift: SD_SHIFT, s.num_generated: F(SIZE)}


def _paths(law: tuple[tuple[Fraction, Fraction], ...], last: int) -> Iterator[Outcome]:
    """List standardised means and deviations, two residuals a fit, and one more residual a time."""
    for drawn in itertools.product(law, repeat=SIZE * last + last + 1):
        chance = F(1)
        for _, probability in drawn:
            chance *= probability
        values = [z for z, _ in drawn]
        own, samples = values[: last + 1], values[last + 1 :]
        means: list[Any] = [F(0)]
        sds: list[Any] = [F(1)]
        averages, variances = [], []
        for k in range(last):
            part = samples[SIZE * k : SIZE * (k + 1)]
            averages.append(sum(part, F(0)) / SIZE)
            spread = sum(((z - averages[-1]) ** 2 for z in part), F(0))
            variances.append(spread / (SIZE - 1))
            means.append(_sum(means[-1], _product(sds[-1], averages[-1])))
            sds.append(_product(sds[-1], root(variances[-1])))
        examples = [_sum(a, _product(b, z)) for a, b, z in zip(means, sds, own, strict=True)]
        apart = [_sum(MEAN_SHIFT, _product(SD_SHIFT, x)) for x in examples]
        tables = {
            standard_mean: means,
            standard_sd: sds,
            sample_mean: averages,
            sample_variance: variances,
            residual: own,
            pair_difference: apart,
        }
        yield Outcome(
            chance=chance,
            tables={base.label: row.__getitem__ for base, row in tables.items()},
        )


def _sum(x: Any, y: Any) -> Any:
    exact = isinstance(x, Fraction) and isinstance(y, Fraction)
    return x + y if exact else real(x) + real(y)


def _product(x: Any, y: Any) -> Any:
    exact = isinstance(x, Fraction) and isinstance(y, Fraction)
    return x * y if exact else real(x) * real(y)


@small_world
def standardised() -> World:
    """Two fits to generated examples, of a lopsided law of mean 0 and variance 1."""
    return World(
        name="standardised paths",
        values=_VALUES,
        outcomes=tuple(_paths(LAW, 2)),
        ranges={s.generations: (0, 1)},
    )


@small_world
def paired() -> World:
    """Equally likely values at the first fit and the next, and the best of all their pairings."""
    outcomes = tuple(_paths(_EQUAL, 1))

    def distance(t: int) -> Any:
        # What a loop with first mean 0 and deviation 1 generates, and one moved and stretched;
        # the residual at the other time has no part in it.
        own = residual.label
        apart = [
            real(o.tables[pair_difference.label](t)) for o in outcomes if o.tables[own](1 - t) == 1
        ]
        examples = [(x - real(MEAN_SHIFT)) / real(SD_SHIFT) for x in apart]
        others = [x + y for x, y in zip(examples, apart, strict=True)]
        return mp.sqrt(closest(examples, others, lambda x: x**2))

    found = [distance(0), distance(1)]
    return World(
        name="the best of all pairings",
        values=_VALUES,
        tables={s.wasserstein_stability_at.label: found.__getitem__},
        outcomes=outcomes,
        ranges={s.generations: (0, 1)},
    )


@functools.cache
def moved(order: int) -> Callable[[], World]:
    """Equally likely values and the same moved, with the Wasserstein distance of an order."""

    def build() -> World:
        laws = ((F(1), F(-1, 3), F(2)), (F(1), F(5), F(-1, 2), F(7, 3)))
        steps = (F(5, 3), F(4))
        found = []
        for law, step in zip(laws, steps, strict=True):
            mean = closest(law, [x + step for x in law], lambda x: abs(x) ** order)
            found.append(mean if order == 1 else root(mean))
        return World(
            name="a law moved",
            tables={
                s.wasserstein_stability_at.label: found.__getitem__,
                s.paired_shift_at.label: steps.__getitem__,
            },
            ranges={s.generations: (0, 1)},
        )

    return small_world(build)


# ---------------------------------------------------------------------------------- regression

_SHARE, _STEP, _CHANGED = F(2, 7), F(5, 3), 1
_LABELS = (F(1), F(-1, 3), F(2), F(3, 4))
_NOISE = ((F(1, 3), F(-2)), (F(1, 2), F(4, 7)))


@small_world
def lines() -> World:
    """Weights in the plane, fitted to four labels; then to these and to others, with given noise.

    What noise there is does not matter here: it is the same in both loops.
    """
    design = PLANE[4]
    other = tuple(y + _STEP * (k == _CHANGED) for k, y in enumerate(_LABELS))
    paths = []
    for values in (_LABELS, other):
        first = [
            sum((x[a] * y for x, y in zip(design, values, strict=True)), F(0)) / 4 for a in (0, 1)
        ]
        path = [first]
        for noise in _NOISE:
            path.append([
                _SHARE * u + (1 - _SHARE) * (v + z)
                for u, v, z in zip(first, path[-1], noise, strict=True)
            ])  # fmt: skip
        paths.append(path)
    shifts = [[v - u for u, v in zip(*rows, strict=True)] for rows in zip(*paths, strict=True)]
    tables: dict[Any, Callable[..., Any]] = {
        labels.label: _LABELS.__getitem__,
        other_labels.label: other.__getitem__,
        weight_at.label: lambda t, a: paths[0][t][a],
        other_weight_at.label: lambda t, a: paths[1][t][a],
        weight_noise_at.label: lambda t, a: _NOISE[t][a],
    }
    return World(
        name="lines",
        values={
            s.num_real: F(4),
            s.num_features: F(2),
            s.real_share: _SHARE,
            s.example_distance: _STEP,
            s.input_norm: root(F(sum(x * x for x in design[_CHANGED]))),
        },
        tables={
            inputs.label: lambda k, a: F(design[k][a]),
            changed_input.label: lambda a: F(design[_CHANGED][a]),
            weight_shift_at.label: lambda t, a: shifts[t][a],
            weight_distance_at.label: lambda t: root(sum((x * x for x in shifts[t]), F(0))),
        },
        outcomes=(Outcome(chance=F(1), tables=tables),),
        ranges={s.generations: (0, 1), axis: (0, 1)},
    )


@small_world
def weights() -> World:
    """Labels with normal noise, two a generation, in the plane: the joint law of one generation."""
    variance, count, size = F(7, 4), 4, 2

    def law(when: int) -> tuple[Any, Any, Any]:
        means, noises, fitted = label_law(real(_SHARE), count, size, real(variance), when)
        shifts = [row[_CHANGED] * real(_STEP) for row in means]
        axes = [
            sum(x[a] * v for x, v in zip(PLANE[size], shifts, strict=True)) / size for a in (0, 1)
        ]
        distance = mp.sqrt(sum(x**2 for x in axes))
        return total_variation(noises, shifts), distance, sum(x**2 for x in fitted[0])

    laws = [law(when) for when in range(3)]
    return World(
        name="labels",
        tables={
            s.recursive_stability_at.label: lambda t: laws[t][0],
            weight_distance_at.label: lambda t: laws[t][1],
            s.memory_variance_at.label: lambda t: laws[t][2],
            normal_shift: lambda d, v: line_distance(real(d), real(v)),
        },
        ranges={s.generations: (0, 1, 2)},
    )
