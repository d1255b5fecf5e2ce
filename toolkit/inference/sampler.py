"""NUTS, compiled once for a model and the shapes of its data, then run on any numbers.

``numpyro.infer.MCMC`` compiles anew at every run; its kernel's own ``init`` and ``sample`` under
``jit``, with priors and data as arguments, do not. Chains (and data sets) run one by one in
threads, not vectorised: side by side each would wait for the longest trajectory of all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.infer.hmc import hmc
from numpyro.infer.util import ParamInfo

from toolkit.inference import density
from toolkit.inference.density import Target
from toolkit.inference.laplace import Laplace, laplace
from toolkit.inference.programs import in_blocks, in_threads, program
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
#: Draws of a chain in one call: chains may be carried on by any multiple of it.
_STEPS = 50
#: Data sets in one call.
_MOST_DATA_SETS = 32


class Settings(NamedTuple):
    """What is compiled in.

    Attributes
    ----------
    num_warmup : int
    target_accept : float
        Mean acceptance probability that the step size aims at.
    max_tree_depth : int
    adapt_metric : bool
        Whether the warm-up also learns a metric. The whitened coordinates need none unless the
        posterior is far from normal, and one that is learned from few draws is worse.
    """

    num_warmup: int = 150
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

    values: dict[str, Any]
    stats: dict[str, Any]


class Chains:
    """Chains of one data set, which can be carried on.

    Compiling begins when they are made, and is waited for when they are drawn from.

    Parameters
    ----------
    model : Model
    spec, data
        Of its evidence.
    priors : mapping
        A distribution or a number for each parameter.
    seed : int
    num_chains : int
    **settings
        Of :class:`Settings`.

    Attributes
    ----------
    shapes : dict of jax.ShapeDtypeStruct
        Of one draw of each site.
    """

    #: Draws from the prior, for searches to start from and to compare the posterior with.
    num_prior_draws = 1000

    def __init__(
        self,
        model: Model,
        spec: Any,
        priors: Priors,
        data: Any,
        *,
        seed: int,
        num_chains: int = 4,
        **settings: Any,
    ) -> None:
        self._settings = Settings(**settings)
        target = density.target_of(model, spec)
        static = (target, self._settings)
        self._arguments = (priors, data)
        key, *keys = jax.random.split(jax.random.key(seed), num_chains + 1)
        self._prior_keys, self._keys = jax.random.split(key, self.num_prior_draws), keys
        self._prior = program(_prior_draws, (target,), priors, data, self._prior_keys)
        starts = self._prior.result[1].update(shape=(_STARTS, *self._prior.result[1].shape[1:]))
        begin = program(_begin, static, priors, data, starts, keys[0])
        advance = program(_advance, (*static, _STEPS), priors, data, *begin.result)
        self._programs = begin, advance
        self._states: list[Any] = [None] * num_chains
        self._drawn: list[list[Draws]] = [[] for _ in range(num_chains)]
        some = advance.result[1].values
        self.shapes = {n: jax.ShapeDtypeStruct(v.shape[1:], v.dtype) for n, v in some.items()}

    @functools.cached_property
    def prior(self) -> tuple[dict[str, Any], Any]:
        """Values of all sites drawn from the prior, with a leading axis, and as flat vectors."""
        values, flat = self._prior(*self._arguments, self._prior_keys)
        return {name: np.asarray(value) for name, value in values.items()}, np.asarray(flat)

    def draw(self, number: int) -> Draws:
        """Carry all chains on until each has so many draws after its warm-up.

        Parameters
        ----------
        number : int

        Returns
        -------
        Draws
            All of them, with axes (chain, draw, ...).
        """
        warmup = self._settings.num_warmup
        begin, advance = self._programs
        starts = np.resize(self.prior[1], (len(self._keys), _STARTS, *self.prior[1].shape[1:]))

        def carry_on(chain: int) -> None:
            drawn = self._drawn[chain]
            if not drawn:
                self._states[chain] = begin(*self._arguments, starts[chain], self._keys[chain])
            while len(drawn) * _STEPS < warmup + number:
                start, state = self._states[chain]
                state, block = advance(*self._arguments, start, state)
                self._states[chain] = start, state
                drawn.append(jax.tree.map(np.asarray, block))

        in_threads(carry_on, list(range(len(self._drawn))))
        whole = [
            jax.tree.map(lambda *leaves: np.concatenate(leaves)[warmup : warmup + number], *drawn)
            for drawn in self._drawn
        ]
        return Draws(*jax.tree.map(lambda *leaves: np.stack(leaves), *whole))


def sample_many(
    model: Model,
    spec: Any,
    priors: Priors,
    data: Any,
    *,
    seed: int,
    per_data_set: tuple[str, ...] = (),
    num_chains: int = 1,
    num_draws: int = 500,
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
    num_chains, num_draws : int
    **settings
        Of :class:`Settings`.

    Returns
    -------
    Draws
        With axes (dataset, chain, draw, ...).
    """
    static = (density.target_of(model, spec), Settings(**settings), num_chains, num_draws)
    number = len(jax.tree.leaves(data)[0])
    keys = jax.random.split(jax.random.key(seed), number)
    num_cores = min(cores(), number)
    calls = -(-number // (num_cores * _MOST_DATA_SETS))
    size = -(-number // (num_cores * calls))
    own = {name: priors[name] for name in per_data_set}
    common = {name: prior for name, prior in priors.items() if name not in own}
    first = jax.tree.map(lambda leaf: jnp.asarray(leaf)[np.zeros(size, int)], (data, own, keys))
    run = program(_data_sets, static, common, *first)
    found: Draws = in_blocks(partial(run, common), size, data, own, keys)
    return found


def stack(data: Any) -> Any:
    """The data of several pieces of evidence with a leading axis over data sets.

    Parameters
    ----------
    data : sequence of pytrees
        Of equal shapes.
    """
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *data)


def _data_sets(
    target: Target,
    settings: Settings,
    num_chains: int,
    num_draws: int,
    common: Priors,
    data: Any,
    own: Priors,
    keys: Array,
) -> Draws:
    def one(argument: tuple[Any, Priors, Array]) -> Draws:
        data, own, key = argument
        priors: Mapping[str, Any] = {**common, **own}

        def chain(key: Array) -> Draws:
            key, *keys = jax.random.split(key, _STARTS + 1)
            _, starts = _prior_draws(target, priors, data, jnp.stack(keys))
            begun = _begin(target, settings, priors, data, starts, key)
            steps = settings.num_warmup + num_draws
            _, drawn = _advance(target, settings, steps, priors, data, *begun)
            kept: Draws = jax.tree.map(lambda leaf: leaf[settings.num_warmup :], drawn)
            return kept

        chains: Draws = jax.lax.map(chain, jax.random.split(key, num_chains))
        return chains

    found: Draws = jax.lax.map(one, (data, own, keys))
    return found


def _begin(
    target: Target, settings: Settings, priors: Priors, data: Any, starts: Array, key: Array
) -> tuple[Laplace, Any]:
    """The whitened coordinates of a chain, and NUTS's state where it starts."""
    key_start, key_run = jax.random.split(key)
    energy = density.potential(target, priors, data)
    away = _OVERDISPERSION * jax.random.normal(key_start, starts.shape[1:])
    found, start = laplace(energy, starts, away)
    # With value and slope, so that the program need not stand there once more.
    at = ParamInfo(start.at, start.value, start.slope)
    state, _ = _kernel(settings, _whitened(energy, found), at, key_run)
    return found, state


def _advance(
    target: Target,
    settings: Settings,
    steps: int,
    priors: Priors,
    data: Any,
    start: Laplace,
    state: Any,
) -> tuple[Any, Draws]:
    """So many steps, of the warm-up or after it: the state, all sites and statistics."""
    whitened = _whitened(density.potential(target, priors, data), start)
    # A kernel takes a beginning to be told its settings; this one is not used.
    here = ParamInfo(state.z, state.potential_energy, state.z_grad)
    _, advance = _kernel(settings, whitened, here, state.rng_key)

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

    state, (positions, stats) = jax.lax.scan(draw, state, length=steps)
    back = partial(density.values_of, target, priors=priors, data=data)
    values = jax.vmap(lambda at: back(start.mode + start.root @ at))(positions)
    return state, Draws(values, stats)


def _whitened(energy: Callable[[Array], Array], start: Laplace) -> Callable[[Array], Array]:
    return lambda at: energy(start.mode + start.root @ at)


def _kernel(
    settings: Settings, energy: Callable[[Array], Array], at: ParamInfo, key: Array
) -> tuple[Any, Callable[[Any], Any]]:
    """NUTS's first state, and its step."""
    begin, advance = hmc(energy, algo="NUTS")
    state = begin(
        at,
        settings.num_warmup,
        step_size=0.5,
        adapt_mass_matrix=settings.adapt_metric,
        dense_mass=at.z.size <= _MOST_DENSE,
        target_accept_prob=settings.target_accept,
        max_tree_depth=settings.max_tree_depth,
        rng_key=key,
    )
    return state, advance


def _prior_draws(
    target: Target, priors: Priors, data: Any, keys: Array
) -> tuple[dict[str, Array], Array]:
    draw = partial(density.prior_draw, target, priors=priors, data=data)
    values, flat = jax.vmap(draw)(keys)
    return values, flat
