"""The compiled program: a block of replicates through one segment of recorded rows."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from toolkit.machine import jit
from toolkit.rng import fold_in
from toolkit.simulation.planning import Plan

Array = jax.Array


class Block:
    """One block of replicates and its state, which ``record`` moves on.

    Parameters
    ----------
    plan : Plan
    start : int
        Its first replicate.
    state : pytree, optional
        To go on from; the initial one unless given.
    """

    def __init__(self, plan: Plan, start: int, state: Any = None) -> None:
        loop = plan.loop
        self.plan = plan
        self.replicates = plan.block(start)
        self.state = state
        self._keys = _replicate_keys(plan.seed, start + np.arange(plan.width))
        self._static = (
            loop.spec,
            loop.kernel,
            loop.measure,
            loop.no_info,
            loop.merge_info,
            plan.names,
        )

    def record(self, first: int, last: int, into: dict[str, np.ndarray]) -> None:
        """Write rows ``first`` to ``last - 1`` into arrays of that many rows (axis 1)."""
        plan, loop = self.plan, self.plan.loop
        number = self.replicates.stop - self.replicates.start
        if first == 0:
            self.state, start = _begin(self._static, plan.width, loop.params, loop.initial)
            for name, values in start.items():
                into[name][:, 0] = np.asarray(values)[:number]
        done = max(first, 1)
        if done == last:
            return
        self.state, recorded = _advance(
            self._static,
            plan.segment,
            loop.params,
            self._keys,
            self.state,
            done - 1,
            last - 1,
            plan.every,
        )
        for name, values in recorded.items():
            rows = np.asarray(values)[: last - done, :number]
            into[name][:, done - first :] = np.moveaxis(rows, 0, 1)


def state_like(plan: Plan) -> Any:
    """Shapes and types of a block's state."""
    return jax.eval_shape(
        lambda leaves: _spread(leaves, plan.width), jax.tree.map(jnp.asarray, plan.loop.initial)
    )


def row_like(plan: Plan) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes and types of what is recorded of one replicate in one generation, by name."""
    loop = plan.loop
    measure = partial(loop.measure, loop.spec, loop.params, plan.names)
    shapes: dict[str, jax.ShapeDtypeStruct] = jax.eval_shape(
        measure, loop.initial, loop.no_info(loop.spec)
    )
    return {name: shapes[name] for name in plan.names}


def _spread(tree: Any, width: int) -> Any:
    return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (width, *leaf.shape)), tree)


@jax.jit
def _replicate_keys(seed: Array, replicate: Array) -> Array:
    return jax.vmap(partial(fold_in, jax.random.key(seed)))(replicate)


@jit(static_argnums=(0, 1))
def _begin(static: Any, width: int, params: Any, initial: Any) -> tuple[Any, dict[str, Array]]:
    """The block's initial states and what is recorded of them."""
    spec, _, measure, no_info, _, names = static
    first = measure(spec, params, names, initial, no_info(spec))
    return _spread(initial, width), _spread(first, width)


@jit(static_argnums=(0, 1))
def _advance(
    static: Any,
    segment: int,
    params: Any,
    keys: Array,
    state: Any,
    first_row: Array,
    rows: Array,
    every: Array,
) -> tuple[Any, dict[str, Array]]:
    """Up to ``segment`` recorded rows of a block; rows beyond the last are skipped."""
    spec, kernel, measure, no_info, merge_info, names = static

    def one(key: Array, state: Any, row: Array) -> tuple[Any, Any]:
        def generation(index: Array, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            state, info = carry
            step_key = fold_in(key, row * every + index)
            state, new = kernel(spec, params, step_key, state)
            return state, merge_info(info, new)

        return jax.lax.fori_loop(0, every, generation, (state, no_info(spec)))

    def record(state: Any, info: Any) -> dict[str, Array]:
        measured: dict[str, Array] = measure(spec, params, names, state, info)
        return measured

    def take(state: Any, row: Array) -> tuple[Any, dict[str, Array]]:
        state, info = jax.vmap(one, in_axes=(0, 0, None))(keys, state, row)
        return state, jax.vmap(record)(state, info)

    def skip(state: Any, row: Array) -> tuple[Any, dict[str, Array]]:
        shapes = jax.eval_shape(take, state, row)[1]
        return state, jax.tree.map(lambda one: jnp.zeros(one.shape, one.dtype), shapes)

    def body(state: Any, row: Array) -> tuple[Any, dict[str, Array]]:
        return jax.lax.cond(row < rows, take, skip, state, row)

    return jax.lax.scan(body, state, first_row + jnp.arange(segment))
