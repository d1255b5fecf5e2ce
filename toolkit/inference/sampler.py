"""NUTS, compiled once for a model and the shapes of its data, then run on any numbers.

``numpyro.infer.MCMC`` compiles anew at every run; its kernel's own ``init`` and ``sample`` under
one ``jit``, with priors and data as arguments, do not. Chains (and data sets) are mapped, not
vectorised: side by side each would wait for the longest trajectory of all. Two or more run at
once in threads, since compiled code releases Python's lock.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.infer.hmc import hmc
from numpyro.infer.util import ParamInfo

from toolkit.inference import density
from toolkit.inference.density import Target
from toolkit.inference.laplace import laplace
from toolkit.machine import cores
from toolkit.measures import Array
from toolkit.models import Model, Priors

#: Each chain searches its own mode from the best of so many prior draws: were there several
#: modes, chains in different ones would show it.
_STARTS = 10
#: Chains start farther apart than the posterior is wide, so that R-hat can tell.
_OVERDISPERSION = 1.5
#: A dense metric is learned up to so many dimensions.
_MOST_DENSE = 64


class Settings(NamedTuple):
    """What is compiled in.

    Attributes
    ----------
    num_chains, num_warmup, num_draws : int
        Draws of each chain after its warm-up.
    target_accept : float
        Mean acceptance probability that the step size aims at.
    max_tree_depth : int
    adapt_metric : bool
        Whether the warm-up also learns a metric. The whitened coordinates need none unless the
        posterior is far from normal, and one that is learned from few draws is worse.
    """

    num_chains: int = 4
    num_warmup: int = 150
    num_draws: int = 500
    target_accept: float = 0.8
    max_tree_depth: int = 10
    adapt_metric: bool = False


class Draws(NamedTuple):
    """What a run gives, with leading axes (chain, draw), or (dataset, chain, draw).

    Attributes
    ----------
    values : dict of array
        Of all sites.
    stats : dict of array
        By ArviZ's names: diverging, n_steps, acceptance_rate, energy, lp, step_size.
    """

    values: dict[str, np.ndarray]
    stats: dict[str, np.ndarray]


def sample(
    model: Model, spec: Any, priors: Priors, data: Any, *, seed: int, **settings: Any
) -> Draws:
    """Draw from the posterior of one data set.

    Parameters
    ----------
    model : Model
    spec, data
        Of its evidence.
    priors : mapping
        A distribution or a number for each parameter.
    seed : int
    **settings
        Of :class:`Settings`.

    Returns
    -------
    Draws
        With axes (chain, draw, ...).
    """
    chosen = Settings(**settings)
    target = density.target_of(model, spec)
    keys = jax.random.split(jax.random.key(seed), chosen.num_chains)
    # An even number of chains for each core; one program serves all blocks.
    blocks = next(number for number in (cores(), 1) if chosen.num_chains % number == 0)
    parts = keys.reshape(blocks, -1)
    run = _compiled(_chains, target, chosen, priors, data, parts[0])
    with ThreadPoolExecutor(blocks) as pool:
        found = list(pool.map(partial(run, priors, data), parts))
    return Draws(*jax.tree.map(lambda *leaves: np.concatenate(leaves), *found))


def sample_many(
    model: Model,
    spec: Any,
    priors: Priors,
    data: Any,
    *,
    seed: int,
    per_data_set: tuple[str, ...] = (),
    **settings: Any,
) -> Draws:
    """Draw from the posteriors of many data sets of one shape, with one compilation.

    Parameters
    ----------
    model : Model
    spec : Hashable
        Common to all.
    priors : mapping
        Common to all, but those named in ``per_data_set``, whose numbers have a leading axis.
    data : pytree of arrays
        With a leading axis over data sets (:func:`stack`).
    seed : int
    per_data_set : tuple of str
    **settings
        Of :class:`Settings`; one chain unless told otherwise.

    Returns
    -------
    Draws
        With axes (dataset, chain, draw, ...).
    """
    chosen = Settings(**({"num_chains": 1} | settings))
    target = density.target_of(model, spec)
    number = len(jax.tree.leaves(data)[0])
    keys = jax.random.split(jax.random.key(seed), number)
    num_cores = min(cores(), number)
    calls = -(-number // (num_cores * 32))  # at most about 32 data sets in one call
    size = -(-number // (num_cores * calls))
    own = {name: priors[name] for name in per_data_set}
    common = {name: prior for name, prior in priors.items() if name not in own}

    def block(first: int) -> tuple[Any, Any, Array]:
        # The last block is filled up with data sets already taken: equal shapes, one program.
        index = np.minimum(np.arange(first, first + size), number - 1)
        here = jax.tree.map(lambda leaf: jnp.asarray(leaf)[index], (data, own))
        return *here, keys[index]

    compiled = _compiled(_data_sets, target, chosen, common, *block(0))

    def run(first: int) -> Any:
        found = compiled(common, *block(first))
        return jax.tree.map(lambda leaf: leaf[: number - first], found)

    with ThreadPoolExecutor(num_cores) as pool:
        parts = list(pool.map(run, range(0, number, size)))
    return Draws(*jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts))


def stack(data: Any) -> Any:
    """The data of several pieces of evidence with a leading axis over data sets.

    Parameters
    ----------
    data : sequence of pytrees
        Of equal shapes.
    """
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *data)


def _compiled(function: Any, target: Target, settings: Settings, *arguments: Any) -> Any:
    """The function of the other arguments, compiled before threads call it.

    NumPyro's handlers stand on one stack for all threads: two that traced a program at once
    would read each other's sites (and compile it twice).
    """
    leaves, tree = jax.tree.flatten(arguments)
    shapes = tuple((np.shape(leaf), jnp.asarray(leaf).dtype) for leaf in leaves)
    program = _program(function, target, settings, tree, shapes)

    def run(*arguments: Any) -> Any:
        found = program(*jax.tree.map(jnp.asarray, arguments))
        return jax.tree.map(np.asarray, found)

    return run


@functools.lru_cache(maxsize=32)
def _program(
    function: Any, target: Target, settings: Settings, tree: Any, shapes: tuple[Any, ...]
) -> Any:
    blank = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in shapes]
    return function.lower(target, settings, *jax.tree.unflatten(tree, blank)).compile()


@partial(jax.jit, static_argnums=(0, 1))
def _chains(
    target: Target, settings: Settings, priors: Priors, data: Any, keys: Array
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Chains one after another: all sites and statistics, axes (chain, draw)."""
    return jax.lax.map(lambda key: _chain(target, settings, priors, data, key), keys)


