"""Cited lemmas on two loops' laws: Wasserstein distances on the line, sufficient weights."""

from __future__ import annotations

from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import lemma
from symbolic.model.recursive_stability import normal_shift
from symbolic.model.recursive_stability_laws import pair_difference, weight_distance_at
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.worlds import holds, recursive_stability_laws

_t = s.generations


def _translated(statement: Relational) -> bool:
    """Finitely many equally likely values and the same moved: the best of all pairings."""
    return all(holds(statement, recursive_stability_laws.moved(order)()) for order in (1, 2))


def _paired(statement: Relational) -> bool:
    """Equally likely values: the best of all pairings."""
    return holds(statement, recursive_stability_laws.paired())


def _weights(statement: Relational) -> bool:
    """Joint laws of all labels of a generation, in the plane."""
    return holds(statement, recursive_stability_laws.weights())


LEMMAS = (
    lemma(
        "translated_law",
        "the Wasserstein distances between a law on the line and the same law moved, of order 1 "
        "and 2: how far it is moved",
        eq(s.wasserstein_stability_at[_t], s.paired_shift_at[_t]),
        "Villani, Optimal Transport (2009), remark 6.5; Jensen's inequality for order 2",
        _translated,
    ),
    lemma(
        "increasing_pairing",
        "on the line, of two values one of which is an increasing function of the other no other "
        "pairing is closer in the mean square",
        eq(s.wasserstein_stability_at[_t] ** 2, Mean(pair_difference[_t] ** 2)),
        "Villani, Topics in Optimal Transportation (2003), th. 2.18",
        _paired,
    ),
    lemma(
        "sufficient_weights",
        "of labels with normal noise of known variance the weights fitted to them are sufficient; "
        "with X'X = n I their laws are normals of one variance along every axis",
        eq(
            s.recursive_stability_at[_t],
            normal_shift(weight_distance_at[_t], s.memory_variance_at[_t]),
        ),
        "Halmos and Savage, Ann. Math. Statist. 20 (1949); Lehmann and Romano (2005), sect. 1.9",
        _weights,
    ),
)
