"""Binomial and multinomial counts of any size, exact to the rounding of float64.

A binomial whose smaller side has mean below 10 is drawn by inversion, others by Hoermann's
transformed rejection (BTRS; W. Hoermann, The generation of binomial random variates, Journal
of Statistical Computation and Simulation 46, 1993). The probabilities of the latter are Stirling's
with Binet's rest and deviances (C. Loader, Fast and accurate computation of binomial probabilities,
2000), in which nothing large cancels: they hold to 2^53 draws. Uniforms have 53 bits, those that
decide on acceptance 32.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from toolkit.rng import bits
from toolkit.rng.elementary import atanh_rest, horner
from toolkit.rng.lanes import over_lanes

Array = jax.Array

#: Mean from which on the hat of transformed rejection is valid.
_LEAST_MEAN = 10.0
#: Terms of an inversion: with mean below 10, less than 1e-18 lies beyond (Poisson's tail).
_TERMS = 48
#: Proposals tried at once. With all rejected (1 in 6000 for large means, 1 in 100 for mean 10)
#: a lane tries again, and the rest of the batch waits.
_PROPOSALS = 4
#: Threefry blocks: one for each proposal, one for each two decisions on them.
_ROWS = _PROPOSALS + (_PROPOSALS + 1) // 2
_MOST = 2.0**53
#: Looking draws up pays from so many outcomes on, and up to so many draws for each.
_FEWEST_SEARCHED, _DRAWS_PER_OUTCOME = 64, 8
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


def multinomial(
    key: Array, n: Array | float, probs: Array, *, most: int | None = None
) -> Array:
    """Counts of ``n`` draws over the last axis of ``probs``, shape of ``probs``.

    A balanced tree of binomials (each total is split between two halves of the outcomes):
    ceil(log2 K) steps for K outcomes. The chance of a half is its own sum over the sum of both,
    so that small chances keep their digits; an outcome of probability 0 gets exactly 0.

    Parameters
    ----------
    key : Array
        A typed key.
    n : Array, shape (...)
        Whole numbers from 0 to 2^53, as floating point.
    probs : Array, shape (..., K)
        Not negative; they are divided by their sum.
    most : int, optional
        What no ``n`` exceeds. With far more outcomes than draws each draw is looked up among
        the cumulative probabilities instead, at a cost of some ``most log K + K``.

    Returns
    -------
    Array
        Whole numbers of the dtype of ``probs``; NaN where the arguments are not as said.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> counts = multinomial(jax.random.key(0), 1e12, jnp.asarray([0.5, 0.0, 0.25, 0.25]))
    >>> print(counts.shape, counts[1], f"{counts.sum():.0f}")
    (4,) 0.0 1000000000000
    """
    *batch, size = probs.shape
    lanes = math.prod(batch)
    total = jnp.broadcast_to(jnp.asarray(n, jnp.float64), tuple(batch)).reshape(lanes)
    total = jnp.where((total >= 0) & (total <= _MOST), total, jnp.nan)
    weights = probs.astype(jnp.float64).reshape(lanes, size)
    counters = _counters(key, lanes)
    if most is not None and size >= max(_FEWEST_SEARCHED, most // _DRAWS_PER_OUTCOME):
        search = functools.partial(_searched, most=most)
        counts = jax.vmap(search)(*counters, total, weights)
    else:
        counts = _tree(*counters, total, weights.T).T
    return counts.reshape(probs.shape).astype(probs.dtype)


def binomial(key: Array, n: Array | float, p: Array | float) -> Array:
    """Successes among ``n`` draws of probability ``p``, which are broadcast.

    Parameters
    ----------
    key : Array
        A typed key.
    n : Array
        Whole numbers from 0 to 2^53, as floating point.
    p : Array

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> print(binomial(jax.random.key(0), 7.0, jnp.asarray([0.0, 1.0])))
    [0. 7.]
    """
    total, p = jnp.broadcast_arrays(*(jnp.asarray(x, float) for x in (n, p)))
    both = jnp.stack([p, 1 - p], axis=-1)
    return multinomial(key, total, both)[..., 0]


def _counters(key: Array, lanes: int) -> tuple[Array, Array, Array]:
    """A key's two words and the numbers of the lanes, each of shape (lanes,)."""
    first, second = (jnp.broadcast_to(word, lanes) for word in bits.key_words(key))
    return first, second, jnp.arange(lanes, dtype=jnp.uint32)


class _Nodes(NamedTuple):
    """What of each node of the tree depends on its weights alone, each of shape (nodes, lanes)."""

    p: Array  # the chance of the side of lesser weight
    log_rest: Array  # log(1 - p)
    odds: Array
    right_is_less: Array
    valid: Array

    @classmethod
    def of(cls, left: Array, right: Array) -> _Nodes:
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

    def rows(self, start: int, stop: int) -> _Nodes:
        return _Nodes(*(part[start:stop] for part in self))


