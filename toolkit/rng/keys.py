"""Keys made of keys: ``jax.random.fold_in`` and ``split`` bit for bit, with unrolled rounds.

JAX compiles each of them to a loop of its own, which for the one block of bits that a key takes
is mostly waiting.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from toolkit.rng import bits

Array = jax.Array


def fold_in(key: Array, data: Array | int) -> Array:
    """A key of a key and a whole number below 2^32, as ``jax.random.fold_in``.

    Examples
    --------
    >>> import jax
    >>> bool(fold_in(jax.random.key(1), 2) == jax.random.fold_in(jax.random.key(1), 2))
    True
    """
    words = bits.rounds(*bits.key_words(key), jnp.uint32(0), jnp.asarray(data).astype(jnp.uint32))
    return jax.random.wrap_key_data(jnp.stack(words))


def split(key: Array, number: int = 2) -> Array:
    """So many keys of a key, as ``jax.random.split``, shape (number,).

    Examples
    --------
    >>> import jax
    >>> bool((split(jax.random.key(1), 3) == jax.random.split(jax.random.key(1), 3)).all())
    True
    """
    return jax.random.wrap_key_data(jnp.stack(bits.threefry(key, number), axis=-1))


def uniform(key: Array) -> Array:
    """One number, uniform in (0, 1), with 53 bits.

    Examples
    --------
    >>> import jax
    >>> print(uniform(jax.random.key(1)).shape)
    ()
    """
    high, low = bits.signed(bits.threefry(key, 1))
    number: Array = bits.centred(high, low)[0] + 0.5
    return number


def uniforms(key: Array, count: int) -> Array:
    """So many numbers, uniform in (0, 1), each with 53 bits, shape (count,).

    Examples
    --------
    >>> import jax
    >>> print(uniforms(jax.random.key(1), 3).shape)
    (3,)
    """
    high, low = bits.signed(bits.threefry(key, count))
    return bits.centred(high, low) + 0.5
