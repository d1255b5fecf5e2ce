"""The co-evolving loop's kernel run on many paths, each with numbers and a start of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.forecast.source import Paths
from toolkit.loops.coevolving import measure, step
from toolkit.loops.coevolving_parts import Params, Spec, State, cost_of, no_info
from toolkit.machine import cores, jit
from toolkit.measures import Array
from toolkit.rng import fold_in

FloatArray = npt.NDArray[np.float64]

#: Generations of one call; numbers that the paths of one call hold, and the most paths.
_SEGMENT = 16
_BLOCK_NUMBERS = 2**20
_WIDEST_BLOCK = 2048

_Static = tuple[Spec, tuple[str, ...]]


def run_paths(
    spec: Spec, names: tuple[str, ...], tree: Any, paths: Paths, generations: int
) -> dict[str, FloatArray]:
    """The named variables along every path, shape (path, 1 + generations, ...).

    Paths run in blocks of one width and segments of one length, so that one program serves all.

    Parameters
    ----------
    spec : Spec
    names : tuple of str
    tree : (Params, State)
        Leaves with the leading axes (draw or 1, replicate or 1).
    paths : Paths
    generations : int
    """
    leaves, structure = jax.tree.flatten(tree)
    number = len(paths.draw)
    widest = int(np.clip(_BLOCK_NUMBERS // cost_of(spec), 1, _WIDEST_BLOCK))
    # A power of two, so that few widths are ever compiled; each core has a block.
    share = -(-number // cores())
    width = min(1 << (share - 1).bit_length(), 1 << (widest.bit_length() - 1))

    def block(first: int) -> dict[str, FloatArray]:
        # The last block is filled up with paths already taken: equal shapes, one program.
        at = np.minimum(np.arange(first, first + width), number - 1)
        draw, replicate = paths.draw[at], paths.replicate[at]
        own = [leaf[draw % leaf.shape[0], replicate % leaf.shape[1]] for leaf in leaves]
        params, state = jax.tree.unflatten(structure, own)
        return _block((spec, names), params, state, paths.keys[at], generations)

    with ThreadPoolExecutor(cores()) as pool:
        parts = list(pool.map(block, range(0, number, width)))
    return {name: np.concatenate([part[name] for part in parts])[:number] for name in names}


def _block(
    static: _Static,
    params: Params,
    state: State,
    keys: Array,
    generations: int,
) -> dict[str, FloatArray]:
    """A block of paths, segment by segment."""
    state = jax.tree.map(jnp.asarray, state)
    before = _begin(static, params, state)
    parts = [{name: np.asarray(array)[:, None] for name, array in before.items()}]
    for first in range(0, generations, _SEGMENT):
        state, made = _advance(static, params, keys, state, first)
        parts.append(jax.tree.map(np.asarray, made))
    return {
        name: np.concatenate([part[name] for part in parts], axis=1)[:, : generations + 1]
        for name in static[1]
    }


@jit(static_argnums=0)
def _begin(static: _Static, params: Params, state: State) -> dict[str, Array]:
    spec, names = static

    def one(params: Params, state: State) -> dict[str, Array]:
        return measure(spec, params, names, state, no_info(spec))

    return jax.vmap(one)(params, state)


@jit(static_argnums=0)
def _advance(
    static: _Static, params: Params, keys: Array, state: State, first: Array
) -> tuple[State, dict[str, Array]]:
    """The next generations of a block, shape (path, generation, ...)."""
    spec, names = static

    def one(params: Params, key: Array, state: State) -> tuple[State, dict[str, Array]]:
        def generation(state: State, index: Array) -> tuple[State, dict[str, Array]]:
            state, info = step(spec, params, fold_in(key, index), state)
            return state, measure(spec, params, names, state, info)

        return jax.lax.scan(generation, state, first + jnp.arange(_SEGMENT))

    return jax.vmap(one)(params, keys, state)
