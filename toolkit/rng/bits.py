"""Random bits: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw, 2011), unrolled.

The generator is a function of a key and of a counter of two words, so that each draw has its
own: the first word, the *row*, says which of a lane's draws it is, the second says which lane.
A draw therefore depends neither on how many others are made with it nor on their order.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

Array = jax.Array

jax.config.update("jax_enable_x64", True)  # counts go up to 2^53

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry(key: Array, count: int) -> tuple[Array, Array]:
    """Two words of random bits for each counter ``0 .. count - 1``, as JAX's own generator.

    Parameters
    ----------
    key : Array
        A typed JAX key of the default (Threefry) implementation.
    count : int

    Returns
    -------
    tuple of Array
        Two ``uint32`` arrays of shape (count,).

    Examples
    --------
    >>> import jax
    >>> threefry(jax.random.key(0), 3)[0].shape
    (3,)
    """
    first, second = key_words(key)
    return rounds(first, second, jnp.zeros(count, jnp.uint32), jnp.arange(count, dtype=jnp.uint32))


def key_words(key: Array) -> tuple[Array, Array]:
    """The two words of a typed key.

    The barrier keeps the compiler from reading the key anew, out of an array of all keys of a
    scan, for each number: the rounds would then not become vectors.
    """
    first, second = jax.lax.optimization_barrier(jax.random.key_data(key).astype(jnp.uint32))
    return first, second


def counters(key: Array, lanes: int) -> tuple[Array, Array, Array]:
    """A key's two words and the numbers of the lanes, each of shape (lanes,)."""
    first, second = (jnp.broadcast_to(word, lanes) for word in key_words(key))
    return first, second, jnp.arange(lanes, dtype=jnp.uint32)


@functools.partial(jax.jit, inline=True)
def rounds(first: Array, second: Array, row: Array, lane: Array) -> tuple[Array, Array]:
    """Threefry of a key's two words and a counter's two words, all ``uint32``, broadcast."""
    schedule = (first, second, first ^ second ^ jnp.uint32(_PARITY))
    x0, x1 = row + schedule[0], lane + schedule[1]
    for block in range(5):
        for rotation in _ROTATIONS[block % 2]:
            x0 = x0 + x1
            x1 = (x1 << jnp.uint32(rotation)) | (x1 >> jnp.uint32(32 - rotation))
            x1 = x1 ^ x0
        x0 = x0 + schedule[(block + 1) % 3]
        x1 = x1 + schedule[(block + 2) % 3] + jnp.uint32(block + 1)
    return x0, x1


def signed(words: tuple[Array, Array]) -> tuple[Array, Array]:
    """Both words as signed numbers, computed once.

    A processor converts signed words to floating point at once, and the barrier keeps the
    compiler from computing the rounds again in each place that uses them. The two cross it as
    the parts of a complex number: as arrays of their own, the rounds would run once for each.
    """
    first, second = (
        jax.lax.bitcast_convert_type(word, jnp.float32) for word in jnp.broadcast_arrays(*words)
    )
    both = jax.lax.optimization_barrier(jax.lax.complex(first, second))
    parts = (jnp.real(both), jnp.imag(both))
    first, second = (jax.lax.bitcast_convert_type(part, jnp.int32) for part in parts)
    return first, second


def uniform(word: Array, dtype: jnp.dtype) -> Array:
    """Uniform in (0, 1) from a signed word: the middle of one of 2^32 equal parts.

    Rounded to the dtype once, so that single precision keeps its digits next to 0.
    """
    if dtype == jnp.float64:
        return (word.astype(dtype) + (2.0**31 + 0.5)) * 2.0**-32
    whole = jax.lax.bitcast_convert_type(word, jnp.uint32) ^ jnp.uint32(2**31)
    return (whole.astype(dtype) + 0.5) * 2.0**-32


def centred(high: Array, low: Array) -> Array:
    """Uniform in [-1/2, 1/2] from two signed words, at every double that is due (2^-53 apart)."""
    fine = low.astype(jnp.float64) + (2.0**31 + 0.5)
    return (high.astype(jnp.float64) + fine * 2.0**-32) * 2.0**-32
