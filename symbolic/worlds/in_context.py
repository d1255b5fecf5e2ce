"""Small worlds of in-context regression: contexts of two inputs of two features, all listed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

from symbolic import symbols as s
from symbolic.model.in_context import (
    SCATTER_POWERS,
    coefficient,
    label_error,
    label_product,
    task_context_product,
    task_context_square,
    task_square,
    vector,
)
from symbolic.worlds.retraining_errors import LAW
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
Point = tuple[Fraction, ...]
Example = tuple[Point, Fraction]  # an input and the noise of its label
AXES, SIZE = 2, 2
TRUE, VECTOR = (F(3, 2), F(-2, 5)), (F(1, 3), F(3, 4))
_NOISE_SD, _GAIN, _PRIOR_SD = F(3, 4), F(3, 7), F(5, 4)


def examples(size: int, noise_sd: Fraction) -> Iterator[tuple[Fraction, tuple[Example, ...]]]:
    """All sets of so many inputs with noise of their labels, and their chances."""
    width = AXES + 1
    for drawn in itertools.product(LAW, repeat=size * width):
        chance = F(1)
        for _, share in drawn:
            chance *= share
        rows = (tuple(x for x, _ in drawn[k * width : (k + 1) * width]) for k in range(size))
        yield chance, tuple((row[:AXES], noise_sd * row[AXES]) for row in rows)


def dot(first: Sequence[Fraction], second: Sequence[Fraction]) -> Fraction:
    """Add up products."""
    return sum((x * y for x, y in zip(first, second, strict=True)), F(0))


def product(example: Example, coefficients: Sequence[Fraction]) -> Point:
    """Multiply an input by its label."""
    inputs, noise = example
    label = dot(inputs, coefficients) + noise
    return tuple(x * label for x in inputs)


def mean_product(rows: Sequence[Example], coefficients: Sequence[Fraction]) -> Point:
    """Average that over a batch."""
    products = [product(row, coefficients) for row in rows]
    return tuple(sum(column, F(0)) / len(rows) for column in zip(*products, strict=True))


@small_world
def context() -> World:
    """One context."""
    outcomes = []
    for chance, rows in examples(SIZE, _NOISE_SD):
        found = mean_product(rows, TRUE)
        (inputs, noise), first = rows[0], product(rows[0], TRUE)
        label = label_product.base.label
        outcomes.append(Outcome(
            chance=chance,
            values={
                label_error: noise,
                s.context_square: dot(found, found),
                s.context_product: dot(VECTOR, found),
            },
            tables={s.normal_draw.label: inputs.__getitem__, label: first.__getitem__},
            draws=tuple({label: product(row, TRUE).__getitem__} for row in rows),
        ))  # fmt: skip
    return World(
        name="one context",
        values={
            s.num_features: F(AXES),
            s.num_context: F(SIZE),
            s.label_noise: _NOISE_SD**2,
            s.squared_norm: dot(TRUE, TRUE),
            s.coefficient_product: dot(TRUE, VECTOR),
        },
        tables={coefficient.label: TRUE.__getitem__, vector.label: VECTOR.__getitem__},
        outcomes=tuple(outcomes),
        ranges={s.feature: range(AXES), s.other_feature: range(AXES)},
    )


def _traces(matrix: Sequence[Sequence[Fraction]]) -> dict[int, Fraction]:
    """Traces of the powers of a matrix."""
    found, result = {}, matrix
    for power in range(2, max(SCATTER_POWERS) + 1):
        columns = tuple(zip(*matrix, strict=True))
        result = [[dot(row, column) for column in columns] for row in result]
        found[power] = sum((row[a] for a, row in enumerate(result)), F(0))
    return found


@small_world
def powers() -> World:
    """Traces of powers of a scatter, and of the sums that it is the average of."""
    rows = ((F(1), F(-2, 3)), (F(1, 2), F(3)), (F(-4, 5), F(1, 3)))
    columns = tuple(zip(*rows, strict=True))
    sums = [[dot(x, y) for y in columns] for x in columns]
    averages = [[entry / len(rows) for entry in row] for row in sums]
    means = {power: trace / AXES for power, trace in _traces(averages).items()}
    tables = {
        s.context_wishart_trace.label: _traces(sums).__getitem__,
        s.scatter_trace.label: means.__getitem__,
    }
    return World(
        name="powers of a scatter",
        values={s.num_features: F(AXES), s.num_context: F(len(rows))},
        outcomes=(Outcome(chance=F(1), tables=tables),),
    )


@small_world
def tasks() -> World:
    """Contexts of two inputs whose true coefficients are drawn, too."""
    outcomes, error = [], F(0)
    for chance, rows in examples(SIZE, _NOISE_SD):
        for (x, first), (y, second) in itertools.product(LAW, repeat=AXES):
            true = (_PRIOR_SD * x, _PRIOR_SD * y)
            found = mean_product(rows, true)
            apart = [_GAIN * u - w for u, w in zip(found, true, strict=True)]
            error += chance * first * second * dot(apart, apart)
            outcomes.append(Outcome(chance=chance * first * second, values={
                task_square: dot(true, true),
                task_context_square: dot(found, found),
                task_context_product: dot(found, true),
            }))  # fmt: skip
    values = {
        s.num_features: F(AXES),
        s.prior_variance: _PRIOR_SD**2,
        s.attention_gain: _GAIN,
        s.attention_error: error,
    }
    return World(name="contexts of drawn tasks", values=values, outcomes=tuple(outcomes))
