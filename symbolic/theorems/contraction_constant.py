"""Clean bounds on the contraction constant c(nu), its order, and fractional powers of chi."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.calculus import positive_quantity
from symbolic.lemmas.overlap import exponent
from symbolic.relations import eq, ge, le
from symbolic.special import contraction_constant, log_c, log_c_series, log_chi, log_chi_series
from symbolic.symbols import ChiSquare, Mean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.special_functions import (
    POSITIVE,
    TELESCOPED,
    chi_moments,
    log_share,
    vanishing_log_c,
)

_nu = s.degrees_of_freedom
_Q = ChiSquare(_nu)
_c = contraction_constant()


# ----------------------------------------------------------------------------------- clean bounds

_quarter_share = log_share / 2
_below_quarter = Step(
    rule="telescoping series",
    claim=le(log_c(_nu), _quarter_share),
    label="quarter",
    uses=TELESCOPED,
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
    assumptions=POSITIVE,
    lemmas=("jensen_root",),
    derivation=(*vanishing_log_c, _below_quarter),
)
contraction_constant_upper_bound = Theorem(
    name="contraction_constant_upper_bound",
    title="c(nu) is below one",
    in_words="An update with nu degrees of freedom costs at least a share 1/(4 (nu + 1)).",
    statement=le(_c, _upper),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I9",
    assumptions=POSITIVE,
    lemmas=("bernoulli",),
    derivation=(
        Step(
            rule="exponential",
            claim=le(_c, (_nu / (_nu + 1)) ** sp.Rational(1, 4)),
            label="fourth root",
            uses=("theorem:log_c_quarter_bound",),
        ),
        Step(
            rule="lemma",
            claim=le((_nu / (_nu + 1)) ** sp.Rational(1, 4), _upper),
            label="Bernoulli",
            uses=("lemma:bernoulli",),
            given={positive_quantity: _nu / (_nu + 1), s.share_power: sp.Rational(1, 4)},
        ),
        Step(
            rule="combination",
            claim=le(_c, _upper),
            uses=("fourth root", "Bernoulli"),
            given={"weights": (1, 1)},
        ),
    ),
)
contraction_constant_lower_bound = Theorem(
    name="contraction_constant_lower_bound",
    title="c(nu) is close to one",
    in_words="An update with nu degrees of freedom costs at most a share 1/(4 nu).",
    statement=ge(_c, _lower),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="I9",
    assumptions=POSITIVE,
    lemmas=("exponential_tangent",),
    derivation=(
        Step(
            rule="exponential",
            claim=ge(_c, sp.exp(-1 / (4 * _nu))),
            label="exponential",
            uses=("theorem:log_c_series_lower_1",),
        ),
        Step(
            rule="lemma",
            claim=ge(sp.exp(-1 / (4 * _nu)), _lower),
            label="tangent",
            uses=("lemma:exponential_tangent",),
            given={exponent: -1 / (4 * _nu)},
        ),
        Step(
            rule="combination",
            claim=ge(_c, _lower),
            uses=("exponential", "tangent"),
            given={"weights": (1, 1)},
        ),
    ),
)
contraction_constant_increasing = Theorem(
    name="contraction_constant_increasing",
    title="c(nu) increases",
    in_words="With one more image an update keeps a larger share of the diversity.",
    statement=ge(log_c(_nu + 1), log_c(_nu)),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="I9",
    assumptions=POSITIVE,
    derivation=(
        Step(
            rule="combination",
            claim=ge(log_c(_nu + 1), log_c(_nu)),
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
    statement=le(_deficit, _deficit_bound),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I6",
    assumptions=(*POSITIVE, FRACTION),
    conditions=(_theta <= 1,),
    lemmas=("log_tangent", "bernoulli"),
    derivation=(
        *chi_moments[1:],
        power_moment,
        Step(
            rule="lemma",
            claim=le((_Q / _nu) ** (_theta / 2), 1 + _theta / 2 * (_Q / _nu - 1)),
            label="Bernoulli",
            uses=("lemma:bernoulli",),
            given={positive_quantity: _Q / _nu, s.share_power: _theta / 2},
        ),
        Step(
            rule="monotone",
            claim=le(Mean((_Q / _nu) ** (_theta / 2)), Mean(1 + _theta / 2 * (_Q / _nu - 1))),
            label="mean Bernoulli",
            uses=("Bernoulli",),
            given={"apply": Mean},
        ),
        Step(
            rule="substitution bound",
            claim=le(power_mean, 1),
            label="power below one",
            uses=("mean Bernoulli", "mean power", "mean"),
        ),
        Step(
            rule="logarithm of both sides",
            claim=le(log_power_mean, 0),
            label="log power below zero",
            uses=("power below one",),
        ),
        Step(
            rule="combination",
            claim=le(_deficit, _theta / (4 * _nu)),
            label="from above",
            uses=("log power below zero", "theorem:log_c_series_lower_1"),
            given={"weights": (1, _theta)},
        ),
        Step(
            rule="lemma",
            claim=le(sp.log(_scaled), _scaled - 1),
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
            claim=le(_theta / 2 * (sp.log(_Q) - sp.log(_nu)) - log_power_mean, _scaled - 1),
            label="tangent written out",
            uses=("tangent", "its logarithm"),
            given={"weights": (1, 1)},
        ),
        Step(
            rule="monotone",
            claim=le(
                Mean(_theta / 2 * (sp.log(_Q) - sp.log(_nu)) - log_power_mean), Mean(_scaled - 1)
            ),
            label="mean tangent",
            uses=("tangent written out",),
            given={"apply": Mean},
        ),
        Step(
            rule="substitution bound",
            claim=le(_theta * log_chi(_nu) - log_power_mean, 0),
            label="above the mean log",
            uses=("mean tangent", "mean log", "mean power"),
        ),
        Step(
            rule="combination",
            claim=ge(_deficit, _theta * (log_chi_series(2) - log_c_series(2))),
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
            claim=le(_deficit, _deficit_bound),
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
    log_c_quarter_bound,
    contraction_constant_upper_bound,
    contraction_constant_lower_bound,
    contraction_constant_increasing,
    chi_power_deficit_bound,
)
