"""A fixed training budget: each fit to a sample, without replacement, of all examples so far.

The pool has ``N = n_g (t + 1)`` examples at generation ``t``; a sample of ``B`` misses the pool's
mean by ``chi = (N - B)/(B (N - 1))`` of the pool's variance.  All fits are by maximum likelihood.
"""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.model.retraining_budget import batch_square, sample_square
from symbolic.model.retraining_errors import pool_size, real
from symbolic.relations import eq
from symbolic.symbols import Mean
from symbolic.theorem import Step
from symbolic.theorems.retraining_errors import FIT, LIKELIHOOD, REAL, names, of_means, theorem

_t, _n, _B, _V = s.generations, s.num_generated, s.training_budget, s.real_variance
_p, _q, _past = s.pool_error_at, s.pool_moment_at, s.past_generation

SAMPLED = (
    "the first batch is n_g real examples; each model is fitted to B examples drawn without "
    "replacement from all n_g (t + 1) so far, and generates the next batch"
)
GIVEN = "expectation given the pool"
_ENOUGH = (pool_size >= _B, pool_size >= 2)


def missed(size: sp.Expr) -> sp.Expr:
    """Share of a pool's variance by which the mean of a sample of ``B`` misses the pool's.

    Examples
    --------
    >>> missed(_B)
    0
    """
    return (size - _B) / (_B * (size - 1))


_chi = missed(pool_size)
_spread = s.pool_moment - s.pool_error
_sampled = Step(
    rule="substitution",
    claim=eq(Mean(sample_square), _chi * _spread),
    label="sample",
    uses=("model:sample_spread",),
)
_location = eq(Mean(s.next_location_error), s.pool_error + _chi * _spread)
_variance = eq(Mean(s.next_model_variance), (1 - _chi) * _spread)
_fit = (
    _sampled,
    Step(
        rule="substitution",
        claim=_location,
        label="location",
        uses=("model:sample_location", "model:sample_unbiased", "sample"),
    ),
)
_fitted = (
    *_fit,
    Step(
        rule="substitution",
        claim=_variance,
        label="variance",
        uses=("model:sample_variance", "model:sample_moment", "location"),
    ),
)
sampled_location = theorem(
    "sampled_location",
    "Location error of a fit to a sample of all examples so far",
    "The sample misses the pool's mean, which misses that of the real data.",
    _location,
    _fit,
    FIT, SAMPLED, GIVEN, conditions=_ENOUGH,
)  # fmt: skip
sampled_variance = theorem(
    "sampled_variance",
    "Model variance of a fit to a sample of all examples so far",
    "What the sample's mean misses is lost to its covariance.",
    _variance,
    _fitted,
    FIT, SAMPLED, LIKELIHOOD, GIVEN, conditions=_ENOUGH,
)  # fmt: skip
_noise = _chi + (1 - _chi) / _n
_pool = eq(Mean(s.next_pool_error), s.pool_error + _noise * _spread / (_t + 2) ** 2)
sampled_pool_step = theorem(
    "sampled_pool_step",
    "Error of the pool's mean after a batch from a fit to a sample of it",
    "The batch brings the sample's error and its own noise, over the number of batches squared.",
    _pool,
    (
        *_fitted,
        Step(
            rule="substitution",
            claim=eq(Mean(batch_square), _noise * _spread),
            label="batch",
            uses=("model:batch_spread", "sample", "variance"),
        ),
        Step(
            rule="substitution",
            claim=_pool,
            uses=("model:batch_location", "model:batch_unbiased", "batch"),
        ),
    ),
    FIT, SAMPLED, LIKELIHOOD, GIVEN, conditions=_ENOUGH,
)  # fmt: skip

# --------------------------------------------------------------------------------- trajectories

_path_steps = (
    *_fitted,
    Step(
        rule="substitution",
        claim=eq(Mean(s.next_pool_moment), s.pool_moment),
        label="one moment",
        uses=("model:batch_pooled", "model:batch_moment", "variance", "location"),
    ),
    Step(
        rule="tower",
        claim=eq(Mean(_q[_t + 1]), Mean(_q[_t])),
        label="each moment",
        uses=("one moment",),
        given={s.next_pool_moment: _q[_t + 1], s.pool_moment: _q[_t]},
    ),
    *of_means(real, _n, "real"),
    Step(
        rule="substitution",
        claim=eq(Mean(_q[0]), _V),
        label="first moment",
        uses=("model:first_pool", *names("real"), *REAL),
    ),
    Step(
        rule="linear recursion",
        claim=eq(Mean(_q[_t]), _V),
        label="conserved",
        uses=("each moment", "first moment"),
    ),
    Step(
        rule="substitution",
        claim=eq(Mean(_p[0]), _V / _n),
        label="first error",
        uses=("model:first_pool_error", *names("real"), *REAL),
    ),
    Step(
        rule="tower",
        claim=eq(
            Mean(_p[_t + 1]),
            Mean(_p[_t]) + _noise * (Mean(_q[_t]) - Mean(_p[_t])) / (_t + 2) ** 2,
        ),
        label="each error",
        uses=("theorem:sampled_pool_step",),
        given={
            s.next_pool_error: _p[_t + 1],
            s.pool_error: _p[_t],
            s.pool_moment: _q[_t],
        },
    ),
    Step(
        rule="substitution",
        claim=eq(
            Mean(_p[_t + 1]), Mean(_p[_t]) + _noise * (_V - Mean(_p[_t])) / (_t + 2) ** 2
        ),
        label="error known",
        uses=("each error", "conserved"),
    ),
)  # fmt: skip
_then = missed((_past + 1) * _n)
_left = _V * (1 - 1 / _n) * sp.Product(
    1 - (_then + (1 - _then) / _n) / (_past + 2) ** 2, (_past, 0, _t - 1)
)  # fmt: skip
_path = eq(Mean(_p[_t]), _V - _left)
sampled_pool_error = theorem(
    "sampled_pool_error",
    "Error of the pool's mean when fits are to samples of it",
    "The pool keeps a share of its variance for ever: a fixed budget does not make it collapse.",
    _path,
    (
        *_path_steps,
        Step(rule="linear recursion", claim=_path, uses=("error known", "first error")),
    ),
    FIT, SAMPLED, LIKELIHOOD, "B <= n_g", conditions=(_n >= _B, _n >= 2),
)  # fmt: skip

THEOREMS = (sampled_location, sampled_variance, sampled_pool_step, sampled_pool_error)
