"""Small worlds of regression on self-given labels: two inputs a batch, all draws listed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

from symbolic import symbols as s
from symbolic.model.retraining_regression import inverse_trace, noise_product, noise_square
from symbolic.worlds.retraining_errors import LAW
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
Pair = tuple[Fraction, Fraction]
#: Batches of two inputs with two features each, and their chances.
_BATCHES: tuple[tuple[tuple[Pair, ...], Fraction], ...] = (
    (((F(1), F(0)), (F(1, 2), F(2))), F(2, 5)),
    (((F(1), F(-1)), (F(3), F(1, 3))), F(3, 5)),
)
_NOISE_SD, _AWAY = F(2, 3), (F(1, 4), F(-3, 5))  # of the weights from the true ones
_SIZE, _TIME = 2, 1


def _inverse(rows: Sequence[Pair]) -> tuple[Pair, Pair]:
    """Invert the sum of the rows' outer products."""
    a, b, d = (
        sum((row[i] * row[j] for row in rows), F(0)) for i, j in ((0, 0), (0, 1), (1, 1))
    )  # fmt: skip
    det = a * d - b * b
    return (d / det, -b / det), (-b / det, a / det)


def _sets(batches: int) -> Iterator[tuple[Fraction, tuple[tuple[Pair, ...], ...]]]:
    for chosen in itertools.product(_BATCHES, repeat=batches):
        chance = F(1)
        for _, share in chosen:
            chance *= share
        yield chance, tuple(rows for rows, _ in chosen)


def _moved(batches: int) -> Iterator[Outcome]:
    """Weights after least squares on all batches, of which the last has noisy labels."""
    for chance, sets in _sets(batches):
        inverse = _inverse([row for rows in sets for row in rows])
        for drawn in itertools.product(LAW, repeat=_SIZE):
            share = chance * drawn[0][1] * drawn[1][1]
            noise = [_NOISE_SD * e for e, _ in drawn]
            pull = [
                sum((r[a] * e for r, e in zip(sets[-1], noise, strict=True)), F(0)) for a in (0, 1)
            ]
            step = [row[0] * pull[0] + row[1] * pull[1] for row in inverse]
            yield Outcome(chance=share, values={
                noise_product: sum((x * y for x, y in zip(_AWAY, step, strict=True)), F(0)),
                noise_square: step[0] ** 2 + step[1] ** 2,
                s.next_location_error: (_AWAY[0] + step[0]) ** 2 + (_AWAY[1] + step[1]) ** 2,
            })  # fmt: skip


def _world(name: str, batches: int, outcomes: Iterator[Outcome]) -> World:
    traces = {}
    for number in (1, batches):
        means = (
            chance * sum(_inverse([r for rows in sets for r in rows])[a][a] for a in (0, 1))
            for chance, sets in _sets(number)
        )
        traces[number * _SIZE] = sum(means, F(0))
    return World(
        name=name,
        values={
            s.num_generated: F(_SIZE),
            s.num_real: F(_SIZE),
            s.label_noise: _NOISE_SD**2,
            s.location_error: _AWAY[0] ** 2 + _AWAY[1] ** 2,
        },
        tables={inverse_trace: traces.__getitem__},
        outcomes=tuple(outcomes),
        ranges={s.generations: (_TIME,)},
    )


@small_world
def replaced() -> World:
    """Least squares on the last batch alone."""
    return _world("labels of the last batch", 1, _moved(1))


@small_world
def accumulated() -> World:
    """Least squares on the batches of all generations."""
    return _world("labels of all batches", _TIME + 2, _moved(_TIME + 2))


@small_world
def first() -> World:
    """The first fit: weights that miss the true ones by their noise."""
    return _world("the first labels", 1, (
        Outcome(
            chance=outcome.chance,
            tables={s.location_error_at.label: {0: outcome.values[noise_square]}.__getitem__},
        )
        for outcome in _moved(1)
    ))  # fmt: skip
