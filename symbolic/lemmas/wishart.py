"""The inverse of a Gaussian scatter matrix."""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Relational

from symbolic import symbols as s
from symbolic.lemmas.lemma import lemma
from symbolic.model.retraining_regression import inverse_trace
from symbolic.moments import chi_square_moment
from symbolic.relations import eq

rows = sp.Symbol("rows", integer=True, positive=True)


def _inverse_wishart_trace(statement: Relational) -> bool:
    """Integrate in one and two dimensions, by the Bartlett factor's independent chi-squares.

    In two, with ``a`` and ``b`` of ``rows`` and ``rows - 1`` degrees of freedom and ``z`` standard
    normal, the trace of the inverse is ``(a + b + z**2)/(a b)``.
    """
    left, right = statement.args
    if left != inverse_trace(rows):
        return False
    for size in (5, 6, 9, 12):
        first, second = (chi_square_moment(sp.Integer(size - k), sp.S.NegativeOne) for k in (0, 1))
        at = right.subs(rows, size)
        in_one, in_two = (at.subs(s.num_features, features) for features in (1, 2))
        if (in_one, in_two) != (first, second + first + first * second):
            return False
    return True


LEMMAS = (
    lemma(
        "inverse_wishart_trace",
        "mean trace of the inverse of X'X, for more than d + 1 rows of d standard normals",
        eq(inverse_trace(rows), s.num_features / (rows - s.num_features - 1)),
        "Muirhead, Aspects of Multivariate Statistical Theory (1982), sect. 3.2.3",
        _inverse_wishart_trace,
    ),
)
