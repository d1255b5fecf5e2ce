"""Several models retrained on real data and on samples of one another: R5.

A well-specified model ``i`` with a share ``beta_i`` of synthetic data takes it from the models by
weights ``W``; the Jacobian of all of them is ``diag(beta) W``.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.relations import eq, le
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.retraining_map import MAP, WELL_SPECIFIED

_j, _other, _gap = s.retraining_eigenvalue, s.other_eigenvalue, s.eigenvalue_gap
_tr, _det = s.jacobian_trace, s.jacobian_determinant


def larger_eigenvalue(
    trace: str, determinant: str, total: sp.Expr, square: sp.Expr
) -> tuple[Step, ...]:
    """Steps to the larger eigenvalue, from facts on trace and determinant.

    Parameters
    ----------
    trace, determinant : str
        What says what they are.
    total, square : sympy.Expr
        The trace, and the square of the two eigenvalues' distance, seen not to be negative.

    Returns
    -------
    tuple of Step
        The last one says what the larger eigenvalue is.

    Examples
    --------
    >>> larger_eigenvalue("a", "b", sp.S(3), sp.S(1))[-1].claim.rhs
    2
    """
    return (
        Step(
            rule="combination",
            claim=eq(_gap**2, _tr**2 - 4 * _det),
            label="square of the gap",
            uses=("model:eigenvalue_gap", "model:eigenvalue_sum", "model:eigenvalue_product"),
            given={"weights": (-(_gap + _j - _other), _tr + _j + _other, -4)},
        ),
        Step(
            rule="substitution bound",
            claim=eq(_gap**2, square),
            label="square",
            uses=("square of the gap", trace, determinant),
        ),
        Step(rule="square root", claim=eq(_gap, sp.sqrt(square)), label="gap", uses=("square",)),
        Step(
            rule="combination",
            claim=eq(_j, (_tr + sp.sqrt(square)) / 2),
            label="larger",
            uses=("model:eigenvalue_sum", "model:eigenvalue_gap", "gap"),
            given={"weights": (sp.S.Half, sp.S.Half, sp.S.Half)},
        ),
        Step(
            rule="substitution bound",
            claim=eq(_j, (total + sp.sqrt(square)) / 2),
            uses=("larger", trace),
        ),
    )


_first, _second, _c = s.first_share, s.second_share, s.exchange
_sum = (1 - _c) * (_first + _second)
_square = (1 - _c) ** 2 * (_first - _second) ** 2 + 4 * _c**2 * _first * _second
_two = eq(_j, (_sum + sp.sqrt(_square)) / 2)
network_eigenvalue_two_models = Theorem(
    name="network_eigenvalue_two_models",
    title="Larger eigenvalue of two models that learn from each other",
    in_words="Exchange brings it from the larger share (c = 0) to the mean (c = 1/2) of the two.",
    statement=_two,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="iterative retraining (R5)",
    assumptions=(
        *MAP,
        WELL_SPECIFIED,
        "two models; each gets a share c of its synthetic data from the other",
    ),
    conditions=(_first <= 1, _second <= 1, _c <= 1),
    derivation=larger_eigenvalue("model:network_trace", "model:network_determinant", _sum, _square),
)
_i, _k, _lam = s.leading_model, s.source_model, s.largest_ratio
_sources = (_k, 0, s.models - 1)
_own = s.model_ratio[_i]
_row = sp.Sum(s.network_jacobian[_i, _k], _sources)
_most = le(_j, _lam / (1 + _lam))
network_radius_bound = Theorem(
    name="network_radius_bound",
    title="Spectral radius of any network of models",
    in_words="Models that learn from one another are as stable as the one with least real data.",
    statement=_most,
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="iterative retraining (R5)",
    assumptions=(
        *MAP,
        WELL_SPECIFIED,
        "any weights of the sources; each model has some real data",
        "attained where all ratios are the same",
    ),
    lemmas=("leading_row",),
    derivation=(
        Step(
            rule="combination",
            claim=eq(s.network_jacobian[_i, _k], _own * s.source_weight[_i, _k] / (1 + _own)),
            label="entry",
            uses=("model:network_jacobian",),
            given={"weights": (1 / (1 + _own),)},
        ),
        Step(
            rule="monotone",
            claim=eq(_row, sp.Sum(_own * s.source_weight[_i, _k] / (1 + _own), _sources)),
            label="entries",
            uses=("entry",),
            given={"apply": sp.Sum, "over": (_sources,)},
        ),
        Step(
            rule="combination",
            claim=eq(_row, _own / (1 + _own)),
            label="row",
            uses=("entries", "model:source_weights"),
            given={"weights": (1, _own / (1 + _own))},
        ),
        Step(
            rule="combination",
            claim=le(_j, _own / (1 + _own)),
            label="leading share",
            uses=("lemma:leading_row", "row"),
            given={"weights": (1, -1)},
        ),
        Step(
            rule="combination",
            claim=_most,
            uses=("leading share", "model:largest_ratio"),
            given={"weights": (1, 1 / ((1 + _own) * (1 + _lam)))},
        ),
    ),
)

THEOREMS = (network_eigenvalue_two_models, network_radius_bound)
