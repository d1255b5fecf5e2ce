"""User-content injection into the image model: I10.

A text's ``n`` generated images are pooled with ``N_0`` fresh images from its reference Gaussian;
``m = n + N_0``, ``w = n/m``.  `pool_scale` is 1 for the unbiased covariance without shrinkage.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.fidelity import axis_offset, variance_at
from symbolic.model.user_content import axis_cov, next_variance, other_draw, reference_sd
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean
from symbolic.theorem import Kind, Source, Step, Theorem

_n, _n0 = s.image_count, s.user_images
pool = _n + _n0
share = _n / pool
pool_scale = s.shrinkage_factor * (pool - 1) / (pool - s.ddof)
_spread = _n * _n0 / (pool * (pool - 1))  # how much the gap between the two means adds

POOLED = (
    "n generated images pooled with N_0 fresh images from the reference Gaussian",
    "n is fixed; n + N_0 > max(1, ddof)",
)
GIVEN = "expectation given the state before the update"

_g, _f = s.generated_image, s.user_image
_sg, _sf = SampleMean(_g, _n), SampleMean(_f, _n0)

# The pool has more than max(1, ddof) images.
ENOUGH_IMAGES = (_n > 1 - _n0, _n > s.ddof - _n0)


def _mean(draw: sp.Expr, size: sp.Expr, name: str) -> Step:
    """Mean of the mean of ``size`` draws."""
    claim = eq(Mean(SampleMean(draw, size)), Mean(draw))
    return Step(rule="i.i.d. sum", claim=claim, label=f"mean of {name}")


def _square(draw: sp.Expr, size: sp.Expr, name: str) -> Step:
    """Mean square of the mean of ``size`` draws."""
    value = Mean(draw**2) / size + (1 - 1 / size) * Mean(draw) ** 2
    claim = eq(Mean(SampleMean(draw, size) ** 2), value)
    return Step(rule="i.i.d. sum", claim=claim, label=f"square of {name}")


def _product(first: sp.Expr, second: sp.Expr) -> Step:
    """Generated and reference images are independent."""
    return Step(
        rule="i.i.d. sum",
        claim=eq(Mean(SampleMean(first, _n) * SampleMean(second, _n0)), Mean(first) * Mean(second)),
        label="product",
    )


_pool_moments = ("model:generated_square", "model:generated_mean", "model:user_square",
                 "model:user_mean")  # fmt: skip
_squares = ("square of generated", "square of reference", "product")
_averages = ("mean of generated", "square of generated", "mean of reference",
             "square of reference", "product")  # fmt: skip
_mean_cov = eq(
    Mean(s.next_cov),
    pool_scale
    * (share * s.current_cov + (1 - share) * s.reference_cov + _spread * s.mean_offset**2),
)
user_content_mean_covariance = Theorem(
    name="user_content_mean_covariance",
    title="Mean covariance after one update with user content",
    in_words="The covariance is pulled to the reference, and the gap of the means adds to it.",
    statement=_mean_cov,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="Theorem 6.2 (I10)",
    assumptions=(*POOLED, GIVEN, "variance along any fixed direction, hence the matrix identity"),
    conditions=ENOUGH_IMAGES,
    derivation=(
        _square(_g, _n, "generated"),
        _square(_f, _n0, "reference"),
        _product(_g, _f),
        Step(
            rule="i.i.d. sum",
            claim=eq(Mean(SampleMean(_g**2, _n)), Mean(_g**2)),
            label="generated squares",
        ),
        Step(
            rule="i.i.d. sum",
            claim=eq(Mean(SampleMean(_f**2, _n0)), Mean(_f**2)),
            label="reference squares",
        ),
        Step(
            rule="substitution",
            claim=_mean_cov,
            uses=(
                "model:pooled_cov", "generated squares", "reference squares", *_squares,
                *_pool_moments,
            ),
        ),
    ),
)  # fmt: skip
_drift = eq(Mean(s.next_mean_offset), share * s.mean_offset)
user_content_drift = Theorem(
    name="user_content_drift",
    title="Mean offset after one update with user content",
    in_words="User content pulls the mean back towards the reference by the factor n/(n + N_0).",
    statement=_drift,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="Theorem 6.2 (I10)",
    assumptions=(*POOLED, GIVEN),
    conditions=ENOUGH_IMAGES[:1],
    derivation=(
        _mean(_g, _n, "generated"),
        _mean(_f, _n0, "reference"),
        Step(
            rule="substitution",
            claim=_drift,
            uses=("model:pooled_offset", "mean of generated", "mean of reference",
                  "model:generated_mean", "model:user_mean"),
        ),
    ),
)  # fmt: skip

_a = s.feature
_axes = (_a, 0, s.num_features - 1)
_z = s.normal_draw[_a]
_squared = eq(
    Mean(s.next_squared_offset),
    share**2 * s.squared_offset
    + (share * s.current_variance + (1 - share) * s.image_variance) / pool,
)
user_content_squared_drift = Theorem(
    name="user_content_squared_drift",
    title="Mean squared offset after one update with user content",
    in_words="Squared offset: the pull by the share squared, plus the noise of the pooled mean.",
    statement=_squared,
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="Theorem 6.2 (I10)",
    assumptions=(*POOLED, GIVEN),
    conditions=ENOUGH_IMAGES[:1],
    derivation=(
        _mean(_z, _n, "generated"),
        _square(_z, _n, "generated"),
        _mean(other_draw, _n0, "reference"),
        _square(other_draw, _n0, "reference"),
        _product(_z, other_draw),
        Step(rule="Isserlis", claim=eq(Mean(_z), 0), label="z mean"),
        Step(rule="Isserlis", claim=eq(Mean(_z**2), 1), label="z square"),
        Step(rule="Isserlis", claim=eq(Mean(other_draw), 0), label="zeta mean"),
        Step(rule="Isserlis", claim=eq(Mean(other_draw**2), 1), label="zeta square"),
        Step(
            rule="substitution",
            claim=eq(
                Mean(s.next_squared_offset),
                share**2 * sp.Sum(axis_offset[_a] ** 2, _axes)
                + share * sp.Sum(s.image_sd[_a] ** 2, _axes) / pool
                + (1 - share) * sp.Sum(reference_sd[_a] ** 2, _axes) / pool,
            ),
            label="by axis",
            uses=("model:squared_pool_offset", *_averages, "z mean", "z square", "zeta mean",
                  "zeta square"),
        ),
        Step(
            rule="combination",
            claim=_squared,
            uses=("by axis", "model:squared_offset", "model:current_variance",
                  "model:axis_reference"),
            given={"weights": (1, -(share**2), -share / pool, -(1 - share) / pool)},
        ),
    ),
)  # fmt: skip

# ------------------------------------------------------------------------- stationary values

# The stationary pair (T, F) solves T = scale (w T + (1-w) T0 + spread F) and
# F = w^2 F + (w T + (1-w) T0)/m; F over T0 is the ratio below.
_noise = (1 - share) / (1 - pool_scale * share)  # w T + (1-w) T0 over T0 when F = 0
_feedback = share * pool_scale * _spread / (1 - pool_scale * share)
_fidelity = s.image_variance * _noise / (pool * (1 - share**2) - _feedback)
_trace = (
    pool_scale * ((1 - share) * s.image_variance + _spread * _fidelity) / (1 - pool_scale * share)
)
_axis = {
    s.next_cov: axis_cov[_a],
    s.current_cov: s.image_sd[_a] ** 2,
    s.reference_cov: reference_sd[_a] ** 2,
    s.mean_offset: axis_offset[_a],
}
_one_axis = eq(Mean(axis_cov[_a]), _mean_cov.rhs.xreplace(_axis))
_T, _F = variance_at[s.generations], s.squared_fidelity_at[s.generations]
_later = s.generations + 1
_one_trace = eq(
    Mean(next_variance),
    pool_scale
    * (share * s.current_variance + (1 - share) * s.image_variance + _spread * s.squared_offset),
)
_recursions = (
    Step(
        rule="instance",
        claim=_one_axis,
        label="one axis",
        uses=("theorem:user_content_mean_covariance",),
        given=_axis,
    ),
    Step(
        rule="monotone",
        claim=eq(sp.Sum(_one_axis.lhs, _axes), sp.Sum(_one_axis.rhs, _axes)),
        label="all axes",
        uses=("one axis",),
        given={"apply": sp.Sum, "over": (_axes,)},
    ),
    Step(
        rule="combination",
        claim=_one_trace,
        label="trace",
        uses=("model:pooled_variance", "all axes", "model:current_variance",
              "model:axis_reference", "model:squared_offset"),
        given={
            "weights": (1, 1, -pool_scale * share, -pool_scale * (1 - share),
                        -pool_scale * _spread)
        },
    ),
    Step(
        rule="tower",
        claim=eq(
            Mean(variance_at[_later]),
            pool_scale * (share * Mean(_T) + (1 - share) * s.image_variance + _spread * Mean(_F)),
        ),
        label="each trace",
        uses=("trace",),
        given={next_variance: variance_at[_later], s.current_variance: _T, s.squared_offset: _F},
    ),
    Step(
        rule="tower",
        claim=eq(
            Mean(s.squared_fidelity_at[_later]),
            share**2 * Mean(_F)
            + (share * Mean(_T) + (1 - share) * s.image_variance) / pool,
        ),
        label="each offset",
        uses=("theorem:user_content_squared_drift",),
        given={
            s.next_squared_offset: s.squared_fidelity_at[_later],
            s.current_variance: _T,
            s.squared_offset: _F,
        },
    ),
)  # fmt: skip
_critical = (pool - s.ddof) * (pool + _n) / (_n * (pool + _n - 1))
_over = {name: sp.Symbol(f"over_{name}", nonnegative=True) for name in ("users", "ddof")}
_POOL = {s.ddof: pool - _over["ddof"], s.user_images: 1 + _over["users"]}
user_content_critical_shrinkage = Theorem(
    name="user_content_critical_shrinkage",
    title="When user content holds the state",
    in_words="The mean covariance and squared offset settle exactly below this shrinkage factor.",
    statement=eq(s.critical_shrinkage, _critical),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="Theorem 6.2 (I10)",
    assumptions=(
        *POOLED,
        "N_0 >= 1",
        "for shrinkage_factor = 1 that is ddof < N_0 + n/(2 n + N_0), so ddof <= N_0",
    ),
    conditions=(*ENOUGH_IMAGES, _n0 >= 1),
    derivation=(
        *_recursions,
        Step(
            rule="critical value of a linear system",
            claim=eq(s.critical_shrinkage, _critical),
            uses=("each trace", "each offset"),
            given={
                "unknowns": (Mean(_T), Mean(_F)),
                "variable": s.shrinkage_factor,
                "domain": _POOL,
            },
        ),
    ),
)
# The recursions contract all the way up to the critical value.
_below = 1 / (1 + sp.Symbol("over_shrinkage", positive=True))
_HELD = {s.shrinkage_factor: _critical * _below, **_POOL}


def _stationary(name: str, title: str, in_words: str, claim: sp.Eq, unknown: sp.Expr) -> Theorem:
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=claim,
        kind=Kind.FIXED_POINT,
        source=Source.OURS,
        reference="Theorem 6.2 (I10)",
        assumptions=(
            *POOLED,
            "N_0 >= 1",
            "shrinkage_factor below user_content_critical_shrinkage, exactly where it attracts",
        ),
        conditions=(*ENOUGH_IMAGES, _n0 >= 1, s.shrinkage_factor < _critical),
        derivation=(
            *_recursions,
            Step(
                rule="fixed point of a linear system",
                claim=claim,
                uses=("each trace", "each offset"),
                given={
                    "point": {Mean(_T): _trace, Mean(_F): _fidelity},
                    "unknown": unknown,
                    "domain": _HELD,
                },
            ),
        ),
    )


user_content_stationary_fidelity = _stationary(
    "user_content_stationary_fidelity",
    "Stationary squared fidelity with user content",
    "The mean squared distance from the reference settles at this value.",
    eq(s.stationary_fidelity, _fidelity),
    Mean(_F),
)
user_content_stationary_trace = _stationary(
    "user_content_stationary_trace",
    "Stationary trace of the covariance with user content",
    "The mean trace of the covariance settles at this value.",
    eq(s.stationary_trace, _trace),
    Mean(_T),
)

THEOREMS = (
    user_content_mean_covariance,
    user_content_drift,
    user_content_squared_drift,
    user_content_critical_shrinkage,
    user_content_stationary_fidelity,
    user_content_stationary_trace,
)
