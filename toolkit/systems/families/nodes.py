"""Nodes and weights of quadrature rules."""

from __future__ import annotations

import functools
import itertools

import jax.numpy as jnp
import numpy as np

from toolkit.systems.families.protocol import Array

#: More nodes than this are refused.
_MOST_NODES = 200_000


@functools.cache
def _product(dimensions: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    if order**dimensions > _MOST_NODES:
        raise ValueError(
            f"{order} nodes in each of {dimensions} directions are {order**dimensions}; give an "
            f"order with at most {_MOST_NODES}."
        )
    z, weight = np.polynomial.hermite_e.hermegauss(order)
    weight = weight / weight.sum()
    values = np.array(list(itertools.product(z, repeat=dimensions)))
    weights = np.array([np.prod(w) for w in itertools.product(weight, repeat=dimensions)])
    return values, weights


def standard_normal(dimensions: int, order: int) -> tuple[Array, Array]:
    """Gauss-Hermite nodes of standard normals, shapes (order^dimensions, dimensions) and (..,).

    Raises
    ------
    ValueError
        When there would be too many.

    Examples
    --------
    >>> values, weights = standard_normal(2, 3)
    >>> values.shape, round(float(weights @ values[:, 0] ** 2), 12)
    ((9, 2), 1.0)
    """
    values, weights = _product(dimensions, order)
    return jnp.asarray(values), jnp.asarray(weights)
