"""Cells: the common texts, each alone, and one pool of the rare ones (see ``text_moments``)."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

#: A cell is as common as so many counts.
COMMON = 5.0


class Cells(NamedTuple):
    """Which texts stand alone and which are pooled, of any shape.

    Attributes
    ----------
    alone : array of bool
    pool : array of bool
        At most one per transition: the place in which the pool's total is kept.
    """

    alone: Any
    pool: Any


def cells_of(before: Any, variance: Any, batch_size: Any) -> Cells:
    """Cells from the state before, in NumPy or JAX as the state is.

    Parameters
    ----------
    before, variance : array, shape (..., num_texts)
        Probabilities, and the variance of one image's posterior.
    batch_size : float

    Examples
    --------
    >>> import numpy as np
    >>> p = np.array([0.6, 0.39, 0.007, 0.003])
    >>> cells = cells_of(p, p * (1 - p), 600.0)
    >>> cells.alone.tolist(), cells.pool.tolist()
    ([True, True, False, False], [False, False, True, False])
    """
    xp = jnp if isinstance(before, jax.Array) else np
    safe = xp.where(variance > 0, variance, 1.0)
    certain = xp.where(before > 0, 1e300, 0.0)  # all mass on one text: it does not vary
    common = xp.where(variance > 0, xp.minimum(batch_size * before**2 / safe, 1e300), certain)
    order = xp.argsort(common, axis=-1, stable=True)
    ranked = xp.take_along_axis(common, order, axis=-1)
    rare = xp.sum(ranked < COMMON, axis=-1, keepdims=True)
    # The pool: all rare ones, and on until its total is common.
    position = xp.arange(before.shape[-1])
    closed = (xp.cumsum(ranked, axis=-1) >= COMMON) & (position >= rare - 1)
    closed_before = xp.cumsum(closed, axis=-1) - closed > 0
    pooled_rank = (rare > 0) & ~closed_before
    pooled = xp.take_along_axis(pooled_rank, xp.argsort(order, axis=-1), axis=-1)
    return Cells(~pooled, pooled & (xp.cumsum(pooled, axis=-1) == 1))


def on_cells(cells: Cells, values: Any, axis: int = -1) -> Any:
    """Totals of the cells; 0 where a text is in the pool but does not keep its total.

    Parameters
    ----------
    cells : Cells
    values : array
    axis : int
        Of texts, in both.

    Examples
    --------
    >>> import numpy as np
    >>> cells = Cells(np.array([True, False, False]), np.array([False, True, False]))
    >>> on_cells(cells, np.array([0.5, 0.3, 0.2])).tolist()
    [0.5, 0.5, 0.0]
    """
    xp = jnp if isinstance(values, jax.Array) else np
    pooled = xp.sum(xp.where(cells.alone, 0.0, values), axis=axis, keepdims=True)
    return xp.where(cells.alone, values, xp.where(cells.pool, pooled, 0.0))
