r"""How far apart the laws of synthetic data are, from runs paired by common random numbers.

A run from the real data leaves a model theta_r, the run with the same random numbers from the
neighbour a model theta'_r; n synthetic examples have the law P = E p_theta^n, and P' likewise.

Wasserstein. Any coupling bounds it from above, so the mean distance of paired examples does; the
mean of a function of slope 1, here a projection, bounds it from below (Kantorovich's duality).

Total variation. It is jointly convex, so E TV(p_theta^n, p_theta'^n) bounds it from above, and so
does, in expectation, that of mixtures over finitely many pairs, which tends to it as they grow;
both need densities. P(A) - P'(A) bounds it from below for any event A that is chosen without the
replicates by which it is measured: a two-sample estimate.

For densities p, q: ``TV(p, q) = E_p (1 - q/p)_+``, so that samples alone estimate it without bias.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from toolkit.machine import jit
from toolkit.stability.paired import seen
from toolkit.systems.families import Law, Points

Array = jax.Array


class Distances(NamedTuple):
    """Replicate by replicate (mixtures: batch by batch), each leaf (neighbours, values).

    Attributes
    ----------
    coupled : Array
        Mean distance of paired examples.
    dual : Array
        Difference of a projection of slope 1.
    tv_coupled, tv_mixture, tv_held_out : Array
        NaN where the law has no density.
    """

    coupled: Array
    dual: Array
    tv_coupled: Array
    tv_mixture: Array
    tv_held_out: Array


@jit(static_argnums=(0, 1, 2))
def distances(
    spec: Any, batches: int, densities: bool, params: Any, models: Any, keys: Array
) -> Distances:
    """All distances of every generation.

    Parameters
    ----------
    spec : Spec
        Of the loop that generates single examples.
    batches : int
        Into which replicates are divided; mixtures are over one, events are chosen on another.
    densities : bool
        Whether the law of examples has a density.
    params : Params
    models : pytree
        Leaves of shape (generations, 1 + neighbours, replicates, ...), the data set itself first.
    keys : Array, shape (replicates,)

    Returns
    -------
    Distances
        Leaves of shape (generations, neighbours, replicates or batches).
    """

    def at(arguments: tuple[Array, Any]) -> Distances:
        generation, now = arguments
        draw = jax.vmap(lambda key, model: seen(spec, params, key, model, generation))
        points = jax.vmap(partial(draw, keys))(now)
        model, sets = (jax.tree.map(lambda leaf: leaf[0], part) for part in (now, points))
        others = jax.tree.map(lambda leaf: leaf[1:], (now, points))
        between = partial(_between, spec.law, batches, densities, (model, sets))
        return jax.lax.map(between, others)

    number = jax.tree.leaves(models)[0].shape[0]
    found: Distances = jax.lax.map(at, (jnp.arange(number), models))
    return found


@jit(static_argnums=(0, 1))
def sizes(spec: Any, densities: bool, params: Any, models: Any, keys: Array) -> Array:
    """How far each neighbour is, roughly: paired, summed over generations, shape (neighbours,).

    Total variation of paired models' sets, or where there are no densities the distance of paired
    examples; arguments as of :func:`distances`.
    """

    def at(arguments: tuple[Array, Any]) -> Array:
        generation, now = arguments
        draw = jax.vmap(lambda key, model: seen(spec, params, key, model, generation))
        points = draw(keys, jax.tree.map(lambda leaf: leaf[0], now))

        def apart(changed: Any) -> Array:
            if not densities:
                moved = draw(keys, changed).values
                return jnp.mean(jnp.abs(moved - points.values))
            own = jax.tree.map(lambda leaf: leaf[0], now)
            ratio = jax.vmap(partial(_log_prob, spec.law))
            return jnp.mean(less(ratio(changed, points) - ratio(own, points)))

        return jax.lax.map(apart, jax.tree.map(lambda leaf: leaf[1:], now))

    number = jax.tree.leaves(models)[0].shape[0]
    found: Array = jax.lax.map(at, (jnp.arange(number), models))
    return jnp.sum(found, axis=0)


def _log_prob(law: Law, model: Any, points: Points) -> Array:
    """Log density of a set."""
    return jnp.sum(jnp.where(points.weight > 0, law.log_prob(model, points.values), 0.0))


def _between(law: Law, batches: int, densities: bool, first: Any, second: Any) -> Distances:
    """Distances of one neighbour at one generation."""
    (model, points), (changed, moved) = first, second
    apart = jax.vmap(lambda x, y: law.coordinates(x) - law.coordinates(y))(
        moved.values, points.values
    )
    share = points.weight / jnp.sum(points.weight, axis=1, keepdims=True)
    coupled = jnp.sum(share * jnp.linalg.norm(apart, axis=2), axis=1)
    shift = jnp.einsum("rn,rnp->rp", share, apart)
    dual = _projected(shift, batches)
    if not densities:
        nothing = jnp.full(coupled.shape, jnp.nan)
        return Distances(coupled, dual, nothing, jnp.full(batches, jnp.nan), nothing)
    folded = [_folded(part, batches) for part in (model, changed, points, moved)]
    model, changed, points, moved = folded
    own = jax.vmap(partial(_log_probs, law))
    batch = [own(*pair) for pair in _crossed(model, changed, points, moved)]
    tv_coupled = _coupled(*batch).reshape(-1)
    tv_mixture = jax.vmap(_mixture)(*batch)
    # The event is chosen by the models of the batch before.
    one, two = (jax.tree.map(lambda leaf: jnp.roll(leaf, 1, axis=0), part) for part in folded[:2])
    strange = [own(*pair) for pair in _crossed(one, two, points, moved)]
    held_out = jax.vmap(_event)(*strange).reshape(-1)
    return Distances(coupled, dual, tv_coupled, tv_mixture, held_out)


def _folded(part: Any, batches: int) -> Any:
    return jax.tree.map(lambda leaf: leaf.reshape(batches, -1, *leaf.shape[1:]), part)


def _crossed(model: Any, changed: Any, points: Points, moved: Points) -> list[tuple[Any, Points]]:
    """Models by sets: (own, own), (own, moved), (changed, own), (changed, moved)."""
    return [(which, what) for which in (model, changed) for what in (points, moved)]


def _log_probs(law: Law, models: Any, points: Points) -> Array:
    """Log density of every set (first axis) under every model (second axis)."""

    def of_set(one: Points) -> Array:
        return jax.vmap(lambda model: _log_prob(law, model, one))(models)

    return jax.lax.map(of_set, points)


def _projected(shift: Array, batches: int) -> Array:
    """Each replicate's shift along the mean one of the other batches."""
    mean = jnp.mean(shift.reshape(batches, -1, shift.shape[1]), axis=1)
    others = (jnp.sum(mean, axis=0) - mean) / max(batches - 1, 1)
    length = jnp.linalg.norm(others, axis=1, keepdims=True)
    along = others / jnp.where(length > 0, length, 1)
    folded = shift.reshape(batches, -1, shift.shape[1])
    return jnp.einsum("brp,bp->br", folded, along).reshape(-1)


