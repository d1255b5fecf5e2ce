"""Binomial counts of any size, exact to the rounding of float64, many at once.

A binomial whose smaller side has mean below 20 is drawn by inversion, others by Hoermann's
transformed rejection (BTRS; W. Hoermann, The generation of binomial random variates, Journal
of Statistical Computation and Simulation 46, 1993). The probabilities of the latter are Stirling's
with Binet's rest and deviances (C. Loader, Fast and accurate computation of binomial probabilities,
2000), in which nothing large cancels: they hold to 2^53 draws. Uniforms have 53 bits, those that
decide on acceptance 32.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from toolkit.rng import bits
from toolkit.rng.elementary import atanh_rest, horner

Array = jax.Array

#: Mean from which on a count is drawn by rejection. Its hat is valid from 10 on, but from 20 on
#: it rejects less, and inversion is still quicker.
_LEAST_MEAN = 20.0
#: Terms of an inversion: with mean below 20, less than 1e-18 lies beyond (Poisson's tail).
_TERMS = 70
#: Proposals tried at once. With all rejected (1 in 6000 for large means, 1 in 300 for mean 20)
#: a lane tries again, and the rest of the batch waits.
_PROPOSALS = 4
#: Threefry blocks: one for each proposal, one for each two decisions on them.
ROWS = _PROPOSALS + (_PROPOSALS + 1) // 2
LARGEST_COUNT = 2.0**53
#: Binet's rest of Stirling's formula, ``z`` times it in ``1/z^2`` for z >= 4, to 1e-15.
_SHIFT = 4
_BINET = (
    0.08333333333332908,
    -0.0027777777708456715,
    0.0007936489441726566,
    -0.0005950513052010084,
    0.0008325824887295824,
    -0.0016759941070722492,
    0.002878546521910649,
)


class Splits(NamedTuple):
    """What of each split in two depends on its weights alone, each of shape (nodes, lanes)."""

    p: Array  # the chance of the side of lesser weight
    log_rest: Array  # log(1 - p)
    odds: Array
    right_is_less: Array
    valid: Array

    @classmethod
    def of(cls, left: Array, right: Array) -> Splits:
        """Splits by two weights each."""
        whole = left + right
        some = whole > 0
        p = jnp.where(some, jnp.minimum(left, right) / jnp.where(some, whole, 1), 0)
        u = p / (2 - p)
        return cls(
            p=p,
            log_rest=-2 * u * (1 + u * u * atanh_rest(u * u)),
            odds=p / (1 - p),
            right_is_less=right < left,
            valid=(left >= 0) & (right >= 0) & (whole < jnp.inf),
        )

    def rows(self, start: int, stop: int) -> Splits:
        """Some of the nodes."""
        return Splits(*(part[start:stop] for part in self))


def split(counts: Array, nodes: Splits, high: Array, low: Array) -> Array:
    """The left share of each total, or -1 where it is not known or all proposals were rejected.

    Parameters
    ----------
    counts : Array, shape (h or h + 1, lanes)
        The totals, of which the first h are split; -1 where one is not known.
    nodes : Splits, each part of shape (h, lanes)
    high, low : Array, shape (ROWS, h, lanes)
        Random words of their own for each total.
    """
    total = counts[: len(nodes.p)]
    uniform = bits.centred(high[:_PROPOSALS], low[:_PROPOSALS])
    decision = jnp.concatenate([high[_PROPOSALS:], low[_PROPOSALS:]])[:_PROPOSALS]
    count = jnp.where(
        total * nodes.p < _LEAST_MEAN,
        _inversion(total, nodes, uniform[0] + 0.5),
        _rejection(total, nodes.p, uniform, bits.uniform(decision, total.dtype)),
    )
    share = jnp.where(nodes.right_is_less & (count >= 0), total - count, count)
    share = jnp.where(total < 0, -1, share)
    return jnp.where(nodes.valid & ~jnp.isnan(total), share, jnp.nan)


def _inversion(total: Array, nodes: Splits, uniform: Array) -> Array:
    """The smallest k whose distribution function exceeds the uniform; mean below 20, p <= 1/2."""
    mass = jnp.exp(total * nodes.log_rest)
    top = (total + 1) * nodes.odds
    below, count = mass, jnp.zeros_like(total)
    for k in range(1, _TERMS + 1):
        count = count + (uniform >= below)
        mass = mass * (top * (1 / k) - nodes.odds)
        below = below + mass
    return jnp.minimum(count, total)


def _rejection(total: Array, p: Array, uniform: Array, accept: Array) -> Array:
    """Hoermann's BTRS: the first proposal that is accepted, or -1.

    His test compares with the probability of the mode. Here it is an upper bound of it,
    ``exp(1 / (12 s^2)) / sqrt(2 pi s^2)`` with s^2 the variance, which keeps the law. Divisions
    and roots are few: the compiler makes a kernel of each whose result is used twice.

    Parameters
    ----------
    total, p : Array, shape (h, lanes)
    uniform : Array, shape (proposals, h, lanes)
        In [-1/2, 1/2].
    accept : Array, shape (proposals, h, lanes)
        In (0, 1).
    """
    total = jnp.maximum(total, 2 * _LEAST_MEAN)
    mean = jnp.maximum(total * p, _LEAST_MEAN)
    other = jnp.maximum(total - mean, _LEAST_MEAN)
    variance = jnp.maximum(mean * (1 - p), _LEAST_MEAN / 2)
    b = 1.15 + 2.53 * jnp.sqrt(variance)
    a = -0.0873 + 0.0248 * b + 0.01 * p
    part = 1 / (12 * variance)
    # The hat over the probabilities of `_mass`, at least: exp(part) is below this polynomial.
    hat = (2.83 + 5.1 / b) * (1 + part + part * part) / jnp.sqrt(total) * (mean * other) ** _SHIFT
    hat = jax.lax.optimization_barrier(hat)
    edge = jnp.maximum(0.5 - jnp.abs(uniform), 2.0**-54)
    count = jnp.floor((2 * a / edge + b) * uniform + (mean + 0.5))
    inside = (count >= 0) & (count <= total)
    mass = _mass(jnp.clip(count, 0, total), total, mean, other)
    taken = inside & (accept * hat * (edge * edge) <= (a + b * (edge * edge)) * mass)
    tried = jax.lax.optimization_barrier(jnp.where(taken, count, -1))
    chosen = tried[-1]
    for one in tried[-2::-1]:
        chosen = jnp.where(one >= 0, one, chosen)
    return chosen


def _mass(count: Array, total: Array, mean: Array, other: Array) -> Array:
    """Probability of a count without the factors that depend on n and p alone.

    It is a product of two Poisson masses, ``exp(-D(z, m) - binet(z)) / sqrt(2 pi z)`` at
    ``z = k + 4``, of which Binet's rest is accurate, and ``(k+1) .. (k+4) / m^4``. Left out are
    the powers of both means, ``sqrt(n / (2 pi))`` and Binet's factor of n!, which is above 1.
    """
    offset = count - mean
    z, y = count + _SHIFT, (total - count) + _SHIFT
    to_z, to_y = z + mean, y + other
    product, sums = z * y, to_z * to_y
    inverse = 1 / (product * sums)
    of_product, of_sums = inverse * sums, inverse * product
    rest = _binet(y * of_product) + _binet(z * of_product)
    deviance = _deviance(z, _SHIFT + offset, to_y * of_sums)
    deviance += _deviance(y, _SHIFT - offset, to_z * of_sums)
    for step in range(_SHIFT):
        factor = (z - step) * (y - step)
        product = factor if step == 0 else product * factor
    return product * jnp.sqrt(of_product) * jnp.exp(-(rest + deviance))


def _binet(reciprocal: Array) -> Array:
    """Binet's rest of Stirling's formula, ``log Gamma(z) - (z - 1/2) log z + z - log(2 pi)/2``."""
    return reciprocal * horner(_BINET, reciprocal * reciprocal)


def _deviance(value: Array, difference: Array, reciprocal: Array) -> Array:
    """``x log(x/m) + m - x`` without cancellation (Loader's bd0), of x, x - m and 1/(x + m)."""
    u = difference * reciprocal
    w = u * u
    return difference * u + 2 * value * u * w * atanh_rest(w)
