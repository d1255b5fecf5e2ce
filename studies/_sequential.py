r"""Sequential Monte Carlo over landing generations: draws reweighted, resampled and moved.

Draws ("particles") ``x_k`` of the posterior given the first generations carry weights. When
generation t lands, each weight is multiplied by the likelihood of what landed given what came
before, ``w_k <- w_k p(y_t | y_<t, x_k)``; when the effective sample size ``1 / sum w_k^2`` falls
below half of the particles they are resampled (systematically), and, in *iterated batch importance
sampling* (N. Chopin, "A sequential particle filter method for static models", Biometrika 89
(2002), 539-551), each is moved by random-walk Metropolis with the particles' covariance times
``2.38^2 / dimension``, which keeps the posterior given all that has landed. Without moves no new
value ever comes in. The coordinates are those of each parameter's support on the real line.

A model's terms are the factors of its likelihood, one for each generation given those before it,
of a latent drift too, which the filter has summed out: the sum of the first of them is the log
density of the data so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.scipy.special import logsumexp
from numpyro.distributions import Distribution
from numpyro.distributions.transforms import biject_to

from toolkit.inference import density
from toolkit.inference.density import Target
from toolkit.inference.programs import in_blocks, program
from toolkit.machine import cores
from toolkit.measures import Array
from toolkit.models import Model

FloatArray = npt.NDArray[np.float64]

#: Resampled when the effective sample size is below so many times their number.
_LEAST = 0.5
#: Of the random walk: best for a normal posterior of many dimensions (Roberts, Gelman, Gilks 1997).
_STEP = 2.38
#: Data sets in one call.
_MOST_DATA_SETS = 32


class Followed(NamedTuple):
    """Particles when each of some generations has landed.

    Attributes
    ----------
    draws : dict of array, shape (dataset, checkpoint, particle)
        Equally weighted.
    effective : array, shape (dataset, checkpoint)
        How many different values with equal weights would be worth as much: ``1 / sum W^2``
        over values, equal ones together.
    resampled : array of int, shape (dataset, checkpoint)
        How often, until then.
    """

    draws: dict[str, FloatArray]
    effective: FloatArray
    resampled: npt.NDArray[np.int64]


class _Cloud(NamedTuple):
    """Particles: coordinates, log prior there, likelihood's terms by generation, log weights."""

    at: Array
    log_prior: Array
    terms: Array
    log_weight: Array
    resampled: Array
    key: Array


class _Static(NamedTuple):
    target: Target
    names: tuple[str, ...]
    last: int
    moves: int


