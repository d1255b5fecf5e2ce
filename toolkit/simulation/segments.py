"""The compiled program: a block of replicates through one segment of recorded rows."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from toolkit.loops import Loop
from toolkit.machine import jit
from toolkit.rng import fold_in
from toolkit.simulation.planning import Plan

Array = jax.Array

#: Folded into a replicate's key for its start; its generations take the numbers from 0.
START = 2**32 - 1


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
            loop.start,
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
            self.state, start = _begin(self._static, loop.params, loop.initial, self._keys)
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

    def spread(leaf: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((plan.width, *leaf.shape), leaf.dtype)

    return jax.tree.map(spread, _start_like(plan.loop))


def _start_like(loop: Loop) -> Any:
    """Shapes and types of one replicate's state."""
    start = partial(loop.start, loop.spec)
    return jax.eval_shape(start, loop.params, loop.initial, jax.random.key(0))


def row_like(plan: Plan) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes and types of what is recorded of one replicate in one generation, by name."""
    loop = plan.loop
    measure = partial(loop.measure, loop.spec, loop.params, plan.names)
    shapes: dict[str, jax.ShapeDtypeStruct] = jax.eval_shape(
        measure, _start_like(loop), loop.no_info(loop.spec)
    )
    return {name: shapes[name] for name in plan.names}


@jax.jit
def _replicate_keys(seed: Array, replicate: Array) -> Array:
    return jax.vmap(partial(fold_in, jax.random.key(seed)))(replicate)


@jit(static_argnums=0)
def _begin(static: Any, params: Any, initial: Any, keys: Array) -> tuple[Any, dict[str, Array]]:
    """The block's initial states and what is recorded of them."""
    spec, start, _, measure, no_info, _, names = static

    def first(key: Array) -> tuple[Any, dict[str, Array]]:
        state = start(spec, params, initial, fold_in(key, START))
        return state, measure(spec, params, names, state, no_info(spec))

    return jax.vmap(first)(keys)


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
    spec, _, kernel, measure, no_info, merge_info, names = static

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
