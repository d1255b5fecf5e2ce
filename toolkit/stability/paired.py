"""Loops from neighbouring real data under common random numbers."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from toolkit.loops import Loop, loop_of
from toolkit.loops.retraining import generated, training_sets
from toolkit.machine import jit
from toolkit.rng import fold_in
from toolkit.simulation.segments import START
from toolkit.systems import RetrainingSystem
from toolkit.systems.families import Points
from toolkit.systems.policies import Trained

Array = jax.Array

#: Folded into a replicate's key for the examples that are looked at.
_SEEN = 2**32 - 2
#: Numbers held at once by what runs side by side.
_HELD = 20_000_000


class Pair(NamedTuple):
    """Everything that paired runs need.

    Attributes
    ----------
    loop : Loop
        Of the system; its ``params.given`` is replaced by each data set in turn.
    generations : int
    keys : Array, shape (replicates,)
        The same for all data sets: common random numbers.
    """

    loop: Loop
    generations: int
    keys: Array

    @classmethod
    def of(cls, system: RetrainingSystem, *, generations: int, replicates: int, seed: int) -> Pair:
        """Of a system with given real data."""
        loop = loop_of(system, generations=generations + 1)
        keys = jax.vmap(partial(fold_in, jax.random.key(seed)))(jnp.arange(replicates))
        return cls(loop, generations, keys)

    def models(self, sets: np.ndarray) -> Any:
        """Models of all generations, leaves of shape (sets, replicates, generations + 1, ...)."""
        loop = self.loop
        static = loop.spec, loop.start, loop.kernel
        width = max(1, _HELD // (loop.cost * len(sets)))
        return _models(
            static, self.generations, width, loop.params, loop.initial, jnp.asarray(sets), self.keys
        )


@jit(static_argnums=(0, 1, 2))
def _models(
    static: tuple[Any, ...],
    generations: int,
    width: int,
    params: Any,
    initial: Any,
    sets: Array,
    keys: Array,
) -> Any:
    spec, start, kernel = static

    def of_one(key: Array, given: Array) -> Any:
        mine = params._replace(given=given)
        first = start(spec, mine, initial, fold_in(key, START))

        def advance(state: Any, generation: Array) -> tuple[Any, Any]:
            state, _ = kernel(spec, mine, fold_in(key, generation), state)
            return state, _only(state.model)

        _, later = jax.lax.scan(advance, first, jnp.arange(generations))
        return jax.tree.map(
            lambda one, others: jnp.concatenate([one[None], others]), _only(first.model), later
        )

    def of_replicate(key: Array) -> Any:
        return jax.vmap(partial(of_one, key))(sets)

    found = jax.lax.map(of_replicate, keys, batch_size=min(width, len(keys)))
    return jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), found)


def _only(models: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[0], models)


def seen(spec: Any, params: Any, key: Array, model: Any, generation: Array) -> Points:
    """Examples of a model, drawn with the replicate's numbers: the same for all data sets.

    They are drawn apart from those that the loop trains on, of the same law and number.
    """
    key = fold_in(fold_in(key, _SEEN), generation)
    points = generated(spec, params, key, model, generation)
    assert isinstance(points, Points)
    return points


@jit(static_argnums=(0, 1, 2))
def trained_on(
    static: tuple[Any, ...],
    generations: int,
    width: int,
    params: Any,
    initial: Any,
    keys: Array,
) -> tuple[Any, Any]:
    """Models of generations 1 on, each with its training set, and the models before them.

    Returns
    -------
    models : pytree
        Leaves of shape (replicates, generations + 1, ...).
    sets : Points
        Leaves of shape (replicates, generations, ...).
    """
    spec, start, kernel = static

    def of_replicate(key: Array) -> Any:
        first = start(spec, params, initial, fold_in(key, START))

        def advance(state: Any, generation: Array) -> tuple[Any, Any]:
            now = fold_in(key, generation)
            trained: Trained = training_sets(spec, params, now, state)
            state, _ = kernel(spec, params, now, state)
            return state, (_only(state.model), _only(trained.data))

        _, (later, sets) = jax.lax.scan(advance, first, jnp.arange(generations))
        models = jax.tree.map(
            lambda one, others: jnp.concatenate([one[None], others]), _only(first.model), later
        )
        return models, sets

    found: tuple[Any, Any] = jax.lax.map(of_replicate, keys, batch_size=min(width, len(keys)))
    return found