def follow(
    model: Model,
    spec: Any,
    priors: Mapping[str, Any],
    data: Any,
    values: Mapping[str, FloatArray],
    checkpoints: Sequence[int],
    *,
    moves: int,
    seed: int,
) -> Followed:
    """Carry draws of the posteriors of many data sets on, generation by generation.

    Parameters
    ----------
    model : Model
    spec : Hashable
    priors : mapping
        Scalar distributions, or numbers where parameters are known.
    data : pytree of arrays
        Of the generations up to the last checkpoint, with a leading axis over data sets.
    values : mapping of array, shape (dataset, particle)
        Draws given the generations up to the first checkpoint.
    checkpoints : sequence of int
        Generations at which particles are kept; the first is where ``values`` come from.
    moves : int
        Steps of the random walk after each resampling; 0 for none.
    seed : int

    Returns
    -------
    Followed
    """
    names = tuple(name for name in values if isinstance(priors[name], Distribution))
    number = len(next(iter(values.values())))
    given = {name: jnp.asarray(values[name]) for name in names}
    keys = jax.random.split(jax.random.key(seed), number)
    ends = jnp.asarray(checkpoints)
    size = min(-(-number // cores()), _MOST_DATA_SETS)
    first = jax.tree.map(lambda leaf: jnp.asarray(leaf)[np.zeros(size, int)], (data, given, keys))
    static = (_Static(density.target_of(model, spec), names, checkpoints[-1], moves),)
    run = program(_data_sets, static, priors, ends, *first)
    at, log_weight, constrained, resampled = in_blocks(
        partial(run, priors, ends), size, data, given, keys
    )
    weight = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    weight /= weight.sum(axis=-1, keepdims=True)
    rng = np.random.default_rng(seed)
    chosen = _systematic(weight, rng.random(weight.shape[:2]))
    draws = {name: np.take_along_axis(v, chosen, axis=-1) for name, v in constrained.items()}
    return Followed(draws, effective_values(at[..., 0], weight), resampled)


def effective_values(values: FloatArray, weight: FloatArray) -> FloatArray:
    """``1 / sum W^2`` over different values, W the weight of all that are equal.

    Parameters
    ----------
    values, weight : array, shape (..., particle)
        The weights sum to one.

    Examples
    --------
    >>> float(effective_values(np.array([1.0, 1.0, 2.0]), np.array([0.25, 0.25, 0.5])))
    2.0
    """
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    total = np.cumsum(np.take_along_axis(weight, order, axis=-1), axis=-1)
    last = np.append(np.diff(ordered) != 0, np.full((*values.shape[:-1], 1), True), axis=-1)
    # The total at the end of each run of equal values; where no run ends, that before it.
    ends = np.maximum.accumulate(np.where(last, total, 0.0), axis=-1)
    return np.asarray(1 / np.sum(np.diff(ends, prepend=0.0) ** 2, axis=-1))


def _systematic(weight: FloatArray, offset: FloatArray) -> npt.NDArray[np.intp]:
    """Which particles are chosen: one for each of equally spaced points of the total weight."""
    number = weight.shape[-1]
    points = (np.arange(number) + offset[..., None]) / number
    total = np.cumsum(weight, axis=-1)
    flat = zip(total.reshape(-1, number), points.reshape(-1, number), strict=True)
    found = np.stack([np.searchsorted(one, at) for one, at in flat])
    return np.minimum(found, number - 1).reshape(weight.shape)


def _data_sets(
    static: _Static, priors: Any, ends: Array, data: Any, values: dict[str, Array], keys: Array
) -> Any:
    def one(argument: tuple[Any, dict[str, Array], Array]) -> Any:
        data, values, key = argument
        supports = {name: biject_to(priors[name].support) for name in static.names}
        at = jnp.stack([supports[name].inv(values[name]) for name in static.names], axis=1)
        evaluate = jax.vmap(partial(_evaluated, static, priors, data))
        zeros = jnp.zeros(len(at))
        cloud = _Cloud(at, *evaluate(at), zeros, jnp.asarray(0), key)

        def landed(generation: Array, cloud: _Cloud) -> _Cloud:
            weight = cloud.log_weight + cloud.terms[:, generation]
            cloud = cloud._replace(log_weight=weight)
            size = jnp.exp(2 * logsumexp(weight) - logsumexp(2 * weight))
            renew = partial(_renewed, static.moves, evaluate, generation)
            after: _Cloud = jax.lax.cond(size < _LEAST * len(at), renew, lambda c: c, cloud)
            return after

        def stretch(cloud: _Cloud, span: tuple[Array, Array]) -> tuple[_Cloud, Any]:
            cloud = jax.lax.fori_loop(span[0] + 1, span[1] + 1, landed, cloud)
            return cloud, (cloud.at, cloud.log_weight, cloud.resampled)

        spans = (jnp.append(ends[:1], ends[:-1]), ends)
        _, (at, weight, resampled) = jax.lax.scan(stretch, cloud, spans)
        values = {name: supports[name](at[..., i]) for i, name in enumerate(static.names)}
        return at, weight, values, resampled

    return jax.lax.map(one, (data, values, keys))


def _evaluated(static: _Static, priors: Any, data: Any, at: Array) -> tuple[Array, Array]:
    """Log prior of the coordinates, and the likelihood's terms by generation, from the first on."""
    values, log_prior = {}, jnp.asarray(0.0)
    for name, coordinate in zip(static.names, at, strict=True):
        transform = biject_to(priors[name].support)
        values[name] = transform(coordinate)
        slope = transform.log_abs_det_jacobian(coordinate, values[name])
        log_prior += priors[name].log_prob(values[name]) + slope
    (terms,) = density.log_likelihoods(static.target, values, priors, data).values()
    terms = terms.sum(axis=0)
    # A law of transitions says nothing of the first generation.
    return log_prior, jnp.pad(terms, (static.last + 1 - terms.size, 0))


def _renewed(moves: int, evaluate: Any, generation: Array, cloud: _Cloud) -> _Cloud:
    """Resampled, and moved so often."""
    number, dimension = cloud.at.shape
    key, key_choice, key_moves = jax.random.split(cloud.key, 3)
    weight = jnp.exp(cloud.log_weight - logsumexp(cloud.log_weight))
    away = cloud.at - weight @ cloud.at
    cov = (weight[:, None] * away).T @ away + 1e-12 * jnp.eye(dimension)
    root = _STEP / jnp.sqrt(dimension) * jnp.linalg.cholesky(cov)
    points = (jnp.arange(number) + jax.random.uniform(key_choice)) / number
    chosen = jnp.minimum(jnp.searchsorted(jnp.cumsum(weight), points), number - 1)
    so_far = jnp.arange(cloud.terms.shape[1]) <= generation

    def total(log_prior: Array, terms: Array) -> Array:
        return log_prior + jnp.sum(jnp.where(so_far, terms, 0.0), axis=1)

    def move(state: Any, key: Array) -> tuple[Any, None]:
        key_step, key_accept = jax.random.split(key)
        at = state[0] + jax.random.normal(key_step, state[0].shape) @ root.T
        tried = (at, *evaluate(at))
        gain = total(*tried[1:]) - total(*state[1:])
        accept = jnp.log(jax.random.uniform(key_accept, (number,))) < gain  # not where NaN
        return tuple(
            jnp.where(accept.reshape(-1, *[1] * (new.ndim - 1)), new, old)
            for new, old in zip(tried, state, strict=True)
        ), None

    state = tuple(leaf[chosen] for leaf in (cloud.at, cloud.log_prior, cloud.terms))
    if moves:
        state, _ = jax.lax.scan(move, state, jax.random.split(key_moves, moves))
    at, log_prior, terms = state
    return _Cloud(at, log_prior, terms, jnp.zeros(number), cloud.resampled + 1, key)
