"""Sums over an index whose bounds may be numbers, arrays, or traced by JAX."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from toolkit.theory.numbers.frames import Frame, is_known, one_by_one
from toolkit.theory.numbers.special import namespace, where

#: At most so many terms are laid out at once.
_LAID_OUT, _CHUNK = 2**21, 256


class Range(NamedTuple):
    """An index with its bounds, and the symbols that the bounds and the terms depend on."""

    index: Any
    low: Callable[[Frame], Any]
    high: Callable[[Frame], Any]
    symbols: Iterable[Any]


def total(frame: Frame, over: Range, body: Callable[[Frame], Any], *, largest: bool = False) -> Any:
    """Sum (or find the largest) of ``body`` over an index.

    Parameters
    ----------
    frame : Frame
    over : Range
    body : callable
        Of a frame that holds the index.
    largest : bool
        The largest term instead of the sum; without derivative.

    Returns
    -------
    array
    """
    low, high = over.low(frame), over.high(frame)
    if is_known(low, high):
        low, high = np.asarray(low), np.asarray(high)
        length = max(int(np.max(high - low)) + 1, 0)
        size = max(low.size, high.size, *(np.size(v) for v in frame.values.values()))
        if namespace(*frame.values.values()) is np or length * size <= _LAID_OUT:
            return _laid_out(frame, over, body, (low, high, length, size), largest)
    return one_by_one(frame, over.symbols, lambda scalars: _loop(scalars, over, body, largest))


def _laid_out(
    frame: Frame,
    over: Range,
    body: Callable[[Frame], Any],
    bounds: tuple[Any, Any, int, int],
    largest: bool,
) -> Any:
    low, high, length, size = bounds
    nothing = -np.inf if largest else 0.0
    result: Any = np.full(np.broadcast_shapes(low.shape, high.shape), nothing)
    chunk = max(_LAID_OUT // size, 1)
    for start in range(0, length, chunk):
        steps = np.arange(start, min(start + chunk, length)).reshape((-1,) + (1,) * frame.axes)
        index = low + steps
        inside = index <= high
        index = np.where(inside, index, high)
        terms = body(frame.extended({over.index: index}, axes=frame.axes + 1))
        terms = where(inside, terms, nothing)
        if largest:
            result = namespace(result, terms).maximum(result, terms.max(axis=0))
        else:
            result = result + terms.sum(axis=0)
    return result


def _loop(frame: Frame, over: Range, body: Callable[[Frame], Any], largest: bool) -> Any:
    """Loop in chunks, up to a bound that only the running program knows."""
    low, high = over.low(frame), over.high(frame)

    def chunk(state: tuple[Any, Any]) -> tuple[Any, Any]:
        start, sofar = state
        index = start + jnp.arange(_CHUNK)
        inside = index <= high
        terms = jax.vmap(lambda m: body(frame.extended({over.index: m}, axes=0)))(
            jnp.where(inside, index, low)
        )
        if largest:
            return start + _CHUNK, jnp.maximum(sofar, jnp.where(inside, terms, -jnp.inf).max())
        return start + _CHUNK, sofar + jnp.where(inside, terms, 0.0).sum()

    first = (jnp.asarray(low, dtype=float), jnp.asarray(-jnp.inf if largest else 0.0))
    return jax.lax.while_loop(lambda state: state[0] <= high, chunk, first)[1]
