"""The contraction constant c(nu) and its logarithmic companion: recursions, enclosures, order.

Partial sums of the large-argument series enclose both functions at every positive argument: the
difference of function and partial sum telescopes along the recursion (rule "telescoping series").
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.calculus import positive_quantity, share_power
from symbolic.lemmas.general import quantity
from symbolic.lemmas.overlap import exponent
from symbolic.special import contraction_constant, log_c, log_c_series, log_chi, log_chi_series
from symbolic.symbols import ChiSquare, Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.text import eq

_nu = s.degrees_of_freedom
_Q = ChiSquare(_nu)
_c = contraction_constant()
_POSITIVE = ("nu > 0, not necessarily whole",)
_REFERENCE = "I1, I6, I9"


def _le(lhs: sp.Expr, rhs: sp.Expr) -> sp.Le:
    return sp.Le(lhs, rhs, evaluate=False)


def _ge(lhs: sp.Expr, rhs: sp.Expr) -> sp.Ge:
    return sp.Ge(lhs, rhs, evaluate=False)


# ------------------------------------------------------------------------------------ recursions

_share = sp.log(_nu / (_nu + 1)) / 2
_later_share = _share.subs(_nu, _nu + 1)


def _recursion(name: str, of: str, claim: sp.Eq) -> Theorem:
    return Theorem(
        name=name,
        title=f"Recursion of {of}",
        in_words=f"From one argument of {of} to a later one: Gamma(z + 1) = z Gamma(z).",
        statement=claim,
        kind=Kind.EXACT,
        source=Source.OURS,
        reference=_REFERENCE,
        assumptions=_POSITIVE,
        derivation=(Step(rule="Gamma recursion", claim=claim),),
    )


log_c_recursion = _recursion(
    "log_c_recursion", "log c(nu)", eq(log_c(_nu + 1), _share - log_c(_nu))
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
        claim=_le(Mean(sp.sqrt(_Q)), sp.sqrt(Mean(_Q))),
        label="Jensen",
        uses=("lemma:jensen_root",),
        given={quantity: _Q},
    ),
    Step(
        rule="substitution bound",
        claim=_le(sp.sqrt(_nu) * _c, sp.sqrt(_nu)),
        label="root below",
        uses=("Jensen", "mean root", "mean"),
    ),
    Step(
        rule="combination",
        claim=_le(_c, 1),
        label="c below one",
        uses=("root below",),
        given={"weights": (1 / sp.sqrt(_nu),)},
    ),
    Step(
        rule="logarithm of both sides",
        claim=_le(log_c(_nu), 0),
        label="below zero",
        uses=("c below one",),
    ),
    Step(
        rule="instance",
        claim=_le(log_c(_nu + 1), 0),
        label="next below zero",
        uses=("below zero",),
        given={_nu: _nu + 1},
    ),
    Step(
        rule="combination",
        claim=_ge(log_c(_nu), _share),
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
        claim=eq(log_c(_nu + 2), log_c(_nu) + _later_share - _share),
        label="two steps",
        uses=("next step", "theorem:log_c_recursion"),
        given={"weights": (1, -1)},
    ),
)
_telescoped = ("two steps", "below zero", "above")
vanishing_log_chi: tuple[Step, ...] = (
    *chi_moments[1:],
    Step(
        rule="lemma",
        claim=_le(sp.log(_Q / _nu), _Q / _nu - 1),
        label="tangent",
        uses=("lemma:log_tangent",),
        given={positive_quantity: _Q / _nu},
    ),
    Step(
        rule="monotone",
        claim=_le(Mean(sp.log(_Q / _nu)), Mean(_Q / _nu - 1)),
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
        claim=_le(2 * log_chi(_nu), 0),
        label="twice below zero",
        uses=("mean tangent", "log of a quotient", "mean log", "mean"),
    ),
    Step(
        rule="combination",
        claim=_le(log_chi(_nu), 0),
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
        claim=_le(sp.log((_nu + 2) / _Q2), (_nu + 2) / _Q2 - 1),
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
        claim=_le(sp.log(_nu + 2) - sp.log(_Q2), (_nu + 2) / _Q2 - 1),
        label="inverse tangent written out",
        uses=("inverse tangent", "log of an inverse"),
        given={"weights": (1, 1)},
    ),
    Step(
        rule="monotone",
        claim=_le(Mean(sp.log(_nu + 2) - sp.log(_Q2)), Mean((_nu + 2) / _Q2 - 1)),
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
        claim=_le(-2 * log_chi(_nu + 2), 2 / _nu),
        label="later above",
        uses=("mean inverse tangent", "later mean log", "mean inverse"),
    ),
    Step(
        rule="combination",
        claim=_ge(log_chi(_nu), -1 / _nu - _chi_gain),
        label="above",
        uses=("later above", "theorem:log_chi_recursion"),
        given={"weights": (sp.Rational(1, 2), -1)},
    ),
)

# ------------------------------------------------------------------------------------ enclosures

_WHICH = {
    "log_c": (log_c(_nu), log_c_series, vanishing_log_c, _telescoped, ("jensen_root",)),
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
    relation, side = (_ge, "lower") if below else (_le, "upper")
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
        reference=_REFERENCE,
        assumptions=_POSITIVE,
        lemmas=lemmas,
        derivation=(
            *vanishing,
            Step(
                rule="telescoping series",
                claim=claim,
                note="both sides vanish at infinity",
                uses=uses,
                given={"variable": _nu, "shift": 2},
            ),
        ),
    )


ENCLOSURES = tuple(
    series_enclosure(which, order) for which in ("log_c", "log_chi") for order in (1, 2, 8, 9)
)

# ----------------------------------------------------------------------------------- clean bounds

_quarter_share = _share / 2
_below_quarter = Step(
    rule="telescoping series",
    claim=_le(log_c(_nu), _quarter_share),
    label="quarter",
    uses=_telescoped,
    given={"variable": _nu, "shift": 2},
)
_upper = 1 - 1 / (4 * (_nu + 1))
_lower = 1 - 1 / (4 * _nu)
log_c_quarter_bound = Theorem(
    name="log_c_quarter_bound",
    title="log c(nu) from above, at any nu",
    in_words="log c(nu) is at most a quarter of log(nu/(nu + 1)): negative however small nu is.",
    statement=_below_quarter.claim,
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I9",
    assumptions=_POSITIVE,
    lemmas=("jensen_root",),
    derivation=(*vanishing_log_c, _below_quarter),
)
contraction_constant_upper_bound = Theorem(
    name="contraction_constant_upper_bound",
    title="c(nu) is below one",
    in_words="An update with nu degrees of freedom costs at least a share 1/(4 (nu + 1)).",
    statement=_le(_c, _upper),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I9",
    assumptions=_POSITIVE,
    lemmas=("bernoulli",),
    derivation=(
        Step(
            rule="exponential",
            claim=_le(_c, (_nu / (_nu + 1)) ** sp.Rational(1, 4)),
            label="fourth root",
            uses=("theorem:log_c_quarter_bound",),
        ),
        Step(
            rule="lemma",
            claim=_le((_nu / (_nu + 1)) ** sp.Rational(1, 4), _upper),
            label="Bernoulli",
            uses=("lemma:bernoulli",),
            given={positive_quantity: _nu / (_nu + 1), share_power: sp.Rational(1, 4)},
        ),
        Step(
            rule="combination",
            claim=_le(_c, _upper),
            uses=("fourth root", "Bernoulli"),
            given={"weights": (1, 1)},
        ),
    ),
)
contraction_constant_lower_bound = Theorem(
    name="contraction_constant_lower_bound",
    title="c(nu) is close to one",
    in_words="An update with nu degrees of freedom costs at most a share 1/(4 nu).",
    statement=_ge(_c, _lower),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="I9",
    assumptions=_POSITIVE,
    lemmas=("exponential_tangent",),
    derivation=(
        Step(
            rule="exponential",
            claim=_ge(_c, sp.exp(-1 / (4 * _nu))),
            label="exponential",
            uses=("theorem:log_c_series_lower_1",),
        ),
        Step(
            rule="lemma",
            claim=_ge(sp.exp(-1 / (4 * _nu)), _lower),
            label="tangent",
            uses=("lemma:exponential_tangent",),
            given={exponent: -1 / (4 * _nu)},
        ),
        Step(
            rule="combination",
            claim=_ge(_c, _lower),
            uses=("exponential", "tangent"),
            given={"weights": (1, 1)},
        ),
    ),
)
contraction_constant_increasing = Theorem(
    name="contraction_constant_increasing",
    title="c(nu) increases",
    in_words="With one more image an update keeps a larger share of the diversity.",
    statement=_ge(log_c(_nu + 1), log_c(_nu)),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="I9",
    assumptions=_POSITIVE,
    derivation=(
        Step(
            rule="combination",
            claim=_ge(log_c(_nu + 1), log_c(_nu)),
            note="log c(nu + 1) - log c(nu) = log(nu/(nu + 1))/2 - 2 log c(nu)",
            uses=("theorem:log_c_recursion", "theorem:log_c_quarter_bound"),
            given={"weights": (1, 2)},
        ),
    ),
)

# ------------------------------------------------------------------------------ fractional powers

_theta = s.fraction_power
log_power_mean = (
    _theta * sp.log(2 / _nu) / 2 + sp.loggamma((_nu + _theta) / 2) - sp.loggamma(_nu / 2)
)
power_mean = sp.exp(log_power_mean)  # E (chi / sqrt nu)**theta
_power = _Q ** (_theta / 2)
_scaled = _power / (_nu ** (_theta / 2) * power_mean)  # of mean one
_deficit = log_power_mean - _theta * log_c(_nu)
_deficit_bound = -_theta * (1 - _theta) / (4 * _nu + 2 * _theta)
power_moment = Step(
    rule="Gamma integral",
    claim=eq(Mean(_power), _nu ** (_theta / 2) * power_mean),
    label="mean power",
)
FRACTION = "0 < theta <= 1"
chi_power_deficit_bound = Theorem(
    name="chi_power_deficit_bound",
    title="Fractional moments fall short of the power of the mean",
    in_words="How much smaller the mean of a fractional power is than that power of the mean.",
    statement=_le(_deficit, _deficit_bound),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I6",
    assumptions=(*_POSITIVE, FRACTION),
    lemmas=("log_tangent", "bernoulli"),
    derivation=(
        *chi_moments[1:],
        power_moment,
        Step(
            rule="lemma",
            claim=_le((_Q / _nu) ** (_theta / 2), 1 + _theta / 2 * (_Q / _nu - 1)),
            label="Bernoulli",
            uses=("lemma:bernoulli",),
            given={positive_quantity: _Q / _nu, share_power: _theta / 2},
        ),
        Step(
            rule="monotone",
            claim=_le(Mean((_Q / _nu) ** (_theta / 2)), Mean(1 + _theta / 2 * (_Q / _nu - 1))),
            label="mean Bernoulli",
            uses=("Bernoulli",),
            given={"apply": Mean},
        ),
        Step(
            rule="substitution bound",
            claim=_le(power_mean, 1),
            label="power below one",
            uses=("mean Bernoulli", "mean power", "mean"),
        ),
        Step(
            rule="logarithm of both sides",
            claim=_le(log_power_mean, 0),
            label="log power below zero",
            uses=("power below one",),
        ),
        Step(
            rule="combination",
            claim=_le(_deficit, _theta / (4 * _nu)),
            label="from above",
            uses=("log power below zero", "theorem:log_c_series_lower_1"),
            given={"weights": (1, _theta)},
        ),
        Step(
            rule="lemma",
            claim=_le(sp.log(_scaled), _scaled - 1),
            label="tangent",
            uses=("lemma:log_tangent",),
            given={positive_quantity: _scaled},
        ),
        Step(
            rule="logarithm laws",
            claim=eq(sp.log(_scaled), _theta / 2 * (sp.log(_Q) - sp.log(_nu)) - log_power_mean),
            label="its logarithm",
        ),
        Step(
            rule="combination",
            claim=_le(_theta / 2 * (sp.log(_Q) - sp.log(_nu)) - log_power_mean, _scaled - 1),
            label="tangent written out",
            uses=("tangent", "its logarithm"),
            given={"weights": (1, 1)},
        ),
        Step(
            rule="monotone",
            claim=_le(
                Mean(_theta / 2 * (sp.log(_Q) - sp.log(_nu)) - log_power_mean), Mean(_scaled - 1)
            ),
            label="mean tangent",
            uses=("tangent written out",),
            given={"apply": Mean},
        ),
        Step(
            rule="substitution bound",
            claim=_le(_theta * log_chi(_nu) - log_power_mean, 0),
            label="above the mean log",
            uses=("mean tangent", "mean log", "mean power"),
        ),
        Step(
            rule="combination",
            claim=_ge(_deficit, _theta * (log_chi_series(2) - log_c_series(2))),
            label="from below",
            uses=(
                "above the mean log",
                "theorem:log_chi_series_lower_2",
                "theorem:log_c_series_upper_2",
            ),
            given={"weights": (1, _theta, _theta)},
        ),
        Step(
            rule="Gamma recursion",
            claim=eq(
                _deficit.subs(_nu, _nu + 2),
                _deficit + sp.log((_nu + _theta) / _nu) - _theta * sp.log((_nu + 1) / _nu),
            ),
            label="two steps",
        ),
        Step(
            rule="telescoping series",
            claim=_le(_deficit, _deficit_bound),
            uses=("two steps", "from above", "from below"),
            given={
                "variable": _nu,
                "shift": 2,
                "domain": {_theta: 1 / (1 + sp.Symbol("over_theta", nonnegative=True))},
            },
        ),
    ),
)

THEOREMS = (
    log_c_recursion,
    log_chi_recursion,
    *ENCLOSURES,
    log_c_quarter_bound,
    contraction_constant_upper_bound,
    contraction_constant_lower_bound,
    contraction_constant_increasing,
    chi_power_deficit_bound,
)
