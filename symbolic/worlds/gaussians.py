"""Small worlds of Gaussian texts: one common covariance, two covariances axis by axis, numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath as mp

from symbolic import symbols as s
from symbolic.model.text import axis_chi_square, axis_excess, axis_gap, axis_overlap, axis_variance
from symbolic.witnesses.enumeration import PROBS
from symbolic.worlds.arithmetic import Value, real
from symbolic.worlds.world import Outcome, World, small_world

F = Fraction
_AXES = range(2)
_FREE = ((F(1, 2), F(-1, 3)), (F(-2, 5), F(1)))  # the third mean makes their mean zero
_MEANS = (
    *_FREE,
    tuple(-(PROBS[0] * _FREE[0][x] + PROBS[1] * _FREE[1][x]) / PROBS[2] for x in _AXES),
)
_POINTS = {(F(3, 4), F(-1, 2)): F(1, 3), (F(-1, 5), F(2)): F(2, 3)}  # where an image may lie
_VARIANCES, _GAPS, _EXCESS = (F(3, 2), F(4, 7)), (F(5, 3), F(-2, 7)), (F(2, 3), F(9, 4))


def _product(first: tuple[Fraction, ...], second: tuple[Fraction, ...]) -> Fraction:
    return sum((a * b for a, b in zip(first, second, strict=True)), F(0))


@small_world
def common() -> World:
    """Three Gaussians of unit covariance, seen from the one at their mean."""
    texts = range(len(_MEANS))
    return World(
        name="Gaussians with one covariance",
        values={s.num_texts: F(len(_MEANS))},
        tables={
            s.text_probs.label: dict(enumerate(PROBS)).__getitem__,
            s.text_products.label: lambda i, k: _product(_MEANS[i], _MEANS[k]),
            s.text_distance.label: lambda i: sum((x**2 for x in _MEANS[i]), F(0)),
        },
        outcomes=tuple(_seen(z, chance) for z, chance in _POINTS.items()),
        ranges={s.text: texts, s.other_text: texts},
    )


def _seen(z: tuple[Fraction, ...], chance: Fraction) -> Outcome:
    """Give the ratio of the densities at an image: ``exp`` of half the squared distances."""

    def ratio(i: int) -> Value:
        apart = sum(((x - a) ** 2 for x, a in zip(z, _MEANS[i], strict=True)), F(0))
        return mp.exp(real(_product(z, z) - apart) / 2)

    return Outcome(
        chance=chance,
        tables={
            s.likelihood_ratio.label: ratio,
            s.score.label: lambda i: _product(_MEANS[i], z),
        },
    )


@small_world
def axes() -> World:
    """Two Gaussians on one axis: closed forms of their overlap and of their divergence."""

    def log_overlap(a: int) -> Value:
        variance, gap = real(_VARIANCES[a]), real(_GAPS[a])
        return mp.log(2 * mp.sqrt(variance) / (1 + variance)) / 2 - gap**2 / (1 + variance) / 4

    def log_chi_square(a: int) -> Value:
        excess, gap = real(_EXCESS[a]), real(_GAPS[a])
        return mp.log((1 + excess) ** 2 / (4 * excess)) / 2 + gap**2 / excess

    tables: dict[Any, Any] = {
        axis_variance.label: _VARIANCES.__getitem__,
        axis_gap.label: _GAPS.__getitem__,
        axis_excess.label: _EXCESS.__getitem__,
        axis_overlap: log_overlap,
        axis_chi_square: log_chi_square,
    }
    return World(name="Gaussians on one axis", tables=tables, ranges={s.feature: _AXES})


@small_world
def numbers() -> World:
    """Numbers that a definition ties together: a transient's time, a half-life's freedom."""
    chi = 2 * mp.sqrt(2 / mp.pi)  # mean of the root of a chi-square with three degrees
    return World(
        name="numbers",
        values={
            s.transient_size: F(3, 2),
            s.transient_factor: F(4, 9),
            s.transient_time: F(3, 2),
            s.transient_level: F(4, 9),  # 3/2 (2/3)^3
            s.smallest_freedom: F(3),
            s.wanted_half_life: -mp.log(2) / mp.log(chi / mp.sqrt(3)),
        },
    )
