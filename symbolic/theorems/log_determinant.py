"""The mean log determinant of the covariance, twice the sum of the Lyapunov exponents: I7, I6."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.image import image_scale
from symbolic.model.spectra import wishart_determinant
from symbolic.relations import eq
from symbolic.special import log_chi
from symbolic.symbols import ChiSquare, Mean
from symbolic.theorem import Step
from symbolic.theorems.determinants import ABOVE_DDOF, FULL_RANK, MORE_THAN_FEATURES, exact

_n, _d, _t, _j = s.image_count, s.num_features, s.generations, s.exponent_index
_det, _det0, _nu, _rows = s.determinant_at, s.determinant, s.degrees_of_freedom, (_j, 1, _d)
_product = sp.Product(ChiSquare(_n - _j), _rows)
_log_row = 2 * log_chi(_n - _j) + sp.log(_n - _j)
_log_factor = _d * sp.log(image_scale) + sp.Sum(_log_row, _rows)
_logs = eq(Mean(sp.log(_det[_t])), sp.log(_det0) + _t * _log_factor)
image_log_determinant_mean = exact(
    "image_log_determinant_mean",
    "Mean log determinant",
    "The mean log determinant falls by twice the sum of the Lyapunov exponents each update.",
    _logs,
    FULL_RANK,
    MORE_THAN_FEATURES,
    ("bartlett_determinant",),
    (
        Step(
            rule="Gamma integral",
            claim=eq(Mean(sp.log(ChiSquare(_nu))), 2 * log_chi(_nu) + sp.log(_nu)),
            label="mean log",
        ),
        Step(
            rule="instance",
            claim=eq(Mean(sp.log(ChiSquare(_n - _j))), _log_row),
            label="mean log of chi-square",
            uses=("mean log",),
            given={_nu: _n - _j},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(sp.log(wishart_determinant)), Mean(sp.log(_product))),
            label="Bartlett",
            uses=("lemma:bartlett_determinant",),
        ),
        Step(
            rule="independent product",
            claim=eq(Mean(sp.log(_product)), sp.Sum(Mean(sp.log(ChiSquare(_n - _j))), _rows)),
            label="row by row",
        ),
        Step(
            rule="substitution",
            claim=eq(
                Mean(sp.log(_det[_t + 1])),
                Mean(sp.log(_det[_t]))
                + sp.log(image_scale**_d)
                + Mean(sp.log(wishart_determinant)),
            ),
            label="scaled",
            uses=("model:determinant_step",),
        ),
        Step(
            rule="algebra",
            claim=eq(image_scale**_d, image_scale**_d),
            label="scale",
        ),
        Step(
            rule="logarithm of both sides",
            claim=eq(sp.log(image_scale**_d), _d * sp.log(image_scale)),
            label="log scale",
            uses=("scale",),
            given={"domain": ABOVE_DDOF},
        ),
        Step(
            rule="combination",
            claim=eq(
                Mean(sp.log(_det[_t + 1])),
                Mean(sp.log(_det[_t]))
                + _d * sp.log(image_scale)
                + Mean(sp.log(wishart_determinant)),
            ),
            label="one update",
            uses=("scaled", "log scale"),
            given={"weights": (1, 1)},
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(sp.log(_det[_t + 1])), Mean(sp.log(_det[_t])) + _log_factor),
            label="each update",
            uses=("one update", "Bartlett", "row by row", "mean log of chi-square"),
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(sp.log(_det[0])), sp.log(_det0)),
            label="start",
            uses=("model:determinant_start",),
        ),
        Step(rule="linear recursion", claim=_logs, uses=("each update", "start")),
    ),
)

THEOREMS = (image_log_determinant_mean,)
