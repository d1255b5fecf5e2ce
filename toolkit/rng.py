"""Random draws for the kernels: fast standard normals, and Bartlett factors.

JAX's own generator runs its rounds in a rolled loop on a CPU and spends 64 bits and an
inverse error function on each double. Here the same counter-based generator (Threefry-2x32,
20 rounds; Salmon, Moraes, Dror and Shaw, 2011) is unrolled, and each block of two words
becomes two normals by the Box-Muller transform. A radius then takes one of 2^32 values,
the largest 6.8.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

Array = jax.Array

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry(key: Array, count: int) -> tuple[Array, Array]:
    """Two words of random bits for each counter ``0 .. count - 1``.

    Parameters
    ----------
    key : Array
        A typed JAX key of the default (Threefry) implementation.
    count : int

    Returns
    -------
    tuple of Array
        Two ``uint32`` arrays of shape (count,).
    """
    k0, k1 = jax.random.key_data(key).astype(jnp.uint32)
    schedule = (k0, k1, k0 ^ k1 ^ jnp.uint32(_PARITY))
    x0 = jnp.zeros(count, jnp.uint32) + schedule[0]
    x1 = jnp.arange(count, dtype=jnp.uint32) + schedule[1]
    for block in range(5):
        for rotation in _ROTATIONS[block % 2]:
            x0 = x0 + x1
            x1 = (x1 << jnp.uint32(rotation)) | (x1 >> jnp.uint32(32 - rotation))
            x1 = x1 ^ x0
        x0 = x0 + schedule[(block + 1) % 3]
        x1 = x1 + schedule[(block + 2) % 3] + jnp.uint32(block + 1)
    return x0, x1


def normals(key: Array, num_features: int, count: int, dtype: jnp.dtype) -> Array:
    """Independent standard normals, shape (num_features, count).

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> normals(jax.random.key(0), 3, 4, jnp.dtype("float64")).shape
    (3, 4)
    """
    pairs = (num_features + 1) // 2
    # As signed words: a processor converts those to floating point at once, and the barrier
    # keeps the compiler from computing the rounds again in each place that uses them.
    words = jax.lax.optimization_barrier(
        jax.lax.bitcast_convert_type(jnp.stack(threefry(key, pairs * count)), jnp.int32)
    )
    first, second = words.astype(dtype)
    uniform = jnp.maximum((first + (2.0**31 + 0.5)) * 2.0**-32, 2.0**-33)
    radius = jnp.sqrt(-2 * jnp.log(uniform))
    cosine, sine = _cos_sin_of_turn(second * 2.0**-32)
    both = jnp.concatenate([radius * cosine, radius * sine])
    return both.reshape(2 * pairs, count)[:num_features]


def _cos_sin_of_turn(turn: Array) -> tuple[Array, Array]:
    """Cosine and sine of ``2 pi turn`` for a turn in [-1/2, 1/2], to 1e-13.

    Taylor polynomials on a quarter of the angle, which is at most pi/4, then two doublings:
    one fused pass, where the library functions take several.
    """
    quarter = turn * (math.pi / 2)
    square = quarter * quarter
    sine = quarter * _horner(square, range(1, 17, 2))
    cosine = _horner(square, range(0, 16, 2))
    for _ in range(2):
        sine, cosine = 2 * sine * cosine, 1 - 2 * sine * sine
    return cosine, sine


def _horner(square: Array, orders: range) -> Array:
    """Alternating Taylor polynomial ``sum (-1)^k square^k / orders[k]!``."""
    total = jnp.zeros_like(square)
    for k in reversed(range(len(orders))):
        total = total * square + (-1) ** k / math.factorial(orders[k])
    return total


def bartlett(key: Array, df: Array, num_features: int) -> Array:
    """A lower triangular ``A`` with ``A A' ~ Wishart(df, I)``, shape (*df.shape, d, d).

    Bartlett's decomposition: ``A_jj^2 ~ chi^2_{df - j}`` (j = 0, 1, ..), standard normals
    below. With fewer degrees of freedom than features the law is the singular Wishart's: the
    surplus columns are zero (the QR factor of a ``df x d`` normal matrix is trapezoidal).

    Parameters
    ----------
    key : Array
    df : Array
        Whole numbers, at least 0.
    num_features : int
    """
    key_square, key_normal = jax.random.split(key)
    each = df[..., None] - jnp.arange(num_features, dtype=df.dtype)
    square = jax.random.chisquare(key_square, jnp.maximum(each, 1), dtype=df.dtype)
    column = each > 0
    diagonal = jnp.where(column, jnp.sqrt(square), 0)
    shape = (*df.shape, num_features, num_features)
    below = jnp.tril(jax.random.normal(key_normal, shape, df.dtype), -1)
    below = jnp.where(column[..., None, :], below, 0)
    return below + diagonal[..., None] * jnp.eye(num_features, dtype=df.dtype)
