"""Small worlds of linear attention in a loop: batches of a few inputs of two features, listed."""

from __future__ import annotations

from fractions import Fraction

import mpmath as mp

from symbolic import symbols as s
from symbolic.model.in_context_loop import (
    aim_at,
    batch_aim,
    batch_product,
    batch_square,
    first_aim_at,
    first_context_aim,
    first_context_square,
    first_square_at,
    next_aim,
    next_product,
    product_at,
    scatter_rate,
    unit_square,
)
from symbolic.worlds.arithmetic import real
from symbolic.worlds.in_context import TRUE, Point, dot, examples, mean_product
from symbolic.worlds.retraining_errors import LAW
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
_GAIN, _SHARE, _NOISE_SD, _REAL_NOISE_SD = F(4, 5), F(2, 7), F(2, 3), F(1, 2)
_FIRST, _NOW, _OTHER = (F(5, 4), F(1, 3)), (F(-1, 2), F(3, 4)), (F(1, 6), F(1, 5))
_NUMBERS = {s.attention_gain: _GAIN, s.real_share: _SHARE, s.squared_norm: dot(TRUE, TRUE)}


def _retrained(first: Point, batch: Point) -> Point:
    return tuple(_GAIN * (_SHARE * u + (1 - _SHARE) * b) for u, b in zip(first, batch, strict=True))


def _apart(one: Point, other: Point) -> Fraction:
    return sum(((x - y) ** 2 for x, y in zip(one, other, strict=True)), F(0))


@small_world
def step() -> World:
    """One retraining of two runs that have the same inputs and noise."""
    outcomes, rates = [], [mp.mpf(0), mp.mpf(0)]
    gap = tuple(x - y for x, y in zip(_NOW, _OTHER, strict=True))
    for chance, rows in examples(2, _NOISE_SD):
        batch = mean_product(rows, _NOW)
        after, other = (_retrained(_FIRST, mean_product(rows, run)) for run in (_NOW, _OTHER))
        silent = mean_product([(x, F(0)) for x, _ in rows], gap)
        growth = _apart(after, other) / dot(gap, gap)
        scattered = dot(silent, silent) / dot(gap, gap)
        for which, factor in enumerate((growth, scattered)):
            rates[which] += real(chance) * mp.log(real(factor)) / 2
        outcomes.append(Outcome(chance=chance, values={
            batch_square: dot(batch, batch),
            batch_product: dot(batch, _FIRST),
            batch_aim: dot(batch, TRUE),
            s.next_coefficient_square: dot(after, after),
            next_product: dot(after, _FIRST),
            next_aim: dot(after, TRUE),
            s.next_context_overlap: dot(after, _FIRST) / dot(_FIRST, _FIRST),
            s.context_growth: growth,
            unit_square: scattered,
        }))  # fmt: skip
    values = _NUMBERS | {
        s.first_square: dot(_FIRST, _FIRST),
        s.first_aim: dot(_FIRST, TRUE),
        s.context_product_now: dot(_NOW, _FIRST),
        s.aim_now: dot(_NOW, TRUE),
        s.coefficient_square: dot(_NOW, _NOW),
        s.context_overlap: dot(_NOW, _FIRST) / dot(_FIRST, _FIRST),
        s.context_rate: rates[0],
        scatter_rate: rates[1],
    }
    return World(name="one retraining of attention", values=values, outcomes=tuple(outcomes))


@small_world
def course() -> World:
    """The first coefficients and the next ones, of contexts of one example."""
    outcomes = []
    for chance, rows in examples(1, _REAL_NOISE_SD):
        first = mean_product(rows, TRUE)
        start = tuple(_GAIN * u for u in first)
        for share, batch in examples(1, _NOISE_SD):
            path = (start, _retrained(first, mean_product(batch, start)))
            square, aim = dot(first, first), dot(first, TRUE)
            tables = {
                s.context_overlap_at: [dot(w, first) / square for w in path],
                s.coefficient_square_at: [dot(w, w) for w in path],
                s.location_error_at: [_apart(w, TRUE) for w in path],
                product_at.base: [dot(w, first) for w in path],
                aim_at.base: [dot(w, TRUE) for w in path],
                first_square_at.base: [square] * 2,
                first_aim_at.base: [aim] * 2,
            }
            outcomes.append(Outcome(
                chance=chance * share,
                values={first_context_square: square, first_context_aim: aim},
                tables={base.label: column.__getitem__ for base, column in tables.items()},
            ))  # fmt: skip
    return World(
        name="attention in time",
        values=_NUMBERS,
        outcomes=tuple(outcomes),
        ranges={s.generations: (0, 1)},
    )


@small_world
def alone() -> World:
    """Neither real examples nor noise."""
    return World(name="neither real examples nor noise", values={
        s.real_share: F(0), s.label_noise: F(0),
    })  # fmt: skip


@small_world
def split() -> World:
    """One context of real and generated examples that count alike."""
    real, generated = F(5), F(7)
    return World(name="one context in two parts", values={
        s.num_generated: generated,
        s.num_context: real + generated,
        s.real_share: real / (real + generated),
        s.synthetic_ratio: generated / real,
    })  # fmt: skip


@small_world
def trained() -> World:
    """A gain trained for the length of the batch."""
    best = F(3, 5)
    return World(name="a trained gain", values={
        s.num_context: F(7), s.num_generated: F(7),
        s.attention_gain: best, s.best_attention_gain: best,
    })  # fmt: skip


@small_world
def orthogonal() -> World:
    """Least squares on an orthogonal design, X'X = 2 I: the weights' noise, listed."""
    rows, size = ((F(1), F(1)), (F(1), F(-1))), 2
    variance = F(0)
    for first, one in LAW:
        for second, other in LAW:
            noise = (_NOISE_SD * first, _NOISE_SD * second)
            moved = [sum((r[a] * e for r, e in zip(rows, noise, strict=True)), F(0)) / size
                     for a in (0, 1)]  # fmt: skip
            variance += one * other * size * dot(moved, moved)
    return World(name="an orthogonal design", values={
        s.real_variance: variance, s.num_features: F(2), s.label_noise: _NOISE_SD**2,
    })  # fmt: skip
