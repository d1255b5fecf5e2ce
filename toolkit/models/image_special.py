"""What the law of images needs of sizes: log-gamma of any dimension, nodes of a binomial."""

from __future__ import annotations

import math

import jax.numpy as jnp

from toolkit import measures

Array = measures.Array  # and with it JAX's 64-bit floats

#: Stirling's series of log-gamma, in odd powers of 1/x.
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)
_SHIFT = 6


def log_gamma(x: Array) -> Array:
    """log-gamma for x > 0 by Stirling's series after six shifts: absolute error below 1e-11.

    Several times faster than the library's, whose gradient is a digamma function besides.

    Examples
    --------
    >>> round(float(log_gamma(5.0)), 10), round(math.log(24), 10)
    (3.1780538303, 3.1780538303)
    """
    x = jnp.asarray(x, float)
    below = x
    for shift in range(1, _SHIFT):
        below = below * (x + shift)
    large = x + _SHIFT
    inverse = 1 / large
    square = inverse * inverse
    series = jnp.zeros_like(x)
    for coefficient in reversed(_STIRLING):
        series = series * square + coefficient
    main = (large - 0.5) * jnp.log(large) - large + 0.5 * math.log(2 * math.pi)
    return main + series * inverse - jnp.log(below)


def log_multigamma(df: Array, num_features: int) -> Array:
    """``log Gamma_d(df/2)``, two factors at a time by Legendre's duplication formula.

    Examples
    --------
    >>> from scipy.special import multigammaln
    >>> bool(abs(log_multigamma(7.0, 3) - multigammaln(3.5, 3)) < 1e-10)
    True
    """
    d = num_features
    total = jnp.full(jnp.shape(df), d * (d - 1) / 4 * math.log(math.pi))
    for j in range(0, d - 1, 2):
        # Gamma(z) Gamma(z + 1/2) = 2^(1-2z) sqrt(pi) Gamma(2z) at z = (df - j - 1)/2.
        total = total + log_gamma(df - j - 1) - (df - j - 2) * math.log(2)
        total = total + 0.5 * math.log(math.pi)
    return total + log_gamma((df - d + 1) / 2) if d % 2 else total


def binomial_nodes(size: Array, prob: Array) -> tuple[Array, Array]:
    """Two numbers and their weights with a binomial's mean, variance and third moment.

    The Gauss rule of two nodes: exact for cubics, inside [0, size], and smooth in ``size``,
    which need not be whole.

    Parameters
    ----------
    size, prob : Array

    Returns
    -------
    number, weight : Array, shape (2, ...)
        The smaller one first.

    Examples
    --------
    >>> number, weight = binomial_nodes(jnp.array(10.0), jnp.array(0.3))
    >>> round(float(number @ weight), 12)
    3.0
    """
    side = jnp.array([-1.0, 1.0]).reshape(2, *[1] * jnp.ndim(size * prob))
    half_skew = (1 - 2 * prob) / 2
    root = jnp.sqrt(size * prob * (1 - prob) + half_skew * half_skew)
    # Rounding may leave a node of a text of probability zero below it.
    number = jnp.maximum(size * prob + half_skew + side * root, 0)
    return number, 0.5 - side * half_skew / root / 2
