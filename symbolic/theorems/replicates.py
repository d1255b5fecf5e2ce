"""Means over finitely many runs of a heavy-tailed diversity: their error, and when they fail.

The standard deviation along a direction is a product of independent factors, so its law is close
to log-normal and a plain mean over ``R`` runs rests on rare ones (I6).  The results are exact
along a direction; a bound says as much of the image diversity in any dimension.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.general import term
from symbolic.model.fidelity import variance_at
from symbolic.model.rates import diversity_over_runs, run_sd, sd_over_runs
from symbolic.relations import eq, ge
from symbolic.special import log_c
from symbolic.symbols import Mean, SampleMean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.image import (
    TWO_IMAGES,
    UPDATES,
    covariance_scale,
    directional_factor,
    freedom,
)

_R, _t, _n, _nu = s.replicates, s.generations, s.image_count, s.degrees_of_freedom
_theta, _v = s.fraction_power, s.directional_variance_at
_V, _spread = s.relative_variance, sp.exp(-2 * _t * log_c(freedom)) - 1
RUNS = "R independent runs from the same start"
SEVERAL_IMAGES = {_n: 2 + sp.Symbol("over_images", nonnegative=True)}
MANY_IMAGES = {s.ddof: _n - sp.Symbol("over_ddof", positive=True),
         _n: 1 + sp.Symbol("over_images", positive=True)}  # fmt: skip


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
kept_mean_sd = directional_factor**_t * sp.sqrt(s.directional_variance)
replicate_relative_variance = Theorem(
    name="replicate_relative_variance",
    title="Squared relative error of a mean over runs",
    in_words=(
        "The squared relative standard error of the mean over R runs of a standard deviation in "
        "one direction grows as c(nu)^(-2 t)."
    ),
    statement=eq(_V, _spread / _R),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, RUNS),
    conditions=TWO_IMAGES,
    derivation=(
        *_over_runs(run_sd),
        _by_one_run(_V, run_sd, sd_over_runs, "model:relative_variance"),
        Step(
            rule="combination",
            claim=eq(
                _V * kept_mean_sd**2,
                (covariance_scale**_t * s.directional_variance - kept_mean_sd**2) / _R,
            ),
            label="in numbers",
            uses=(
                "by one run",
                "theorem:directional_diversity_mean",
                "theorem:directional_variance_mean",
            ),
            given={"weights": (1, -(_V + 1 / _R) * (Mean(run_sd) + kept_mean_sd), 1 / _R)},
        ),
        Step(
            rule="power laws",
            claim=eq(_scale_power, _factor_square / _squeezed),
            label="apart",
            given={"domain": MANY_IMAGES},
        ),
        Step(
            rule="combination",
            claim=eq(_V, (_scale_power / _factor_square - 1) / _R),
            label="ratio",
            uses=("in numbers",),
            given={
                "weights": (1 / (s.directional_variance * _factor_square),),
                "domain": MANY_IMAGES,
            },
        ),
        Step(rule="substitution", claim=eq(_V, _spread / _R), uses=("ratio", "apart")),
    ),
)
_wanted = s.relative_error**2
replicates_needed = Theorem(
    name="replicates_needed",
    title="Runs needed for a relative error",
    in_words=(
        "So many independent runs give the mean standard deviation in one direction to a "
        "relative error r."
    ),
    statement=eq(s.replicates_needed, _spread / _wanted),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, RUNS),
    conditions=TWO_IMAGES,
    derivation=(
        Step(
            rule="level reached",
            claim=eq(s.replicates_needed, _spread / _wanted),
            uses=("theorem:replicate_relative_variance",),
            given={"level": _wanted, "variable": _R, "domain": SEVERAL_IMAGES},
        ),
    ),
)
_horizon = sp.log(1 + _R * _wanted) / (-2 * log_c(freedom))
replicate_horizon = Theorem(
    name="replicate_horizon",
    title="How long a mean over runs stays accurate",
    in_words=(
        "After so many updates the mean over R runs of a standard deviation in one direction has "
        "the relative standard error r."
    ),
    statement=eq(s.run_horizon, _horizon),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, RUNS),
    conditions=TWO_IMAGES,
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
            given={"domain": SEVERAL_IMAGES},
        ),
        Step(
            rule="level reached",
            claim=eq(s.run_horizon, _horizon),
            note="log(1 + R V) reaches log(1 + R r^2)",
            uses=("log spread",),
            given={
                "level": sp.log(1 + _R * _wanted),
                "variable": _t,
                "domain": SEVERAL_IMAGES,
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
    in_words=(
        "In any dimension the relative error of the mean image diversity grows at least as "
        "c(nu)^-t."
    ),
    statement=ge(_VD, _floor),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, RUNS, "equality in one dimension"),
    conditions=(*TWO_IMAGES, s.image_variance / _D0**2 <= 1),
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
            claim=ge(_D0**2, s.current_variance),
            note="the products of pairs are left out",
            label="above the trace",
            uses=("model:image_diversity", "square", "model:current_variance"),
            given={"weights": (_D0 + _total, 1, -1), "form": 2 * _pairs},
        ),
        Step(
            rule="tower",
            claim=ge(Mean(_D**2), Mean(variance_at[_t])),
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
            claim=ge(_one * _bound**2, _trace),
            label="in numbers",
            uses=("theorem:image_diversity_upper_bound", "by one run", "mean square", "mean trace"),
            given={"weights": (_one * (_bound + Mean(_D)), _R, 1, 1)},
        ),
        Step(
            rule="power laws",
            claim=eq(_scale_power, _factor_square / _squeezed),
            label="apart",
            given={"domain": MANY_IMAGES},
        ),
        Step(
            rule="combination",
            claim=ge(_VD, (_trace / (_D0**2 * _factor_square) - 1) / _R),
            label="ratio",
            uses=("in numbers",),
            given={"weights": (1 / (_R * _D0**2 * _factor_square),), "domain": MANY_IMAGES},
        ),
        Step(
            rule="substitution bound",
            claim=ge(_VD, _floor),
            uses=("ratio", "apart"),
        ),
    ),
)  # fmt: skip

THEOREMS = (
    replicate_relative_variance,
    replicates_needed,
    replicate_horizon,
    replicate_diversity_variance,
)
