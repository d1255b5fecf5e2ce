"""The contraction constant c(nu) and its logarithmic companion: recursions, enclosures, order.

Partial sums of the large-argument series enclose both functions at every positive argument: the
difference of function and partial sum telescopes along the recursion (rule "telescoping series").
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.calculus import positive_quantity
from symbolic.lemmas.general import quantity
from symbolic.relations import eq, ge, le
from symbolic.special import contraction_constant, log_c, log_c_series, log_chi, log_chi_series
from symbolic.symbols import ChiSquare, Mean
from symbolic.theorem import Kind, Source, Step, Theorem

_nu = s.degrees_of_freedom
_Q = ChiSquare(_nu)
_c = contraction_constant()
POSITIVE = ("nu > 0, not necessarily whole",)
REFERENCE = "I1, I6, I9"


# ------------------------------------------------------------------------------------ recursions

log_share = sp.log(_nu / (_nu + 1)) / 2
_later_share = log_share.subs(_nu, _nu + 1)


def _recursion(name: str, of: str, claim: sp.Eq) -> Theorem:
    return Theorem(
        name=name,
        title=f"Recursion of {of}",
        in_words=f"From one argument of {of} to a later one: Gamma(z + 1) = z Gamma(z).",
        statement=claim,
        kind=Kind.EXACT,
        source=Source.OURS,
        reference=REFERENCE,
        assumptions=POSITIVE,
        derivation=(Step(rule="Gamma recursion", claim=claim),),
    )


log_c_recursion = _recursion(
    "log_c_recursion", "log c(nu)", eq(log_c(_nu + 1), log_share - log_c(_nu))
)
_chi_gain = sp.log(_nu / (_nu + 2)) / 2 + 1 / _nu
log_chi_recursion = _recursion(
    "log_chi_recursion",
    "the mean logarithm",
    eq(log_chi(_nu + 2), log_chi(_nu) + _chi_gain),
)

# --------------------------------------------------------------------- both vanish at infinity

chi_moments = (
    Step(rule="Gamma integral", claim=eq(Mean(sp.sqrt(_Q)), sp.sqrt(_nu) * _c), label="mean root"),
    Step(rule="Gamma integral", claim=eq(Mean(_Q), _nu), label="mean"),
    Step(
        rule="Gamma integral",
        claim=eq(Mean(sp.log(_Q)), 2 * log_chi(_nu) + sp.log(_nu)),
        label="mean log",
    ),
)
vanishing_log_c = (
    *chi_moments[:2],
    Step(
        rule="lemma",
        claim=le(Mean(sp.sqrt(_Q)), sp.sqrt(Mean(_Q))),
        label="Jensen",
        uses=("lemma:jensen_root",),
        given={quantity: _Q},
    ),
    Step(
        rule="substitution bound",
        claim=le(sp.sqrt(_nu) * _c, sp.sqrt(_nu)),
        label="root below",
        uses=("Jensen", "mean root", "mean"),
    ),
    Step(
        rule="combination",
        claim=le(_c, 1),
        label="c below one",
        uses=("root below",),
        given={"weights": (1 / sp.sqrt(_nu),)},
    ),
    Step(
        rule="logarithm of both sides",
        claim=le(log_c(_nu), 0),
        label="below zero",
        uses=("c below one",),
    ),
    Step(
        rule="instance",
        claim=le(log_c(_nu + 1), 0),
        label="next below zero",
        uses=("below zero",),
        given={_nu: _nu + 1},
    ),
    Step(
        rule="combination",
        claim=ge(log_c(_nu), log_share),
        label="above",
        uses=("theorem:log_c_recursion", "next below zero"),
        given={"weights": (1, 1)},
    ),
    Step(
        rule="instance",
        claim=eq(log_c(_nu + 2), _later_share - log_c(_nu + 1)),
        label="next step",
        uses=("theorem:log_c_recursion",),
        given={_nu: _nu + 1},
    ),
    Step(
        rule="combination",
        claim=eq(log_c(_nu + 2), log_c(_nu) + _later_share - log_share),
        label="two steps",
        uses=("next step", "theorem:log_c_recursion"),
        given={"weights": (1, -1)},
    ),
)
TELESCOPED = ("two steps", "below zero", "above")
vanishing_log_chi: tuple[Step, ...] = (
    *chi_moments[1:],
    Step(
        rule="lemma",
        claim=le(sp.log(_Q / _nu), _Q / _nu - 1),
        label="tangent",
        uses=("lemma:log_tangent",),
        given={positive_quantity: _Q / _nu},
    ),
    Step(
        rule="monotone",
        claim=le(Mean(sp.log(_Q / _nu)), Mean(_Q / _nu - 1)),
        label="mean tangent",
        uses=("tangent",),
        given={"apply": Mean},
    ),
    Step(
        rule="linearity",
        claim=eq(Mean(sp.log(_Q / _nu)), Mean(sp.log(_Q)) - sp.log(_nu)),
        label="log of a quotient",
    ),
    Step(
        rule="substitution bound",
        claim=le(2 * log_chi(_nu), 0),
        label="twice below zero",
        uses=("mean tangent", "log of a quotient", "mean log", "mean"),
    ),
    Step(
        rule="combination",
        claim=le(log_chi(_nu), 0),
        label="below zero",
        uses=("twice below zero",),
        given={"weights": (sp.Rational(1, 2),)},
    ),
)
_Q2 = ChiSquare(_nu + 2)
vanishing_log_chi += (
    Step(rule="Gamma integral", claim=eq(Mean(1 / _Q2), 1 / _nu), label="mean inverse"),
    Step(
        rule="lemma",
        claim=le(sp.log((_nu + 2) / _Q2), (_nu + 2) / _Q2 - 1),
        label="inverse tangent",
        uses=("lemma:log_tangent",),
        given={positive_quantity: (_nu + 2) / _Q2},
    ),
    Step(
        rule="logarithm laws",
        claim=eq(sp.log((_nu + 2) / _Q2), sp.log(_nu + 2) - sp.log(_Q2)),
        label="log of an inverse",
    ),
    Step(
        rule="combination",
        claim=le(sp.log(_nu + 2) - sp.log(_Q2), (_nu + 2) / _Q2 - 1),
        label="inverse tangent written out",
        uses=("inverse tangent", "log of an inverse"),
        given={"weights": (1, 1)},
    ),
    Step(
        rule="monotone",
        claim=le(Mean(sp.log(_nu + 2) - sp.log(_Q2)), Mean((_nu + 2) / _Q2 - 1)),
        label="mean inverse tangent",
        uses=("inverse tangent written out",),
        given={"apply": Mean},
    ),
    Step(
        rule="instance",
        claim=eq(Mean(sp.log(_Q2)), 2 * log_chi(_nu + 2) + sp.log(_nu + 2)),
        label="later mean log",
        uses=("mean log",),
        given={_nu: _nu + 2},
    ),
    Step(
        rule="substitution bound",
        claim=le(-2 * log_chi(_nu + 2), 2 / _nu),
        label="later above",
        uses=("mean inverse tangent", "later mean log", "mean inverse"),
    ),
    Step(
        rule="combination",
        claim=ge(log_chi(_nu), -1 / _nu - _chi_gain),
        label="above",
        uses=("later above", "theorem:log_chi_recursion"),
        given={"weights": (sp.Rational(1, 2), -1)},
    ),
)

# ------------------------------------------------------------------------------------ enclosures

_WHICH = {
    "log_c": (log_c(_nu), log_c_series, vanishing_log_c, TELESCOPED, ("jensen_root",)),
    "log_chi": (
        log_chi(_nu),
        log_chi_series,
        vanishing_log_chi,
        ("theorem:log_chi_recursion", "below zero", "above"),
        ("log_tangent",),
    ),
}
_IN_WORDS = {"log_c": "log c(nu)", "log_chi": "the mean logarithm of chi over root nu"}


def series_enclosure(which: str, order: int) -> Theorem:
    """Build the theorem that a partial sum lies on one side of its function.

    Parameters
    ----------
    which : str
        ``"log_c"`` or ``"log_chi"``.
    order : int
        Number of terms, at least 1.  The function lies between the partial sums of two orders
        that follow each other (from order 1 for ``log_c``; for ``log_chi`` likewise, where the
        first two terms have one sign).

    Returns
    -------
    Theorem
        Named ``which_series_upper_order`` or ``which_series_lower_order``.

    Examples
    --------
    >>> series_enclosure("log_c", 2).statement
    log_c(nu) <= -1/(4*nu) + 1/(24*nu**3)
    """
    function, series, vanishing, uses, lemmas = _WHICH[which]
    following = series(order + 1) - series(order)
    below = bool(following.subs(_nu, 1) > 0)  # the next term raises the sum to the function
    relation, side = (ge, "lower") if below else (le, "upper")
    claim = relation(function, series(order))
    where = "above" if below else "below"
    return Theorem(
        name=f"{which}_series_{side}_{order}",
        title=f"{_IN_WORDS[which].capitalize()} lies {where} its partial sum of order {order}",
        in_words=f"At every nu > 0 {_IN_WORDS[which]} is {where} the first {order} terms of its "
        "large-argument series.",
        statement=claim,
        kind=Kind.LOWER_BOUND if below else Kind.UPPER_BOUND,
        source=Source.OURS,
        reference=REFERENCE,
        assumptions=POSITIVE,
        lemmas=lemmas,
        derivation=(
            *vanishing,
            Step(
                rule="telescoping series",
                claim=claim,
                note="both sides vanish at infinity",
                label="telescoped",
                uses=uses,
                given={"variable": _nu, "shift": 2},
            ),
            Step(rule="instance", claim=claim, uses=("telescoped",)),
        ),
    )


ENCLOSURES = tuple(
    series_enclosure(which, order) for which in ("log_c", "log_chi") for order in (1, 2, 8, 9)
)

THEOREMS = (log_c_recursion, log_chi_recursion, *ENCLOSURES)