def less(log_ratio: Array) -> Array:
    """``(1 - ratio)_+``."""
    return -jnp.expm1(jnp.minimum(log_ratio, 0))


def _coupled(own: Array, own_moved: Array, changed: Array, changed_moved: Array) -> Array:
    """Unbiased for the total variation of paired models' sets, from both sides."""
    pick = partial(jnp.diagonal, axis1=1, axis2=2)
    there = less(pick(changed) - pick(own))
    back = less(pick(own_moved) - pick(changed_moved))
    return (there + back) / 2


def _mixture(own: Array, own_moved: Array, changed: Array, changed_moved: Array) -> Array:
    """Total variation of the two mixtures over the models, by their own samples."""
    mixed = partial(jax.scipy.special.logsumexp, axis=1)
    there = less(mixed(changed) - mixed(own))
    back = less(mixed(own_moved) - mixed(changed_moved))
    return (jnp.mean(there) + jnp.mean(back)) / 2


def _event(own: Array, own_moved: Array, changed: Array, changed_moved: Array) -> Array:
    """Where the first mixture is the likelier: of the sets less of those paired with them."""
    mixed = partial(jax.scipy.special.logsumexp, axis=1)
    likelier = mixed(own) > mixed(changed)
    likelier_moved = mixed(own_moved) > mixed(changed_moved)
    return likelier.astype(float) - likelier_moved.astype(float)
