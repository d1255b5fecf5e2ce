"""Means over finitely many runs of a heavy-tailed diversity: their error, and when they fail.

The standard deviation along a direction is a product of independent factors, so its law is close
to log-normal and a plain mean over ``R`` runs rests on rare ones (I6).  The results are exact
along a direction; a bound says as much of the image diversity in any dimension.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.calculus import size
from symbolic.lemmas.general import term
from symbolic.model.fidelity import variance_at
from symbolic.model.image import image_scale
from symbolic.model.rates import diversity_over_runs, run_sd, sd_over_runs
from symbolic.special import log_c
from symbolic.symbols import ChiSquare, Mean, SampleMean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.image import UPDATES, covariance_scale, directional_factor, freedom
from symbolic.theorems.special_functions import (
    FRACTION,
    chi_power_deficit_bound,
    power_mean,
    power_moment,
)
from symbolic.theorems.text import eq

_R, _t, _n, _nu = s.replicates, s.generations, s.image_count, s.degrees_of_freedom
_theta, _v = s.fraction_power, s.directional_variance_at
_V, _spread = s.relative_variance, sp.exp(-2 * _t * log_c(freedom)) - 1
RUNS = "R independent runs from the same start"
_several = {_n: 2 + sp.Symbol("over_images", nonnegative=True)}
_many = {s.ddof: _n - sp.Symbol("over_ddof", positive=True),
         _n: 1 + sp.Symbol("over_images", positive=True)}  # fmt: skip


def _le(lhs: sp.Expr, rhs: sp.Expr) -> sp.Le:
    return sp.Le(lhs, rhs, evaluate=False)


def _ge(lhs: sp.Expr, rhs: sp.Expr) -> sp.Ge:
    return sp.Ge(lhs, rhs, evaluate=False)


def _over_runs(quantity: sp.Expr) -> tuple[Step, ...]:
    """First two moments of a mean over runs."""
    average = SampleMean(quantity, _R)
    return (
        Step(rule="i.i.d. sum", claim=eq(Mean(average), Mean(quantity)), label="mean over runs"),
        Step(
            rule="i.i.d. sum",
            claim=eq(Mean(average**2), Mean(quantity**2) / _R + (1 - 1 / _R) * Mean(quantity) ** 2),
            label="square over runs",
        ),
    )


def _by_one_run(ratio: sp.Expr, quantity: sp.Expr, average: sp.Expr, premise: str) -> Step:
    weight = -(ratio + 1) * (Mean(average) + Mean(quantity))
    return Step(
        rule="combination",
        claim=eq(ratio * Mean(quantity) ** 2, (Mean(quantity**2) - Mean(quantity) ** 2) / _R),
        label="by one run",
        uses=(premise, "mean over runs", "square over runs"),
        given={"weights": (1, weight, 1)},
    )


_scale_power, _squeezed = covariance_scale**_t, sp.exp(2 * _t * log_c(freedom))
_factor_square = directional_factor ** (2 * _t)
_kept = directional_factor**_t * sp.sqrt(s.directional_variance)
replicate_relative_variance = Theorem(
    name="replicate_relative_variance",
    title="Squared relative error of a mean over runs",
    in_words="The squared relative standard error of the mean over R runs grows as c(nu)^(-2 t).",
    statement=eq(_V, _spread / _R),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, RUNS),
    derivation=(
        *_over_runs(run_sd),
        _by_one_run(_V, run_sd, sd_over_runs, "model:relative_variance"),
        Step(
            rule="combination",
            claim=eq(
                _V * _kept**2, (covariance_scale**_t * s.directional_variance - _kept**2) / _R
            ),
            label="in numbers",
            uses=(
                "by one run",
                "theorem:directional_diversity_mean",
                "theorem:directional_variance_mean",
            ),
            given={"weights": (1, -(_V + 1 / _R) * (Mean(run_sd) + _kept), 1 / _R)},
        ),
        Step(
            rule="power laws",
            claim=eq(_scale_power, _factor_square / _squeezed),
            label="apart",
            given={"domain": _many},
        ),
        Step(
            rule="combination",
            claim=eq(_V, (_scale_power / _factor_square - 1) / _R),
            label="ratio",
            uses=("in numbers",),
            given={
                "weights": (1 / (s.directional_variance * _factor_square),),
                "domain": _many,
            },
        ),
        Step(rule="substitution", claim=eq(_V, _spread / _R), uses=("ratio", "apart")),
    ),
)
_wanted = s.relative_error**2
replicates_needed = Theorem(
    name="replicates_needed",
    title="Runs needed for a relative error",
    in_words="So many independent runs give the mean of the diversity to a relative error r.",
    statement=eq(s.replicates_needed, _spread / _wanted),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, RUNS),
    derivation=(
        Step(
            rule="level reached",
            claim=eq(s.replicates_needed, _spread / _wanted),
            uses=("theorem:replicate_relative_variance",),
            given={"level": _wanted, "variable": _R, "domain": _several},
        ),
    ),
)
_horizon = sp.log(1 + _R * _wanted) / (-2 * log_c(freedom))
replicate_horizon = Theorem(
    name="replicate_horizon",
    title="How long a mean over runs stays accurate",
    in_words="After so many updates the mean over R runs has the relative standard error r.",
    statement=eq(s.run_horizon, _horizon),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, RUNS),
    derivation=(
        Step(
            rule="combination",
            claim=eq(1 + _R * _V, sp.exp(-2 * _t * log_c(freedom))),
            label="spread",
            uses=("theorem:replicate_relative_variance",),
            given={"weights": (_R,)},
        ),
        Step(
            rule="logarithm of both sides",
            claim=eq(sp.log(1 + _R * _V), -2 * _t * log_c(freedom)),
            label="log spread",
            uses=("spread",),
            given={"domain": _several},
        ),
        Step(
            rule="level reached",
            claim=eq(s.run_horizon, _horizon),
            note="log(1 + R V) reaches log(1 + R r^2)",
            uses=("log spread",),
            given={
                "level": sp.log(1 + _R * _wanted),
                "variable": _t,
                "domain": _several,
            },
        ),
    ),
)

# ------------------------------------------------------------------------------------- failure

_powered = run_sd**_theta
_by_moment = image_scale ** (_theta / 2) * freedom ** (_theta / 2) * power_mean.subs(_nu, freedom)
_kept_power = sp.exp(
    _theta / 2 * sp.log(2 * s.shrinkage_factor / (_n - s.ddof))
    + sp.loggamma((freedom + _theta) / 2)
    - sp.loggamma(freedom / 2)
)
_fractional = _kept_power**_t * s.directional_variance ** (_theta / 2)
_Q = ChiSquare(freedom)
replicate_fractional_moment = Theorem(
    name="replicate_fractional_moment",
    title="Fractional moments of a mean over runs",
    in_words="A fractional moment of the mean over R runs is bounded by that of one run.",
    statement=_le(Mean(sd_over_runs**_theta), _R ** (1 - _theta) * _fractional),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, RUNS, FRACTION, "equality at theta = 1"),
    lemmas=("subadditive_power", "sample_variance"),
    derivation=(
        power_moment,
        Step(
            rule="instance",
            claim=eq(
                Mean(_Q ** (_theta / 2)),
                freedom ** (_theta / 2) * power_mean.subs(_nu, freedom),
            ),
            label="moment",
            uses=("mean power",),
            given={_nu: freedom},
        ),
        Step(
            rule="substitution",
            claim=eq(
                Mean(_powered.subs(_t, _t + 1)),
                image_scale ** (_theta / 2) * Mean(_Q ** (_theta / 2) * _powered),
            ),
            label="one update",
            uses=("lemma:sample_variance",),
        ),
        Step(
            rule="independence",
            claim=eq(
                Mean(_Q ** (_theta / 2) * _powered), Mean(_Q ** (_theta / 2)) * Mean(_powered)
            ),
            label="split",
            given={"fresh": _Q},
        ),
        Step(
            rule="power laws",
            claim=eq(_by_moment, _kept_power),
            label="together",
            given={"domain": _many},
        ),
        Step(
            rule="combination",
            claim=eq(Mean(_powered.subs(_t, _t + 1)), _kept_power * Mean(_powered)),
            label="each update",
            uses=("one update", "split", "moment", "together"),
            given={
                "weights": (
                    1,
                    image_scale ** (_theta / 2),
                    image_scale ** (_theta / 2) * Mean(_powered),
                    Mean(_powered),
                )
            },
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_powered.subs(_t, 0)), s.directional_variance ** (_theta / 2)),
            label="start",
            uses=("model:direction_start",),
        ),
        Step(
            rule="linear recursion",
            claim=eq(Mean(_powered), _fractional),
            label="one run",
            uses=("each update", "start"),
        ),
        Step(
            rule="lemma",
            claim=_le(sd_over_runs**_theta, _R ** (1 - _theta) * SampleMean(_powered, _R)),
            label="run by run",
            uses=("lemma:subadditive_power",),
            given={size: run_sd},
        ),
        Step(
            rule="monotone",
            claim=_le(
                Mean(sd_over_runs**_theta), Mean(_R ** (1 - _theta) * SampleMean(_powered, _R))
            ),
            label="mean run by run",
            uses=("run by run",),
            given={"apply": Mean},
        ),
        Step(
            rule="i.i.d. sum",
            claim=eq(Mean(SampleMean(_powered, _R)), Mean(_powered)),
            label="powers over runs",
        ),
        Step(
            rule="combination",
            claim=_le(Mean(sd_over_runs**_theta), _R ** (1 - _theta) * _fractional),
            uses=("mean run by run", "powers over runs", "one run"),
            given={"weights": (1, -(_R ** (1 - _theta)), -(_R ** (1 - _theta)))},
        ),
    ),
)

_A, _K = s.relative_power_mean, 4 * freedom + 2 * _theta
_deficit = chi_power_deficit_bound.lhs.subs(_nu, freedom)
_loss = -_theta * (1 - _theta) / _K
_relative = _le(_A, _R ** (1 - _theta) * sp.exp(_t * _loss))
_few = _R ** (1 - _theta)
replicate_collapse = Theorem(
    name="replicate_collapse",
    title="A mean over runs collapses",
    in_words="Relative to the true mean, the mean over R runs tends to zero exponentially.",
    statement=_relative,
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I6",
    assumptions=(
        *UPDATES,
        RUNS,
        FRACTION,
        "Markov: x times the true mean is exceeded with a probability of at most x^-theta of it",
    ),
    derivation=(
        Step(
            rule="combination",
            claim=_le(_A * Mean(run_sd) ** _theta, _few * _fractional),
            label="moment",
            uses=("model:relative_power_mean", "theorem:replicate_fractional_moment"),
            given={"weights": (-1, 1)},
        ),
        Step(
            rule="substitution bound",
            claim=_le(_A * _kept**_theta, _few * _fractional),
            label="in numbers",
            uses=("moment", "theorem:directional_diversity_mean"),
        ),
        Step(
            rule="power laws",
            claim=eq(_fractional, _kept**_theta * sp.exp(_t * _deficit)),
            label="relative to the mean",
            given={"domain": _many},
        ),
        Step(
            rule="combination",
            claim=_le(_A, _few * sp.exp(_t * _deficit)),
            label="relative",
            uses=("in numbers", "relative to the mean"),
            given={"weights": (_kept**-_theta, -_few * _kept**-_theta)},
        ),
        Step(
            rule="instance",
            claim=_le(_deficit, _loss),
            label="one update",
            uses=("theorem:chi_power_deficit_bound",),
            given={_nu: freedom},
        ),
        Step(
            rule="combination",
            claim=_le(_t * _deficit, _t * _loss),
            label="all updates",
            uses=("one update",),
            given={"weights": (_t,)},
        ),
        Step(
            rule="exponential",
            claim=_le(sp.exp(_t * _deficit), sp.exp(_t * _loss)),
            label="factor",
            uses=("all updates",),
            given={"domain": _several},
        ),
        Step(
            rule="combination",
            claim=_relative,
            uses=("relative", "factor"),
            given={"weights": (1, _few)},
        ),
    ),
)
_reached = (
    (4 * freedom + 2 * _theta)
    * ((1 - _theta) * sp.log(_R) - sp.log(s.share_left))
    / (_theta * (1 - _theta))
)
replicate_failure_time = Theorem(
    name="replicate_failure_time",
    title="When a mean over runs has failed",
    in_words="From about 4 nu log R updates on, the mean over R runs no longer tells the mean.",
    statement=_le(s.failure_time, _reached),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I6",
    assumptions=(
        *UPDATES,
        RUNS,
        "0 < theta < 1, 0 < ell < 1",
        "the time at which the relative fractional moment has fallen to ell",
    ),
    derivation=(
        Step(
            rule="logarithm of both sides",
            claim=_le(sp.log(_A), (1 - _theta) * sp.log(_R) + _t * _loss),
            label="logarithm",
            uses=("theorem:replicate_collapse",),
            given={"domain": _several},
        ),
        Step(
            rule="level reached",
            claim=_le(s.failure_time, _reached),
            uses=("logarithm",),
            given={
                "level": sp.log(s.share_left),
                "variable": _t,
                "domain": {_theta: 1 / (1 + sp.Symbol("over_theta", positive=True))},
            },
        ),
    ),
)

# --------------------------------------------------------------------------- in any dimension

_a, _b, _d = s.feature, s.other_feature, s.num_features
_axes, _sd = (_a, 0, _d - 1), s.image_sd[_a]
_pairs = sp.Sum(_sd * s.image_sd[_b], (_b, _a + 1, _d - 1), _axes)
_total, _squares = sp.Sum(_sd, _axes), sp.Sum(_sd**2, _axes)
_D, _D0, _VD = s.image_diversity_at[_t], s.image_diversity, s.diversity_variance
_bound = directional_factor**_t * _D0
_trace = covariance_scale**_t * s.image_variance
_floor = (sp.exp(-2 * _t * log_c(freedom)) * s.image_variance / _D0**2 - 1) / _R
_one = _R * _VD + 1
replicate_diversity_variance = Theorem(
    name="replicate_diversity_variance",
    title="Squared relative error of a mean image diversity over runs",
    in_words="In any dimension the relative error of the mean image diversity grows as c(nu)^-t.",
    statement=_ge(_VD, _floor),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, RUNS, "equality in one dimension"),
    lemmas=("square_of_sum",),
    derivation=(
        Step(
            rule="lemma",
            claim=eq(_total**2, _squares + 2 * _pairs),
            label="square",
            uses=("lemma:square_of_sum",),
            given={term[s.text]: _sd, term[s.other_text]: s.image_sd[_b], s.text: _a,
                   s.other_text: _b, s.num_texts: _d},
        ),
        Step(
            rule="combination",
            claim=_ge(_D0**2, s.current_variance),
            note="the products of pairs are left out",
            label="above the trace",
            uses=("model:image_diversity", "square", "model:current_variance"),
            given={"weights": (_D0 + _total, 1, -1), "form": 2 * _pairs},
        ),
        Step(
            rule="tower",
            claim=_ge(Mean(_D**2), Mean(variance_at[_t])),
            label="mean square",
            uses=("above the trace",),
            given={_D0: _D, s.current_variance: variance_at[_t]},
        ),
        *_over_runs(_D),
        _by_one_run(_VD, _D, diversity_over_runs, "model:relative_diversity_variance"),
        Step(
            rule="combination",
            claim=eq(Mean(variance_at[_t]), _trace),
            label="mean trace",
            uses=("model:trace_by_direction", "theorem:directional_variance_mean"),
            given={"weights": (1, s.image_variance / s.directional_variance)},
        ),
        Step(
            rule="combination",
            claim=_ge(_one * _bound**2, _trace),
            label="in numbers",
            uses=("theorem:image_diversity_upper_bound", "by one run", "mean square", "mean trace"),
            given={"weights": (_one * (_bound + Mean(_D)), _R, 1, 1)},
        ),
        Step(
            rule="power laws",
            claim=eq(_scale_power, _factor_square / _squeezed),
            label="apart",
            given={"domain": _many},
        ),
        Step(
            rule="combination",
            claim=_ge(_VD, (_trace / (_D0**2 * _factor_square) - 1) / _R),
            label="ratio",
            uses=("in numbers",),
            given={"weights": (1 / (_R * _D0**2 * _factor_square),), "domain": _many},
        ),
        Step(
            rule="substitution bound",
            claim=_ge(_VD, _floor),
            uses=("ratio", "apart"),
        ),
    ),
)  # fmt: skip

THEOREMS = (
    replicate_relative_variance,
    replicates_needed,
    replicate_horizon,
    replicate_fractional_moment,
    replicate_collapse,
    replicate_failure_time,
    replicate_diversity_variance,
)
