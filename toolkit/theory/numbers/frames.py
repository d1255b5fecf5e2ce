"""The values that a program works on, and its scalar form for what JAX can only do one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from toolkit.measures import Array
from toolkit.theory.numbers.special import forward_only, namespace


@dataclass(frozen=True)
class Frame:
    """Values by symbol, and what was already computed from them.

    Parameters
    ----------
    values : mapping of sympy symbol to array
        What is indexed has its index axes first.
    axes : int
        Axes that the values broadcast over; an index of a sum has one more, in front.
    ranks : mapping of sympy.IndexedBase to int
        How many indices each takes.
    """

    values: Mapping[Any, Any]
    axes: int = 0
    ranks: Mapping[Any, int] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict)

    def extended(self, more: Mapping[Any, Any], axes: int | None = None) -> Frame:
        """Give a frame with further values."""
        return Frame({**self.values, **more}, self.axes if axes is None else axes, self.ranks)


def is_known(*values: Any) -> bool:
    """Tell whether values are known now, rather than traced by JAX."""
    return not any(isinstance(value, jax.core.Tracer) for value in values)


def any_jax(frame: Frame, symbols: Iterable[Any]) -> bool:
    """Tell whether JAX follows any of these symbols' values."""
    return namespace(*(frame.values[s] for s in symbols if s in frame.values)) is jnp


def look_up(base: Any, index: tuple[Any, ...]) -> Any:
    """Take entries of an array whose further axes broadcast with the indices."""
    xp = namespace(base, *index)
    trailing = np.shape(base)[len(index) :]
    grids = np.ogrid[tuple(slice(size) for size in trailing)] if trailing else ()
    entries = tuple(xp.asarray(i).astype(int) for i in index)
    return xp.asarray(base)[entries + tuple(grids)]


def one_by_one(frame: Frame, symbols: Iterable[Any], function: Callable[[Frame], Any]) -> Any:
    """Apply a function of a frame of scalars at every place that the values broadcast to.

    Everything that JAX follows goes through one vector, so that `forward_only` gives derivatives.
    """
    used = [s for s in symbols if s in frame.values]
    packed = [
        s
        for s in used
        if isinstance(frame.values[s], Array) or np.ndim(frame.values[s]) > frame.ranks.get(s, 0)
    ]
    leading = {s: frame.ranks.get(s, 0) for s in packed}
    shapes = {s: np.shape(frame.values[s]) for s in packed}
    batch = np.broadcast_shapes(*(shape[leading[s] :] for s, shape in shapes.items()))
    columns = [_rows(frame.values[s], leading[s], batch) for s in packed]
    if not columns:
        return function(frame)

    def of_vector(vector: Any) -> Any:
        values, start = {}, 0
        for s in packed:
            shape = shapes[s][: leading[s]]
            size = math.prod(shape)
            values[s] = vector[start : start + size].reshape(shape)
            start += size
        return function(frame.extended(values, axes=0))

    rows = jnp.concatenate(columns, axis=-1)
    mapped = forward_only(of_vector)
    if not batch:
        return mapped(rows)
    return jax.vmap(mapped)(rows.reshape(-1, rows.shape[-1])).reshape(batch)


def _rows(value: Any, leading: int, batch: tuple[int, ...]) -> Any:
    """Put the index axes last, as one, after the axes that broadcast."""
    array = jnp.asarray(value, dtype=float)
    index_shape = array.shape[:leading]
    array = jnp.moveaxis(array, range(leading), range(-leading, 0)) if leading else array
    trailing = array.shape[: array.ndim - leading]
    array = array.reshape((1,) * (len(batch) - len(trailing)) + trailing + (-1,))
    return jnp.broadcast_to(array, (*batch, math.prod(index_shape)))


def free(expr: sp.Basic) -> frozenset[Any]:
    """Symbols and indexed bases that the value of an expression depends on."""
    bound = {i for total in expr.atoms(sp.Sum, sp.Product) for i in total.variables}
    return frozenset((expr.free_symbols | expr.atoms(sp.IndexedBase)) - bound)