@partial(jax.jit, static_argnums=(0, 1))
def _data_sets(
    target: Target, settings: Settings, common: Priors, data: Any, own: Priors, keys: Array
) -> tuple[dict[str, Array], dict[str, Array]]:
    def one(argument: tuple[Any, Priors, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
        data, own, key = argument
        priors: Mapping[str, Any] = {**common, **own}
        return _chains(target, settings, priors, data, jax.random.split(key, settings.num_chains))

    return jax.lax.map(one, (data, own, keys))


def _chain(
    target: Target, settings: Settings, priors: Priors, data: Any, key: Array
) -> tuple[dict[str, Array], dict[str, Array]]:
    """One chain in whitened coordinates, then back to the sites' own."""
    key_mode, key_start, key_run = jax.random.split(key, 3)
    energy = density.potential(target, priors, data)
    start = laplace(energy, _prior_draws(target, key_mode, priors, data))

    def whitened(at: Array) -> Array:
        return energy(start.mode + start.root @ at)

    dimension = start.mode.size
    away = _OVERDISPERSION * jax.random.normal(key_start, (dimension,))
    # Nearer by halves where the density cannot be evaluated: such a start would never move.
    nearer = away * jnp.array([1.0, 0.5, 0.25, 0.125, 0.0])[:, None]
    values, slopes = jax.lax.map(jax.value_and_grad(whitened), nearer)
    usable = jnp.argmax(jnp.isfinite(values) & jnp.all(jnp.isfinite(slopes), axis=1))
    begin, advance = hmc(whitened, algo="NUTS")
    state = begin(
        # With value and slope, so that the program need not stand there once more.
        ParamInfo(nearer[usable], values[usable], slopes[usable]),
        settings.num_warmup,
        step_size=0.5,
        adapt_mass_matrix=settings.adapt_metric,
        dense_mass=dimension <= _MOST_DENSE,
        target_accept_prob=settings.target_accept,
        max_tree_depth=settings.max_tree_depth,
        rng_key=key_run,
    )

    def draw(state: Any, _: None) -> tuple[Any, tuple[Array, dict[str, Array]]]:
        state = advance(state)
        stats = {
            "diverging": state.diverging,
            "n_steps": state.num_steps,
            "acceptance_rate": state.accept_prob,
            "energy": state.energy,
            "lp": -state.potential_energy,
            "step_size": state.adapt_state.step_size,
        }
        return state, (state.z, stats)

    # Warm-up and draws in one loop: the program is compiled for it once.
    steps = settings.num_warmup + settings.num_draws
    _, drawn = jax.lax.scan(draw, state, length=steps)
    positions, stats = jax.tree.map(lambda leaf: leaf[settings.num_warmup :], drawn)
    back = partial(density.values_of, target, priors=priors, data=data)
    return jax.vmap(lambda at: back(start.mode + start.root @ at))(positions), stats


def _prior_draws(target: Target, key: Array, priors: Priors, data: Any) -> Array:
    draw = partial(density.unconstrained_prior_draw, target, priors=priors, data=data)
    return jax.vmap(draw)(jax.random.split(key, _STARTS))
