"""Premises of generalisation: losses of a model fitted to real and generated examples.

A part of the training set is independent examples of one law: the real ones, of which the others
are generated, or the generated ones, given the model that made them.  A swap puts a fresh example
in the place of one of the part; what is generated from the part may then have another law.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.premise import Premises
from symbolic.relations import eq, le
from symbolic.symbols import generalization_parts as g
from symbolic.symbols.classes import index

_a, _n, _t = s.real_share, s.num_examples, s.generations
member = index("k_S")
member_at = sp.IndexedBase(s.RandomSymbol("x_S", real=True), real=True)
other_member_at = sp.IndexedBase(s.RandomSymbol("x_S'", real=True), real=True)
_members = (member, 0, _n - 1)

GENERALIZATION: Premises = {
    "generalization_gap": (
        "risk on real data less the mean loss on the training set",
        eq(
            s.generalization_gap, g.population_risk - _a * g.real_risk - (1 - _a) * g.synthetic_risk
        ),
    ),
    "gap_deviation": (
        "the same without what comes of generated examples having another law",
        eq(
            s.generalization_deviation,
            _a * (g.population_risk - g.real_risk)
            + (1 - _a) * (g.generated_risk - g.synthetic_risk),
        ),
    ),
    "worst_model": (
        "the distribution shift is that of the worst model that the loop may reach",
        le(g.model_shift, s.distribution_shift_at[_t]),
    ),
    "share_of_real": ("all examples count alike: the real ones", eq(_a * _n, s.num_real)),
    "share_of_generated": (
        "all examples count alike: the generated ones",
        eq((1 - _a) * _n, s.num_generated),
    ),
    "part_deviation": (
        "risk on the law of a part less the mean loss on the part",
        eq(g.part_deviation, g.part_population - g.part_risk),
    ),
    "part_pairs": (
        "the mean loss on a part squared, by pairs of its examples",
        eq(
            g.part_risk**2,
            (1 - 1 / g.part_size) * g.part_pairs + g.part_squares / g.part_size,
        ),
    ),
    "stable_loss": (
        "one example of the training set changes a loss by at most uniform_stability",
        le(sp.Abs(g.fresh_loss - g.crossed_loss), s.uniform_stability),
    ),
    "lipschitz_loss": (
        "a loss that is Lipschitz in the fitted mean",
        le(s.uniform_stability, s.loss_lipschitz * g.mean_change),
    ),
    "fitted_mean": (
        "how far the mean of all examples moves",
        eq(
            g.mean_change,
            sp.Sum(other_member_at[member], _members) / _n
            - sp.Sum(member_at[member], _members) / _n,
        ),
    ),
    "one_member": (
        "one example of the training set moves by example_distance",
        eq(
            sp.Sum(other_member_at[member], _members),
            sp.Sum(member_at[member], _members) + s.example_distance,
        ),
    ),
}
