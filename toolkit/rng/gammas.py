"""Gamma and chi-square draws, and Bartlett factors made of them.

G. Marsaglia and W. W. Tsang, A simple method for generating gamma variables, ACM Transactions
on Mathematical Software 26, 2000: a cubed normal is accepted with chance above 0.95. Both
normals of a Box-Muller pair are tried at once.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from toolkit.rng import bits
from toolkit.rng.elementary import log
from toolkit.rng.lanes import over_lanes
from toolkit.rng.normals import box_muller

Array = jax.Array

#: Rows of the counter that gammas use beside those of the attempts, which count from 0.
_BOOST, _BELOW = 2**31, 2**31 + 1
_MOST = 1e300


def gamma(key: Array, shape: Array) -> Array:
    """Gamma variables of unit scale, for shapes of 1/2 and above.

    Smaller shapes are right but for the 53 bits of the uniform that is raised to 1/shape.

    Parameters
    ----------
    key : Array
        A typed key.
    shape : Array
        Above 0 and below 1e300; NaN elsewhere.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> print(f"{gamma(jax.random.key(0), jnp.full(10_000, 3.0)).mean():.1f}")
    3.0
    """
    flat = shape.astype(jnp.float64).reshape(-1)
    drawn = _gamma(*bits.counters(key, flat.size), flat)
    return drawn.reshape(shape.shape).astype(shape.dtype)


def chi_square(key: Array, df: Array) -> Array:
    """Chi-square variables of ``df`` degrees of freedom, at least 1.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> print(f"{chi_square(jax.random.key(0), jnp.full(10_000, 7.0)).mean():.1f}")
    7.0
    """
    return 2 * gamma(key, df / 2)


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

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> bartlett(jax.random.key(0), jnp.asarray([5.0, 0.0]), 3).shape
    (2, 3, 3)
    """
    flat = df.astype(jnp.float64).reshape(-1)
    factor = _bartlett(num_features)(*bits.counters(key, flat.size), flat)
    return jnp.moveaxis(factor, -1, 0).reshape(*df.shape, *factor.shape[:2]).astype(df.dtype)


def _gamma_of(first: Array, second: Array, lane: Array, shape: Array) -> Array:
    """Gamma variables of each lane's counter and shape."""
    boosted = shape < 1
    offset = jnp.where(boosted, shape + 1, shape) - 1 / 3
    valid = (shape > 0) & (shape < _MOST)

    def attempt(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        # With the state in the barrier nothing is taken out of the loop, which runs but once.
        (row, _, known), d = jax.lax.optimization_barrier((state, offset))
        c = 1 / jnp.sqrt(9 * d)
        rows = row + jnp.arange(2, dtype=jnp.uint32).reshape(2, *(1,) * lane.ndim)
        high, low = bits.signed(bits.rounds(first, second, rows, lane))
        both = box_muller((high[0], low[0]), jnp.dtype("float64"))
        tried = known
        # The first of the two is looked at last, so that it is what stays.
        for normal, word in ((both[1], low[1]), (both[0], high[1])):
            root = 1 + c * normal
            inside = root > 0
            cube = jnp.where(inside, root * root * root, 1)
            limit = 0.5 * normal * normal + d * ((1 - cube) + log(cube))
            taken = inside & (log(bits.uniform(word, cube.dtype)) < limit)
            tried = jnp.where(taken, d * cube, tried)
        known = jnp.where(known < 0, tried, known)
        return row + jnp.uint32(2), jnp.any(known < 0), known

    start = (jnp.uint32(0), jnp.asarray(True), jnp.where(valid, -1.0, jnp.nan))
    *_, drawn = jax.lax.while_loop(lambda state: state[1], attempt, start)
    high, low = bits.signed(bits.rounds(first, second, jnp.uint32(_BOOST), lane))
    power = jnp.exp(log(bits.centred(high, low) + 0.5) / shape)
    return jnp.where(boosted, drawn * power, drawn)


_gamma = over_lanes(_gamma_of)


@functools.cache
def _bartlett(num_features: int) -> Callable[..., Array]:
    """The factors, shape (d, d, lanes), of degrees of freedom of shape (lanes,)."""

    @over_lanes
    def factor(first: Array, second: Array, lane: Array, df: Array) -> Array:
        each = df - jnp.arange(num_features, dtype=df.dtype)[:, None]
        counter = (
            lane * jnp.uint32(num_features) + jnp.arange(num_features, dtype=jnp.uint32)[:, None]
        )
        square = 2 * _gamma_of(first, second, counter, jnp.maximum(each, 1) / 2)
        column = each > 0
        diagonal = jnp.where(column, jnp.sqrt(square), 0)
        below = _below(first, second, lane, num_features)
        rows = []
        for row in range(num_features):
            start = row * (row - 1) // 2
            left = jnp.where(column[:row], below[start : start + row], 0)
            zeros = jnp.zeros((num_features - row - 1, *df.shape))
            rows.append(jnp.concatenate([left, diagonal[row : row + 1], zeros]))
        return jnp.stack(rows)

    return factor


def _below(first: Array, second: Array, lane: Array, num_features: int) -> Array:
    """Standard normals for what stands below a diagonal, row by row, shape (.., lanes)."""
    number = num_features * (num_features - 1) // 2
    blocks = math.ceil(number / 2)
    counter = lane * jnp.uint32(blocks) + jnp.arange(blocks, dtype=jnp.uint32)[:, None]
    words = bits.signed(bits.rounds(first, second, jnp.uint32(_BELOW), counter))
    return jnp.concatenate(box_muller(words, jnp.dtype("float64")))[:number]
