"""The image model: one text's Gaussian along a direction and its Lyapunov exponents, I1 and I6.

One image update with ``n`` images multiplies the variance in a fixed direction by
``kappa chi2_nu / (n - ddof)`` with ``nu = n - 1``: `covariance_scale` is the mean of that factor,
and ``c(nu) sqrt(covariance_scale)`` the mean of its root.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.image import count_weight, image_scale
from symbolic.relations import eq
from symbolic.special import (
    contraction_constant,
    log_c,
    log_c_series,
    log_c_series_bound,
    log_chi,
    log_chi_series,
    log_chi_series_bound,
    log_contraction_constant,
)
from symbolic.symbols import ChiSquare, Mean
from symbolic.theorem import Kind, Source, Step, Theorem

__all__ = [
    "THEOREMS",
    "contraction_constant",
    "covariance_scale",
    "directional_factor",
    "kept_mean",
    "log_c",
    "log_c_series",
    "log_c_series_bound",
    "log_chi",
    "log_chi_series",
    "log_chi_series_bound",
    "log_contraction_constant",
]

_n, _t, _nu = s.image_count, s.generations, s.degrees_of_freedom
freedom = _n - 1
covariance_scale = s.shrinkage_factor * freedom / (_n - s.ddof)
directional_factor = sp.sqrt(covariance_scale) * contraction_constant(freedom)
log_scale = sp.log(covariance_scale) / 2

UPDATES = (
    "t image updates, each with n images of its own",
    "n >= 2, n > ddof; no user content",
)
TWO_IMAGES = (_n >= 2,)  # where the right-hand side does not speak of ddof
ENOUGH_IMAGES = (*TWO_IMAGES, _n > s.ddof)
COUNTED = "min_images >= 2, min_images > ddof"
ENOUGH_COUNTED = (s.min_images >= 2, s.min_images > s.ddof)


def kept_mean(factor: sp.Expr, kept_value: sp.Expr = sp.S.One) -> sp.Sum:
    """Average a factor over ``n ~ Binomial(N, p)`` under the keep rule.

    Parameters
    ----------
    factor : sympy.Expr
        What an update with ``image_count`` images does; used from ``min_images`` on.
    kept_value : sympy.Expr
        What happens below ``min_images`` (the Gaussian is kept).

    Returns
    -------
    sympy.Expr
        ``kept_value + sum_m P(n = m) (factor(m) - kept_value)``, exact.

    Examples
    --------
    >>> from symbolic.symbols import batch_size, image_count, min_images, text_prob
    >>> mean = kept_mean(1 / image_count, 0)
    >>> mean.subs({batch_size: 2, min_images: 1, text_prob: 1}).doit()
    1/2
    """
    m = s.count_index
    change = factor.subs(s.image_count, m) - kept_value
    return kept_value + sp.Sum(count_weight * change, (m, s.min_images, s.batch_size))


_v, _Q = s.directional_variance_at, ChiSquare(freedom)
_any_chi = ChiSquare(_nu)
root_moment = (
    Step(
        rule="Gamma integral",
        claim=eq(Mean(sp.sqrt(_any_chi)), sp.sqrt(_nu) * contraction_constant(_nu)),
        label="mean root",
    ),
    Step(
        rule="instance",
        claim=eq(Mean(sp.sqrt(_Q)), sp.sqrt(freedom) * contraction_constant(freedom)),
        label="mean root of chi-square",
        uses=("mean root",),
        given={_nu: freedom},
    ),
)


def _log_moment(dof: sp.Expr) -> tuple[Step, ...]:
    return (
        Step(
            rule="Gamma integral",
            claim=eq(Mean(sp.log(_any_chi)), 2 * log_chi(_nu) + sp.log(_nu)),
            note="derivative of the power moment at 0",
            label="mean log",
        ),
        Step(
            rule="instance",
            claim=eq(Mean(sp.log(ChiSquare(dof))), 2 * log_chi(dof) + sp.log(dof)),
            label="mean log of chi-square",
            uses=("mean log",),
            given={_nu: dof},
        ),
    )


def _one_factor(of_variance: sp.Expr, of_chi: sp.Expr, scale: sp.Expr) -> tuple[Step, ...]:
    """Separate the new chi-square from the old variance inside a mean."""
    later = of_variance.subs(_t, _t + 1)
    return (
        Step(
            rule="substitution",
            claim=eq(Mean(later), scale * Mean(of_chi * of_variance)),
            label="one update",
            uses=("lemma:sample_variance",),
        ),
        Step(
            rule="independence",
            claim=eq(Mean(of_chi * of_variance), Mean(of_chi) * Mean(of_variance)),
            label="split",
            given={"fresh": _Q},
        ),
    )


def _directional(
    name: str,
    title: str,
    in_words: str,
    statement: sp.Eq,
    each_update: sp.Expr,
    steps: tuple[Step, ...],
    uses: tuple[str, ...],
) -> Theorem:
    (quantity,) = statement.lhs.args
    return Theorem(
        name=name,
        title=title,
        in_words=in_words,
        statement=statement,
        kind=Kind.EXACT,
        source=Source.OURS,
        reference="I1, I6",
        assumptions=UPDATES,
        conditions=ENOUGH_IMAGES,
        lemmas=("sample_variance",),
        derivation=(
            *steps,
            Step(
                rule="substitution",
                claim=eq(Mean(quantity.subs(_t, _t + 1)), each_update),
                label="each update",
                uses=uses,
            ),
            Step(
                rule="substitution",
                claim=eq(Mean(quantity.subs(_t, 0)), statement.rhs.subs(_t, 0)),
                label="start",
                uses=("model:direction_start",),
            ),
            Step(rule="linear recursion", claim=statement, uses=("each update", "start")),
        ),
    )


directional_variance_mean = _directional(
    "directional_variance_mean",
    "Mean variance in a direction",
    "The unbiased covariance keeps every direction's variance in the mean.",
    eq(Mean(_v[_t]), covariance_scale**_t * s.directional_variance),
    covariance_scale * Mean(_v[_t]),
    (
        *_one_factor(_v[_t], _Q, image_scale),
        Step(rule="Gamma integral", claim=eq(Mean(_any_chi), _nu), label="mean"),
        Step(
            rule="instance",
            claim=eq(Mean(_Q), freedom),
            label="moment",
            uses=("mean",),
            given={_nu: freedom},
        ),
    ),
    ("one update", "split", "moment"),
)
_sd = sp.sqrt(_v[_t])
directional_diversity_mean = _directional(
    "directional_diversity_mean",
    "Mean standard deviation in a direction",
    "The mean standard deviation in any direction contracts by exactly c(nu) an update.",
    eq(Mean(_sd), directional_factor**_t * sp.sqrt(s.directional_variance)),
    directional_factor * Mean(_sd),
    (*_one_factor(_sd, sp.sqrt(_Q), sp.sqrt(image_scale)), *root_moment),
    ("one update", "split", "mean root of chi-square"),
)
_log_sd = sp.log(_sd)
directional_log_mean = _directional(
    "directional_log_mean",
    "Mean log standard deviation in a direction",
    "The typical run contracts at the largest Lyapunov exponent, faster than the mean.",
    eq(
        Mean(_log_sd),
        sp.log(s.directional_variance) / 2 + _t * (log_chi(freedom) + log_scale),
    ),
    Mean(_log_sd) + log_chi(freedom) + log_scale,
    (
        Step(
            rule="substitution",
            claim=eq(
                Mean(_log_sd.subs(_t, _t + 1)),
                Mean(_log_sd) + sp.log(image_scale) / 2 + Mean(sp.log(_Q)) / 2,
            ),
            label="one update",
            uses=("lemma:sample_variance",),
        ),
        *_log_moment(freedom),
    ),
    ("one update", "mean log of chi-square"),
)
_j = s.exponent_index
_exponent = log_chi(_n - _j) + sp.log((_n - _j) / freedom) / 2 + log_scale
image_lyapunov = Theorem(
    name="image_lyapunov",
    title="Lyapunov exponents of the image model",
    in_words="Almost surely the j-th singular value of the factor decays at this rate.",
    statement=eq(s.lyapunov_exponent, _exponent),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, "1 <= j <= d, n > d"),
    conditions=(*ENOUGH_IMAGES, _n > _j),
    lemmas=("gaussian_volume",),
    derivation=(
        *_log_moment(_n - _j),
        Step(
            rule="substitution",
            claim=eq(s.lyapunov_exponent, _exponent),
            uses=("lemma:gaussian_volume", "mean log of chi-square"),
        ),
    ),
)

THEOREMS = (
    directional_variance_mean,
    directional_diversity_mean,
    directional_log_mean,
    image_lyapunov,
)