def _searched(
    first: Array, second: Array, lane: Array, total: Array, weights: Array, *, most: int
) -> Array:
    """Counts of draws by inversion of the cumulative weights, shape (K,), of one lane."""
    draw = jnp.arange(most, dtype=jnp.uint32)
    high, low = bits.signed(bits.rounds(first, second, draw, lane))
    cumulative = jnp.cumsum(weights)
    whole = cumulative[-1]
    # Below the sum itself: what has no weight begins where the sum ends, or where another does.
    point = jnp.minimum((bits.centred(high, low) + 0.5) * whole, whole * (1 - 2.0**-53))
    chosen = jnp.searchsorted(cumulative, point, side="right")
    counts = jnp.zeros_like(weights).at[chosen].add(draw < total, mode="drop")
    valid = (total <= most) & jnp.all(weights >= 0) & (whole > 0) & (whole < jnp.inf)
    return jnp.where(valid, counts, jnp.nan)


@over_lanes
def _tree(first: Array, second: Array, lane: Array, total: Array, weights: Array) -> Array:
    """Multinomial counts, shape (K, lanes), of weights of that shape."""
    levels = [weights]
    while len(levels[-1]) > 1:
        levels.append(_paired(levels[-1]))
    # From the root on, the left and the right one of each pair.
    lefts = [level[: len(level) // 2 * 2 : 2] for level in levels[-2::-1]]
    rights = [level[1::2] for level in levels[-2::-1]]
    if not lefts:
        return total[None]
    ends = list(itertools.accumulate(map(len, lefts), initial=0))
    spans = list(itertools.pairwise(ends))
    nodes = _Nodes.of(jnp.concatenate(lefts), jnp.concatenate(rights))
    counter = lane * jnp.uint32(ends[-1]) + jnp.arange(ends[-1], dtype=jnp.uint32)[:, None]

    def attempt(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        """Split every total that is known and not yet split; -1 is what is not yet known."""
        # With the state in the barrier nothing is taken out of the loop, which runs but once.
        (row, _, known), here, inside = jax.lax.optimization_barrier((state, total, nodes))
        rows = row + jnp.arange(_ROWS, dtype=jnp.uint32)[:, None, None]
        words = bits.signed(bits.rounds(first, second, rows, counter))
        splits, counts = [], here[None]
        for start, stop in spans:
            split = _split(counts, inside.rows(start, stop), words[:, :, start:stop])
            before = known[start:stop]
            splits.append(jnp.where(before == -1, split, before))
            counts = _children(counts, splits[-1])
        known = jnp.concatenate(splits)
        return row + jnp.uint32(_ROWS), jnp.any(known == -1), known

    start = (jnp.uint32(0), jnp.asarray(True), jnp.full(counter.shape, -1.0))
    *_, splits = jax.lax.while_loop(lambda state: state[1], attempt, start)
    counts = total[None]
    for start_, stop in spans:
        counts = _children(counts, splits[start_:stop])
    return counts


def _paired(weights: Array) -> Array:
    """Sums of neighbours; an odd one out stays."""
    whole = len(weights) // 2 * 2
    return jnp.concatenate([weights[0:whole:2] + weights[1:whole:2], weights[whole:]])


def _children(counts: Array, left: Array) -> Array:
    """Totals of the next level: of each pair the left one's and the rest, -1 if not known."""
    right = jnp.where(left == -1, -1, counts[: len(left)] - left)
    both = jnp.stack([left, right], axis=1).reshape(2 * len(left), *left.shape[1:])
    return jnp.concatenate([both, counts[len(left) :]])


def _split(counts: Array, nodes: _Nodes, words: Array) -> Array:
    """The left share of each total, or -1 where every proposal was rejected.

    Parameters
    ----------
    counts : Array, shape (h or h + 1, lanes)
    nodes : _Nodes, each part of shape (h, lanes)
    words : Array, shape (2, _ROWS, h, lanes)
    """
    total = counts[: len(nodes.p)]
    uniform = bits.centred(words[0, :_PROPOSALS], words[1, :_PROPOSALS])
    accept = bits.uniform(words[:, _PROPOSALS:], total.dtype)
    count = jnp.where(
        total * nodes.p < _LEAST_MEAN,
        _inversion(total, nodes, uniform[0] + 0.5),
        _rejection(total, nodes.p, uniform, accept.reshape(-1, *total.shape)[:_PROPOSALS]),
    )
    share = jnp.where(nodes.right_is_less & (count >= 0), total - count, count)
    share = jnp.where(total < 0, -1, share)
    return jnp.where(nodes.valid & ~jnp.isnan(total), share, jnp.nan)


def _inversion(total: Array, nodes: _Nodes, uniform: Array) -> Array:
    """The smallest k whose distribution function exceeds the uniform; mean below 10, p <= 1/2."""
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
