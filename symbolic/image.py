"""The image model: contraction of one text's Gaussian, I1, I3, I5 and I6.

One image update with ``n`` images multiplies the variance in a fixed direction by
``kappa chi2_nu / (n - ddof)`` with ``nu = n - 1``: `covariance_scale` is the mean of that factor,
and ``c(nu) sqrt(covariance_scale)`` the mean of its root.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
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
from symbolic.symbols import Mean
from symbolic.theorem import Kind, Source, Theorem

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

_n, _t, _nu, _d = s.image_count, s.generations, s.degrees_of_freedom, s.num_features
freedom = _n - 1
covariance_scale = s.shrinkage_factor * freedom / (_n - s.ddof)
directional_factor = sp.sqrt(covariance_scale) * contraction_constant(freedom)
log_scale = sp.log(covariance_scale) / 2

UPDATES = (
    "t image updates, each with n images of its own",
    "n >= 2, n > ddof; no user content",
)
UNBIASED = "covariance with denominator n - 1 (ddof = 1), shrinkage_factor = 1"


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
    weight = sp.binomial(s.batch_size, m) * s.text_prob**m * (1 - s.text_prob) ** (s.batch_size - m)
    change = factor.subs(s.image_count, m) - kept_value
    return kept_value + sp.Sum(weight * change, (m, s.min_images, s.batch_size))


directional_variance_mean = Theorem(
    name="directional_variance_mean",
    title="Mean variance in a direction",
    in_words="The unbiased covariance keeps every direction's variance in the mean.",
    statement=sp.Eq(
        Mean(s.directional_variance_at[_t]),
        covariance_scale**_t * s.directional_variance,
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I1",
    assumptions=UPDATES,
)
directional_diversity_mean = Theorem(
    name="directional_diversity_mean",
    title="Mean standard deviation in a direction",
    in_words="The mean standard deviation in any direction contracts by exactly c(nu) an update.",
    statement=sp.Eq(
        Mean(sp.sqrt(s.directional_variance_at[_t])),
        directional_factor**_t * sp.sqrt(s.directional_variance),
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I1",
    assumptions=UPDATES,
)
directional_log_mean = Theorem(
    name="directional_log_mean",
    title="Mean log standard deviation in a direction",
    in_words="The typical run contracts at the largest Lyapunov exponent, faster than the mean.",
    statement=sp.Eq(
        Mean(sp.log(sp.sqrt(s.directional_variance_at[_t]))),
        sp.log(s.directional_variance) / 2 + _t * (log_chi(freedom) + log_scale),
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I6",
    assumptions=UPDATES,
)
image_diversity_upper_bound = Theorem(
    name="image_diversity_upper_bound",
    title="Image diversity contracts at least by c(nu)",
    in_words="Mean image diversity is at most c(nu)^t times its start, in any dimension.",
    statement=sp.Le(
        Mean(s.image_diversity_at[_t]), directional_factor**_t * s.image_diversity, evaluate=False
    ),
    kind=Kind.UPPER_BOUND,
    source=Source.RECONSTRUCTED,
    reference="Theorem 3.3 (I2, I5)",
    assumptions=UPDATES,
)
image_diversity_lower_bound = Theorem(
    name="image_diversity_lower_bound",
    title="Image diversity contracts at most by c(nu)",
    in_words="Mean image diversity is at least c(nu)^t times the largest standard deviation.",
    statement=sp.Ge(
        Mean(s.image_diversity_at[_t]),
        directional_factor**_t * sp.sqrt(s.largest_variance),
        evaluate=False,
    ),
    kind=Kind.LOWER_BOUND,
    source=Source.OURS,
    reference="I5",
    assumptions=UPDATES,
)
_a, _b = s.feature, s.other_feature
_sd_sum = sp.Sum(s.image_sd[_a], (_a, 0, _d - 1))
_pair_sum = sp.Sum(
    s.image_sd[_a] * s.image_sd[_b] / (s.image_sd[_a] + s.image_sd[_b]),
    (_b, _a + 1, _d - 1),
    (_a, 0, _d - 1),
)
image_contraction_second_order = Theorem(
    name="image_contraction_second_order",
    title="Image diversity after one update, to second order",
    in_words="The loss of one update to order 1/nu, for any covariance.",
    statement=sp.Eq(
        Mean(s.next_image_diversity),
        _sd_sum - (_sd_sum + 2 * _pair_sum) / (4 * _nu),
        evaluate=False,
    ),
    kind=Kind.ASYMPTOTIC,
    source=Source.OURS,
    reference="Theorem 5.1 (I3)",
    assumptions=(UNBIASED, "error of order nu^-2"),
)
image_contraction_isotropic = Theorem(
    name="image_contraction_isotropic",
    title="One update from an isotropic covariance, to second order",
    in_words="At an isotropic covariance one update costs a share (d+1)/(8 nu) of diversity.",
    statement=sp.Eq(s.contraction_factor, 1 - (_d + 1) / (8 * _nu), evaluate=False),
    kind=Kind.ASYMPTOTIC,
    source=Source.RECONSTRUCTED,
    reference="Theorem 5.1 (I3)",
    assumptions=(UNBIASED, "isotropic covariance before the update", "error of order nu^-2"),
)
image_contraction_rank_one = Theorem(
    name="image_contraction_rank_one",
    title="One update from a rank-one covariance, to second order",
    in_words="When one direction dominates, one update costs a share 1/(4 nu) of diversity.",
    statement=sp.Eq(s.contraction_factor, 1 - 1 / (4 * _nu), evaluate=False),
    kind=Kind.ASYMPTOTIC,
    source=Source.OURS,
    reference="I3",
    assumptions=(UNBIASED, "one eigenvalue dominates all others", "error of order nu^-2"),
)
image_contraction_caption = Theorem(
    name="image_contraction_caption",
    title="The caption's contraction rate",
    in_words="The published rate: the isotropic one averaged over image counts by 1/((N+1) p).",
    statement=sp.Eq(
        s.contraction_factor,
        1 - (_d + 1) / (8 * (s.batch_size + 1) * s.text_prob),
        evaluate=False,
    ),
    kind=Kind.APPROXIMATION,
    source=Source.RECONSTRUCTED,
    reference="Theorem 5.1",
    assumptions=(
        UNBIASED,
        "isotropic covariance before the update (true of the start only)",
        "n ~ Binomial(N, p), 1/(n-1) replaced by 1/(n+1), (1-p)^(N+1) dropped",
    ),
)
image_exact_rate = Theorem(
    name="image_exact_rate",
    title="The exact exponential rate of mean image diversity",
    in_words="In every dimension mean image diversity decays at the exponential rate log c(nu).",
    statement=sp.Eq(
        s.decay_rate_limit, log_contraction_constant(freedom) + log_scale, evaluate=False
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I5",
    assumptions=(*UPDATES, "limit of log E D_t / t"),
)
image_factor_mean = Theorem(
    name="image_factor_mean",
    title="Mean contraction factor over image counts",
    in_words="With binomial image counts c(nu) is replaced by its mean, 1 when the text is kept.",
    statement=sp.Eq(s.mean_image_factor, kept_mean(directional_factor), evaluate=False),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I5",
    assumptions=("n ~ Binomial(N, p) afresh in each update", "kept if n < min_images"),
)
_j = s.exponent_index
image_lyapunov = Theorem(
    name="image_lyapunov",
    title="Lyapunov exponents of the image model",
    in_words="Almost surely the j-th singular value of the factor decays at this rate.",
    statement=sp.Eq(
        s.lyapunov_exponent,
        log_chi(_n - _j) + sp.log((_n - _j) / freedom) / 2 + log_scale,
        evaluate=False,
    ),
    kind=Kind.EXACT,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, "1 <= j <= d, n > d"),
)

THEOREMS = (
    directional_variance_mean,
    directional_diversity_mean,
    directional_log_mean,
    image_diversity_upper_bound,
    image_diversity_lower_bound,
    image_contraction_second_order,
    image_contraction_isotropic,
    image_contraction_rank_one,
    image_contraction_caption,
    image_exact_rate,
    image_factor_mean,
    image_lyapunov,
)
