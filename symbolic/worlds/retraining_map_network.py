"""Small worlds of networks: location models that are retrained on samples of one another."""

from __future__ import annotations

from fractions import Fraction

import mpmath as mp

from symbolic import symbols as s
from symbolic.witnesses.retraining_map_networks import jacobian, perron
from symbolic.worlds.arithmetic import DIGITS, real
from symbolic.worlds.world import World, small_world

F = Fraction


@small_world
def pair() -> World:
    """Two models that give each other a share of their samples."""
    ratios, share = (F(5, 4), F(2, 7)), F(2, 9)
    weights = ((1 - share, share), (share, 1 - share))
    (a, b), (c, d) = jacobian(weights, ratios)
    half, determinant = real(a + d) / 2, a * d - b * c
    apart = mp.sqrt(half**2 - real(determinant))
    return World(
        name="two models",
        values={
            s.first_share: ratios[0] / (1 + ratios[0]),
            s.second_share: ratios[1] / (1 + ratios[1]),
            s.exchange: share,
            s.jacobian_trace: a + d,
            s.jacobian_determinant: determinant,
            s.retraining_eigenvalue: half + apart,
            s.other_eigenvalue: half - apart,
            s.eigenvalue_gap: 2 * apart,
        },
    )


@small_world
def three() -> World:
    """The last model leads; the second one has more synthetic data, but from a weak source."""
    ratios = (F(1, 9), F(9), F(4))
    weights = (
        (F(1, 2), F(1, 4), F(1, 4)),
        (F(5, 6), F(1, 12), F(1, 12)),
        (F(1, 8), F(1, 8), F(3, 4)),
    )
    return network("three models", weights, ratios)


def network(
    name: str, weights: tuple[tuple[Fraction, ...], ...], ratios: tuple[Fraction, ...]
) -> World:
    """A network with its leading eigenvector; ratios are at most that of its largest model."""
    rows = jacobian(weights, ratios)
    with mp.workdps(2 * DIGITS):
        value, vector = perron([[real(entry) for entry in row] for row in rows])
    leading = vector.index(max(vector))
    return World(
        name=name,
        values={
            s.models: F(len(ratios)),
            s.leading_model: F(leading),
            s.retraining_eigenvalue: value,
            s.largest_ratio: max(ratios),
        },
        tables={
            s.network_jacobian.label: lambda i, k: rows[i][k],
            s.source_weight.label: lambda i, k: weights[i][k],
            s.model_ratio.label: ratios.__getitem__,
        },
        ranges={s.source_model: range(len(ratios))},
    )
