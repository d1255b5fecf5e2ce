"""Premises of user content: the pool of generated and reference images."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.fidelity import axis_offset
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean

_t = s.generations
_n = s.image_count
_n0 = s.user_images
_features = (s.feature, 0, s.num_features - 1)
_z = s.normal_draw[s.feature]
_g, _f = s.generated_image, s.user_image
pooled_mean = (_n * SampleMean(_g, _n) + _n0 * SampleMean(_f, _n0)) / (_n + _n0)

reference_sd = sp.IndexedBase(sp.Symbol("sd_0", nonnegative=True), nonnegative=True)
axis_cov = sp.IndexedBase(s.RandomSymbol("Sigma'", real=True), real=True)
next_variance = s.RandomSymbol("tr_Sigma'", positive=True)
_other_z = sp.IndexedBase(s.RandomSymbol("zeta", real=True), real=True)[s.feature]
other_draw = _other_z
axis_pool = (
    _n * (axis_offset[s.feature] + s.image_sd[s.feature] * SampleMean(_z, _n))
    + _n0 * reference_sd[s.feature] * SampleMean(_other_z, _n0)
) / (_n + _n0)

POOL: Premises = {
    "pooled_offset": ("offset of the pooled mean", eq(s.next_mean_offset, pooled_mean)),
    "pooled_cov": (
        "covariance of the pool, times the shrinkage factor",
        eq(
            s.next_cov,
            s.shrinkage_factor
            * (
                _n * SampleMean(_g**2, _n)
                + _n0 * SampleMean(_f**2, _n0)
                - (_n + _n0) * pooled_mean**2
            )
            / (_n + _n0 - s.ddof),
        ),
    ),
    "pooled_variance": (
        "trace after the update: the sum of the variances along the axes",
        eq(Mean(next_variance), sp.Sum(Mean(axis_cov[s.feature]), _features)),
    ),
    "squared_pool_offset": (
        "squared offset of the pooled mean, summed over the axes",
        eq(Mean(s.next_squared_offset), sp.Sum(Mean(axis_pool**2), _features)),
    ),
    "axis_reference": (
        "trace of the reference covariance, axis by axis",
        eq(s.image_variance, sp.Sum(reference_sd[s.feature] ** 2, _features)),
    ),
    "generated_mean": ("generated images, measured from mu_0", eq(Mean(_g), s.mean_offset)),
    "generated_square": (
        "second moment of a generated image",
        eq(Mean(_g**2), s.current_cov + s.mean_offset**2),
    ),
    "user_mean": ("reference images, measured from mu_0", eq(Mean(_f), 0)),
    "user_square": ("second moment of a reference image", eq(Mean(_f**2), s.reference_cov)),
}
