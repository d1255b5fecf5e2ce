"""Premises of the covariance as a whole: its root, determinant and traces after one update.

Everything is written in the eigenbasis of the covariance before the update.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.fidelity import variance_at
from symbolic.model.image import deviation, image_scale, spread_size
from symbolic.model.premise import Premises
from symbolic.relations import eq
from symbolic.symbols import Mean, SampleMean

_n, _d, _t, _a, _b = s.image_count, s.num_features, s.generations, s.feature, s.other_feature
_sd, _v = s.image_sd, s.direction
axes, other_axes = (_a, 0, _d - 1), (_b, 0, _d - 1)

wishart_determinant = s.RandomSymbol("det_W", positive=True)
growing_mode = sp.IndexedBase(s.RandomSymbol("m_up", real=True), real=True)
shrinking_mode = sp.IndexedBase(s.RandomSymbol("m_down", real=True), real=True)


def next_entry(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """Entry of the covariance after the update: products of standard normals, averaged."""
    cross = SampleMean(s.normal_draw[a] * s.normal_draw[b], _n - 1)
    return image_scale * (_n - 1) * _sd[a] * _sd[b] * cross


_q, _eta = s.power, spread_size
_slope_gap = (_sd[_a] ** (2 * _q - 2) - _sd[_b] ** (2 * _q - 2)) / (_sd[_a] ** 2 - _sd[_b] ** 2)
_pairs = ((_b, _a + 1, _d - 1), axes)
power_rest = s.RandomSymbol("rest_q", real=True)
#: tr (diag(s^2) + eta X)^q to second order and with its remainder.
power_trace_expansion = (
    sp.Sum(_sd[_a] ** (2 * _q), axes)
    + _eta * sp.Sum(_q * _sd[_a] ** (2 * _q - 2) * deviation[_a, _a], axes)
    + _eta**2
    * (
        sp.Sum(_q * (_q - 1) / 2 * _sd[_a] ** (2 * _q - 4) * deviation[_a, _a] ** 2, axes)
        + sp.Sum(_q * _slope_gap * deviation[_a, _b] * deviation[_b, _a], *_pairs)
    )
    + _eta**3 * power_rest
)

SPECTRA: Premises = {
    "root_square": (
        "the root squares to the covariance; its diagonal and the rest, row by row",
        eq(
            s.root_diagonal[_a] ** 2 + sp.Sum(s.root_off[_a, _b] ** 2, other_axes),
            s.next_axis_variance[_a],
        ),
    ),
    "diversity_of_root": (
        "image diversity is the trace of the root",
        eq(s.next_image_diversity, sp.Sum(s.root_diagonal[_a], axes)),
    ),
    "next_root_form": (
        "the root's quadratic form along a vector, after the update",
        eq(
            s.next_root_form,
            sp.Sum(_v[_a] ** 2 * s.root_diagonal[_a], axes)
            + sp.Sum(_v[_a] * _v[_b] * s.root_off[_a, _b], other_axes, axes),
        ),
    ),
    "root_form": (
        "the root's quadratic form along a vector, before the update",
        eq(s.root_form, sp.Sum(_v[_a] ** 2 * _sd[_a], axes)),
    ),
    "root_form_start": ("the form at the start", eq(Mean(s.root_form_at[0]), s.root_form)),
    "isotropic_next_diversity": (
        "from an isotropic covariance: y_a^2 are the eigenvalues of the scatter matrix over n - 1",
        eq(
            s.next_image_diversity,
            sp.sqrt(image_scale * (_n - 1))
            * s.image_diversity
            / _d
            * sp.Sum(s.root_ratio[_a], axes),
        ),
    ),
    "scatter_powers": (
        "the trace of a power is the sum of the eigenvalues' powers",
        eq(
            sp.Sum(s.root_ratio[_a] ** (2 * s.count_index), axes),
            s.wishart_trace[s.count_index] / (_n - 1) ** s.count_index,
        ),
    ),
    "determinant_step": (
        "a determinant of a product is the product of determinants",
        eq(
            s.determinant_at[_t + 1],
            image_scale**_d * wishart_determinant * s.determinant_at[_t],
        ),
    ),
    "determinant_start": (
        "determinant at the start",
        eq(s.determinant_at[0], s.determinant),
    ),
    "next_trace": (
        "trace of the covariance after the update",
        eq(s.next_trace, sp.Sum(next_entry(_a, _a), axes)),
    ),
    "next_square_trace": (
        "trace of the squared covariance after the update",
        eq(s.next_square_trace, sp.Sum(next_entry(_a, _b) ** 2, other_axes, axes)),
    ),
    "current_square_trace": (
        "trace of the squared covariance before the update",
        eq(s.current_square_trace, sp.Sum(_sd[_a] ** 4, axes)),
    ),
    "trace_start": ("trace at the start", eq(variance_at[0], s.image_variance)),
    "square_trace_start": (
        "trace of the square at the start",
        eq(s.square_trace_at[0], s.image_square_trace),
    ),
    "growing_mode": (
        "squared trace plus twice the trace of the square",
        eq(growing_mode[_t], variance_at[_t] ** 2 + 2 * s.square_trace_at[_t]),
    ),
    "shrinking_mode": (
        "squared trace minus the trace of the square",
        eq(shrinking_mode[_t], variance_at[_t] ** 2 - s.square_trace_at[_t]),
    ),
    "trace_variance": (
        "variance of the trace",
        eq(s.trace_variance, Mean(variance_at[_t] ** 2) - Mean(variance_at[_t]) ** 2),
    ),
}
