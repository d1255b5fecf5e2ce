r"""What a generalisation bound is made of, measured on runs of a loop.

The model theta_t is fitted to the real data S_0 and to the examples S_t that the model before it
generated, whose law given that model is D_t. With a loss in [0, M] and a real share alpha,

    R_{D_0}(theta_t) - \hat R(theta_t) = (1 - alpha) (R_{D_0} - R_{D_t})
        + alpha (R_{D_0} - \hat R_{S_0}) + (1 - alpha) (R_{D_t} - \hat R_{S_t}),

a shift, and what the model learnt by heart of the real and of the generated examples. Risks under
a law are means over fresh examples, total variations ``E_p (1 - q/p)_+`` over samples of both.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from toolkit.machine import jit
from toolkit.rng import fold_in, split
from toolkit.stability.distances import less
from toolkit.systems.families import Law, Points

Array = jax.Array

#: Folded into a replicate's key for the examples on which models are judged.
_JUDGED = 2**32 - 3


class Loss(NamedTuple):
    """The logarithmic loss cut to a range, less its lower end: in [0, high - low].

    Attributes
    ----------
    low, high : Array
    """

    low: Array
    high: Array

    def __call__(self, law: Law, model: Any, values: Array) -> Array:
        """Of each example."""
        loss = jnp.clip(-law.log_prob(model, values), self.low, self.high)
        # An example without density costs the most.
        return jnp.nan_to_num(loss, nan=self.high) - self.low


class Gaps(NamedTuple):
    """Of every generation (first axis) and replicate.

    Attributes
    ----------
    shift, of_real, of_generated : Array
        The three parts of the gap, weighted by their shares.
    generation_error : Array
        Total variation between the law of the model and the mixture that it was fitted to.
    distribution_shift : Array
        Between D_t and D_0.
    """

    shift: Array
    of_real: Array
    of_generated: Array
    generation_error: Array
    distribution_shift: Array


@jit(static_argnums=(0, 1, 2, 3))
def gaps(
    law: Law,
    truth: Law,
    num_real: int,
    judged: int,
    real_params: Any,
    loss: Loss,
    models: Any,
    sets: Points,
    keys: Array,
) -> Gaps:
    """All parts of the gap.

    Parameters
    ----------
    law, truth : Law
        Of the models and of real examples.
    num_real : int
        Real examples in each training set, its first; 0 where there are only generated ones.
    judged : int
        Fresh examples on which each model is judged.
    real_params : pytree
        Of the real law.
    loss : Loss
    models : pytree
        Leaves of shape (generations + 1, replicates, ...).
    sets : Points
        Leaves of shape (generations, replicates, ...): what the later models were fitted to.
    keys : Array, shape (replicates,)

    Returns
    -------
    Gaps
        Leaves of shape (generations, replicates).
    """
    before = jax.tree.map(lambda leaf: leaf[:-1], models)
    after = jax.tree.map(lambda leaf: leaf[1:], models)

    def at(arguments: tuple[Any, ...]) -> Gaps:
        generation, *now = arguments
        first = law, truth, num_real, judged, real_params, loss, generation
        found: Gaps = jax.vmap(lambda *of_one: _of_one(*first, *of_one))(*now, keys)
        return found

    number = jax.tree.leaves(sets)[0].shape[0]
    found: Gaps = jax.lax.map(at, (jnp.arange(number), before, after, sets))
    return found


def _of_one(
    law: Law,
    truth: Law,
    num_real: int,
    judged: int,
    real_params: Any,
    loss: Loss,
    generation: Array,
    before: Any,
    after: Any,
    data: Points,
    key: Array,
) -> Gaps:
    """Of one replicate and generation."""
    keys = split(fold_in(fold_in(key, _JUDGED), generation), 3)
    real = truth.sample(real_params, keys[0], judged)
    generated = law.sample(before, keys[1], judged)
    fitted = law.sample(after, keys[2], judged)
    share = num_real / data.weight.shape[0]

    def risk(values: Array) -> Array:
        return jnp.mean(loss(law, after, values))

    on_set = loss(law, after, data.values)
    on_real = jnp.mean(on_set[:num_real]) if num_real else jnp.asarray(0.0)
    on_generated = jnp.mean(on_set[num_real:])

    def log_real(values: Array) -> Array:
        return truth.log_prob(real_params, values)

    def log_mixed(values: Array) -> Array:
        parts = jnp.stack([log_real(values), law.log_prob(before, values)])
        shares = jnp.asarray([share, 1 - share])
        return jax.scipy.special.logsumexp(parts, axis=0, b=shares[:, None])

    log_before, log_after = (partial(law.log_prob, model) for model in (before, after))
    cut = (share * _less(log_after, log_mixed, real)
           + (1 - share) * _less(log_after, log_mixed, generated))  # fmt: skip
    error = (cut + _less(log_mixed, log_after, fitted)) / 2
    apart = (_less(log_before, log_real, real) + _less(log_real, log_before, generated)) / 2
    return Gaps(
        shift=(1 - share) * (risk(real) - risk(generated)),
        of_real=share * (risk(real) - on_real),
        of_generated=(1 - share) * (risk(generated) - on_generated),
        generation_error=error,
        distribution_shift=apart,
    )


def _less(log_other: Any, log_own: Any, values: Array) -> Array:
    """Mean of ``(1 - other/own)_+`` over examples of the own law."""
    return jnp.mean(less(log_other(values) - log_own(values)))


@jit(static_argnums=0)
def first_errors(
    statics: tuple[Law, Law, int], real_params: Any, models: Any, keys: Array
) -> Array:
    """Total variation between the first models' laws and the real one, shape (replicates,)."""
    law, truth, judged = statics

    def of_one(model: Any, key: Array) -> Array:
        one, other = split(fold_in(fold_in(key, _JUDGED), 2**31), 2)
        real, fitted = truth.sample(real_params, one, judged), law.sample(model, other, judged)
        log_real, log_own = partial(truth.log_prob, real_params), partial(law.log_prob, model)
        return (_less(log_own, log_real, real) + _less(log_real, log_own, fitted)) / 2

    found: Array = jax.vmap(of_one)(models, keys)
    return found


@jit(static_argnums=0)
def sensitivity(
    law: Law, loss: Loss, before: Any, data: Points, rows: Array, examples: Array, points: Array
) -> Array:
    """By how much a loss changes at most when one example of a training set does.

    Parameters
    ----------
    law : Law
    loss : Loss
    before : pytree
        Models at which fits begin, leaves (replicates, ...).
    data : Points
        Training sets, leaves (replicates, number, ...).
    rows : Array, shape (changes,)
    examples : Array, shape (changes, width)
        What stands in those rows' place.
    points : Array, shape (number, width)
        At which the loss is looked at.

    Returns
    -------
    Array, shape (replicates, changes)
        The largest change over the points: from below, that over all.
    """

    def of_one(model: Any, one: Points) -> Array:
        own = loss(law, law.fit(one, model), points)

        def changed(change: tuple[Array, Array]) -> Array:
            row, example = change
            other = one._replace(values=one.values.at[row].set(example))
            return jnp.max(jnp.abs(loss(law, law.fit(other, model), points) - own))

        return jax.lax.map(changed, (rows, examples))

    found: Array = jax.lax.map(lambda pair: of_one(*pair), (before, data))
    return found
