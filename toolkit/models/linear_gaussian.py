"""Scalar linear Gaussian processes seen with noise: Kalman's filter for all replicates at once.

The deviation u of a replicate from its mean curve follows

    u_0 ~ N(0, start_var),   u_j = gain_j u_{j-1} + N(0, added_j),   y_j = u_j + N(0, noise_var),

at the recorded generations j = 0, 1, ..., some of them unseen. Kalman's filter (R. E. Kalman,
1960) gives the law of each y_j given all that was seen before it, u_j ~ N(a_j, p_j), exactly:

    p_{j+1} = gain^2 p_j noise / (p_j + noise) + added      (gain^2 p_j + added where unseen)
    a_{j+1} = gain [noise a_j + p_j y_j] / (p_j + noise)    (gain a_j where unseen).

The product of these laws is the density of the whole trajectory, gaps included.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from toolkit.measures import Array, ArrayLike

_Pair = tuple[Array, Array]

#: Decay rates are kept away from 0, where 1 - rho vanishes, and from where rho^h underflows.
_SLOWEST, _FASTEST = 1e-12, 600.0


class Predicted(NamedTuple):
    """The law of each observation given those before it, N(mean, variance).

    Attributes
    ----------
    mean, variance : Array, shape (replicate, generation)
        ``variance`` has one row for all replicates where ``seen`` has.
    """

    mean: Array
    variance: Array


def one_step_ahead(
    deviation: Array,
    seen: Array,
    *,
    gain: Array,
    added: Array,
    noise_var: ArrayLike,
    start_var: ArrayLike,
) -> Predicted:
    """Predict each observation from those before it.

    Parameters
    ----------
    deviation : Array, shape (replicate, generation)
        Observations less the mean curve; any finite number where unseen.
    seen : Array of bool, shape (replicate, generation) or (1, generation)
        One row when all replicates were seen at the same generations: the variances are then
        computed once.
    gain, added : Array, shape (generation,)
        Of the step that leads to each generation; the first entries are not used.
    noise_var, start_var : float

    Examples
    --------
    A random walk seen without noise is predicted to stay where it is:

    >>> import jax.numpy as jnp
    >>> ones, seen = jnp.ones(3), jnp.ones((1, 3), bool)
    >>> found = one_step_ahead(jnp.array([[0.0, 2.0, 5.0]]), seen, gain=ones, added=ones,
    ...                        noise_var=0.0, start_var=0.0)
    >>> found.mean.tolist(), found.variance.tolist()
    ([[0.0, 0.0, 2.0]], [[0.0, 1.0, 1.0]])
    """

    def step(state: _Pair, column: tuple[Array, ...]) -> tuple[_Pair, _Pair]:
        mean, variance = state
        value, here, factor, plus = column
        total = variance + noise_var
        known = here & (total > 0)  # where nothing is uncertain, an observation adds nothing
        weight = jnp.where(known, variance / jnp.where(known, total, 1.0), 0.0)
        # noise / total, not 1 - weight, which would cancel.
        kept = jnp.where(known, noise_var / jnp.where(known, total, 1.0), 1.0)
        after = factor * (kept * mean + weight * value), factor**2 * kept * variance + plus
        return after, (mean, total)

    mean = jnp.zeros(deviation.shape[0])
    variance = jnp.full(seen.shape[0], start_var, dtype=mean.dtype)
    # The step that leads on from a generation is stored with the one that it leads to.
    onward = jnp.roll(gain, -1), jnp.roll(added, -1)
    columns = (deviation.T, seen.T, *onward)
    _, (means, totals) = jax.lax.scan(step, (mean, variance), columns)
    return Predicted(means.T, totals.T)


def decay_rate(contraction_factor: ArrayLike) -> Array:
    """-log of a contraction factor, kept away from 0 and from infinity.

    Parameters
    ----------
    contraction_factor : float

    Examples
    --------
    >>> float(decay_rate(0.5))
    0.6931471805599453
    """
    rate = -jnp.log(jnp.maximum(jnp.asarray(contraction_factor, float), 1e-300))
    return jnp.minimum(jnp.where(jnp.abs(rate) < _SLOWEST, _SLOWEST, rate), _FASTEST)


def accumulated(rate: ArrayLike, steps: ArrayLike) -> Array:
    """``sum_{k < steps} exp(-rate k) = (1 - exp(-rate steps)) / (1 - exp(-rate))``.

    What ``steps`` equal additions amount to when each later step contracts them.

    Parameters
    ----------
    rate : float
        Not 0.
    steps : Array

    Examples
    --------
    >>> round(float(accumulated(decay_rate(0.5), 3)), 9)
    1.75
    """
    rate = jnp.asarray(rate)
    return jnp.expm1(-rate * jnp.asarray(steps)) / jnp.expm1(-rate)
