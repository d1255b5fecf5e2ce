"""Multinomial counts of any size, exact to the rounding of float64.

A balanced tree of binomials (``binomials``), split one by one where outcomes are few and level by
level where they are many, or, for few draws of many outcomes, each draw looked up among the
cumulative probabilities.
"""

from __future__ import annotations

import functools
import itertools
import math

import jax
import jax.numpy as jnp

from toolkit.rng import bits
from toolkit.rng.binomials import LARGEST_COUNT, ROWS, Splits, split
from toolkit.rng.lanes import over_lanes

Array = jax.Array

#: Looking draws up pays from so many outcomes on, and up to so many draws for each.
_FEWEST_SEARCHED, _DRAWS_PER_OUTCOME = 64, 8
#: Up to so many outcomes the binomials of a tree are drawn one by one, in a rolled loop. Compiled
#: once instead of once for each level, and drawn again alone where all proposals were rejected.
_MOST_ONE_BY_ONE = 16


def multinomial(key: Array, n: Array | float, probs: Array, *, most: int | None = None) -> Array:
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
    total = jnp.where((total >= 0) & (total <= LARGEST_COUNT), total, jnp.nan)
    weights = probs.astype(jnp.float64).reshape(lanes, size)
    counters = bits.counters(key, lanes)
    if most is not None and size >= max(_FEWEST_SEARCHED, most // _DRAWS_PER_OUTCOME):
        search = functools.partial(_searched, most=most)
        counts = jax.vmap(search)(*counters, total, weights)
    else:
        tree = _one_by_one if size <= _MOST_ONE_BY_ONE else _by_levels
        counts = tree(*counters, total, weights.T).T
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


@over_lanes
def _one_by_one(first: Array, second: Array, lane: Array, total: Array, weights: Array) -> Array:
    """Multinomial counts, shape (K, lanes), of weights of that shape.

    The same numbers as :func:`_by_levels` draws: a total is split with the words of the attempt
    at which it became known.
    """
    total, lefts, rights = _halves(total, weights)
    if not lefts:
        return total[None]
    nodes = Splits.of(jnp.concatenate(lefts), jnp.concatenate(rights))
    parents, outcomes = _places([len(level) for level in lefts])
    number = len(parents)

    def split_one(node: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        """Totals of two more places, and the rows of random words at which they became known."""
        counts, rows = state
        place = jnp.asarray(parents)[node]
        whole, row = (jax.lax.dynamic_slice_in_dim(each, place, 1) for each in (counts, rows))
        inside = Splits(*(jax.lax.dynamic_slice_in_dim(part, node, 1) for part in nodes))
        counter = lane * jnp.uint32(number) + node.astype(jnp.uint32)

        def attempt(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            # With the state in the barrier nothing is taken out of the loop, which runs but once.
            (row, _, known), root, here = jax.lax.optimization_barrier((state, whole, inside))
            asked = row + jnp.arange(ROWS, dtype=jnp.uint32)[:, None, None]
            left = split(root, here, *bits.signed(bits.rounds(first, second, asked, counter)))
            left = jnp.where(known == -1, left, known)
            rejected = left == -1
            return row + ROWS * rejected.astype(jnp.uint32), jnp.any(rejected), left

        fresh = (row, jnp.asarray(True), jnp.full(whole.shape, -1.0))
        row, _, left = jax.lax.while_loop(lambda state: state[1], attempt, fresh)
        both, twice = jnp.concatenate([left, whole - left]), jnp.concatenate([row, row])
        at = 2 * node + 1
        return (
            jax.lax.dynamic_update_slice_in_dim(counts, both, at, 0),
            jax.lax.dynamic_update_slice_in_dim(rows, twice, at, 0),
        )

    places = (2 * number + 1, *total.shape)
    state = jnp.zeros(places).at[0].set(total), jnp.zeros(places, jnp.uint32)
    counts, _ = jax.lax.fori_loop(0, number, split_one, state)
    return counts[jnp.asarray(outcomes)]


def _places(widths: list[int]) -> tuple[list[int], list[int]]:
    """Where each split finds its total, and where the outcomes are in the end.

    The root is at 0, the halves of split i at 2 i + 1 and 2 i + 2; an odd one out of a level stays.
    """
    parents: list[int] = []
    level = [0]
    for width in widths:
        split_now = range(len(parents), len(parents) + width)
        parents += level[:width]
        level = [place for node in split_now for place in (2 * node + 1, 2 * node + 2)] + level[
            width:
        ]
    return parents, level


def _halves(total: Array, weights: Array) -> tuple[Array, list[Array], list[Array]]:
    """The totals where there is any weight, and the weights of both halves, level by level."""
    levels = [weights]
    while len(levels[-1]) > 1:
        levels.append(_paired(levels[-1]))
    total = jnp.where(levels[-1][0] > 0, total, jnp.nan)
    # From the root on, the left and the right one of each pair.
    lefts = [level[: len(level) // 2 * 2 : 2] for level in levels[-2::-1]]
    rights = [level[1::2] for level in levels[-2::-1]]
    return total, lefts, rights


@over_lanes
def _by_levels(first: Array, second: Array, lane: Array, total: Array, weights: Array) -> Array:
    """Multinomial counts, shape (K, lanes), of weights of that shape."""
    total, lefts, rights = _halves(total, weights)
    if not lefts:
        return total[None]
    ends = list(itertools.accumulate(map(len, lefts), initial=0))
    spans = list(itertools.pairwise(ends))
    nodes = Splits.of(jnp.concatenate(lefts), jnp.concatenate(rights))
    counter = lane * jnp.uint32(ends[-1]) + jnp.arange(ends[-1], dtype=jnp.uint32)[:, None]

    def attempt(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        """Split every total that is known and not yet split; -1 is what is not yet known."""
        # With the state in the barrier nothing is taken out of the loop, which runs but once.
        (row, _, known), root, inside = jax.lax.optimization_barrier((state, total, nodes))
        rows = row + jnp.arange(ROWS, dtype=jnp.uint32)[:, None, None]
        words = bits.signed(bits.rounds(first, second, rows, counter))
        splits, counts = [], root[None]
        for start, stop in spans:
            before = known[start:stop]
            bits_here = (word[:, start:stop] for word in words)
            left = split(counts, inside.rows(start, stop), *bits_here)
            splits.append(jnp.where(before == -1, left, before))
            counts = _children(counts, splits[-1])
        known = jnp.concatenate(splits)
        return row + jnp.uint32(ROWS), jnp.any(known == -1), known

    fresh = (jnp.uint32(0), jnp.asarray(True), jnp.full(counter.shape, -1.0))
    *_, splits = jax.lax.while_loop(lambda state: state[1], attempt, fresh)
    counts = total[None]
    for start, stop in spans:
        counts = _children(counts, splits[start:stop])
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
