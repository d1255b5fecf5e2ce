"""The law of ``diversity_decay``: the mean curve, what deviates from it, and draws of both.

The formulas are in the docstring of :mod:`toolkit.models.diversity_decay`.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from toolkit import labels
from toolkit.measures import Array
from toolkit.models.decay_data import DETERMINISTIC, RESOLUTION, STOCHASTIC, Data, Spec
from toolkit.models.linear_gaussian import Predicted, accumulated, decay_rate, one_step_ahead
from toolkit.models.protocol import Values

#: A mean below has no log that could be told from this one's.
_SMALLEST_MEAN = 1e-250


class Law(NamedTuple):
    """Mean curve and the arguments of the filter, from the values of the parameters."""

    mean: Array
    gain: Array
    added: Array
    noise_var: Array
    start_var: Array


def law(spec: Spec, values: Values, since: Any, resolution: Any = 0.0) -> Law:
    """Mean curve, gains and variances at the recorded generations.

    Parameters
    ----------
    spec : Spec
    values : mapping
        Of ``spec.parameters``.
    since : Array, shape (generation,)
        Generations since the first one.
    resolution : float
        Added to the noise.

    Examples
    --------
    >>> spec = Spec("score", DETERMINISTIC, "linear", common_start=True)
    >>> values = {"contraction_factor": 0.5, "start": 3.0, "floor": 1.0, "noise_sd": 0.1}
    >>> law(spec, values, [0.0, 1.0, 3.0]).mean.round(6).tolist()
    [3.0, 2.0, 1.25]
    """
    rate = decay_rate(values[labels.CONTRACTION_FACTOR])
    floor, since = values[labels.FLOOR], jnp.asarray(since, float)
    gap = jnp.diff(since, prepend=since[:1])
    left = (values[labels.START] - floor) * jnp.exp(-rate * since)
    mean, gain, added = floor + left, jnp.exp(-rate * gap), accumulated(2 * rate, gap)
    if spec.scale == labels.LOG:
        mean = jnp.maximum(mean, _SMALLEST_MEAN)
        fixed, moving = floor / mean, left / mean
        # sum over the steps k of a gap of (rho^k m_{s-k} / m_s)^2, with m the mean curve
        added = fixed**2 * added + 2 * fixed * moving * accumulated(rate, gap) + moving**2 * gap
        gain = gain * jnp.concatenate([mean[:1], mean[:-1]]) / mean
        mean = jnp.log(mean)
    drift = values[labels.DRIFT_SD] if spec.form == STOCHASTIC else jnp.asarray(0.0)
    start = jnp.asarray(0.0) if spec.common_start else values[labels.START_SD]
    noise_var = values[labels.NOISE_SD] ** 2 + resolution**2
    return Law(mean, gain, drift**2 * added, noise_var, start**2)


def predicted(spec: Spec, values: Values, data: Data) -> Predicted:
    """The law of each score (or log score) given those before it.

    Parameters
    ----------
    spec : Spec
    values : mapping
        Of ``spec.parameters``.
    data : Data

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> spec = Spec("score", DETERMINISTIC, "linear", common_start=True)
    >>> values = {"contraction_factor": 0.5, "start": 3.0, "floor": 1.0, "noise_sd": 0.1}
    >>> data = Data(jnp.zeros((2, 2)), jnp.ones((1, 2), bool), jnp.arange(2.0), 0.0, 0.0, 0.0)
    >>> predicted(spec, values, data).mean.round(6).tolist()
    [[3.0, 2.0], [3.0, 2.0]]
    """
    found = law(spec, values, data.since, RESOLUTION * data.spread)
    if spec.form == DETERMINISTIC and spec.common_start:
        # Nothing is carried from one score to the next: no filter is needed.
        mean = jnp.broadcast_to(found.mean, data.score.shape)
        return Predicted(mean, jnp.broadcast_to(found.noise_var, (1, found.mean.size)))
    ahead = one_step_ahead(
        jnp.asarray(data.score) - found.mean,
        jnp.asarray(data.seen),
        gain=found.gain,
        added=found.added,
        noise_var=found.noise_var,
        start_var=found.start_var,
    )
    return Predicted(ahead.mean + found.mean, ahead.variance)


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def drawn(
    spec: Spec, replicates: int, generation: tuple[int, ...], values: Values, rng_key: Array
) -> Array:
    """Scores of whole replicates, shape (replicate, generation).

    Parameters
    ----------
    spec : Spec
    replicates : int
    generation : tuple of int
        Those that are recorded.
    values : mapping
        Of ``spec.parameters``.
    rng_key : Array
    """
    since = jnp.asarray(generation, float) - generation[0]
    found = law(spec, values, since)
    key_start, key_drift, key_noise = jax.random.split(rng_key, 3)
    start = jnp.sqrt(found.start_var) * jax.random.normal(key_start, (replicates,))
    shape = (since.size, replicates)
    drift = jnp.sqrt(found.added)[:, None] * jax.random.normal(key_drift, shape)

    def step(state: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
        gain, push = now
        state = gain * state + push
        return state, state

    _, later = jax.lax.scan(step, start, (found.gain[1:], drift[1:]))
    deviation = jnp.concatenate([start[None], later]).T
    noise = jnp.sqrt(found.noise_var) * jax.random.normal(key_noise, deviation.shape)
    made = found.mean + deviation + noise
    return jnp.exp(made) if spec.scale == labels.LOG else made
