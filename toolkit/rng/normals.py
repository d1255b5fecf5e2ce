"""Standard normals by the Box-Muller transform."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from toolkit.rng import bits
from toolkit.rng.elementary import cos_sin_of_turn, log

Array = jax.Array


def box_muller(words: tuple[Array, Array], dtype: jnp.dtype) -> tuple[Array, Array]:
    """Two independent standard normals of each pair of signed words."""
    radius = jnp.sqrt(-2 * log(bits.uniform(words[0], dtype)))
    cosine, sine = cos_sin_of_turn(words[1].astype(dtype) * 2.0**-32)
    return radius * cosine, radius * sine


def normals(key: Array, num_features: int, count: int, dtype: jnp.dtype) -> Array:
    """Independent standard normals, shape (num_features, count).

    A radius takes one of 2^32 values, the largest 6.8.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> normals(jax.random.key(0), 3, 4, jnp.dtype("float64")).shape
    (3, 4)
    """
    pairs = (num_features + 1) // 2
    both = box_muller(bits.signed(bits.threefry(key, pairs * count)), dtype)
    return jnp.concatenate(both).reshape(2 * pairs, count)[:num_features]
