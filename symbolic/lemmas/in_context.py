"""The scatter of Gaussian inputs along a direction."""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import lemma
from symbolic.model.in_context_loop import unit_square
from symbolic.moments import chi_square_means
from symbolic.relations import eq
from symbolic.symbols import ChiSquare, Mean

_n, _d = s.num_generated, s.num_features


def _scattered_direction(statement: Relational) -> bool:
    """Work out one feature, where ``S = chi2_n/n``, and one input, where ``|S v| = |x_v| |x|``."""
    left, right = statement.args
    if left != Mean(sp.log(unit_square)):
        return False

    def log_mean(freedom: int) -> sp.Expr:
        return chi_square_means(Mean(sp.log(ChiSquare(sp.Integer(freedom)))))

    for size, features in ((2, 1), (3, 1), (7, 1), (1, 2), (1, 3), (1, 6)):
        if features == 1:
            expected = 2 * (log_mean(size) - sp.log(size))
        else:
            expected = log_mean(1) + log_mean(features)
        found = chi_square_means(right.subs({_n: size, _d: features}))
        if sp.simplify(sp.expand_func(found - expected)) != 0:
            return False
    return True


LEMMAS = (
    lemma(
        "scattered_direction",
        "squared length of S v, S = X'X/n and v a unit vector: |X v|^2 is a chi-square, and so is "
        "its sum with that of the d - 1 other features along X v",
        eq(
            Mean(sp.log(unit_square)),
            Mean(sp.log(ChiSquare(_n))) + Mean(sp.log(ChiSquare(_n + _d - 1))) - 2 * sp.log(_n),
        ),
        "Muirhead, Aspects of Multivariate Statistical Theory (1982), sect. 3.2.4 (Bartlett)",
        _scattered_direction,
    ),
)
