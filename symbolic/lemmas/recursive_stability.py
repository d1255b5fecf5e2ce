"""Cited lemmas on total variation: of normals, of a sufficient statistic, through a channel."""

from __future__ import annotations

import itertools
from fractions import Fraction

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import lemma
from symbolic.model.distribution_shift import (
    batch_law,
    channel,
    half_sum,
    other_batch_law,
    other_outcome,
    outcome,
    outcomes,
)
from symbolic.model.recursive_stability import normal_shift
from symbolic.relations import eq, le
from symbolic.worlds import distribution_shift, holds, recursive_stability

F = Fraction
_t = s.generations
distance = sp.Symbol("distance", nonnegative=True)
variance = sp.Symbol("variance", positive=True)
number = sp.Symbol("number", nonnegative=True)
added = sp.Symbol("added", nonnegative=True)


def _normals(statement: Relational) -> bool:
    """Integrate the difference of the two densities up to the middle, where they are equal."""
    x, away = sp.Symbol("x", real=True), sp.Symbol("away", positive=True)
    density = sp.exp(-(x**2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)
    half = sp.integrate(density, (x, -away / 2, away / 2))  # the other density is this one moved
    named = statement.lhs == normal_shift(distance, variance)
    return named and sp.simplify(statement.rhs.subs(distance, away) - half) == 0


def _sufficient(statement: Relational) -> bool:
    """Three examples a generation, all their joint covariance, in several generations."""
    return holds(statement, recursive_stability.normals())


def _erf_tangent(statement: Relational) -> bool:
    """Both sides vanish at zero, where their slopes agree; then the left one's slope falls."""
    gap = statement.rhs - statement.lhs
    slope = sp.diff(gap, number)
    starts = gap.subs(number, 0) == 0 and slope.subs(number, 0) == 0
    bends = sp.simplify(sp.diff(slope, number) * sp.exp(number**2))
    return bool(isinstance(statement, sp.Le) and starts and bends.is_nonnegative)


def _falls(statement: Relational) -> bool:
    """Both laws blurred alike: attained without a blur only."""
    plain = normal_shift(distance, variance)
    if statement.rhs != plain or statement.lhs.func != normal_shift:
        return False
    for far, spread, more in itertools.product((1, 4), (F(1, 3), F(2)), (F(0), F(1, 5), F(7))):
        away, old, new = (
            statement.lhs.args[0],
            *(side.args[1].subs({variance: spread, added: more}) for side in statement.args),
        )
        if away != distance or not isinstance(statement, sp.Le):
            return False
        values = [recursive_stability.apart(F(far), F(int(v.p), int(v.q))) for v in (old, new)]
        if values[0] > values[1] or (values[0] == values[1]) != (more == 0):
            return False
    return True


def _contracts(statement: Relational) -> bool:
    """Attained by a channel that only renames outcomes; strict where it mixes them."""
    equal = sp.Eq(*statement.args, evaluate=False)
    mixing, renaming = distribution_shift.mixing(), distribution_shift.renaming()
    strict = holds(statement, mixing) and not holds(equal, mixing)
    return strict and isinstance(statement, sp.Le) and holds(equal, renaming)


_x, _y = outcome, other_outcome
_others = (_y, *outcomes[1:])
_apart = other_batch_law[_y] - batch_law[_y]

LEMMAS = (
    lemma(
        "sufficient_mean",
        "of normal examples of known variance the mean is sufficient: given it, their law does "
        "not depend on the model's mean, so it alone tells two laws apart",
        eq(
            s.recursive_stability_at[_t],
            normal_shift(s.paired_shift_at[_t], s.memory_variance_at[_t]),
        ),
        "Halmos and Savage, Ann. Math. Statist. 20 (1949); Lehmann and Romano (2005), sect. 1.9",
        _sufficient,
    ),
    lemma(
        "normal_total_variation",
        "total variation between two normals of one variance, whose densities cross in the middle",
        eq(
            normal_shift(distance, variance),
            sp.erf(distance / (2 * sp.sqrt(2) * sp.sqrt(variance))),
        ),
        "the small case is a proof",
        _normals,
    ),
    lemma(
        "more_noise",
        "two normals of one variance are closer if both have more of it",
        le(normal_shift(distance, variance + added), normal_shift(distance, variance)),
        "data processing, of independent noise added to both",
        _falls,
    ),
    lemma(
        "erf_tangent",
        "the error function lies below its tangent at zero",
        le(sp.erf(number), 2 * number / sp.sqrt(sp.pi)),
        "concavity (the small case is a proof)",
        _erf_tangent,
    ),
    lemma(
        "channel_contracts",
        "what two laws become through one channel is no further apart than they are",
        le(
            half_sum(sp.Sum(channel[_x, _y] * _apart, _others)),
            sp.Sum(sp.Abs(_apart), _others) / 2,
        ),
        "Dobrushin (1956); Levin and Peres, Markov Chains and Mixing Times, exercise 4.2",
        _contracts,
    ),
)
