"""Small worlds of models that generate for one another: two models, two axes, all draws listed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

from symbolic import symbols as s
from symbolic.model.retraining_network import consensus_noise, distance_noise, noise_products
from symbolic.worlds.retraining_errors import LAW, Point
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
_MODELS, _AXES = range(2), range(2)
_SIZE = 4
_WEIGHTS = ((F(1, 4), F(3, 4)), (F(1, 2), F(1, 2)))  # times the size: whole numbers
_STATIONARY = (F(2, 5), F(3, 5))
_SHARES = (F(2, 3), F(3, 7))
_AWAY: tuple[Point, ...] = ((F(2, 3), F(1, 7)), (F(1, 5), F(-3, 2)))  # of the models' means
_SD = (F(1, 2), F(4, 3))


def _product(first: Sequence[Fraction], second: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(first, second, strict=True)), F(0))


def _average(weights: Sequence[Fraction], points: Sequence[Point]) -> Point:
    return tuple(_product(weights, [p[a] for p in points]) for a in _AXES)


def _noises() -> Iterator[tuple[Fraction, tuple[Point, ...]]]:
    """Noises of both models' samples, of the variance of a mean of so many draws."""
    scale = F(1, 2)  # one draw for each sample, over the root of the sample's size
    for drawn in itertools.product(LAW, repeat=2):
        chance = drawn[0][1] * drawn[1][1]
        yield chance, tuple(tuple(scale * sd * e for sd in _SD) for e, _ in drawn)


def _world(name: str, outcomes: Iterator[Outcome]) -> World:
    averaged = _average(_STATIONARY, _AWAY)
    return World(
        name=name,
        values={
            s.num_models: F(len(_MODELS)),
            s.num_generated: F(_SIZE),
            s.real_variance: _product(_SD, _SD),
            s.consensus_error: _product(averaged, averaged),
        },
        tables={
            s.synthetic_shares.label: _SHARES.__getitem__,
            s.source_weights.label: lambda i, k: _WEIGHTS[i][k],
            s.stationary_weights.label: _STATIONARY.__getitem__,
            s.model_products.label: lambda i, j: _product(_AWAY[i], _AWAY[j]),
        },
        outcomes=tuple(outcomes),
        ranges={s.model: _MODELS, s.other_model: _MODELS},
    )


def _mixed(noise: Sequence[Point]) -> list[Point]:
    """Means of the synthetic examples."""
    means = [_average(row, _AWAY) for row in _WEIGHTS]
    return [
        tuple(x + z for x, z in zip(mean, own, strict=True))
        for mean, own in zip(means, noise, strict=True)
    ]


@small_world
def open_network() -> World:
    """Models that keep the same real examples; distances from the mean of these."""
    return _world("models with real examples", (
        Outcome(chance=chance, tables={
            s.next_model_products.label: lambda i, j, m=mixed: (
                _SHARES[i] * _SHARES[j] * _product(m[i], m[j])
            ),
            distance_noise.label: lambda k, j, z=noise: _product(_AWAY[k], z[j]),
            noise_products.label: lambda i, j, z=noise: _product(z[i], z[j]),
        })
        for chance, noise in _noises()
        for mixed in (_mixed(noise),)
    ))  # fmt: skip


@small_world
def closed_network() -> World:
    """Models without real examples; distances from the real data's mean."""
    averaged = _average(_STATIONARY, _AWAY)
    outcomes = []
    for chance, noise in _noises():
        later = _average(_STATIONARY, _mixed(noise))
        outcomes.append(Outcome(
            chance=chance,
            values={s.next_consensus_error: _product(later, later)},
            tables={
                consensus_noise.label: lambda i, z=noise: _product(averaged, z[i]),
                noise_products.label: lambda i, j, z=noise: _product(z[i], z[j]),
            },
        ))  # fmt: skip
    return _world("models without real examples", iter(outcomes))
